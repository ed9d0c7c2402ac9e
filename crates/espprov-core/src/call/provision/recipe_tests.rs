//! The flow with an application's steps around it: their order, what a lost answer costs, and what the recipe says then.

use super::*;
use crate::call::testing::{Answer, Error, Play, lost};
use crate::call::{Side, StepFailure, StepFault};
use crate::request::Custom;
use crate::{Misuse, Phase};
use core::time::Duration;
use espprov_transport::Endpoint;
use espprov_types::WifiFailure;
use std::vec::Vec;

type Wifi = Outcome<WifiConnection, WifiFailure>;

const CONNECTING: &str = "08015a021001";
const HOME: &str = "08015a085a061a04486f6d65";
const FAILED: &str = "08015a0410035000";
const BUSY: &str = "08057a020805";

/// What was asked, in words; the steps are called by their first byte.
fn word(asked: &str) -> &'static str {
    match asked {
        "0804" => "apply",
        "5200" => "status",
        "b1" => "b1",
        "b2" => "b2",
        "a1" => "a1",
        "a2" => "a2",
        set if set.starts_with("080262") => "set",
        other => panic!("{other}"),
    }
}

struct Run {
    end: Result<Wifi, Error>,
    asked: Vec<&'static str>,
    heard: Vec<(Side, usize, Vec<u8>)>,
    failure: Option<StepFailure>,
    done: (usize, usize),
    took: Duration,
}

