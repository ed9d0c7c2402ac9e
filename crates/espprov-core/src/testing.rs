//! What the tests of several modules share.

use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;
use espprov_transport::{LinkFault, TransportError};
use rand_core::{TryCryptoRng, TryRng};

/// Bytes from hex, for tests.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
        .collect()
}

/// A link's error: a fault and nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken(pub(crate) LinkFault);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl core::error::Error for Broken {}

impl TransportError for Broken {
    fn fault(&self) -> LinkFault {
        self.0
    }
}

/// Always the same number.
pub(crate) struct Dice(pub(crate) u32);

impl TryRng for Dice {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0)
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from(self.0))
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(self.0.to_le_bytes()[0]);
        Ok(())
    }
}

impl TryCryptoRng for Dice {}
