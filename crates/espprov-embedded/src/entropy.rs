//! Entropy from the random number generators that HALs offer.
//!
//! The driver takes `rand_core` 0.10's `TryCryptoRng`. HALs of an older generation implement the traits of 0.9
//! or 0.6; these wrappers carry them over. Only sources that call themselves cryptographic fit: a hardware
//! generator in its conditioned mode, or a ChaCha generator seeded from one.
//!
//! | the HAL's generator implements | wrap it in |
//! |---|---|
//! | `rand_core` 0.10 `TryCryptoRng` | nothing |
//! | `rand_core` 0.9 `TryCryptoRng` (or `CryptoRng`) | [`Rng09`] (feature `rand_core_09`) |
//! | `rand_core` 0.6 `RngCore + CryptoRng` | [`Rng06`] (feature `rand_core_06`) |
//! | nothing but a register | own `TryRng` in ten lines, reporting health-test failures as its error |

use core::fmt;
use rand_core::{TryCryptoRng, TryRng};

/// The generator reported a failure; it has no standard error type to pass on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntropyError;

impl fmt::Display for EntropyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the random number generator failed")
    }
}

impl core::error::Error for EntropyError {}

/// A generator of the `rand_core` 0.6 generation.
#[cfg(feature = "rand_core_06")]
#[derive(Debug, Clone)]
pub struct Rng06<R>(pub R);

/// A generator of the `rand_core` 0.9 generation.
#[cfg(feature = "rand_core_09")]
#[derive(Debug, Clone)]
pub struct Rng09<R>(pub R);

/// Everything by way of `try_fill_bytes`: the older `next_u32` has no way to report a failure.
macro_rules! by_filling {
    ($wrapper:ident, $($bound:tt)+) => {
        impl<R: $($bound)+> TryRng for $wrapper<R> {
            type Error = EntropyError;

            fn try_next_u32(&mut self) -> Result<u32, EntropyError> {
                let mut bytes = [0; 4];
                self.try_fill_bytes(&mut bytes)?;
                Ok(u32::from_le_bytes(bytes))
            }

            fn try_next_u64(&mut self) -> Result<u64, EntropyError> {
                let mut bytes = [0; 8];
                self.try_fill_bytes(&mut bytes)?;
                Ok(u64::from_le_bytes(bytes))
            }

            fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
                self.0.try_fill_bytes(bytes).map_err(|_| EntropyError)
            }
        }

        impl<R: $($bound)+> TryCryptoRng for $wrapper<R> {}
    };
}

#[cfg(feature = "rand_core_06")]
by_filling!(Rng06, rand_core_06::RngCore + rand_core_06::CryptoRng);
#[cfg(feature = "rand_core_09")]
by_filling!(Rng09, rand_core_09::TryCryptoRng);

#[cfg(all(test, feature = "rand_core_06", feature = "rand_core_09"))]
mod tests {
    use super::*;

    /// Counts; fails when it has none left, as a hardware generator whose health test failed does.
    struct Counter {
        next: u8,
        left: usize,
    }

    impl Counter {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
            self.left = self.left.checked_sub(bytes.len()).ok_or(EntropyError)?;
            for byte in bytes {
                self.next += 1;
                *byte = self.next;
            }
            Ok(())
        }
    }

    impl rand_core_06::RngCore for Counter {
        fn next_u32(&mut self) -> u32 {
            unreachable!("cannot report failures")
        }
        fn next_u64(&mut self) -> u64 {
            unreachable!("cannot report failures")
        }
        fn fill_bytes(&mut self, _: &mut [u8]) {
            unreachable!("cannot report failures")
        }
        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core_06::Error> {
            self.fill(bytes).map_err(|_| {
                core::num::NonZeroU32::new(rand_core_06::Error::CUSTOM_START)
                    .unwrap()
                    .into()
            })
        }
    }
    impl rand_core_06::CryptoRng for Counter {}

    struct Counter09(Counter);
    impl rand_core_09::TryRngCore for Counter09 {
        type Error = EntropyError;
        fn try_next_u32(&mut self) -> Result<u32, EntropyError> {
            unreachable!("not used")
        }
        fn try_next_u64(&mut self) -> Result<u64, EntropyError> {
            unreachable!("not used")
        }
        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
            self.0.fill(bytes)
        }
    }
    impl rand_core_09::TryCryptoRng for Counter09 {}

    fn check(mut rng: impl TryCryptoRng<Error = EntropyError>) {
        let mut bytes = [0; 3];
        assert_eq!(rng.try_fill_bytes(&mut bytes), Ok(()));
        assert_eq!(bytes, [1, 2, 3]);
        assert_eq!(rng.try_next_u32(), Ok(u32::from_le_bytes([4, 5, 6, 7])));
        assert_eq!(
            rng.try_next_u64(),
            Ok(u64::from_le_bytes([8, 9, 10, 11, 12, 13, 14, 15]))
        );
        assert_eq!(rng.try_next_u32(), Err(EntropyError));
    }

    #[test]
    fn both_generations() {
        check(Rng06(Counter { next: 0, left: 16 }));
        check(Rng09(Counter09(Counter { next: 0, left: 16 })));
    }
}
