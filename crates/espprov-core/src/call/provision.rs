//! The provisioning flow: set, apply, and find out what became of it.

use super::flow::{Asked, Flow};
use super::network::{Network, OutcomeOn, Word};
use super::recipe::{Recipe, StepAnswer, Steps};
use super::task::Question;
use super::{Desk, IntoResult, Task, Thread, Ticket, Want, Wifi};
use crate::deadlines::Time;
use crate::request::{ApplyThread, ApplyWifi, Control, ControlAction, Request, SetThread, SetWifi};
use crate::{Deadlines, Misuse, ProvisionError, WifiConfig};
use espprov_types::{ThreadAttachment, ThreadDataset, WifiConnection};

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
    const RESET: &'static Control;
    const REPROV: &'static Control;
    /// Whether this connection is the one asked for.
    fn is_reached(&self, on: &<Self::Network as Network>::Online) -> bool;
}

impl Goal for SetWifi<'_> {
    type Network = Wifi;
    type Apply = ApplyWifi;
    const APPLY: &'static ApplyWifi = &ApplyWifi;
    const RESET: &'static Control = &Control(ControlAction::ResetWifi);
    const REPROV: &'static Control = &Control(ControlAction::ReprovWifi);
    fn is_reached(&self, on: &WifiConnection) -> bool {
        on.ssid.as_bytes() == self.0.ssid()
    }
}

impl Goal for SetThread<'_> {
    type Network = Thread;
    type Apply = ApplyThread;
    const APPLY: &'static ApplyThread = &ApplyThread;
    const RESET: &'static Control = &Control(ControlAction::ResetThread);
    const REPROV: &'static Control = &Control(ControlAction::ReprovThread);
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
    flow: Flow<E, S>,
    word: Word<G::Network>,
}

/// The question how far the device is.
const fn status<G: Goal>() -> &'static <G::Network as Network>::Status {
    G::Network::STATUS
}

impl<G: Goal, E, S: Steps> Task<E> for Provision<G, E, S> {
    fn ticket(&mut self) -> &mut Ticket {
        &mut self.ticket
    }

    fn want(&self, deadlines: &Deadlines) -> Want<'_> {
        let question: &dyn Question = match self.flow.asked() {
            Asked::Set => &self.goal,
            Asked::Apply => G::APPLY,
            Asked::Reset => G::RESET,
            Asked::Reprov => G::REPROV,
            Asked::Status => status::<G>(),
        };
        self.flow.want(deadlines, question)
    }

    fn deadline(&self, deadlines: &Deadlines) -> Time {
        self.flow.deadline(deadlines)
    }

    fn reconnect_deadline(&self, deadlines: &Deadlines) -> Time {
        self.flow.reconnect_deadline(deadlines)
    }

    fn handle(
        &mut self,
        desk: &mut Desk<'_>,
        answer: Result<&[u8], ProvisionError<E>>,
    ) -> Result<bool, ProvisionError<E>> {
        if self.flow.is_aside() {
            return self.flow.aside(desk, answer);
        }
        let told = answer.and_then(|reply| {
            let done = match self.flow.asked() {
                Asked::Status => {
                    let status = status::<G>().decode(reply);
                    let seen =
                        status.map(|status| self.word.take_in(status.into(), |on| self.goal.is_reached(on)));
                    return desk.read(seen).map(Some);
                }
                Asked::Set => self.goal.decode(reply),
                Asked::Apply => G::APPLY.decode(reply),
                Asked::Reset => G::RESET.decode(reply),
                Asked::Reprov => G::REPROV.decode(reply),
            };
            desk.read(done).map(|()| None)
        });
        self.flow.handle(desk, told)
    }
}

impl<G: Goal, E, S> IntoResult for Provision<G, E, S> {
    type Output = OutcomeOn<G::Network>;

    fn take_result(&mut self) -> Result<OutcomeOn<G::Network>, Misuse> {
        let end = self.flow.end().ok_or(Misuse::NotOver)?;
        Ok(self.word.outcome(end))
    }
}

impl<G: Goal, E> Provision<G, E> {
    const fn to(goal: G) -> Self {
        Self {
            ticket: Ticket::NEW,
            goal,
            flow: Flow::new(),
            word: Word::NONE,
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
            flow: self.flow.with_steps(steps),
            word: self.word,
        }
    }
}

#[cfg(test)]
mod recipe_tests;
#[cfg(test)]
mod tests;
