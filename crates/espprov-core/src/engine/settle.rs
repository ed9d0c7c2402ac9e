//! What came of the last step, and what the call hears of it.

use super::state::{Link, Stage, UnderWay};
use super::{Engine, Input};
use crate::auth::Authenticator;
use crate::call::{Call, Desk, Want};
use crate::deadlines::Time;
use crate::{Observer, Phase, ProvisionError};
use core::mem;
use espprov_transport::{Limits, LinkFault, TransportError};
use rand_core::TryCryptoRng;

impl<A: Authenticator, R: TryCryptoRng, B: AsMut<[u8]>, O: Observer> Engine<A, R, B, O> {
    /// What came of the last step: `None` while still on the way to what the call wants.
    pub(super) fn settle<E: TransportError>(
        &mut self,
        call: &dyn Call<E>,
        input: Input<E>,
        now: Time,
    ) -> Option<Result<usize, ProvisionError<E>>> {
        let was = mem::take(&mut self.run.under_way);
        let phase = match was {
            UnderWay::Nothing | UnderWay::Computing => return None,
            UnderWay::BackOff => {
                self.backed_off();
                return None;
            }
            UnderWay::Pause => return Some(Ok(0)),
            UnderWay::Reconnect => Phase::Connect,
            UnderWay::Info => Phase::Info,
            UnderWay::Handshake => Phase::Handshake,
            UnderWay::Answer | UnderWay::Raw => call.want(&self.deadlines).phase(),
        };
        match input {
            Input::Reply(len) => {
                self.link = Link::Usable;
                self.run.trail.heard = true;
                // If it turns out to be no answer, then the answer is lost.
                self.run.trail.delivered = was == UnderWay::Answer;
                let reached = match was {
                    UnderWay::Info => self.read_info(len),
                    UnderWay::Handshake => self.handle_response(len),
                    _ => return Some(Ok(len)),
                };
                reached.err().map(Err)
            }
            Input::Reconnected => {
                self.link = Link::Usable;
                None
            }
            Input::Fault(error) => self.fail(call, was, phase, error, now),
            _ => {
                self.link = Link::Broken;
                let unanswered = matches!(input, Input::Unanswered);
                self.run.trail.delivered = was == UnderWay::Answer && unanswered;
                Some(Err(ProvisionError::Deadline { phase }))
            }
        }
    }

    /// The link failed in this.
    fn fail<E: TransportError>(
        &mut self,
        call: &dyn Call<E>,
        was: UnderWay,
        phase: Phase,
        error: E,
        now: Time,
    ) -> Option<Result<usize, ProvisionError<E>>> {
        let fault = error.fault();
        self.run.trail.delivered = was == UnderWay::Answer && fault.may_have_been_delivered();
        self.run.trail.foreign = fault == LinkFault::Garbled;
        let survives = matches!(
            fault,
            LinkFault::Refused { link_alive: true }
                | LinkFault::NoSuchEndpoint
                | LinkFault::RequestTooLarge { .. }
        );
        self.link = match survives && was != UnderWay::Reconnect {
            true => Link::Usable,
            false => Link::Broken,
        };
        if self.repeats(was, phase, fault) {
            self.drop_handshake();
            return None;
        }
        match (was, fault) {
            (_, LinkFault::SessionTaken) => {
                let until = call.deadline(&self.deadlines).min(self.total);
                let goes_on = self.taken(now, until, phase);
                if goes_on && matches!(was, UnderWay::Info | UnderWay::Handshake) {
                    self.drop_handshake();
                    return None;
                }
            }
            (UnderWay::Handshake, LinkFault::Refused { link_alive }) => {
                return self.handle_refusal(link_alive).err().map(Err);
            }
            // The record is spent. Where the link survived (a refusal), a new handshake on it will do.
            (UnderWay::Answer, _) if self.link == Link::Usable => self.forget(),
            _ => {}
        }
        Some(Err(match fault {
            // Some links know their limits only per endpoint.
            LinkFault::RequestTooLarge { limit } => ProvisionError::RequestTooLarge {
                need: self.run.sent,
                limit,
            },
            _ => ProvisionError::link(phase, error, fault),
        }))
    }

    /// Hands the call its answer, deciphered. Whether the call is over.
    pub(super) fn deliver<E>(
        &mut self,
        call: &mut dyn Call<E>,
        result: Result<usize, ProvisionError<E>>,
        now: Time,
        limits: Limits,
    ) -> Result<bool, ProvisionError<E>> {
        if result.is_err() {
            self.drop_handshake();
        }
        let mut forged = false;
        let want = call.want(&self.deadlines);
        let phase = want.phase();
        let buf = self.buf.bytes();
        let room = limits.max_response.unwrap_or(usize::MAX).min(buf.len());
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
            now,
            total: self.total,
            deadlines: &self.deadlines,
            limits,
            reply_room: room.saturating_sub(overhead),
            observer: &mut self.observer,
            phase,
            trail: mem::take(&mut self.run.trail),
            may_go_on: self.run.takeover.goes_on(),
            nonsense: false,
        };
        let over = call.handle(&mut desk, answer);
        // A lost keystream or a forger; nonsense in a session without authentication (security 0 and 1) may be the
        // former too: start over.
        if forged || desk.nonsense {
            self.lose_session();
        }
        over
    }
}
