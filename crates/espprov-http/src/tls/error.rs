//! What can go wrong before the first byte is said in confidence.

use super::Fingerprint;
use core::fmt;
use espprov_transport::{LinkFault, TransportError};
use rustls::{CertificateError, InvalidMessage};
use std::io;

/// Why there is no TLS with a device. Nothing of the request was sent, but for [`Refused`](Self::Refused) perhaps.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsError {
    /// The device's certificate is not trusted.
    Distrusted(Box<Distrust>),
    /// The device's certificate is not the pinned one.
    PinMismatch {
        /// The certificate that it showed instead.
        seen: Fingerprint,
    },
    /// What answered does not speak TLS: a plain HTTP server, for instance.
    NotTls,
    /// The connection ended in the handshake, without a word.
    Closed,
    /// The handshake did not end in time.
    TimedOut,
    /// The device refused, with this alert (RFC 8446 § 6.2).
    Refused {
        /// The number of the alert.
        alert: u8,
    },
    /// The device and this side have no version of TLS, or no cipher, in common.
    Incompatible,
    /// What the device sent breaks the rules of TLS, or its signature is wrong.
    Broken,
    /// The system has no root certificates, or does not let them be read.
    NoRoots,
    /// The program was built without a crypto provider, and has not installed one.
    NoProvider,
}

/// A certificate, and everything that speaks against it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Distrust {
    /// Which certificate it is.
    pub fingerprint: Fingerprint,
    /// What speaks against it, the gravest first; one at least.
    pub reasons: Vec<Reason>,
}

/// What speaks against a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// No root that is trusted stands behind it.
    UnknownIssuer,
    /// It was valid until this day.
    Expired {
        /// Seconds since 1970.
        since: u64,
    },
    /// It is valid from this day on.
    NotYetValid {
        /// Seconds since 1970.
        until: u64,
    },
    /// It names no server: what its subject says does not count since RFC 6125.
    NoName,
    /// It is another server's.
    WrongName {
        /// The name that was looked for.
        expected: String,
        /// The names that stand in it, as the peer wrote them: 16 at most.
        names: Vec<String>,
    },
    /// It is of X.509 version 1 or 2, which cannot name a server and is not verified.
    OldVersion,
    /// It is made for something else than a server, for signing others for instance, or its encoding or an extension of it is not
    /// what it should be.
    Unfit,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownIssuer => f.write_str("its issuer is unknown"),
            Self::Expired { since } => write!(f, "it expired on {}", Day(*since)),
            Self::NotYetValid { until } => write!(f, "it is valid only from {} on", Day(*until)),
            Self::NoName => f.write_str("there is no name of a server in it"),
            Self::WrongName { expected, .. } => write!(f, "it is not for {expected}"),
            Self::OldVersion => f.write_str("it is of an old version of X.509, which names no server"),
            Self::Unfit => f.write_str("it is malformed, or made for something else than a server"),
        }
    }
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the device's certificate is not trusted: ")?;
        for (index, reason) in self.reasons.iter().enumerate() {
            match index {
                0 => {}
                _ if index + 1 == self.reasons.len() => f.write_str(", and ")?,
                _ => f.write_str(", ")?,
            }
            reason.fmt(f)?;
        }
        Ok(())
    }
}

impl TlsError {
    /// What made the handshake fail; `None` if it is not TLS's affair.
    pub(super) fn of(error: &io::Error) -> Option<Self> {
        use io::ErrorKind as K;
        if let Some(inner) = error.get_ref() {
            if let Some(ours) = inner.downcast_ref::<Self>() {
                return Some(ours.clone());
            }
            if let Some(error) = inner.downcast_ref::<rustls::Error>() {
                return Some(Self::of_rustls(error));
            }
        }
        matches!(
            error.kind(),
            K::UnexpectedEof | K::ConnectionReset | K::ConnectionAborted | K::BrokenPipe
        )
        .then_some(Self::Closed)
    }

