//! A simulated ESP32: provision it in memory, over HTTP or on a console, without any hardware.
//!
//! The protocol itself lives in `espprov-device`; this crate wraps it in a world: networks in the air, delays,
//! a link that costs what a real one costs, faults, virtual time. It must never contain cryptography or message
//! formats of its own, and nothing that only a simulated device could do.
//!
//! The feature `servers` (on by default) has the [HTTP server](http) and the [console], with tokio below them. Without it
//! everything else is there, and builds for `wasm32-unknown-unknown`.
//!
//! ```
//! use espprov_simulator::{LinkModel, MemoryTransport, Scenario, Shared, SimDevice, VirtualClock, block_on};
//! use espprov_transport::{Endpoint, Transport};
//!
//! let device = Shared::new(SimDevice::new(Scenario::builtin("default")?)?);
//! let clock = VirtualClock::new();
//! let mut link = MemoryTransport::new(device, clock.clone(), LinkModel::nimble());
//! let mut buf = [b'-'; 512]; // proto-ver wants a byte, any byte
//! let len = block_on(&clock, link.exchange(Endpoint::PROTO_VER, &mut buf, 1))?;
//! assert!(buf[..len].starts_with(b"{"));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "servers")]
pub mod console;
pub mod device;
pub mod event;
pub mod fault;
#[cfg(feature = "servers")]
pub mod http;
pub mod link;
pub mod memory;
mod named;
pub mod scenario;
mod secret;
pub mod service;
pub mod time;
mod world;

#[cfg(feature = "servers")]
pub use console::Console;
pub use device::SimDevice;
pub use event::SimEvent;
pub use fault::{Fault, FaultyTransport, Injection};
#[cfg(feature = "servers")]
pub use http::HttpServer;
pub use link::LinkModel;
pub use memory::{MemoryError, MemoryTransport};
pub use scenario::{Scenario, ScenarioError};
pub use secret::Secret;
pub use service::{Access, Answer, Presence, Service, Shared};
pub use time::{VirtualClock, block_on};
