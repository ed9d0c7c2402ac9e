//! No branch and no address depends on a secret, but for the places listed here: verdicts that the peer learns anyway,
//! numbers that are sent, and one rule of the protocol.

use espprov_memory_tests::report::{Allowed, findings, judge};
use std::path::Path;

const PROGRAM: &str = env!("CARGO_BIN_EXE_under-valgrind");

const STUCK: Allowed = Allowed::new(
    "fill_key",
    "whether the generator is stuck, found in the same time for all keys",
);
const PUBLIC_U: Allowed = Allowed::new(
    "nonzero | scrambler | branch < begin",
    "u is a hash of A and B, which were sent",
);
const MINIMAL_S: Allowed = Allowed::new(
    "srp::Transcript::agree",
    "the protocol hashes S without its leading zeros: their number, 0 in 255 of 256 sessions, is in the time",
);
const TAG: Allowed = Allowed::new(
    "decrypt_inout_detached",
    "whether a record's tag is right: whoever sent it sees the answer",
);
const TAG_ERROR: Allowed = Allowed::new("map_err < open", "the same verdict, on its way out");

fn check(case: &str, allowed: &[Allowed]) {
    let (left, unused) = judge(findings(Path::new(PROGRAM), case), allowed);
    assert!(left.is_empty(), "{case} depends on secrets:\n{left:#?}");
    assert!(
        unused.is_empty(),
        "{case}: nothing happens any more in {unused:?}"
    );
}

#[test]
fn security_1_client() {
    let weak = Allowed::new("^session_key", "a shared secret of zeros ends the handshake");
    let verdict = Allowed::new("branch < response", "whether the device has proved itself");
    check("sec1-client", &[STUCK, weak, verdict]);
}

#[test]
fn security_1_device() {
    let weak = Allowed::new("^session_key", "a shared secret of zeros ends the handshake");
    let verdict = Allowed::new("branch < answer", "whether the client has proved itself");
    check("sec1-device", &[STUCK, weak, verdict]);
}

#[test]
fn security_2_client() {
    let verdict = Allowed::new(
        "^response1 < Client::establish",
        "whether the device has proved itself",
    );
    for case in ["sec2-client", "sec2-client-in-steps"] {
        check(case, &[STUCK, PUBLIC_U, MINIMAL_S, verdict, TAG, TAG_ERROR]);
    }
}

#[test]
fn security_2_device() {
    let loaded = Allowed::new(
        "Verifier::new",
        "whether a stored verifier is in range, looked at once when it is loaded",
    );
    let refused = Allowed::new("is_zero < device_public | ^device_public", "B is sent");
    let minimal = Allowed::new("minimal < command0", "B is sent, without its leading zeros");
    let public = Allowed::new("peer_public < device_agree", "B was sent");
    let verdict = Allowed::new("^command1", "whether the client has proved itself");
    check(
        "sec2-device",
        &[
            STUCK, loaded, refused, minimal, public, PUBLIC_U, MINIMAL_S, verdict, TAG, TAG_ERROR,
        ],
    );
}

#[test]
fn making_a_verifier() {
    check("verifier", &[]);
}

/// Kinds of what is found in a case with something planted.
fn kinds(case: &str) -> Vec<String> {
    let found = findings(Path::new(PROGRAM), case);
    found.into_iter().map(|finding| finding.kind).collect()
}

#[test]
fn a_planted_branch_is_caught() {
    assert!(kinds("planted-branch").contains(&"UninitCondition".to_owned()));
}

#[test]
fn a_planted_table_index_is_caught() {
    assert!(kinds("planted-index").contains(&"UninitValue".to_owned()));
}

#[test]
fn a_planted_comparison_is_caught() {
    assert!(kinds("planted-comparison").contains(&"UninitCondition".to_owned()));
}
