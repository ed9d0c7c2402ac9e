//! An application's own data around the credentials: before they are handed over, and after `apply` was accepted.

use super::task::Question;
use crate::ProvisionError;
use crate::deadlines::Time;
use crate::request::Custom;
use core::fmt;
use core::time::Duration;

/// How long a step after `apply` may go unanswered.
const AFTER_TIMEOUT: Time = Time::millis(10_000);

/// On which side of the credentials a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Side {
    /// In the session, ahead of the credentials. What fails here ends the call: the device has not been given its network.
    Before,
    /// Once `apply` was accepted, between the questions for the status. What fails here leaves the network as it is.
    After,
}

/// Why a step is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum StepFault {
    /// It was not answered in time.
    Unanswered {
        /// It went out at least once: the device may have acted on it.
        delivered: bool,
    },
    /// The device has no endpoint of that name.
    NoSuchEndpoint,
    /// It was not sent: too long for the link, or not allowed in plain text.
    NotSent,
    /// The device left, or its attempt to join failed, before it was the step's turn.
    NotReached,
}

/// The first step that is not done, after a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct StepFailure {
    /// Before the credentials, or after.
    pub side: Side,
    /// Which one of that side, from 0. Those before it are done, those behind it were not sent.
    pub index: usize,
    /// Why.
    pub fault: StepFault,
}

/// An answer to a step. It may be empty.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepAnswer<'a> {
    /// Before the credentials, or after.
    pub side: Side,
    /// Which one of that side, from 0.
    pub index: usize,
    /// What the device said.
    pub data: &'a [u8],
}

impl fmt::Debug for StepAnswer<'_> {
    /// The answer may be a secret of the application.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepAnswer")
            .field("side", &self.side)
            .field("index", &self.index)
            .field("len", &self.data.len())
            .finish()
    }
}

/// What an application sends in the session that hands over the credentials, and how far that is.
///
/// Steps go out in order, one exchange each. Those before the credentials are asked once: a lost answer ends the call, because
/// only the application knows whether the device may hear it twice. Those after `apply` are asked until the device answers,
/// over a new link and a new handshake where it must be, because stock firmware stops about a second after it was asked on
/// its network: each has [`with_after_timeout`](Self::with_after_timeout), 10 s unless told otherwise. A device that says
/// that it is online while steps are open is asked nothing but those from then on.
///
/// The recipe is the caller's and lives on after the call: what was answered stays done, so that another call with it goes
/// on where the first ended.
///
/// ```
/// use espprov_core::WifiConfig;
/// use espprov_core::call::{ProvisionWifi, Recipe, StepAnswer};
/// use espprov_core::request::Custom;
/// use espprov_transport::Endpoint;
///
/// let before = [Custom::new(Endpoint::custom("mqtt-config")?, b"mqtts://broker.example:8883")?];
/// let after = [Custom::new(Endpoint::custom("claim")?, b"code?")?];
/// let mut code = Vec::new();
/// let sink = |answer: StepAnswer<'_>| code = answer.data.to_vec();
/// let mut recipe = Recipe::new(&before, &after, sink);
///
/// let config = WifiConfig::new(b"Home", b"correct-horse")?;
/// let call = ProvisionWifi::<()>::new(&config).with_recipe(&mut recipe);
/// // device.run(call).await? as any other call; then:
/// # drop(call);
/// assert!(!recipe.is_complete());
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub struct Recipe<'a, F> {
    before: &'a [Custom<'a>],
    after: &'a [Custom<'a>],
    after_timeout: Time,
    done: Done,
    /// When the step after `apply` that is under way must have been answered.
    until: Time,
    /// The step under way went out.
    delivered: bool,
    failure: Option<StepFailure>,
    sink: F,
}

/// How many of each side are answered.
#[derive(Debug, Clone, Copy, Default)]
struct Done {
    before: usize,
    after: usize,
}

impl<'a, F: FnMut(StepAnswer<'_>)> Recipe<'a, F> {
    /// These steps; `sink` hears every answer.
    pub const fn new(before: &'a [Custom<'a>], after: &'a [Custom<'a>], sink: F) -> Self {
        Self {
            before,
            after,
            after_timeout: AFTER_TIMEOUT,
            done: Done { before: 0, after: 0 },
            until: Time::NEVER,
            delivered: false,
            failure: None,
            sink,
        }
    }

    /// How long each step after `apply` is tried.
    #[must_use]
    pub fn with_after_timeout(mut self, time: Duration) -> Self {
        self.after_timeout = time.into();
        self
    }
}

