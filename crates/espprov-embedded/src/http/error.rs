//! What can go wrong between a microcontroller and a device's HTTP server.

use core::fmt;
use embedded_io_async::ErrorKind;
use espprov_transport::{LinkFault, TransportError};

/// An error of [`HttpTransport`](super::HttpTransport), classified by [`TransportError::fault`]. It carries no
/// request or reply bytes and no session cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpError {
    /// An empty request: devices refuse one by closing, so nothing was sent.
    EmptyRequest,
    /// A request longer than a device takes, or than the buffer it should be in. Nothing was sent.
    RequestTooLarge,
    /// An earlier exchange failed or was dropped, or the link was closed: reconnect first.
    NeedsReconnect,
    /// No TCP connection.
    Connect(ErrorKind),
    /// No TCP connection within the time limit.
    ConnectTimedOut,
    /// The device closed the connection without a byte of an answer: it refused the request.
    ClosedWithoutAnswer,
    /// The device refused a request, and there is a sign that its session is another client's by now: it closed the
    /// connection on us since the session began, or does not know the session's cookie any more.
    SessionTaken,
    /// The device answered with an error status.
    Status {
        /// The status code.
        code: u16,
        /// The connection survived.
        link_alive: bool,
    },
    /// Status 404: the device has no such endpoint.
    NotFound,
    /// The connection broke.
    Broken {
        /// The stack's view of it.
        kind: ErrorKind,
        /// The request had been handed over completely.
        delivered: bool,
    },
    /// The connection ended in the middle of an answer.
    Truncated,
    /// No complete answer within the time limit.
    AnswerTimedOut {
        /// The request had been handed over completely.
        delivered: bool,
    },
    /// The reply is longer than the caller's buffer.
    ReplyTooLarge {
        /// Bytes needed.
        need: usize,
    },
    /// What came back is not an HTTP answer of a device.
    NotHttp,
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EmptyRequest => "an empty request cannot be sent over HTTP",
            Self::RequestTooLarge => "the request is longer than a device takes",
            Self::NeedsReconnect => "the connection is unusable after an earlier failure",
            Self::Connect(_) => "cannot connect",
            Self::ConnectTimedOut => "cannot connect: no answer to the connection attempt",
            Self::ClosedWithoutAnswer | Self::Status { .. } => "the device refused the request",
            Self::SessionTaken => "another client has taken the device's session over",
            Self::NotFound => "the device has no such endpoint",
            Self::Broken { .. } => "the connection broke",
            Self::Truncated => "the connection ended in the middle of an answer",
            Self::AnswerTimedOut { .. } => "the device did not answer in time",
            Self::ReplyTooLarge { .. } => "the reply is longer than the buffer",
            Self::NotHttp => "what answered is not a provisioning device",
        })
    }
}

impl HttpError {
    /// The connection was there, and ended without a whole answer.
    pub(super) const fn is_hang_up(&self) -> bool {
        matches!(
            self,
            Self::ClosedWithoutAnswer | Self::Broken { .. } | Self::Truncated
        )
    }
}

impl core::error::Error for HttpError {}

impl TransportError for HttpError {
    fn fault(&self) -> LinkFault {
        match *self {
            Self::EmptyRequest => LinkFault::Refused { link_alive: true },
            Self::RequestTooLarge => LinkFault::RequestTooLarge {
                limit: super::MAX_REQUEST,
            },
            Self::NeedsReconnect => LinkFault::NeedsReconnect,
            Self::Connect(_) => LinkFault::Lost { delivered: false },
            Self::ConnectTimedOut => LinkFault::TimedOut { delivered: false },
            Self::ClosedWithoutAnswer => LinkFault::Refused { link_alive: false },
            Self::SessionTaken => LinkFault::SessionTaken,
            Self::Status { code: 504, .. } => LinkFault::TimedOut { delivered: true },
            Self::Status { code: 502 | 503, .. } | Self::Truncated => LinkFault::Lost { delivered: true },
            Self::Status { link_alive, .. } => LinkFault::Refused { link_alive },
            Self::NotFound => LinkFault::NoSuchEndpoint,
            Self::Broken { delivered, .. } => LinkFault::Lost { delivered },
            Self::AnswerTimedOut { delivered } => LinkFault::TimedOut { delivered },
            Self::ReplyTooLarge { need } => LinkFault::ReplyTooLarge { need },
            Self::NotHttp => LinkFault::Garbled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn what_each_error_says_and_means() {
        let kind = ErrorKind::ConnectionReset;
        let status = |code, link_alive| HttpError::Status { code, link_alive };
        let refused = |link_alive| LinkFault::Refused { link_alive };
        let lost = |delivered| LinkFault::Lost { delivered };
        let late = |delivered| LinkFault::TimedOut { delivered };
        for (error, words, fault) in [
            (HttpError::EmptyRequest, "empty request", refused(true)),
            (
                HttpError::RequestTooLarge,
                "longer than a device takes",
                LinkFault::RequestTooLarge { limit: 4096 },
            ),
            (
                HttpError::NeedsReconnect,
                "earlier failure",
                LinkFault::NeedsReconnect,
            ),
            (HttpError::Connect(kind), "cannot connect", lost(false)),
            (
                HttpError::ConnectTimedOut,
                "no answer to the connection",
                late(false),
            ),
            (HttpError::ClosedWithoutAnswer, "device refused", refused(false)),
            (HttpError::SessionTaken, "another client", LinkFault::SessionTaken),
            (status(500, true), "device refused", refused(true)),
            (status(405, false), "device refused", refused(false)),
            (status(502, false), "device refused", lost(true)),
            (status(503, false), "device refused", lost(true)),
            (status(504, false), "device refused", late(true)),
            (HttpError::NotFound, "no such endpoint", LinkFault::NoSuchEndpoint),
            (
                HttpError::Broken {
                    kind,
                    delivered: true,
                },
                "connection broke",
                lost(true),
            ),
            (
                HttpError::Broken {
                    kind,
                    delivered: false,
                },
                "connection broke",
                lost(false),
            ),
            (HttpError::Truncated, "in the middle of an answer", lost(true)),
            (
                HttpError::AnswerTimedOut { delivered: false },
                "did not answer in time",
                late(false),
            ),
            (
                HttpError::ReplyTooLarge { need: 5 },
                "longer than the buffer",
                LinkFault::ReplyTooLarge { need: 5 },
            ),
            (
                HttpError::NotHttp,
                "not a provisioning device",
                LinkFault::Garbled,
            ),
        ] {
            assert!(error.to_string().contains(words), "{error}");
            assert_eq!(error.fault(), fault, "{error:?}");
        }
    }
}
