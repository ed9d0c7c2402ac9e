//! The protobuf messages of Espressif's unified provisioning protocol.
//!
//! Generated from `proto/*.proto` by `cargo xtask codegen` and committed, so building needs no protobuf
//! compiler. This crate holds bytes-to-structs and nothing else: no meaning, no state, no I/O. It is the
//! only crate that names `prost`; everyone else calls [`decode`] and [`encode`].
//!
//! ```
//! use espprov_proto::{config, decode, encode};
//!
//! let mut buf = [0; 16];
//! let status_request = config::NetworkConfigPayload {
//!     msg: config::NetworkConfigMsgType::TypeCmdGetWifiStatus as i32,
//!     payload: Some(config::network_config_payload::Payload::CmdGetWifiStatus(config::CmdGetWifiStatus {})),
//! };
//! let len = encode(&status_request, &mut buf).unwrap();
//! assert_eq!(&buf[..len], [0x52, 0x00]);
//! assert_eq!(decode::<config::NetworkConfigPayload>(&buf[..len]).unwrap(), status_request);
//! ```
#![no_std]

extern crate alloc;

mod borrowed;
mod codec;
mod entries;
mod secret;

pub use borrowed::{SetThreadConfigRef, SetWifiConfigRef};
pub use codec::{Decode, Encode, EncodeError, Malformed, decode, encode, encoded_len};
pub use entries::count_scan_entries;

/// Status codes and Wi-Fi authentication modes, shared by all families.
#[allow(missing_docs, reason = "generated: the .proto files carry the comments")]
#[rustfmt::skip]
#[path = "generated/common.rs"]
pub mod common;

/// Endpoint `prov-config`: set, apply and status of Wi-Fi and Thread.
#[allow(missing_docs, clippy::enum_variant_names, reason = "generated")]
#[rustfmt::skip]
#[path = "generated/config.rs"]
pub mod config;

/// Endpoint `prov-ctrl`: reset and reprov.
#[allow(missing_docs, clippy::enum_variant_names, reason = "generated")]
#[rustfmt::skip]
#[path = "generated/ctrl.rs"]
pub mod ctrl;

/// Endpoint `prov-scan`: start, status and results of Wi-Fi and Thread scans.
#[allow(missing_docs, clippy::enum_variant_names, reason = "generated")]
#[rustfmt::skip]
#[path = "generated/scan.rs"]
pub mod scan;

/// Endpoint `prov-session`: the handshake messages of security 0, 1 and 2.
#[allow(missing_docs, clippy::enum_variant_names, reason = "generated")]
#[rustfmt::skip]
#[path = "generated/session.rs"]
pub mod session;
