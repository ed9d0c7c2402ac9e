//! What became of a request.

use core::fmt;
use espprov_security::{ChannelError, HandshakeError};

/// What a request led to, for the transport to act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// The reply lies in the first so many bytes of the buffer.
    Reply(usize),
    /// The answer comes later (a blocking scan is under way, or somebody guesses): call
    /// [`Device::resume`](crate::Device::resume) now and then, and keep the client waiting.
    /// [`Device::due`](crate::Device::due) may know until when.
    Pending,
    /// A transport-level failure: ATT error, closed socket, bare prompt. No byte of the buffer may be sent.
    Refused(Refusal),
    /// No endpoint of that name (HTTP 404). The session is untouched.
    NoSuchEndpoint,
}

/// Why a request was refused at transport level. The client never learns this; traces and tests do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// No bytes at all, or none left after decryption.
    Empty,
    /// The request is longer than one value of the link, or than the buffer.
    RequestTooLong {
        /// Longest request accepted here.
        limit: usize,
    },
    /// The reply is longer than one value of the link, or than the buffer.
    ReplyTooLong {
        /// Longest reply possible here.
        limit: usize,
    },
    /// The handshake message was not accepted: malformed, out of order, or a wrong proof.
    Handshake(HandshakeError),
    /// A handshake message while wrong proofs are being paid for: it was not looked at.
    TooManyGuesses,
    /// An application endpoint before the handshake was finished.
    NoSession,
    /// The record did not open, or the reply could not be sealed.
    Record(ChannelError),
    /// Decrypted, but no protobuf message of this endpoint.
    Malformed,
    /// A message type that is unknown, not a command, or does not fit its payload.
    UnknownMessage,
    /// The payload field that this command needs is absent.
    MissingPayload,
    /// The page reaches past the result list.
    PageOutOfRange,
    /// An application endpoint's handler failed.
    Application,
    /// The heap has no room for a copy of the request (handshakes and application endpoints need one).
    OutOfMemory,
    /// [`Device::resume`](crate::Device::resume) while no reply was owed.
    NothingPending,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("empty request"),
            Self::RequestTooLong { limit } => write!(f, "request longer than {limit} bytes"),
            Self::ReplyTooLong { limit } => write!(f, "reply longer than {limit} bytes"),
            Self::Handshake(error) => write!(f, "handshake: {error}"),
            Self::TooManyGuesses => f.write_str("too many wrong proofs"),
            Self::NoSession => f.write_str("no session"),
            Self::Record(error) => write!(f, "record: {error}"),
            Self::Malformed => f.write_str("not a message of this endpoint"),
            Self::UnknownMessage => f.write_str("unknown message type"),
            Self::MissingPayload => f.write_str("payload field absent"),
            Self::PageOutOfRange => f.write_str("page past the end of the results"),
            Self::Application => f.write_str("the application's handler failed"),
            Self::OutOfMemory => f.write_str("out of memory"),
            Self::NothingPending => f.write_str("no reply was pending"),
        }
    }
}

impl core::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn refusals_are_told_apart_in_words() {
        for (refusal, text) in [
            (
                Refusal::RequestTooLong { limit: 257 },
                "request longer than 257 bytes",
            ),
            (
                Refusal::ReplyTooLong { limit: 512 },
                "reply longer than 512 bytes",
            ),
            (
                Refusal::Handshake(HandshakeError::OutOfOrder),
                &std::format!("handshake: {}", HandshakeError::OutOfOrder),
            ),
            (Refusal::MissingPayload, "payload field absent"),
        ] {
            assert_eq!(refusal.to_string(), text);
        }
    }
}
