//! What can go wrong below the driver: session and replies.

use core::fmt;
use espprov_proto::{EncodeError, Malformed};
use espprov_security::ChannelError;
use espprov_types::{InfoError, StatusCode};

/// The plaintext of a reply is not what was asked for, or carries a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ReplyError {
    /// The peer sent bytes that are no message.
    Malformed,
    /// The peer's description of itself is none.
    Info(#[cfg_attr(feature = "defmt", defmt(Debug2Format))] InfoError),
    /// The peer answered another question.
    UnexpectedMessage,
    /// The answer lacks its content.
    MissingPayload,
    /// A field has a value the protocol does not allow.
    FieldOutOfRange,
    /// More scan results than asked for.
    TooManyEntries,
    /// The device understood, and refused.
    Status(#[cfg_attr(feature = "defmt", defmt(Debug2Format))] StatusCode),
    /// The reply may be fine, but the heap has no room for what it lists.
    OutOfMemory,
}

impl ReplyError {
    /// The peer's bytes are no answer: neither its verdict nor a lack of our own memory.
    #[must_use]
    pub const fn is_nonsense(&self) -> bool {
        !matches!(self, Self::Status(_) | Self::OutOfMemory)
    }

    /// The device's own verdict, as opposed to nonsense.
    #[must_use]
    pub const fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Status(code) => Some(*code),
            _ => None,
        }
    }
}

impl From<Malformed> for ReplyError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

impl From<InfoError> for ReplyError {
    fn from(error: InfoError) -> Self {
        Self::Info(error)
    }
}

impl From<StatusCode> for ReplyError {
    fn from(code: StatusCode) -> Self {
        Self::Status(code)
    }
}

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the device's reply cannot be decoded",
            Self::Info(error) => return error.fmt(f),
            Self::UnexpectedMessage => "the device answered another question",
            Self::MissingPayload => "the device's reply lacks its content",
            Self::FieldOutOfRange => "the device's reply has a field out of range",
            Self::TooManyEntries => "the device sent more scan results than asked for",
            Self::Status(code) => return write!(f, "the device refused: {code}"),
            Self::OutOfMemory => "out of memory",
        })
    }
}

impl core::error::Error for ReplyError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        // Its text is this error's text: what follows is what lies under it.
        match self {
            Self::Info(error) => error.source(),
            _ => None,
        }
    }
}

/// What went wrong in a [`Session`](crate::Session).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SessionError {
    /// The caller's buffer is too short for the request; the session is unchanged.
    BufferTooShort {
        /// Bytes it should have had.
        needed: usize,
    },
    /// The record layer failed: forged, cut or repeated reply, or the nonce is used up.
    Channel(#[cfg_attr(feature = "defmt", defmt(Debug2Format))] ChannelError),
    /// The reply decrypted, but does not answer the request.
    Reply(ReplyError),
    /// A request without a byte: devices do not answer such. The session is unchanged.
    EmptyRequest,
    /// An exchange was lost, so both sides' cipher states differ for good: only a new handshake helps.
    Desynchronised,
}

impl From<EncodeError> for SessionError {
    fn from(error: EncodeError) -> Self {
        Self::BufferTooShort { needed: error.needed }
    }
}

impl From<ReplyError> for SessionError {
    fn from(error: ReplyError) -> Self {
        Self::Reply(error)
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BufferTooShort { needed } => write!(f, "buffer too short: {needed} bytes needed"),
            Self::Channel(error) => error.fmt(f),
            Self::Reply(error) => error.fmt(f),
            Self::EmptyRequest => crate::request::EmptyRequest.fmt(f),
            Self::Desynchronised => f.write_str("the session is lost: a new handshake is needed"),
        }
    }
}

impl core::error::Error for SessionError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        // Its text is in this error's text: what follows is what lies under it.
        match self {
            Self::Channel(error) => error.source(),
            Self::Reply(error) => error.source(),
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
    fn replies_that_make_no_sense_are_told_from_verdicts() {
        let refused = ReplyError::Status(StatusCode::InternalError);
        assert_eq!(refused.status(), Some(StatusCode::InternalError));
        assert!(!refused.is_nonsense() && !ReplyError::OutOfMemory.is_nonsense());
        for nonsense in [
            ReplyError::Malformed,
            ReplyError::Info(InfoError::NotText),
            ReplyError::UnexpectedMessage,
            ReplyError::MissingPayload,
            ReplyError::FieldOutOfRange,
            ReplyError::TooManyEntries,
        ] {
            assert!(nonsense.is_nonsense(), "{nonsense:?}");
            assert_eq!(nonsense.status(), None, "{nonsense:?}");
        }
        let code = StatusCode::InternalError;
        assert_eq!(refused.to_string(), std::format!("the device refused: {code}"));
        let info = InfoError::NotText;
        assert_eq!(ReplyError::Info(info).to_string(), info.to_string());
    }

    /// What is wrong with the text is the last word of a chain of errors, however deep the chain began.
    #[test]
    fn what_lies_under_an_answer_that_is_no_json() {
        let info = espprov_types::DeviceInfo::parse(b"{\"prov\":").unwrap_err();
        let json = info
            .source()
            .expect("it says where the text breaks off")
            .to_string();
        let reply = ReplyError::Info(info);
        let session = SessionError::from(reply);
        for error in [&reply as &dyn Error, &session] {
            assert_eq!(error.to_string(), info.to_string());
            assert_eq!(error.source().map(ToString::to_string), Some(json.clone()));
        }
        let failure = crate::ProvisionError::<core::convert::Infallible>::Reply {
            phase: crate::Phase::Info,
            error: session,
        };
        assert_eq!(failure.source().map(ToString::to_string), Some(json));
    }

    #[test]
    fn what_is_behind_a_session_error() {
        let needed = EncodeError {
            needed: 60,
            available: 8,
        };
        let short = SessionError::from(needed);
        assert_eq!(short.to_string(), "buffer too short: 60 bytes needed");
        let forged = SessionError::Channel(ChannelError::Forged);
        let nonsense = SessionError::from(ReplyError::Malformed);
        for (error, text) in [
            (forged, ChannelError::Forged.to_string()),
            (nonsense, ReplyError::Malformed.to_string()),
        ] {
            // Told once: as the error's own text, not as what is behind it, too.
            assert_eq!(error.to_string(), text);
            assert!(error.source().is_none(), "{error:?}");
        }
    }
}
