//! After `apply`: asking again and again until the device is online, gave up, or went quiet.

use super::{Desk, Outcome};
use crate::deadlines::Time;
use crate::{Deadlines, Event, Phase, ProvisionError};
use espprov_types::{ThreadAttachment, ThreadFailure, ThreadStatus, WifiConnection, WifiFailure, WifiStatus};

/// Most devices are done within this time after apply. So long each look begins this long after the one before: what the device
/// does is seen 0.3 s later at most, with a look that takes little. Both in milliseconds.
const QUICK: u32 = 3000;
const QUICK_INTERVAL: u32 = 275;
/// Where a look takes longer than this, the link is left alone for three times that before the next: on a Bluetooth link with a slow
/// connection interval, or a console at a low rate, questions must not be all that is going on. In milliseconds.
const CHEAP: u32 = 70;
/// The first pause of a device that is out of sight, and the longest of all, in milliseconds.
const FIRST_PAUSE: u32 = 500;
const LONGEST_PAUSE: u32 = 2000;
/// What the last attempt to reach a lost device may take beyond the time it has to come back.
const LAST_ATTEMPT: Time = Time::millis(1000);

/// A status, reduced to what the flow decides by.
#[expect(unnameable_types, reason = "as `Task`")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress<C, F> {
    Online(C),
    Trying(Option<u32>),
    Idle,
    Gone(F),
}

/// How long a device has been followed, and since when it is out of sight.
#[derive(Debug)]
pub(super) struct Follow<E> {
    until: Time,
    /// Until when it looks often.
    quick: Time,
    /// When the look under way did.
    looking: Time,
    /// The next pause while the device is out of sight.
    pause: u32,
    /// The device's last answer was that it is connecting, with so many attempts left if it says.
    connecting: Option<Option<u32>>,
    /// A question reached the device after that, and was not answered.
    unanswered: bool,
    lost: Option<Lost<E>>,
}

/// The device is out of sight.
#[derive(Debug)]
struct Lost<E> {
    /// Since when nothing came back from it.
    since: Time,
    /// Since when nobody answered in its place, the device's own fragments of an answer included.
    away: Time,
    /// The latest reason.
    error: ProvisionError<E>,
    /// Somebody else answers; the observer has been told.
    stranger: bool,
    /// Until when to look for it.
    patience: Time,
    /// Patience was all that was missing for [`Outcome::LikelyConnected`].
    evidence: bool,
}

/// What to do after a look.
pub(super) enum Next<C, F> {
    /// Look again after this time.
    Pause(Time),
    End(Outcome<C, F>),
}

impl<E> Follow<E> {
    /// Begins. The first question goes out at once: apply sets "connecting" before it answers, so there is no stale
    /// failure to read.
    pub(super) fn new(desk: &Desk<'_>) -> Self {
        Self {
            until: desk.now.plus(desk.deadlines.connecting.into()).min(desk.total),
            quick: desk.now.plus(Time::millis(QUICK)),
            looking: desk.now,
            pause: FIRST_PAUSE,
            connecting: None,
            unanswered: false,
            lost: None,
        }
    }

    /// When the next look must be over.
    pub(super) fn deadline(&self, deadlines: &Deadlines) -> Time {
        self.lost.as_ref().map_or(self.until, |lost| {
            lost.since.plus(deadlines.recover.into()).min(self.until)
        })
    }

    /// When the device must be in reach again for that. The last attempt has a moment to succeed.
    pub(super) fn reconnect_deadline(&self) -> Time {
        self.lost.as_ref().map_or(self.until, |lost| {
            lost.patience.plus(LAST_ATTEMPT).min(self.until)
        })
    }

