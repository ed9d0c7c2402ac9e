//! espprov on a microcontroller: the links and the adapters a firmware needs to provision an ESP32.
//!
//! | module | feature | what |
//! |---|---|---|
//! | [`console`] | `console_io_07` (default) | the device's UART console over any `embedded-io-async` reader and writer |
//! | `ble` | `trouble_08` | Bluetooth LE on the trouble-host stack |
//! | `http` | `http_nal_09` | the device's HTTP server over any `embedded-nal-async` stack |
//! | [`clock`] | always; `delay`, `embassy-time_05` add adapters | time from a counter, a delay, embassy |
//! | `entropy` | `rand_core_06`, `rand_core_09` | generators of older HALs |
//!
//! A feature is named for the version of the crate whose types show in its signatures: the next version gets a feature
//! beside it, and nobody's build breaks.
//!
//! Give a transport from here, a clock, an entropy source and a buffer to `espprov_core::Provisioner`. Nothing
//! here allocates, spawns or knows a chip; what arrives from the wire is never trusted. The desktop uses the same
//! console code over a serial port.
//!
//! ```
//! use embedded_io_async::{Read, Write};
//! use espprov_embedded::console::Console;
//! use espprov_transport::{Clock, Endpoint, Transport};
//!
//! /// What firmware does a device run?
//! async fn version(rx: impl Read, tx: impl Write, clock: impl Clock, buf: &mut [u8]) -> Option<&[u8]> {
//!     let mut link = Console::new(rx, tx, clock);
//!     buf.get_mut(..3)?.copy_from_slice(b"---"); // any bytes will do, but not none
//!     let len = link.exchange(Endpoint::PROTO_VER, buf, 3).await.ok()?;
//!     buf.get(..len)
//! }
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

#[cfg(test)]
extern crate std;

pub mod clock;
#[cfg(any(feature = "rand_core_06", feature = "rand_core_09"))]
pub mod entropy;

#[cfg(feature = "trouble_08")]
pub mod ble;
#[cfg(feature = "console_io_07")]
pub mod console;
#[cfg(feature = "http_nal_09")]
pub mod http;
#[cfg(any(feature = "console_io_07", feature = "http_nal_09"))]
mod whole;
