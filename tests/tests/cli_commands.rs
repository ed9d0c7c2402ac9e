//! The smaller commands of the real binary.

use espprov_tests::cli::{Scratch, Simulator, espprov, finish, run, words};
use serde_json::json;

#[test]
fn info_needs_no_credentials() {
    let simulator = Simulator::start(&["--scenario", "zero", "--security", "1", "--flavour", "idf-4.4"]);
    let run = run(&["info", &simulator.url, "--json"]);
    let events = run.events();
    assert_eq!(events.len(), 3, "{run:?}");
    assert_eq!(
        events[1],
        json!({"event": "info", "version": "v1.1", "security": 1, "patch": 0, "capabilities": ["wifi_scan"]})
    );
    assert_eq!(events[2]["outcome"], "done");
}

#[test]
fn scan_shows_all_kinds_of_names() {
    let json = run(&["scan", "sim", "--json"]);
    let events = json.events();
    let networks: Vec<_> = events
        .iter()
        .filter(|event| event["event"] == "network")
        .collect();
    assert_eq!(networks.len(), 13, "{json:?}");
    assert_eq!(
        *networks[0],
        json!({"event": "network", "ssid": "Home", "ssid_hex": "486f6d65", "bssid": "24:0A:C4:51:DE:7F",
               "channel": 6, "rssi": -41, "auth": "wpa2"})
    );
    let find = |hex: &str| {
        networks
            .iter()
            .find(|network| network["ssid_hex"] == hex)
            .unwrap()
    };
    assert_eq!(find("")["ssid"], "", "hidden");
    assert_eq!(
        find("436166e920646573204172747320")["ssid"],
        "Caf\u{fffd} des Arts "
    );
    assert!(
        networks.iter().any(|network| network["auth"] == "owe"),
        "{json:?}"
    );
    let human = run(&["scan", "sim", "--page", "3"]);
    assert_eq!(human.stdout.lines().count(), 14, "{human:?}");
    assert!(
        human.stdout.contains("Café Zürich") && human.stdout.contains("(hidden)"),
        "{human:?}"
    );
}

#[test]
fn scan_for_thread() {
    let run = run(&["scan", "sim:zero", "--thread", "--json"]);
    assert!(
        run.events().contains(
            &json!({"event": "thread_network", "name": "HomeThread", "pan_id": 0x51de,
            "ext_pan_id": "1111222233334444", "channel": 15, "rssi": -48, "lqi": run.events().iter()
                .find(|event| event["event"] == "thread_network").unwrap()["lqi"]})
        ),
        "{run:?}"
    );
}

#[test]
fn sim_is_for_wifi_unless_thread_is_asked_for() {
    let offered = |args: &[&str]| run(args).events()[1]["capabilities"].clone();
    assert_eq!(
        offered(&["info", "sim:zero", "--json"]),
        json!(["wifi_prov", "wifi_scan"])
    );
    assert_eq!(
        offered(&["status", "sim:zero", "--thread", "--json"]),
        json!(["thread_prov", "thread_scan"])
    );
    let simulator = Simulator::start(&["--scenario", "zero", "--network", "both"]);
    assert_eq!(
        offered(&["info", &simulator.url, "--json"]),
        json!(["wifi_prov", "wifi_scan", "thread_prov", "thread_scan"])
    );
    let old = run(&[
        "simulate",
        "--network",
        "thread",
        "--flavour",
        "idf-5.2",
        "--json",
    ]);
    old.assert_error(2, "invalid_scenario");
}

/// A pipe gives its bytes once.
#[cfg(unix)]
#[test]
fn a_scenario_can_come_through_a_pipe() {
    let world = b"[security]\nscheme = 1\npop = \"87654321\"\n[[network]]\nssid = \"Pipe\"\nchannel = 6\nrssi = -40\n";
    let args = words("provision sim:/dev/stdin --ssid Pipe --open --json");
    let run = finish(espprov().args(args), world);
    assert_eq!(run.result()["outcome"], "connected", "{run:?}");
    let endless = espprov_tests::cli::run(&["info", "sim:/dev/zero", "--json"]);
    assert_ne!(endless.code, 0, "{endless:?}");
    assert_eq!(endless.result()["error"]["code"], "file", "{endless:?}");
}

