//! Which runs there are, and what each shows.

use super::format::Vector;
use super::messages as msg;
use super::run::{Run, Scheme, Sec2, Setup};
use super::{corners, entropy};
use crate::srp;
use espprov_device::{AutoStop, Firmware};
use espprov_proto::ctrl::NetworkCtrlMsgType as Ctrl;
use espprov_security::sec2::Patch;

const USERNAME: &str = "wifiprov";
const PASSWORD: &str = "abcd1234";
const POP: &str = "abcd1234";

pub(super) fn all() -> Vec<(String, Vector)> {
    let mut cases = Vec::new();
    every_message(&mut cases);
    statuses(&mut cases);
    generations(&mut cases);
    corner_values(&mut cases);
    credentials(&mut cases);
    refusals(&mut cases);
    cases
}

fn setup(seed: &str, note: &'static str, scheme: Scheme) -> Setup {
    Setup {
        seed: seed.into(),
        note,
        scheme,
        firmware: Firmware::Idf6,
        bare: false,
        auto_stop: AutoStop::Enabled,
    }
}

const fn sec1(pop: &'static str) -> Scheme {
    Scheme::Sec1 {
        client_pop: pop,
        device_pop: pop,
    }
}

/// Security 2 with a verifier by the byte-exact rules.
fn sec2(seed: &str, patch: Patch) -> Sec2 {
    sec2_with(USERNAME, PASSWORD, entropy::<16>(seed, "salt").to_vec(), patch)
}

fn sec2_with(username: &str, password: &str, salt: Vec<u8>, patch: Patch) -> Sec2 {
    let inner = srp::hash(&[username.as_bytes(), b":", password.as_bytes()]);
    Sec2 {
        username: username.into(),
        password: password.into(),
        verifier: srp::power(&srp::hash(&[&salt, &inner])),
        salt,
        patch,
        stripped: false,
    }
}

type Cases = Vec<(String, Vector)>;

fn save(cases: &mut Cases, name: &str, run: Run) {
    cases.push((name.into(), run.finish()));
}

/// Connects and provisions with `ssid`, polling `polls` times.
fn provision(run: &mut Run, ssid: &[u8], passphrase: &[u8], polls: u32) {
    run.ask("prov-config", &msg::set_wifi(ssid, passphrase, b"", 0));
    run.ask("prov-config", &msg::apply_wifi());
    for _ in 0..polls {
        run.ask("prov-config", &msg::wifi_status());
    }
}

fn attach(run: &mut Run, dataset: &[u8], polls: u32) {
    run.ask("prov-config", &msg::set_thread(dataset));
    run.ask("prov-config", &msg::apply_thread());
    for _ in 0..polls {
        run.ask("prov-config", &msg::thread_status());
    }
}

/// proto-ver, the handshake, and what every session begins with.
fn open(setup: Setup) -> Run {
    let mut run = Run::new(setup);
    run.proto_ver();
    assert!(run.handshake());
    run
}

fn every_message(cases: &mut Cases) {
    let p1 = "sec2_p1_every_message/0";
    let p0 = "sec2_p0_every_message/0";
    let note = "every message of every endpoint, with each of its answers";
    for (name, mut setup) in [
        (
            "sec0_every_message",
            setup("sec0_every_message/0", note, Scheme::Sec0),
        ),
        (
            "sec1_pop_every_message",
            setup("sec1_pop_every_message/0", note, sec1(POP)),
        ),
        (
            "sec1_nopop_every_message",
            setup("sec1_nopop_every_message/0", note, sec1("")),
        ),
        (
            "sec2_p1_every_message",
            setup(p1, note, Scheme::Sec2(sec2(p1, Patch::CounterNonce))),
        ),
        (
            "sec2_p0_every_message",
            setup(p0, note, Scheme::Sec2(sec2(p0, Patch::FixedNonce))),
        ),
    ] {
        setup.auto_stop = AutoStop::Disabled;
        let mut run = open(setup);
        scans(&mut run);
        wifi(&mut run);
        thread(&mut run);
        custom(&mut run);
        run.proto_ver(); // answers at any time and moves no cipher
        run.ask("prov-config", &msg::wifi_status());
        save(cases, name, run);
    }
}

