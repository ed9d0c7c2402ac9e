//! Bluetooth LE as a link to an ESP32, on Linux (BlueZ), macOS and Windows.
//!
//! Finds devices ([`Bluetooth::scan`]), connects and learns which characteristic is which endpoint
//! ([`Bluetooth::connect`]), and carries requests ([`BleTransport`]): each is one write with response and one
//! read. The crate must never contain protocol messages or cryptography; bytes go in, bytes come out.
//!
//! ```no_run
//! use core::time::Duration;
//! use espprov_btleplug::{Bluetooth, ConnectOptions, DeviceFilter};
//! use espprov_transport::{Endpoint, Transport};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let bluetooth = Bluetooth::open(None).await?;
//! let filter = DeviceFilter::new().name_prefix("PROV_");
//! let found = bluetooth.find(&filter, Duration::from_secs(10)).await?;
//! let mut device = bluetooth.connect(&found, ConnectOptions::default()).await?;
//! let mut buf = [b'-'; 512]; // proto-ver wants a byte, any byte
//! let len = device.exchange(Endpoint::PROTO_VER, &mut buf, 1).await?;
//! println!("{}", String::from_utf8_lossy(&buf[..len]));
//! device.close().await;
//! # Ok(()) }
//! ```
//!
//! An application that already has a connected btleplug peripheral hands it to
//! [`BleTransport::from_connected`]. A runtime of tokio must be there: btleplug needs it, and so do the
//! deadlines and the tidying up after a cancelled call.

// The tests' peripheral names the crate as users do.
#[cfg(test)]
extern crate self as espprov_btleplug;

mod adapter;
mod advice;
mod bluetooth;
mod connect;
mod diagnosis;
mod endpoints;
mod error;
mod filter;
mod lease;
mod listing;
mod origin;
mod scan;
mod service;
mod sighting;
#[cfg(test)]
mod survival;
mod transport;
pub mod uuids;

/// Types of other crates that stand in this one's signatures.
pub use btleplug::api::BDAddr;
pub use uuid::Uuid;

pub use adapter::AdapterInfo;
pub use bluetooth::Bluetooth;
pub use connect::ConnectOptions;
pub use endpoints::EndpointMap;
pub use error::BleError;
pub use filter::DeviceFilter;
pub use scan::Scan;
pub use sighting::Discovered;
pub use transport::BleTransport;
