//! The way of a provisioning, on any network: set, apply, and find out what became of it. What is asked on which network, and what it
//! answers, is [`Provision`](super::Provision)'s.

use super::follow::{Follow, Next, Progress};
use super::provision::Outcome;
use super::recipe::{Side, Steps, Why};
use super::task::Question;
use super::{Desk, Want};
use crate::deadlines::Time;
use crate::{Deadlines, Event, Phase, ProvisionError};
use espprov_types::StatusCode;

/// How often credentials are handed over before giving up: the first time, once more after a lost answer, and
/// once more after clearing an earlier attempt.
const MAX_ATTEMPTS: u8 = 3;

/// What a status comes to: whether the device is on the network it was given, or on another.
pub(super) type Seen = Progress<bool, ()>;

/// How it ended: the same.
pub(super) type End = Outcome<bool, ()>;

/// What is asked of the device, whatever its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Set,
    Apply,
    /// Makes room after a failure.
    Reset,
    /// Makes room after a success.
    Reprov,
    Status,
}

/// Where a provisioning is. One for all networks: it is a third of the code of a call.
#[derive(Debug)]
pub(super) struct Flow<E, S> {
    step: Step<E>,
    pub(super) steps: S,
    /// Where the device is followed and a step is open: it is the step's turn, not the status's.
    turn: bool,
    /// Time to let pass before the step.
    pause: Option<Time>,
    /// Attempts to hand over, this one included.
    attempts: u8,
    /// It is unclear whether the device acted on `apply`.
    doubt: Option<Doubt<E>>,
    end: Option<End>,
}

/// The answer to `apply` is lost: from here on, nothing that happens to the link says that the device failed.
#[derive(Debug)]
struct Doubt<E> {
    since: Time,
    /// What became of the answer.
    error: ProvisionError<E>,
}

/// Pause between two attempts to reach a device that left us in doubt.
const DOUBT_PAUSE: Time = Time::millis(500);

#[derive(Debug)]
enum Step<E> {
    Set,
    Apply,
    /// `apply` came at a bad moment: an attempt is under way or has ended, an earlier run's or (with a doubt) perhaps
    /// the one whose answer was lost. What is it?
    Look,
    /// Making room for another attempt after a failure, or after a success.
    Reset,
    Reprov,
    Follow {
        follow: Follow<E>,
        /// Our own attempt, accepted; else the one found by `Look`.
        ours: bool,
    },
    /// The device is online, that is the outcome; steps of the application are open. It is asked nothing else: each further
    /// question for the status would be another reason to stop.
    Rest,
}

impl<E> Flow<E, ()> {
    /// From the beginning.
    pub(super) const fn new() -> Self {
        Self {
            step: Step::Set,
            steps: (),
            turn: false,
            pause: None,
            attempts: MAX_ATTEMPTS,
            doubt: None,
            end: None,
        }
    }
}

impl<E, S> Flow<E, S> {
    /// How it ended, once it has.
    pub(super) fn end(&mut self) -> Option<End> {
        match self.step {
            Step::Rest => None,
            _ => self.end.take(),
        }
    }

    /// The same flow with other steps.
    pub(super) fn with_steps<T>(self, steps: T) -> Flow<E, T> {
        Flow {
            step: self.step,
            steps,
            turn: self.turn,
            pause: self.pause,
            attempts: self.attempts,
            doubt: self.doubt,
            end: self.end,
        }
    }

    /// What the device is asked, where it is not the application's turn.
    pub(super) const fn asked(&self) -> Asked {
        match &self.step {
            Step::Set => Asked::Set,
            Step::Apply => Asked::Apply,
            Step::Reset => Asked::Reset,
            Step::Reprov => Asked::Reprov,
            Step::Look | Step::Follow { .. } | Step::Rest => Asked::Status,
        }
    }
}

impl<E, S: Steps> Flow<E, S> {
    /// What is wanted: `question`, which is how to ask that on this network, or what comes before it.
    pub(super) fn want<'a>(&'a self, deadlines: &Deadlines, question: &'a dyn Question) -> Want<'a> {
        if let Some(time) = self.pause {
            return Want::Pause(time);
        }
        if let Some((_, question)) = self.own() {
            let limit = deadlines.exchange.into();
            return Want::Answer { question, limit };
        }
        let limit = match self.asked() {
            Asked::Status => deadlines.poll,
            _ => deadlines.exchange,
        };
        Want::Answer {
            question,
            limit: limit.into(),
        }
    }

    pub(super) fn deadline(&self, deadlines: &Deadlines) -> Time {
        let deadline = match &self.step {
            Step::Follow { follow, .. } => follow.deadline(deadlines),
            _ => Time::NEVER,
        };
        self.unless_own(deadline)
    }

