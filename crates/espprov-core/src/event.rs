//! What an observer hears while the driver works.

use crate::Phase;
use crate::auth::SessionSecurity;
use espprov_security::Notices;
use espprov_types::DeviceInfo;

/// Something happened. Carries no secrets.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Event<'a> {
    /// The device described itself.
    Info(#[cfg_attr(feature = "defmt", defmt(Debug2Format))] &'a DeviceInfo),
    /// A session is established.
    Session {
        /// How it is secured.
        security: SessionSecurity,
        /// What the user should know about it.
        #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
        notices: Notices,
    },
    /// The device accepted the credentials for keeping.
    ConfigSent,
    /// The device accepted to use them.
    ConfigApplied,
    /// The device is trying; again when the number of its attempts has changed, or when it had said otherwise meanwhile.
    Connecting {
        /// Attempts left, if the firmware counts.
        attempts_remaining: Option<u32>,
    },
    /// The link or session broke after `apply`: trying to get it back.
    LinkLost {
        /// The step under way.
        phase: Phase,
    },
    /// An answer was lost though the device is there: the exchange is repeated in a session of its own.
    AnswerLost {
        /// The step under way.
        phase: Phase,
        /// The device restarted; otherwise it printed other text into its answer.
        restarted: bool,
    },
    /// Opening the link again.
    Reconnecting,
    /// Another client took the session over: trying again after a while.
    SessionTaken {
        /// The step under way.
        phase: Phase,
    },
    /// After `apply`, somebody answers who is not the device that took the credentials: its answers prove nothing, and
    /// the device counts as away.
    Stranger,
    /// A scan goes on.
    Scanning {
        /// Networks found so far.
        found: u8,
    },
    /// Entries of a scan that could not be read (a name that is too long, no BSSID): the others are kept.
    EntriesSkipped {
        /// How many of one reply.
        count: u8,
    },
    /// The scan is there, but the device did not say which network it is on.
    ActiveUnknown,
}

/// Hears [`Event`]s. `()` ignores them; any `FnMut(&Event<'_>)` is an observer.
pub trait Observer {
    /// Called in the middle of the work: be quick.
    fn event(&mut self, event: &Event<'_>);
}

impl Observer for () {
    fn event(&mut self, _: &Event<'_>) {}
}

impl<F: FnMut(&Event<'_>)> Observer for F {
    fn event(&mut self, event: &Event<'_>) {
        self(event);
    }
}
