//! Device half of security 2.

use super::srp::{self, Digest512, Secret512, Transcript};
use super::{GcmChannel, NONCE_LEN, OLD_NONCE_LEN, PRIVATE_LEN, PROOF_LEN, PUBLIC_LEN, Verifier};
use super::{SCHEME, group, record_key};
use crate::entropy::fill_key;
use crate::stack::wiped_after;
use crate::wire::{self, Step};
use crate::{DeviceHandshake, Field, HandshakeError};
use core::fmt;
use rand_core::TryCryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The patch level a device speaks (`sec_patch_ver`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Patch {
    /// Firmware before 2025: one 16-byte nonce for all records. Dangerous; there to imitate old devices.
    FixedNonce,
    /// 8 random bytes and a counter.
    #[default]
    CounterNonce,
}

impl Patch {
    /// The number in proto-ver.
    #[must_use]
    pub const fn level(self) -> u8 {
        match self {
            Self::FixedNonce => 0,
            Self::CounterNonce => 1,
        }
    }
}

/// Device half. Takes 32 bytes of entropy at command 0 (b) and 8 at command 1 (16 at patch level 0).
///
/// Command 0 succeeds with any user name: the name enters both sides' proofs, and a wrong one shows there.
pub struct Device {
    verifier: Verifier,
    patch: Patch,
    state: State,
}

#[expect(
    clippy::large_enum_variant,
    reason = "a device has one of these for good: no heap for it"
)]
enum State {
    ExpectCommand0,
    ExpectCommand1(ExpectCommand1),
    Established(GcmChannel),
}

/// Both proofs are known once B is: they are computed with it, so that b need not be kept, and a corrected
/// command 1 costs nothing.
struct ExpectCommand1 {
    key: Secret512,
    client_proof: Zeroizing<Digest512>,
    device_proof: Secret512,
}

impl Device {
    /// A device that checks against `verifier` and speaks this patch level.
    #[must_use]
    pub const fn new(verifier: Verifier, patch: Patch) -> Self {
        Self {
            verifier,
            patch,
            state: State::ExpectCommand0,
        }
    }

    fn command0<R: TryCryptoRng>(
        &mut self,
        [username, a_pub]: [&[u8]; 2],
        rng: &mut R,
        out: &mut [u8],
    ) -> Result<usize, HandshakeError> {
        if username.is_empty() {
            return Err(HandshakeError::WrongLength(Field::Username));
        }
        let a_pub: &[u8; PUBLIC_LEN] = wire::exactly(a_pub, Field::PublicKey)?;
        if group::GROUP.is_zero(a_pub) {
            return Err(HandshakeError::DegeneratePublicKey);
        }
        let mut b = Zeroizing::new([0; PRIVATE_LEN]);
        fill_key(rng, &mut b)?;
        let b_padded = srp::device_public(self.verifier.verifier(), &b)?;
        let b_pub = group::minimal(&b_padded);
        let len = wire::answer(SCHEME, Step::Response0, 2, [b_pub, self.verifier.salt()], out)?;
        let transcript = Transcript {
            identity: &srp::identity(username),
            salt: self.verifier.salt(),
            a_pub,
            b_pub,
        };
        let agreement = srp::device_agree(&transcript, self.verifier.verifier(), &b)?;
        self.state = State::ExpectCommand1(ExpectCommand1 {
            key: agreement.key,
            client_proof: Zeroizing::new(agreement.client_proof),
            device_proof: agreement.device_proof,
        });
        Ok(len)
    }

    fn command1<R: TryCryptoRng>(
        &mut self,
        proof: &[u8],
        rng: &mut R,
        out: &mut [u8],
    ) -> Result<usize, HandshakeError> {
        let State::ExpectCommand1(state) = &self.state else {
            return Err(HandshakeError::OutOfOrder);
        };
        let proof: &[u8; PROOF_LEN] = wire::exactly(proof, Field::Proof)?;
        if !bool::from(proof.ct_eq(state.client_proof.as_slice())) {
            return Err(HandshakeError::WrongProof);
        }
        let key = record_key(&state.key);
        let device_proof = state.device_proof.as_slice();
        let (channel, len) = match self.patch {
            Patch::FixedNonce => {
                let nonce: [u8; OLD_NONCE_LEN] = random(rng)?;
                let len = wire::answer(SCHEME, Step::Response1, 2, [device_proof, &nonce], out)?;
                (GcmChannel::dangerous_fixed_nonce(&key, &nonce), len)
            }
            Patch::CounterNonce => {
                let [r0, r1, r2, r3, r4, r5, r6, r7]: [u8; 8] = random(rng)?;
                let nonce: [u8; NONCE_LEN] = [r0, r1, r2, r3, r4, r5, r6, r7, 0, 0, 0, 1];
                let len = wire::answer(SCHEME, Step::Response1, 2, [device_proof, &nonce], out)?;
                (GcmChannel::counter(&key, &nonce), len)
            }
        };
        self.state = State::Established(channel);
        Ok(len)
    }
}

fn random<const N: usize>(rng: &mut impl TryCryptoRng) -> Result<[u8; N], HandshakeError> {
    let mut bytes = [0; N];
    rng.try_fill_bytes(&mut bytes)
        .map_err(|_| HandshakeError::Entropy)?;
    Ok(bytes)
}

impl DeviceHandshake for Device {
    type Channel = GcmChannel;

    fn handle_request<R: TryCryptoRng>(
        &mut self,
        request: &[u8],
        rng: &mut R,
        out: &mut [u8],
    ) -> Result<usize, HandshakeError> {
        let (step, fields) = wire::command(request, SCHEME)?;
        wiped_after(|| match (step, fields) {
            (Step::Command0, fields) => self.command0(fields, rng, out),
            (_, [proof, _]) => self.command1(proof, rng, out),
        })
    }

    fn channel(&mut self) -> Option<&mut GcmChannel> {
        match &mut self.state {
            State::Established(channel) => Some(channel),
            State::ExpectCommand0 | State::ExpectCommand1(_) => None,
        }
    }

    fn reset(&mut self) {
        self.state = State::ExpectCommand0;
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::ExpectCommand0 => "ExpectCommand0",
            State::ExpectCommand1(_) => "ExpectCommand1",
            State::Established(_) => "Established",
        };
        f.debug_struct("sec2::Device")
            .field("patch", &self.patch)
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
