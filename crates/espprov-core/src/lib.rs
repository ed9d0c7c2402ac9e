//! The client half of ESP32 provisioning: give a device its Wi-Fi or Thread credentials.
//!
//! Two levels. [`Session`] and [`request`] are sans-IO: typed request in, bytes out, bytes in, typed answer
//! out. [`Provisioner`] drives them over any [`Transport`](espprov_transport::Transport): handshake by policy,
//! scan, set, apply, follow until the device is online, with a deadline on every wait.
//!
//! This crate knows no socket, runtime, clock, log or entropy source; they come in as arguments. It allocates
//! for the networks of a scan and nothing else.
//!
//! ```
//! use espprov_core::request::{Request, SetWifi};
//! use espprov_core::WifiConfig;
//!
//! let config = WifiConfig::new(b"Home", b"correct-horse")?;
//! let mut buf = [0; 128];
//! let len = SetWifi(&config).encode(&mut buf).unwrap();
//! assert_eq!(SetWifi(&config).endpoint().as_str(), "prov-config");
//! assert!(len < 40);
//! # Ok::<(), espprov_core::WifiConfigError>(())
//! ```
#![no_std]
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::arithmetic_side_effects
    )
)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod auth;
mod driver;
mod error;
pub mod request;
mod session;
mod wifi_config;

pub use driver::{Deadlines, Event, Observer, Outcome, Phase, ProvisionError, Provisioner, ScanOptions};
pub use error::{ReplyError, SessionError};
pub use session::{Pending, Session};
pub use wifi_config::{WifiConfig, WifiConfigError};

pub use espprov_types::{
    AccessPoint, AuthMode, Bssid, DeviceInfo, SecurityScheme, SetupPayload, Ssid, StatusCode,
    ThreadAttachment, ThreadDataset, ThreadFailure, ThreadName, ThreadNetwork, ThreadStatus, WifiConnection,
    WifiFailure, WifiStatus,
};

#[cfg(test)]
mod test_hex {
    use alloc::vec::Vec;

    /// Bytes from hex, for tests.
    pub(crate) fn hex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
            .collect()
    }
}