fn scans(run: &mut Run) {
    run.ask("prov-scan", &msg::wifi_scan_start(true));
    run.ask("prov-scan", &msg::wifi_scan_status());
    for (start, count) in [(0, 4), (4, 4), (8, 3), (0, 11), (0, 0)] {
        run.ask("prov-scan", &msg::wifi_page(start, count));
    }
    run.ask("prov-scan", &msg::wifi_scan_start(false));
    for _ in 0..3 {
        run.ask("prov-scan", &msg::wifi_scan_status());
    }
    run.ask("prov-scan", &msg::thread_scan_start(true));
    run.ask("prov-scan", &msg::thread_scan_status());
    run.ask("prov-scan", &msg::thread_page(0, 2));
    run.ask("prov-scan", &msg::thread_scan_start(false));
    run.ask("prov-scan", &msg::thread_scan_status());
}

fn wifi(run: &mut Run) {
    run.ask("prov-config", &msg::wifi_status());
    provision(run, b"good", b"correct-horse", 3);
    run.ask("prov-ctrl", &msg::ctrl(Ctrl::TypeCmdCtrlWifiReprov));
    provision(run, b"flaky", b"correct-horse", 4);
    run.ask("prov-ctrl", &msg::ctrl(Ctrl::TypeCmdCtrlWifiReprov));
    provision(run, b"badpass", b"wrong", 2);
    run.ask("prov-ctrl", &msg::ctrl(Ctrl::TypeCmdCtrlWifiReset));
    provision(run, b"absent", b"", 2);
    run.ask("prov-ctrl", &msg::ctrl(Ctrl::TypeCmdCtrlWifiReset));
    provision(run, b"abcdefghijklmnopqrstuvwxyz012345", &[b'p'; 63], 3);
}

fn thread(run: &mut Run) {
    let heard = [0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x22, 0x22];
    run.ask("prov-config", &msg::thread_status());
    attach(run, &msg::dataset(heard), 3);
    run.ask("prov-ctrl", &msg::ctrl(Ctrl::TypeCmdCtrlThreadReprov));
    attach(run, &msg::dataset([0x77; 8]), 2);
    run.ask("prov-ctrl", &msg::ctrl(Ctrl::TypeCmdCtrlThreadReset));
    attach(run, &[0xff; 254], 2);
    run.ask("prov-ctrl", &msg::ctrl(Ctrl::TypeCmdCtrlThreadReset));
}

fn custom(run: &mut Run) {
    run.ask("custom-data", b"hello");
    run.ask("echo", b"say nothing");
    let all: Vec<u8> = (0..=255).collect();
    run.ask("echo", &all);
}

