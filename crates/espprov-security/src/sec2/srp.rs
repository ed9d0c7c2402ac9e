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

use super::group::{self, GROUP, Group, LEN, Then, Work, unhex};
use crate::budget::Spending;
use crate::{Field, HandshakeError};
use alloc::vec::Vec;
use sha2::Sha512;
use zeroize::Zeroizing;

/// A SHA-512 digest.
pub(super) type Digest512 = [u8; 64];
/// A SHA-512 digest that must not leak.
pub(super) type Secret512 = Zeroizing<Digest512>;

/// H of the parts, one after the other.
pub(super) fn hash(parts: &[&[u8]]) -> Secret512 {
    let mut digest = Zeroizing::new([0; 64]);
    hash_into(parts, &mut digest);
    digest
}

fn hash_into(parts: &[&[u8]], digest: &mut Digest512) {
    crate::digest::hash::<Sha512>(parts, digest.into());
}

/// H(N) xor H(PAD(g)). A constant of the group: the tests compute it.
pub(super) const GROUP_DIGEST: Digest512 = unhex(concat!(
    "DAD76ED5365ED7BF6BBC1BFA050981458392BBD35A50335D03DB3C7535B261D1",
    "C902F2FFB8647125BD28CE966C066D5BE9B939216C6078B65889299C61624694",
));

/// H(I ǀ ":" ǀ P).
pub(super) fn inner_digest(username: &[u8], password: &[u8]) -> Secret512 {
    hash(&[username, b":", password])
}

/// H(I).
pub(super) fn identity(username: &[u8]) -> Digest512 {
    *hash(&[username])
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
    hash(&[salt, inner])
}

/// A of 384 bytes or B of 1..=384. Refuses 0 modulo N.
pub(super) fn peer_public(bytes: &[u8]) -> Result<(), HandshakeError> {
    if bytes.is_empty() || bytes.len() > LEN {
        return Err(HandshakeError::WrongLength(Field::PublicKey));
    }
    if GROUP.is_zero(bytes) {
        return Err(HandshakeError::DegeneratePublicKey);
    }
    Ok(())
}

/// u, of numbers that have passed [`peer_public`]. B is padded as it is hashed: another 384 bytes of stack are not needed.
pub(super) fn scrambler(a_pub: &[u8], b_pub: &[u8]) -> Result<Digest512, HandshakeError> {
    const PIECE: usize = LEN / 6;
    let zeros = [0; PIECE];
    let mut parts: [&[u8]; 8] = [a_pub, &[], &[], &[], &[], &[], &[], b_pub];
    let mut missing = LEN.saturating_sub(b_pub.len());
    for part in parts.iter_mut().skip(1).take(6) {
        *part = zeros.get(..missing.min(PIECE)).unwrap_or_default();
        missing = missing.saturating_sub(PIECE);
    }
    nonzero(*hash(&parts))
}