    pub(super) fn reconnect_deadline(&self, deadlines: &Deadlines) -> Time {
        let deadline = match (&self.step, &self.doubt) {
            (Step::Follow { follow, .. }, _) => follow.reconnect_deadline(),
            (Step::Rest, _) => Time::NEVER,
            (_, Some(doubt)) => doubt.since.plus(deadlines.recover.into()),
            _ => Time::NEVER,
        };
        self.unless_own(deadline)
    }

    /// What is answered next is nothing of the network's: there is a pause, or it is an application's step.
    pub(super) fn is_aside(&self) -> bool {
        self.pause.is_some() || self.own().is_some()
    }

    /// Takes such an answer.
    pub(super) fn aside(
        &mut self,
        desk: &Desk<'_>,
        answer: Result<&[u8], ProvisionError<E>>,
    ) -> Result<bool, ProvisionError<E>> {
        if self.pause.take().is_some() {
            return Ok(false);
        }
        let Some((side, _)) = self.own() else {
            return Ok(false);
        };
        self.own_answer(desk, side, answer)
    }

    /// Takes what was read: a status, or (`None`) that it was done.
    pub(super) fn handle(
        &mut self,
        desk: &mut Desk<'_>,
        told: Result<Option<Seen>, ProvisionError<E>>,
    ) -> Result<bool, ProvisionError<E>> {
        match (&mut self.step, told) {
            (Step::Follow { follow, ours }, told) => {
                let ours = *ours;
                let told = told.map(|seen| seen.unwrap_or(Progress::Idle));
                match follow.handle(desk, told)? {
                    Next::Pause(time) => {
                        self.pause = Some(time);
                        self.turn = true;
                        Ok(false)
                    }
                    Next::End(end) if ours => Ok(self.finish(desk, end)),
                    Next::End(end) => self.after_another(desk, end),
                }
            }
            (Step::Apply, told) => self.after_apply(desk, told.map(drop)),
            (_, Err(error)) => self.trouble(desk, error),
            (_, Ok(Some(seen))) => self.clear_the_way(desk, seen),
            (Step::Reset | Step::Reprov, Ok(None)) => self.try_again(desk),
            (_, Ok(None)) => {
                desk.event(&Event::ConfigSent);
                self.step = Step::Apply;
                Ok(false)
            }
        }
    }

    /// The application's step whose turn it is.
    fn own(&self) -> Option<(Side, &dyn Question)> {
        let side = match &self.step {
            Step::Set => Side::Before,
            // In doubt, the attempt that was found under way is ours as far as anybody knows.
            Step::Follow { ours, .. } if self.turn && (*ours || self.doubt.is_some()) => Side::After,
            Step::Rest => Side::After,
            _ => return None,
        };
        self.steps.open(side).map(|question| (side, question))
    }

    /// The deadline of the application's step, where it is its turn and that is sooner.
    fn unless_own(&self, deadline: Time) -> Time {
        match self.own() {
            Some((Side::After, _)) => deadline.min(self.steps.until()),
            _ => deadline,
        }
    }

    /// A step of the application was answered, or not.
    fn own_answer(
        &mut self,
        desk: &Desk<'_>,
        side: Side,
        answer: Result<&[u8], ProvisionError<E>>,
    ) -> Result<bool, ProvisionError<E>> {
        let error = match answer {
            Ok(reply) => {
                self.steps.answered(side, reply);
                self.steps.start(desk.now);
                return Ok(self.rest_is_over());
            }
            // The step was not judged, and this side waits until the device is free.
            Err(ProvisionError::SessionTaken { .. }) if desk.may_go_on => return Ok(false),
            Err(error) => error,
        };
        self.steps.missed(desk.trail.delivered);
        let why = Why::of(&error);
        if side == Side::Before {
            self.steps.give_up(side, why.unwrap_or(Why::Unanswered));
            return Err(error);
        }
        let over = desk.now >= self.steps.until().min(desk.total);
        if let Some(why) = why.or(over.then_some(Why::Unanswered)) {
            self.steps.give_up(side, why);
        }
        if matches!(self.step, Step::Rest) {
            let left = self.steps.until().minus(desk.now);
            self.pause = Some(left.min(DOUBT_PAUSE));
        }
        // How the device is comes next: it tells whether another try can be answered at all.
        self.turn = false;
        Ok(self.rest_is_over())
    }

    /// The device is online, and no step is open any more.
    fn rest_is_over(&mut self) -> bool {
        if !matches!(self.step, Step::Rest) || self.own().is_some() {
            return false;
        }
        self.pause = None;
        self.step = Step::Look;
        true
    }

    /// The network's part is over with this. Where the device is online, the open steps come first.
    fn finish(&mut self, desk: &Desk<'_>, outcome: End) -> bool {
        let is_online = matches!(outcome, Outcome::Connected(_));
        self.end = Some(outcome);
        if is_online && self.steps.open(Side::After).is_some() {
            // The time of a step that was asked already goes on.
            let asked = matches!(&self.step, Step::Follow { ours, .. } if *ours || self.doubt.is_some());
            if !asked {
                self.steps.start(desk.now);
            }
            self.step = Step::Rest;
            return false;
        }
        self.steps.give_up(Side::After, Why::NotReached);
        true
    }

