//! `espprov provision`, the real binary: every scheme over HTTP, every end, every exit status of the job itself.

use espprov_tests::cli::{Scratch, Simulator, espprov, finish, run, words};
use serde_json::json;

const HOME: [&str; 4] = ["--ssid", "Home", "--passphrase", "correct-horse"];

fn with<'a>(first: &[&'a str], rest: &[&'a str]) -> Vec<&'a str> {
    [first, rest].concat()
}

#[test]
fn one_command_and_the_device_is_online() {
    let run = run(&with(&["provision", "sim"], &HOME));
    assert_eq!(run.code, 0, "{run:?}");
    assert!(
        run.stdout
            .ends_with("Connected to \"Home\", address 192.168.1.57\n"),
        "{run:?}"
    );
    assert_eq!(run.stderr, "");
}

#[test]
fn the_json_stream_is_as_documented() {
    let run = run(&with(&["provision", "sim:zero", "--json"], &HOME));
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.stderr, "");
    let events = run.events();
    assert_eq!(
        events,
        [
            json!({"event": "connected", "transport": "sim", "target": "sim:zero"}),
            json!({"event": "info", "version": "netprov-v1.2", "security": 2, "patch": 1,
                   "capabilities": ["wifi_prov", "wifi_scan"]}),
            json!({"event": "session", "security": 2}),
            json!({"event": "config_sent"}),
            json!({"event": "config_applied"}),
            json!({"event": "result", "ok": true, "outcome": "connected", "ip": "192.168.1.57",
                   "ssid": "Home", "ssid_hex": "486f6d65"}),
        ]
    );
    assert!(
        run.stdout.starts_with("{\"event\":\"connected\""),
        "the event comes first"
    );
}

#[test]
fn every_scheme_over_http() {
    for (device, client, security, patch, warnings) in [
        (
            &["--security", "0"][..],
            &["--allow-plaintext"][..],
            0,
            0,
            &["plaintext"][..],
        ),
        (
            &["--security", "1", "--pop", "pop-of-test"],
            &["--pop", "pop-of-test"],
            1,
            0,
            &["guessable_pop"],
        ),
        (
            &["--security", "1", "--pop", ""],
            &["--pop", ""],
            1,
            0,
            &["unauthenticated"],
        ),
        (
            &["--security", "1", "--flavour", "idf-4.4"],
            &["--pop", "abcd1234"],
            1,
            0,
            &["guessable_pop"],
        ),
        // Whoever names the scheme knows.
        (
            &["--security", "1"],
            &["--pop", "abcd1234", "--security", "1"],
            1,
            0,
            &[],
        ),
        (&["--security", "2"], &["--password", "abcd1234"], 2, 1, &[]),
        (&["--security", "2"], &["--pop", "abcd1234"], 2, 1, &[]),
        (
            &["--username", "mara", "--password", "of test"],
            &["--username", "mara", "--password", "of test"],
            2,
            1,
            &[],
        ),
        (
            &["--flavour", "idf-5.2"],
            &["--password", "abcd1234"],
            2,
            0,
            &["nonce_reuse"],
        ),
        (
            &["--flavour", "idf-5.5", "--patch", "0"],
            &["--password", "abcd1234", "--security", "2"],
            2,
            0,
            &["nonce_reuse"],
        ),
    ] {
        let simulator = Simulator::start(&with(&["--scenario", "zero"], device));
        let mut args = with(&["provision", &simulator.url, "--json"], &HOME);
        args.extend(client);
        let run = run(&args);
        assert_eq!(run.code, 0, "{device:?}: {run:?}");
        assert_eq!(run.result()["outcome"], "connected", "{device:?}");
        assert_eq!(run.warnings(), warnings, "{device:?}");
        let events = run.events();
        assert_eq!(
            events[0],
            json!({"event": "connected", "transport": "http", "target": simulator.url})
        );
        assert_eq!(events[1]["security"], security, "{device:?}");
        assert_eq!(events[1]["patch"], patch, "{device:?}");
        assert!(
            events.contains(&json!({"event": "session", "security": security})),
            "{run:?}"
        );
    }
}

