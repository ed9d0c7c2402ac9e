//! Secrets reach the device and nothing else: no output, no error, no trace.

use espprov_tests::cli::{Run, Scratch, Simulator, espprov, finish, run};
use serde_json::Value;

const POP: &str = "p0p-nobody-may-see";
const PASSPHRASE: &str = "pass-nobody-may-see";

fn assert_hidden(run: &Run) {
    for text in [&run.stdout, &run.stderr] {
        assert!(!text.contains("nobody-may-see"), "{run:?}");
        // Nor as hex.
        assert!(!text.contains("6e6f626f64792d6d61792d736565"), "{run:?}");
    }
}

fn world(scratch: &Scratch) -> String {
    scratch.write(
        "world.toml",
        &format!(
            "[device]\nauto_stop = false\n[security]\npop = \"{POP}\"\npassword = \"{POP}\"\n\
             [delays]\nconnect_ms = 0\nauth_fail_ms = 0\n\
             [[network]]\nssid = \"Home\"\nchannel = 6\nrssi = -41\nauth = \"wpa2\"\npassphrase = \"{PASSPHRASE}\"\n"
        ),
    )
}

#[test]
fn by_flag_by_variable_and_by_standard_input() {
    let scratch = Scratch::new();
    let target = format!("sim:{}", world(&scratch));
    let base = ["provision", target.as_str(), "--ssid", "Home", "--json"];
    let flags = run(&[&base[..], &["--pop", POP, "--passphrase", PASSPHRASE]].concat());
    let variables = finish(
        espprov()
            .args(base)
            .env("ESPPROV_PASSWORD", POP)
            .env("ESPPROV_PASSPHRASE", PASSPHRASE),
        b"",
    );
    let input = finish(
        espprov()
            .args(base)
            .args(["--passphrase", "-"])
            .env("ESPPROV_POP", POP),
        format!("{PASSPHRASE}\r\n").as_bytes(),
    );
    for run in [flags, variables, input] {
        assert_eq!(run.result()["outcome"], "connected", "{run:?}");
        assert_hidden(&run);
    }
    // The flag wins, and with it the wrong one.
    let wins = finish(
        espprov()
            .args(base)
            .args(["--passphrase", PASSPHRASE, "--pop", "other"])
            .env("ESPPROV_POP", POP),
        b"",
    );
    wins.assert_error(4, "wrong_password");
    // --open wins over the variable.
    let open = finish(
        espprov()
            .args(base)
            .arg("--open")
            .env("ESPPROV_PASSPHRASE", PASSPHRASE),
        b"",
    );
    open.assert_error(7, "auth_error");
    let help = finish(
        espprov().args(["provision", "--help"]).env("ESPPROV_POP", POP),
        b"",
    );
    assert!(help.stdout.contains("ESPPROV_POP"));
    assert_hidden(&help);
}

