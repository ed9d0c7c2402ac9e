//! The flow alone: a device that answers, loses answers, goes away, or is somebody else.

use super::*;
use crate::Phase;
use crate::auth::SessionSecurity;
use crate::call::flow::refused;
use crate::call::testing::{Answer, Error, Play, lost, nonsense};
use core::time::Duration;
use espprov_types::WifiFailure;
use std::string::String;
use std::vec::Vec;

#[path = "thread_tests.rs"]
mod thread;

type Wifi = Outcome<WifiConnection, WifiFailure>;

const SET: &str = "080262";
const APPLY: &str = "0804";
const STATUS: &str = "5200";
const RESET: &str = "08015a00";
const REPROV: &str = "08036a00";

const DONE_SET: &str = "08036a00";
const DONE_APPLY: &str = "08057a00";
/// InternalError: the wrong moment for apply.
const BUSY: &str = "08057a020805";
const CONNECTING: &str = "08015a021001";
const IDLE: &str = "08015a021002";
/// Authentication error.
const FAILED: &str = "08015a0410035000";
/// Online as "Home", and as "Cafe".
const HOME: &str = "08015a085a061a04486f6d65";
const CAFE: &str = "08015a085a061a0443616665";
const DONE_RESET: &str = "08026200";
const DONE_REPROV: &str = "08047200";

/// What was asked, in words.
fn words(play: &Play) -> Vec<&'static str> {
    let word = |asked: &String| match &**asked {
        APPLY => "apply",
        STATUS => "status",
        RESET => "reset",
        REPROV => "reprov",
        set if set.starts_with(SET) => "set",
        other => panic!("{other}"),
    };
    play.asked.iter().map(word).collect()
}

