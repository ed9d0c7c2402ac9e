//! The vocabulary of ESP32 provisioning, shared by the client half and the device half.
//!
//! Plain values with their rules: SSIDs as bytes, addresses, access points, status, Thread datasets, the
//! proto-ver document, the setup payload. No I/O, no protobuf, no cipher, no heap.
//!
//! ```
//! use espprov_types::{AuthMode, Bssid, Ssid};
//!
//! let ssid = Ssid::new(b"caf\xe9").unwrap(); // latin-1: fine, SSIDs are bytes
//! assert_eq!(ssid.to_string(), "caf\u{fffd}");
//! let bssid: Bssid = "24:0a:c4:00:14:7f".parse().unwrap();
//! assert_eq!(bssid.octets()[0], 0x24);
//! assert_eq!(AuthMode::from_wire(99), AuthMode::Unknown(99)); // newer chips send what we do not know yet
//! ```
#![no_std]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

#[cfg(test)]
extern crate std;

mod access_point;
mod auth_mode;
mod bounded;
mod bssid;
mod dataset;
pub mod hex;
mod info;
pub mod json;
mod payload;
mod secret;
mod ssid;
mod status;
mod thread;
mod wifi;

pub use access_point::AccessPoint;
pub use auth_mode::AuthMode;
pub use bounded::{ShortList, ShortStr};
pub use bssid::{Bssid, InvalidBssid};
pub use dataset::{DatasetError, ThreadDataset};
pub use info::{AppInfo, Capabilities, DeviceInfo, InfoError, SecurityScheme};
pub use payload::{
    DEFAULT_USERNAME, MAX_CREDENTIAL, PayloadError, PayloadField, SetupNetwork, SetupPayload, SetupTransport,
};
pub use secret::{Secret, TooLong};
pub use ssid::{InvalidSsid, Ssid};
pub use status::StatusCode;
pub use thread::{ThreadAttachment, ThreadFailure, ThreadName, ThreadNetwork, ThreadStatus};
pub use wifi::{WifiConnection, WifiFailure, WifiStatus};
