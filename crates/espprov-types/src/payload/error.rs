//! What can be wrong with a payload.

use super::PayloadField;
use crate::json::JsonError;
use core::fmt;

/// Why text is no setup payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PayloadError {
    /// None of the known forms.
    NotAPayload,
    /// A Wi-Fi Easy Connect (DPP) code: another way of provisioning.
    Dpp,
    /// A Matter onboarding code: another way of provisioning.
    Matter,
    /// The code of a Wi-Fi network, as phones make and read: nothing about a device.
    Wifi,
    /// The document is broken.
    Json(JsonError),
    /// The percent-encoding is broken, or the document too long.
    InvalidEncoding,
    /// A member that must be there is not.
    Missing(PayloadField),
    /// A member is not a string (or, for `security`, a number).
    WrongType(PayloadField),
    /// A member is longer than it may be.
    TooLong(PayloadField),
    /// `ver` is not `v1`.
    UnknownVersion,
    /// `transport` is neither `ble` nor `softap`.
    UnknownTransport,
    /// `security` is not 0, 1 or 2.
    UnknownSecurity,
    /// `network` is neither `wifi` nor `thread`.
    UnknownNetwork,
}

impl From<JsonError> for PayloadError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl fmt::Display for PayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAPayload => "not a setup payload",
            Self::Dpp => "this is a Wi-Fi Easy Connect (DPP) code, not a setup payload",
            Self::Matter => "this is a Matter code, not a setup payload",
            Self::Wifi => "this is the code of a Wi-Fi network, not of a device",
            Self::Json(_) => "the setup payload is broken JSON",
            Self::InvalidEncoding => "the setup payload is not properly percent-encoded",
            Self::Missing(field) => return write!(f, "the setup payload lacks `{}`", field.key()),
            Self::WrongType(field) => {
                return write!(f, "`{}` of the setup payload is no string", field.key());
            }
            Self::TooLong(field) => return write!(f, "`{}` of the setup payload is too long", field.key()),
            Self::UnknownVersion => "the setup payload's version is not v1",
            Self::UnknownTransport => "the setup payload's transport is neither ble nor softap",
            Self::UnknownSecurity => "the setup payload's security is not 0, 1 or 2",
            Self::UnknownNetwork => "the setup payload's network is neither wifi nor thread",
        })
    }
}

impl core::error::Error for PayloadError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Json(error) => Some(error),
            _ => None,
        }
    }
}
