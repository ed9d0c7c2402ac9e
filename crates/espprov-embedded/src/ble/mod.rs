//! Bluetooth LE: the client's end of the link on [`trouble_host`], for any controller that speaks HCI.
//!
//! The application owns the stack and runs its runner; this module finds a device, connects, lists its
//! endpoints and carries exchanges. Call order:
//!
//! 1. Wrap the controller in [`LongWrite`] and build the stack with it. The packet pool decides the MTU:
//!    trouble-host's own pool is sized at build time by `TROUBLE_HOST_DEFAULT_PACKET_POOL_MTU` (MTU + 4).
//! 2. Run the runner beside everything else, with a [`Finder`] as its event handler.
//! 3. [`Finder::find`] a device, [`BleTransport::connect`] to it, and give the transport to
//!    `espprov_core::Provisioner`.
//!
//! ```
//! use core::time::Duration;
//! use espprov_embedded::ble::{BleError, BleOptions, BleTransport, Filter, Finder, LongWrite, Prepared};
//! use espprov_transport::{Clock, Endpoint, Transport};
//! use trouble_host::prelude::*;
//!
//! /// Asks the first device in reach for its version; returns the length of the answer.
//! async fn version<C, P, K>(controller: C, clock: K, buf: &mut [u8]) -> Result<usize, BleError>
//! where
//!     P: PacketPool, // trouble-host's DefaultPacketPool, or your own
//!     K: Clock,
//!     C: Controller + bt_hci::controller::ControllerCmdSync<bt_hci::cmd::le::LeSetScanParams>,
//! {
//!     let prepared = Prepared::new();
//!     let mut resources: HostResources<P, 1, 2> = HostResources::new();
//!     let stack = trouble_host::new(LongWrite::new(controller, &prepared), &mut resources)
//!         .set_random_address(Address::random([1, 2, 3, 4, 5, 0xc6])) // yours, from entropy
//!         .build();
//!     let mut runner = stack.runner();
//!     let finder = Finder::new(Filter::any());
//!     let work = async {
//!         let found = finder.find(&stack, &clock, Duration::from_secs(10)).await?;
//!         let mut link = BleTransport::connect(&stack, &prepared, &clock, found.address, BleOptions::default()).await?;
//!         buf[..3].copy_from_slice(b"---"); // any bytes will do, but not none
//!         let answer = link.exchange(Endpoint::PROTO_VER, buf, 3).await;
//!         link.close().await;
//!         answer
//!     };
//!     match embassy_futures::select::select(runner.run_with_handler(&finder), work).await {
//!         embassy_futures::select::Either::First(_) => Err(BleError::Controller),
//!         embassy_futures::select::Either::Second(answer) => answer,
//!     }
//! }
//! ```

mod discovery;
mod error;
mod guard;
mod long_write;
mod scan;
mod transport;
mod uuid;

pub use error::BleError;
pub use long_write::{LongWrite, Prepared};
pub use scan::{Filter, Finder, Found, Name};
pub use transport::{BleOptions, BleTransport};
pub use uuid::ServiceUuid;
