//! Several questions of an application's own, one after the other, in one session.

use super::{Desk, IntoResult, Task, Ticket, Want};
use crate::request::{EncodeError, Request};
use crate::{Deadlines, Misuse, Phase, ProvisionError, ReplyError};
use core::fmt;
use espprov_transport::Endpoint;

/// What [`Ask`](super::Ask) is for one question, this is for several: what is asked next depends on what was answered, and all
/// of it happens in one session. [`Converse`] makes a call of it, which any driver runs.
///
/// Call order: [`begin`](Self::begin), then [`encode`](Self::encode) and [`handle`](Self::handle) in turn, until that gives the
/// result. If the session is lost on the way the call fails, unless [`again`](Self::again) says to begin anew.
///
/// ```
/// use espprov_core::ReplyError;
/// use espprov_core::call::Dialogue;
/// use espprov_core::request::EncodeError;
/// use espprov_transport::Endpoint;
///
/// /// Reads a log of unknown length, line by line: asks for line 0, 1 … until there is none.
/// #[derive(Default)]
/// struct ReadLog {
///     lines: Vec<String>,
/// }
///
/// impl Dialogue for ReadLog {
///     type Output = Vec<String>;
///
///     fn begin(&mut self, _room: usize) -> Result<(), ReplyError> {
///         self.lines.clear();
///         Ok(())
///     }
///
///     fn endpoint(&self) -> Endpoint<'_> {
///         Endpoint::CUSTOM_DATA
///     }
///
///     fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
///         let available = out.len();
///         *out.first_mut().ok_or(EncodeError { needed: 1, available })? = self.lines.len() as u8;
///         Ok(1)
///     }
///
///     fn handle(&mut self, reply: &[u8]) -> Result<Option<Self::Output>, ReplyError> {
///         if reply.is_empty() {
///             return Ok(Some(core::mem::take(&mut self.lines)));
///         }
///         self.lines.push(String::from_utf8_lossy(reply).into_owned());
///         Ok(None)
///     }
/// }
/// ```
pub trait Dialogue {
    /// What comes of it.
    type Output;

    /// There is a session: everything begins here, also when it begins again. `room` is how many bytes of plaintext fit one
    /// reply on this link and in the caller's buffer.
    ///
    /// # Errors
    /// [`ReplyError::OutOfMemory`].
    fn begin(&mut self, room: usize) -> Result<(), ReplyError>;

    /// Where the next question goes.
    fn endpoint(&self) -> Endpoint<'_>;

    /// The step that fails if it does: [`Request::phase`]. [`Phase::Set`] and [`Phase::Scan`] are not for this: what is asked
    /// there may be repeated in another session, so they count as [`Phase::Data`] and [`Phase::Query`].
    fn phase(&self) -> Phase {
        Phase::Data
    }

    /// Writes the plaintext of the next question: [`Request::encode`].
    ///
    /// # Errors
    /// `out` is too short.
    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError>;

    /// Takes the plaintext of its answer. `Some` when it is over.
    ///
    /// # Errors
    /// Not an answer to the question, or a verdict of the device that ends it all.
    fn handle(&mut self, reply: &[u8]) -> Result<Option<Self::Output>, ReplyError>;

    /// The session is lost, for a reason that another one may not have. Whether to begin again; the call fails otherwise.
    fn again(&mut self, setback: Setback) -> bool {
        let _ = setback;
        false
    }

    /// The call is about to fail. A result that stands all the same, if there is one: nothing more is asked for it.
    fn salvage(&mut self) -> Option<Self::Output> {
        None
    }
}

/// Why a [`Dialogue`] lost its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Setback {
    /// Another client uses the device, and there is time to wait for it. The question was refused.
    SessionTaken,
    /// The reply is longer than the buffer: something smaller has to be asked for.
    ReplyTooLarge {
        /// Bytes the buffer should have had.
        need: usize,
    },
}

/// The call of a [`Dialogue`].
pub struct Converse<D: Dialogue> {
    talk: Talk<D>,
    /// There is a session, and the dialogue has begun.
    begun: bool,
    output: Option<D::Output>,
    ticket: Ticket,
}

/// A dialogue's questions as one request whose answer is read elsewhere.
struct Talk<D>(D);

impl<D: Dialogue> Request for Talk<D> {
    type Response<'b> = ();

    fn endpoint(&self) -> Endpoint<'_> {
        self.0.endpoint()
    }

    fn phase(&self) -> Phase {
        // The engine repeats these two by itself, in a session that knows nothing of the questions before.
        match self.0.phase() {
            Phase::Set => Phase::Data,
            Phase::Scan => Phase::Query,
            phase => phase,
        }
    }

    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        self.0.encode(out)
    }

    fn decode(&self, _: &[u8]) -> Result<(), ReplyError> {
        Ok(())
    }
}

impl<D: Dialogue> Converse<D> {
    /// The call, not yet begun.
    pub const fn new(dialogue: D) -> Self {
        Self {
            talk: Talk(dialogue),
            begun: false,
            output: None,
            ticket: Ticket::NEW,
        }
    }
}

impl<D: Dialogue> Converse<D> {
    /// Takes the answer, or the session that there is now.
    fn take<E>(
        &mut self,
        desk: &mut Desk<'_>,
        answer: Result<&[u8], ProvisionError<E>>,
    ) -> Result<bool, ProvisionError<E>> {
        let Talk(dialogue) = &mut self.talk;
        let error = match answer {
            Ok(reply) if self.begun => {
                self.output = desk.read(dialogue.handle(reply))?;
                return Ok(self.output.is_some());
            }
            Ok(_) => {
                desk.read(dialogue.begin(desk.reply_room))?;
                self.begun = true;
                return Ok(false);
            }
            Err(error) => error,
        };
        let setback = match &error {
            ProvisionError::SessionTaken { .. } if desk.may_go_on => Setback::SessionTaken,
            ProvisionError::ReplyTooLarge { need } => Setback::ReplyTooLarge { need: *need },
            _ => return Err(error),
        };
        if self.begun && dialogue.again(setback) {
            self.begun = false;
            return Ok(false);
        }
        Err(error)
    }
}

impl<E, D: Dialogue> Task<E> for Converse<D> {
    fn ticket(&mut self) -> &mut Ticket {
        &mut self.ticket
    }

    fn want(&self, deadlines: &Deadlines) -> Want<'_> {
        if !self.begun {
            return Want::Session;
        }
        Want::Answer {
            question: &self.talk,
            limit: deadlines.exchange.into(),
        }
    }

    fn handle(
        &mut self,
        desk: &mut Desk<'_>,
        answer: Result<&[u8], ProvisionError<E>>,
    ) -> Result<bool, ProvisionError<E>> {
        self.take(desk, answer).or_else(|error| {
            self.output = self.talk.0.salvage();
            self.output.as_ref().map(|_| true).ok_or(error)
        })
    }
}

impl<D: Dialogue> IntoResult for Converse<D> {
    type Output = D::Output;

    fn take_result(&mut self) -> Result<D::Output, Misuse> {
        self.output.take().ok_or(Misuse::NotOver)
    }
}

impl<D: Dialogue> fmt::Debug for Converse<D> {
    /// What is talked about may be a secret of the application.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Converse")
            .field("begun", &self.begun)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "dialogue_tests.rs"]
mod tests;