#[test]
fn send_in_all_forms() {
    let scratch = Scratch::new();
    let file = scratch.write("data.bin", "from a file");
    for data in [&["--text", "hello"][..], &["--hex", "00:ff"], &["--file", &file]] {
        let run = run(&[&["send", "sim:zero", "custom-data", "--json"][..], data].concat());
        let reply = run
            .events()
            .into_iter()
            .find(|event| event["event"] == "reply")
            .unwrap();
        assert_eq!(reply["endpoint"], "custom-data");
        assert_eq!(reply["hex"], hex::encode("SUCCESS\0"));
        assert_eq!(run.result()["outcome"], "done");
    }
    let piped = finish(
        espprov().args(["send", "sim:zero", "custom-data", "-"]),
        b"piped\n",
    );
    assert_eq!((piped.code, piped.stdout.as_str()), (0, "SUCCESS\n"), "{piped:?}");
    // 600 bytes are three exchanges of at most 256.
    let out = scratch.path("answer.bin");
    let long = "x".repeat(600);
    let run_long = run(&["send", "sim:zero", "custom-data", "--text", &long, "--out", &out]);
    assert_eq!(run_long.code, 0, "{run_long:?}");
    assert_eq!(std::fs::read(&out).unwrap(), b"SUCCESS\0SUCCESS\0SUCCESS\0");
    let whole = run(&[
        "send",
        "sim:zero",
        "custom-data",
        "--text",
        &long,
        "--out",
        &out,
        "--chunk",
        "0",
    ]);
    assert_eq!(whole.code, 0);
    assert_eq!(std::fs::read(&out).unwrap(), b"SUCCESS\0");
    let version = run(&["send", "sim:zero", "proto-ver", "--text", "---"]);
    assert!(version.stdout.contains("netprov-v1.2"), "{version:?}");
    let simulator = Simulator::start(&["--scenario", "zero"]);
    let nobody = run(&[
        "send",
        &simulator.url,
        "no-such-endpoint",
        "--text",
        "x",
        "--password",
        "abcd1234",
    ]);
    nobody.assert_error(6, "no_such_endpoint");
}

#[test]
fn credentials_open_a_device() {
    // The recorded device's: what its firmware was built with.
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/vectors/vendor/sec2_p1_scan_wifi_good.json"
    );
    let recorded: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let text = recorded.to_string();
    let field = |name: &str| find(&recorded, name).unwrap_or_else(|| panic!("no {name} in {text:.300}"));
    let (salt, verifier) = (field("salt"), field("verifier"));
    let made = run(&[
        "credentials",
        "--username",
        &field("username"),
        "--password",
        &field("password"),
        "--salt",
        &salt,
        "--json",
    ]);
    let event = &made.events()[0];
    assert_eq!(event["salt"], salt.as_str());
    let padded = format!("{verifier:0>768}");
    assert_eq!(event["verifier"], padded.as_str());
    let of = |format: &str| {
        let run = run(&[
            "credentials",
            "--password",
            "pw",
            "--salt",
            "a1b2",
            "--format",
            format,
        ]);
        assert_eq!(run.code, 0, "{run:?}");
        run.stdout
    };
    let c = of("c");
    assert!(c.contains("sec2_salt[] = {\n    0xa1, 0xb2\n};"), "{c}");
    assert_eq!(c.matches("0x").count(), 2 + 384);
    assert!(of("hex").contains("a1b2"));
    let json: serde_json::Value = serde_json::from_str(&of("json")).unwrap();
    assert_eq!(json["username"], "wifiprov");
    assert!(of("nvs-csv").starts_with("key,type,encoding,value\n"));
    let random = |length: &str| {
        let run = run(&["credentials", "--password", "pw", "--json", "--salt-len", length]);
        run.events()[0]["salt"].as_str().unwrap().to_owned()
    };
    assert_eq!(random("20").len(), 40);
    assert_ne!(random("16"), random("16"));
}

