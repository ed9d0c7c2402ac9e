//! From what a task wants to the next thing to do on the link, and back: reconnect, describe, shake hands, seal,
//! open. Sans-IO: decides everything, does nothing.

mod handshake;
mod outgoing;
mod repeat;
mod takeover;
#[cfg(test)]
mod tests;

use self::takeover::Takeover;
use super::task::{Desk, Task, Trail, Want};
use super::{Deadlines, Event, Observer, Phase, ProvisionError, Wiped};
use crate::Session;
use crate::auth::{Authenticator, SessionSecurity};
use core::mem;
use core::time::Duration;
use espprov_security::Handshake;
use espprov_transport::{Elapsed, Endpoint, Limits, LinkFault, TransportError};
use espprov_types::DeviceInfo;
use rand_core::TryCryptoRng;

/// One thing to do on the link, or with the clock.
pub(super) struct Action<'a> {
    pub(super) what: What<'a>,
    /// How long it may take from its beginning, and until when at the latest.
    pub(super) limit: Duration,
    pub(super) until: Duration,
}

/// What to do.
pub(super) enum What<'a> {
    /// Send so many bytes of the buffer, and fetch the reply into it.
    Exchange { endpoint: Endpoint<'a>, len: usize },
    /// Open the link again, with a transport session of its own.
    Reconnect,
    /// End the link.
    Close,
    /// Let time pass.
    Pause,
}

/// What came of an [`Action`]: the length of the reply, if it has one.
pub(super) type Happened<E> = Result<Result<usize, E>, Elapsed>;

/// What the engine needs to know of the world at each step.
pub(super) struct World<'a> {
    pub(super) limits: Limits,
    pub(super) now: &'a dyn Fn() -> Duration,
    /// The request of the last exchange reached the device, as far as the link knows.
    pub(super) delivered: bool,
}

/// Everything the driver knows; the link and the clock are beside it.
pub(super) struct Engine<A: Authenticator, R, B: AsMut<[u8]>, O> {
    pub(super) auth: A,
    rng: R,
    pub(super) buf: Wiped<B>,
    observer: O,
    pub(super) deadlines: Deadlines,
    /// The overall deadline in clock time; `Duration::MAX` = none.
    pub(super) total: Duration,
    pub(super) info: Option<DeviceInfo>,
    stage: Stage<A::Handshake>,
    /// An exchange failed or was dropped: reconnect before the next one.
    tainted: bool,
    under_way: UnderWay,
    /// Bytes that the exchange under way sends.
    sent: usize,
    /// What was noticed since the task heard something.
    trail: Trail,
    takeover: Option<Takeover>,
    /// How often a lost exchange may still be repeated.
    repeats: u8,
}

/// How far the session is. The handshake becomes the session in place, so that only one of them takes memory.
enum Stage<H: Handshake> {
    Nothing,
    Handshake {
        handshake: H,
        security: SessionSecurity,
        steps: u8,
    },
    Ready {
        session: Session<H::Channel>,
        security: SessionSecurity,
    },
}

/// What the task wanted when the last action began.
struct Asked {
    phase: Phase,
    /// When the way there must be over.
    until: Duration,
}

/// What the last action was for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum UnderWay {
    Nothing,
    Pause,
    /// A pause of the engine's own, to let another client go first.
    BackOff,
    Reconnect,
    Info,
    Handshake,
    Answer,
    Raw,
}

impl<A: Authenticator, R, B: AsMut<[u8]>> Engine<A, R, B, ()> {
    pub(super) fn new(auth: A, rng: R, buf: B) -> Self {
        Self {
            auth,
            rng,
            buf: Wiped(buf),
            observer: (),
            deadlines: Deadlines::default(),
            total: Duration::MAX,
            info: None,
            stage: Stage::Nothing,
            tainted: false,
            under_way: UnderWay::Nothing,
            sent: 0,
            trail: Trail::default(),
            takeover: None,
            repeats: repeat::REPEATS,
        }
    }

    pub(super) fn with_observer<O>(self, observer: O) -> Engine<A, R, B, O> {
        Engine {
            observer,
            auth: self.auth,
            rng: self.rng,
            buf: self.buf,
            deadlines: self.deadlines,
            total: self.total,
            info: self.info,
            stage: self.stage,
            tainted: self.tainted,
            under_way: self.under_way,
            sent: self.sent,
            trail: self.trail,
            takeover: self.takeover,
            repeats: self.repeats,
        }
    }
}

impl<A: Authenticator, R: TryCryptoRng, B: AsMut<[u8]>, O: Observer> Engine<A, R, B, O> {
    /// How the current session is secured; `None` without one.
    pub(super) const fn security(&self) -> Option<SessionSecurity> {
        match &self.stage {
            Stage::Ready { security, .. } => Some(*security),
            _ => None,
        }
    }