fn statuses(cases: &mut Cases) {
    let seed = "sec1_statuses/0";
    let note = "requests that are answered with a status other than success; the session goes on";
    let mut run = open(setup(seed, note, sec1(POP)));
    run.ask("prov-config", &msg::apply_wifi());
    run.ask("prov-config", &msg::set_wifi(&[b's'; 33], b"", b"", 0));
    run.ask("prov-config", &msg::set_wifi(b"good", &[b'p'; 64], b"", 0));
    run.ask("prov-config", &msg::set_wifi(b"good", b"", &[1, 2, 3, 4, 5], 0));
    run.ask("prov-config", &msg::set_thread(&[0; 255]));
    run.ask("prov-config", &msg::apply_thread());
    for command in [
        Ctrl::TypeCmdCtrlWifiReset,
        Ctrl::TypeCmdCtrlWifiReprov,
        Ctrl::TypeCmdCtrlThreadReset,
        Ctrl::TypeCmdCtrlThreadReprov,
    ] {
        run.ask("prov-ctrl", &msg::ctrl(command));
    }
    // Accepted, though a careful client would not send them.
    run.ask("prov-config", &msg::set_wifi(b"", b"1", &[1, 2, 3, 4, 5, 6], -1));
    run.ask("prov-config", &msg::set_wifi(b"go\0od", b"pass\0word", b"", 14));
    provision(&mut run, b"badpass", b"wrong", 2);
    run.ask("prov-config", &msg::apply_wifi()); // twice
    run.ask("prov-config", &msg::set_wifi(b"good", b"correct-horse", b"", 0));
    run.ask("prov-config", &msg::apply_wifi()); // without reset
    run.ask("prov-ctrl", &msg::ctrl(Ctrl::TypeCmdCtrlWifiReset));
    run.ask("prov-config", &msg::wifi_status()); // still the old failure
    provision(&mut run, b"good", b"correct-horse", 3);
    save(cases, "sec1_statuses", run);
}

fn generations(cases: &mut Cases) {
    let note = "firmware of ESP-IDF 4.4: proto-ver without sec_ver, no attempts counted";
    let mut old = setup("idf44_sec1/0", note, sec1(POP));
    old.firmware = Firmware::Idf44;
    let mut run = open(old);
    provision(&mut run, b"flaky", b"correct-horse", 4);
    save(cases, "idf44_sec1", run);

    let note = "the oldest firmware: proto-ver is a bare version string";
    let mut oldest = setup("bare_version_sec1/0", note, sec1(""));
    oldest.firmware = Firmware::Idf44;
    oldest.bare = true;
    let mut run = open(oldest);
    provision(&mut run, b"good", b"correct-horse", 3);
    save(cases, "bare_version_sec1", run);

    let note = "firmware of ESP-IDF 4.4 with security 0: sec_ver is missing, no_sec says so";
    let mut open_device = setup("idf44_sec0/0", note, Scheme::Sec0);
    open_device.firmware = Firmware::Idf44;
    let mut run = open(open_device);
    provision(&mut run, b"good", b"correct-horse", 3);
    save(cases, "idf44_sec0", run);

    let seed = "idf52_sec2/0";
    let note = "firmware of ESP-IDF 5.2: security 2 without sec_patch_ver, one nonce for all records";
    let mut fixed = setup(seed, note, Scheme::Sec2(sec2(seed, Patch::FixedNonce)));
    fixed.firmware = Firmware::Idf52;
    let mut run = open(fixed);
    run.ask("prov-scan", &msg::wifi_scan_start(true));
    run.ask("prov-scan", &msg::wifi_page(0, 4));
    provision(&mut run, b"good", b"correct-horse", 3);
    save(cases, "idf52_sec2", run);
}

fn corner_values(cases: &mut Cases) {
    for corner in corners::ALL {
        let seed = corner.seed();
        let credentials = (corner.credentials)(&seed);
        assert!((corner.holds)(&seed), "{seed}: run `test-vectors --search`");
        let mut run = open(setup(&seed, corner.note, Scheme::Sec2(credentials)));
        provision(&mut run, b"good", b"correct-horse", 3);
        save(cases, &format!("corner_{}", corner.name), run);
    }
    stripped_digest(cases);
    let seed = "corner_verifier383_short/0";
    let padded = corners::VERIFIER.seed();
    let mut credentials = (corners::VERIFIER.credentials)(&padded);
    credentials.verifier = srp::minimal(&credentials.verifier).to_vec();
    assert_eq!(credentials.verifier.len(), 383);
    let note = "the verifier is stored without its leading zero byte";
    let mut run = open(setup(seed, note, Scheme::Sec2(credentials)));
    provision(&mut run, b"good", b"correct-horse", 3);
    save(cases, "corner_verifier383_short", run);
}

