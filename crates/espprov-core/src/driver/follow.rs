//! After `apply`: asking again and again until the device is online, gave up, or went quiet.

use super::task::Desk;
use super::{Deadlines, Event, Outcome, Phase, ProvisionError};
use core::time::Duration;
use espprov_types::{ThreadAttachment, ThreadFailure, ThreadStatus, WifiConnection, WifiFailure, WifiStatus};

/// The first pause between two status requests, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A status, reduced to what the flow decides by.
pub(super) enum Progress<C, F> {
    Online(C),
    Trying(Option<u32>),
    Idle,
    Gone(F),
}

/// How long a device has been followed, and since when it is out of sight.
pub(super) struct Follow<E> {
    until: Duration,
    pause: Duration,
    /// Since when nothing came back, and the latest reason.
    lost: Option<(Duration, ProvisionError<E>)>,
}

/// What to do after a look.
pub(super) enum Next<C, F> {
    /// Look again after this time.
    Pause(Duration),
    End(Outcome<C, F>),
}

impl<E> Follow<E> {
    /// Begins. The first question goes out at once: apply sets "connecting" before it answers, so there is no stale
    /// failure to read.
    pub(super) fn new(desk: &Desk<'_>) -> Self {
        Self {
            until: desk.now.saturating_add(desk.deadlines.connecting).min(desk.total),
            pause: FIRST_PAUSE,
            lost: None,
        }
    }

    /// When the next look must be over.
    pub(super) fn deadline(&self, deadlines: &Deadlines) -> Duration {
        self.lost.as_ref().map_or(self.until, |(at, _)| {
            at.saturating_add(deadlines.recover).min(self.until)
        })
    }

    /// Takes what was seen.
    pub(super) fn handle<C, F>(
        &mut self,
        desk: &mut Desk<'_>,
        seen: Result<Progress<C, F>, ProvisionError<E>>,
    ) -> Result<Next<C, F>, ProvisionError<E>> {
        let (now, patience) = (desk.now, self.deadline(desk.deadlines));
        match seen {
            Ok(Progress::Online(on)) => return Ok(Next::End(Outcome::Connected(on))),
            Ok(Progress::Gone(why)) => return Ok(Next::End(Outcome::Failed(why))),
            Ok(Progress::Trying(attempts_remaining)) => {
                self.lost = None;
                desk.event(&Event::Connecting { attempts_remaining });
            }
            Ok(Progress::Idle) => self.lost = None,
            Err(
                error @ (ProvisionError::Status { .. }
                | ProvisionError::Policy(_)
                | ProvisionError::OutOfMemory { .. }),
            ) => return Err(error),
            // The question was cut off because time is up, not because the link failed it.
            Err(ProvisionError::Deadline { .. }) if self.lost.is_none() && now >= self.until => {
                return Err(ProvisionError::Deadline { phase: Phase::Status });
            }
            // Link, session or even handshake trouble: the device's radio may be on another channel, or its
            // provisioning service gone because it is online. Keep trying for a while.
            Err(error) => {
                let at = self.lost.as_ref().map_or(now, |(at, _)| *at);
                if self.lost.replace((at, error)).is_none() {
                    desk.event(&Event::LinkLost { phase: Phase::Status });
                } else if now >= patience {
                    return self.gone();
                }
            }
        }
        if now >= self.until {
            return self.gone();
        }
        let pause = self.pause.min(self.until.saturating_sub(now));
        let longer = self.pause.saturating_mul(3).checked_div(2);
        self.pause = longer.unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE);
        Ok(Next::Pause(pause))
    }

    /// What it means that the time is up.
    fn gone<C, F>(&mut self) -> Result<Next<C, F>, ProvisionError<E>> {
        match self.lost.take() {
            // Somebody is there and answers nonsense: that is no device that left.
            Some((_, error @ ProvisionError::Reply { .. })) => Err(error),
            Some(_) => Ok(Next::End(Outcome::LikelyConnected)),
            None => Err(ProvisionError::Deadline { phase: Phase::Status }),
        }
    }
}

impl From<WifiStatus> for Progress<WifiConnection, WifiFailure> {
    fn from(status: WifiStatus) -> Self {
        match status {
            WifiStatus::Connected(on) => Self::Online(on),
            WifiStatus::Connecting { attempts_remaining } => Self::Trying(attempts_remaining),
            WifiStatus::Failed(why) => Self::Gone(why),
            _ => Self::Idle,
        }
    }
}