/// Provisions "Home". `device` hears the word of the question and how often it was asked before.
fn provision(play: &mut Play, mut device: impl FnMut(&'static str, usize) -> Answer) -> Result<Wifi, Error> {
    let config = WifiConfig::new(b"Home", b"correct-horse").unwrap();
    let mut task = ProvisionWifi::<()>::new(&config);
    let mut counts: Vec<&'static str> = Vec::new();
    let end = play.run(&mut task, |asked, _| {
        let word = match asked {
            APPLY => "apply",
            STATUS => "status",
            RESET => "reset",
            REPROV => "reprov",
            _ => "set",
        };
        let before = counts.iter().filter(|other| **other == word).count();
        counts.push(word);
        device(word, before)
    });
    end.map(|()| task.take_result().unwrap())
}

/// The device that does everything right, for what a test leaves open.
fn good(word: &str, before: usize) -> Answer {
    match word {
        "set" => Answer::ok(DONE_SET),
        "apply" => Answer::ok(DONE_APPLY),
        "reset" => Answer::ok(DONE_RESET),
        "reprov" => Answer::ok(DONE_REPROV),
        _ if before < 2 => Answer::ok(CONNECTING),
        _ => Answer::ok(HOME),
    }
}

fn away() -> Answer {
    Answer::error(lost(Phase::Connect)).after(Duration::from_millis(20))
}

#[test]
fn as_it_should_be() {
    let mut play = Play::new();
    let end = provision(&mut play, good);
    assert!(matches!(end, Ok(Outcome::Connected(_))), "{end:?}");
    assert_eq!(words(&play), ["set", "apply", "status", "status", "status"]);
    assert!(play.asked[0].starts_with(SET));
    assert_eq!(play.now, Duration::from_millis(550));
}

#[test]
fn a_lost_answer_to_apply_is_doubt_whatever_the_link_does_next() {
    // The device acted, was away for a while, and refuses the second apply because it is at work.
    for looks in [0, 1, 5, 25] {
        let mut play = Play::new();
        let end = provision(&mut play, |word, before| match (word, before) {
            ("apply", 0) => Answer::error(lost(Phase::Apply)).unanswered(),
            ("set", 1..) if before <= looks => away(),
            ("apply", 1) => Answer::ok(BUSY),
            _ => good(word, before),
        });
        assert!(matches!(end, Ok(Outcome::Connected(_))), "{looks}: {end:?}");
        assert_eq!(
            words(&play).iter().filter(|word| **word == "set").count(),
            looks + 2
        );
    }
}

#[test]
fn a_device_away_for_good_after_apply_is_unconfirmed() {
    let wrong = ProvisionError::WrongCredentials {
        security: SessionSecurity::Sec1,
    };
    let handshake = ProvisionError::Handshake(espprov_security::HandshakeError::NotFinished);
    // Nobody is there; somebody else is; the way there takes its time.
    for (what, then) in [
        ("away", lost(Phase::Connect)),
        ("cut", lost(Phase::Handshake)),
        ("stranger", wrong),
        ("stranger's handshake", handshake),
        (
            "slow",
            ProvisionError::Deadline {
                phase: Phase::Connect,
            },
        ),
    ] {
        for apply in [
            Answer::error(lost(Phase::Apply)),
            Answer::error(lost(Phase::Apply)).unanswered(),
            Answer::error(ProvisionError::Deadline { phase: Phase::Apply }),
            Answer::error(nonsense(Phase::Apply)),
        ] {
            let mut apply = Some(apply);
            let mut play = Play::new();
            let end = provision(&mut play, |word, before| match word {
                "apply" => apply.take().unwrap(),
                "set" if before > 0 => Answer::error(then).after(Duration::from_millis(900)),
                _ => good(word, before),
            });
            assert_eq!(end, Ok(Outcome::Unconfirmed), "{what}");
            assert!((14..=16).contains(&play.now.as_secs()), "{what}: {:?}", play.now);
        }
    }
}

#[test]
fn the_whole_runs_deadline_ends_the_doubt() {
    let mut play = Play::new();
    play.total = Duration::from_secs(4);
    let end = provision(&mut play, |word, before| match word {
        "apply" => Answer::error(lost(Phase::Apply)),
        "set" if before > 0 => away(),
        _ => good(word, before),
    });
    assert_eq!(end, Ok(Outcome::Unconfirmed));
    assert!(play.now <= Duration::from_secs(4));
}

/// A hundred seconds for each attempt to reach it.
fn slowly(answer: Answer) -> Answer {
    answer.after(Duration::from_secs(100))
}

#[test]
fn what_takes_for_ever_is_cut_off() {
    // On the way back to a device in doubt: when there is no use in it any more.
    let mut play = Play::new();
    let end = provision(&mut play, |word, before| match word {
        "apply" => Answer::error(lost(Phase::Apply)),
        "set" if before > 0 => slowly(away()),
        _ => good(word, before),
    });
    assert_eq!(
        (end, play.now),
        (Ok(Outcome::Unconfirmed), play.deadlines.recover)
    );
    // The same while it is followed, with a moment for the last attempt.
    let mut play = Play::new();
    let end = provision(&mut play, |word, before| match (word, before) {
        ("status", 0) => Answer::error(lost(Phase::Status)),
        ("status", _) => slowly(away()),
        _ => good(word, before),
    });
    let latest = play.deadlines.recover + Duration::from_secs(1);
    assert_eq!((end, play.now), (Ok(Outcome::Unconfirmed), latest));
    // The question how it is: when it should have joined long ago.
    let mut play = Play::new();
    let end = provision(&mut play, |word, before| match word {
        "status" => slowly(Answer::ok(CONNECTING)),
        _ => good(word, before),
    });
    let late = ProvisionError::Deadline { phase: Phase::Status };
    assert_eq!((end, play.now), (Err(late), play.deadlines.connecting));
}

/// The device's radio may be on another channel: the question how it is has less time than what it is told.
#[test]
fn questions_for_the_status_are_short() {
    let config = WifiConfig::new(b"Home", b"correct-horse").unwrap();
    let mut task = ProvisionWifi::<()>::new(&config);
    let mut play = Play::new();
    for (reply, limit) in [
        (DONE_SET, play.deadlines.exchange),
        (DONE_APPLY, play.deadlines.exchange),
        (CONNECTING, play.deadlines.poll),
    ] {
        assert_eq!(play.turn(&mut task, |_, _| Answer::ok(reply)), Ok(false));
        assert_eq!(play.limit, limit, "{:?}", play.asked);
    }
}

#[test]
fn an_apply_that_never_went_out_is_no_doubt() {
    // The session had to be set up again, and that failed.
    for phase in [Phase::Connect, Phase::Info, Phase::Handshake] {
        let mut play = Play::new();
        let end = provision(&mut play, |word, before| match word {
            "apply" => Answer::error(lost(phase)),
            _ => good(word, before),
        });
        assert_eq!((end, words(&play)), (Err(lost(phase)), ["set", "apply"].to_vec()));
        assert!(!play.events.iter().any(|event| event.starts_with("LinkLost")));
    }
}

#[test]
fn an_apply_that_was_judged_is_no_doubt() {
    let phase = Phase::Apply;
    let code = espprov_types::StatusCode::InvalidArgument;
    for (answer, expected) in [
        (Answer::ok("08057a020804"), ProvisionError::Status { phase, code }),
        (
            Answer::error(ProvisionError::NoSuchEndpoint { phase }),
            ProvisionError::NoSuchEndpoint { phase },
        ),
    ] {
        let mut answer = Some(answer);
        let mut play = Play::new();
        let end = provision(&mut play, |word, before| match word {
            "apply" => answer.take().expect("it is asked once"),
            _ => good(word, before),
        });
        assert_eq!((end, words(&play)), (Err(expected), ["set", "apply"].to_vec()));
    }
}

#[test]
fn before_apply_a_lost_link_is_an_error_at_once() {
    let mut play = Play::new();
    let end = provision(&mut play, |_, _| Answer::error(lost(Phase::Set)));
    assert_eq!((end, words(&play)), (Err(lost(Phase::Set)), ["set"].to_vec()));
}

#[test]
fn answers_to_apply_that_are_lost_every_time() {
    for (error, expected) in [
        (lost(Phase::Apply), Ok(Outcome::Unconfirmed)),
        // Somebody is there and answers nonsense.
        (nonsense(Phase::Apply), Err(nonsense(Phase::Apply))),
    ] {
        let mut play = Play::new();
        let end = provision(&mut play, |word, before| match word {
            "apply" => Answer::error(error),
            _ => good(word, before),
        });
        assert_eq!(end, expected);
        assert_eq!(words(&play), ["set", "apply"].repeat(3));
    }
}

#[test]
fn whoever_takes_the_session_may_have_set_something_else() {
    let taken = ProvisionError::SessionTaken { phase: Phase::Apply };
    let mut play = Play::new();
    let end = provision(&mut play, |word, before| match (word, before) {
        ("apply", 0) => Answer::error(taken).may_go_on(),
        _ => good(word, before),
    });
    assert!(matches!(end, Ok(Outcome::Connected(_))), "{end:?}");
    assert_eq!(words(&play)[..4], ["set", "apply", "set", "apply"]);

    // That is no attempt of ours: it is waited for as long as the others take.
    let mut play = Play::new();
    let end = provision(&mut play, |word, before| match (word, before) {
        ("apply", 0..6) => Answer::error(taken).may_go_on(),
        _ => good(word, before),
    });
    assert!(matches!(end, Ok(Outcome::Connected(_))), "{end:?}");

    // The other steps are asked again as they are.
    for step in ["set", "status", "reset"] {
        let mut play = Play::new();
        let end = provision(&mut play, |word, before| match (word, before) {
            ("apply", 0) if step == "reset" => Answer::ok(BUSY),
            ("status", 0) if step == "reset" => Answer::ok(FAILED),
            (word, 0) if word == step => Answer::error(taken).may_go_on(),
            _ => good(word, before),
        });
        assert!(matches!(end, Ok(Outcome::Connected(_))), "{step}: {end:?}");
    }

    // When time is up it is an error, and not one about credentials.
    for step in ["set", "status"] {
        let mut play = Play::new();
        let end = provision(&mut play, |word, before| match word {
            word if word == step => Answer::error(taken),
            _ => good(word, before),
        });
        assert_eq!(end, Err(taken), "{step}");
    }
    // That goes for apply, too: it has an end, and none that tells of an attempt.
    let mut play = Play::new();
    let end = provision(&mut play, |word, before| match word {
        "apply" => Answer::error(taken),
        _ => good(word, before),
    });
    assert!(
        matches!(
            end,
            Ok(Outcome::Unconfirmed) | Err(ProvisionError::SessionTaken { .. })
        ),
        "{end:?}"
    );
}

#[test]
fn an_earlier_attempt_in_the_way() {
    // What is found there, and what is done about it.
    for (found, expected) in [
        (FAILED, &["reset", "set", "apply"][..]),
        (CAFE, &["reprov", "set", "apply"]),
        (HOME, &[]),
    ] {
        let mut play = Play::new();
        let end = provision(&mut play, |word, before| match (word, before) {
            ("apply", 0) => Answer::ok(BUSY),
            ("status", 0) => Answer::ok(found),
            _ => good(word, before + 1),
        });
        assert!(matches!(end, Ok(Outcome::Connected(_))), "{found}: {end:?}");
        let asked = words(&play);
        assert_eq!(asked[..3], ["set", "apply", "status"]);
        assert_eq!(asked[3..][..expected.len()], *expected, "{found}");
    }
    // Nothing that could be helped.
    let mut play = Play::new();
    let end = provision(&mut play, |word, before| match word {
        "apply" => Answer::ok(BUSY),
        "status" => Answer::ok(IDLE),
        _ => good(word, before),
    });
    assert_eq!(end, Err(refused()));
    // A device without the lever.
    let mut play = Play::new();
    let missing = ProvisionError::NoSuchEndpoint {
        phase: Phase::Control,
    };
    let end = provision(&mut play, |word, before| match word {
        "apply" => Answer::ok(BUSY),
        "status" => Answer::ok(FAILED),
        "reset" => Answer::error(missing),
        _ => good(word, before),
    });
    assert_eq!(end, Err(missing));
}

#[test]
fn an_attempt_that_was_not_ours_proves_nothing_for_us() {
    // An earlier run's attempt is followed; the device vanishes with it.
    let vanish = |doubt: bool| {
        let mut play = Play::new();
        provision(&mut play, move |word, before| match (word, before) {
            ("apply", 0) if doubt => Answer::error(lost(Phase::Apply)).unanswered(),
            ("apply", _) => Answer::ok(BUSY),
            ("status", 0 | 1) => Answer::ok(CONNECTING),
            ("status", 2) => Answer::error(lost(Phase::Status)).unanswered(),
            ("status", _) => away(),
            _ => good(word, before),
        })
    };
    assert_eq!(vanish(false), Err(refused()));
    // In doubt it may well be ours.
    assert_eq!(vanish(true), Ok(Outcome::LikelyConnected));
}