/// The first string of that name, however deep.
fn find(value: &serde_json::Value, name: &str) -> Option<String> {
    match value {
        serde_json::Value::Object(fields) => fields
            .get(name)
            .and_then(|found| found.as_str().map(str::to_owned))
            .or_else(|| fields.values().find_map(|value| find(value, name))),
        serde_json::Value::Array(items) => items.iter().find_map(|value| find(value, name)),
        _ => None,
    }
}

#[test]
fn the_simulated_console_answers() {
    let ask = |input: &[u8]| {
        let run = finish(
            espprov().args(["simulate", "--console", "--json", "--scenario", "zero"]),
            input,
        );
        assert_eq!(run.code, 0, "{run:?}");
        run
    };
    // Together they are one line, to it as to the firmware.
    let both = ask(b"\rproto-ver 7 2d2d2d\r");
    assert_eq!(both.stdout, "\n>> \r\nproto-ver 7 2d2d2d\r\n\n>> ");
    let run = ask(b"proto-ver 7 2d2d2d\r");
    assert!(
        run.stderr
            .contains(r#"{"event":"listening","transport":"console","address":"stdio"}"#),
        "{run:?}"
    );
    assert!(run.stdout.contains(&hex::encode("netprov-v1.2")), "{run:?}");
    assert!(!run.stdout.contains("event"), "stdout is the wire: {run:?}");
}

#[test]
fn pages_and_scripts() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = run(&["completions", shell]);
        assert_eq!(run.code, 0);
        assert!(
            run.stdout.contains("provision") && run.stdout.len() > 1000,
            "{shell}"
        );
    }
    let page = run(&["man"]);
    assert!(page.stdout.contains(".TH espprov 1"), "{}", page.stdout);
    let scratch = Scratch::new();
    let directory = scratch.path("man");
    assert_eq!(run(&["man", "--out", &directory]).code, 0);
    let pages = std::fs::read_dir(&directory).unwrap().count();
    assert!(pages >= 11, "{pages} pages");
}

#[test]
fn quiet_and_verbose() {
    let base = words("provision sim:zero --ssid Home --passphrase correct-horse");
    let quiet = run(&[&base[..], &["--quiet"]].concat());
    assert_eq!(quiet.stdout, "Connected to \"Home\", address 192.168.1.57\n");
    let verbose = run(&[&base[..], &["-vv"]].concat());
    assert_eq!(
        verbose.stderr.lines().count(),
        6,
        "one line per exchange: {verbose:?}"
    );
    assert!(verbose.stderr.starts_with("proto-ver: "), "{verbose:?}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_with_130() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;
    for args in [
        &["simulate", "--http", "127.0.0.1:0", "--json"][..],
        // Takes six seconds on its own.
        &[
            "provision",
            "sim",
            "--ssid",
            "Attic",
            "--passphrase",
            "correct-horse",
            "--json",
        ],
    ] {
        let mut child = espprov().args(args).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut last = String::new();
        while !["listening", "connecting"]
            .iter()
            .any(|event| last.contains(event))
        {
            last = lines.next().unwrap().unwrap();
        }
        let kill = std::process::Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        let rest: Vec<String> = lines.map(Result::unwrap).collect();
        let result: serde_json::Value = serde_json::from_str(rest.last().unwrap()).unwrap();
        assert_eq!(result["event"], "result");
        assert_eq!(result["error"]["code"], "interrupted");
        assert_eq!(child.wait().unwrap().code(), Some(130), "{args:?}");
    }
}
