//! SRP6a as the firmware computes it: RFC 5054 with SHA-512, and rules of its own about which numbers are
//! hashed padded, minimal or as they were sent.
//!
//! | value | definition |
//! |---|---|
//! | x | H(salt ǀ H(I ǀ ":" ǀ P)), all bytes as they are |
//! | k | H(N ǀ PAD(g)) |
//! | u | H(PAD(A) ǀ PAD(B)) |
//! | K | H(S without leading zeros) |
//! | M1 | H((H(N) xor H(PAD(g))) ǀ H(I) ǀ salt ǀ A as sent ǀ B as sent ǀ K) |
//! | M2 | H(A as sent ǀ M1 ǀ K) |

use super::group::{self, GROUP, LEN, N};
use crate::{Field, HandshakeError};
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

/// A SHA-512 digest.
pub(super) type Digest512 = [u8; 64];
/// A SHA-512 digest that must not leak.
pub(super) type Secret512 = Zeroizing<Digest512>;

fn hash(parts: &[&[u8]]) -> Digest512 {
    let mut hasher = Sha512::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

fn padded_g() -> [u8; LEN] {
    let mut g = [0; LEN];
    if let Some(last) = g.last_mut() {
        *last = 5;
    }
    g
}

/// H(I ǀ ":" ǀ P).
pub(super) fn inner_digest(username: &[u8], password: &[u8]) -> Secret512 {
    Zeroizing::new(hash(&[username, b":", password]))
}

/// H(I).
pub(super) fn identity(username: &[u8]) -> Digest512 {
    hash(&[username])
}

/// How the inner digest enters x.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InnerForm {
    /// All 64 bytes, as the firmware's own code and [`Verifier`](super::Verifier) have it.
    Full,
    /// Without leading zeros, as the vendor's Python generator has it.
    Stripped,
}

/// x = H(salt ǀ inner digest).
pub(super) fn private_x(salt: &[u8], inner: &Digest512, form: InnerForm) -> Secret512 {
    let inner = match form {
        InnerForm::Full => inner.as_slice(),
        InnerForm::Stripped => group::minimal(inner),
    };
    Zeroizing::new(hash(&[salt, inner]))
}

#[inline(never)]
fn multiplier() -> Digest512 {
    hash(&[&N, &padded_g()])
}

/// A of 384 bytes or B of 1..=384, padded. Refuses 0 modulo N.
pub(super) fn peer_public(bytes: &[u8]) -> Result<[u8; LEN], HandshakeError> {
    if bytes.is_empty() {
        return Err(HandshakeError::WrongLength(Field::PublicKey));
    }
    let padded = group::pad(bytes).ok_or(HandshakeError::WrongLength(Field::PublicKey))?;
    if group::is_zero(&padded) {
        return Err(HandshakeError::DegeneratePublicKey);
    }
    Ok(padded)
}

fn scrambler(a_pub: &[u8], b_padded: &[u8; LEN]) -> Result<Digest512, HandshakeError> {
    nonzero(hash(&[a_pub, b_padded]))
}

/// No input is known that hashes to zero, so the rule stands on its own and is tested on its own.
pub(super) fn nonzero(u: Digest512) -> Result<Digest512, HandshakeError> {
    if u == [0; 64] {
        Err(HandshakeError::ZeroScrambler)
    } else {
        Ok(u)
    }
}

/// What both sides hash into the proofs.
pub(super) struct Transcript<'a> {
    pub(super) identity: &'a Digest512,
    pub(super) salt: &'a [u8],
    /// As sent: 384 bytes.
    pub(super) a_pub: &'a [u8],
    /// As sent: usually 384 bytes, sometimes fewer.
    pub(super) b_pub: &'a [u8],
}

/// The outcome of the exchange: K and both proofs.
pub(super) struct Agreement {
    pub(super) key: Secret512,
    /// M1
    pub(super) client_proof: Digest512,
    /// M2
    pub(super) device_proof: Secret512,
}

impl Transcript<'_> {
    fn agree(&self, secret: &[u8; LEN]) -> Agreement {
        let key = Zeroizing::new(hash(&[group::minimal(secret)]));
        let mut constants = hash(&[&N]);
        for (byte, g) in constants.iter_mut().zip(hash(&[&padded_g()])) {
            *byte ^= g;
        }
        let client_proof = hash(&[
            &constants,
            self.identity,
            self.salt,
            self.a_pub,
            self.b_pub,
            &*key,
        ]);
        let device_proof = Zeroizing::new(hash(&[self.a_pub, &client_proof, &*key]));
        Agreement {
            key,
            client_proof,
            device_proof,
        }
    }
}

/// A = g^a.
pub(super) fn client_public(a: &[u8; 32]) -> [u8; LEN] {
    *GROUP.generator_power(a)
}

/// v = g^x.
pub(super) fn verifier(x: &Digest512) -> [u8; LEN] {
    *GROUP.generator_power(x)
}

/// The client's side: S = (B − k·g^x)^(a + u·x), then the proofs.
#[inline(never)]
pub(super) fn client_agree(
    transcript: &Transcript<'_>,
    a: &[u8; 32],
    x: &Digest512,
) -> Result<Agreement, HandshakeError> {
    let b_padded = peer_public(transcript.b_pub)?;
    let u = scrambler(transcript.a_pub, &b_padded)?;
    let exponent = group::client_exponent(a, &u, x);
    let secret = GROUP.client_secret(&b_padded, &multiplier(), x, &*exponent);
    Ok(transcript.agree(&secret))
}

/// B = k·v + g^b, padded. Refuses 0 modulo N (no b is known that leads there).
pub(super) fn device_public(verifier: &[u8], b: &[u8; 32]) -> Result<[u8; LEN], HandshakeError> {
    let public = GROUP.device_public(verifier, &multiplier(), b);
    peer_public(&*public)
}

/// The device's side: S = (A·v^u)^b, then the proofs. `transcript.a_pub` has passed [`peer_public`].
pub(super) fn device_agree(
    transcript: &Transcript<'_>,
    verifier: &[u8],
    b: &[u8; 32],
) -> Result<Agreement, HandshakeError> {
    let b_padded = peer_public(transcript.b_pub)?;
    let u = scrambler(transcript.a_pub, &b_padded)?;
    let secret = GROUP.device_secret(transcript.a_pub, verifier, &u, b);
    Ok(transcript.agree(&secret))
}
