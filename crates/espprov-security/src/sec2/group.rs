//! The 3072-bit group of RFC 5054 (appendix A), g = 5, and residues as bytes.

use super::mont::{Modulus, Power};
use crypto_bigint::{U256, U512, U1024, U3072, Word};
use zeroize::Zeroizing;

/// Bytes of N, and of a padded residue.
pub(super) const LEN: usize = 384;

pub(super) const N: U3072 = U3072::from_be_hex(concat!(
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
type Words = [Word; U3072::LIMBS];

/// The group, ready to compute in.
pub(super) struct Group(Modulus<Word, { U3072::LIMBS }>);

impl Group {
    pub(super) fn new() -> Self {
        Self(Modulus::new(N.to_words()))
    }

    /// g^exponent.
    pub(super) fn generator_power(&self, exponent: &[u8]) -> Zeroizing<[u8; LEN]> {
        to_bytes(&Power::of_generator(&self.0, exponent).finish())
    }

    /// The client's S = (B − k·g^x)^exponent, the exponent being a + u·x.
    pub(super) fn client_secret(
        &self,
        b_pub: &[u8; LEN],
        k: &[u8],
        x: &[u8],
        exponent: &[u8],
    ) -> Zeroizing<[u8; LEN]> {
        let kgx = Power::of_generator(&self.0, x).finish_times(&from_bytes(k));
        let mut base = from_bytes(b_pub);
        self.0.sub(&mut base, &kgx);
        let mut power = Power::new(&self.0, &self.0.r2(), &base);
        power.pow(exponent);
        to_bytes(&power.finish())
    }

    /// The device's B = k·v + g^b.
    pub(super) fn device_public(&self, verifier: &[u8], k: &[u8], b: &[u8]) -> Zeroizing<[u8; LEN]> {
        let mut sum = Power::new(&self.0, &self.0.r2(), &from_bytes(verifier)).finish_times(&from_bytes(k));
        self.0.add(&mut sum, &Power::of_generator(&self.0, b).finish());
        to_bytes(&sum)
    }

    /// The device's S = (A·v^u)^b.
    pub(super) fn device_secret(
        &self,
        a_pub: &[u8; LEN],
        verifier: &[u8],
        u: &[u8],
        b: &[u8],
    ) -> Zeroizing<[u8; LEN]> {
        let r2 = self.0.r2();
        let mut power = Power::new(&self.0, &r2, &from_bytes(verifier));
        power.pow(u);
        power.mul(Power::new(&self.0, &r2, &from_bytes(a_pub)).value());
        power.pow(b);
        to_bytes(&power.finish())
    }
}

/// Is the number 0 modulo N? For public values: below 2^3072 that is 0 and N alone.
pub(super) fn is_zero(number: &[u8; LEN]) -> bool {
    let number = U3072::from_be_slice(number);
    number == U3072::ZERO || number == N
}

/// Is the number below N?
pub(super) fn is_canonical(number: &[u8; LEN]) -> bool {
    U3072::from_be_slice(number) < N
}

/// u·x + a, which fits 1024 bits.
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
    let start = LEN.checked_sub(bytes.len())?;
    padded.get_mut(start..)?.copy_from_slice(bytes);
    Some(padded)
}

/// The number without leading zero bytes; at least one byte stays.
pub(super) fn minimal(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let start = zeros.min(bytes.len().saturating_sub(1));
    bytes.get(start..).unwrap_or(bytes)
}

/// At most 384 big-endian bytes; what goes beyond is ignored, so callers check the length first.
fn from_bytes(bytes: &[u8]) -> Zeroizing<Words> {
    let padded = Zeroizing::new(pad(bytes).unwrap_or([0; LEN]));
    let number = Zeroizing::new(U3072::from_be_slice(&*padded));
    Zeroizing::new(*number.as_words())
}

fn to_bytes(words: &Words) -> Zeroizing<[u8; LEN]> {
    let mut bytes = Zeroizing::new([0; LEN]);
    let number = Zeroizing::new(U3072::from_words(*words));
    bytes.copy_from_slice(number.to_be_bytes().as_ref());
    bytes
}