#[test]
fn one_device_after_another_state() {
    let simulator = Simulator::start(&["--scenario", "zero"]);
    let url = simulator.url.as_str();
    let of =
        |command: &str, rest: &[&str]| run(&with(&[command, url, "--password", "abcd1234", "--json"], rest));
    of("reprov", &[]).assert_error(6, "device_status");
    of("provision", &["--ssid", "Home", "--passphrase", "wrong-horse"]).assert_error(7, "auth_error");
    let status = of("status", &[]);
    assert_eq!(status.code, 0);
    assert!(
        status.events().contains(
            &json!({"event": "status", "network": "wifi", "state": "failed", "reason": "auth_error"})
        ),
        "{status:?}"
    );
    assert_eq!(of("reset", &[]).result()["outcome"], "done");
    of("provision", &["--ssid", "Elsewhere", "--open"]).assert_error(8, "network_not_found");
    // A failed attempt before it does not stand in the way.
    assert_eq!(of("provision", &HOME).result()["outcome"], "connected");
    let status = of("status", &[]);
    assert_eq!(
        status.result(),
        json!({"event": "result", "ok": true, "outcome": "done", "ip": "192.168.1.57", "ssid": "Home", "ssid_hex": "486f6d65"})
    );
    let scan = of("scan", &[]);
    let active: Vec<_> = scan
        .events()
        .into_iter()
        .filter(|event| event["active"] == true)
        .collect();
    assert_eq!(active.len(), 1, "{scan:?}");
    assert_eq!(active[0]["ssid"], "Home");
    assert_eq!(of("reprov", &[]).code, 0);
    assert_eq!(
        of("provision", &["--ssid", "Guests", "--passphrase", ""]).result()["ip"],
        "10.0.40.12"
    );
}

#[test]
fn ends_of_a_provisioning() {
    for (args, exit, outcome, code) in [
        (
            &["--ssid", "Home", "--passphrase", "wrong-horse"][..],
            7,
            "auth_error",
            "auth_error",
        ),
        (
            &["--ssid", "Elsewhere", "--open"],
            8,
            "network_not_found",
            "network_not_found",
        ),
        (
            &["--dataset", "000300000f0208111122223333444401020b0b"],
            6,
            "failed",
            "dataset_invalid",
        ),
        (
            &[
                "--network-name",
                "Nobody",
                "--network-key",
                "00112233445566778899aabbccddeeff",
            ],
            8,
            "network_not_found",
            "network_not_found",
        ),
    ] {
        let run = run(&with(&["provision", "sim:zero", "--json"], args));
        run.assert_error(exit, code);
        assert_eq!(run.result()["outcome"], outcome, "{run:?}");
    }
    let key = words("--network-name HomeThread --network-key 00112233445566778899aabbccddeeff");
    let run = run(&with(&["provision", "sim:zero", "--json"], &key));
    assert_eq!(
        run.result(),
        json!({"event": "result", "ok": true, "outcome": "connected"})
    );
}

#[test]
fn wrong_credentials_are_told_from_a_broken_link() {
    run(&with(&["provision", "sim:zero", "--pop", "guess"], &HOME)).assert_error(4, "wrong_password");
    for (security, flag, code) in [("1", "--pop", "wrong_pop"), ("2", "--password", "wrong_password")] {
        let simulator = Simulator::start(&["--scenario", "zero", "--security", security]);
        let args = with(&["provision", &simulator.url, flag, "guess", "--json"], &HOME);
        run(&args).assert_error(4, code);
    }
}

#[test]
fn the_policy_refuses() {
    let of = |device: &[&str], client: &[&str]| {
        let simulator = Simulator::start(&with(&["--scenario", "zero"], device));
        let mut args = with(&["provision", &simulator.url], &HOME);
        args.extend(client);
        run(&args)
    };
    of(&["--security", "0"], &["--pop", "abcd1234"]).assert_error(5, "security_downgrade");
    of(&["--security", "0"], &[]).assert_error(5, "plaintext_not_allowed");
    of(&["--security", "1"], &["--password", "abcd1234"]).assert_error(5, "password_for_security1");
    of(&["--security", "1", "--pop", ""], &["--pop", "abcd1234"]).assert_error(5, "pop_not_wanted");
    of(&["--security", "1"], &["--pop", "abcd1234", "--security", "2"]).assert_error(5, "scheme_mismatch");
    of(&["--security", "1"], &[]).assert_error(2, "missing_value");
    let missing = of(&["--security", "2"], &[]);
    missing.assert_error(2, "missing_value");
    assert!(missing.stderr.contains("--password"), "{missing:?}");
}

