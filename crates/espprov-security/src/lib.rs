//! Handshakes and record ciphers of protocomm security 0, 1 and 2, client and device half, sans-IO.
#![no_std]

extern crate alloc;

mod channel;
mod error;
mod handshake;

pub use channel::{Channel, Plain};
pub use error::{ChannelError, HandshakeError};
pub use handshake::{DeviceHandshake, Handshake, Notices, Retry};