    /// A task begins. A cancelled one may have left its handshake behind; where it left an exchange, the link is
    /// tainted.
    pub(super) fn begin(&mut self) {
        self.under_way = UnderWay::Nothing;
        self.trail = Trail::default();
        self.takeover = None;
        self.repeats = repeat::REPEATS;
        self.drop_handshake();
    }

    /// Tells the observer something that no task is there for.
    pub(super) fn event(&mut self, event: &Event<'_>) {
        self.observer.event(event);
    }

    /// The link is about to end.
    pub(super) fn close(&mut self) {
        self.lose_session();
    }

    /// Takes what came of the last action and says what to do next; `None` when the task is over.
    pub(super) fn step<'t, E: TransportError>(
        &mut self,
        task: &'t mut dyn Task<E>,
        world: &World<'_>,
        happened: Happened<E>,
    ) -> Result<Option<Action<'t>>, ProvisionError<E>> {
        let asked = Asked {
            phase: task.want(&self.deadlines).phase(),
            until: task.deadline(&self.deadlines).min(self.total),
        };
        let mut result = self.settle(happened, &asked, world);
        loop {
            if let Some(result) = result.take()
                && self.deliver(task, world, result)?
            {
                return Ok(None);
            }
            let want = task.want(&self.deadlines);
            self.sent = 0;
            match self.approach(&want, world.limits) {
                Ok(UnderWay::Nothing) => result = Some(Ok(0)),
                Ok(under_way) => {
                    self.under_way = under_way;
                    break;
                }
                Err(error) => result = Some(Err(error)),
            }
        }
        Ok(Some(self.action(task)))
    }

    /// The action for what is now under way.
    fn action<'t, E>(&self, task: &'t dyn Task<E>) -> Action<'t> {
        let Deadlines {
            connect,
            exchange,
            handshake,
            ..
        } = self.deadlines;
        let len = self.sent;
        let send = |endpoint| What::Exchange { endpoint, len };
        let until = task.deadline(&self.deadlines).min(self.total);
        if let (UnderWay::BackOff, Some(takeover)) = (self.under_way, &self.takeover) {
            return Action {
                what: What::Pause,
                limit: takeover.pause(),
                until: Duration::MAX,
            };
        }
        let (what, limit, until) = match (self.under_way, task.want(&self.deadlines)) {
            (UnderWay::Info, _) => (send(Endpoint::PROTO_VER), exchange, until),
            (UnderWay::Handshake, _) => (send(Endpoint::PROV_SESSION), handshake, until),
            (UnderWay::Answer, Want::Answer { question, limit, .. }) => {
                (send(question.endpoint()), limit, until)
            }
            (UnderWay::Raw, Want::Raw { endpoint, .. }) => (send(endpoint), exchange, until),
            (_, Want::Pause(time)) => (What::Pause, time, Duration::MAX),
            _ => {
                let until = task.reconnect_deadline(&self.deadlines).min(self.total);
                (What::Reconnect, connect, until)
            }
        };
        Action { what, limit, until }
    }

    /// What came of the last action: `None` while still on the way to what the task wants.
    fn settle<E: TransportError>(
        &mut self,
        happened: Happened<E>,
        asked: &Asked,
        world: &World<'_>,
    ) -> Option<Result<usize, ProvisionError<E>>> {
        let was = mem::replace(&mut self.under_way, UnderWay::Nothing);
        let phase = match was {
            UnderWay::Nothing => return None,
            UnderWay::BackOff => {
                self.backed_off();
                return None;
            }
            UnderWay::Pause => return Some(Ok(0)),
            UnderWay::Reconnect => Phase::Connect,
            UnderWay::Info => Phase::Info,
            UnderWay::Handshake => Phase::Handshake,
            UnderWay::Answer | UnderWay::Raw => asked.phase,
        };
        let error = match happened {
            Ok(Ok(len)) => {
                self.tainted = false;
                self.trail.heard |= was != UnderWay::Reconnect;
                // If it turns out to be no answer, then the answer is lost.
                self.trail.delivered = was == UnderWay::Answer;
                let reached = match was {
                    UnderWay::Answer | UnderWay::Raw => return Some(Ok(len)),
                    UnderWay::Info => self.read_info(len),
                    UnderWay::Handshake => self.handle_response(len),
                    _ => Ok(()),
                };
                return reached.err().map(Err);
            }
            Ok(Err(error)) => error,
            Err(Elapsed) => {
                self.trail.delivered = was == UnderWay::Answer && world.delivered;
                return Some(Err(ProvisionError::Deadline { phase }));
            }
        };
        let fault = error.fault();
        self.trail.delivered = was == UnderWay::Answer && fault.may_have_been_delivered();
        self.trail.foreign = fault == LinkFault::Garbled;
        if was != UnderWay::Reconnect {
            self.tainted = !matches!(
                fault,
                LinkFault::Refused { link_alive: true }
                    | LinkFault::NoSuchEndpoint
                    | LinkFault::RequestTooLarge { .. }
            );
        }
        if self.repeats(was, phase, fault) {
            self.drop_handshake();
            return None;
        }
        match (was, fault) {
            (_, LinkFault::SessionTaken) => {
                let goes_on = self.taken((world.now)(), asked.until, phase);
                if goes_on && matches!(was, UnderWay::Info | UnderWay::Handshake) {
                    self.drop_handshake();
                    return None;
                }
            }
            (UnderWay::Handshake, LinkFault::Refused { link_alive }) => {
                return self.handle_refusal(link_alive).err().map(Err);
            }
            // The record is spent. Where the link survived (a refusal), a new handshake on it will do.
            (UnderWay::Answer, _) if !self.tainted => self.stage = Stage::Nothing,
            _ => {}
        }
        Some(Err(match fault {
            // Some links know their limits only per endpoint.
            LinkFault::RequestTooLarge { limit } => ProvisionError::RequestTooLarge {
                need: self.sent,
                limit,
            },
            _ => ProvisionError::link(phase, error),
        }))
    }

    /// Hands the task its answer, deciphered. Whether the task is over.
    fn deliver<E>(
        &mut self,
        task: &mut dyn Task<E>,
        world: &World<'_>,
        result: Result<usize, ProvisionError<E>>,
    ) -> Result<bool, ProvisionError<E>> {
        if result.is_err() {
            self.drop_handshake();
        }
        let mut forged = false;
        let want = task.want(&self.deadlines);
        let phase = want.phase();
        let buf = self.buf.bytes();
        let room = world.limits.max_response.unwrap_or(usize::MAX).min(buf.len());
        let mut overhead = 0;
        let answer = match (result, want, &mut self.stage) {
            (Ok(len), Want::Answer { question, .. }, Stage::Ready { session, .. }) => {
                overhead = session.overhead();
                let record = buf.get_mut(..len).unwrap_or_default();
                session.open(question.endpoint(), record).map_err(|error| {
                    forged = true;
                    ProvisionError::session(phase, error)
                })
            }
            (Ok(len), ..) => Ok(buf.get(..len).unwrap_or_default()),
            (Err(error), ..) => Err(error),
        };
        let mut desk = Desk {
            now: (world.now)(),
            total: self.total,
            deadlines: &self.deadlines,
            limits: world.limits,
            reply_room: room.saturating_sub(overhead),
            observer: &mut self.observer,
            phase,
            trail: mem::take(&mut self.trail),
            may_go_on: self.takeover.is_some_and(|takeover| takeover.goes_on()),
            nonsense: false,
        };
        let over = task.handle(&mut desk, answer);
        // A lost keystream or a forger; nonsense in a session without authentication (security 0 and 1) may be the
        // former too: start over.
        if forged || desk.nonsense {
            self.lose_session();
        }
        over
    }

    /// Starts the next step towards `want`, if one is left.
    fn approach<E>(&mut self, want: &Want<'_>, limits: Limits) -> Result<UnderWay, ProvisionError<E>> {
        match want {
            Want::Pause(_) => return Ok(UnderWay::Pause),
            Want::Info if self.info.is_some() => return Ok(UnderWay::Nothing),
            Want::Info | Want::Raw { .. } => {}
            Want::Session | Want::Answer { .. } => {
                // A session that lost an exchange is beyond repair, and so is its transport session.
                if let Stage::Ready { session, .. } = &self.stage
                    && !session.is_synchronised()
                {
                    self.lose_session();
                }
            }
        }
        if self.takeover.is_some_and(|takeover| takeover.is_due()) {
            return Ok(UnderWay::BackOff);
        }
        if self.tainted {
            if let Stage::Ready { .. } = self.stage {
                self.stage = Stage::Nothing;
            }
            self.observer.event(&Event::Reconnecting);
            return Ok(UnderWay::Reconnect);
        }
        if let Want::Raw { endpoint, data } = want {
            return self.copy(*endpoint, data);
        }
        if self.info.is_none() {
            return self.ask_info();
        }
        if let Stage::Nothing = self.stage {
            self.begin_handshake()?;
        }
        if self.poll_handshake()? {
            return Ok(UnderWay::Handshake);
        }
        match want {
            Want::Answer { question, phase, .. } => self.seal(*question, *phase, limits),
            _ => Ok(UnderWay::Nothing),
        }
    }

    /// The session is lost, and the link's state in doubt.
    fn lose_session(&mut self) {
        self.stage = Stage::Nothing;
        self.tainted = true;
    }
}
