//! Wi-Fi or Thread: what is asked while the device joins, and the call that asks nothing else.

use super::flow::{End, Seen};
use super::follow::{Follow, Next, Progress};
use super::{Desk, IntoResult, Outcome, Task, Ticket, Want};
use crate::deadlines::Time;
use crate::request::{GetThreadStatus, GetWifiStatus, Request};
use crate::{Deadlines, Misuse, ProvisionError};
use core::fmt;
use espprov_types::{ThreadAttachment, ThreadFailure, WifiConnection, WifiFailure};

/// Wi-Fi.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wifi;

/// Thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thread;

/// How a device tells how far it is.
#[expect(unnameable_types, reason = "as `Task`")]
pub trait Network {
    /// Where it is then.
    type Online: fmt::Debug;
    /// Why it is not there.
    type Failure: fmt::Debug;
    type Status: for<'b> Request<Response<'b>: Into<Progress<Self::Online, Self::Failure>>> + 'static;
    const STATUS: &'static Self::Status;
}

impl Network for Wifi {
    type Online = WifiConnection;
    type Failure = WifiFailure;
    type Status = GetWifiStatus;
    const STATUS: &'static GetWifiStatus = &GetWifiStatus;
}

impl Network for Thread {
    type Online = ThreadAttachment;
    type Failure = ThreadFailure;
    type Status = GetThreadStatus;
    const STATUS: &'static GetThreadStatus = &GetThreadStatus;
}

/// What the device said last of where it is, or why it is not there. Kept apart from the way there, which goes by less.
#[derive(Debug)]
pub(super) struct Word<N: Network>(Option<OutcomeOn<N>>);

impl<N: Network> Word<N> {
    /// Nothing yet.
    pub(super) const NONE: Self = Self(None);

    /// Keeps a status, and says what it comes to.
    pub(super) fn take_in(
        &mut self,
        seen: Progress<N::Online, N::Failure>,
        is_reached: impl FnOnce(&N::Online) -> bool,
    ) -> Seen {
        match seen {
            Progress::Online(on) => {
                // Looked at where it stays: it is large.
                let said = self.0.insert(Outcome::Connected(on));
                Progress::Online(matches!(said, Outcome::Connected(on) if is_reached(on)))
            }
            Progress::Gone(why) => {
                self.0 = Some(Outcome::Failed(why));
                Progress::Gone(())
            }
            Progress::Trying(left) => Progress::Trying(left),
            Progress::Idle => Progress::Idle,
        }
    }

    /// What an end comes to with it.
    pub(super) fn outcome(&mut self, end: End) -> OutcomeOn<N> {
        match (end, self.0.take()) {
            (Outcome::LikelyConnected, _) => Outcome::LikelyConnected,
            (Outcome::Connected(_) | Outcome::Failed(()), Some(said)) => said,
            _ => Outcome::Unconfirmed,
        }
    }
}

/// How it ends on this network.
pub(super) type OutcomeOn<N> = Outcome<<N as Network>::Online, <N as Network>::Failure>;

/// Asks a device that has been given its credentials until it is online on Wi-Fi, gave up, or went quiet.
pub type FollowWifi<E> = FollowNetwork<Wifi, E>;

/// The same for Thread.
pub type FollowThread<E> = FollowNetwork<Thread, E>;

/// [`FollowWifi`] or [`FollowThread`]. The evidence is the same as when provisioning: see [`Outcome`].
#[derive(Debug)]
pub struct FollowNetwork<N: Network, E> {
    /// `None` on the way there: a device that cannot be reached at all is an error.
    follow: Option<Follow<E>>,
    pause: Option<Time>,
    end: Option<End>,
    word: Word<N>,
    ticket: Ticket,
}

impl<N: Network, E> FollowNetwork<N, E> {
    /// The call, not yet begun.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            follow: None,
            pause: None,
            end: None,
            word: Word::NONE,
            ticket: Ticket::NEW,
        }
    }
}

impl<N: Network, E> Default for FollowNetwork<N, E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<N: Network, E> Task<E> for FollowNetwork<N, E> {
    fn ticket(&mut self) -> &mut Ticket {
        &mut self.ticket
    }

    fn want(&self, deadlines: &Deadlines) -> Want<'_> {
        match (&self.follow, self.pause) {
            (None, _) => Want::Session,
            (_, Some(time)) => Want::Pause(time),
            (_, None) => Want::Answer {
                question: N::STATUS,
                limit: deadlines.poll.into(),
            },
        }
    }

    fn deadline(&self, deadlines: &Deadlines) -> Time {
        let follow = self.follow.as_ref();
        follow.map_or(Time::NEVER, |follow| follow.deadline(deadlines))
    }

    fn reconnect_deadline(&self, _: &Deadlines) -> Time {
        let follow = self.follow.as_ref();
        follow.map_or(Time::NEVER, Follow::reconnect_deadline)
    }

    fn handle(
        &mut self,
        desk: &mut Desk<'_>,
        answer: Result<&[u8], ProvisionError<E>>,
    ) -> Result<bool, ProvisionError<E>> {
        let Some(follow) = &mut self.follow else {
            self.follow = answer.map(|_| Some(Follow::new(desk)))?;
            return Ok(false);
        };
        if self.pause.take().is_some() {
            return Ok(false);
        }
        let word = &mut self.word;
        let seen = answer.and_then(|reply| {
            let status = N::STATUS.decode(reply);
            desk.read(status.map(|status| word.take_in(status.into(), |_| true)))
        });
        match follow.handle(desk, seen)? {
            Next::Pause(time) => self.pause = Some(time),
            Next::End(end) => self.end = Some(end),
        }
        Ok(self.end.is_some())
    }
}

impl<N: Network, E> IntoResult for FollowNetwork<N, E> {
    type Output = OutcomeOn<N>;

    fn take_result(&mut self) -> Result<OutcomeOn<N>, Misuse> {
        let end = self.end.take().ok_or(Misuse::NotOver)?;
        Ok(self.word.outcome(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::testing::{Answer, Play};

    #[test]
    fn a_device_is_looked_at_until_it_is_online() {
        let mut task = FollowWifi::<()>::new();
        let mut looks = 0;
        Play::new()
            .run(&mut task, |asked, _| {
                assert_eq!(asked, "5200", "nothing but the status");
                looks += 1;
                match looks {
                    1 | 2 => Answer::ok("08015a021001"),
                    _ => Answer::ok("08015a085a061a04486f6d65"),
                }
            })
            .unwrap();
        assert_eq!(looks, 3);
        let Ok(Outcome::Connected(on)) = task.take_result() else {
            panic!()
        };
        assert_eq!(on.ssid.as_bytes(), b"Home");
        assert!(matches!(task.take_result(), Err(Misuse::NotOver)), "told once");
    }
}
