//! Errors, grouped by fault.

use core::fmt;

/// A field of a handshake message whose length is fixed or bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// X25519 public key (32 bytes), or A (exactly 384) or B (1..=384) of SRP.
    PublicKey,
    /// Security 1's first counter block, 16 bytes.
    DeviceRandom,
    /// Security 1's enciphered public key, 32 bytes.
    VerifyData,
    /// Security 2's user name, at least 1 byte.
    Username,
    /// Security 2's salt, at least 1 byte.
    Salt,
    /// Security 2's M1 or M2, 64 bytes.
    Proof,
    /// Security 2's nonce: 12 bytes, or 16 from old firmware.
    Nonce,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PublicKey => "public key",
            Self::DeviceRandom => "device random",
            Self::VerifyData => "verify data",
            Self::Username => "user name",
            Self::Salt => "salt",
            Self::Proof => "proof",
            Self::Nonce => "nonce",
        })
    }
}

/// Why a handshake failed. The `is_*` methods group the variants by fault; each variant belongs to exactly
/// one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The caller's buffer is too short.
    BufferTooShort {
        /// Bytes it should have had.
        needed: usize,
    },
    /// An earlier error ended this handshake.
    Poisoned,
    /// [`into_channel`](crate::Handshake::into_channel) before the end.
    NotFinished,
    /// A request was polled while a response is awaited, or a response came while none is awaited.
    OutOfTurn,
    /// Security 2 needs a user name of at least one byte.
    EmptyUsername,
    /// The random number generator failed, or what it gave for a key repeats itself.
    Entropy,
    /// The heap has no room for the numbers of the exchange (about 1 KB with security 2).
    OutOfMemory,

    /// Not a protobuf message of the session family, or a truncated one.
    Malformed,
    /// `sec_ver` names another security scheme.
    SchemeMismatch,
    /// The oneof case does not belong to `sec_ver`, or the payload not to `msg`, or it is missing.
    PayloadMismatch,
    /// `msg` is not the message that is due (a response where a command is due, or the wrong number).
    UnexpectedMessage,
    /// Device half: command 1 without a command 0 before it, or repeated after it was accepted.
    OutOfOrder,
    /// A field has the wrong length.
    WrongLength(Field),

    /// The X25519 shared secret is all zero: the peer sent a point of small order.
    WeakSharedSecret,
    /// A or B is 0 modulo N.
    DegeneratePublicKey,
    /// SRP's scrambler u = H(A ǀ B) is 0.
    ZeroScrambler,
    /// The device claimed patch level 1 or newer and then sent the 16-byte nonce of patch level 0.
    NonceDowngrade,

    /// The device answered with a status other than Success (its protobuf number).
    DeviceStatus(i32),

    /// The peer's proof is wrong: it does not hold the same PoP, or user name and password.
    WrongProof,
}

impl HandshakeError {
    /// The peer does not know the credentials (or ours are wrong).
    #[must_use]
    pub const fn is_authentication(&self) -> bool {
        matches!(self, Self::WrongProof)
    }

    /// The peer sent invalid bytes, or valid ones that no honest peer sends.
    #[must_use]
    pub const fn is_peer_fault(&self) -> bool {
        matches!(
            self,
            Self::Malformed
                | Self::SchemeMismatch
                | Self::PayloadMismatch
                | Self::UnexpectedMessage
                | Self::OutOfOrder
                | Self::WrongLength(_)
                | Self::WeakSharedSecret
                | Self::DegeneratePublicKey
                | Self::ZeroScrambler
                | Self::NonceDowngrade
        )
    }

    /// The device understood and declined, with a status.
    #[must_use]
    pub const fn is_device_status(&self) -> bool {
        matches!(self, Self::DeviceStatus(_))
    }

    /// The calling code broke the contract of the API.
    #[must_use]
    pub const fn is_caller_fault(&self) -> bool {
        matches!(
            self,
            Self::BufferTooShort { .. }
                | Self::Poisoned
                | Self::NotFinished
                | Self::OutOfTurn
                | Self::EmptyUsername
        )
    }

    /// This side has no memory left. The peer is not to blame, and trying again later may help.
    #[must_use]
    pub const fn is_out_of_memory(&self) -> bool {
        matches!(self, Self::OutOfMemory)
    }

