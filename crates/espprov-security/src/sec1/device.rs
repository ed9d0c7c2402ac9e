//! Device half of security 1.

use super::{CtrChannel, KEY_LEN, PopMask, RANDOM_LEN, SCHEME, check_verify, public_key, session_key};
use crate::entropy::fill_key;
use crate::stack::wiped_after;
use crate::wire::{self, Step};
use crate::{DeviceHandshake, Field, HandshakeError};
use core::fmt;
use core::mem;
use rand_core::TryCryptoRng;
use zeroize::Zeroizing;

/// Device half. Takes 48 bytes of entropy at command 0: the private key, then the first counter block.
pub struct Device {
    pop: PopMask,
    retry_after_wrong_proof: bool,
    state: State,
}

enum State {
    ExpectCommand0,
    ExpectCommand1(ExpectCommand1),
    Established(CtrChannel),
}

struct ExpectCommand1 {
    channel: CtrChannel,
    public: [u8; KEY_LEN],
    client_public: [u8; KEY_LEN],
}

impl Device {
    /// A device with this proof of possession; an empty one means none.
    #[must_use]
    pub fn new(pop: &[u8]) -> Self {
        Self {
            pop: PopMask::new(pop),
            retry_after_wrong_proof: true,
            state: State::ExpectCommand0,
        }
    }

    /// Whether a corrected command 1 is accepted after a wrong one, as current firmware does (the default).
    /// Old firmware has moved its keystream by then and needs a new command 0.
    #[must_use]
    pub fn with_retry_after_wrong_proof(mut self, accepted: bool) -> Self {
        self.retry_after_wrong_proof = accepted;
        self
    }

    fn command0<R: TryCryptoRng>(
        &mut self,
        client_public: &[u8],
        rng: &mut R,
        out: &mut [u8],
    ) -> Result<usize, HandshakeError> {
        let client_public = wire::exactly(client_public, Field::PublicKey)?;
        let mut private = Zeroizing::new([0; KEY_LEN]);
        let mut random = [0; RANDOM_LEN];
        fill_key(rng, &mut private)?;
        rng.try_fill_bytes(&mut random)
            .map_err(|_| HandshakeError::Entropy)?;
        let key = session_key(&private, client_public, &self.pop)?;
        let public = public_key(&private);
        let len = wire::answer(SCHEME, Step::Response0, 2, [&public, &random], out)?;
        self.state = State::ExpectCommand1(ExpectCommand1 {
            channel: CtrChannel::new(&key, &random),
            public,
            client_public: *client_public,
        });
        Ok(len)
    }

    fn command1(&mut self, verify: &[u8], out: &mut [u8]) -> Result<usize, HandshakeError> {
        match mem::replace(&mut self.state, State::ExpectCommand0) {
            State::ExpectCommand1(mut state) => match state.answer(verify, out) {
                Ok(len) => {
                    self.state = State::Established(state.channel);
                    Ok(len)
                }
                Err(HandshakeError::WrongProof) if !self.retry_after_wrong_proof => {
                    Err(HandshakeError::WrongProof)
                }
                Err(error) => {
                    state.channel.rewind();
                    self.state = State::ExpectCommand1(state);
                    Err(error)
                }
            },
            other @ (State::ExpectCommand0 | State::Established(_)) => {
                self.state = other;
                Err(HandshakeError::OutOfOrder)
            }
        }
    }
}

impl ExpectCommand1 {
    /// Checks the client's verify message and answers with ours. Moves the keystream, in failure too.
    fn answer(&mut self, verify: &[u8], out: &mut [u8]) -> Result<usize, HandshakeError> {
        let mut verify = *wire::exactly(verify, Field::VerifyData)?;
        self.apply(&mut verify)?;
        check_verify(&mut verify, &self.public)?;
        let mut verify = self.client_public;
        self.apply(&mut verify)?;
        // Number 3: the second answer of security 1 has no field 2.
        wire::answer(SCHEME, Step::Response1, 3, [&verify, &[]], out)
    }

    fn apply(&mut self, bytes: &mut [u8; KEY_LEN]) -> Result<(), HandshakeError> {
        // 64 bytes of a 128-bit counter's keystream: it cannot run out here.
        self.channel.apply(bytes).map_err(|_| HandshakeError::OutOfOrder)
    }
}

impl DeviceHandshake for Device {
    type Channel = CtrChannel;

    fn handle_request<R: TryCryptoRng>(
        &mut self,
        request: &[u8],
        rng: &mut R,
        out: &mut [u8],
    ) -> Result<usize, HandshakeError> {
        let (step, [field, _]) = wire::command(request, SCHEME)?;
        wiped_after(|| match step {
            Step::Command0 => self.command0(field, rng, out),
            _ => self.command1(field, out),
        })
    }

    fn channel(&mut self) -> Option<&mut CtrChannel> {
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
        f.debug_struct("sec1::Device")
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
