//! Where a handle's random numbers come from.

use getrandom::{Error, SysRng};
use rand_core::utils::next_word_via_fill;
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

/// The given bytes are used up.
const USED_UP: Error = Error::new_custom(0);

impl TryRng for Entropy {
    type Error = Error;

    fn try_next_u32(&mut self) -> Result<u32, Error> {
        next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Error> {
        next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Error> {
        match self {
            Self::System => SysRng.try_fill_bytes(out),
            Self::Given { bytes, used } => {
                let rest = bytes.get(*used..).unwrap_or_default();
                let next = rest.get(..out.len()).ok_or(USED_UP)?;
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
        assert_eq!(entropy.try_next_u32(), Err(USED_UP));
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
