//! Bluetooth LE: the device's end of the link, a GATT server on [`trouble_host`], for any controller that speaks HCI.
//!
//! One service, one characteristic per endpoint, each with its name beside it (descriptor 0x2901). A client writes a request,
//! and reads the answer; either may be longer than a packet. One client at a time: its session lasts as long as its
//! connection. [`GattOptions`] says how the peripheral shows itself, and which firmware's habits it has.
//!
//! The application owns the stack and runs its runner:
//!
//! ```
//! use espprov_services::ble::{GattOptions, GattResources, GattServer, Guarded, ServeError, attributes};
//! use espprov_services::Access;
//! use espprov_transport::Clock;
//! use trouble_host::prelude::*;
//!
//! /// Serves `device` until the controller fails.
//! async fn peripheral<C: Controller, P: PacketPool>(
//!     controller: C, // the radio's
//!     device: impl Access,
//!     clock: impl Clock,
//!     options: GattOptions<'_>,
//! ) -> ServeError {
//!     let mut resources: HostResources<P, 1, 1> = HostResources::new();
//!     let stack = trouble_host::new(Guarded::new(controller), &mut resources)
//!         .set_random_address(Address::random([1, 2, 3, 4, 5, 0xc6])) // yours, from entropy
//!         .build();
//!     let mut runner = stack.runner();
//!     let mut buf = [0; 640];
//!     let mut memory: GattResources<'_, 6, { attributes(6) }> = GattResources::new(&mut buf);
//!     let server = GattServer::new(device, clock, options);
//!     let mut observer = |event| { /* a lamp, perhaps */ };
//!     let serving = server.serve(&stack, &mut memory, &mut observer);
//!     match embassy_futures::select::select(runner.run(), serving).await {
//!         embassy_futures::select::Either::First(_) => ServeError::Controller,
//!         embassy_futures::select::Either::Second(error) => error,
//!     }
//! }
//! ```
//!
//! What a stranger within reach can do: hold the one link, for as long as [`Patience`] allows. Whatever else it sends, the next
//! client is served: malformed requests end the connection ([`Guarded`]), a value takes what it has room for, and who takes no
//! answers or has gone is not waited for.

mod advertising;
mod exchange;
mod guard;
mod link;
mod options;
mod table;

pub use guard::Guarded;
pub use link::GattServer;
pub use options::{
    BleEvent, DEFAULT_SERVICE, GattOptions, LOCAL_CONTROL_SERVICE, MAX_VALUE, Patience, ServeError,
};
pub use table::{GattResources, attributes};
