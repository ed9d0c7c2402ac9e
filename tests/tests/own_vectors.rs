//! Our own vectors: what the seeds give is what is committed, and they cover what they promise.

use espprov_tests::generate;
use espprov_tests::vendor::{self, Vector};
use std::collections::BTreeSet;

#[test]
fn committed_files_are_what_the_seeds_give() {
    let differences = generate::differences();
    assert!(
        differences.is_empty(),
        "run `cargo xtask test-vectors --bless` if this is meant: {differences:#?}"
    );
}

fn vectors() -> Vec<Vector> {
    vendor::load_from(&generate::directory())
}

/// The message types of one endpoint in one vector: the first field of a message, 0 when it is absent.
fn types<'v>(vector: &'v Vector, endpoint: &'v str) -> BTreeSet<u8> {
    let exchanges = vector
        .exchange
        .iter()
        .filter(|exchange| exchange.endpoint == endpoint);
    exchanges
        .flat_map(|exchange| [exchange.request_plain.as_ref(), exchange.response_plain.as_ref()])
        .flatten()
        .map(|plain| match plain.0.as_slice() {
            [0x08, msg, ..] => *msg,
            _ => 0,
        })
        .collect()
}

#[test]
fn every_message_type_under_every_scheme() {
    let mut schemes = BTreeSet::new();
    for vector in vectors()
        .iter()
        .filter(|vector| vector.name.ends_with("every_message.json"))
    {
        schemes.insert((
            vector.security,
            vector.sec_patch_ver,
            vector.pop.as_deref() == Some(""),
        ));
        assert_eq!(types(vector, "prov-scan"), (0..=11).collect(), "{}", vector.name);
        assert_eq!(
            types(vector, "prov-config"),
            (0..=11).collect(),
            "{}",
            vector.name
        );
        assert_eq!(types(vector, "prov-ctrl"), (1..=8).collect(), "{}", vector.name);
        assert!(vector.accepted());
    }
    let wanted = [
        (0, Some(0), false),
        (1, Some(0), false),
        (1, Some(0), true),
        (2, Some(0), false),
        (2, Some(1), false),
    ];
    assert_eq!(schemes, wanted.into());
}

#[test]
fn corners_are_what_they_say() {
    for vector in vectors() {
        let begins_00 = |value: &Option<vendor::Hex>| value.as_ref().is_some_and(|bytes| bytes[0] == 0);
        let Some(corner) = vector.name.strip_prefix("corner_") else {
            continue;
        };
        let holds = match corner.trim_end_matches(".json") {
            "A383" => begins_00(&vector.A),
            "B383" => begins_00(&vector.B),
            "S383" => begins_00(&vector.S),
            "salt00" => begins_00(&vector.salt),
            "u00" => begins_00(&vector.u),
            "x00" => begins_00(&vector.x),
            "nonce00" => begins_00(&vector.device_nonce),
            "verifier383" => begins_00(&vector.verifier),
            "verifier383_short" => {
                begins_00(&vector.verifier_from_bytes_exact_x)
                    && vector.need(&vector.verifier, "v").len() == 383
            }
            "inner00" => {
                begins_00(&vector.inner_hash) && vector.verifier == vector.verifier_from_bytes_exact_x
            }
            "inner00_stripped" => {
                begins_00(&vector.inner_hash) && vector.verifier != vector.verifier_from_bytes_exact_x
            }
            other => panic!("unknown corner {other}"),
        };
        assert!(holds, "{}", vector.name);
    }
}

#[test]
fn refused_files_end_refused_and_others_do_not() {
    let (refused, accepted): (Vec<_>, Vec<_>) = vectors()
        .into_iter()
        .partition(|vector| vector.name.starts_with("refused_"));
    assert!(refused.iter().all(|vector| !vector.accepted()));
    assert!(accepted.iter().all(Vector::accepted));
    assert!(refused.len() >= 20 && accepted.len() >= 20);
}
