//! Client half of security 2.

use super::srp::{self, Agreement, ClientPublic, ClientSecret, InnerForm, Secret512, Transcript};
use super::{GcmChannel, NONCE_LEN, OLD_NONCE_LEN, PRIVATE_LEN, PROOF_LEN, PUBLIC_LEN, SCHEME, record_key};
use crate::budget::Spending;
use crate::entropy::fill_key;
use crate::stack::wiped_after;
use crate::wire::{self, Item, Step};
use crate::{Budget, Field, Handshake, HandshakeError, Notices, Progress, Retry};
use alloc::vec::Vec;
use core::fmt;
use rand_core::TryCryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Client half. The call order is that of [`Handshake`]. While it computes, [`Handshake::compute`] says how much at a
/// time, it has 3.5 KB of numbers on the heap where words have 32 bits, 12.5 KB where they have 64.
///
/// One in 256 pairs of user name and password has an inner digest H(I ǀ ":" ǀ P) that begins with 00. The
/// vendor's Python generator drops such zeros, so its verifiers match only a digest without them. When the
/// device refuses the proof of such a pair, [`handle_refusal`](Handshake::handle_refusal) offers one more
/// try in that form and [`notices`](Handshake::notices) tells of it. (That an attacker can see whether the
/// digest begins with 00 is a consequence: it costs less than one bit of a guess in 256.)
pub struct Client {
    claimed_patch: u8,
    notices: Notices,
    state: State,
}

/// Changed in place, and only ever forwards: moving the cipher or the exchange from one state into the next would take
/// room on the stack for both of them.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one client at a time: no heap for the cipher"
)]
enum State {
    Exchange(Exchange),
    Established(GcmChannel),
    Failed,
}

/// What is due next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    Command0,
    Response0,
    Command1,
    Response1,
}

/// All of it is kept until the proof is accepted, for the second try.
struct Exchange {
    due: Due,
    username: Vec<u8>,
    inner: Secret512,
    /// In which form the digest goes into the proof.
    form: InnerForm,
    a: Zeroizing<[u8; PRIVATE_LEN]>,
    /// 384 bytes from command 0 on. On the heap, like the next, because they wait for an answer from outside.
    a_pub: Vec<u8>,
    /// From response 0 on.
    b_pub: Vec<u8>,
    salt: Vec<u8>,
    numbers: Numbers,
    /// K and the proofs, from the end of the arithmetic on.
    agreement: Agreement,
}

/// What the next command is made of. Long arithmetic goes on in place, and takes its memory only while it does.
enum Numbers {
    /// Nothing is computed.
    Nothing,
    /// A is.
    Public(ClientPublic),
    /// A is there, in its own place.
    Sent,
    /// S is computed.
    Secret(ClientSecret),
    /// The proofs are there, in their own place.
    Agreed,
}

impl Client {
    /// A handshake that has not begun, with a fresh ephemeral number.
    ///
    /// `claimed_patch` is `sec_patch_ver` of proto-ver, `None` when it is missing (which means 0). It only
    /// ever makes the client stricter: a device that claims 1 or more and then sends the fixed nonce of
    /// patch level 0 is refused, while one that claims 0 and sends a counter gets the counter, with
    /// [`Notices::patch_mismatch`].
    ///
    /// # Errors
    /// [`HandshakeError::EmptyUsername`], [`HandshakeError::OutOfMemory`], or [`HandshakeError::Entropy`] when `rng`
    /// fails or repeats itself.
    pub fn new(
        username: &[u8],
        password: &[u8],
        claimed_patch: Option<u8>,
        rng: &mut impl TryCryptoRng,
    ) -> Result<Self, HandshakeError> {
        Self::with_number(username, password, claimed_patch, |a| fill_key(rng, a))
    }

    /// The same with a given ephemeral number a (big-endian): for test vectors and measurements. Who knows it, or
    /// sees it serve twice, can test guesses of the password.
    ///
    /// # Errors
    /// [`HandshakeError::EmptyUsername`] or [`HandshakeError::OutOfMemory`].
    pub fn dangerous_with_private_number(
        username: &[u8],
        password: &[u8],
        claimed_patch: Option<u8>,
        a: &[u8; PRIVATE_LEN],
    ) -> Result<Self, HandshakeError> {
        Self::with_number(username, password, claimed_patch, |number| {
            *number = *a;
            Ok(())
        })
    }

