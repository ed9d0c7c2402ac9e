//! Entropy that a test has written down.

use core::fmt;
use rand_core::utils::next_word_via_fill;
use rand_core::{TryCryptoRng, TryRng};

/// Gives out the bytes it was made with, then fails: a test that draws more than it scripted is wrong.
#[derive(Debug, Clone)]
pub struct Script {
    bytes: Vec<u8>,
    used: usize,
}

impl Script {
    /// A source of exactly these bytes.
    #[must_use]
    pub fn new(parts: &[&[u8]]) -> Self {
        Self {
            bytes: parts.concat(),
            used: 0,
        }
    }
}

/// The script is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsedUp;

impl fmt::Display for UsedUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("scripted entropy is used up")
    }
}

impl core::error::Error for UsedUp {}

impl TryRng for Script {
    type Error = UsedUp;

    fn try_next_u32(&mut self) -> Result<u32, UsedUp> {
        next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, UsedUp> {
        next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), UsedUp> {
        let end = self.used + out.len();
        out.copy_from_slice(self.bytes.get(self.used..end).ok_or(UsedUp)?);
        self.used = end;
        Ok(())
    }
}

impl TryCryptoRng for Script {}