    fn of_rustls(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(CertificateError::Other(other)) => {
                other.0.downcast_ref::<Self>().cloned().unwrap_or(Self::Broken)
            }
            rustls::Error::InvalidMessage(
                InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
            ) => Self::NotTls,
            rustls::Error::AlertReceived(alert) => Self::Refused {
                alert: u8::from(*alert),
            },
            rustls::Error::PeerIncompatible(_) => Self::Incompatible,
            _ => Self::Broken,
        }
    }

    /// The alert that ended a connection after its handshake: TLS 1.3 says so only then.
    pub(crate) fn late_alert(error: &io::Error) -> Option<u8> {
        match error.get_ref()?.downcast_ref::<rustls::Error>()? {
            rustls::Error::AlertReceived(alert) => Some(u8::from(*alert)),
            _ => None,
        }
    }

    /// The device wants a certificate of this side, too, and there is none.
    #[must_use]
    pub const fn wants_client_certificate(&self) -> bool {
        // no_certificate (SSL 3, and old TLS libraries), bad_certificate, certificate_required
        matches!(self, Self::Refused { alert: 41 | 42 | 116 })
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Distrusted(distrust) => distrust.fmt(f),
            Self::PinMismatch { seen } => {
                write!(f, "the device's certificate is not the pinned one, but {seen}")
            }
            Self::NotTls => f.write_str("what answered does not speak TLS"),
            Self::Closed => f.write_str("the connection was closed in the TLS handshake"),
            Self::TimedOut => f.write_str("the TLS handshake did not end in time"),
            error if error.wants_client_certificate() => {
                f.write_str("the device wants a client certificate, and there is none")
            }
            Self::Refused { alert } => write!(f, "the device refused TLS (alert {alert})"),
            Self::Incompatible => f.write_str("the device has no version or cipher of TLS in common with us"),
            Self::Broken => f.write_str("what the device sent breaks the rules of TLS"),
            Self::NoRoots => f.write_str("the system's root certificates cannot be read"),
            Self::NoProvider => f.write_str("this program has no cryptography for TLS"),
        }
    }
}

impl core::error::Error for TlsError {}

impl TransportError for TlsError {
    fn fault(&self) -> LinkFault {
        match self {
            Self::Closed => LinkFault::Lost { delivered: false },
            Self::TimedOut => LinkFault::TimedOut { delivered: false },
            // Under TLS 1.3 the device can refuse what was sent together with our last message of the handshake.
            Self::Refused { .. } => LinkFault::Lost { delivered: true },
            _ => LinkFault::Garbled,
        }
    }
}

/// Seconds since 1970 as the day they fall on, in UTC.
struct Day(u64);

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Certificates end in the year 9999 at the latest; what lies beyond comes from nowhere.
        let mut days = (self.0 / 86_400).min(2_932_896);
        let is_leap =
            |year: u64| year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
        let mut year = 1970;
        while days >= 365 + u64::from(is_leap(year)) {
            days -= 365 + u64::from(is_leap(year));
            year += 1;
        }
        let february = 28 + u64::from(is_leap(year));
        let mut month = 1;
        for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
            if days < length {
                break;
            }
            days -= length;
            month += 1;
        }
        write!(f, "{year:04}-{month:02}-{:02}", days + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days() {
        for (seconds, day) in [
            (0, "1970-01-01"),
            (86_399, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_786_752_000, "2026-08-15"),
            (4_107_542_400, "2100-03-01"),
            (253_402_300_799, "9999-12-31"),
            (u64::MAX, "9999-12-31"),
        ] {
            assert_eq!(Day(seconds).to_string(), day, "{seconds}");
        }
    }

    #[test]
    fn everything_that_speaks_against_it_is_said() {
        let distrust = Distrust {
            fingerprint: Fingerprint::of(b"x"),
            reasons: vec![
                Reason::UnknownIssuer,
                Reason::Expired { since: 0 },
                Reason::NoName,
            ],
        };
        assert_eq!(
            distrust.to_string(),
            "the device's certificate is not trusted: its issuer is unknown, it expired on 1970-01-01, \
             and there is no name of a server in it"
        );
    }
}