/// Provisions "Home" with two steps before and two after, as often as `times` says: a second run goes on with the recipe of the
/// first. `device` hears the word of the question and how often it was asked before.
fn runs(times: usize, mut device: impl FnMut(&'static str, usize) -> Answer) -> Run {
    let custom = |data: &'static [u8]| Custom::new(Endpoint::CUSTOM_DATA, data).unwrap();
    let before = [custom(&[0xb1]), custom(&[0xb2])];
    let after = [custom(&[0xa1]), custom(&[0xa2])];
    let config = WifiConfig::new(b"Home", b"correct-horse").unwrap();
    let mut heard = Vec::new();
    let sink = |answer: StepAnswer<'_>| heard.push((answer.side, answer.index, answer.data.to_vec()));
    let mut recipe = Recipe::new(&before, &after, sink);
    let mut play = Play::new();
    let mut words: Vec<&'static str> = Vec::new();
    let mut end = None;
    for _ in 0..times {
        let mut task = ProvisionWifi::<()>::new(&config).with_recipe(&mut recipe);
        let ended = play.run(&mut task, |asked, _| {
            let word = word(asked);
            let before = words.iter().filter(|other| **other == word).count();
            words.push(word);
            device(word, before)
        });
        end = Some(ended.map(|()| task.take_result().unwrap()));
    }
    let failure = recipe.failure();
    let done = (recipe.answered(Side::Before), recipe.answered(Side::After));
    assert_eq!(recipe.is_complete(), done == (2, 2));
    Run {
        end: end.unwrap(),
        asked: words,
        heard,
        failure,
        done,
        took: play.now,
    }
}

fn once(device: impl FnMut(&'static str, usize) -> Answer) -> Run {
    runs(1, device)
}

/// The device that does everything right; step `x1` is answered by its own byte, `x2` by nothing.
fn good(word: &str, before: usize) -> Answer {
    match word {
        "set" => Answer::ok("08036a00"),
        "apply" => Answer::ok("08057a00"),
        "b1" | "a1" => Answer::ok(word),
        "b2" | "a2" => Answer::ok(""),
        _ if before < 2 => Answer::ok(CONNECTING),
        _ => Answer::ok(HOME),
    }
}

const fn failure(side: Side, index: usize, fault: StepFault) -> Option<StepFailure> {
    Some(StepFailure { side, index, fault })
}

#[test]
fn steps_stand_where_they_should() {
    let run = once(good);
    assert!(matches!(run.end, Ok(Outcome::Connected(_))), "{:?}", run.end);
    assert_eq!(
        run.asked,
        [
            "b1", "b2", "set", "apply", "a1", "a2", "status", "status", "status"
        ]
    );
    // An empty answer is one.
    assert_eq!(
        run.heard,
        [
            (Side::Before, 0, [0xb1].to_vec()),
            (Side::Before, 1, Vec::new()),
            (Side::After, 0, [0xa1].to_vec()),
            (Side::After, 1, Vec::new()),
        ]
    );
    assert_eq!((run.failure, run.done), (None, (2, 2)));
}

#[test]
fn a_step_before_is_asked_once_and_the_next_run_goes_on_there() {
    for delivered in [false, true] {
        let answer = || {
            let answer = Answer::error(lost(Phase::Data));
            if delivered { answer.unanswered() } else { answer }
        };
        let device = move |word: &'static str, before| match (word, before) {
            ("b2", 0) => answer(),
            _ => good(word, before),
        };
        let first = once(device);
        assert_eq!(first.end, Err(lost(Phase::Data)));
        assert_eq!(first.asked, ["b1", "b2"], "nothing of the network was sent");
        let fault = StepFault::Unanswered { delivered };
        assert_eq!(first.failure, failure(Side::Before, 1, fault));
        let twice = runs(2, device);
        assert!(matches!(twice.end, Ok(Outcome::Connected(_))));
        assert_eq!(twice.asked[..4], ["b1", "b2", "b2", "set"], "b1 was answered");
        assert_eq!((twice.failure, twice.done), (None, (2, 2)));
    }
    let missing = ProvisionError::NoSuchEndpoint { phase: Phase::Data };
    let none = once(|word, before| match word {
        "b1" => Answer::error(missing),
        _ => good(word, before),
    });
    assert_eq!(none.end, Err(missing));
    assert_eq!(none.failure, failure(Side::Before, 0, StepFault::NoSuchEndpoint));
}

/// What the link cannot carry now, or must not, it will not later.
#[test]
fn a_step_that_cannot_be_sent_is_not_tried_again() {
    let (need, limit) = (500, 200);
    for why in [
        Error::RequestTooLarge { need, limit },
        Error::PlaintextNotAllowed,
        Error::EmptyRequest,
    ] {
        let run = once(|word, before| match word {
            "a1" => Answer::error(why),
            _ => good(word, before),
        });
        assert!(matches!(run.end, Ok(Outcome::Connected(_))), "{:?}", run.end);
        assert_eq!(
            run.asked.iter().filter(|word| **word == "a1").count(),
            1,
            "{why:?}"
        );
        assert_eq!(
            run.failure,
            failure(Side::After, 0, StepFault::NotSent),
            "{why:?}"
        );
    }
}

#[test]
fn a_step_after_is_asked_between_the_polls_until_it_is_answered() {
    let run = once(|word, before| match (word, before) {
        ("a1", 0 | 1) => Answer::error(lost(Phase::Data)).unanswered(),
        _ => good(word, before),
    });
    assert!(matches!(run.end, Ok(Outcome::Connected(_))), "{:?}", run.end);
    assert_eq!(
        run.asked[4..],
        ["a1", "status", "a1", "status", "a1", "a2", "status"]
    );
    assert_eq!((run.failure, run.done), (None, (2, 2)));
}

#[test]
fn a_device_that_is_online_is_asked_for_nothing_but_the_open_steps() {
    let run = once(|word, before| match (word, before) {
        ("a1", 0..=2) => Answer::error(lost(Phase::Data)),
        ("status", _) => Answer::ok(HOME),
        _ => good(word, before),
    });
    assert!(matches!(run.end, Ok(Outcome::Connected(_))), "{:?}", run.end);
    assert_eq!(run.asked[4..], ["a1", "status", "a1", "a1", "a1", "a2"]);
    assert_eq!((run.failure, run.done), (None, (2, 2)));
}

#[test]
fn a_step_after_has_its_time_and_no_more() {
    // The device joins; it never answers the second step, quickly or slowly.
    for (took, delivered) in [(Duration::ZERO, false), (Duration::from_secs(4), true)] {
        let run = once(|word, before| match word {
            "a2" => {
                let answer = Answer::error(lost(Phase::Data)).after(took);
                if delivered { answer.unanswered() } else { answer }
            }
            "status" => Answer::ok(HOME),
            _ => good(word, before),
        });
        assert!(matches!(run.end, Ok(Outcome::Connected(_))), "{:?}", run.end);
        let fault = StepFault::Unanswered { delivered };
        assert_eq!(run.failure, failure(Side::After, 1, fault));
        assert_eq!(run.done, (2, 1));
        assert_eq!(run.took, Duration::from_secs(10));
        assert!(
            run.asked.iter().filter(|word| **word == "status").count() == 1,
            "{:?}",
            run.asked
        );
    }
    // Each has its own: three slow answers of 9 s in all are no reason to give up.
    let slow = once(|word, before| match word {
        "a1" | "a2" => good(word, before).after(Duration::from_secs(9)),
        _ => good(word, before),
    });
    assert_eq!((slow.failure, slow.done), (None, (2, 2)));
}

#[test]
fn the_network_counts_whatever_becomes_of_the_steps() {
    // No endpoint: not asked again, and the device is followed all the same.
    let missing = ProvisionError::NoSuchEndpoint { phase: Phase::Data };
    let none = once(|word, before| match word {
        "a1" => Answer::error(missing),
        _ => good(word, before),
    });
    assert!(matches!(none.end, Ok(Outcome::Connected(_))), "{:?}", none.end);
    assert_eq!(none.asked[4..], ["a1", "status", "status", "status"]);
    assert_eq!(none.failure, failure(Side::After, 0, StepFault::NoSuchEndpoint));
    // A wrong passphrase, read before the step was answered.
    let failed = once(|word, before| match (word, before) {
        ("a1", _) => Answer::error(lost(Phase::Data)),
        ("status", _) => Answer::ok(FAILED),
        _ => good(word, before),
    });
    assert_eq!(failed.end, Ok(Outcome::Failed(WifiFailure::AuthError)));
    assert_eq!(failed.failure, failure(Side::After, 0, StepFault::NotReached));
}

#[test]
fn a_device_that_leaves_keeps_what_it_got() {
    // It answered the first step, took the second without an answer, and is away for good.
    let run = once(|word, before| match (word, before) {
        ("a2", 0) => Answer::error(lost(Phase::Data)).unanswered(),
        ("status", 0) => Answer::ok(CONNECTING),
        ("status", 1) => Answer::error(lost(Phase::Status)).unanswered(),
        ("a2" | "status", _) => Answer::error(lost(Phase::Connect)).after(Duration::from_millis(20)),
        _ => good(word, before),
    });
    assert_eq!(run.end, Ok(Outcome::LikelyConnected));
    assert_eq!(
        run.failure,
        failure(Side::After, 1, StepFault::Unanswered { delivered: true })
    );
    assert_eq!(run.done, (2, 1));
}

#[test]
fn a_lost_answer_to_apply_costs_no_step() {
    // The second apply is refused because the device is at work: its attempt is ours, and the steps come.
    let run = once(|word, before| match (word, before) {
        ("apply", 0) => Answer::error(lost(Phase::Apply)).unanswered(),
        ("apply", _) => Answer::ok(BUSY),
        _ => good(word, before),
    });
    assert!(matches!(run.end, Ok(Outcome::Connected(_))), "{:?}", run.end);
    assert_eq!(
        run.asked,
        [
            "b1", "b2", "set", "apply", "set", "apply", "status", "a1", "a2", "status", "status"
        ]
    );
    assert_eq!((run.failure, run.done), (None, (2, 2)));
    // It was online already by then: the steps come at once.
    let quick = once(|word, before| match (word, before) {
        ("apply", 0) => Answer::error(lost(Phase::Apply)).unanswered(),
        ("apply", _) => Answer::ok(BUSY),
        ("status", _) => Answer::ok(HOME),
        _ => good(word, before),
    });
    assert_eq!(quick.asked[6..], ["status", "a1", "a2"]);
    assert_eq!((quick.failure, quick.done), (None, (2, 2)));
}

#[test]
fn another_client_is_waited_for() {
    let taken = ProvisionError::SessionTaken { phase: Phase::Data };
    let run = once(|word, before| match (word, before) {
        ("b1" | "a1", 0) => Answer::error(taken).may_go_on(),
        _ => good(word, before),
    });
    assert!(matches!(run.end, Ok(Outcome::Connected(_))), "{:?}", run.end);
    assert_eq!(run.asked[..3], ["b1", "b1", "b2"]);
    assert_eq!(run.asked[5..8], ["a1", "a1", "a2"]);
    assert_eq!((run.failure, run.done), (None, (2, 2)));
}

/// It would be asked again and again, without a pause.
#[test]
fn another_client_is_not_waited_for_when_time_is_up() {
    let taken = ProvisionError::SessionTaken { phase: Phase::Data };
    let run = once(|word, before| match word {
        "b1" => Answer::error(taken),
        _ => good(word, before),
    });
    assert_eq!((run.end, run.asked), (Err(taken), ["b1"].to_vec()));
    let fault = StepFault::Unanswered { delivered: false };
    assert_eq!(run.failure, failure(Side::Before, 0, fault));
}

#[test]
fn a_step_that_went_out_may_have_been_acted_on_whatever_the_network_says() {
    for delivered in [false, true] {
        let run = once(|word, before| match word {
            "a1" => {
                let answer = Answer::error(lost(Phase::Data));
                if delivered { answer.unanswered() } else { answer }
            }
            "status" => Answer::ok(FAILED),
            _ => good(word, before),
        });
        assert_eq!(run.end, Ok(Outcome::Failed(WifiFailure::AuthError)));
        let fault = match delivered {
            true => StepFault::Unanswered { delivered },
            false => StepFault::NotReached,
        };
        assert_eq!(run.failure, failure(Side::After, 0, fault));
    }
}

/// A device that is online; steps are open, with a minute for each.
#[test]
fn open_steps_are_the_calls_and_have_their_whole_time() {
    let after = [Custom::new(Endpoint::CUSTOM_DATA, &[0xa1]).unwrap()];
    let config = WifiConfig::new(b"Home", b"correct-horse").unwrap();
    let minute = Duration::from_secs(60);
    let mut recipe = Recipe::new(&[], &after, |_| ()).with_after_timeout(minute);
    let mut task = ProvisionWifi::<()>::new(&config).with_recipe(&mut recipe);
    let mut play = Play::new();
    let mut over = false;
    let mut words: Vec<&'static str> = Vec::new();
    while !over {
        assert_eq!(task.take_result().map(drop), Err(Misuse::NotOver), "{words:?}");
        let turn = play.turn(&mut task, |asked, _| {
            let word = word(asked);
            let before = words.iter().filter(|other| **other == word).count();
            words.push(word);
            match (word, before) {
                // Whether the device acted on this was in doubt, for as long as that took.
                ("apply", 0) => Answer::error(lost(Phase::Apply)).unanswered(),
                ("apply", _) => Answer::ok(BUSY),
                ("status", _) => Answer::ok(HOME),
                // The way there takes longer than one would look for a device in doubt.
                ("a1", 0) => Answer::error(lost(Phase::Connect)).after(Duration::from_secs(40)),
                _ => good(word, before),
            }
        });
        over = turn.unwrap();
    }
    assert!(matches!(task.take_result(), Ok(Outcome::Connected(_))));
    assert_eq!(words, ["set", "apply", "set", "apply", "status", "a1", "a1"]);
    assert_eq!(play.now, Duration::from_millis(40_500));
    assert!(recipe.is_complete());
}