impl From<ThreadStatus> for Progress<ThreadAttachment, ThreadFailure> {
    fn from(status: ThreadStatus) -> Self {
        match status {
            ThreadStatus::Attached(on) => Self::Online(on),
            ThreadStatus::Attaching => Self::Trying(None),
            ThreadStatus::Failed(why) => Self::Gone(why),
            _ => Self::Idle,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ReplyError, SessionError};
    use espprov_transport::Limits;
    use std::vec::Vec;

    type Error = ProvisionError<()>;
    const LOST: Error = ProvisionError::Link {
        phase: Phase::Status,
        error: (),
    };
    const NONSENSE: Error = ProvisionError::Reply {
        phase: Phase::Status,
        error: SessionError::Reply(ReplyError::Malformed),
    };

    /// What was seen at the n-th look.
    type Seen = Result<Progress<&'static str, &'static str>, Error>;

    /// Follows a device until the end; also the time of every look, in milliseconds. Each look takes `look`.
    fn follow(
        look: Duration,
        total: Duration,
        mut seen: impl FnMut(usize) -> Seen,
    ) -> (Result<Outcome<&'static str, &'static str>, Error>, Vec<u128>) {
        let (deadlines, mut observer) = (Deadlines::default(), ());
        let mut desk = Desk {
            now: Duration::ZERO,
            total,
            deadlines: &deadlines,
            limits: Limits::UNKNOWN,
            reply_room: 0,
            observer: &mut observer,
            phase: Phase::Status,
            nonsense: false,
        };
        let mut follow = Follow::new(&desk);
        let mut looks = Vec::new();
        for index in 0.. {
            looks.push(desk.now.as_millis());
            desk.now = follow.deadline(&deadlines).min(desk.now + look);
            match follow.handle(&mut desk, seen(index)) {
                Ok(Next::Pause(time)) => desk.now += time,
                Ok(Next::End(outcome)) => return (Ok(outcome), looks),
                Err(error) => return (Err(error), looks),
            }
        }
        unreachable!("one look follows the other")
    }

    #[test]
    fn pauses_grow_and_the_last_one_is_cut() {
        let (end, looks) = follow(Duration::ZERO, Duration::MAX, |_| Ok(Progress::Trying(None)));
        assert_eq!(end, Err(ProvisionError::Deadline { phase: Phase::Status }));
        assert_eq!(looks[..6], [0, 500, 1250, 2375, 4062, 6062]);
        assert_eq!(looks.last(), Some(&60_000));
    }

    #[test]
    fn silence_ends_when_the_patience_does() {
        let (end, looks) = follow(Duration::from_secs(1), Duration::MAX, |index| match index {
            0 => Ok(Progress::Trying(Some(3))),
            _ => Err(LOST),
        });
        assert_eq!(end, Ok(Outcome::LikelyConnected));
        // Lost at 2.5 s, and then for 15 s.
        assert!((15_000..=17_500).contains(looks.last().unwrap()), "{looks:?}");
    }

    #[test]
    fn a_device_that_comes_back_starts_the_patience_anew() {
        // Some 45 s, most of them out of sight, never 15 s at a stretch.
        let (end, _) = follow(Duration::ZERO, Duration::MAX, |index| match index {
            24 => Ok(Progress::Online("Home")),
            _ if index % 5 == 4 => Ok(Progress::Idle),
            _ => Err(LOST),
        });
        assert_eq!(end, Ok(Outcome::Connected("Home")));
    }

    #[test]
    fn what_is_no_silence_is_an_error() {
        let look = Duration::from_secs(1);
        let refused = ProvisionError::Status {
            phase: Phase::Status,
            code: espprov_types::StatusCode::InvalidSession,
        };
        let memory = ProvisionError::OutOfMemory {
            phase: Phase::Handshake,
        };
        for error in [NONSENSE, refused, memory] {
            assert_eq!(follow(look, Duration::MAX, |_| Err(error)).0, Err(error));
        }
        // The device's own word ends it at once.
        let (end, looks) = follow(look, Duration::MAX, |_| Ok(Progress::Gone("wrong passphrase")));
        assert_eq!((end, looks.len()), (Ok(Outcome::Failed("wrong passphrase")), 1));
    }

    #[test]
    fn a_question_cut_off_by_the_deadline_is_no_loss() {
        let cut = |_| Err(ProvisionError::Deadline { phase: Phase::Status });
        let (end, looks) = follow(Duration::from_secs(5), Duration::from_secs(4), cut);
        assert_eq!(end, Err(ProvisionError::Deadline { phase: Phase::Status }));
        assert_eq!(looks, [0]);
        // With time left it is one.
        let (end, _) = follow(Duration::from_secs(5), Duration::MAX, cut);
        assert_eq!(end, Ok(Outcome::LikelyConnected));
    }
}
