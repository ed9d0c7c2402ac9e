//! What can go wrong on the console.

use core::fmt;
use embedded_io_async::ErrorKind;
use espprov_transport::{LinkFault, TransportError};

/// An error of [`Console`](super::Console), classified by [`TransportError::fault`]. It carries no request or
/// reply bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConsoleError {
    /// The request does not fit a line of the device's console; nothing was sent. Stock firmware reads lines of
    /// 255 characters, which security 2 and long Thread datasets exceed.
    LineTooLong {
        /// Longest request in bytes, for this endpoint and session id.
        limit: usize,
    },
    /// An empty request; nothing was sent. Requests without content carry filler instead.
    EmptyRequest,
    /// An earlier exchange failed or was dropped, or the link was closed: reconnect first.
    NeedsReconnect,
    /// The device printed the next prompt without an answer: it refused the request.
    Refused,
    /// No prompt came: nothing is connected, the speed is wrong, or the firmware has no console.
    NoPrompt,
    /// No answer within the time limit.
    AnswerTimedOut {
        /// The whole line had been written.
        delivered: bool,
    },
    /// The device executed something else than the line sent: characters were lost or damaged on the way.
    EchoMismatch,
    /// The device printed other text among its answer, or in its place, so that what it answered cannot be told.
    Spoiled,
    /// The device restarted before it had answered: it printed its boot messages, a panic, or a brownout.
    Restarted,
    /// The reply is longer than the caller's buffer.
    ReplyTooLarge {
        /// Bytes needed.
        need: usize,
    },
    /// The serial port ended or failed.
    Port {
        /// The port's view of it; [`ErrorKind::BrokenPipe`] where it ended without an error.
        kind: ErrorKind,
        /// The whole line had been written.
        delivered: bool,
    },
}

impl fmt::Display for ConsoleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LineTooLong { limit } => {
                write!(
                    f,
                    "the request does not fit a console line (at most {limit} bytes)"
                )
            }
            Self::EmptyRequest => f.write_str("an empty request cannot be sent over a console"),
            Self::NeedsReconnect => f.write_str("the console is unusable after an earlier failure"),
            Self::Refused => f.write_str("the device refused the request"),
            Self::NoPrompt => f.write_str("no console prompt: wrong port, wrong speed or other firmware"),
            Self::AnswerTimedOut { .. } => f.write_str("the device did not answer in time"),
            Self::EchoMismatch => f.write_str("the device did not echo what was sent: characters were lost"),
            Self::Spoiled => f.write_str("the device printed other text into its answer"),
            Self::Restarted => f.write_str("the device restarted"),
            Self::ReplyTooLarge { need } => {
                write!(f, "the reply needs {need} bytes, more than the buffer has")
            }
            Self::Port { .. } => f.write_str("the serial port failed"),
        }
    }
}

impl core::error::Error for ConsoleError {}

impl TransportError for ConsoleError {
    fn fault(&self) -> LinkFault {
        match *self {
            Self::LineTooLong { limit } => LinkFault::RequestTooLarge { limit },
            // The device would refuse it; the link has not been touched.
            Self::EmptyRequest | Self::Refused => LinkFault::Refused { link_alive: true },
            Self::NeedsReconnect => LinkFault::NeedsReconnect,
            Self::NoPrompt => LinkFault::TimedOut { delivered: false },
            Self::AnswerTimedOut { delivered } => LinkFault::TimedOut { delivered },
            Self::EchoMismatch | Self::Spoiled => LinkFault::Spoiled,
            Self::Restarted => LinkFault::Restarted,
            Self::ReplyTooLarge { need } => LinkFault::ReplyTooLarge { need },
            Self::Port { delivered, .. } => LinkFault::Lost { delivered },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn what_each_error_says_and_means() {
        let port = |delivered| ConsoleError::Port {
            kind: ErrorKind::BrokenPipe,
            delivered,
        };
        for (error, words, fault) in [
            (
                ConsoleError::LineTooLong { limit: 120 },
                "at most 120 bytes",
                LinkFault::RequestTooLarge { limit: 120 },
            ),
            (
                ConsoleError::EmptyRequest,
                "empty request",
                LinkFault::Refused { link_alive: true },
            ),
            (
                ConsoleError::Refused,
                "device refused",
                LinkFault::Refused { link_alive: true },
            ),
            (
                ConsoleError::NeedsReconnect,
                "earlier failure",
                LinkFault::NeedsReconnect,
            ),
            (
                ConsoleError::NoPrompt,
                "no console prompt",
                LinkFault::TimedOut { delivered: false },
            ),
            (
                ConsoleError::AnswerTimedOut { delivered: true },
                "did not answer in time",
                LinkFault::TimedOut { delivered: true },
            ),
            (ConsoleError::EchoMismatch, "did not echo", LinkFault::Spoiled),
            (ConsoleError::Spoiled, "other text", LinkFault::Spoiled),
            (ConsoleError::Restarted, "restarted", LinkFault::Restarted),
            (
                ConsoleError::ReplyTooLarge { need: 5 },
                "needs 5 bytes",
                LinkFault::ReplyTooLarge { need: 5 },
            ),
            (port(true), "port failed", LinkFault::Lost { delivered: true }),
            (port(false), "port failed", LinkFault::Lost { delivered: false }),
        ] {
            assert!(error.to_string().contains(words), "{error}");
            assert_eq!(error.fault(), fault, "{error}");
        }
    }
}
