//! Client half of security 2.

use super::srp::{self, Agreement, InnerForm, Secret512, Transcript};
use super::{GcmChannel, NONCE_LEN, OLD_NONCE_LEN, PRIVATE_LEN, PROOF_LEN, PUBLIC_LEN, SCHEME, record_key};
use crate::entropy::fill_key;
use crate::stack::wiped_after;
use crate::wire::{self, Item, Step};
use crate::{Field, Handshake, HandshakeError, Notices, Retry};
use alloc::vec::Vec;
use core::fmt;
use rand_core::TryCryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Client half. The call order is that of [`Handshake`].
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
    agreement: Agreement,
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
        let mut a = Zeroizing::new([0; PRIVATE_LEN]);
        fill_key(rng, &mut a)?;
        Self::dangerous_with_private_number(username, password, claimed_patch, &a)
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
        if username.is_empty() {
            return Err(HandshakeError::EmptyUsername);
        }
        Ok(Self {
            claimed_patch: claimed_patch.unwrap_or(0),
            notices: Notices::default(),
            state: State::Exchange(Exchange {
                due: Due::Command0,
                username: copy(username)?,
                inner: srp::inner_digest(username, password),
                form: InnerForm::Full,
                a: Zeroizing::new(*a),
                a_pub: Vec::new(),
                b_pub: Vec::new(),
                salt: Vec::new(),
                agreement: Agreement::none(),
            }),
        })
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
    fn command0(&mut self, out: &mut [u8]) -> Result<usize, HandshakeError> {
        // Always all 384 bytes: the device refuses a shorter A.
        self.a_pub = copy(&[0; PUBLIC_LEN])?;
        srp::client_public(&self.a, &mut self.a_pub);
        let command = [(1, Item::Bytes(&self.username)), (2, Item::Bytes(&self.a_pub))];
        let len = wire::send(SCHEME, Step::Command0, &command, out)?;
        self.due = Due::Response0;
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

    #[inline(never)]
    fn agree(&mut self) -> Result<(), HandshakeError> {
        let x = srp::private_x(&self.salt, &self.inner, self.form);
        let transcript = Transcript {
            identity: &srp::identity(&self.username),
            salt: &self.salt,
            a_pub: &self.a_pub,
            b_pub: &self.b_pub,
        };
        srp::client_agree(&transcript, &self.a, &x, &mut self.agreement)?;
        self.due = Due::Command1;
        Ok(())
    }

    fn command1(&mut self, out: &mut [u8]) -> Result<usize, HandshakeError> {
        let command = [(1, Item::Bytes(self.agreement.client_proof.as_slice()))];
        let len = wire::send(SCHEME, Step::Command1, &command, out)?;
        self.due = Due::Response1;
        Ok(len)
    }

    /// The record cipher, if the device has proved itself.
    fn response1(
        &self,
        bytes: &[u8],
        claimed_patch: u8,
        notices: &mut Notices,
    ) -> Result<GcmChannel, HandshakeError> {
        let [proof, nonce] = wire::response(bytes, SCHEME, Step::Response1)?;
        let proof: [u8; PROOF_LEN] = wire::exactly(proof, Field::Proof)?;
        if !bool::from(proof.ct_eq(self.agreement.device_proof.as_slice())) {
            return Err(HandshakeError::WrongProof);
        }
        let key = record_key(&self.agreement.key);
        match nonce.len() {
            NONCE_LEN => {
                notices.patch_mismatch = claimed_patch == 0;
                let nonce = wire::exactly(nonce, Field::Nonce)?;
                Ok(GcmChannel::counter(&key, &nonce))
            }
            OLD_NONCE_LEN if claimed_patch == 0 => {
                notices.nonce_reuse = true;
                let nonce = wire::exactly(nonce, Field::Nonce)?;
                Ok(GcmChannel::dangerous_fixed_nonce(&key, &nonce))
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
        self.due = Due::Command0;
        Ok(Some(Retry::Restart))
    }
}

/// Bytes on the heap, if it has room for them.
fn copy(bytes: &[u8]) -> Result<Vec<u8>, HandshakeError> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(bytes.len())
        .map_err(|_| HandshakeError::OutOfMemory)?;
    copy.extend_from_slice(bytes);
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
        let request = match &mut self.state {
            State::Exchange(state) if state.due == Due::Command0 => state.command0(out),
            State::Exchange(state) if state.due == Due::Command1 => state.command1(out),
            State::Established(_) => return Ok(None),
            _ => Err(self.misused()),
        };
        request.map(Some).or_else(|error| self.fail(error))
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
