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
            Err(error @ (ProvisionError::Status { .. } | ProvisionError::Policy(_))) => return Err(error),
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
