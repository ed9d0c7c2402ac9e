//! Client half of security 2.

use super::srp::{self, Agreement, InnerForm, Secret512, Transcript};
use super::{GcmChannel, NONCE_LEN, OLD_NONCE_LEN, PRIVATE_LEN, PROOF_LEN, SCHEME, record_key};
use crate::wire::{self, Item, Step};
use crate::{Field, Handshake, HandshakeError, Notices, Retry};
use alloc::vec::Vec;
use core::fmt;
use core::mem;
use rand_core::TryCryptoRng;
use sha2::{Digest, Sha512};
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

#[expect(
    clippy::large_enum_variant,
    reason = "there is one client at a time: no heap for the cipher"
)]
enum State {
    SendCommand0(SendCommand0),
    ExpectResponse0(ExpectResponse0),
    SendCommand1(SendCommand1),
    ExpectResponse1(ExpectResponse1),
    Established(GcmChannel),
    Failed,
}

/// Who we are, and in which form the digest goes into the proof.
struct Credentials {
    username: Vec<u8>,
    inner: Secret512,
    form: InnerForm,
}

struct SendCommand0 {
    credentials: Credentials,
    a: Zeroizing<[u8; PRIVATE_LEN]>,
}

struct ExpectResponse0 {
    credentials: Credentials,
    a: Zeroizing<[u8; PRIVATE_LEN]>,
    /// 384 bytes, which are on the heap because they wait for an answer from outside.
    a_pub: Vec<u8>,
}

/// All of command 0's exchange: kept until the proof is accepted, for the second try.
struct Exchange {
    credentials: Credentials,
    a: Zeroizing<[u8; PRIVATE_LEN]>,
    /// 384 bytes, which are on the heap because they wait for an answer from outside.
    a_pub: Vec<u8>,
    b_pub: Vec<u8>,
    salt: Vec<u8>,
}

struct SendCommand1 {
    exchange: Exchange,
    agreement: Agreement,
}

struct ExpectResponse1 {
    exchange: Exchange,
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
    /// [`HandshakeError::EmptyUsername`], or [`HandshakeError::Entropy`] when `rng` fails.
    pub fn new(
        username: &[u8],
        password: &[u8],
        claimed_patch: Option<u8>,
        rng: &mut impl TryCryptoRng,
    ) -> Result<Self, HandshakeError> {
        let mut a = Zeroizing::new([0; PRIVATE_LEN]);
        rng.try_fill_bytes(&mut *a).map_err(|_| HandshakeError::Entropy)?;
        Self::with_private_number(username, password, claimed_patch, &a)
    }

    /// The same with a given ephemeral number a (big-endian), for reproducible runs. It must never serve
    /// twice.
    ///
    /// # Errors
    /// [`HandshakeError::EmptyUsername`].
    pub fn with_private_number(
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
            state: State::SendCommand0(SendCommand0 {
                credentials: Credentials {
                    username: username.to_vec(),
                    inner: srp::inner_digest(username, password),
                    form: InnerForm::Full,
                },
                a: Zeroizing::new(*a),
            }),
        })
    }
}

impl SendCommand0 {
    fn request(self, out: &mut [u8]) -> Result<(usize, ExpectResponse0), HandshakeError> {
        // Always all 384 bytes: the device refuses a shorter A.
        let a_pub = srp::client_public(&self.a).to_vec();
        let command = [
            (1, Item::Bytes(&self.credentials.username)),
            (2, Item::Bytes(&a_pub)),
        ];
        let len = wire::send(SCHEME, Step::Command0, &command, out)?;
        let next = ExpectResponse0 {
            credentials: self.credentials,
            a: self.a,
            a_pub,
        };
        Ok((len, next))
    }
}

impl ExpectResponse0 {
    fn response(self, bytes: &[u8]) -> Result<SendCommand1, HandshakeError> {
        let [b_pub, salt] = wire::response(bytes, SCHEME, Step::Response0)?;
        if salt.is_empty() {
            return Err(HandshakeError::WrongLength(Field::Salt));
        }
        Exchange {
            credentials: self.credentials,
            a: self.a,
            a_pub: self.a_pub,
            b_pub: b_pub.to_vec(),
            salt: salt.to_vec(),
        }
        .agree()
    }
}