#[test]
fn a_network_that_does_not_answer_in_time() {
    let scratch = Scratch::new();
    let slow = scratch.write(
        "slow.toml",
        "[[network]]\nssid = \"Home\"\nchannel = 6\nrssi = -41\nauth = \"wpa2\"\npassphrase = \"correct-horse\"\noutcome = \"slow\"\nafter_ms = 60000\n",
    );
    let target = format!("sim:{slow}");
    let run = run(&with(
        &["provision", &target, "--json", "--deadline", "700ms"],
        &HOME,
    ));
    run.assert_error(9, "deadline");
    assert!(run.took.as_secs() < 5, "{run:?}");
}

#[test]
fn a_link_lost_after_apply_is_probably_success() {
    let scratch = Scratch::new();
    // It says that it is trying (6), is asked again (7), and is gone for good before that answer is read: for the three
    // seconds that count on Bluetooth.
    let scenario = scratch.write(
        "gone.toml",
        "[device]\nlink = \"nimble\"\nstop_after_ms = 0\nafter_stop = \"stop\"\n[delays]\nconnect_ms = 300\n\
         [[network]]\nssid = \"Home\"\nchannel = 6\nrssi = -41\nauth = \"wpa2\"\npassphrase = \"correct-horse\"\n\
         [[fault]]\nkind = \"close-after\"\nexchange = 7\n",
    );
    let target = format!("sim:{scenario}");
    let run = run(&with(
        &["provision", &target, "--json", "--deadline", "20s"],
        &HOME,
    ));
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.result()["outcome"], "likely_connected", "{run:?}");
    assert!(run.warnings().contains(&"likely_connected".to_owned()), "{run:?}");
}

#[test]
fn a_passing_failure_is_tried_again_and_a_wrong_passphrase_is_not() {
    let scratch = Scratch::new();
    let world = "[delays]\nconnect_ms = 0\nauth_fail_ms = 0\n\
         [[network]]\nssid = \"Home\"\nchannel = 6\nrssi = -41\nauth = \"wpa2\"\npassphrase = \"correct-horse\"\n\
         [[fault]]\nkind = \"close-before\"\nexchange = 1\n";
    let target = format!("sim:{}", scratch.write("once.toml", world));
    run(&with(&["provision", &target, "--json"], &HOME)).assert_error(3, "link_lost");
    let again = run(&with(&["provision", &target, "--json", "--retries", "2"], &HOME));
    assert_eq!(again.code, 0, "{again:?}");
    assert_eq!(again.warnings(), ["retrying"]);
    let wrong = ["--ssid", "Home", "--passphrase", "wrong-horse", "--retries", "3"];
    let wrong = run(&with(&["provision", "sim:zero", "--json"], &wrong));
    wrong.assert_error(7, "auth_error");
    assert_eq!(
        wrong.names().iter().filter(|name| *name == "config_sent").count(),
        1,
        "{wrong:?}"
    );
}

#[test]
fn values_that_are_sent_with_a_warning() {
    let key = "0123456789abcdef".repeat(4);
    let raw = run(&[
        "provision",
        "sim:zero",
        "--json",
        "--ssid",
        "Home",
        "--passphrase",
        &key,
    ]);
    raw.assert_error(6, "device_status");
    assert_eq!(raw.warnings(), ["raw_key"]);
    let mut args = with(&["provision", "sim:zero", "--json"], &HOME);
    args.extend(["--bssid", "24:0A:C4:51:DE:7F", "--channel", "6"]);
    let hints = run(&args);
    assert_eq!(hints.warnings(), ["ignored_by_stock_firmware"]);
    assert_eq!(hints.result()["outcome"], "connected");
}

#[test]
fn names_that_are_no_text() {
    let name = "436166e920646573204172747320";
    let args = [
        "provision",
        "sim",
        "--json",
        "--ssid-hex",
        name,
        "--passphrase",
        "chocolat-chaud",
    ];
    let result = run(&args).result();
    assert_eq!(result["ssid"], "Caf\u{fffd} des Arts ");
    assert_eq!(result["ssid_hex"], name);
}

#[test]
fn a_setup_payload_brings_target_and_credentials() {
    // The device of this payload is not there: what matters is that it was understood and not repeated.
    let payload = r#"{"ver":"v1","name":"PROV_SECRETNAME","pop":"pop-in-payload","transport":"softap"}"#;
    let mut command = espprov();
    command.args(["info", payload, "--deadline", "300ms", "--json"]);
    let run = finish(&mut command, b"");
    assert!(matches!(run.code, 3 | 9), "{run:?}");
    let all = format!("{}{}", run.stdout, run.stderr);
    assert!(
        !all.contains("pop-in-payload") && !all.contains("SECRETNAME"),
        "{all}"
    );
}
