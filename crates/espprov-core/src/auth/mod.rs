//! Who decides how a session is secured: the authenticator holds the credentials and the policy.

#[cfg(all(feature = "sec1", feature = "sec2"))]
mod any;
#[cfg(all(feature = "sec1", feature = "sec2"))]
mod auto;
mod none;
#[cfg(feature = "sec1")]
mod sec1_only;
#[cfg(feature = "sec2")]
mod sec2_only;
#[cfg(test)]
mod testing;

#[cfg(all(feature = "sec1", feature = "sec2"))]
pub use any::{AnyChannel, AnyHandshake};
#[cfg(all(feature = "sec1", feature = "sec2"))]
pub use auto::{Auto, SecurityChoice};
pub use none::{NoSecurity, SkippedHandshake};
#[cfg(feature = "sec1")]
pub use sec1_only::Sec1Only;
#[cfg(feature = "sec2")]
pub use sec2_only::Sec2Only;

use core::fmt;
use espprov_security::{Handshake, HandshakeError};
use espprov_types::DeviceInfo;
use rand_core::TryCryptoRng;

/// Starts handshakes: owns the credentials (zeroized on drop) and the policy, because the scheme is known only
/// after proto-ver and every reconnect needs a fresh handshake.
///
/// proto-ver is unauthenticated: an authenticator never lets it weaken the session below the credentials it
/// holds, nor below what it has been told of the device.
pub trait Authenticator {
    /// The handshake it starts.
    type Handshake: Handshake;

    /// Starts a handshake with a device that describes itself as `info`.
    ///
    /// # Errors
    /// The policy forbids a session with this device, or there is no entropy.
    fn begin<R: TryCryptoRng>(
        &mut self,
        info: &DeviceInfo,
        rng: &mut R,
    ) -> Result<Self::Handshake, PolicyError>;

    /// The scheme of a handshake it started, for reports.
    fn security(&self, handshake: &Self::Handshake) -> SessionSecurity;

    /// The user said explicitly that secrets may travel unencrypted.
    fn allows_plaintext(&self) -> bool {
        false
    }
}

/// How a session is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SessionSecurity {
    /// No handshake at all.
    None,
    /// Security 0: a handshake without protection.
    Sec0,
    /// Security 1: X25519, PoP, AES-256-CTR.
    Sec1,
    /// Security 2: SRP6a, AES-256-GCM.
    Sec2,
    /// The application's own scheme.
    Custom,
}

impl SessionSecurity {
    /// The scheme's number on the wire, if it has one.
    #[must_use]
    pub const fn number(self) -> Option<u8> {
        match self {
            Self::Sec0 => Some(0),
            Self::Sec1 => Some(1),
            Self::Sec2 => Some(2),
            Self::None | Self::Custom => None,
        }
    }
}

/// Who said which scheme a device has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Witness {
    /// The setup payload, which somebody has read off the device itself.
    SetupPayload,
    /// The device, or whoever answered for it, earlier in this run.
    EarlierAnswer,
}

/// Why there will be no session with this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum PolicyError {
    /// The device claims a scheme weaker than the credentials held: going on could hand the secrets to an
    /// impostor.
    SecurityDowngrade {
        /// The scheme the device claims.
        offered: u8,
    },
    /// The device claims to need no PoP, but one is held: an impostor would say so too.
    PopNotWanted,
    /// An SRP password never serves security 1.
    PasswordForSecurity1,
    /// The device claims a weaker scheme than somebody said before. Whoever poses as a device gains by such a fall:
    /// security 1 lets them test guesses of the PoP, security 0 shows them everything. Naming the scheme
    /// ([`SecurityChoice::Exactly`]) allows it.
    SecurityFall {
        /// The scheme the device claims.
        offered: u8,
        /// The scheme it was said to have.
        said: u8,
        /// Who said so.
        by: Witness,
    },
    /// The device wants another scheme than the one asked for.
    SchemeMismatch {
        /// The scheme the device claims.
        offered: u8,
        /// The scheme asked for.
        wanted: u8,
    },
    /// The device speaks a scheme nobody here knows.
    UnknownScheme(u8),
    /// Security 1 needs a PoP and none is held.
    PopMissing,
    /// Security 2 needs a password (or PoP) and none is held.
    PasswordMissing,
    /// The entropy source failed, or repeats itself.
    Entropy,
    /// The handshake could not start.
    Handshake(#[cfg_attr(feature = "defmt", defmt(Debug2Format))] HandshakeError),
}

