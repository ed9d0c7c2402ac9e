//! What serves the device half of ESP32 provisioning to clients, link by link.
//!
//! A [`Service`] is the device as a link sees it: requests in, answers out, in the buffer of whoever owns the link.
//! [`DeviceService`] makes one of an `espprov_device::Device`; the simulated ESP32 is another. Several links reach the same
//! service through [`Access`], one after the other, for a device has one session.
//!
//! | module | feature | what |
//! |---|---|---|
//! | [`console`] | `console_io_07` (default) | a console server over any `embedded-io-async` reader and writer |
//! | [`http`] | `http_io_07` (default) | the HTTP server of a device over sockets of your stack |
//! | `ble` | `trouble_08` | a GATT server on trouble-host |
//!
//! A feature is named for the version of the crate whose types show in its signatures: the next version gets a feature
//! beside it, and nobody's build breaks.
//!
//! Never in here: sockets, radios, a runtime, an allocator, messages of the protocol. What a peer sends chooses no size, and every
//! wait has an end.
//!
//! ```
//! use core::time::Duration;
//! use espprov_device::{Application, Device, NoSecurity, Quirks};
//! use espprov_services::{Access, Answer, DeviceService, Local, Service};
//!
//! struct Lamp;
//! impl Application for Lamp {}
//! # struct Rng;
//! # impl rand_core::TryRng for Rng {
//! #     type Error = core::convert::Infallible;
//! #     fn try_next_u32(&mut self) -> Result<u32, Self::Error> { Ok(0) }
//! #     fn try_next_u64(&mut self) -> Result<u64, Self::Error> { Ok(0) }
//! #     fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> { Ok(()) }
//! # }
//! # impl rand_core::TryCryptoRng for Rng {}
//! # let rng = Rng;
//! let device = Device::new("v1.1", NoSecurity::default(), Lamp, Quirks::default());
//! let shared = Local::new(DeviceService::new(device, rng));
//!
//! // A link: a client has come, with a first request.
//! shared.connect();
//! let mut buf = [b'-'; 64];
//! let now = Duration::ZERO; // since power-up
//! let answer = shared.with(|service| service.handle("proto-ver", &mut buf, 3, now));
//! assert_eq!(answer, Answer::Reply(4));
//! assert_eq!(&buf[..4], b"v1.1");
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

#[cfg(test)]
extern crate std;

mod access;
#[cfg(feature = "trouble_08")]
pub mod ble;
#[cfg(any(feature = "console_io_07", feature = "http_io_07"))]
mod breathe;
#[cfg(feature = "console_io_07")]
pub mod console;
mod device;
mod handlers;
#[cfg(feature = "http_io_07")]
pub mod http;
mod ids;
mod service;
#[cfg(test)]
mod testing;

pub use access::{Access, Local, State};
pub use device::DeviceService;
pub use handlers::is_served;
pub use ids::with_ids;
pub use service::{Answer, Presence, Service};