impl Exchange {
    #[inline(never)]
    fn agree(self) -> Result<SendCommand1, HandshakeError> {
        let x = srp::private_x(&self.salt, &self.credentials.inner, self.credentials.form);
        let transcript = Transcript {
            identity: &srp::identity(&self.credentials.username),
            salt: &self.salt,
            a_pub: &self.a_pub,
            b_pub: &self.b_pub,
        };
        let agreement = srp::client_agree(&transcript, &self.a, &x)?;
        Ok(SendCommand1 {
            exchange: self,
            agreement,
        })
    }
}

impl SendCommand1 {
    fn request(self, out: &mut [u8]) -> Result<(usize, ExpectResponse1), HandshakeError> {
        let command = [(1, Item::Bytes(self.agreement.client_proof.as_slice()))];
        let len = wire::send(SCHEME, Step::Command1, &command, out)?;
        let next = ExpectResponse1 {
            exchange: self.exchange,
            agreement: self.agreement,
        };
        Ok((len, next))
    }
}

impl ExpectResponse1 {
    fn response(
        self,
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
    fn refused(self, link_alive: bool) -> Result<Option<(Retry, State)>, HandshakeError> {
        let Self { mut exchange, .. } = self;
        let credentials = &mut exchange.credentials;
        if credentials.form == InnerForm::Stripped || credentials.inner.first() != Some(&0) {
            return Ok(None);
        }
        credentials.form = InnerForm::Stripped;
        if link_alive {
            // The device takes a corrected command 1.
            return Ok(Some((Retry::Request, State::SendCommand1(exchange.agree()?))));
        }
        Ok(Some((
            Retry::Restart,
            State::SendCommand0(SendCommand0 {
                credentials: exchange.credentials,
                a: next_private_number(&exchange.a),
            }),
        )))
    }
}

/// Another ephemeral number for a second handshake, out of the first: A must not repeat, and there is no
/// entropy source at hand here.
fn next_private_number(a: &[u8; PRIVATE_LEN]) -> Zeroizing<[u8; PRIVATE_LEN]> {
    let digest: Secret512 = Zeroizing::new(
        Sha512::new()
            .chain_update(b"espprov security 2: second ephemeral number")
            .chain_update(a)
            .finalize()
            .into(),
    );
    record_key(&digest)
}

impl Handshake for Client {
    type Channel = GcmChannel;

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
            State::ExpectResponse1(state) => {
                State::Established(state.response(response, self.claimed_patch, &mut self.notices)?)
            }
            State::SendCommand0(_) | State::SendCommand1(_) | State::Established(_) => {
                return Err(HandshakeError::OutOfTurn);
            }
            State::Failed => return Err(HandshakeError::Poisoned),
        };
        Ok(())
    }

    fn handle_refusal(&mut self, link_alive: bool) -> Result<Retry, HandshakeError> {
        match mem::replace(&mut self.state, State::Failed) {
            State::ExpectResponse0(_) => Ok(Retry::GiveUp {
                wrong_credentials: false,
            }),
            State::ExpectResponse1(state) => match state.refused(link_alive)? {
                Some((retry, next)) => {
                    self.notices.stripped_digest = true;
                    self.state = next;
                    Ok(retry)
                }
                None => {
                    self.notices.stripped_digest = false;
                    Ok(Retry::GiveUp {
                        wrong_credentials: true,
                    })
                }
            },
            State::SendCommand0(_) | State::SendCommand1(_) | State::Established(_) => {
                Err(HandshakeError::OutOfTurn)
            }
            State::Failed => Err(HandshakeError::Poisoned),
        }
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
        let state = match self.state {
            State::SendCommand0(_) => "SendCommand0",
            State::ExpectResponse0(_) => "ExpectResponse0",
            State::SendCommand1(_) => "SendCommand1",
            State::ExpectResponse1(_) => "ExpectResponse1",
            State::Established(_) => "Established",
            State::Failed => "Failed",
        };
        f.debug_struct("sec2::Client")
            .field("state", &state)
            .field("notices", &self.notices)
            .finish_non_exhaustive()
    }
}
