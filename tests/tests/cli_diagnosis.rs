//! Diagnosis by evidence: for each thing that goes wrong in the field, the real binary says what happened, why, and
//! what to do, with the right exit status.

use espprov_tests::cli::{Run, Scratch, Simulator, run, words};
use espprov_tests::hand_made::{Answer, HandMade, is_apply, is_set, is_status};
use serde_json::Value;

const HOME: [&str; 4] = ["--ssid", "Home", "--passphrase", "correct-horse"];
const WRONG: [&str; 4] = ["--ssid", "Home", "--passphrase", "wrong-horse"];
const DATASET: [&str; 2] = [
    "--dataset",
    "000300000f02081111222233334444051000112233445566778899aabbccddeeff010251de",
];

const CONNECTING: &str = "08015a021001";
const DISCONNECTED: &str = "08015a021002";
/// On "Other".
const ELSEWHERE: &str = "08015a095a071a054f74686572";
/// Neither address nor name.
const SOMEWHERE: &str = "08015a045a020a00";
/// `apply` with status InternalError.
const APPLY_REFUSED: &str = "08057a020805";
/// reset and reprov with status InternalError.
const CONTROL_REFUSED: &str = "080210056200";
const REPROV_REFUSED: &str = "080410057200";

fn error(run: &Run, field: &str) -> String {
    run.result()["error"][field]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// Exit status and code, and words that have to be in message, cause and help.
#[track_caller]
fn says(run: &Run, exit: i32, code: &str, message: &str, cause: &str, help: &str) {
    run.assert_error(exit, code);
    for (field, wanted) in [("message", message), ("cause", cause), ("help", help)] {
        let said = error(run, field);
        assert!(said.contains(wanted), "{field}: {said:?} lacks {wanted:?}");
    }
}

fn provision(url: &str, rest: &[&str]) -> Run {
    run(&[&["provision", url, "--json"], rest].concat())
}

#[test]
fn no_way_to_clear_a_failed_attempt() {
    let old = |name: &str| {
        Simulator::start(&[
            "--scenario",
            name,
            "--flavour",
            "idf-4.4",
            "--security",
            "1",
            "--pop",
            "abcd1234",
        ])
    };
    let pop = ["--pop", "abcd1234"];
    let device = old("zero");
    // The first run says it, and so does the second.
    let first = provision(&device.url, &[&pop[..], &WRONG].concat());
    says(
        &first,
        7,
        "auth_error",
        "refused",
        "passphrase",
        "restart the device",
    );
    let second = provision(&device.url, &[&pop[..], &HOME].concat());
    says(
        &second,
        6,
        "needs_restart",
        "earlier run",
        "before 5.0",
        "restart the device",
    );
    // What the first attempt came to is not lost to the second.
    let device = old("zero");
    let nowhere = ["--ssid", "Nowhere", "--open", "--retries", "1"];
    let retried = provision(&device.url, &[&pop[..], &nowhere].concat());
    says(
        &retried,
        8,
        "network_not_found",
        "Nowhere",
        "hears",
        "restart the device",
    );
    assert!(retried.warnings().contains(&"retrying".to_owned()), "{retried:?}");
}

#[test]
fn reset_and_reprov_that_are_refused() {
    let control = |command: &str, status: &'static str, refused: &'static str| {
        let device = HandMade::start(move |endpoint, body| match endpoint {
            "prov-ctrl" => Some(Answer::hex(refused)),
            _ if is_status(endpoint, body) => Some(Answer::hex(status)),
            _ => None,
        });
        run(&[command, &device.url, "--allow-plaintext", "--json"])
    };
    let reset = |status| control("reset", status, CONTROL_REFUSED);
    let reprov = |status| control("reprov", status, REPROV_REFUSED);
    let code = "device_status";
    says(
        &reset(DISCONNECTED),
        6,
        code,
        "internal error",
        "no failed attempt",
        "nothing to do",
    );
    says(
        &reset(CONNECTING),
        6,
        code,
        "",
        "has not been given one",
        "espprov provision",
    );
    says(
        &reset(ELSEWHERE),
        6,
        code,
        "",
        "online on \"Other\"",
        "espprov reprov",
    );
    says(
        &reprov(ELSEWHERE),
        6,
        code,
        "",
        "auto-stop is not disabled",
        "provisioning mode anew",
    );
    says(
        &reprov(DISCONNECTED),
        6,
        code,
        "",
        "no network yet",
        "espprov provision",
    );
    says(
        &reprov(CONNECTING),
        6,
        code,
        "",
        "has not been given one",
        "espprov provision",
    );
    // As vendor firmware answers that has never been given anything.
    let device = Simulator::start(&["--scenario", "zero", "--flavour", "idf-5.5-wifi"]);
    let fresh = run(&["reset", &device.url, "--password", "abcd1234", "--json"]);
    says(&fresh, 6, code, "", "has not been given one", "espprov provision");
}

#[test]
fn a_device_that_has_another_network() {
    let device = |status: &'static str| {
        HandMade::start(move |endpoint, body| match endpoint {
            "prov-ctrl" => Some(Answer::hex(REPROV_REFUSED)),
            _ if is_apply(endpoint, body) => Some(Answer::hex(APPLY_REFUSED)),
            _ if is_status(endpoint, body) => Some(Answer::hex(status)),
            _ => None,
        })
    };
    let args = [&HOME[..], &["--allow-plaintext", "--deadline", "4s"]].concat();
    let on = provision(&device(ELSEWHERE).url, &args);
    says(
        &on,
        6,
        "other_network",
        "on the network \"Other\"",
        "earlier run",
        "provisioning mode anew",
    );
    let joining = provision(&device(CONNECTING).url, &args);
    says(
        &joining,
        9,
        "deadline",
        "network of an earlier run, not \"Home\"",
        "earlier run",
        "--deadline",
    );
}

