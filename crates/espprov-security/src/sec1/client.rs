//! Client half of security 1.

use super::{CtrChannel, KEY_LEN, PopMask, RANDOM_LEN, SCHEME, check_verify, public_key, session_key};
use crate::entropy::fill_key;
use crate::stack::wiped_after;
use crate::wire::{self, Item, Step};
use crate::{Field, Handshake, HandshakeError, Notices, Retry};
use core::fmt;
use rand_core::TryCryptoRng;
use zeroize::Zeroizing;

/// Client half. The call order is that of [`Handshake`].
pub struct Client {
    has_pop: bool,
    state: State,
}

/// Changed in place, and only ever forwards: moving a cipher from one state into the next would take room on the stack
/// for both of them.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one client at a time: no heap for the cipher"
)]
enum State {
    /// Command 0 and its answer: keys are exchanged.
    Exchange(Exchange),
    /// Command 1 and its answer: both sides prove that they have the same key. Then the session.
    Proof(Proof),
    Failed,
}

/// What is due next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    Request,
    Response,
    Session,
}

struct Exchange {
    due: Due,
    pop: PopMask,
    private: Zeroizing<[u8; KEY_LEN]>,
    /// Known from the request on.
    public: [u8; KEY_LEN],
}

struct Proof {
    due: Due,
    channel: CtrChannel,
    public: [u8; KEY_LEN],
    device_public: [u8; KEY_LEN],
}

/// What the answer to command 0 leads to.
struct Agreed<'r> {
    key: Zeroizing<[u8; KEY_LEN]>,
    public: [u8; KEY_LEN],
    random: &'r [u8; RANDOM_LEN],
    device_public: &'r [u8; KEY_LEN],
}

impl Client {
    /// A handshake that has not begun, with a fresh key. `pop` may be empty (devices with the `no_pop`
    /// capability).
    ///
    /// # Errors
    /// [`HandshakeError::Entropy`] when `rng` fails or repeats itself.
    pub fn new(pop: &[u8], rng: &mut impl TryCryptoRng) -> Result<Self, HandshakeError> {
        // Filled and wiped here: what it becomes part of is moved as it is handed out, and who fills it there leaves more copies behind.
        let mut private = Zeroizing::new([0; KEY_LEN]);
        fill_key(rng, &mut private)?;
        Ok(Self::dangerous_with_private_key(pop, &private))
    }

    /// The same with a given X25519 private key: for test vectors and measurements. Who knows the key, or sees it
    /// serve twice, can test guesses of the PoP and read the session.
    #[must_use]
    pub fn dangerous_with_private_key(pop: &[u8], private: &[u8; KEY_LEN]) -> Self {
        Self {
            has_pop: !pop.is_empty(),
            state: State::Exchange(Exchange {
                due: Due::Request,
                pop: PopMask::new(pop),
                private: Zeroizing::new(*private),
                public: [0; KEY_LEN],
            }),
        }
    }

    /// What an answer leads to.
    fn take_response(&mut self, response: &[u8]) -> Result<(), HandshakeError> {
        let taken = match &mut self.state {
            State::Exchange(state) if state.due == Due::Response => match state.response(response) {
                Ok(agreed) => {
                    Proof::begin(&agreed, &mut self.state);
                    Ok(())
                }
                Err(error) => Err(error),
            },
            State::Proof(state) if state.due == Due::Response => state.response(response),
            _ => Err(self.misused()),
        };
        taken.or_else(|error| self.fail(error))
    }

    /// Errors are sticky.
    fn fail<T>(&mut self, error: HandshakeError) -> Result<T, HandshakeError> {
        self.state = State::Failed;
        Err(error)
    }

    /// The error for a call that is not due.
    const fn misused(&self) -> HandshakeError {
        match self.state {
            State::Failed => HandshakeError::Poisoned,
            _ => HandshakeError::OutOfTurn,
        }
    }
}

