//! Which security, where the device does not say.

use core::mem;
use espprov_core::auth::{AnyHandshake, Authenticator, Auto, PolicyError, SecurityChoice, SessionSecurity};
use espprov_security::{Budget, Handshake, HandshakeError, Notices, Progress, Retry};
use espprov_types::{DeviceInfo, SecurityScheme};
use rand_core::TryCryptoRng;

/// [`Auto`], and what it cannot know: firmware before March 2025 answers with a bare `v1.0`, which says nothing of its security.
/// Unless the caller names the scheme, security 2 is tried first, and where its first message is refused, security 1. Never
/// security 0: that would show everything to whoever answers.
///
/// Whoever answers can refuse security 2 to be offered security 1, and then test guesses of the PoP. So for a device that is
/// known to have security 2 name it: `Auto::with_choice`.
#[derive(Debug, Clone)]
pub struct InTurn {
    auto: Auto,
    tries: bool,
}

impl InTurn {
    /// With these credentials.
    #[must_use]
    pub const fn new(auto: Auto) -> Self {
        Self { auto, tries: true }
    }

    /// As [`Auto`] alone: for a program that also provisions, with one type for both.
    #[must_use]
    pub const fn once(auto: Auto) -> Self {
        Self { auto, tries: false }
    }

    /// The credentials, to exchange them.
    pub const fn auto_mut(&mut self) -> &mut Auto {
        &mut self.auto
    }

    /// A handshake of this scheme, if the credentials are for it.
    fn try_scheme<R: TryCryptoRng>(
        &self,
        scheme: SecurityScheme,
        info: &DeviceInfo,
        rng: &mut R,
    ) -> Result<AnyHandshake, PolicyError> {
        let choice = SecurityChoice::Exactly(scheme);
        self.auto.clone().with_choice(choice).begin(info, rng)
    }
}

impl Authenticator for InTurn {
    type Handshake = TurnHandshake;

    fn begin<R: TryCryptoRng>(
        &mut self,
        info: &DeviceInfo,
        rng: &mut R,
    ) -> Result<TurnHandshake, PolicyError> {
        if !self.tries || info.names_scheme() || self.auto.named().is_some() {
            return self.auto.begin(info, rng).map(TurnHandshake::only);
        }
        let first = self.try_scheme(SecurityScheme::Sec2, info, rng);
        let second = self.try_scheme(SecurityScheme::Sec1, info, rng);
        match (first, second) {
            (Ok(first), second) => Ok(TurnHandshake {
                now: first,
                next: second.ok(),
                answered: false,
            }),
            // No password, but a PoP that is known to be none.
            (Err(_), Ok(second)) => Ok(TurnHandshake::only(second)),
            (Err(error), Err(_)) => Err(error),
        }
    }

    fn security(&self, handshake: &TurnHandshake) -> SessionSecurity {
        self.auto.security(&handshake.now)
    }

    fn allows_plaintext(&self) -> bool {
        self.auto.allows_plaintext()
    }
}

/// A handshake that turns into another one if the device knows nothing of it.
#[derive(Debug)]
pub struct TurnHandshake {
    now: AnyHandshake,
    next: Option<AnyHandshake>,
    /// The device has answered: it knows this one.
    answered: bool,
}

impl TurnHandshake {
    const fn only(now: AnyHandshake) -> Self {
        Self {
            now,
            next: None,
            answered: false,
        }
    }
}

impl Handshake for TurnHandshake {
    type Channel = <AnyHandshake as Handshake>::Channel;

    fn poll_request(&mut self, out: &mut [u8]) -> Result<Option<usize>, HandshakeError> {
        self.now.poll_request(out)
    }

    fn compute(&mut self, budget: Budget) -> Result<Progress, HandshakeError> {
        self.now.compute(budget)
    }

    fn handle_response(&mut self, response: &[u8]) -> Result<(), HandshakeError> {
        self.answered = true;
        self.now.handle_response(response)
    }

    fn handle_refusal(&mut self, link_alive: bool) -> Result<Retry, HandshakeError> {
        match self.next.take() {
            // The price of the wrong one is the link, over HTTP.
            Some(next) if !self.answered => {
                drop(mem::replace(&mut self.now, next));
                Ok(Retry::Request)
            }
            _ => self.now.handle_refusal(link_alive),
        }
    }

    fn notices(&self) -> Notices {
        self.now.notices()
    }

    fn into_channel(self) -> Result<Self::Channel, HandshakeError> {
        self.now.into_channel()
    }
}
