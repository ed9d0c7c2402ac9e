//! The provisioning flow: set, apply, and find out what became of it.

use super::follow::{Follow, Next, Progress};
use super::network::{Network, OutcomeOn};
use super::recipe::{Recipe, Side, StepAnswer, Steps, Why};
use super::task::Question;
use super::{Desk, IntoResult, Task, Thread, Ticket, Want, Wifi};
use crate::deadlines::Time;
use crate::request::{ApplyThread, ApplyWifi, Control, ControlAction, Request, SetThread, SetWifi};
use crate::{Deadlines, Event, Misuse, Phase, ProvisionError, WifiConfig};
use espprov_types::{StatusCode, ThreadAttachment, ThreadDataset, WifiConnection};

/// How often credentials are handed over before giving up: the first time, once more after a lost answer, and
/// once more after clearing an earlier attempt.
const MAX_ATTEMPTS: u8 = 3;

/// How a provisioning ended. `C` says where the device is now, `F` why it is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Outcome<C, F> {
    /// The device says that it is online.
    Connected(#[cfg_attr(feature = "defmt", defmt(Debug2Format))] C),
    /// The device says that it could not join.
    Failed(#[cfg_attr(feature = "defmt", defmt(Debug2Format))] F),
    /// What a device does that joined and closed its provisioning service before its last answer was read: it said
    /// that it was connecting, took the next question, did not answer it, and its service stayed away
    /// ([`Limits::gone_after`](espprov_transport::Limits::gone_after)).
    LikelyConnected,
    /// The device may have applied the credentials, then it was lost before it said what became of them. Neither
    /// success nor failure: look at the device, or at the network.
    Unconfirmed,
}

/// Wi-Fi and Thread take the same way with other messages. The credentials' own message is the goal.
#[expect(unnameable_types, reason = "as `Task`")]
pub trait Goal: for<'b> Request<Response<'b> = ()> {
    type Network: Network;
    type Apply: for<'b> Request<Response<'b> = ()> + 'static;
    const APPLY: &'static Self::Apply;
    const RESET: Control;
    const REPROV: Control;
    /// Whether this connection is the one asked for.
    fn is_reached(&self, on: &<Self::Network as Network>::Online) -> bool;
}

impl Goal for SetWifi<'_> {
    type Network = Wifi;
    type Apply = ApplyWifi;
    const APPLY: &'static ApplyWifi = &ApplyWifi;
    const RESET: Control = Control(ControlAction::ResetWifi);
    const REPROV: Control = Control(ControlAction::ReprovWifi);
    fn is_reached(&self, on: &WifiConnection) -> bool {
        on.ssid.as_bytes() == self.0.ssid()
    }
}

impl Goal for SetThread<'_> {
    type Network = Thread;
    type Apply = ApplyThread;
    const APPLY: &'static ApplyThread = &ApplyThread;
    const RESET: Control = Control(ControlAction::ResetThread);
    const REPROV: Control = Control(ControlAction::ReprovThread);
    fn is_reached(&self, on: &ThreadAttachment) -> bool {
        on.ext_pan_id.is_some() && on.ext_pan_id == self.0.ext_pan_id()
    }
}

/// Gives the device Wi-Fi credentials and follows it until it is online or gave up.
pub type ProvisionWifi<'a, E, S = ()> = Provision<SetWifi<'a>, E, S>;

/// Gives the device a Thread dataset and follows it until it is attached or gave up.
pub type ProvisionThread<'a, E, S = ()> = Provision<SetThread<'a>, E, S>;

impl<'a, E> ProvisionWifi<'a, E> {
    /// The call, not yet begun.
    #[must_use]
    pub const fn new(config: &'a WifiConfig<'a>) -> Self {
        Self::to(SetWifi(config))
    }
}

impl<'a, E> ProvisionThread<'a, E> {
    /// The call, not yet begun.
    #[must_use]
    pub const fn new(dataset: &'a ThreadDataset) -> Self {
        Self::to(SetThread(dataset))
    }
}

