//! Shared helpers of the integration tests.

mod binary;
pub mod ble;
pub mod book;
pub mod central;
pub mod cli;
pub mod farm;
pub mod generate;
pub mod hand_made;
pub mod hostile;
pub mod pair;
pub mod raw;
pub mod rng;
pub mod srp;
pub mod tls;
pub mod tree;
pub mod vendor;
pub mod world;

pub use binary::bin;

/// The code in the documentation compiles, and what needs no device runs.
#[cfg(doctest)]
mod documentation {
    #[doc = include_str!("../../docs/src/device.md")]
    mod device {}
    #[doc = include_str!("../../docs/src/embedded.md")]
    mod embedded {}
    #[doc = include_str!("../../docs/src/engine.md")]
    mod engine {}
    #[doc = include_str!("../../docs/src/https.md")]
    mod https {}
    #[doc = include_str!("../../docs/src/library.md")]
    mod library {}
    #[doc = include_str!("../../README.md")]
    mod readme {}
    #[doc = include_str!("../../crates/espprov/README.md")]
    mod front_door {}
}
