//! Provision ESP32 devices: the front door.
//!
//! One dependency, any link, and errors that tell what to do:
//!
//! ```
//! # #[cfg(feature = "simulator")]
//! # fn main() -> Result<(), espprov::Error> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let mut device = espprov::connect("sim:zero").pop("abcd1234").open().await?;
//! let joined = device.provision("Home", "correct-horse").await?;
//! println!("online at {:?}", joined.ip());
//! device.close().await;
//! # Ok(()) }) }
//! # #[cfg(not(feature = "simulator"))]
//! # fn main() {}
//! ```
//!
//! [`connect`] takes every target of the command `espprov`: `ble:PROV_1A2B`, `softap`, `serial:/dev/ttyUSB0`, `sim`, the text of a setup code. What
//! goes wrong is an [`Error`]: what happened, its likely cause, what to do next, and a code for programs. [`blocking`] is the same for
//! programs without async.
//!
//! | feature | brings | needs |
//! |---|---|---|
//! | `http` (default) | devices on their own Wi-Fi network or any other | |
//! | `https` | devices that speak HTTP over TLS ([`Tls`]), with ring for the cryptography | a C compiler |
//! | `tls` | the same with the crypto provider that the program has installed in rustls | |
//! | `ble` | Bluetooth LE | BlueZ on Linux |
//! | `serial` | serial consoles | |
//! | `simulator` | simulated devices: `sim` | |
//! | `network` | devices that announce themselves on the network ([`network`]) | |
//! | `blocking` | [`blocking`] | |
//!
//! Without features the crate is `no_std` with `alloc` and builds for `wasm32`: the errors in plain words ([`explain`]), said to a command line,
//! a program or a page ([`Caller`]), for links of one's own.
//!
//! A device that is on its network already may have properties to list, read and set: `connect(…).open_local_control()` opens a
//! `LocalControl`.
//!
//! Everything below stays within reach: [`Device::driver`] is the provisioner of `espprov-core`, and [`Connect::open_over`] takes any
//! `espprov_transport::Reconnect`.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]

extern crate alloc;
#[cfg(any(feature = "tokio", test))]
extern crate std;

#[cfg(feature = "blocking")]
pub mod blocking;
mod caller;
#[cfg(feature = "tokio")]
mod connect;
mod credentials;
#[cfg(any(feature = "ble", feature = "http", feature = "serial"))]
mod deadline;
#[cfg(feature = "tokio")]
mod device;
pub mod error;
pub mod explain;
#[cfg(feature = "tokio")]
pub mod link;
#[cfg(feature = "tokio")]
pub mod local_control;
#[cfg(feature = "network")]
pub mod network;
mod place;
#[cfg(feature = "tokio")]
mod recipe;
#[cfg(feature = "serial")]
pub mod serial;
#[cfg(feature = "tokio")]
pub mod target;
pub mod text;

pub use caller::Caller;
#[cfg(feature = "tokio")]
pub use connect::{Connect, connect};
pub use credentials::{Credentials, Secret};
#[cfg(feature = "tokio")]
pub use device::{Device, Driver, Joined, Listener};
pub use error::{Class, Error, Stage};
#[cfg(feature = "tokio")]
pub use local_control::{LocalControl, LocalDriver, NewValue};
pub use place::{LinkKind, Place};
#[cfg(feature = "tokio")]
pub use recipe::Recipe;
#[cfg(feature = "tokio")]
pub use target::{Parsed, Target};

#[cfg(feature = "tls")]
pub use espprov_http::{Fingerprint, Tls};

pub use espprov_core::auth::{SecurityChoice, SessionSecurity};
pub use espprov_core::call::Side;
pub use espprov_core::request::ControlAction;
pub use espprov_core::{
    AccessPoint, AuthMode, Bssid, DeviceInfo, Event, SecurityScheme, SetupPayload, Ssid, ThreadAttachment,
    ThreadDataset, ThreadNetwork, ThreadStatus, WifiConnection, WifiStatus,
};
pub use espprov_local_ctrl::Property;
#[cfg(feature = "tokio")]
pub use espprov_tokio::{TokioClock, TokioRuntime};
