//! What can go wrong below the driver: session and replies.

use core::fmt;
use espprov_proto::{EncodeError, Malformed};
use espprov_security::ChannelError;
use espprov_types::{InfoError, StatusCode};

/// The plaintext of a reply is not what was asked for, or carries a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplyError {
    /// The peer sent bytes that are no message.
    Malformed,
    /// The peer's description of itself is none.
    Info(InfoError),
    /// The peer answered another question.
    UnexpectedMessage,
    /// The answer lacks its content.
    MissingPayload,
    /// A field has a value the protocol does not allow.
    FieldOutOfRange,
    /// More scan results than asked for.
    TooManyEntries,
    /// The device understood, and refused.
    Status(StatusCode),
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

impl core::error::Error for ReplyError {}

/// What went wrong in a [`Session`](crate::Session).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionError {
    /// The caller's buffer is too short for the request; the session is unchanged.
    BufferTooShort {
        /// Bytes it should have had.
        needed: usize,
    },
    /// The record layer failed: forged, cut or repeated reply, or the nonce is used up.
    Channel(ChannelError),
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
        match self {
            Self::Channel(error) => Some(error),
            Self::Reply(error) => Some(error),
            _ => None,
        }
    }
}
