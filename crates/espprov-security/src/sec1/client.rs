//! Client half of security 1.

use super::{CtrChannel, KEY_LEN, PopMask, RANDOM_LEN, SCHEME, check_verify, public_key, session_key};
use crate::wire::{self, Item, Step};
use crate::{Field, Handshake, HandshakeError, Notices, Retry};
use core::fmt;
use core::mem;
use rand_core::TryCryptoRng;
use zeroize::Zeroizing;

/// Client half. The call order is that of [`Handshake`].
pub struct Client {
    state: State,
}

enum State {
    SendCommand0(SendCommand0),
    ExpectResponse0(ExpectResponse0),
    SendCommand1(SendCommand1),
    ExpectResponse1(ExpectResponse1),
    Established(CtrChannel),
    Failed,
}

struct SendCommand0 {
    pop: PopMask,
    private: Zeroizing<[u8; KEY_LEN]>,
}

struct ExpectResponse0 {
    pop: PopMask,
    private: Zeroizing<[u8; KEY_LEN]>,
    public: [u8; KEY_LEN],
}

struct SendCommand1 {
    channel: CtrChannel,
    public: [u8; KEY_LEN],
    device_public: [u8; KEY_LEN],
}

struct ExpectResponse1 {
    channel: CtrChannel,
    public: [u8; KEY_LEN],
}

impl Client {
    /// A handshake that has not begun, with a fresh key. `pop` may be empty (devices with the `no_pop`
    /// capability).
    ///
    /// # Errors
    /// [`HandshakeError::Entropy`] when `rng` fails.
    pub fn new(pop: &[u8], rng: &mut impl TryCryptoRng) -> Result<Self, HandshakeError> {
        let mut private = Zeroizing::new([0; KEY_LEN]);
        rng.try_fill_bytes(&mut *private)
            .map_err(|_| HandshakeError::Entropy)?;
        Ok(Self::with_private_key(pop, &private))
    }

    /// The same with a given X25519 private key, for reproducible runs. A key must never serve twice.
    #[must_use]
    pub fn with_private_key(pop: &[u8], private: &[u8; KEY_LEN]) -> Self {
        Self {
            state: State::SendCommand0(SendCommand0 {
                pop: PopMask::new(pop),
                private: Zeroizing::new(*private),
            }),
        }
    }
}

impl SendCommand0 {
    fn request(self, out: &mut [u8]) -> Result<(usize, ExpectResponse0), HandshakeError> {
        let public = public_key(&self.private);
        let len = wire::send(SCHEME, Step::Command0, &[(1, Item::Bytes(&public))], out)?;
        let next = ExpectResponse0 {
            pop: self.pop,
            private: self.private,
            public,
        };
        Ok((len, next))
    }
}

impl ExpectResponse0 {
    fn response(self, bytes: &[u8]) -> Result<SendCommand1, HandshakeError> {
        let [device_public, device_random] = wire::response(bytes, SCHEME, Step::Response0)?;
        let device_public = wire::exactly(device_public, Field::PublicKey)?;
        let device_random: [u8; RANDOM_LEN] = wire::exactly(device_random, Field::DeviceRandom)?;
        let key = session_key(&self.private, &device_public, &self.pop)?;
        Ok(SendCommand1 {
            channel: CtrChannel::new(&key, &device_random),
            public: self.public,
            device_public,
        })
    }
}

impl SendCommand1 {
    fn request(mut self, out: &mut [u8]) -> Result<(usize, ExpectResponse1), HandshakeError> {
        let mut verify = self.device_public;
        // 64 bytes of a 128-bit counter's keystream: it cannot run out here.
        self.channel
            .apply(&mut verify)
            .map_err(|_| HandshakeError::Poisoned)?;
        let len = wire::send(SCHEME, Step::Command1, &[(2, Item::Bytes(&verify))], out)?;
        let next = ExpectResponse1 {
            channel: self.channel,
            public: self.public,
        };
        Ok((len, next))
    }
}

impl ExpectResponse1 {
    fn response(mut self, bytes: &[u8]) -> Result<CtrChannel, HandshakeError> {
        let [verify, _] = wire::response(bytes, SCHEME, Step::Response1)?;
        let mut verify = wire::exactly(verify, Field::VerifyData)?;
        self.channel
            .apply(&mut verify)
            .map_err(|_| HandshakeError::Poisoned)?;
        check_verify(&mut verify, &self.public)?;
        Ok(self.channel)
    }
}

impl Handshake for Client {
    type Channel = CtrChannel;

    fn poll_request(&mut self, out: &mut [u8]) -> Result<Option<usize>, HandshakeError> {
        match mem::replace(&mut self.state, State::Failed) {
            State::SendCommand0(state) => {
                let (len, next) = state.request(out)?;
                self.state = State::ExpectResponse0(next);
                Ok(Some(len))
            }
            State::SendCommand1(state) => {
                let (len, next) = state.request(out)?;
                self.state = State::ExpectResponse1(next);
                Ok(Some(len))
            }
            State::Established(channel) => {
                self.state = State::Established(channel);
                Ok(None)
            }
            State::ExpectResponse0(_) | State::ExpectResponse1(_) => Err(HandshakeError::OutOfTurn),
            State::Failed => Err(HandshakeError::Poisoned),
        }
    }

    fn handle_response(&mut self, response: &[u8]) -> Result<(), HandshakeError> {
        self.state = match mem::replace(&mut self.state, State::Failed) {
            State::ExpectResponse0(state) => State::SendCommand1(state.response(response)?),
            State::ExpectResponse1(state) => State::Established(state.response(response)?),
            State::SendCommand0(_) | State::SendCommand1(_) | State::Established(_) => {
                return Err(HandshakeError::OutOfTurn);
            }
            State::Failed => return Err(HandshakeError::Poisoned),
        };
        Ok(())
    }

    fn handle_refusal(&mut self, _link_alive: bool) -> Result<Retry, HandshakeError> {
        match mem::replace(&mut self.state, State::Failed) {
            State::ExpectResponse0(_) => Ok(Retry::GiveUp {
                wrong_credentials: false,
            }),
            State::ExpectResponse1(_) => Ok(Retry::GiveUp {
                wrong_credentials: true,
            }),
            State::SendCommand0(_) | State::SendCommand1(_) | State::Established(_) => {
                Err(HandshakeError::OutOfTurn)
            }
            State::Failed => Err(HandshakeError::Poisoned),
        }
    }

    fn notices(&self) -> Notices {
        Notices::default()
    }

    fn into_channel(self) -> Result<CtrChannel, HandshakeError> {
        match self.state {
            State::Established(channel) => Ok(channel),
            State::Failed => Err(HandshakeError::Poisoned),
            _ => Err(HandshakeError::NotFinished),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::SendCommand0(_) => "SendCommand0",
            State::ExpectResponse0(_) => "ExpectResponse0",
            State::SendCommand1(_) => "SendCommand1",
            State::ExpectResponse1(_) => "ExpectResponse1",
            State::Established(_) => "Established",
            State::Failed => "Failed",
        };
        f.debug_struct("sec1::Client")
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