/// [`ProvisionWifi`] or [`ProvisionThread`]. `S`: the steps of an application around it, see
/// [`with_recipe`](Self::with_recipe).
#[derive(Debug)]
pub struct Provision<G: Goal, E, S = ()> {
    ticket: Ticket,
    goal: G,
    step: Step<E>,
    steps: S,
    /// Where the device is followed and a step is open: it is the step's turn, not the status's.
    turn: bool,
    /// Time to let pass before the step.
    pause: Option<Time>,
    /// Attempts to hand over, this one included.
    attempts: u8,
    /// It is unclear whether the device acted on `apply`.
    doubt: Option<Doubt<E>>,
    outcome: Option<OutcomeOn<G::Network>>,
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
    /// Making room for another attempt.
    Control(Control),
    Follow {
        follow: Follow<E>,
        /// Our own attempt, accepted; else the one found by `Look`.
        ours: bool,
    },
    /// The device is online, that is the outcome; steps of the application are open. It is asked nothing else: each further
    /// question for the status would be another reason to stop.
    Rest,
}

/// What a status comes to, on this kind of network.
type ProgressOn<N> = Progress<<N as Network>::Online, <N as Network>::Failure>;

/// The question how far the device is.
const fn status<G: Goal>() -> &'static <G::Network as Network>::Status {
    G::Network::STATUS
}

impl<G: Goal, E, S: Steps> Task<E> for Provision<G, E, S> {
    fn ticket(&mut self) -> &mut Ticket {
        &mut self.ticket
    }

    fn want(&self, deadlines: &Deadlines) -> Want<'_> {
        if let Some(time) = self.pause {
            return Want::Pause(time);
        }
        if let Some((_, question)) = self.own() {
            let limit = deadlines.exchange.into();
            return Want::Answer { question, limit };
        }
        let (question, limit): (&dyn Question, Time) = match &self.step {
            Step::Set => (&self.goal, deadlines.exchange.into()),
            Step::Apply => (G::APPLY, deadlines.exchange.into()),
            Step::Control(lever) => (lever, deadlines.exchange.into()),
            Step::Look | Step::Follow { .. } | Step::Rest => (status::<G>(), deadlines.poll.into()),
        };
        Want::Answer { question, limit }
    }

    fn deadline(&self, deadlines: &Deadlines) -> Time {
        let deadline = match &self.step {
            Step::Follow { follow, .. } => follow.deadline(deadlines),
            _ => Time::NEVER,
        };
        self.unless_own(deadline)
    }

    fn reconnect_deadline(&self, deadlines: &Deadlines) -> Time {
        let deadline = match (&self.step, &self.doubt) {
            (Step::Follow { follow, .. }, _) => follow.reconnect_deadline(),
            (Step::Rest, _) => Time::NEVER,
            (_, Some(doubt)) => doubt.since.plus(deadlines.recover.into()),
            _ => Time::NEVER,
        };
        self.unless_own(deadline)
    }

    fn handle(
        &mut self,
        desk: &mut Desk<'_>,
        answer: Result<&[u8], ProvisionError<E>>,
    ) -> Result<bool, ProvisionError<E>> {
        if self.pause.take().is_some() {
            return Ok(false);
        }
        if let Some((side, _)) = self.own() {
            return self.own_answer(desk, side, answer);
        }
        match &self.step {
            Step::Look | Step::Follow { .. } | Step::Rest => {
                let seen = answer.and_then(|reply| desk.read(status::<G>().decode(reply)));
                self.seen(desk, seen.map(Into::into))
            }
            step => {
                let told = answer.and_then(|reply| {
                    desk.read(match step {
                        Step::Apply => G::APPLY.decode(reply),
                        Step::Control(lever) => lever.decode(reply),
                        _ => self.goal.decode(reply),
                    })
                });
                self.told(desk, told)
            }
        }
    }
}

impl<G: Goal, E, S> IntoResult for Provision<G, E, S> {
    type Output = OutcomeOn<G::Network>;

    fn take_result(&mut self) -> Result<OutcomeOn<G::Network>, Misuse> {
        if matches!(self.step, Step::Rest) {
            return Err(Misuse::NotOver);
        }
        self.outcome.take().ok_or(Misuse::NotOver)
    }
}

impl<G: Goal, E> Provision<G, E> {
    const fn to(goal: G) -> Self {
        Self {
            ticket: Ticket::NEW,
            goal,
            step: Step::Set,
            steps: (),
            turn: false,
            pause: None,
            attempts: MAX_ATTEMPTS,
            doubt: None,
            outcome: None,
        }
    }

