//! The protobuf messages of Espressif's unified provisioning protocol: bytes to values and back, and nothing else.
//! No meaning, no state, no I/O.
//!
//! There are two ways to them:
//!
//! * Requests ([`Command`], [`SetWifiConfigRef`] …, read by [`ConfigRequest`] …), replies ([`WifiStatusReply`] …) and the
//!   handshake ([`SessionMessage`]) as views of borrowed bytes, on the small reader and writer of [`wire`]. No heap, and
//!   little flash: what firmware links, the client and the device.
//! * All messages of both sides as owned structs, with the feature `messages` (on by default): generated from
//!   `proto/*.proto` by `cargo xtask codegen` and committed, so building needs no protobuf compiler. This crate is
//!   the only one that names `prost`; everyone else calls `decode` and `encode`.
//!
//! The tests hold the first against the second, field by field. Therefore the views are exhaustive, as the messages are: a
//! field that a future device sends is a new version of this crate, and of nothing above it, where they do not show.
//!
//! ```
//! use espprov_proto::{Command, WifiStatusReply};
//!
//! let mut buf = [0; 16];
//! let len = Command::GET_WIFI_STATUS.write(&[], &mut buf).unwrap();
//! assert_eq!(&buf[..len], [0x52, 0x00]);
//! let reply = WifiStatusReply::read(&[0x08, 0x01, 0x5a, 0x02, 0x10, 0x03]).unwrap();
//! assert_eq!((reply.msg, reply.case, reply.state), (1, 11, 3)); // ConnectionFailed
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

#[cfg(any(feature = "messages", test))]
extern crate alloc;
#[cfg(test)]
extern crate std;

mod codec;
mod device;
mod handshake;
mod replies;
mod requests;
#[cfg(feature = "messages")]
mod secret;
pub mod wire;

#[cfg(feature = "messages")]
pub use codec::{Decode, Encode, decode, encode, encoded_len};
pub use codec::{EncodeError, Malformed};
pub use device::{ConfigRequest, CtrlRequest, ScanContent, ScanRequest};
pub use handshake::{Scheme, SessionMessage, Step, write_session};
pub use replies::{
    ConfigReply, CtrlReply, Entries, ScanReply, StateReply, ThreadAttached, ThreadDetail, ThreadEntry,
    ThreadStatusReply, WifiConnected, WifiDetail, WifiEntry, WifiStatusReply,
};
pub use requests::{Command, Config, Ctrl, Scan, SetThreadConfigRef, SetWifiConfigRef};

/// Status codes and Wi-Fi authentication modes, shared by all families.
#[cfg(feature = "messages")]
#[allow(missing_docs, reason = "generated: the .proto files carry the comments")]
#[rustfmt::skip]
#[path = "generated/common.rs"]
pub mod common;

/// Endpoint `prov-config`: set, apply and status of Wi-Fi and Thread.
#[cfg(feature = "messages")]
#[allow(missing_docs, clippy::enum_variant_names, reason = "generated")]
#[rustfmt::skip]
#[path = "generated/config.rs"]
pub mod config;

/// Endpoint `prov-ctrl`: reset and reprov.
#[cfg(feature = "messages")]
#[allow(missing_docs, clippy::enum_variant_names, reason = "generated")]
#[rustfmt::skip]
#[path = "generated/ctrl.rs"]
pub mod ctrl;

/// Endpoint `esp_local_ctrl/control`: the properties of a running device.
#[cfg(feature = "messages")]
#[allow(missing_docs, clippy::enum_variant_names, reason = "generated")]
#[rustfmt::skip]
#[path = "generated/local_ctrl.rs"]
pub mod local_ctrl;

/// Endpoint `prov-scan`: start, status and results of Wi-Fi and Thread scans.
#[cfg(feature = "messages")]
#[allow(missing_docs, clippy::enum_variant_names, reason = "generated")]
#[rustfmt::skip]
#[path = "generated/scan.rs"]
pub mod scan;

/// Endpoint `prov-session`: the handshake messages of security 0, 1 and 2.
#[cfg(feature = "messages")]
#[allow(missing_docs, clippy::enum_variant_names, reason = "generated")]
#[rustfmt::skip]
#[path = "generated/session.rs"]
pub mod session;
