//! The device half: a table of properties behind an `espprov_device::Device`.
//!
//! An application implements [`Properties`] and hands it to [`device`]; what comes of that is served like any device, by the
//! servers of `espprov-services` for example.
//!
//! ```
//! use core::time::Duration;
//! use espprov_device::{NoSecurity, Outcome, Quirks};
//! use espprov_local_ctrl::device::{self, Changes, Entry, Properties, Rejected, Version};
//! use espprov_local_ctrl::{Message, Protocol};
//!
//! /// A lamp with one property.
//! struct Lamp {
//!     on: bool,
//! }
//!
//! impl Properties for Lamp {
//!     fn count(&self) -> u32 {
//!         1
//!     }
//!
//!     fn read(&mut self, _: u32, give: &mut dyn FnMut(&Entry<'_>)) -> Result<(), Rejected> {
//!         give(&Entry::new("on", 2, &[self.on.into()]));
//!         Ok(())
//!     }
//!
//!     fn size(&self, _: u32) -> Option<usize> {
//!         Some(1)
//!     }
//!
//!     fn set(&mut self, changes: Changes<'_>) -> Result<(), Rejected> {
//!         for (_, value) in changes {
//!             self.on = value != [0];
//!         }
//!         Ok(())
//!     }
//! }
//!
//! # struct Rng;
//! # impl rand_core::TryRng for Rng {
//! #     type Error = core::convert::Infallible;
//! #     fn try_next_u32(&mut self) -> Result<u32, Self::Error> { Ok(0) }
//! #     fn try_next_u64(&mut self) -> Result<u64, Self::Error> { Ok(0) }
//! #     fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> { Ok(()) }
//! # }
//! # impl rand_core::TryCryptoRng for Rng {}
//! # let mut rng = Rng;
//! let local = Protocol::ESP_LOCAL_CTRL;
//! let version = Version::Json { security: 0, patch: 0 };
//! let mut lamp = device::device(&local, version, NoSecurity::default(), Lamp { on: false }, Quirks::default());
//! let mut buf = [0; 64];
//! buf[..2].copy_from_slice(&[0x52, 0]); // how many properties?
//! let outcome = lamp.handle("esp_local_ctrl/control", &mut buf, 2, Duration::ZERO, &mut rng);
//! assert_eq!(outcome, Outcome::Reply(6));
//! assert_eq!(Message::read(&buf[..6]).map(|reply| reply.count), Ok(1));
//! ```

mod answer;
mod serve;
mod table;
mod version;

pub use answer::{Changes, Refusal, Rules, answer};
pub use serve::{CONTROL_ID, LocalControl, device, names};
pub use table::{Entry, Properties, Rejected};
pub use version::Version;
