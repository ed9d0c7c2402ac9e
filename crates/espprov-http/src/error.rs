//! What can go wrong between this client and a device's HTTP server.

use core::fmt;
use espprov_transport::{LinkFault, TransportError};
use std::io;

/// An error of [`HttpTransport`](crate::HttpTransport), classified by [`TransportError::fault`].
///
/// It carries no request or reply bytes and no session cookie, so it can be logged.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpError {
    /// An empty request. Devices refuse one by closing the socket, so nothing was sent and the link is as it
    /// was. Requests without content carry filler instead.
    EmptyRequest,
    /// A request longer than a device takes (4096 bytes), or than the buffer it should be in. Nothing was sent.
    RequestTooLarge,
    /// An earlier exchange failed or was dropped, or the link was closed: reconnect first.
    NeedsReconnect,
    /// No TCP connection: refused, unreachable.
    Connect(io::ErrorKind),
    /// No TCP connection: the host's name leads to no address.
    UnknownHost,
    /// No TCP connection for a reason of this computer's own that has no [`io::ErrorKind`]: the operating system's
    /// number for it (too many open files, for instance).
    System(i32),
    /// No TCP connection within the time limit.
    ConnectTimedOut,
    /// The target says `https` and the connector does not speak TLS, or the other way round. Nothing was sent.
    Scheme,
    /// No TLS with what answered, or none with whom it is.
    #[cfg(feature = "tls")]
    Tls(crate::TlsError),
    /// The device closed the connection without a byte of an answer, which is how stock firmware refuses a
    /// request (wrong proof, undecodable message, no session).
    ClosedWithoutAnswer,
    /// The device refused a request, and there is a sign that its session is another client's by now: it closed the
    /// connection on us since the session began, or does not know the session's cookie any more. A device serves one
    /// client at a time.
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
    /// A gateway in between could not reach the device (status 502, 503, 504).
    Gateway {
        /// The status code.
        code: u16,
    },
    /// The connection broke.
    Broken {
        /// The operating system's view of it.
        kind: io::ErrorKind,
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
        /// Bytes needed; a lower bound where the device did not announce a length.
        need: usize,
    },
    /// What came back is not an HTTP answer.
    NotHttp,
    /// What came back to a plain request is TLS.
    SpeaksTls,
    /// The answer's headers, or the framing of its body, are larger than any device's.
    TooMuchFraming,
    /// HTTP, but not a status a device gives (a redirect, for instance).
    UnexpectedStatus {
        /// The status code.
        code: u16,
    },
}

impl HttpError {
    /// What kept a connection from being made.
    pub(crate) fn connecting(error: &io::Error) -> Self {
        #[cfg(feature = "tls")]
        if let Some(error) = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<crate::TlsError>())
        {
            return error.clone().into();
        }
        // Kinds without a stable name are told by their text only. Resolvers' failures have no number.
        let nameless = matches!(
            error.kind().to_string().as_str(),
            "uncategorized error" | "other error"
        );
        match (error.kind(), error.raw_os_error()) {
            // The kernel's own limit may be shorter than ours.
            (io::ErrorKind::TimedOut, _) => Self::ConnectTimedOut,
            (_, Some(code)) if nameless => Self::System(code),
            (_, None) if nameless => Self::UnknownHost,
            (kind, _) => Self::Connect(kind),
        }
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyRequest => f.write_str("an empty request cannot be sent over HTTP"),
            Self::RequestTooLarge => write!(f, "the request is longer than {} bytes", crate::MAX_REQUEST),
            Self::NeedsReconnect => f.write_str("the connection is unusable after an earlier failure"),
            Self::Connect(kind) => write!(f, "cannot connect: {kind}"),
            Self::UnknownHost => f.write_str("cannot connect: the host's name leads to no address"),
            Self::System(code) => write!(f, "cannot connect: {}", io::Error::from_raw_os_error(*code)),
            Self::ConnectTimedOut => f.write_str("cannot connect: no answer to the connection attempt"),
            Self::Scheme => {
                f.write_str("the target and the kind of connection do not go together: http, https")
            }
            #[cfg(feature = "tls")]
            Self::Tls(error) => error.fmt(f),
            Self::ClosedWithoutAnswer => {
                f.write_str("the device refused the request: it closed the connection without an answer")
            }
            Self::SessionTaken => f.write_str("another client has taken the device's session over"),
            Self::Status { code, .. } => write!(f, "the device refused the request with HTTP status {code}"),
            Self::NotFound => f.write_str("the device has no such endpoint (HTTP status 404)"),
            Self::Gateway { code } => write!(f, "a gateway could not reach the device (HTTP status {code})"),
            Self::Broken { kind, .. } => write!(f, "the connection broke: {kind}"),
            Self::Truncated => f.write_str("the connection ended in the middle of an answer"),
            Self::AnswerTimedOut { .. } => f.write_str("the device did not answer in time"),
            Self::ReplyTooLarge { need } => {
                write!(
                    f,
                    "the reply needs at least {need} bytes, more than the buffer has"
                )
            }
            Self::NotHttp => f.write_str("what answered does not speak HTTP"),
            Self::SpeaksTls => f.write_str("what answered speaks TLS, and was asked in plain HTTP"),
            Self::TooMuchFraming => f.write_str("the answer's headers are larger than any device's"),
            Self::UnexpectedStatus { code } => {
                write!(
                    f,
                    "what answered is not a provisioning device (HTTP status {code})"
                )
            }
        }
    }
}