    /// The same with data of the application's own before and after, in the same session. The outcome is the network's;
    /// [`Recipe::failure`] says what became of the steps.
    pub fn with_recipe<'r, 's, F: FnMut(StepAnswer<'_>)>(
        self,
        recipe: &'r mut Recipe<'s, F>,
    ) -> Provision<G, E, &'r mut Recipe<'s, F>> {
        let mut steps = recipe;
        steps.begin();
        Provision {
            ticket: self.ticket,
            goal: self.goal,
            step: self.step,
            steps,
            turn: self.turn,
            pause: self.pause,
            attempts: self.attempts,
            doubt: self.doubt,
            outcome: self.outcome,
        }
    }
}

impl<G: Goal, E, S: Steps> Provision<G, E, S> {
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
    fn finish(&mut self, desk: &Desk<'_>, outcome: OutcomeOn<G::Network>) -> bool {
        let is_online = matches!(outcome, Outcome::Connected(_));
        self.outcome = Some(outcome);
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

    /// Credentials, apply or control were answered, or not.
    fn told(
        &mut self,
        desk: &mut Desk<'_>,
        told: Result<(), ProvisionError<E>>,
    ) -> Result<bool, ProvisionError<E>> {
        match (&self.step, told) {
            (Step::Apply, applied) => self.after_apply(desk, applied),
            (_, Err(error)) => self.trouble(desk, error),
            (Step::Control(_), Ok(())) => self.try_again(desk),
            (_, Ok(())) => {
                desk.event(&Event::ConfigSent);
                self.step = Step::Apply;
                Ok(false)
            }
        }
    }

    /// The question for the status was answered, or not.
    fn seen(
        &mut self,
        desk: &mut Desk<'_>,
        seen: Result<ProgressOn<G::Network>, ProvisionError<E>>,
    ) -> Result<bool, ProvisionError<E>> {
        let Step::Follow { follow, ours } = &mut self.step else {
            return match seen {
                Ok(seen) => self.clear_the_way(desk, seen),
                Err(error) => self.trouble(desk, error),
            };
        };
        match follow.handle(desk, seen)? {
            Next::Pause(time) => {
                self.pause = Some(time);
                self.turn = true;
            }
            Next::End(outcome) if *ours => return Ok(self.finish(desk, outcome)),
            Next::End(outcome) => return self.after_another(desk, outcome),
        }
        Ok(false)
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
    fn clear_the_way(
        &mut self,
        desk: &Desk<'_>,
        seen: ProgressOn<G::Network>,
    ) -> Result<bool, ProvisionError<E>> {
        match seen {
            // Ours or a stale one? One more attempt answers that for certain.
            Progress::Gone(_) => self.step = Step::Control(G::RESET),
            Progress::Online(on) => return self.after_another(desk, Outcome::Connected(on)),
            Progress::Trying(_) => self.follow(desk, false),
            Progress::Idle => return Err(refused()),
        }
        Ok(false)
    }

    /// The attempt that was found under way has ended.
    fn after_another(
        &mut self,
        desk: &Desk<'_>,
        outcome: OutcomeOn<G::Network>,
    ) -> Result<bool, ProvisionError<E>> {
        let perhaps_ours = self.doubt.is_some();
        self.step = Step::Control(match outcome {
            Outcome::Connected(on) if self.goal.is_reached(&on) => {
                return Ok(self.finish(desk, Outcome::Connected(on)));
            }
            Outcome::Connected(_) => G::REPROV,
            Outcome::Failed(_) | Outcome::LikelyConnected | Outcome::Unconfirmed if perhaps_ours => {
                return Ok(self.finish(desk, outcome));
            }
            Outcome::Failed(_) => G::RESET,
            // Whatever it joined, it was not told to by us.
            Outcome::LikelyConnected | Outcome::Unconfirmed => return Err(refused()),
        });
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
const fn refused<E>() -> ProvisionError<E> {
    ProvisionError::Status {
        phase: Phase::Apply,
        code: StatusCode::InternalError,
    }
}

#[cfg(test)]
mod recipe_tests;
#[cfg(test)]
mod tests;
