//! espprov for the production line: many devices, their labels and their records.
//!
//! | module | feature | what it has |
//! |---|---|---|
//! | [`code`] | `codes`, `pictures` | setup codes as pictures: drawn for terminals, as SVG and PNG, read from PNG and JPEG photographs |
//! | [`factory`] | `factory` | names, secrets, verifiers, NVS data, manifest and label sheet of a series |
//! | [`nvs`] | | the CSV of ESP-IDF's NVS partition generator |
//! | [`manifest`] | | many devices, read from CSV or TOML with every mistake named |
//! | [`ledger`] | | what became of each, kept through power cuts |
//! | `shared` | `postgres`, `ring` | the same for several stations, in a database; the only module that waits, on tokio |
//!
//! This crate talks to no device and asks for no terminal; randomness comes in as an argument. It must never contain protocol.
//!
//! ```
//! # #[cfg(all(feature = "codes", feature = "pictures"))] {
//! use espprov_line::code::{Code, read};
//!
//! let code = Code::new(r#"{"ver":"v1","name":"PROV_1","pop":"abcd1234","transport":"ble"}"#)?;
//! let png = code.png(8);
//! assert_eq!(read(&png).unwrap(), [r#"{"ver":"v1","name":"PROV_1","pop":"abcd1234","transport":"ble"}"#]);
//! # }
//! # Ok::<(), espprov_line::code::TooMuch>(())
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(any(feature = "codes", feature = "pictures"))]
pub mod code;
#[cfg(feature = "factory")]
pub mod factory;
pub mod ledger;
pub mod manifest;
pub mod nvs;
#[cfg(feature = "postgres")]
pub mod shared;
