//! ESP Local Control: a table of properties that a running device lets its clients list, read and set. The client half and
//! the device half.
//!
//! It is another protocol over the same session as provisioning: other endpoints ([`Protocol`]), another message. So all of it
//! is built on the public API of the crates below, as a protocol of your own would be:
//!
//! | here | built on |
//! |---|---|
//! | [`Protocol`] | `espprov_transport::Endpoints` |
//! | [`CountProperties`], [`GetProperties`], [`SetProperties`] | `espprov_core::request::Request`, for `ask` |
//! | [`List`], [`Set`] | `espprov_core::call::Dialogue`, for `run` |
//! | `InTurn` (feature `auto`) | `espprov_core::auth::Authenticator` |
//! | `device` (feature `device`) | `espprov_device::Application` |
//!
//! All is sans-IO: no sockets, no clock, no entropy source. It allocates for the properties of a reply, whose length the caller's
//! buffer bounds.
//!
//! ```
//! use espprov_core::call::Converse;
//! use espprov_core::{ProvisionError, Provisioner, auth::Auto};
//! use espprov_local_ctrl::{InTurn, List, Protocol};
//! use espprov_transport::{Clock, Reconnect};
//!
//! async fn show<T: Reconnect, R: rand_core::TryCryptoRng, C: Clock>(
//!     link: T, rng: R, clock: C,
//! ) -> Result<(), ProvisionError<T::Error>> {
//!     let local = Protocol::ESP_LOCAL_CTRL;
//!     let auth = InTurn::new(Auto::new().with_pop(b"abcd1234").expect("at most 128 bytes"));
//!     let mut device = Provisioner::new(link, auth, rng, clock, vec![0; 16 * 1024]).with_endpoints(local.endpoints);
//!     for property in device.run(Converse::new(List::new(&local))).await? {
//!         println!("{}: {} bytes", property.name, property.value.len());
//!     }
//!     device.close().await;
//!     Ok(())
//! }
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod client;
#[cfg(feature = "device")]
pub mod device;
mod message;
mod protocol;
#[cfg(all(test, feature = "device"))]
mod testing;
mod value;

#[cfg(feature = "auto")]
pub use client::in_turn::{InTurn, TurnHandshake};
pub use client::list::List;
pub use client::property::Property;
pub use client::requests::{CountProperties, GetProperties, NoProperties, SetProperties};
pub use client::set::{Change, NotSet, Refused, Set};
pub use message::{Entries, Indices, Info, Message, Values, kind};
pub use protocol::Protocol;
pub use value::{Convention, Type, Value, ValueError};

/// The most properties that a client takes for possible: stock applications have ten.
pub const MAX_PROPERTIES: u32 = 1024;
