//! Wrong proofs: counted, and made slow.

use core::time::Duration;
use espprov_security::{Field, HandshakeError};

/// Wrong proofs that [`GuessLimit::BackOff`] answers at once.
pub const FREE_GUESSES: u32 = 5;

/// The first pause after those. Each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(64);

/// What a device does about clients that guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum GuessLimit {
    /// Nothing, as stock ESP-IDF: guesses come as fast as the link carries them.
    Unlimited,
    /// After [`FREE_GUESSES`] wrong proofs the answer to each further one comes late, and no handshake goes on before
    /// that: 1 s, 2 s, 4 s … up to 64 s. A right proof begins the count anew; so does a restart.
    #[default]
    BackOff,
    /// After so many the device takes no handshake any more until it is restarted, and the application is told to
    /// stop the service. As ESP RainMaker does, after 5: malformed values count too, and a right proof does not
    /// begin anew.
    Stop(u32),
}

/// What follows from a wrong proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Consequence {
    /// Nothing yet.
    None,
    /// The answer, and every handshake, waits so long.
    Pause(Duration),
    /// No handshake any more: the application should stop the service, as vendor firmware does.
    Stop,
}

/// The count. It belongs to the device, not to a session: who guesses opens another one.
#[derive(Debug, Default)]
pub(crate) struct Guesses {
    wrong: u32,
    /// No handshake goes on before.
    until: Duration,
    stopped: bool,
}

impl Guesses {
    /// Whether handshakes are taken.
    pub(crate) fn is_open(&self, now: Duration) -> bool {
        !self.stopped && now >= self.until
    }

    /// When the pause is over.
    pub(crate) const fn until(&self) -> Duration {
        self.until
    }

    /// How many, so far.
    pub(crate) const fn count(&self) -> u32 {
        self.wrong
    }

    /// A client proved itself.
    pub(crate) fn right(&mut self, limit: GuessLimit) {
        if limit == GuessLimit::BackOff {
            self.wrong = 0;
        }
    }

    /// A handshake message was refused. `None`: that was no guess.
    pub(crate) fn refused(
        &mut self,
        limit: GuessLimit,
        error: HandshakeError,
        now: Duration,
    ) -> Option<Consequence> {
        // A proof that came without its own command 0 was not judged: it may be another client's, crowded out.
        let malformed = matches!(
            error,
            HandshakeError::WrongLength(Field::PublicKey | Field::Username | Field::VerifyData)
        );
        let counts = error.is_authentication() || (malformed && matches!(limit, GuessLimit::Stop(_)));
        if !counts {
            return None;
        }
        self.wrong = self.wrong.saturating_add(1);
        Some(match limit {
            GuessLimit::BackOff if self.wrong > FREE_GUESSES => {
                let doublings = self.wrong.saturating_sub(FREE_GUESSES).saturating_sub(1);
                let factor = 2_u32.saturating_pow(doublings);
                let pause = FIRST_PAUSE.saturating_mul(factor).min(LONGEST_PAUSE);
                self.until = now.saturating_add(pause);
                Consequence::Pause(pause)
            }
            GuessLimit::Stop(most) if self.wrong >= most => {
                self.stopped = true;
                Consequence::Stop
            }
            _ => Consequence::None,
        })
    }
}
