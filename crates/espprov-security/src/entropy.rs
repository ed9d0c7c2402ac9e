//! Random bytes that become keys.

use crate::HandshakeError;
use rand_core::TryCryptoRng;
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroize;

/// Fills `key` from `rng`, unless that fails or is stuck.
///
/// A source of randomness that has stopped does not say so: it gives zeros, or the last word again and again, and
/// every key made of it is known. So a key that consists of one pattern over and over is none.
pub(crate) fn fill_key<const N: usize>(
    rng: &mut impl TryCryptoRng,
    key: &mut [u8; N],
) -> Result<(), HandshakeError> {
    let filled = rng.try_fill_bytes(key);
    if filled.is_err() || repeats(key) {
        key.zeroize();
        return Err(HandshakeError::Entropy);
    }
    Ok(())
}

/// Is it one pattern, of any length up to half of it, over and over? Of 32 random bytes that is true once in some
/// 2^124 times. Takes the same time for all keys.
pub(crate) fn repeats(bytes: &[u8]) -> bool {
    let mut stuck = Choice::from(0);
    for period in 1..=bytes.len() / 2 {
        let shifted = bytes.get(period..).unwrap_or_default();
        let difference = bytes.iter().zip(shifted).fold(0, |sum, (a, b)| sum | (a ^ b));
        stuck |= difference.ct_eq(&0);
    }
    stuck.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Broken, Repeat, rng};

    /// What `fill_key` makes of a source that gives these bytes over and over.
    fn filled(source: &[u8]) -> Result<[u8; 32], HandshakeError> {
        let mut key = [0xaa; 32];
        let result = fill_key(&mut Repeat(source, 0), &mut key);
        assert!(result.is_ok() || key == [0; 32], "nothing of it stays");
        result.map(|()| key)
    }

    #[test]
    fn stuck_sources_make_no_key() {
        for stuck in [
            &[0][..],
            &[0xff],
            &[7],
            &[0xde, 0xad],
            &[1, 2, 3],
            &[0xde, 0xad, 0xbe, 0xef],
            b"8 bytes.",
            b"sixteen bytes it",
        ] {
            assert_eq!(filled(stuck), Err(HandshakeError::Entropy), "{stuck:x?}");
        }
        assert_eq!(fill_key(&mut Broken, &mut [0; 32]), Err(HandshakeError::Entropy));
    }

    #[test]
    fn what_does_not_repeat_is_taken_as_it_is() {
        let mut almost = [7; 32];
        almost[31] = 8;
        assert_eq!(filled(&almost), Ok(almost));
        almost = [7; 32];
        almost[0] = 8;
        assert_eq!(filled(&almost), Ok(almost));
        let text = *b"thirty-two bytes, no two alike 8";
        assert_eq!(filled(&text), Ok(text));
        for seed in 0..1000 {
            let mut key = [0; 32];
            assert_eq!(fill_key(&mut rng(seed), &mut key), Ok(()));
            assert_ne!(key, [0; 32]);
        }
    }
}
