//! One conformance suite for every transport that carries ESP32 provisioning.
//!
//! [`CASES`] are run one after the other, each on a device of its own and a link of its own: a simulated device
//! in the [`WORLD`] of the suite with the case's [`Scheme`], reached by whatever is under test. A case states
//! the longest request and reply it needs. Where a link cannot carry that, it passes by saying exactly so
//! ([`LinkFault::RequestTooLarge`](espprov_transport::LinkFault)) and by staying usable. [`Case::run`] takes an async
//! link and the async driver, [`Case::run_blocking`] a blocking link and the blocking driver, [`Case::run_client`] a client of one's own.
//!
//! The crate must never contain a `#[test]`, a transport or a device: whoever has those calls it, from host
//! tests or from a binary on another machine.
//!
//! ```
//! use espprov_conformance::{CASES, Failure, Tally};
//! use espprov_transport::{Clock, Reconnect};
//!
//! /// `link` sets up a device for the scheme, connects to it and returns the link.
//! async fn suite<T: Reconnect, C: Clock + Copy>(name: &str, clock: C, link: impl AsyncFn(u8, u8) -> T) -> Tally {
//!     let mut tally = Tally::default();
//!     for case in CASES {
//!         let (number, patch) = (case.scheme.number(), case.scheme.patch());
//!         tally.add(case, case.run(&mut link(number, patch).await, clock).await);
//!     }
//!     println!("{name}: {tally}");
//!     tally
//! }
//! ```
#![forbid(unsafe_code)]

mod bench;
mod bytes;
mod case;
mod client;
mod provisioning;
mod run;
mod tally;

pub use case::{CASES, Case, Scheme};
pub use client::{Client, ClientLink, Credentials, Ended, Told};
pub use tally::{Failure, Tally, Verdict};

/// The scenario of the device under test, in the simulator's format, without its security settings.
pub const WORLD: &str = include_str!("../device.toml");

/// Proof of possession under security 1 and password under security 2.
pub const SECRET: &str = "abcd1234";

/// User name under security 2.
pub const USERNAME: &str = espprov_core::DEFAULT_USERNAME;
