//! Why a shared ledger cannot be used.

use core::error::Error;
use core::fmt;
use std::io;
use std::path::PathBuf;

/// Why a ledger in a database cannot be used. What a server says is in it as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SharedError {
    /// Nobody there, or not just now: it is worth another try.
    Away(String),
    /// The server refuses, with its own code (`SQLSTATE`) and words.
    Refused {
        /// As in the appendix of PostgreSQL's manual.
        code: String,
        /// In the language of the server.
        message: String,
    },
    /// The server wants a password, and there is none.
    NoPassword,
    /// No connection over TLS: what is wrong with it.
    Tls(String),
    /// There is no certificate in the file of roots.
    Roots,
    /// The file of roots cannot be read.
    RootsFile {
        /// Which one.
        path: PathBuf,
        /// In the system's words.
        reason: String,
    },
    /// A lease that is shorter or longer than [`LEASES`](super::LEASES).
    Lease,
    /// The table was made by another version of this program.
    OtherVersion(u32),
    /// There is a table of its name that is something else.
    NotALedger,
    /// What the server sent is no answer.
    Answer,
}

impl SharedError {
    /// It may be over in a moment.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Away(_))
    }
}

impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away(reason) => write!(f, "the database cannot be reached: {reason}"),
            Self::Refused { code, message } => write!(f, "the database refuses: {message} ({code})"),
            Self::NoPassword => f.write_str("the database wants a password"),
            Self::Tls(reason) => write!(f, "no TLS with the database: {reason}"),
            Self::Roots => f.write_str("there is no certificate in the file of roots"),
            Self::RootsFile { path, reason } => {
                write!(f, "the file of roots {} cannot be read: {reason}", path.display())
            }
            Self::Lease => f.write_str("a lease is from 3 seconds to an hour"),
            Self::OtherVersion(version) => write!(f, "the ledger in the database is of version {version}"),
            Self::NotALedger => f.write_str("the table espprov_ledger in the database is something else"),
            Self::Answer => f.write_str("what the database answers is no answer"),
        }
    }
}

impl Error for SharedError {}

/// Codes of servers that are going down, coming up, have too many guests, end connections that are idle, or found that two transactions
/// were in each other's way.
fn passes(code: &str) -> bool {
    code.starts_with("08")
        || matches!(
            code,
            "57P01" | "57P02" | "57P03" | "57P05" | "57014" | "53300" | "40001" | "40P01" | "55P03"
        )
}

impl From<tokio_postgres::Error> for SharedError {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(refused) = error.as_db_error() {
            let (code, message) = (refused.code().code(), refused.message());
            if passes(code) {
                return Self::Away(message.to_owned());
            }
            return Self::Refused {
                code: code.to_owned(),
                message: message.to_owned(),
            };
        }
        if error.is_closed() {
            return Self::Away("the connection was closed".to_owned());
        }
        let mut cause: Option<&(dyn Error + 'static)> = error.source();
        let mut last = None;
        while let Some(inner) = cause {
            if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
                return Self::Tls(tls.to_string());
            }
            if let Some(io) = inner.downcast_ref::<io::Error>() {
                // What rustls found is wrapped in one, which does not name it as its source.
                let found = io
                    .get_ref()
                    .and_then(|inner| inner.downcast_ref::<rustls::Error>());
                return match found {
                    Some(tls) => Self::Tls(tls.to_string()),
                    None => Self::Away(io.to_string()),
                };
            }
            last = Some(inner.to_string());
            cause = inner.source();
        }
        match last.as_deref() {
            Some("password missing") => Self::NoPassword,
            Some("server does not support TLS") => Self::Tls("the server has none".to_owned()),
            _ => Self::Answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_told_from_what_does_not() {
        for code in ["57P03", "57P05", "08006", "53300", "40001", "55P03"] {
            assert!(passes(code), "{code}");
        }
        // Wrong password, no such database, no such schema, no rights, disk full, a standby.
        for code in ["28P01", "3D000", "3F000", "42501", "53100", "25006"] {
            assert!(!passes(code), "{code}");
        }
    }
}
