//! Which step may follow which: ready → applied → connected or failed.

use core::fmt;
use espprov_types::{
    StatusCode, ThreadAttachment, ThreadFailure, ThreadStatus, WifiConnection, WifiFailure, WifiStatus,
};

/// The life of credentials on a device, with the rules of vendor firmware:
///
/// * set is possible at any time and replaces what was set before; nothing happens until apply;
/// * apply consumes what was set, also when it is refused: apply without set, or twice, is an internal error;
/// * apply is refused while an attempt is under way, after a success (until reprov) and after a failure (until
///   reset);
/// * apply sets "connecting" at once; a failure stays visible until the next successful apply, reset or not;
/// * reprov needs a success and a service that does not stop by itself.
///
/// `C` is what is stored between set and apply (credentials, wiped on drop by its own type), `S` the details
/// of a success, `F` of a failure. Feed it: [`set`](Self::set), [`apply`](Self::apply),
/// [`reset`](Self::reset), [`reprov`](Self::reprov) from the [`Application`](crate::Application) methods, and
/// [`on_connected`](Self::on_connected), [`on_attempt_failed`](Self::on_attempt_failed),
/// [`on_failed`](Self::on_failed) from the radio.
///
/// ```
/// use espprov_device::{AutoStop, WifiProvisioning};
/// use espprov_types::{StatusCode, WifiFailure, WifiStatus};
///
/// let mut wifi = WifiProvisioning::new(AutoStop::Enabled);
/// assert_eq!(wifi.apply(), Err(StatusCode::InternalError)); // nothing set
/// wifi.set("credentials");
/// assert_eq!(wifi.apply(), Ok("credentials")); // hand them to the radio
/// wifi.on_failed(WifiFailure::AuthError);
/// assert_eq!(wifi.status(), WifiStatus::Failed(WifiFailure::AuthError));
/// wifi.set("better ones");
/// assert_eq!(wifi.apply(), Err(StatusCode::InternalError)); // reset first
/// ```
pub struct Provisioning<C, S, F> {
    config: Option<C>,
    phase: Phase,
    shown: Shown<S, F>,
    auto_stop: AutoStop,
    reset_when_ready: bool,
}

/// [`Provisioning`] of a Wi-Fi station.
pub type WifiProvisioning<C> = Provisioning<C, WifiConnection, WifiFailure>;

/// [`Provisioning`] of a Thread interface.
pub type ThreadProvisioning<C> = Provisioning<C, ThreadAttachment, ThreadFailure>;

/// Whether the service stops by itself once a client has been told of the success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum AutoStop {
    /// Stops: reprov is refused. What vendor firmware does unless told otherwise.
    #[default]
    Enabled,
    /// Goes on serving: reprov works.
    Disabled,
}

/// What the rules go by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Ready,
    Applied,
    Succeeded,
    Failed,
}

/// What clients are told. Differs from the phase: reset and reprov do not change it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Shown<S, F> {
    Trying { attempts_remaining: Option<u32> },
    Success(S),
    Failure(F),
}

impl<C, S: Clone, F: Copy> Provisioning<C, S, F> {
    /// Ready, nothing set. Vendor firmware says "connecting" before the first apply; so does this.
    #[must_use]
    pub const fn new(auto_stop: AutoStop) -> Self {
        Self {
            config: None,
            phase: Phase::Ready,
            shown: Shown::Trying {
                attempts_remaining: None,
            },
            auto_stop,
            reset_when_ready: false,
        }
    }

    /// Stores credentials for the next apply, whatever the state.
    pub fn set(&mut self, config: C) {
        self.config = Some(config);
    }

    /// Takes what was set, for the radio to try: from now on the status is "connecting".
    ///
    /// # Errors
    /// [`StatusCode::InternalError`] when nothing is set, or an earlier attempt was not reset.
    pub fn apply(&mut self) -> Result<C, StatusCode> {
        let config = self.config.take().ok_or(StatusCode::InternalError)?;
        if self.phase != Phase::Ready {
            return Err(StatusCode::InternalError);
        }
        self.phase = Phase::Applied;
        self.shown = Shown::Trying {
            attempts_remaining: None,
        };
        Ok(config)
    }

    /// Whether [`reset`](Self::reset) succeeds where there is nothing to reset:
    /// [`Quirks::reset_when_ready`](crate::Quirks::reset_when_ready).
    #[must_use]
    pub fn with_reset_when_ready(mut self, allowed: bool) -> Self {
        self.reset_when_ready = allowed;
        self
    }

    /// Back to ready after a failure. What clients are told stays the failure until the next apply.
    ///
    /// # Errors
    /// [`StatusCode::InternalError`] when there was no failure.
    pub fn reset(&mut self) -> Result<(), StatusCode> {
        match self.phase {
            Phase::Failed => {}
            Phase::Ready if self.reset_when_ready => {}
            _ => return Err(StatusCode::InternalError),
        }
        self.phase = Phase::Ready;
        Ok(())
    }

    /// Back to ready after a success; the radio should disconnect.
    ///
    /// # Errors
    /// [`StatusCode::InternalError`] when there was no success, or the service stops by itself.
    pub fn reprov(&mut self) -> Result<(), StatusCode> {
        if self.phase != Phase::Succeeded || self.auto_stop == AutoStop::Enabled {
            return Err(StatusCode::InternalError);
        }
        self.phase = Phase::Ready;
        Ok(())
    }

    /// The radio is connected. Ignored unless credentials were applied.
    pub fn on_connected(&mut self, connection: S) {
        if self.phase != Phase::Ready {
            self.phase = Phase::Succeeded;
            self.shown = Shown::Success(connection);
        }
    }

    /// One attempt failed and the radio tries again: `remaining` attempts are left. Ignored unless credentials
    /// were applied.
    pub fn on_attempt_failed(&mut self, remaining: u32) {
        if self.phase == Phase::Applied {
            self.shown = Shown::Trying {
                attempts_remaining: Some(remaining),
            };
        }
    }

    /// The radio gave up, or lost the network again. Ignored unless credentials were applied.
    pub fn on_failed(&mut self, reason: F) {
        if self.phase != Phase::Ready {
            self.phase = Phase::Failed;
            self.shown = Shown::Failure(reason);
        }
    }

    /// Credentials were applied and the radio is at work.
    #[must_use]
    pub fn is_trying(&self) -> bool {
        self.phase == Phase::Applied
    }

    /// Clients can be told of a success.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.phase == Phase::Succeeded
    }
}

impl<C> WifiProvisioning<C> {
    /// What clients are told.
    #[must_use]
    pub fn status(&self) -> WifiStatus {
        match &self.shown {
            Shown::Trying { attempts_remaining } => WifiStatus::Connecting {
                attempts_remaining: *attempts_remaining,
            },
            Shown::Success(connection) => WifiStatus::Connected(connection.clone()),
            Shown::Failure(reason) => WifiStatus::Failed(*reason),
        }
    }
}

impl<C> ThreadProvisioning<C> {
    /// What clients are told. Thread has no message for attempts that remain.
    #[must_use]
    pub fn status(&self) -> ThreadStatus {
        match &self.shown {
            Shown::Trying { .. } => ThreadStatus::Attaching,
            Shown::Success(attachment) => ThreadStatus::Attached(attachment.clone()),
            Shown::Failure(reason) => ThreadStatus::Failed(*reason),
        }
    }
}

/// Shows the phase only: the rest are credentials.
impl<C, S, F> fmt::Debug for Provisioning<C, S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provisioning")
            .field("phase", &self.phase)
            .field("is_set", &self.config.is_some())
            .finish_non_exhaustive()
    }
}
