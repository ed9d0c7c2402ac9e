//! The client half of ESP32 provisioning: give a device its Wi-Fi or Thread credentials.
//!
//! Three levels, and the first two are sans-IO:
//!
//! * [`Session`] and [`request`]: typed request in, bytes out, bytes in, typed answer out.
//! * [`Engine`] and [`call`]: handshake by policy, scan, set, apply, follow until the device is online. It says what to do
//!   on the link and until when; you do it. For a bare loop, another language, a runtime of your own.
//! * [`Provisioner`] and [`blocking::Provisioner`] do it, over any async [`Transport`](espprov_transport::Transport) or any
//!   [`blocking::Link`](espprov_transport::blocking::Link).
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
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod auth;
pub mod blocking;
#[cfg(test)]
mod blocking_tests;
pub mod call;
mod deadlines;
mod driver;
mod engine;
mod error;
mod event;
mod failure;
pub mod request;
mod session;
#[cfg(test)]
mod testing;
mod wifi_config;

pub use call::{Outcome, ScanOptions};
pub use deadlines::Deadlines;
pub use driver::Provisioner;
pub use engine::{Engine, Input, Misuse, Parts, Step};
pub use error::{ReplyError, SessionError};
pub use event::{Event, Observer};
pub use failure::{Phase, ProvisionError};
pub use session::{Pending, Session};
pub use wifi_config::{WifiConfig, WifiConfigError};

pub use espprov_security::Budget;
pub use espprov_types::{
    AccessPoint, AuthMode, Bssid, DEFAULT_USERNAME, DeviceInfo, SecurityScheme, SetupPayload, Ssid,
    StatusCode, ThreadAttachment, ThreadDataset, ThreadFailure, ThreadName, ThreadNetwork, ThreadStatus,
    WifiConnection, WifiFailure, WifiStatus,
};