#[test]
fn wifi_for_thread_and_thread_for_wifi() {
    let wifi = Simulator::start(&["--scenario", "zero", "--network", "wifi"]);
    let thread = Simulator::start(&["--scenario", "zero", "--network", "thread"]);
    let password = ["--password", "abcd1234"];
    let key = words("--network-name HomeThread --network-key 00112233445566778899aabbccddeeff");
    for given in [&DATASET[..], &key] {
        let refused = provision(&wifi.url, &[given, &password].concat());
        says(
            &refused,
            6,
            "no_thread",
            "no Thread network",
            "announce",
            "--ssid",
        );
        assert!(!refused.stdout.contains("config_sent"), "{refused:?}");
    }
    let refused = provision(
        &thread.url,
        &[&HOME[..], &password, &["--username", "threadprov"]].concat(),
    );
    says(
        &refused,
        6,
        "no_wifi",
        "no Wi-Fi network",
        "built for Thread",
        "--dataset",
    );
    assert!(!refused.stdout.contains("config_sent"), "{refused:?}");
    for command in ["scan", "status", "reset", "reprov"] {
        let asked = run(&[&[command, &wifi.url, "--thread", "--json"], &password[..]].concat());
        says(&asked, 6, "no_thread", "", "", "");
        let asked = run(&[&[command, &thread.url, "--json"], &password[..]].concat());
        says(&asked, 6, "no_wifi", "", "", "");
    }
    // Firmware without any list of what it takes is for Wi-Fi: nothing is sent to it either.
    let bare = HandMade::start(|endpoint, _| {
        (endpoint == "proto-ver")
            .then(|| Answer::Bytes(br#"{"prov":{"ver":"v1.0","cap":["no_sec"]}}"#.to_vec()))
    });
    let refused = provision(
        &bare.url,
        &[&DATASET[..], &["--allow-plaintext", "--security", "0"]].concat(),
    );
    assert_eq!(error(&refused, "code"), "no_thread", "{refused:?}");
    assert!(
        bare.requests()
            .iter()
            .all(|(endpoint, _)| endpoint != "prov-config")
    );
}

#[test]
fn the_usual_username_of_a_thread_device() {
    let device = Simulator::start(&["--scenario", "zero", "--network", "thread"]);
    let joined = provision(&device.url, &[&DATASET[..], &["--password", "abcd1234"]].concat());
    assert_eq!(joined.result()["outcome"], "connected", "{joined:?}");
}

#[test]
fn time_is_up_and_the_device_says_what_it_does() {
    let device = |status: &'static str| {
        HandMade::start(move |endpoint, body| is_status(endpoint, body).then(|| Answer::hex(status)))
    };
    let args = [&HOME[..], &["--allow-plaintext", "--deadline", "3s"]].concat();
    let joining = provision(&device(CONNECTING).url, &args);
    says(
        &joining,
        9,
        "deadline",
        "still trying to join \"Home\"",
        "weak or slow",
        "--deadline",
    );
    let idle = provision(&device(DISCONNECTED).url, &args);
    says(
        &idle,
        9,
        "deadline",
        "\"disconnected\"",
        "does not begin",
        "device's log",
    );
    for said in [&joining, &idle] {
        assert!(!said.stdout.contains("closer"), "{said:?}");
    }
}

/// What to do about a slow answer depends on the link.
#[cfg(unix)]
#[test]
fn a_cable_is_not_out_of_reach() {
    let scratch = Scratch::new();
    let slow = scratch.write("slow.toml", "[security]\nscheme = 1\n[delays]\nscan_ms = 60000\n");
    let device = Simulator::on_pty(&["--scenario", &slow]);
    let late = run(&[
        "scan",
        &device.url,
        "--pop",
        "abcd1234",
        "--deadline",
        "700ms",
        "--json",
    ]);
    late.assert_error(9, "deadline");
    let said = format!("{} {}", error(&late, "cause"), error(&late, "help"));
    assert!(
        !said.contains("closer") && !said.contains("out of reach"),
        "{said}"
    );
    assert!(said.contains("cable"), "{said}");
}

fn world(networks: &str) -> (Scratch, String) {
    let scratch = Scratch::new();
    let delays = "[delays]\nscan_ms = 0\nconnect_ms = 0\nauth_fail_ms = 0\nnot_found_ms = 0\n";
    let path = scratch.write("world.toml", &format!("{delays}{networks}"));
    (scratch, format!("sim:{path}"))
}

fn network(ssid: &str, auth: &str, rest: &str) -> String {
    format!("[[network]]\nssid = \"{ssid}\"\nchannel = 6\nrssi = -41\nauth = {auth}\n{rest}\n")
}

#[test]
fn enterprise_networks_are_named() {
    for auth in ["\"wpa2-enterprise\"", "10", "14", "15", "16"] {
        let (_scratch, target) = world(&network("Corp", auth, "outcome = \"wrong-passphrase\""));
        let list = run(&["scan", &target]);
        assert!(
            list.stdout.contains("(user accounts: cannot be provisioned)"),
            "{auth}: {list:?}"
        );
        let refused = provision(&target, &["--ssid", "Corp", "--passphrase", "correct-horse"]);
        assert!(matches!(refused.code, 7 | 8), "{refused:?}");
        let code = refused.code;
        says(
            &refused,
            code,
            "enterprise_network",
            "user accounts",
            "cannot be provisioned",
            "passphrase",
        );
    }
}

#[test]
fn what_the_device_hears_explains_a_failure() {
    let home = network("Home", "\"wpa2\"", "passphrase = \"correct-horse\"");
    let (_scratch, target) = world(&home);
    let typed = provision(&target, &["--ssid", "home ", "--passphrase", "correct-horse"]);
    says(
        &typed,
        8,
        "network_not_found",
        "",
        "but \"Home\"",
        "as it is heard: Home",
    );
    let nowhere = provision(&target, &["--ssid", "Elsewhere", "--passphrase", "correct-horse"]);
    says(
        &nowhere,
        8,
        "network_not_found",
        "Elsewhere",
        "hears 1 network,",
        "",
    );
    let wrong = provision(&target, &WRONG);
    says(
        &wrong,
        7,
        "auth_error",
        "refused",
        "wrong passphrase",
        "check the passphrase",
    );
}

#[test]
fn a_name_the_device_leaves_out() {
    let device = HandMade::start(|endpoint, body| is_status(endpoint, body).then(|| Answer::hex(SOMEWHERE)));
    let args = ["provision", &device.url, "--allow-plaintext"];
    let joined = run(&[&args[..], &HOME].concat());
    assert_eq!(joined.code, 0, "{joined:?}");
    assert!(joined.stdout.ends_with("Connected to \"Home\"\n"), "{joined:?}");
    let json = provision(&device.url, &[&HOME[..], &["--allow-plaintext"]].concat());
    assert_eq!(json.result()["ssid"], "Home", "{json:?}");
    let status = run(&["status", &device.url, "--allow-plaintext"]);
    assert!(!status.stdout.contains("hidden"), "{status:?}");
}

#[cfg(unix)]
#[test]
fn security_2_does_not_fit_a_console() {
    let device = Simulator::on_pty(&["--scenario", "zero", "--security", "2", "--line-limit", "0"]);
    let refused = run(&["scan", &device.url, "--password", "abcd1234", "--json"]);
    says(&refused, 3, "request_too_large", "", "254", "?line-limit=0");
    assert!(!error(&refused, "help").contains("--chunk"), "{refused:?}");
}

#[test]
fn every_payload_error_has_its_own_cause() {
    let payload = |rest: &str| format!(r#"{{"ver":"v1","name":"P","transport":"ble"{rest}}}"#);
    let mut causes = std::collections::BTreeSet::new();
    for (text, word) in [
        ("MT:Y.K9042C00KA0648G00".to_owned(), "Matter"),
        ("DPP:C:81/1;K:MDkwEwYH;;".to_owned(), "Easy Connect"),
        (
            r#"{"ver":"v1","name":"P","transport":"ble""#.to_owned(),
            "cut off",
        ),
        ("https://x.example/?data=%7B%2".to_owned(), "percent"),
        (r#"{"ver":"v1","transport":"ble"}"#.to_owned(), "incompletely"),
        (payload(r#","pop":7"#), "does not follow"),
        (
            payload(&format!(r#","username":"{}""#, "u".repeat(300))),
            "length",
        ),
        (payload("").replace("v1", "v9"), "newer format"),
        (payload("").replace("ble", "pigeon"), "softap"),
        (payload(r#","security":7"#), "scheme"),
        (payload(r#","network":"token-ring""#), "kind of network"),
        ("\"neither\" of these".to_owned(), "neither"),
    ] {
        let refused = run(&["info", &text, "--json"]);
        says(&refused, 2, "invalid_payload", "", word, "");
        causes.insert(error(&refused, "cause"));
    }
    assert_eq!(causes.len(), 12, "{causes:#?}");
}

#[cfg(unix)]
#[test]
fn what_is_no_serial_port() {
    for path in ["/dev/null", "/tmp", "/etc/passwd"] {
        let refused = run(&["info", &format!("serial:{path}"), "--json"]);
        says(
            &refused,
            3,
            "cannot_open_port",
            "not a serial port",
            "",
            "serial:/dev/ttyUSB0",
        );
        assert!(!error(&refused, "message").contains("resolved"), "{refused:?}");
    }
    let missing = run(&["info", "serial:/dev/nope", "--json"]);
    says(
        &missing,
        3,
        "cannot_open_port",
        "not found",
        "nothing is plugged in",
        "cable",
    );
}

/// However few files this process may open: that is never a matter of names.
#[cfg(target_os = "linux")]
#[test]
fn too_many_files_are_no_name_resolution() {
    use espprov_tests::cli::{espprov, finish};
    let mut seen = 0;
    for limit in 8..24 {
        let mut shell = std::process::Command::new("sh");
        shell
            .arg("-c")
            .arg(format!("ulimit -n {limit}; exec \"$@\""))
            .arg("sh")
            .arg(espprov().get_program())
            .args(["info", "http://127.0.0.1:9", "--json"]);
        let end = finish(&mut shell, b"");
        if end.stdout.is_empty() {
            continue; // not even the program itself could be loaded
        }
        assert!(
            !end.stdout.contains("resolve") && !end.stdout.contains("no such name"),
            "{limit}: {end:?}"
        );
        if error(&end, "message").contains("open files") {
            seen += 1;
        }
    }
    assert!(seen > 0, "the limit was never met");
    let unknown = run(&[
        "info",
        "http://no-such-host.invalid",
        "--json",
        "--deadline",
        "5s",
    ]);
    assert!(
        matches!(error(&unknown, "code").as_str(), "unknown_host" | "deadline"),
        "{unknown:?}"
    );
}

#[test]
fn newer_ways_of_authentication_have_names() {
    let names: [(&str, &str); 9] = [
        ("8", "wapi"),
        ("9", "owe"),
        ("10", "wpa3-enterprise-192"),
        ("11", "wpa3-ext"),
        ("12", "wpa3-wpa3-ext"),
        ("13", "dpp"),
        ("14", "wpa3-enterprise"),
        ("15", "wpa2-wpa3-enterprise"),
        ("16", "wpa-enterprise"),
    ];
    let networks: String = names
        .iter()
        .map(|(number, _)| network(number, number, ""))
        .collect();
    let (_scratch, target) = world(&networks);
    let scan = run(&["scan", &target, "--json"]);
    for (number, name) in names {
        let found = scan.events().into_iter().find(|event| event["ssid"] == number);
        assert_eq!(
            found.map(|event| event["auth"].clone()),
            Some(Value::from(name)),
            "{scan:?}"
        );
    }
}

/// Nobody to ask: the flag is named.
#[test]
fn no_scan_and_no_terminal() {
    let device = HandMade::start(|_, _| None);
    let refused = provision(
        &device.url,
        &["--passphrase", "correct-horse", "--allow-plaintext"],
    );
    refused.assert_error(2, "missing_value");
    assert!(error(&refused, "help").contains("--ssid"), "{refused:?}");
    assert!(device.requests().is_empty(), "the device is not bothered");
}

/// A passphrase that no WPA network can have, and one that insists.
#[test]
fn what_is_sent_unchecked() {
    let (_scratch, target) = world(&network("Old", "\"wep\"", "passphrase = \"abcde\""));
    let key = ["--ssid", "Old", "--passphrase", "abcde"];
    let refused = provision(&target, &key);
    says(&refused, 2, "invalid_passphrase", "", "", "--unchecked");
    let joined = provision(&target, &[&key[..], &["--unchecked"]].concat());
    assert_eq!(joined.result()["outcome"], "connected", "{joined:?}");
    let device = HandMade::start(|endpoint, body| is_status(endpoint, body).then(|| Answer::hex(SOMEWHERE)));
    let args = words("--ssid Home --passphrase x --unchecked --allow-plaintext");
    assert_eq!(provision(&device.url, &args).code, 0);
    let sent = device.requests();
    assert!(
        sent.iter()
            .any(|(endpoint, body)| is_set(endpoint, body) && body.ends_with(b"\x12\x01x")),
        "{sent:?}"
    );
}
