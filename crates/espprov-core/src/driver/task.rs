//! What the driver is to get from the device, one piece after another. Sans-IO.

use super::{Deadlines, Event, Observer, Phase, ProvisionError};
use crate::ReplyError;
use crate::request::Request;
use core::time::Duration;
use espprov_proto::EncodeError;
use espprov_transport::{Endpoint, Limits};

/// One call of the driver's public methods, as a state machine: it says what it wants, and hears what came of it.
/// The way there (link, handshake, cipher) is the [`Engine`](super::engine::Engine)'s. `E` is the transport's error.
///
/// Call order: [`want`](Self::want), as often as it takes, then [`handle`](Self::handle), until that says `true`.
pub(super) trait Task<E> {
    /// What is wanted now: the same until [`handle`](Self::handle) is called.
    fn want(&self, deadlines: &Deadlines) -> Want<'_>;

    /// In clock time, when everything on the way there must be over. The overall deadline holds besides.
    fn deadline(&self, deadlines: &Deadlines) -> Duration {
        let _ = deadlines;
        Duration::MAX
    }

    /// The same for opening the link again.
    fn reconnect_deadline(&self, deadlines: &Deadlines) -> Duration {
        self.deadline(deadlines)
    }

    /// Takes the answer, in clear, or why there is none. `true` when the task is over; its result is in it then.
    fn handle(
        &mut self,
        desk: &mut Desk<'_>,
        answer: Result<&[u8], ProvisionError<E>>,
    ) -> Result<bool, ProvisionError<E>>;
}

/// Something a task wants. Where there is nothing to answer, the answer is empty.
pub(super) enum Want<'a> {
    /// The device's description.
    Info,
    /// A session.
    Session,
    /// The answer to a question within the session.
    Answer {
        question: &'a dyn Question,
        phase: Phase,
        /// How long the exchange itself may take.
        limit: Duration,
    },
    /// The answer to bytes outside the session.
    Raw { endpoint: Endpoint<'a>, data: &'a [u8] },
    /// That time passes.
    Pause(Duration),
}

impl Want<'_> {
    /// What fails if the exchange for it does.
    pub(super) const fn phase(&self) -> Phase {
        match self {
            Self::Answer { phase, .. } => *phase,
            _ => Phase::Data,
        }
    }
}

/// The sending half of a [`Request`], without the type of its answer.
pub(super) trait Question {
    fn endpoint(&self) -> Endpoint<'_>;
    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError>;
}

impl<R: Request> Question for R {
    fn endpoint(&self) -> Endpoint<'_> {
        Request::endpoint(self)
    }

    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        Request::encode(self, out)
    }
}

/// What was noticed on the way to an answer, or to its absence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Trail {
    /// Somebody answered something.
    pub(super) heard: bool,
    /// The question itself reached the device, and its answer is lost.
    pub(super) delivered: bool,
    /// Whoever answered is no device.
    pub(super) foreign: bool,
}

/// What a task finds beside the answer.
pub(super) struct Desk<'a> {
    /// The time.
    pub(super) now: Duration,
    /// The overall deadline.
    pub(super) total: Duration,
    pub(super) deadlines: &'a Deadlines,
    pub(super) limits: Limits,
    /// Bytes of plaintext that fit one reply on this link and in this buffer.
    pub(super) reply_room: usize,
    pub(super) observer: &'a mut dyn Observer,
    /// The step that was answered.
    pub(super) phase: Phase,
    pub(super) trail: Trail,
    /// After [`ProvisionError::SessionTaken`]: there is time to try again. The engine waits a little first.
    pub(super) may_go_on: bool,
    /// The answer was none: the engine looks at this afterwards.
    pub(super) nonsense: bool,
}

impl Desk<'_> {
    /// Sorts what came of decoding the answer.
    pub(super) fn read<T, E>(&mut self, decoded: Result<T, ReplyError>) -> Result<T, ProvisionError<E>> {
        decoded.map_err(|error| {
            self.nonsense = error.is_nonsense();
            ProvisionError::session(self.phase, error.into())
        })
    }

    pub(super) fn event(&mut self, event: &Event<'_>) {
        self.observer.event(event);
    }
}

/// A task that only goes there.
pub(super) enum Reach {
    Info,
    Session,
}

impl<E> Task<E> for Reach {
    fn want(&self, _: &Deadlines) -> Want<'_> {
        match self {
            Self::Info => Want::Info,
            Self::Session => Want::Session,
        }
    }

    fn handle(
        &mut self,
        _: &mut Desk<'_>,
        answer: Result<&[u8], ProvisionError<E>>,
    ) -> Result<bool, ProvisionError<E>> {
        answer.map(|_| true)
    }
}

/// A task of one question.
pub(super) struct Once<Q, U> {
    question: Q,
    phase: Phase,
    pub(super) answer: Option<U>,
}

impl<Q, U> Once<Q, U> {
    pub(super) const fn new(question: Q, phase: Phase) -> Self {
        Self {
            question,
            phase,
            answer: None,
        }
    }
}

impl<E, U, Q: for<'b> Request<Response<'b> = U>> Task<E> for Once<Q, U> {
    fn want(&self, deadlines: &Deadlines) -> Want<'_> {
        Want::Answer {
            question: &self.question,
            phase: self.phase,
            limit: deadlines.exchange,
        }
    }

    fn handle(
        &mut self,
        desk: &mut Desk<'_>,
        answer: Result<&[u8], ProvisionError<E>>,
    ) -> Result<bool, ProvisionError<E>> {
        self.answer = Some(desk.read(self.question.decode(answer?))?);
        Ok(true)
    }
}