    /// The entropy source failed.
    #[must_use]
    pub const fn is_entropy(&self) -> bool {
        matches!(self, Self::Entropy)
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BufferTooShort { needed } => write!(f, "buffer too short: {needed} bytes needed"),
            Self::Poisoned => f.write_str("the handshake failed earlier"),
            Self::NotFinished => f.write_str("the handshake is not finished"),
            Self::OutOfTurn => f.write_str("handshake step called out of turn"),
            Self::EmptyUsername => f.write_str("the user name is empty"),
            Self::Entropy => f.write_str("the random number generator failed or repeats itself"),
            Self::OutOfMemory => f.write_str("out of memory"),
            Self::Malformed => f.write_str("malformed session message"),
            Self::SchemeMismatch => f.write_str("session message of another security scheme"),
            Self::PayloadMismatch => f.write_str("payload of the session message does not match its type"),
            Self::UnexpectedMessage => f.write_str("session message of the wrong type"),
            Self::OutOfOrder => f.write_str("session command out of order"),
            Self::WrongLength(field) => write!(f, "{field} of the wrong length"),
            Self::WeakSharedSecret => f.write_str("the peer's public key has small order"),
            Self::DegeneratePublicKey => f.write_str("the peer's public key is zero modulo N"),
            Self::ZeroScrambler => f.write_str("the SRP scrambler is zero"),
            Self::NonceDowngrade => {
                f.write_str("the device claims a nonce counter but sent the fixed nonce of old firmware")
            }
            Self::DeviceStatus(status) => write!(f, "the device answered with status {status}"),
            Self::WrongProof => f.write_str("the peer's proof is wrong"),
        }
    }
}

impl core::error::Error for HandshakeError {}

/// Why a record could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChannelError {
    /// The caller's buffer is too short; the cipher state is unchanged.
    BufferTooShort {
        /// Bytes it should have had.
        needed: usize,
    },
    /// The record fails authentication: changed, repeated or out of order.
    Forged,
    /// The record is shorter than its tag.
    RecordTooShort,
    /// The nonce counter is used up: a new session is needed.
    NonceExhausted,
}

impl fmt::Display for ChannelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BufferTooShort { needed } => write!(f, "buffer too short: {needed} bytes needed"),
            Self::Forged => f.write_str("record failed authentication"),
            Self::RecordTooShort => f.write_str("record shorter than its authentication tag"),
            Self::NonceExhausted => f.write_str("nonce counter used up"),
        }
    }
}

impl core::error::Error for ChannelError {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn errors_say_what_happened() {
        for (field, text) in [
            (Field::DeviceRandom, "device random of the wrong length"),
            (Field::Nonce, "nonce of the wrong length"),
        ] {
            assert_eq!(HandshakeError::WrongLength(field).to_string(), text);
        }
        let status = HandshakeError::DeviceStatus(4).to_string();
        assert_eq!(status, "the device answered with status 4");
        let short = ChannelError::BufferTooShort { needed: 17 }.to_string();
        assert_eq!(short, "buffer too short: 17 bytes needed");
        assert_eq!(ChannelError::Forged.to_string(), "record failed authentication");
    }

    #[test]
    fn every_error_is_in_exactly_one_group() {
        use HandshakeError as E;
        let all = [
            E::BufferTooShort { needed: 1 },
            E::Poisoned,
            E::NotFinished,
            E::OutOfTurn,
            E::EmptyUsername,
            E::Entropy,
            E::OutOfMemory,
            E::Malformed,
            E::SchemeMismatch,
            E::PayloadMismatch,
            E::UnexpectedMessage,
            E::OutOfOrder,
            E::WrongLength(Field::Salt),
            E::WeakSharedSecret,
            E::DegeneratePublicKey,
            E::ZeroScrambler,
            E::NonceDowngrade,
            E::DeviceStatus(5),
            E::WrongProof,
        ];
        for error in all {
            let groups = [
                error.is_authentication(),
                error.is_peer_fault(),
                error.is_device_status(),
                error.is_caller_fault(),
                error.is_entropy(),
                error.is_out_of_memory(),
            ];
            assert_eq!(groups.iter().filter(|member| **member).count(), 1, "{error:?}");
        }
    }
}
