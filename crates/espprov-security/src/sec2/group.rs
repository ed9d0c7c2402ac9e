//! The 3072-bit group of RFC 5054 (appendix A), g = 5, and residues as bytes.

use super::mont::{Modulus, Power};
use crypto_bigint::{U256, U512, U1024};
use zeroize::Zeroizing;

/// The word to compute in, on 32-bit machines too: a product of two such words reuses what it has loaded, and
/// takes a third less time than four of half the size (Cortex-M4).
type Word = u64;

/// Bytes of N, and of a padded residue.
pub(super) const LEN: usize = 384;

/// The prime, big-endian.
pub(super) const N: [u8; LEN] = unhex(concat!(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD",
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED",
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F",
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B",
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510",
    "15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7",
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C",
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
));

/// A number below 2^3072, lowest word first.
type Words = [Word; LIMBS];

const LIMBS: usize = LEN / size_of::<Word>();

/// Bytes of hex digits, at compile time.
#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated by the compiler, which would refuse a mistake"
)]
pub(super) const fn unhex<const L: usize>(digits: &str) -> [u8; L] {
    const fn nibble(digit: u8) -> u8 {
        if digit <= b'9' {
            digit - b'0'
        } else {
            digit - b'A' + 10
        }
    }
    let digits = digits.as_bytes();
    let mut bytes = [0; L];
    let mut i = 0;
    while i < L {
        bytes[i] = nibble(digits[2 * i]) << 4 | nibble(digits[2 * i + 1]);
        i += 1;
    }
    bytes
}

/// The group, ready to compute in.
pub(super) struct Group(Modulus<Word, LIMBS>);

/// The one group there is, worked out at compile time: a kilobyte of constants instead of stack.
pub(super) static GROUP: Group = Group(modulus());

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated by the compiler, which would refuse a mistake"
)]
const fn modulus() -> Modulus<Word, LIMBS> {
    let (mut n, mut n1, mut one): (Words, Words, Words) = ([0; LIMBS], [0; LIMBS], [0; LIMBS]);
    let mut i = 0;
    while i < LEN {
        n[i / size_of::<Word>()] |= (N[LEN - 1 - i] as Word) << (i % size_of::<Word>() * 8);
        i += 1;
    }
    // N + 1 carries out of its lowest word, which is all ones; so does 2^(L·BITS) - N into it.
    let (mut carry, mut i) = (true, 0);
    while i < LIMBS {
        if i > 0 {
            (n1[i - 1], carry) = n[i].overflowing_add(carry as Word);
        }
        one[i] = if i == 0 { n[i].wrapping_neg() } else { !n[i] };
        i += 1;
    }
    Modulus::from_parts(n, n1, one)
}

impl Group {
    #[cfg(test)]
    pub(super) fn modulus(&self) -> &Modulus<Word, LIMBS> {
        &self.0
    }

    /// g^exponent, into the 384 bytes of `out`.
    #[inline(never)]
    pub(super) fn generator_power(&self, exponent: &[u8], out: &mut [u8]) {
        let mut power = Power::one(&self.0);
        power.raise_generator(exponent);
        power.lower();
        to_bytes(power.value(), out);
    }

    /// The client's S = (B − k·g^x)^exponent, the exponent being a + u·x. `number` is B, then S: big numbers stay where
    /// they are, because on a microcontroller the stack is short.
    #[inline(never)]
    pub(super) fn client_secret(&self, number: &mut [u8; LEN], k: &[u8], x: &[u8], exponent: &[u8]) {
        let mut power = Power::one(&self.0);
        self.client_base(&mut power, number, k, x);
        power.pow(exponent);
        power.lower();
        to_bytes(power.value(), number);
    }

    /// B − k·g^x. Not inlined: what it has on the stack is gone before the long power.
    #[inline(never)]
    fn client_base(&self, power: &mut Power<'_, Word, LIMBS>, b_pub: &[u8; LEN], k: &[u8], x: &[u8]) {
        power.raise_generator(x);
        power.lower_times(&from_bytes(k));
        let mut base = from_bytes(b_pub);
        self.0.sub(&mut base, power.value());
        power.lift(&base);
    }