    /// Takes what was seen.
    pub(super) fn handle<C, F>(
        &mut self,
        desk: &mut Desk<'_>,
        seen: Result<Progress<C, F>, ProvisionError<E>>,
    ) -> Result<Next<C, F>, ProvisionError<E>> {
        match seen {
            Ok(Progress::Online(on)) => return Ok(Next::End(Outcome::Connected(on))),
            Ok(Progress::Gone(why)) => return Ok(Next::End(Outcome::Failed(why))),
            Ok(Progress::Trying(attempts_remaining)) => {
                // It is asked often. What it has said before is no news.
                if self.connecting != Some(attempts_remaining) {
                    desk.event(&Event::Connecting { attempts_remaining });
                }
                self.answered(Some(attempts_remaining));
            }
            Ok(Progress::Idle) => self.answered(None),
            Err(
                error @ (ProvisionError::Status { .. }
                | ProvisionError::Policy(_)
                | ProvisionError::OutOfMemory { .. }
                | ProvisionError::Internal),
            ) => return Err(error),
            // The device is there, and another client is, too.
            Err(error @ ProvisionError::SessionTaken { .. }) if !desk.may_go_on => return Err(error),
            Err(ProvisionError::SessionTaken { .. }) => self.lost = None,
            // The question was cut off because time is up, not because the link failed it.
            Err(ProvisionError::Deadline { .. }) if self.lost.is_none() && desk.now >= self.until => {
                return Err(ProvisionError::Deadline { phase: Phase::Status });
            }
            Err(error) => {
                let patience = self.lose(desk, error);
                if desk.now >= patience {
                    return self.gone();
                }
            }
        }
        let now = desk.now;
        if now >= self.until {
            return self.gone();
        }
        let until = self.lost.as_ref().map_or(self.until, |lost| lost.patience);
        let pause = self.pause(now).min(until.minus(now));
        self.looking = now.plus(pause);
        Ok(Next::Pause(pause))
    }

    /// How long to wait before the next look, `now` being the end of this one.
    fn pause(&mut self, now: Time) -> Time {
        if self.lost.is_some() {
            let pause = Time::millis(self.pause);
            self.pause = self.pause.saturating_add(self.pause / 2).min(LONGEST_PAUSE);
            return pause;
        }
        self.pause = FIRST_PAUSE;
        if now >= self.quick {
            return Time::millis(LONGEST_PAUSE);
        }
        let took = now.minus(self.looking);
        if took < Time::millis(CHEAP) {
            return Time::millis(QUICK_INTERVAL).minus(took);
        }
        // Three times as long.
        took.plus(took).plus(took).min(Time::millis(LONGEST_PAUSE))
    }

    /// The device answered.
    fn answered(&mut self, connecting: Option<Option<u32>>) {
        self.connecting = connecting;
        self.unanswered = false;
        self.lost = None;
    }

    /// Link, session or even handshake trouble: the device's radio may be on another channel, its provisioning service
    /// gone because it is online, or somebody else has its place. Until when to keep looking.
    fn lose(&mut self, desk: &mut Desk<'_>, error: ProvisionError<E>) -> Time {
        let now = desk.now;
        self.unanswered |= desk.trail.delivered;
        let is_stranger = desk.trail.foreign || error.is_of_a_stranger();
        let lost = match &mut self.lost {
            Some(lost) => {
                lost.error = error;
                lost
            }
            none => {
                desk.event(&Event::LinkLost { phase: Phase::Status });
                none.insert(Lost {
                    since: now,
                    away: now,
                    error,
                    stranger: false,
                    patience: now,
                    evidence: false,
                })
            }
        };
        if is_stranger && !lost.stranger {
            lost.stranger = true;
            desk.event(&Event::Stranger);
        }
        // A stranger's answers are nobody's. The device's own show that its service is there still, whatever became of
        // them.
        if desk.trail.heard && !is_stranger {
            lost.away = now;
        }
        lost.evidence = self.connecting.is_some() && self.unanswered;
        let recover = lost.since.plus(desk.deadlines.recover.into()).min(self.until);
        let gone = lost.away.plus(desk.limits.gone_after.into());
        lost.patience = if lost.evidence { recover.min(gone) } else { recover };
        // Short of the whole time nothing is known.
        lost.evidence &= now >= gone;
        lost.patience
    }

