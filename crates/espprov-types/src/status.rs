//! Verdicts of the device.

use core::fmt;

/// Why the device refused a request that it could decode: every `Status` but success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StatusCode {
    /// The device does not speak this security scheme.
    InvalidSecScheme,
    /// The message is not what the endpoint expects.
    InvalidProto,
    /// Somebody else holds the device's session.
    TooManySessions,
    /// A field is out of range (SSID, passphrase, BSSID or dataset length), or the wrong state for it.
    InvalidArgument,
    /// The device could not do it: often the wrong state (apply without set, apply twice).
    InternalError,
    /// A cryptographic operation failed.
    CryptoError,
    /// No session, or another one.
    InvalidSession,
    /// A value this version does not know.
    Unknown(i32),
}

impl StatusCode {
    /// From the number on the wire: `Ok` for success.
    ///
    /// # Errors
    /// The code, for anything else.
    pub const fn check(value: i32) -> Result<(), Self> {
        Err(match value {
            0 => return Ok(()),
            1 => Self::InvalidSecScheme,
            2 => Self::InvalidProto,
            3 => Self::TooManySessions,
            4 => Self::InvalidArgument,
            5 => Self::InternalError,
            6 => Self::CryptoError,
            7 => Self::InvalidSession,
            other => Self::Unknown(other),
        })
    }

    /// The number on the wire.
    #[must_use]
    pub const fn to_wire(self) -> i32 {
        match self {
            Self::InvalidSecScheme => 1,
            Self::InvalidProto => 2,
            Self::TooManySessions => 3,
            Self::InvalidArgument => 4,
            Self::InternalError => 5,
            Self::CryptoError => 6,
            Self::InvalidSession => 7,
            Self::Unknown(value) => value,
        }
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidSecScheme => "invalid security scheme",
            Self::InvalidProto => "invalid message",
            Self::TooManySessions => "too many sessions",
            Self::InvalidArgument => "invalid argument",
            Self::InternalError => "internal error",
            Self::CryptoError => "cryptographic error",
            Self::InvalidSession => "invalid session",
            Self::Unknown(value) => return write!(f, "unknown status {value}"),
        })
    }
}

impl core::error::Error for StatusCode {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_round_trip() {
        assert_eq!(StatusCode::check(0), Ok(()));
        for value in [1, 2, 3, 4, 5, 6, 7, 8, -1, i32::MAX] {
            assert_eq!(StatusCode::check(value).unwrap_err().to_wire(), value);
        }
    }
}