/// Credentials whose inner digest begins with 00, against a verifier made from the digest without it.
fn stripped_digest(cases: &mut Cases) {
    let found = corners::INNER.seed();
    let stripped = |seed: &str| {
        let mut credentials = (corners::INNER.credentials)(&found);
        credentials.salt = entropy::<16>(seed, "salt").to_vec();
        let inner = srp::hash(&[
            credentials.username.as_bytes(),
            b":",
            credentials.password.as_bytes(),
        ]);
        let x = srp::hash(&[&credentials.salt, srp::minimal(&inner)]);
        credentials.verifier = srp::power(&x);
        credentials
    };
    let seed = "corner_inner00_stripped/0";
    let note = "a verifier made without the digest's leading zero: only the proof in that form is accepted";
    let mut credentials = stripped(seed);
    credentials.stripped = true;
    let mut run = open(setup(seed, note, Scheme::Sec2(credentials)));
    provision(&mut run, b"good", b"correct-horse", 3);
    save(cases, "corner_inner00_stripped", run);

    let seed = "refused_inner00_exact_proof/0";
    let note = "the byte-exact proof against a verifier made without the digest's leading zero";
    let mut run = Run::new(setup(seed, note, Scheme::Sec2(stripped(seed))));
    run.proto_ver();
    assert!(!run.handshake());
    save(cases, "refused_inner00_exact_proof", run);
}

fn credentials(cases: &mut Cases) {
    let long = "u".repeat(64);
    for (name, note, username, password, salt_len) in [
        ("sec2_salt_1", "a salt of one byte", USERNAME, PASSWORD, 1),
        ("sec2_salt_32", "a salt of 32 bytes", USERNAME, PASSWORD, 32),
        ("sec2_username_1", "a user name of one byte", "u", PASSWORD, 16),
        ("sec2_username_64", "a user name of 64 bytes", &long, PASSWORD, 16),
        (
            "sec2_unicode",
            "credentials outside ASCII",
            "prüfer",
            "pass wörd: ✓",
            16,
        ),
        ("sec2_empty_password", "an empty password", USERNAME, "", 16),
    ] {
        let seed = format!("{name}/0");
        let salt = entropy::<32>(&seed, "salt")[..salt_len].to_vec();
        let credentials = sec2_with(username, password, salt, Patch::CounterNonce);
        let mut run = open(setup(&seed, note, Scheme::Sec2(credentials)));
        run.ask("prov-config", &msg::wifi_status());
        save(cases, name, run);
    }
}

fn refusals(cases: &mut Cases) {
    let note = "the client's proof of possession is wrong: refused at command 1";
    let pops = Scheme::Sec1 {
        client_pop: "guess",
        device_pop: POP,
    };
    refused_handshake(cases, "refused_sec1_wrong_pop", note, pops);
    let note = "the client has no proof of possession, the device wants one";
    let pops = Scheme::Sec1 {
        client_pop: "",
        device_pop: POP,
    };
    refused_handshake(cases, "refused_sec1_missing_pop", note, pops);
    for (name, note, username, password) in [
        (
            "refused_sec2_wrong_password",
            "wrong password: refused at command 1",
            USERNAME,
            "nope",
        ),
        (
            "refused_sec2_wrong_username",
            "wrong user name: refused at command 1 too",
            "somebody",
            PASSWORD,
        ),
    ] {
        let mut credentials = sec2(&format!("{name}/0"), Patch::CounterNonce);
        credentials.username = username.into();
        credentials.password = password.into();
        refused_handshake(cases, name, note, Scheme::Sec2(credentials));
    }
    refused_requests(cases);
    refused_records(cases);
}

fn refused_handshake(cases: &mut Cases, name: &str, note: &'static str, scheme: Scheme) {
    let mut run = Run::new(setup(&format!("{name}/0"), note, scheme));
    run.proto_ver();
    assert!(!run.handshake());
    save(cases, name, run);
}

