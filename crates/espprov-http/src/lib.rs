//! HTTP as a link to an ESP32: `POST /<endpoint>` to a device in SoftAP mode, or anywhere an IP link reaches.
//!
//! The crate knows how a device's HTTP server behaves: its one session cookie, its one socket, and that it
//! refuses a request by closing the socket without a byte. It must never contain protocol messages or
//! cryptography of its own; bytes go in, bytes come out.
//!
//! | feature | brings |
//! |---|---|
//! | `tls` | `https` targets ([`tls`]), with the crypto provider that the process has installed in rustls |
//! | `ring` | the same with the provider ring, where the process has installed none |
//!
//! ```no_run
//! use espprov_http::{HttpTarget, HttpTransport};
//! use espprov_transport::{Endpoint, Transport};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut device = HttpTransport::new("http://192.168.4.1".parse::<HttpTarget>()?);
//! let mut buf = [0; 512];
//! buf[..3].copy_from_slice(b"---"); // devices refuse an empty body
//! let len = device.exchange(Endpoint::PROTO_VER, &mut buf, 3).await?;
//! println!("{}", String::from_utf8_lossy(&buf[..len]));
//! device.close().await;
//! # Ok(()) }
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]

mod body;
mod connect;
mod connection;
mod cookie;
mod error;
mod tap;
mod target;
#[cfg(feature = "tls")]
pub mod tls;
mod transport;

pub use connect::{Connect, Prompt, Tcp};
pub use error::HttpError;
pub use target::{HttpTarget, InvalidTarget};
#[cfg(feature = "tls")]
pub use tls::{Fingerprint, Tls, TlsError};
pub use transport::HttpTransport;

/// Longest request a device takes.
const MAX_REQUEST: usize = 4096;
