//! Another client takes the device's session over: back off, come again, up to a limit.

use super::Engine;
use crate::auth::Authenticator;
use crate::deadlines::Time;
use crate::{Event, Observer, Phase};
use rand_core::TryCryptoRng;

/// The first pause to let the other client go first, and the longest; each is spread by half of it, so that two clients
/// that met do not meet again. In milliseconds.
const FIRST_PAUSE: u32 = 200;
const LONGEST_PAUSE: u32 = 2000;

/// What is known of another client, since the call began.
#[derive(Clone, Copy)]
pub(super) struct Takeover {
    /// When it was first noticed; [`Time::NEVER`] before.
    since: Time,
    /// The next pause, before it is spread.
    next: u32,
    /// The pause that is due.
    pause: Time,
    due: bool,
    goes_on: bool,
}

impl Default for Takeover {
    /// None.
    fn default() -> Self {
        Self {
            since: Time::NEVER,
            next: FIRST_PAUSE,
            pause: Time::ZERO,
            due: false,
            goes_on: false,
        }
    }
}

impl Takeover {
    pub(super) const fn pause(self) -> Time {
        self.pause
    }

    pub(super) const fn is_due(self) -> bool {
        self.due
    }

    /// There is time left to try again.
    pub(super) const fn goes_on(self) -> bool {
        self.goes_on
    }
}

impl<A: Authenticator, R: TryCryptoRng, B: AsMut<[u8]>, O: Observer> Engine<A, R, B, O> {
    /// The session was taken over. Whether to try again: a pause is due then.
    pub(super) fn taken(&mut self, now: Time, until: Time, phase: Phase) -> bool {
        let Takeover {
            since, next: base, ..
        } = self.run.takeover;
        let since = since.min(now);
        // Without entropy they may meet again; the handshake will have its own word on that.
        let dice = self.rng.try_next_u32().unwrap_or_default();
        let spread = base.saturating_mul(dice >> 16) >> 16;
        let pause = Time::millis((base / 2).saturating_add(spread));
        let limit = since.plus(self.deadlines.takeover.into()).min(until);
        let goes_on = now.plus(pause) < limit;
        self.run.takeover = Takeover {
            since,
            next: base.saturating_mul(2).min(LONGEST_PAUSE),
            pause,
            due: goes_on,
            goes_on,
        };
        if goes_on {
            self.observer.event(&Event::SessionTaken { phase });
        }
        goes_on
    }

    /// The pause is over.
    pub(super) fn backed_off(&mut self) {
        self.run.takeover.due = false;
    }
}