/// No input is known that hashes to zero, so the rule stands on its own and is tested on its own.
pub(super) fn nonzero(u: Digest512) -> Result<Digest512, HandshakeError> {
    if u.iter().all(|byte| *byte == 0) {
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

impl Agreement {
    /// Before the exchange.
    pub(super) fn none() -> Self {
        Self {
            key: Zeroizing::new([0; 64]),
            client_proof: [0; 64],
            device_proof: Zeroizing::new([0; 64]),
        }
    }
}

impl Transcript<'_> {
    #[inline(never)]
    fn agree(&self, secret: &[u8; LEN], agreement: &mut Agreement) {
        let Agreement {
            key,
            client_proof,
            device_proof,
        } = agreement;
        hash_into(&[group::minimal(secret)], key);
        let proof: [&[u8]; 6] = [
            &GROUP_DIGEST,
            self.identity,
            self.salt,
            self.a_pub,
            self.b_pub,
            &**key,
        ];
        hash_into(&proof, client_proof);
        hash_into(&[self.a_pub, client_proof, &**key], device_proof);
    }
}

/// Zeros on the heap, if it has room for them.
pub(super) fn zeros(len: usize) -> Result<Vec<u8>, HandshakeError> {
    let mut zeros = Vec::new();
    zeros
        .try_reserve_exact(len)
        .map_err(|_| HandshakeError::OutOfMemory)?;
    zeros.resize(len, 0);
    Ok(zeros)
}

/// v = g^x, into the 384 bytes of `out`.
pub(super) fn verifier(x: &Digest512, out: &mut [u8]) {
    GROUP.generator_power(x, out);
}

/// The client's A = g^a under way.
pub(super) struct ClientPublic(Work);

impl ClientPublic {
    pub(super) fn begin() -> Result<Self, HandshakeError> {
        Work::on_generator().map(Self)
    }

    /// Goes on with it. Whether it is there.
    pub(super) fn go_on(&mut self, a: &[u8; 32], spending: &mut Spending) -> bool {
        Group::go_on(&mut self.0, a, Then::Nothing, spending)
    }

    /// A, into the 384 bytes of `out`.
    pub(super) fn finish(&self, out: &mut [u8]) {
        self.0.result(out);
    }
}

/// The client's S = (B − k·g^x)^(a + u·x) under way.
pub(super) struct ClientSecret {
    /// x, then a + u·x. On the heap, as the numbers are: a place that is not always in use would keep what the stack held
    /// there when it was moved.
    exponents: Zeroizing<Vec<u8>>,
    work: Work,
}

/// Bytes of x, and of a + u·x.
const X_LEN: usize = 64;
const SUM_LEN: usize = 2 * X_LEN;

/// What the hashes at the end take, in products.
const PROOFS: u32 = 6;

impl ClientSecret {
    /// Looks at what the device has sent, and begins.
    pub(super) fn begin(
        a: &[u8; 32],
        a_pub: &[u8],
        b_pub: &[u8],
        x: &Digest512,
    ) -> Result<Self, HandshakeError> {
        peer_public(b_pub)?;
        let u = scrambler(a_pub, b_pub)?;
        let mut exponents = Zeroizing::new(zeros(X_LEN + SUM_LEN)?);
        if let Some((first, sum)) = exponents.split_first_chunk_mut() {
            *first = *x;
            group::client_exponent(a, &u, x, sum);
        }
        let work = Work::with_table()?;
        Ok(Self { exponents, work })
    }

    /// Goes on with it. Whether it is there, and the means suffice for the proofs.
    pub(super) fn go_on(&mut self, b_pub: &[u8], spending: &mut Spending) -> bool {
        let (x, exponent) = self.exponents.split_at_checked(X_LEN).unwrap_or_default();
        let then = Then::ClientSecret { b_pub, exponent };
        Group::go_on(&mut self.work, x, then, spending) && spending.pay(PROOFS)
    }

    /// The proofs.
    #[inline(never)] // what it has on the stack must not lie under the arithmetic
    pub(super) fn agree(&self, transcript: &Transcript<'_>, agreement: &mut Agreement) {
        let mut secret = Zeroizing::new([0; LEN]);
        self.work.result(&mut *secret);
        transcript.agree(&secret, agreement);
    }
}

/// B = k·v + g^b, padded. Refuses 0 modulo N (no b is known that leads there).
pub(super) fn device_public(verifier: &[u8], b: &[u8; 32]) -> Result<[u8; LEN], HandshakeError> {
    let public = GROUP.device_public(verifier, b);
    if GROUP.is_zero(&*public) {
        return Err(HandshakeError::DegeneratePublicKey);
    }
    Ok(*public)
}

/// The device's side: S = (A·v^u)^b, then the proofs. `transcript.a_pub` has passed [`peer_public`].
pub(super) fn device_agree(
    transcript: &Transcript<'_>,
    verifier: &[u8],
    b: &[u8; 32],
) -> Result<Agreement, HandshakeError> {
    peer_public(transcript.b_pub)?;
    let u = scrambler(transcript.a_pub, transcript.b_pub)?;
    let mut secret = Zeroizing::new([0; LEN]);
    GROUP.device_secret(transcript.a_pub, verifier, &u, b, &mut secret);
    let mut agreement = Agreement::none();
    transcript.agree(&secret, &mut agreement);
    Ok(agreement)
}
