//! Entropy that a test has written down.

use rand_core::utils::next_word_via_fill;
use rand_core::{TryCryptoRng, TryRng};
use std::io::{Cursor, Read as _, Result};

/// Gives out the bytes it was made with, then fails: a test that draws more than it scripted is wrong.
#[derive(Debug, Clone)]
pub struct Script(Cursor<Vec<u8>>);

impl Script {
    /// A source of exactly these bytes.
    #[must_use]
    pub fn new(parts: &[&[u8]]) -> Self {
        Self(Cursor::new(parts.concat()))
    }
}

impl TryRng for Script {
    type Error = std::io::Error;

    fn try_next_u32(&mut self) -> Result<u32> {
        next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64> {
        next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<()> {
        self.0.read_exact(out)
    }
}

impl TryCryptoRng for Script {}