    /// The number is put where it stays: what was moved there would be on the stack, too.
    fn with_number(
        username: &[u8],
        password: &[u8],
        claimed_patch: Option<u8>,
        number: impl FnOnce(&mut [u8; PRIVATE_LEN]) -> Result<(), HandshakeError>,
    ) -> Result<Self, HandshakeError> {
        if username.is_empty() {
            return Err(HandshakeError::EmptyUsername);
        }
        let mut client = Self {
            claimed_patch: claimed_patch.unwrap_or(0),
            notices: Notices::default(),
            state: State::Exchange(Exchange {
                due: Due::Command0,
                username: copy(username)?,
                inner: srp::inner_digest(username, password),
                form: InnerForm::Full,
                a: Zeroizing::new([0; PRIVATE_LEN]),
                a_pub: Vec::new(),
                b_pub: Vec::new(),
                salt: Vec::new(),
                numbers: Numbers::Nothing,
                agreement: Agreement::none(),
            }),
        };
        if let State::Exchange(state) = &mut client.state {
            number(&mut state.a)?;
        }
        Ok(client)
    }

    /// The answer to command 1.
    #[inline(never)] // a cipher is made here, beside the big numbers' stack instead of under it
    fn establish(&mut self, response: &[u8]) -> Result<(), HandshakeError> {
        if let State::Exchange(state) = &self.state {
            let channel = state.response1(response, self.claimed_patch, &mut self.notices)?;
            self.state = State::Established(channel);
        }
        Ok(())
    }

