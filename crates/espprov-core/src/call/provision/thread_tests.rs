//! Thread takes the same way as Wi-Fi, with messages of its own.

use super::*;
use crate::call::testing::{Answer, Play};
use espprov_types::{ThreadAttachment, ThreadDataset, ThreadFailure};
use std::string::String;
use std::vec::Vec;

/// Channel, extended PAN id and network key.
const DATASET: &str = "000300000f02081111111122222222051000112233445566778899aabbccddeeff";

const STATUS: &str = "0806820100";
const BUSY: &str = "080baa01020805";
const ATTACHING: &str = "08078a01021001";
const IDLE: &str = "08078a01021002";
/// The dataset is invalid.
const FAILED: &str = "08078a010410035000";
/// On channel 15 as "ab", with the extended PAN id of the dataset, with another one, and with none.
const OURS: &str = "08078a01125a1012081111111122222222180f22026162";
const THEIRS: &str = "08078a01125a1012081111111133333333180f22026162";
const UNNAMED: &str = "08078a01085a06180f22026162";

/// Provisions the dataset; `device` answers apply and status, told how often each was asked before. What was asked, and
/// what became of it.
fn provision(
    dataset: &str,
    mut device: impl FnMut(&'static str, usize) -> &'static str,
) -> (Vec<String>, Outcome<ThreadAttachment, ThreadFailure>) {
    let dataset = ThreadDataset::parse(dataset).unwrap();
    let mut task = ProvisionThread::<()>::new(&dataset);
    let mut play = Play::new();
    let mut words: Vec<String> = Vec::new();
    play.run(&mut task, |asked, _| {
        let word = match asked {
            "080a" => "apply",
            STATUS => "status",
            "08057a00" => "reset",
            "08078a0100" => "reprov",
            set => {
                assert!(set.starts_with("08089201"), "{set}");
                "set"
            }
        };
        let before = words.iter().filter(|other| *other == word).count();
        words.push(word.into());
        Answer::ok(match word {
            "set" => "08099a0100",
            "reset" => "0806820100",
            "reprov" => "0808920100",
            word => device(word, before),
        })
    })
    .unwrap();
    (words, task.take_result().unwrap())
}

fn good(word: &str, before: usize) -> &'static str {
    match word {
        "apply" => "080baa0100",
        _ if before < 2 => ATTACHING,
        _ => OURS,
    }
}

#[test]
fn as_it_should_be() {
    let (words, outcome) = provision(DATASET, good);
    assert_eq!(words, ["set", "apply", "status", "status", "status"]);
    let Outcome::Connected(on) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!((on.channel, on.name.as_bytes()), (15, &b"ab"[..]));
}

#[test]
fn a_dataset_that_does_not_do() {
    let (words, outcome) = provision(DATASET, |word, before| match word {
        "status" if before > 0 => FAILED,
        _ => good(word, before),
    });
    assert_eq!(words, ["set", "apply", "status", "status"]);
    assert!(matches!(outcome, Outcome::Failed(ThreadFailure::DatasetInvalid)));
}

/// A device that is attached already: to this network, which is told by the extended PAN id, or to another.
#[test]
fn an_earlier_attachment_in_the_way() {
    let without_id = "000300000f051000112233445566778899aabbccddeeff";
    for (dataset, found, expected) in [
        (DATASET, OURS, &[][..]),
        (DATASET, THEIRS, &["reprov", "set", "apply"]),
        (DATASET, UNNAMED, &["reprov", "set", "apply"]),
        (without_id, UNNAMED, &["reprov", "set", "apply"]),
        (DATASET, FAILED, &["reset", "set", "apply"]),
    ] {
        let (words, outcome) = provision(dataset, |word, before| match (word, before) {
            ("apply", 0) => BUSY,
            ("status", 0) => found,
            _ => good(word, before + 1),
        });
        assert!(matches!(outcome, Outcome::Connected(_)), "{found}: {outcome:?}");
        let mended: Vec<_> = words[3..].iter().filter(|word| *word != "status").collect();
        assert_eq!(mended, expected, "{found}");
    }
}

/// Nothing was applied, as far as the device knows: the dataset is handed over once more.
#[test]
fn a_device_that_does_nothing() {
    let (words, outcome) = provision(DATASET, |word, before| match (word, before) {
        ("status", 0) => IDLE,
        _ => good(word, before),
    });
    assert_eq!(words[..3], ["set", "apply", "status"]);
    assert!(matches!(outcome, Outcome::Connected(_)), "{outcome:?}");
}
