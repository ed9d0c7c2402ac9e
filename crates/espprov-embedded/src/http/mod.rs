//! The device's HTTP server as a transport, over any `embedded-nal-async` TCP stack.
//!
//! A client of its own rather than a general one, because the rules are exact: one connection, the cookie byte for
//! byte, `Content-Length` and never chunks in the request, and a close without a byte of an answer (which is how
//! stock firmware refuses) told apart from a broken connection. The rules are those of the desktop's `espprov-http`.

mod answer;
mod error;
mod transport;

pub use error::HttpError;
pub use transport::HttpTransport;

/// Largest request a device takes, in bytes.
pub const MAX_REQUEST: usize = 4096;