impl Exchange {
    fn request(&mut self, out: &mut [u8]) -> Result<usize, HandshakeError> {
        self.public = public_key(&self.private);
        let len = wire::send(SCHEME, Step::Command0, &[(1, Item::Bytes(&self.public))], out)?;
        self.due = Due::Response;
        Ok(len)
    }

    fn response<'r>(&self, bytes: &'r [u8]) -> Result<Agreed<'r>, HandshakeError> {
        let [device_public, random] = wire::response(bytes, SCHEME, Step::Response0)?;
        let device_public = wire::exactly(device_public, Field::PublicKey)?;
        let random = wire::exactly(random, Field::DeviceRandom)?;
        Ok(Agreed {
            key: session_key(&self.private, device_public, &self.pop)?,
            public: self.public,
            random,
            device_public,
        })
    }
}

impl Proof {
    #[inline(never)] // round keys come and go here, beside the curve's stack instead of under it
    fn begin(agreed: &Agreed<'_>, state: &mut State) {
        *state = State::Proof(Self {
            due: Due::Request,
            channel: CtrChannel::new(&agreed.key, agreed.random),
            public: agreed.public,
            device_public: *agreed.device_public,
        });
    }

    fn request(&mut self, out: &mut [u8]) -> Result<usize, HandshakeError> {
        let mut verify = self.device_public;
        self.apply(&mut verify)?;
        let len = wire::send(SCHEME, Step::Command1, &[(2, Item::Bytes(&verify))], out)?;
        self.due = Due::Response;
        Ok(len)
    }

    fn response(&mut self, bytes: &[u8]) -> Result<(), HandshakeError> {
        let [verify, _] = wire::response(bytes, SCHEME, Step::Response1)?;
        let mut verify = *wire::exactly(verify, Field::VerifyData)?;
        self.apply(&mut verify)?;
        check_verify(&mut verify, &self.public)?;
        self.due = Due::Session;
        Ok(())
    }

    /// The two verify messages take 64 bytes of a 128-bit counter's keystream: it cannot run out here.
    fn apply(&mut self, verify: &mut [u8; KEY_LEN]) -> Result<(), HandshakeError> {
        self.channel.apply(verify).map_err(|_| HandshakeError::Poisoned)
    }
}

impl Handshake for Client {
    type Channel = CtrChannel;

    fn poll_request(&mut self, out: &mut [u8]) -> Result<Option<usize>, HandshakeError> {
        let request = match &mut self.state {
            State::Exchange(state) if state.due == Due::Request => state.request(out),
            State::Proof(state) if state.due == Due::Request => state.request(out),
            State::Proof(state) if state.due == Due::Session => return Ok(None),
            _ => Err(self.misused()),
        };
        request.map(Some).or_else(|error| self.fail(error))
    }

    fn handle_response(&mut self, response: &[u8]) -> Result<(), HandshakeError> {
        wiped_after(|| self.take_response(response))
    }

    fn handle_refusal(&mut self, _link_alive: bool) -> Result<Retry, HandshakeError> {
        let wrong_credentials = match &self.state {
            State::Exchange(state) if state.due == Due::Response => false,
            State::Proof(state) if state.due == Due::Response => true,
            _ => return self.fail(self.misused()),
        };
        self.state = State::Failed;
        Ok(Retry::GiveUp { wrong_credentials })
    }

    fn notices(&self) -> Notices {
        Notices {
            guessable_pop: self.has_pop,
            unauthenticated: !self.has_pop,
            ..Notices::default()
        }
    }

    fn into_channel(self) -> Result<CtrChannel, HandshakeError> {
        match self.state {
            State::Proof(state) if state.due == Due::Session => Ok(state.channel),
            State::Failed => Err(HandshakeError::Poisoned),
            _ => Err(HandshakeError::NotFinished),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (state, due) = match &self.state {
            State::Exchange(state) => ("Exchange", Some(state.due)),
            State::Proof(state) => ("Proof", Some(state.due)),
            State::Failed => ("Failed", None),
        };
        f.debug_struct("sec1::Client")
            .field("state", &state)
            .field("due", &due)
            .finish_non_exhaustive()
    }
}
