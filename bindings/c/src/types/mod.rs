//! Structs and numbers of the header. Doc comments here are the header's: written for those who read C.

mod config;
mod numbers;
mod records;

pub use config::{EspprovConfig, EspprovSetupCode};
pub use numbers::*;
pub use records::*;