#[test]
fn mistakes_do_not_repeat_them() {
    let payload = format!(r#"{{"ver":"v1","name":"P","pop":"{POP}","transport":"softap""#);
    for args in [
        &[
            "provision",
            "sim:zero",
            "--ssid",
            "Home",
            "--passphrase",
            "pass",
            PASSPHRASE,
        ][..],
        &[
            "provision",
            "sim:zero",
            "--ssid",
            "Home",
            "--pasphrase=pass-nobody-may-see",
        ],
        &[
            "provision",
            "sim:zero",
            "--ssid",
            "Home",
            "--open=pass-nobody-may-see",
        ],
        &["provision", PASSPHRASE, "sim:zero", "--ssid", "Home"],
        &[
            "provision",
            "sim:zero",
            "--network-name",
            "T",
            "--network-key",
            PASSPHRASE,
        ],
        &["provision", "sim:zero", "--dataset", PASSPHRASE],
        &[
            "provision",
            "sim:zero",
            "--ssid",
            "Home",
            "--passphrase",
            "p\u{e9}-nobody-may-see-nobody-may-see-nobody-may-see-nobody-may-see-",
        ],
        &["send", "sim:zero", "custom-data", PASSPHRASE],
        &["send", "sim:zero", "custom-data", "--hex", PASSPHRASE],
        &["info", &payload],
    ] {
        for json in [&[][..], &["--json"]] {
            let run = run(&[args, json].concat());
            assert_eq!(run.code, 2, "{args:?}: {run:?}");
            assert_hidden(&run);
        }
    }
}

#[test]
fn a_simulator_in_a_script_does_not_tell_its_credentials() {
    let mut child = espprov();
    child.args(["simulate", "--console", "--password", POP, "-v"]);
    let run = finish(&mut child, b"\r");
    assert_eq!(run.code, 0, "{run:?}");
    // The wire, and nothing else: prompts and line ends.
    assert_eq!(run.stdout.matches(">> ").count(), 2, "{run:?}");
    assert_eq!(run.stdout.replace(">> ", "").trim(), "", "{run:?}");
    assert_hidden(&run);
}

fn lines(path: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn hex(text: &str) -> String {
    hex::encode(text)
}

#[test]
fn the_trace_masks_what_travels_in_clear() {
    let scratch = Scratch::new();
    let scenario = world(&scratch);
    let simulator = Simulator::start(&["--scenario", &scenario, "--security", "0"]);
    let trace = scratch.path("trace.jsonl");
    std::fs::write(&trace, "an older file that everybody may read").unwrap();
    let provision = |extra: &[&str]| {
        let base = [
            "provision",
            &simulator.url,
            "--ssid",
            "Home",
            "--passphrase",
            PASSPHRASE,
            "--allow-plaintext",
            "--json",
            "--trace",
            &trace,
        ];
        run(&[&base[..], extra].concat())
    };
    let masked = provision(&[]);
    assert_eq!(masked.code, 0, "{masked:?}");
    let text = std::fs::read_to_string(&trace).unwrap();
    assert!(!text.contains(&hex("nobody-may-see")), "{text}");
    let records = lines(&trace);
    assert_eq!(records[0]["trace"], "espprov");
    assert_eq!(records[0]["version"], 1);
    assert_eq!(records[0]["target"], simulator.url.as_str());
    let set: Vec<_> = records.iter().filter(|record| record["masked"] == true).collect();
    assert_eq!(set.len(), 1, "only the credentials are left out: {text}");
    assert_eq!(set[0]["endpoint"], "prov-config");
    assert!(
        set[0]["request"].is_null() && set[0]["request_len"].is_u64(),
        "{text}"
    );
    assert!(
        records
            .iter()
            .any(|record| record["endpoint"] == "proto-ver" && record["reply"].is_string())
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            std::fs::metadata(&trace).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    let reset = run(&["reprov", &simulator.url, "--allow-plaintext"]);
    assert_eq!(reset.code, 0, "{reset:?}");
    assert_eq!(provision(&["--trace-secrets"]).code, 0);
    let text = std::fs::read_to_string(&trace).unwrap();
    assert!(text.contains(&hex(PASSPHRASE)), "asked for: {text}");
    // Custom data is the application's: masked both ways.
    let send = [
        "send",
        &simulator.url,
        "custom-data",
        "--text",
        PASSPHRASE,
        "--allow-plaintext",
        "--trace",
        &trace,
    ];
    assert_eq!(run(&send).code, 0);
    let text = std::fs::read_to_string(&trace).unwrap();
    assert!(!text.contains(&hex("nobody-may-see")), "{text}");
    assert!(!text.contains(&hex("SUCCESS")), "{text}");
}

#[test]
fn the_trace_of_an_encrypted_session() {
    let scratch = Scratch::new();
    let target = format!("sim:{}", world(&scratch));
    let trace = scratch.path("trace.jsonl");
    let args = [
        "provision",
        &target,
        "--ssid",
        "Home",
        "--passphrase",
        PASSPHRASE,
        "--trace",
        &trace,
    ];
    let run_once = run(&args);
    assert_eq!(run_once.code, 0, "{run_once:?}");
    let text = std::fs::read_to_string(&trace).unwrap();
    assert!(
        !text.contains(&hex("nobody-may-see")) && !text.contains("nobody-may-see"),
        "{text}"
    );
    assert!(!text.contains("entropy") && !text.contains("masked"), "{text}");
    let exchanges: Vec<_> = lines(&trace)
        .into_iter()
        .filter(|line| line["event"] == "exchange")
        .collect();
    let endpoints: Vec<_> = exchanges
        .iter()
        .map(|line| line["endpoint"].as_str().unwrap())
        .collect();
    // One version, two for the handshake, set, apply, one look at the status: nothing more.
    assert_eq!(
        endpoints,
        [
            "proto-ver",
            "prov-session",
            "prov-session",
            "prov-config",
            "prov-config",
            "prov-config"
        ]
    );
    for line in &exchanges {
        let request = line["request"].as_str().unwrap();
        assert_eq!(request.len() as u64, 2 * line["request_len"].as_u64().unwrap());
        assert!(line["ms"].is_u64() && line["took_ms"].is_u64(), "{line}");
    }
    assert!(run(&[&args[..], &["--trace-secrets"]].concat()).code == 0);
    let text = std::fs::read_to_string(&trace).unwrap();
    assert!(
        text.contains("\"event\":\"entropy\""),
        "what decryption needs: {text}"
    );
    run(&["info", "sim:zero", "--trace", "/nonexistent/dir/trace"]).assert_error(2, "file");
}

#[test]
fn a_secret_that_is_missing_is_never_an_empty_one() {
    let home = ["provision", "sim:zero", "--ssid", "Home", "--json"];
    let pass = ["--passphrase", "correct-horse"];
    let guests = ["provision", "sim:zero", "--ssid", "Guests", "--json"];
    // A variable that is set and empty: a CI secret that is not there.
    for (variable, args, flag) in [
        ("ESPPROV_PASSPHRASE", &home[..], "--passphrase"),
        ("ESPPROV_PASSPHRASE", &guests[..], "--passphrase"),
        ("ESPPROV_POP", &[&home[..], &pass].concat(), "--pop"),
        ("ESPPROV_PASSWORD", &[&home[..], &pass].concat(), "--password"),
        ("ESPPROV_USERNAME", &[&home[..], &pass].concat(), "--username"),
        ("ESPPROV_PASSWORD", &["credentials", "--json"][..], "--password"),
        ("ESPPROV_POP", &["simulate", "--console", "--json"][..], "--pop"),
    ] {
        let run = finish(espprov().args(args).env(variable, ""), b"");
        run_is_missing(&run, flag, args);
    }
    // Standard input that brings nothing: the other end of the pipe has failed.
    for (args, flag) in [
        (&[&home[..], &["--passphrase", "-"]].concat()[..], "--passphrase"),
        (&[&guests[..], &["--passphrase", "-"]].concat(), "--passphrase"),
        (&[&home[..], &pass, &["--pop", "-"]].concat(), "--pop"),
        (&[&home[..], &pass, &["--password", "-"]].concat(), "--password"),
        (&[&home[..], &pass, &["--username", "-"]].concat(), "--username"),
        (
            &["provision", "sim:zero", "--json", "--dataset", "-"],
            "--dataset",
        ),
        (
            &[
                "provision",
                "sim:zero",
                "--json",
                "--network-name",
                "T",
                "--network-key",
                "-",
            ],
            "--network-key",
        ),
        (&["credentials", "--json", "--password", "-"], "--password"),
    ] {
        for input in [&b""[..], b"\n", b"\r\n"] {
            let run = finish(espprov().args(args), input);
            if run.stdout.contains("\"event\":\"listening\"") {
                continue; // the events of a console go to stderr
            }
            run_is_missing(&run, flag, args);
        }
    }
    // "None" is said by a literal, and by nothing else.
    for none in [&["--open"][..], &["--passphrase", ""]] {
        let run = run(&[&guests[..], none].concat());
        assert_eq!(run.result()["outcome"], "connected", "{run:?}");
    }
    let simulator = Simulator::start(&["--scenario", "zero", "--security", "1", "--pop", ""]);
    let none = run(&["scan", &simulator.url, "--json", "--pop", ""]);
    assert_eq!(none.code, 0, "{none:?}");
}

#[track_caller]
fn run_is_missing(run: &Run, flag: &str, args: &[&str]) {
    assert_eq!(run.code, 2, "{args:?}: {run:?}");
    let text = format!("{}{}", run.stdout, run.stderr);
    assert!(text.contains("\"code\":\"missing_value\""), "{args:?}: {run:?}");
    assert!(text.contains(flag), "{args:?}: {run:?}");
    assert!(!text.contains("config_sent"), "{args:?}: {run:?}");
}