impl HttpError {
    /// The connection was there, and ended without a whole answer.
    pub(crate) const fn is_hang_up(&self) -> bool {
        matches!(
            self,
            Self::ClosedWithoutAnswer | Self::Broken { .. } | Self::Truncated
        )
    }
}

#[cfg(feature = "tls")]
impl From<crate::TlsError> for HttpError {
    fn from(error: crate::TlsError) -> Self {
        Self::Tls(error)
    }
}

impl core::error::Error for HttpError {}

impl TransportError for HttpError {
    fn fault(&self) -> LinkFault {
        match *self {
            #[cfg(feature = "tls")]
            Self::Tls(ref error) => error.fault(),
            // The device would refuse it; the link has not been touched.
            Self::EmptyRequest => LinkFault::Refused { link_alive: true },
            Self::RequestTooLarge => LinkFault::RequestTooLarge {
                limit: crate::MAX_REQUEST,
            },
            Self::NeedsReconnect => LinkFault::NeedsReconnect,
            Self::Connect(_) | Self::UnknownHost | Self::System(_) => LinkFault::Lost { delivered: false },
            Self::ConnectTimedOut => LinkFault::TimedOut { delivered: false },
            Self::ClosedWithoutAnswer => LinkFault::Refused { link_alive: false },
            Self::SessionTaken => LinkFault::SessionTaken,
            Self::Status { link_alive, .. } => LinkFault::Refused { link_alive },
            Self::NotFound => LinkFault::NoSuchEndpoint,
            // Whether the gateway got the request through is unknown: assume the worse.
            Self::Gateway { code: 504 } => LinkFault::TimedOut { delivered: true },
            Self::Gateway { .. } | Self::Truncated => LinkFault::Lost { delivered: true },
            Self::Broken { delivered, .. } => LinkFault::Lost { delivered },
            Self::AnswerTimedOut { delivered } => LinkFault::TimedOut { delivered },
            Self::ReplyTooLarge { need } => LinkFault::ReplyTooLarge { need },
            Self::Scheme
            | Self::NotHttp
            | Self::SpeaksTls
            | Self::TooMuchFraming
            | Self::UnexpectedStatus { .. } => LinkFault::Garbled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_of_no_connection() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(
            HttpError::connecting(&refused),
            HttpError::Connect(io::ErrorKind::ConnectionRefused)
        );
        let late = io::Error::from(io::ErrorKind::TimedOut);
        assert_eq!(HttpError::connecting(&late), HttpError::ConnectTimedOut);
        let resolver = io::Error::other("failed to lookup address information");
        assert_eq!(HttpError::connecting(&resolver), HttpError::UnknownHost);
        #[cfg(unix)]
        {
            // EMFILE is 24 on every Unix.
            let full = HttpError::connecting(&io::Error::from_raw_os_error(24));
            assert_eq!(full, HttpError::System(24));
            assert!(full.to_string().contains("open files"), "{full}");
        }
    }
}
