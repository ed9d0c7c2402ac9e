//! What the engine knows: three things, each for itself.
//!
//! * [`Link`]: whether the next exchange may go out, or the link has to be opened again first. Outlives calls.
//! * [`Stage`]: how far the session is. Outlives calls, but for a handshake.
//! * [`Run`]: the call under way, and what its last step asked for. Ends with the call.

use super::takeover::Takeover;
use crate::Session;
use crate::auth::SessionSecurity;
use crate::call::Trail;
use espprov_security::Handshake;

/// What is known of the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// The next exchange can go out.
    Usable,
    /// An exchange failed or was given up: reconnect before the next one.
    Broken,
}

/// How far the session is. The handshake becomes the session in place, so that only one of them takes memory.
pub(super) enum Stage<H: Handshake> {
    Nothing,
    Handshake {
        handshake: H,
        security: SessionSecurity,
        steps: u8,
        /// It has computed since the time was last told.
        computed: bool,
    },
    Ready {
        session: Session<H::Channel>,
        security: SessionSecurity,
    },
}

/// What belongs to the call under way.
#[derive(Default)]
pub(super) struct Run {
    pub(super) under_way: UnderWay,
    /// Bytes that the exchange under way sends.
    pub(super) sent: usize,
    /// What was noticed since the call heard something.
    pub(super) trail: Trail,
    pub(super) takeover: Takeover,
    /// How often a lost exchange was repeated.
    pub(super) repeated: u8,
}

/// What the last step was for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum UnderWay {
    #[default]
    Nothing,
    Pause,
    /// A pause of the engine's own, to let another client go first.
    BackOff,
    Reconnect,
    /// The handshake computes.
    Computing,
    Info,
    Handshake,
    Answer,
    Raw,
}

impl UnderWay {
    /// Something was sent, and what becomes of it is not known yet.
    pub(super) const fn is_exchange(self) -> bool {
        matches!(self, Self::Info | Self::Handshake | Self::Answer | Self::Raw)
    }
}
