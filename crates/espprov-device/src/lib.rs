//! The device half of ESP32 provisioning: endpoint dispatch and handlers.
//!
//! A [`Device`] takes a request that a transport received on a named endpoint, decrypts it, calls the
//! [`Application`] and writes the encrypted reply. It serves the simulator, and firmware in Rust that the
//! vendor's phone apps can talk to. How vendor firmware generations differ is in [`Quirks`]; which step may
//! follow which in [`Provisioning`].
//!
//! Who guesses credentials is slowed down: see [`GuessLimit`].
//!
//! Never in here: I/O, a clock, an entropy source, a radio, an async runtime, the client half.
//!
//! ```
//! use core::time::Duration;
//! use espprov_device::{Application, Device, HandlerFailed, NoSecurity, Outcome, Quirks};
//!
//! struct Lamp;
//! impl Application for Lamp {
//!     fn endpoint(&self, index: usize) -> Option<&str> {
//!         ["custom-data"].get(index).copied()
//!     }
//!     fn custom(&mut self, _: &str, _: &[u8], reply: &mut [u8]) -> Result<usize, HandlerFailed> {
//!         reply.get_mut(..2).ok_or(HandlerFailed)?.copy_from_slice(b"ok");
//!         Ok(2)
//!     }
//! }
//! # struct Rng;
//! # impl rand_core::TryRng for Rng {
//! #     type Error = core::convert::Infallible;
//! #     fn try_next_u32(&mut self) -> Result<u32, Self::Error> { Ok(0) }
//! #     fn try_next_u64(&mut self) -> Result<u64, Self::Error> { Ok(0) }
//! #     fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> { Ok(()) }
//! # }
//! # impl rand_core::TryCryptoRng for Rng {}
//! # let mut rng = Rng;
//! let mut device = Device::new("v1.1", NoSecurity::default(), Lamp, Quirks::default());
//! let mut buf = *b"on--";
//! let now = Duration::ZERO; // since power-up
//! assert_eq!(device.handle("custom-data", &mut buf, 2, now, &mut rng), Outcome::Reply(2));
//! assert_eq!(&buf[..2], b"ok");
//! ```
//!
//! Features: `sec1` and `sec2` (both on by default) make [`AnySecurity`] offer those schemes; firmware that
//! uses one scheme names its type instead and links nothing else.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod application;
mod config;
mod ctrl;
mod device;
mod guesses;
mod handler;
mod names;
mod outcome;
mod provisioning;
mod quirks;
mod scan;
mod security;
mod version;

pub use application::{
    Application, HandlerFailed, ScanProgress, ThreadScanParams, WifiConfigRequest, WifiScanParams,
};
pub use device::Device;
pub use guesses::{Consequence, FREE_GUESSES, GuessLimit};
pub use names::Names;
pub use outcome::{Outcome, Refusal};
pub use provisioning::{AutoStop, Provisioning, ThreadProvisioning, WifiProvisioning};
pub use quirks::{BleStack, Firmware, Quirks};
pub use security::{AnySecurity, NoSecurity};
pub use version::VersionReply;
