//! A device as a task sees it: every question is answered at once, or not at all, in a time of its own.

use super::{Call, Desk, Trail, Want};
use crate::{Deadlines, Event, Phase, ProvisionError, ReplyError};
use core::time::Duration;
use espprov_transport::Limits;
use std::string::String;
use std::vec::Vec;

pub(crate) type Error = ProvisionError<()>;

/// What comes of a question.
pub(crate) struct Answer {
    pub(crate) took: Duration,
    pub(crate) reply: Result<Vec<u8>, Error>,
    pub(crate) trail: Trail,
    /// Another client is in the way, and there is time to try again.
    pub(crate) may_go_on: bool,
}

impl Answer {
    pub(crate) fn ok(hex: &str) -> Self {
        Self::bytes(crate::testing::hex(hex))
    }

    pub(crate) fn bytes(reply: Vec<u8>) -> Self {
        Self {
            took: Duration::ZERO,
            reply: Ok(reply),
            trail: Trail::default(),
            may_go_on: false,
        }
    }

    pub(crate) fn error(error: Error) -> Self {
        Self {
            reply: Err(error),
            ..Self::bytes(Vec::new())
        }
    }

    pub(crate) fn after(mut self, took: Duration) -> Self {
        self.took = took;
        self
    }

    pub(crate) fn unanswered(mut self) -> Self {
        self.trail.delivered = true;
        self
    }

    pub(crate) fn may_go_on(mut self) -> Self {
        self.may_go_on = true;
        self
    }
}

/// The stage for one task.
pub(crate) struct Play {
    pub(crate) now: Duration,
    pub(crate) total: Duration,
    pub(crate) limits: Limits,
    pub(crate) deadlines: Deadlines,
    pub(crate) events: Vec<String>,
    /// The questions, as hex, `-` for a session.
    pub(crate) asked: Vec<String>,
    /// How long the last of them was allowed to take by itself.
    pub(crate) limit: Duration,
}

impl Play {
    pub(crate) fn new() -> Self {
        Self {
            now: Duration::ZERO,
            total: Duration::MAX,
            limits: Limits::HTTP,
            deadlines: Deadlines::default(),
            events: Vec::new(),
            asked: Vec::new(),
            limit: Duration::MAX,
        }
    }

    /// Runs a task to its end; `device` is told the question and its number, from 1.
    pub(crate) fn run(
        &mut self,
        task: &mut dyn Call<()>,
        mut device: impl FnMut(&str, usize) -> Answer,
    ) -> Result<(), Error> {
        for _ in 0..2000 {
            if self.turn(task, &mut device)? {
                return Ok(());
            }
        }
        panic!("no end: {:?}", &self.asked[..20]);
    }

    /// One thing that the task wants. Whether it is over then.
    pub(crate) fn turn(
        &mut self,
        task: &mut dyn Call<()>,
        mut device: impl FnMut(&str, usize) -> Answer,
    ) -> Result<bool, Error> {
        let (answer, phase) = match task.want(&self.deadlines) {
            Want::Pause(time) => {
                self.now += Duration::from(time);
                (Answer::bytes(Vec::new()), Phase::Data)
            }
            Want::Info | Want::Session => {
                self.asked.push(String::from("-"));
                (Answer::bytes(Vec::new()), Phase::Data)
            }
            Want::Raw { data, .. } => {
                let asked = hex(data);
                self.asked.push(asked.clone());
                (device(&asked, self.asked.len()), Phase::Data)
            }
            Want::Answer { question, limit } => {
                self.limit = limit.into();
                let phase = question.phase();
                let mut out = [0; 512];
                let len = question.encode(&mut out).unwrap();
                let asked = hex(&out[..len]);
                self.asked.push(asked.clone());
                (device(&asked, self.asked.len()), phase)
            }
        };
        let Answer {
            took,
            mut reply,
            trail,
            may_go_on,
        } = answer;
        let until = match reply {
            Err(ProvisionError::Link {
                phase: Phase::Connect,
                ..
            }) => task.reconnect_deadline(&self.deadlines),
            _ => task.deadline(&self.deadlines),
        };
        let until = Duration::from(until).min(self.total).max(self.now);
        if self.now.saturating_add(took) > until {
            reply = Err(ProvisionError::Deadline { phase });
            self.now = until;
        } else {
            self.now += took;
        }
        let events = &mut self.events;
        let mut observer = |event: &Event<'_>| events.push(std::format!("{event:?}"));
        let mut desk = Desk {
            now: self.now.into(),
            total: self.total.into(),
            deadlines: &self.deadlines,
            limits: self.limits,
            reply_room: 4096,
            observer: &mut observer,
            phase,
            trail,
            may_go_on,
            nonsense: false,
        };
        let reply = match &reply {
            Ok(bytes) => Ok(&bytes[..]),
            Err(error) => Err(*error),
        };
        task.handle(&mut desk, reply)
    }
}

pub(crate) const fn lost(phase: Phase) -> Error {
    ProvisionError::Link { phase, error: () }
}

pub(crate) const fn nonsense(phase: Phase) -> Error {
    ProvisionError::Reply {
        phase,
        error: crate::SessionError::Reply(ReplyError::Malformed),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| std::format!("{byte:02x}")).collect()
}