    /// What it means that the time is up.
    fn gone<C, F>(&mut self) -> Result<Next<C, F>, ProvisionError<E>> {
        match self.lost.take() {
            // Somebody is there and answers nonsense: that is no device that left.
            Some(Lost {
                error: error @ ProvisionError::Reply { .. },
                ..
            }) => Err(error),
            Some(Lost { evidence: true, .. }) => Ok(Next::End(Outcome::LikelyConnected)),
            Some(_) => Ok(Next::End(Outcome::Unconfirmed)),
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
    use crate::auth::SessionSecurity;
    use crate::call::Trail;
    use crate::{ReplyError, SessionError};
    use core::time::Duration;
    use espprov_transport::Limits;
    use std::string::String;
    use std::vec::Vec;

    type Error = ProvisionError<()>;
    type Ended = Result<Outcome<&'static str, &'static str>, Error>;

    const fn link(phase: Phase) -> Error {
        ProvisionError::Link { phase, error: () }
    }
    const NONSENSE: Error = ProvisionError::Reply {
        phase: Phase::Status,
        error: SessionError::Reply(ReplyError::Malformed),
    };
    const WRONG: Error = ProvisionError::WrongCredentials {
        security: SessionSecurity::Sec1,
    };
    const NOTHING: Trail = Trail {
        heard: false,
        delivered: false,
        foreign: false,
    };
    const UNANSWERED: Trail = Trail {
        delivered: true,
        ..NOTHING
    };
    const HEARD: Trail = Trail {
        heard: true,
        ..NOTHING
    };

    /// What was seen at the n-th look.
    type Seen = (Result<Progress<&'static str, &'static str>, Error>, Trail);

    fn trying() -> Seen {
        (Ok(Progress::Trying(None)), HEARD)
    }

    /// Nobody is there.
    fn away() -> Seen {
        (Err(link(Phase::Connect)), NOTHING)
    }

    /// The question went out, its answer did not come.
    fn unanswered() -> Seen {
        (Err(link(Phase::Status)), UNANSWERED)
    }

    #[test]
    fn a_device_that_attaches_is_trying() {
        let seen = Progress::from(ThreadStatus::Attaching);
        assert!(matches!(seen, Progress::Trying(None)));
    }

    struct Run {
        end: Ended,
        /// The time of every look, in milliseconds.
        looks: Vec<u128>,
        events: Vec<String>,
    }

    /// Over Bluetooth, where looks take no time, and without an end but the follower's.
    fn run_over_ble(seen: impl FnMut(usize) -> Seen) -> Run {
        run(Duration::ZERO, Duration::MAX, Limits::ble(512, 512), seen)
    }

    /// Follows a device until the end. Each look takes `look`, or until the link is given up.
    fn run(look: Duration, total: Duration, limits: Limits, mut seen: impl FnMut(usize) -> Seen) -> Run {
        let deadlines = Deadlines::default();
        let mut events = Vec::new();
        let mut observer = |event: &Event<'_>| events.push(std::format!("{event:?}"));
        let mut desk = Desk {
            now: Time::ZERO,
            total: total.into(),
            deadlines: &deadlines,
            limits,
            reply_room: 0,
            observer: &mut observer,
            phase: Phase::Status,
            trail: NOTHING,
            may_go_on: false,
            nonsense: false,
        };
        let mut follow = Follow::new(&desk);
        let mut looks = Vec::new();
        let end = loop {
            let (result, trail) = seen(looks.len());
            looks.push(Duration::from(desk.now).as_millis());
            assert!(looks.len() < 500, "no end: {looks:?}");
            let until = match result {
                Err(ProvisionError::Link {
                    phase: Phase::Connect,
                    ..
                }) => follow.reconnect_deadline(),
                _ => follow.deadline(&deadlines),
            };
            desk.now = until.min(desk.now.plus(look.into())).max(desk.now);
            desk.trail = trail;
            match follow.handle(&mut desk, result) {
                Ok(Next::Pause(time)) => desk.now = desk.now.plus(time),
                Ok(Next::End(outcome)) => break Ok(outcome),
                Err(error) => break Err(error),
            }
        };
        Run { end, looks, events }
    }

    fn follow(look: Duration, total: Duration, seen: impl FnMut(usize) -> Seen) -> (Ended, Vec<u128>) {
        let run = run(look, total, Limits::HTTP, seen);
        (run.end, run.looks)
    }

    #[test]
    fn a_change_is_seen_soon_and_the_last_pause_is_cut() {
        for look in [0, 1, 5, 20] {
            let (end, looks) = follow(Duration::from_millis(look), Duration::MAX, |_| trying());
            assert_eq!(end, Err(ProvisionError::Deadline { phase: Phase::Status }));
            // A change within three seconds is seen 0.3 s later, once the look that sees it is over.
            let mut seen = looks.iter().zip(&looks[1..]);
            assert!(
                seen.all(|(before, next)| *before >= 3000 || next + u128::from(look) - before <= 300),
                "{looks:?}"
            );
            let soon = looks.iter().filter(|&&at| at < 5000).count();
            assert!(soon <= 12, "{soon} in the first five seconds: {looks:?}");
            assert_eq!(looks.last(), Some(&60_000));
        }
    }

    #[test]
    fn a_dear_look_is_followed_by_a_rest() {
        // As over Bluetooth, and as over a link that takes a second: it is busy for a quarter of the time, or a third.
        for (look, interval) in [(70, 280), (150, 600), (1000, 3000)] {
            let (_, looks) = follow(Duration::from_millis(look), Duration::MAX, |_| trying());
            assert_eq!(looks[1], interval, "{looks:?}");
        }
    }

    #[test]
    fn a_device_out_of_sight_is_looked_for_less_and_less_often() {
        let (_, looks) = follow(Duration::ZERO, Duration::MAX, |index| match index {
            0 => trying(),
            // In sight once: from the beginning.
            4 => trying(),
            _ => away(),
        });
        let pauses: Vec<_> = looks.iter().zip(&looks[1..]).map(|(a, b)| b - a).collect();
        assert_eq!(
            pauses[..8],
            [275, 500, 750, 1125, 275, 500, 750, 1125],
            "{looks:?}"
        );
    }

    #[test]
    fn what_was_told_is_told_again_only_when_it_changes() {
        let run = run(Duration::ZERO, Duration::MAX, Limits::HTTP, |index| match index {
            0..3 => (Ok(Progress::Trying(Some(4))), HEARD),
            3..5 => (Ok(Progress::Trying(Some(3))), HEARD),
            5 => (Ok(Progress::Idle), HEARD),
            6 => (Ok(Progress::Trying(Some(3))), HEARD),
            _ => (Ok(Progress::Online("Home")), HEARD),
        });
        let told = |left| std::format!("Connecting {{ attempts_remaining: Some({left}) }}");
        assert_eq!(run.events, [told(4), told(3), told(3)]);
    }

    #[test]
    fn success_needs_every_piece_of_evidence() {
        // What the first two looks see; the device is away afterwards.
        for (what, first, second, expected) in [
            ("all of it", trying(), unanswered(), Outcome::LikelyConnected),
            ("nothing went unanswered", trying(), away(), Outcome::Unconfirmed),
            (
                "it never said connecting",
                unanswered(),
                away(),
                Outcome::Unconfirmed,
            ),
            (
                "its last word was idle",
                (Ok(Progress::Idle), HEARD),
                unanswered(),
                Outcome::Unconfirmed,
            ),
        ] {
            for limits in [Limits::HTTP, Limits::ble(512, 512)] {
                let run = run(
                    Duration::from_millis(100),
                    Duration::MAX,
                    limits,
                    |index| match index {
                        0 => first,
                        1 => second,
                        _ => away(),
                    },
                );
                assert_eq!(run.end, Ok(expected), "{what}");
                // As soon as the rule allows, or when patience is at its end. A look takes 100 ms here, and then there is rest.
                let lost = if run.looks.len() > 1 && expected == Outcome::LikelyConnected {
                    500
                } else {
                    100
                };
                let last = *run.looks.last().unwrap();
                let wanted = match expected {
                    Outcome::LikelyConnected => lost + limits.gone_after.as_millis(),
                    _ => lost + 15_000,
                };
                assert!(
                    (wanted..=wanted + 1000).contains(&(last + 100)),
                    "{what}: {:?}",
                    run.looks
                );
            }
        }
    }

    #[test]
    fn a_later_question_may_be_the_unanswered_one() {
        // Lost with nothing under way, found again, asked, and gone.
        let run = run_over_ble(|index| match index {
            0 => trying(),
            3 => (
                Err(link(Phase::Status)),
                Trail {
                    heard: true,
                    ..UNANSWERED
                },
            ),
            _ => away(),
        });
        assert_eq!(run.end, Ok(Outcome::LikelyConnected));
        let asked = run.looks[3];
        assert_eq!(run.looks.last(), Some(&(asked + 3000)), "{:?}", run.looks);
    }

    #[test]
    fn fragments_of_an_answer_are_a_sign_of_life() {
        // It answers half a handshake each time: its service has not gone.
        let run = run_over_ble(|index| match index {
            0 => trying(),
            1 => unanswered(),
            _ => (Err(link(Phase::Handshake)), HEARD),
        });
        assert_eq!(run.end, Ok(Outcome::Unconfirmed));
        assert_eq!(run.looks.last(), Some(&15_275));
    }

    #[test]
    fn a_stranger_is_nobody_and_is_told_once() {
        let foreign = Trail {
            foreign: true,
            ..HEARD
        };
        for stranger in [
            (Err(WRONG), HEARD),
            (
                Err(ProvisionError::Handshake(
                    espprov_security::HandshakeError::NotFinished,
                )),
                HEARD,
            ),
            (
                Err(ProvisionError::NoSuchEndpoint {
                    phase: Phase::Handshake,
                }),
                NOTHING,
            ),
            (
                Err(ProvisionError::Refused {
                    phase: Phase::Handshake,
                }),
                NOTHING,
            ),
            (Err(link(Phase::Handshake)), foreign),
        ] {
            for (second, expected) in [
                (unanswered(), Outcome::LikelyConnected),
                (away(), Outcome::Unconfirmed),
            ] {
                let run = run(Duration::ZERO, Duration::MAX, Limits::HTTP, |index| match index {
                    0 => trying(),
                    1 => second,
                    _ => stranger,
                });
                assert_eq!(run.end, Ok(expected), "{stranger:?}");
                let told = run.events.iter().filter(|event| *event == "Stranger").count();
                assert_eq!(told, 1, "{:?}", run.events);
            }
        }
        // Where nobody else is, nothing is told.
        let run = run(Duration::ZERO, Duration::MAX, Limits::HTTP, |_| away());
        assert!(!run.events.contains(&String::from("Stranger")));
    }

    #[test]
    fn a_device_that_comes_back_starts_the_patience_anew() {
        // Some 45 s, most of them out of sight, never 15 s at a stretch.
        let (end, _) = follow(Duration::ZERO, Duration::MAX, |index| match index {
            24 => (Ok(Progress::Online("Home")), HEARD),
            _ if index % 5 == 4 => (Ok(Progress::Idle), HEARD),
            _ => away(),
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
        let taken = ProvisionError::SessionTaken { phase: Phase::Status };
        for error in [NONSENSE, refused, memory, taken, ProvisionError::Internal] {
            assert_eq!(follow(look, Duration::MAX, |_| (Err(error), HEARD)).0, Err(error));
        }
        // The device's own word ends it at once.
        let (end, looks) = follow(look, Duration::MAX, |_| {
            (Ok(Progress::Gone("wrong passphrase")), HEARD)
        });
        assert_eq!((end, looks.len()), (Ok(Outcome::Failed("wrong passphrase")), 1));
    }

    #[test]
    fn the_latest_reason_counts() {
        // Nonsense, then nobody; nobody, then nonsense.
        let nonsense = || (Err(NONSENSE), HEARD);
        for (first, then, expected) in [
            (nonsense(), away(), Ok(Outcome::Unconfirmed)),
            (away(), nonsense(), Err(NONSENSE)),
        ] {
            let (end, _) = follow(Duration::ZERO, Duration::MAX, |index| match index {
                0 => trying(),
                1 => first,
                _ => then,
            });
            assert_eq!(end, expected);
        }
    }

    #[test]
    fn a_question_cut_off_by_the_deadline_is_no_loss() {
        let cut = |_| (Err(ProvisionError::Deadline { phase: Phase::Status }), UNANSWERED);
        let (end, looks) = follow(Duration::from_secs(5), Duration::from_secs(4), cut);
        assert_eq!(end, Err(ProvisionError::Deadline { phase: Phase::Status }));
        assert_eq!(looks, [0]);
        // With time left it is one.
        let (end, _) = follow(Duration::from_secs(5), Duration::MAX, cut);
        assert_eq!(end, Ok(Outcome::Unconfirmed));
    }

    #[test]
    fn the_end_of_all_time_is_not_evidence() {
        // Away for less than it takes when the whole run's deadline passes.
        let (end, _) = follow(Duration::ZERO, Duration::from_secs(8), |index| match index {
            0 => trying(),
            1 => unanswered(),
            _ => away(),
        });
        assert_eq!(end, Ok(Outcome::Unconfirmed));
    }
}