impl PolicyError {
    /// Credentials are missing, as opposed to unsuitable.
    #[must_use]
    pub const fn is_missing_credentials(&self) -> bool {
        matches!(self, Self::PopMissing | Self::PasswordMissing)
    }
}

impl From<HandshakeError> for PolicyError {
    fn from(error: HandshakeError) -> Self {
        match error {
            HandshakeError::Entropy => Self::Entropy,
            error => Self::Handshake(error),
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SecurityDowngrade { offered } => {
                return write!(
                    f,
                    "the device claims security {offered}, weaker than the credentials given"
                );
            }
            Self::PopNotWanted => "a PoP was given, but the device claims to need none",
            Self::PasswordForSecurity1 => "a password was given, but the device claims security 1",
            Self::SecurityFall { offered, said, by } => {
                let witness = match by {
                    Witness::SetupPayload => "its setup code says",
                    Witness::EarlierAnswer => "earlier it said",
                };
                return write!(
                    f,
                    "the device claims security {offered}, but {witness} security {said}"
                );
            }
            Self::SchemeMismatch { offered, wanted } => {
                return write!(
                    f,
                    "security {wanted} was asked for, but the device claims security {offered}"
                );
            }
            Self::UnknownScheme(scheme) => return write!(f, "the device claims unknown security {scheme}"),
            Self::PopMissing => "the device needs a proof of possession (PoP)",
            Self::PasswordMissing => "the device needs a username and password",
            Self::Entropy => "the entropy source failed or repeats itself",
            Self::Handshake(error) => return error.fmt(f),
        })
    }
}

impl core::error::Error for PolicyError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        // Its text is this error's text: what follows is what lies under it.
        match self {
            Self::Handshake(error) => error.source(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::error::Error;
    use std::string::ToString;

    #[test]
    fn schemes_have_their_numbers() {
        let numbers = [
            SessionSecurity::None,
            SessionSecurity::Sec0,
            SessionSecurity::Sec1,
            SessionSecurity::Sec2,
            SessionSecurity::Custom,
        ]
        .map(SessionSecurity::number);
        assert_eq!(numbers, [None, Some(0), Some(1), Some(2), None]);
    }

    #[test]
    fn refusals_name_what_was_said_and_by_whom() {
        let fall = |by| PolicyError::SecurityFall {
            offered: 0,
            said: 2,
            by,
        };
        for (error, text) in [
            (
                PolicyError::SecurityDowngrade { offered: 0 },
                "the device claims security 0, weaker than the credentials given",
            ),
            (
                fall(Witness::SetupPayload),
                "the device claims security 0, but its setup code says security 2",
            ),
            (
                fall(Witness::EarlierAnswer),
                "the device claims security 0, but earlier it said security 2",
            ),
            (
                PolicyError::SchemeMismatch {
                    offered: 2,
                    wanted: 1,
                },
                "security 1 was asked for, but the device claims security 2",
            ),
            (
                PolicyError::UnknownScheme(3),
                "the device claims unknown security 3",
            ),
            (
                PolicyError::PopMissing,
                "the device needs a proof of possession (PoP)",
            ),
        ] {
            assert_eq!(error.to_string(), text);
            assert!(error.source().is_none());
        }
        let empty = HandshakeError::EmptyUsername;
        let error = PolicyError::from(empty);
        assert_eq!(error.to_string(), empty.to_string());
        assert!(error.source().is_none(), "told once");
        assert_eq!(PolicyError::from(HandshakeError::Entropy), PolicyError::Entropy);
    }

    #[test]
    fn what_asking_the_user_can_mend() {
        for error in [PolicyError::PopMissing, PolicyError::PasswordMissing] {
            assert!(error.is_missing_credentials(), "{error:?}");
        }
        for error in [PolicyError::PopNotWanted, PolicyError::Entropy] {
            assert!(!error.is_missing_credentials(), "{error:?}");
        }
    }
}