    /// A number in Montgomery form.
    fn lift(&self, number: &Words) -> Power<'_, Word, LIMBS> {
        Power::new(&self.0, &self.0.r2(), number)
    }

    /// The device's B = k·v + g^b.
    pub(super) fn device_public(&self, verifier: &[u8], k: &[u8], b: &[u8]) -> Zeroizing<[u8; LEN]> {
        let mut sum = self.lift(&from_bytes(verifier)).finish_times(&from_bytes(k));
        self.0.add(&mut sum, &Power::of_generator(&self.0, b).finish());
        let mut bytes = Zeroizing::new([0; LEN]);
        to_bytes(&sum, &mut *bytes);
        bytes
    }

    /// The device's S = (A·v^u)^b.
    pub(super) fn device_secret(
        &self,
        a_pub: &[u8],
        verifier: &[u8],
        u: &[u8],
        b: &[u8],
    ) -> Zeroizing<[u8; LEN]> {
        let r2 = self.0.r2();
        let mut power = Power::new(&self.0, &r2, &from_bytes(verifier));
        power.pow(u);
        power.mul(Power::new(&self.0, &r2, &from_bytes(a_pub)).value());
        power.pow(b);
        let mut bytes = Zeroizing::new([0; LEN]);
        to_bytes(&power.finish(), &mut *bytes);
        bytes
    }
}

/// Is the number 0 modulo N? For public values: below 2^3072 that is 0 and N alone.
pub(super) fn is_zero(number: &[u8; LEN]) -> bool {
    *number == [0; LEN] || *number == N
}

/// Is the number below N?
pub(super) fn is_canonical(number: &[u8; LEN]) -> bool {
    // Big-endian numbers of the same length compare as byte strings do.
    *number < N
}

/// u·x + a, which fits 1024 bits.
#[inline(never)]
pub(super) fn client_exponent(a: &[u8; 32], u: &[u8; 64], x: &[u8; 64]) -> Zeroizing<[u8; 128]> {
    let x = Zeroizing::new(U512::from_be_slice(x));
    let product: Zeroizing<U1024> = Zeroizing::new(U512::from_be_slice(u).concatenating_mul(&*x));
    let a = Zeroizing::new(U256::from_be_slice(a).resize::<{ U1024::LIMBS }>());
    let sum = Zeroizing::new(product.wrapping_add(&a));
    let mut bytes = Zeroizing::new([0; 128]);
    bytes.copy_from_slice(sum.to_be_bytes().as_ref());
    bytes
}

/// Left-pads with zeros to 384 bytes; `None` for more.
pub(super) fn pad(bytes: &[u8]) -> Option<[u8; LEN]> {
    let mut padded = [0; LEN];
    pad_into(bytes, &mut padded)?;
    Some(padded)
}

/// The same into zeros.
pub(super) fn pad_into(bytes: &[u8], padded: &mut [u8; LEN]) -> Option<()> {
    let start = LEN.checked_sub(bytes.len())?;
    padded.get_mut(start..)?.copy_from_slice(bytes);
    Some(())
}

/// The number without leading zero bytes; at least one byte stays.
pub(super) fn minimal(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let start = zeros.min(bytes.len().saturating_sub(1));
    bytes.get(start..).unwrap_or(bytes)
}

/// At most 384 big-endian bytes; what goes beyond is ignored, so callers check the length first.
fn from_bytes(bytes: &[u8]) -> Zeroizing<Words> {
    let mut words = Zeroizing::new([0; LIMBS]);
    for (word, bytes) in words.iter_mut().zip(bytes.rchunks(size_of::<Word>())) {
        for byte in bytes {
            *word = *word << 8 | Word::from(*byte);
        }
    }
    words
}

/// The number into the 384 bytes of `out`.
fn to_bytes(words: &Words, out: &mut [u8]) {
    for (bytes, word) in out.rchunks_mut(size_of::<Word>()).zip(words) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
}