/// Requests that open and are then refused without an answer.
fn refused_requests(cases: &mut Cases) {
    let past_end = msg::wifi_page(8, 4);
    let past_capacity = msg::wifi_page(15, 2);
    let requests: [(&str, &str, &str, &[u8]); 9] = [
        (
            "page_past_end",
            "a page that reaches past the results",
            "prov-scan",
            &past_end,
        ),
        (
            "page_past_capacity",
            "a page past the 16 results a device keeps",
            "prov-scan",
            &past_capacity,
        ),
        (
            "scan_start_bare",
            "start-scan without its payload field",
            "prov-scan",
            &[0x08, 0x00, 0x10, 0x00],
        ),
        (
            "scan_result_bare",
            "get-result without its payload field",
            "prov-scan",
            &[0x08, 0x04],
        ),
        (
            "set_bare",
            "set-config without its payload field",
            "prov-config",
            &[0x08, 0x02],
        ),
        (
            "unknown_message",
            "a message type that does not exist",
            "prov-config",
            &[0x08, 0x63],
        ),
        (
            "response_type",
            "a response type sent as a request",
            "prov-ctrl",
            &[0x08, 0x02],
        ),
        (
            "reserved_type",
            "the reserved message type 0",
            "prov-ctrl",
            &[0x08, 0x00],
        ),
        (
            "undecodable",
            "bytes that are no protobuf message",
            "prov-config",
            &[0x52, 0x05, 0x00],
        ),
    ];
    for (name, note, endpoint, request) in requests {
        for scheme in ["sec0", "sec2"] {
            let name = format!("refused_{scheme}_{name}");
            let seed = format!("{name}/0");
            let scheme = match scheme {
                "sec0" => Scheme::Sec0,
                _ => Scheme::Sec2(sec2(&seed, Patch::CounterNonce)),
            };
            let mut run = open(setup(&seed, note, scheme));
            run.ask("prov-scan", &msg::wifi_scan_start(true));
            run.ask_refused(endpoint, request);
            save(cases, &name, run);
        }
    }
    let seed = "refused_sec2_handler/0";
    let note = "an application endpoint whose handler fails";
    let mut run = open(setup(seed, note, Scheme::Sec2(sec2(seed, Patch::CounterNonce))));
    run.ask_refused("broken", b"anything");
    save(cases, "refused_sec2_handler", run);
}

fn refused_records(cases: &mut Cases) {
    for (name, note, patch) in [
        (
            "refused_sec2_p1_forged",
            "a record with one bit changed on the way",
            Patch::CounterNonce,
        ),
        (
            "refused_sec2_p0_forged",
            "a record with one bit changed on the way",
            Patch::FixedNonce,
        ),
    ] {
        let seed = format!("{name}/0");
        let mut run = open(setup(&seed, note, Scheme::Sec2(sec2(&seed, patch))));
        run.ask("prov-config", &msg::wifi_status());
        run.ask_forged("prov-config", &msg::wifi_status());
        save(cases, name, run);
    }
    for (name, note, patch) in [
        (
            "refused_sec2_p1_replay",
            "a record sent twice: refused by the counter",
            Patch::CounterNonce,
        ),
        (
            "sec2_p0_replay",
            "a record sent twice: patch level 0 accepts it",
            Patch::FixedNonce,
        ),
    ] {
        let seed = format!("{name}/0");
        let mut run = open(setup(&seed, note, Scheme::Sec2(sec2(&seed, patch))));
        run.ask("echo", b"once");
        run.replay();
        save(cases, name, run);
    }
}

pub(super) fn corner_credentials(seed: &str) -> Sec2 {
    sec2(seed, Patch::CounterNonce)
}

pub(super) fn corner_password(seed: &str) -> Sec2 {
    let number = seed.rsplit('/').next().unwrap_or_default();
    let password = format!("password-{number}");
    sec2_with(
        USERNAME,
        &password,
        entropy::<16>(seed, "salt").to_vec(),
        Patch::CounterNonce,
    )
}
