//! What the system says, in plain words.

use crate::Error;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use std::path::Path;

/// A file that somebody named: what was to be done with it, and why it cannot be.
#[must_use]
pub fn file(what: &str, path: &Path, error: &std::io::Error) -> Error {
    let message = format!("cannot {what} {}: {}", path.display(), os_reason(error));
    Error::usage("file", message)
        .with_cause("the path is mistyped, or its permissions do not allow it")
        .with_help("check the path and its permissions")
}

/// An I/O error in plain words, without the system's number for it.
#[must_use]
pub fn os_reason(error: &std::io::Error) -> String {
    let reason = io_reason(error.kind());
    if reason != UNNAMED {
        return reason;
    }
    // The system's own words, without the number it has for them.
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or_default();
    let mut chars = words.chars();
    chars
        .next()
        .map_or_else(|| reason, |first| first.to_lowercase().chain(chars).collect())
}

/// For kinds of errors that have no name of their own.
const UNNAMED: &str = "the system refused";

/// The kind of an I/O error in plain words.
#[must_use]
pub fn io_reason(kind: std::io::ErrorKind) -> String {
    use std::io::ErrorKind as K;
    match kind {
        K::ConnectionRefused => "connection refused".to_owned(),
        K::HostUnreachable | K::NetworkUnreachable => "no route to that address".to_owned(),
        K::NetworkDown => "the network is down".to_owned(),
        K::NotFound => "not found".to_owned(),
        K::PermissionDenied => "permission denied".to_owned(),
        K::AddrInUse => "the address is already in use".to_owned(),
        K::AddrNotAvailable => "this machine does not have that address".to_owned(),
        other => match other.to_string().as_str() {
            "uncategorized error" | "other error" => UNNAMED.to_owned(),
            text => text.to_owned(),
        },
    }
}
