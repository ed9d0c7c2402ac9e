//! Where a handle's random numbers come from.

use core::fmt;
use getrandom::SysRng;
use rand_core::{TryCryptoRng, TryRng};
use zeroize::Zeroizing;

/// The operating system, or bytes that the caller of a test gave.
pub(crate) enum Entropy {
    System,
    /// Used once each, from the front; then there is no more.
    Given {
        bytes: Zeroizing<Vec<u8>>,
        used: usize,
    },
}

/// There are no random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoEntropy;

impl fmt::Display for NoEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there are no random numbers")
    }
}

impl core::error::Error for NoEntropy {}

impl TryRng for Entropy {
    type Error = NoEntropy;

    fn try_next_u32(&mut self) -> Result<u32, NoEntropy> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, NoEntropy> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), NoEntropy> {
        match self {
            Self::System => SysRng.try_fill_bytes(out).map_err(|_| NoEntropy),
            Self::Given { bytes, used } => {
                let rest = bytes.get(*used..).unwrap_or_default();
                let next = rest.get(..out.len()).ok_or(NoEntropy)?;
                out.copy_from_slice(next);
                *used = used.saturating_add(out.len());
                Ok(())
            }
        }
    }
}

impl TryCryptoRng for Entropy {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_bytes_are_used_once_and_in_order() {
        let bytes = Zeroizing::new((1..=9).collect());
        let mut entropy = Entropy::Given { bytes, used: 0 };
        assert_eq!(entropy.try_next_u32(), Ok(u32::from_le_bytes([1, 2, 3, 4])));
        let mut four = [0; 4];
        assert_eq!((entropy.try_fill_bytes(&mut four), four), (Ok(()), [5, 6, 7, 8]));
        assert_eq!(entropy.try_next_u32(), Err(NoEntropy));
        assert_eq!((entropy.try_fill_bytes(&mut four[..1]), four[0]), (Ok(()), 9));
    }

    #[test]
    fn the_system_gives_other_bytes_each_time() {
        let (mut one, mut other) = ([0; 32], [0; 32]);
        assert_eq!(Entropy::System.try_fill_bytes(&mut one), Ok(()));
        assert_eq!(Entropy::System.try_fill_bytes(&mut other), Ok(()));
        assert_ne!(one, other);
    }
}