    fn after_apply(
        &mut self,
        desk: &mut Desk<'_>,
        applied: Result<(), ProvisionError<E>>,
    ) -> Result<bool, ProvisionError<E>> {
        match applied {
            Ok(()) => {
                desk.event(&Event::ConfigApplied);
                self.follow(desk, true);
                Ok(false)
            }
            Err(ProvisionError::Status {
                code: StatusCode::InternalError,
                ..
            }) => {
                self.step = Step::Look;
                Ok(false)
            }
            // Not judged, and whoever came in between may have handed over something else.
            Err(ProvisionError::SessionTaken { .. }) if desk.may_go_on => {
                self.step = Step::Set;
                Ok(false)
            }
            // Without a session again: the question itself did not go out.
            Err(error) if !is_about(&error, Phase::Apply) => self.trouble(desk, error),
            // Handing over again is safe in a new session: if the device acted, it refuses the second apply and
            // we look at what it is doing.
            Err(error) if error.is_link_trouble() => {
                desk.event(&Event::LinkLost { phase: Phase::Apply });
                self.doubt = Some(Doubt {
                    since: desk.now,
                    error,
                });
                self.try_again(desk)
            }
            Err(error) => Err(error),
        }
    }

    /// A step other than apply and follow failed. In doubt that decides nothing, for a while.
    fn trouble(&mut self, desk: &Desk<'_>, error: ProvisionError<E>) -> Result<bool, ProvisionError<E>> {
        if matches!(error, ProvisionError::SessionTaken { .. }) && desk.may_go_on {
            return Ok(false);
        }
        let Some(doubt) = &self.doubt else {
            return Err(error);
        };
        if !error.is_link_trouble() && !error.is_of_a_stranger() {
            return Err(error);
        }
        let left = doubt.since.plus(desk.deadlines.recover.into()).min(desk.total);
        let left = left.minus(desk.now);
        if left == Time::ZERO {
            return Ok(self.finish(desk, Outcome::Unconfirmed));
        }
        self.pause = Some(left.min(DOUBT_PAUSE));
        Ok(false)
    }

    /// Finds out how an attempt ends that is not known to be ours, or makes room for another one.
    fn clear_the_way(&mut self, desk: &Desk<'_>, seen: Seen) -> Result<bool, ProvisionError<E>> {
        match seen {
            // Ours or a stale one? One more attempt answers that for certain.
            Progress::Gone(_) => self.step = Step::Reset,
            Progress::Online(on) => return self.after_another(desk, Outcome::Connected(on)),
            Progress::Trying(_) => self.follow(desk, false),
            Progress::Idle => return Err(refused()),
        }
        Ok(false)
    }

    /// The attempt that was found under way has ended.
    fn after_another(&mut self, desk: &Desk<'_>, outcome: End) -> Result<bool, ProvisionError<E>> {
        let perhaps_ours = self.doubt.is_some();
        self.step = match outcome {
            Outcome::Connected(true) => return Ok(self.finish(desk, outcome)),
            Outcome::Connected(false) => Step::Reprov,
            Outcome::Failed(()) | Outcome::LikelyConnected | Outcome::Unconfirmed if perhaps_ours => {
                return Ok(self.finish(desk, outcome));
            }
            Outcome::Failed(()) => Step::Reset,
            // Whatever it joined, it was not told to by us.
            Outcome::LikelyConnected | Outcome::Unconfirmed => return Err(refused()),
        };
        Ok(false)
    }

    fn follow(&mut self, desk: &Desk<'_>, ours: bool) {
        self.step = Step::Follow {
            follow: Follow::new(desk),
            ours,
        };
        self.turn = true;
        self.steps.start(desk.now);
    }

    /// Hands over once more, unless that was the last attempt.
    fn try_again(&mut self, desk: &Desk<'_>) -> Result<bool, ProvisionError<E>> {
        self.attempts = self.attempts.saturating_sub(1);
        if self.attempts == 0 {
            return match self.doubt.take().map(|doubt| doubt.error) {
                None => Err(refused()),
                // Somebody is there and answers nonsense: that is no device that left.
                Some(error @ ProvisionError::Reply { .. }) => Err(error),
                Some(_) => Ok(self.finish(desk, Outcome::Unconfirmed)),
            };
        }
        self.step = Step::Set;
        Ok(false)
    }
}

/// The exchange of this phase itself failed, not the way there.
fn is_about<E>(error: &ProvisionError<E>, phase: Phase) -> bool {
    error.phase().is_none_or(|failed| failed == phase)
}

/// `apply` was refused, and nothing is known that would help.
pub(super) const fn refused<E>() -> ProvisionError<E> {
    ProvisionError::Status {
        phase: Phase::Apply,
        code: StatusCode::InternalError,
    }
}