impl<F> Recipe<'_, F> {
    /// How many steps of this side are answered.
    pub const fn answered(&self, side: Side) -> usize {
        match side {
            Side::Before => self.done.before,
            Side::After => self.done.after,
        }
    }

    /// Every step is answered.
    pub const fn is_complete(&self) -> bool {
        self.done.before >= self.before.len() && self.done.after >= self.after.len()
    }

    /// The step that the last call ended at; `None` where all are answered, or the call failed for another reason before it was
    /// a step's turn.
    pub const fn failure(&self) -> Option<StepFailure> {
        self.failure
    }

    /// The step of this side whose turn it is.
    fn current(&self, side: Side) -> Option<&dyn Question> {
        let step = match side {
            Side::Before => self.before.get(self.done.before),
            Side::After => self.after.get(self.done.after),
        };
        step.map(|step| step as &dyn Question)
    }
}

impl<F> fmt::Debug for Recipe<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipe")
            .field("before", &self.before)
            .field("after", &self.after)
            .field("done", &self.done)
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}

/// The steps of a provisioning: none, or a [`Recipe`]'s. A firmware without any links nothing of them.
#[expect(unnameable_types, reason = "as `Task`")]
pub trait Steps {
    /// A call begins.
    fn begin(&mut self) {}

    /// The open step of this side.
    fn open(&self, side: Side) -> Option<&dyn Question> {
        let _ = side;
        None
    }

    /// The time of the open step after `apply` begins.
    fn start(&mut self, now: Time) {
        let _ = now;
    }

    /// When that is over.
    fn until(&self) -> Time {
        Time::NEVER
    }

    /// The open step was answered.
    fn answered(&mut self, side: Side, data: &[u8]) {
        let _ = (side, data);
    }

    /// The open step's exchange failed; it went out all the same, or not.
    fn missed(&mut self, delivered: bool) {
        let _ = delivered;
    }

    /// The open step is given up, and with it those behind.
    fn give_up(&mut self, side: Side, why: Why) {
        let _ = (side, why);
    }
}

/// Why a step is given up, before it is known whether it went out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(unnameable_types, reason = "as `Task`")]
pub enum Why {
    Unanswered,
    NoSuchEndpoint,
    NotSent,
    NotReached,
}

impl Why {
    /// What an error says for good of the step; `None`: another try may be answered.
    pub(super) const fn of<E>(error: &ProvisionError<E>) -> Option<Self> {
        match error {
            ProvisionError::NoSuchEndpoint { .. } => Some(Self::NoSuchEndpoint),
            ProvisionError::RequestTooLarge { .. }
            | ProvisionError::PlaintextNotAllowed
            | ProvisionError::EmptyRequest => Some(Self::NotSent),
            _ => None,
        }
    }
}

impl Steps for () {}

impl<F: FnMut(StepAnswer<'_>)> Steps for &mut Recipe<'_, F> {
    fn begin(&mut self) {
        self.failure = None;
        self.delivered = false;
    }

    fn open(&self, side: Side) -> Option<&dyn Question> {
        if self.failure.is_some() {
            return None;
        }
        self.current(side)
    }

    fn start(&mut self, now: Time) {
        self.until = now.plus(self.after_timeout);
        self.delivered = false;
    }

    fn until(&self) -> Time {
        self.until
    }

    fn answered(&mut self, side: Side, data: &[u8]) {
        let done = match side {
            Side::Before => &mut self.done.before,
            Side::After => &mut self.done.after,
        };
        let index = *done;
        *done = done.saturating_add(1);
        self.delivered = false;
        (self.sink)(StepAnswer { side, index, data });
    }

    fn missed(&mut self, delivered: bool) {
        self.delivered |= delivered;
    }

    fn give_up(&mut self, side: Side, why: Why) {
        if self.failure.is_some() || self.current(side).is_none() {
            return;
        }
        let fault = match why {
            Why::NoSuchEndpoint => StepFault::NoSuchEndpoint,
            Why::NotSent => StepFault::NotSent,
            // What went out may have been acted on, whatever else became of it.
            Why::NotReached if !self.delivered => StepFault::NotReached,
            Why::Unanswered | Why::NotReached => StepFault::Unanswered {
                delivered: self.delivered,
            },
        };
        self.failure = Some(StepFailure {
            side,
            index: Recipe::answered(self, side),
            fault,
        });
    }
}