    /// What an answer leads to.
    fn take_response(&mut self, response: &[u8]) -> Result<(), HandshakeError> {
        let taken = match &mut self.state {
            State::Exchange(state) if state.due == Due::Response0 => state.response0(response),
            State::Exchange(state) if state.due == Due::Response1 => self.establish(response),
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
    /// Goes on with what the next command takes.
    #[inline(never)]
    fn compute(&mut self, spending: &mut Spending) -> Result<Progress, HandshakeError> {
        loop {
            self.numbers = match &mut self.numbers {
                Numbers::Nothing => Numbers::Public(ClientPublic::begin()?),
                Numbers::Public(public) => {
                    if !public.go_on(&self.a, spending) {
                        return Ok(Progress::Busy);
                    }
                    // Always all 384 bytes: the device refuses a shorter A.
                    self.a_pub = srp::zeros(PUBLIC_LEN)?;
                    public.finish(&mut self.a_pub);
                    Numbers::Sent
                }
                Numbers::Secret(secret) => {
                    if !secret.go_on(&self.b_pub, spending) {
                        return Ok(Progress::Busy);
                    }
                    let transcript = Transcript {
                        identity: &srp::identity(&self.username),
                        salt: &self.salt,
                        a_pub: &self.a_pub,
                        b_pub: &self.b_pub,
                    };
                    secret.agree(&transcript, &mut self.agreement);
                    Numbers::Agreed
                }
                Numbers::Sent | Numbers::Agreed => return Ok(Progress::Done),
            }
        }
    }

    /// The command that is due, all of it being computed.
    fn command(&mut self, out: &mut [u8]) -> Result<usize, HandshakeError> {
        let (step, len) = match (self.due, &self.numbers) {
            (Due::Command0, Numbers::Sent) => {
                let command = [(1, Item::Bytes(&self.username)), (2, Item::Bytes(&self.a_pub))];
                (Due::Response0, wire::send(SCHEME, Step::Command0, &command, out)?)
            }
            (Due::Command1, Numbers::Agreed) => {
                let command = [(1, Item::Bytes(self.agreement.client_proof.as_slice()))];
                (Due::Response1, wire::send(SCHEME, Step::Command1, &command, out)?)
            }
            _ => return Err(HandshakeError::OutOfTurn),
        };
        self.due = step;
        Ok(len)
    }

    fn response0(&mut self, bytes: &[u8]) -> Result<(), HandshakeError> {
        let [b_pub, salt] = wire::response(bytes, SCHEME, Step::Response0)?;
        if salt.is_empty() {
            return Err(HandshakeError::WrongLength(Field::Salt));
        }
        if b_pub.len() > PUBLIC_LEN {
            return Err(HandshakeError::WrongLength(Field::PublicKey));
        }
        self.b_pub = copy(b_pub)?;
        self.salt = copy(salt)?;
        self.agree()
    }

    /// Both public numbers are there: S is next.
    fn agree(&mut self) -> Result<(), HandshakeError> {
        let x = srp::private_x(&self.salt, &self.inner, self.form);
        self.numbers = Numbers::Secret(ClientSecret::begin(&self.a, &self.a_pub, &self.b_pub, &x)?);
        self.due = Due::Command1;
        Ok(())
    }

    /// The record cipher, if the device has proved itself.
    fn response1(
        &self,
        bytes: &[u8],
        claimed_patch: u8,
        notices: &mut Notices,
    ) -> Result<GcmChannel, HandshakeError> {
        let [proof, nonce] = wire::response(bytes, SCHEME, Step::Response1)?;
        let proof: &[u8; PROOF_LEN] = wire::exactly(proof, Field::Proof)?;
        if !bool::from(proof.ct_eq(self.agreement.device_proof.as_slice())) {
            return Err(HandshakeError::WrongProof);
        }
        let key = record_key(&self.agreement.key);
        match nonce.len() {
            NONCE_LEN => {
                notices.patch_mismatch = claimed_patch == 0;
                let nonce = wire::exactly(nonce, Field::Nonce)?;
                Ok(GcmChannel::counter(&key, nonce))
            }
            OLD_NONCE_LEN if claimed_patch == 0 => {
                notices.nonce_reuse = true;
                let nonce = wire::exactly(nonce, Field::Nonce)?;
                Ok(GcmChannel::dangerous_fixed_nonce(&key, nonce))
            }
            OLD_NONCE_LEN => Err(HandshakeError::NonceDowngrade),
            _ => Err(HandshakeError::WrongLength(Field::Nonce)),
        }
    }

    /// The device refused the proof. Is there another form of it to try, and how?
    fn refused(&mut self, link_alive: bool) -> Result<Option<Retry>, HandshakeError> {
        if self.form == InnerForm::Stripped || self.inner.first() != Some(&0) {
            return Ok(None);
        }
        self.form = InnerForm::Stripped;
        if link_alive {
            // The device takes a corrected command 1.
            self.agree()?;
            return Ok(Some(Retry::Request));
        }
        self.a = next_private_number(&self.a);
        self.numbers = Numbers::Nothing;
        self.due = Due::Command0;
        Ok(Some(Retry::Restart))
    }
}

/// Bytes on the heap, if it has room for them.
fn copy(bytes: &[u8]) -> Result<Vec<u8>, HandshakeError> {
    let mut copy = srp::zeros(bytes.len())?;
    copy.copy_from_slice(bytes);
    Ok(copy)
}

/// Another ephemeral number for a second handshake, out of the first: A must not repeat, and there is no
/// entropy source at hand here.
fn next_private_number(a: &[u8; PRIVATE_LEN]) -> Zeroizing<[u8; PRIVATE_LEN]> {
    record_key(&srp::hash(&[
        b"espprov security 2: second ephemeral number",
        a.as_slice(),
    ]))
}

impl Handshake for Client {
    type Channel = GcmChannel;

    fn poll_request(&mut self, out: &mut [u8]) -> Result<Option<usize>, HandshakeError> {
        let _ = self.compute(Budget::UNLIMITED)?;
        let request = match &mut self.state {
            State::Exchange(state) => state.command(out),
            State::Established(_) => return Ok(None),
            State::Failed => Err(HandshakeError::Poisoned),
        };
        request.map(Some).or_else(|error| self.fail(error))
    }

    fn compute(&mut self, budget: Budget) -> Result<Progress, HandshakeError> {
        let progress = match &mut self.state {
            State::Exchange(state) => wiped_after(|| state.compute(&mut Spending::new(budget))),
            State::Established(_) => return Ok(Progress::Done),
            State::Failed => return Err(HandshakeError::Poisoned),
        };
        progress.or_else(|error| self.fail(error))
    }

    fn handle_response(&mut self, response: &[u8]) -> Result<(), HandshakeError> {
        wiped_after(|| self.take_response(response))
    }

    fn handle_refusal(&mut self, link_alive: bool) -> Result<Retry, HandshakeError> {
        let wrong_credentials = match &mut self.state {
            State::Exchange(state) if state.due == Due::Response0 => false,
            State::Exchange(state) if state.due == Due::Response1 => match state.refused(link_alive) {
                Ok(Some(retry)) => {
                    self.notices.stripped_digest = true;
                    return Ok(retry);
                }
                Ok(None) => {
                    self.notices.stripped_digest = false;
                    true
                }
                Err(error) => return self.fail(error),
            },
            _ => return self.fail(self.misused()),
        };
        self.state = State::Failed;
        Ok(Retry::GiveUp { wrong_credentials })
    }

    fn notices(&self) -> Notices {
        self.notices
    }

    fn into_channel(self) -> Result<GcmChannel, HandshakeError> {
        match self.state {
            State::Established(channel) => Ok(channel),
            State::Failed => Err(HandshakeError::Poisoned),
            _ => Err(HandshakeError::NotFinished),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (state, due) = match &self.state {
            State::Exchange(state) => ("Exchange", Some(state.due)),
            State::Established(_) => ("Established", None),
            State::Failed => ("Failed", None),
        };
        f.debug_struct("sec2::Client")
            .field("state", &state)
            .field("due", &due)
            .field("notices", &self.notices)
            .finish_non_exhaustive()
    }
}
