//! Shared helpers of the integration tests.

pub mod rng;
pub mod vendor;
