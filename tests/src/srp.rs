//! SRP6a by a general big-number library: the values that a vector writes down for other implementers. Shares
//! nothing with the library's own arithmetic, so the two check each other.

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Odd, U256, U512, U1024, U3072};
use sha2::{Digest, Sha512};

/// N = 2^3072 − 2^3008 − 1 + 2^64·(⌊2^2942·π⌋ + 1690314) (RFC 5054 appendix A), typed in once more so that the tests do not
/// depend on the library's constant.
pub const N: &str = concat!(
    "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd",
    "ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed",
    "ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f",
    "83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b",
    "e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf6955817183995497cea956ae515d2261898fa0510",
    "15728e5a8aaac42dad33170d04507a33a85521abdf1cba64ecfb850458dbef0a8aea71575d060c7db3970f85a6e1e4c7",
    "abf5ae8cdb0933d71e8c94e04a25619dcee3d2261ad2ee6bf12ffa06d98a0864d87602733ec86a64521f2b18177b200c",
    "bbe117577a615d6c770988c0bad946e208e24fa074e5ab3143db5bfce0fd108e4b82d120a93ad2caffffffffffffffff",
);

/// SHA-512 over the concatenation.
#[must_use]
pub fn hash(parts: &[&[u8]]) -> Vec<u8> {
    Sha512::digest(parts.concat()).to_vec()
}

/// Without leading zeros.
#[must_use]
pub fn minimal(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[zeros..]
}

/// With leading zeros, 384 bytes.
#[must_use]
pub fn padded(bytes: &[u8]) -> Vec<u8> {
    [vec![0; 384 - bytes.len()], bytes.to_vec()].concat()
}

fn number(bytes: &[u8]) -> FixedMontyForm<{ U3072::LIMBS }> {
    let n = Odd::new(U3072::from_be_hex(N)).into_option();
    let params = FixedMontyParams::new_vartime(n.unwrap_or_else(|| unreachable!("N is odd")));
    FixedMontyForm::new(&U3072::from_be_slice(&padded(bytes)), &params)
}

fn bytes(number: &FixedMontyForm<{ U3072::LIMBS }>) -> Vec<u8> {
    number.retrieve().to_be_bytes().as_ref().to_vec()
}

/// k = H(N ǀ PAD(g)).
#[must_use]
pub fn k() -> Vec<u8> {
    hash(&[U3072::from_be_hex(N).to_be_bytes().as_ref(), &padded(&[5])])
}

/// g^exponent for an exponent of at most 64 bytes, padded.
#[must_use]
pub fn power(exponent: &[u8]) -> Vec<u8> {
    let wide = [vec![0; 64 - exponent.len()], exponent.to_vec()].concat();
    bytes(&number(&[5]).pow(&U512::from_be_slice(&wide)))
}

/// B = k·v + g^b, padded.
#[must_use]
pub fn device_public(verifier: &[u8], b: &[u8; 32]) -> Vec<u8> {
    bytes(&(number(&k()) * number(verifier) + number(&power(b))))
}

/// u = H(PAD(A) ǀ PAD(B)).
#[must_use]
pub fn scrambler(a_pub: &[u8], b_pub: &[u8]) -> Vec<u8> {
    hash(&[&padded(a_pub), &padded(b_pub)])
}

/// S = (B − k·g^x)^(a + u·x), padded.
#[must_use]
pub fn client_secret(a: &[u8; 32], b_pub: &[u8], u: &[u8], x: &[u8]) -> Vec<u8> {
    let base = number(b_pub) - number(&k()) * number(&power(x));
    let product: U1024 = U512::from_be_slice(u).concatenating_mul(&U512::from_be_slice(x));
    let exponent = product.wrapping_add(&U256::from_be_slice(a).resize());
    bytes(&base.pow(&exponent))
}

/// M1 = H((H(N) xor H(PAD(g))) ǀ H(I) ǀ s ǀ A ǀ B as sent ǀ K).
#[must_use]
pub fn client_proof(username: &[u8], salt: &[u8], a_pub: &[u8], b_sent: &[u8], key: &[u8]) -> Vec<u8> {
    let n = hash(&[U3072::from_be_hex(N).to_be_bytes().as_ref()]);
    let g = hash(&[&padded(&[5])]);
    let group: Vec<u8> = n.iter().zip(g).map(|(n, g)| n ^ g).collect();
    hash(&[&group, &hash(&[username]), salt, a_pub, b_sent, key])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers recorded with the vendor's firmware, some of them with leading zeros.
    #[test]
    fn agrees_with_recordings() {
        let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/vendor");
        let mut compared = 0;
        for vector in crate::vendor::load_from(&directory) {
            let (Some(a), Some(b), Some(verifier)) = (&vector.a, &vector.b, &vector.verifier) else {
                continue;
            };
            let b: &[u8; 32] = b.0.as_slice().try_into().expect("b has 32 bytes");
            let (a_pub, b_pub) = (power(a), device_public(verifier, b));
            assert_eq!(
                minimal(&a_pub),
                minimal(vector.need(&vector.A, "A")),
                "{}",
                vector.name
            );
            assert_eq!(
                minimal(&b_pub),
                minimal(vector.need(&vector.B, "B")),
                "{}",
                vector.name
            );
            compared += 1;
        }
        assert!(compared >= 8, "{compared}");
    }
}
