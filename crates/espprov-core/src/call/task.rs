//! What a call wants from the device, one piece after another. Sans-IO.

use crate::deadlines::Time;
use crate::request::Request;
use crate::{Deadlines, Event, Observer, Phase, ProvisionError, ReplyError};
use espprov_proto::EncodeError;
use espprov_transport::{Endpoint, Limits};

/// A call as a state machine: it says what it wants, and hears what came of it. The way there (link, handshake, cipher)
/// is the [`Engine`](crate::Engine)'s. `E` is the link's error.
///
/// Call order: [`want`](Self::want), as often as it takes, then [`handle`](Self::handle), until that says `true`.
#[expect(unnameable_types, reason = "seals `Call`")]
pub trait Task<E> {
    /// The engine's mark on a call that has begun.
    fn ticket(&mut self) -> &mut Ticket;

    /// What is wanted now: the same until [`handle`](Self::handle) is called.
    fn want(&self, deadlines: &Deadlines) -> Want<'_>;

    /// In clock time, when everything on the way there must be over. The overall deadline holds besides.
    fn deadline(&self, deadlines: &Deadlines) -> Time {
        let _ = deadlines;
        Time::NEVER
    }

    /// The same for opening the link again.
    fn reconnect_deadline(&self, deadlines: &Deadlines) -> Time {
        self.deadline(deadlines)
    }

    /// Takes the answer, in clear, or why there is none. `true` when the call is over; its result is in it then.
    fn handle(
        &mut self,
        desk: &mut Desk<'_>,
        answer: Result<&[u8], ProvisionError<E>>,
    ) -> Result<bool, ProvisionError<E>>;
}

/// Which call of an engine this is: none yet, or its number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(unnameable_types, reason = "as `Task`")]
pub struct Ticket(u32);

impl Ticket {
    /// A call that has not begun.
    pub(crate) const NEW: Self = Self(0);

    /// The next call's. They come round again after four billion calls.
    pub(crate) const fn next(self) -> Self {
        match self.0.checked_add(1) {
            Some(next) => Self(next),
            None => Self(1),
        }
    }
}

/// Something a call wants. Where there is nothing to answer, the answer is empty.
#[expect(unnameable_types, reason = "as `Task`")]
pub enum Want<'a> {
    /// The device's description.
    Info,
    /// A session.
    Session,
    /// The answer to a question within the session.
    Answer {
        question: &'a dyn Question,
        /// How long the exchange itself may take.
        limit: Time,
    },
    /// The answer to bytes outside the session.
    Raw { endpoint: Endpoint<'a>, data: &'a [u8] },
    /// That time passes.
    Pause(Time),
}

impl Want<'_> {
    /// What fails if the exchange for it does.
    pub(crate) fn phase(&self) -> Phase {
        match self {
            Self::Answer { question, .. } => question.phase(),
            _ => Phase::Data,
        }
    }
}

/// The sending half of a [`Request`], without the type of its answer.
#[expect(unnameable_types, reason = "as `Task`")]
pub trait Question {
    fn endpoint(&self) -> Endpoint<'_>;
    fn phase(&self) -> Phase;
    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError>;
}

impl<R: Request> Question for R {
    fn endpoint(&self) -> Endpoint<'_> {
        Request::endpoint(self)
    }

    fn phase(&self) -> Phase {
        Request::phase(self)
    }

    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        Request::encode(self, out)
    }
}

/// What was noticed on the way to an answer, or to its absence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Trail {
    /// Somebody answered something.
    pub(crate) heard: bool,
    /// The question itself reached the device, and its answer is lost.
    pub(crate) delivered: bool,
    /// Whoever answered is no device.
    pub(crate) foreign: bool,
}

/// What a call finds beside the answer.
#[expect(unnameable_types, reason = "as `Task`")]
pub struct Desk<'a> {
    /// The time.
    pub(crate) now: Time,
    /// The overall deadline.
    pub(crate) total: Time,
    pub(crate) deadlines: &'a Deadlines,
    pub(crate) limits: Limits,
    /// Bytes of plaintext that fit one reply on this link and in this buffer.
    pub(crate) reply_room: usize,
    pub(crate) observer: &'a mut dyn Observer,
    /// The step that was answered.
    pub(crate) phase: Phase,
    pub(crate) trail: Trail,
    /// After [`ProvisionError::SessionTaken`]: there is time to try again. The engine waits a little first.
    pub(crate) may_go_on: bool,
    /// The answer was none: the engine looks at this afterwards.
    pub(crate) nonsense: bool,
}

impl Desk<'_> {
    /// Sorts what came of decoding the answer.
    pub(crate) fn read<T, E>(&mut self, decoded: Result<T, ReplyError>) -> Result<T, ProvisionError<E>> {
        decoded.map_err(|error| self.unread(error))
    }

    #[inline(never)] // once, and not in every place that reads
    fn unread<E>(&mut self, error: ReplyError) -> ProvisionError<E> {
        self.nonsense = error.is_nonsense();
        ProvisionError::session(self.phase, error.into())
    }

    pub(crate) fn event(&mut self, event: &Event<'_>) {
        self.observer.event(event);
    }
}
