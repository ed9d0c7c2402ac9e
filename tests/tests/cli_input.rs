//! Bad input on the command line of the real binary: the right exit status, and a message with cause and next
//! step. And things that answer but are no device.

use core::time::Duration;
use espprov_tests::cli::{Scratch, Simulator, espprov, finish, run, words};
use std::io::{Read, Write};
use std::net::TcpListener;

#[test]
fn bad_values() {
    let long_name = "n".repeat(33);
    let long_pass = "p".repeat(65);
    let no_hex = "x".repeat(64);
    let long_pop = "o".repeat(129);
    let home = ["provision", "sim:zero", "--ssid", "Home"];
    for (args, code) in [
        (
            &["provision", "sim:zero", "--ssid", &long_name, "--open"][..],
            "invalid_ssid",
        ),
        (&["provision", "sim:zero", "--ssid", "", "--open"], "invalid_ssid"),
        (
            &[&home[..], &["--passphrase", "seven77"]].concat(),
            "invalid_passphrase",
        ),
        (
            &[&home[..], &["--passphrase", &long_pass]].concat(),
            "invalid_passphrase",
        ),
        (
            &[&home[..], &["--passphrase", &no_hex]].concat(),
            "invalid_passphrase",
        ),
        (&[&home[..], &["--open", "--pop", &long_pop]].concat(), "too_long"),
        (
            &["provision", "sim:zero", "--ssid-hex", "486f6", "--open"],
            "invalid_hex",
        ),
        (
            &["provision", "sim:zero", "--ssid-hex", "48zz", "--open"],
            "invalid_hex",
        ),
        (&["provision", "sim:zero", "--dataset", "0003000"], "invalid_hex"),
        (
            &["provision", "sim:zero", "--dataset", "000300"],
            "invalid_dataset",
        ),
        (
            &[
                "provision",
                "sim:zero",
                "--network-name",
                "T",
                "--network-key",
                "0011",
            ],
            "invalid_hex",
        ),
        (
            &[
                "provision",
                "sim:zero",
                "--network-key",
                "00112233445566778899aabbccddeeff",
            ],
            "missing_value",
        ),
        (&["provision", "sim:zero"], "missing_value"),
        (&home, "missing_value"),
        (&["info", "esp32"], "unknown_target"),
        (&["info", "192.168.4.1"], "unknown_target"),
        (&["info", "https://192.168.4.1/path"], "invalid_target"),
        (&["info", "qr:label.png"], "file"),
        (&["info", "{\"ver\":\"v1\"}"], "invalid_payload"),
        (&["info", "sim:/nonexistent/scenario.toml"], "file"),
        (
            &["send", "sim:zero", "no such", "--text", "x"],
            "invalid_endpoint",
        ),
        (
            &["send", "sim:zero", "custom-data", "--hex", "abc"],
            "invalid_hex",
        ),
        (
            &["send", "sim:zero", "custom-data", "--text", ""],
            "empty_request",
        ),
        (&["credentials"], "missing_value"),
        (&["credentials", "--password", "p", "--salt", "0"], "invalid_hex"),
        (&["credentials", "--password", "p", "--salt", ""], "invalid_salt"),
    ] {
        let human = run(args);
        assert_eq!(human.code, 2, "{args:?}: {human:?}");
        assert!(
            human.stderr.contains(&format!("error[{code}]: ")),
            "{args:?}: {human:?}"
        );
        assert!(human.stderr.contains("\n  next:  "), "{args:?}: {human:?}");
        let json = run(&[args, &["--json"]].concat());
        json.assert_error(2, code);
        assert_eq!(json.stderr, "", "{args:?}");
    }
}

#[test]
fn a_missing_value_names_its_flag() {
    for (args, flag) in [
        (&["info"][..], "ESPPROV_TARGET"),
        (&["send", "--text", "x"], "ENDPOINT"),
        (&["provision", "sim:zero"], "--ssid"),
        (&["provision", "sim:zero", "--ssid", "Home"], "--passphrase"),
        (&["credentials"], "--password"),
        (
            &[
                "provision",
                "sim:zero",
                "--network-key",
                "00112233445566778899aabbccddeeff",
            ],
            "--network-name",
        ),
    ] {
        let run = run(args);
        run.assert_error(2, "missing_value");
        assert!(run.stderr.contains(flag), "{run:?}");
    }
}

#[test]
fn what_the_command_line_parser_finds() {
    for args in [
        &["--json"][..],
        &["provision", "sim", "--json", "--no-such-flag"],
        &["provision", "--json", "sim", "--ssid", "a", "--ssid-hex", "61"],
        &["provision", "--json", "sim", "--ssid", "a", "--dataset", "00"],
        &["provision", "--json", "sim", "--deadline", "soon"],
        &["scan", "--json", "sim", "--page", "0"],
        &["send", "--json", "sim", "custom-data"],
        &["nonsense", "--json"],
    ] {
        let run = run(args);
        assert_eq!(run.stderr, "", "{args:?}");
        run.assert_error(2, "usage");
    }
    run(&["provision", "--json"]).assert_error(2, "missing_value");
    let help = run(&["--help"]);
    assert_eq!(help.code, 0);
    assert!(help.stdout.contains("Exit status"), "{help:?}");
    assert_eq!(run(&[]).code, 2);
}

#[test]
fn values_may_begin_with_a_dash() {
    let args = words("provision sim:zero --ssid -x --passphrase -secret- --json");
    run(&args).assert_error(8, "network_not_found");
    assert_eq!(run(&["info", "sim:zero", "--pop", "-pop-", "--json"]).code, 0);
}

#[test]
fn standard_input_is_read_once() {
    let args = words("provision sim:zero --ssid Home --passphrase - --pop -");
    let run = finish(espprov().args(args), b"correct-horse\n");
    run.assert_error(2, "stdin_twice");
}

#[test]
fn nobody_is_there() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let run = run(&["provision", &url, "--ssid", "Home", "--open"]);
    run.assert_error(3, "unreachable");
    assert!(run.stderr.contains("join the Wi-Fi"), "{run:?}");
    assert!(run.stderr.contains("then run again"), "{run:?}");
}

/// Answers every connection with these bytes.
fn impostor(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut request = [0; 2048];
                let _ = stream.read(&mut request);
                let _ = stream.write_all(answer);
                std::thread::sleep(Duration::from_millis(200));
            });
        }
    });
    url
}

#[test]
fn something_else_is_there() {
    for answer in [
        // A router's login page.
        &b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 45\r\n\r\n<html><body>Welcome, please log in</body></ht"[..],
        b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot found",
        b"HTTP/1.1 501 Unsupported method\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"",
    ] {
        let url = impostor(answer);
        let run = run(&["provision", &url, "--ssid", "Home", "--passphrase", "correct-horse", "--json", "--deadline", "5s"]);
        let shown = String::from_utf8_lossy(answer);
        assert_eq!(run.code, 3, "{shown}: {run:?}");
        run.assert_error(3, "not_a_device");
    }
}

#[test]
fn something_that_never_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let run = run(&["info", &url, "--json", "--deadline", "400ms"]);
    run.assert_error(9, "deadline");
    drop(listener);
}

#[test]
fn a_password_for_a_security_1_device() {
    let simulator = Simulator::start(&["--scenario", "zero", "--security", "1"]);
    let run = run(&[
        "provision",
        &simulator.url,
        "--password",
        "abcd1234",
        "--ssid",
        "Home",
        "--open",
    ]);
    run.assert_error(5, "password_for_security1");
    assert!(run.stderr.contains("--pop"), "{run:?}");
}

#[test]
fn the_target_can_come_from_the_environment() {
    let with =
        |args: &[&str], target: &str| finish(espprov().args(args).env("ESPPROV_TARGET", target), b"piped");
    let info = with(&["info", "--json"], "sim:zero");
    assert_eq!(info.events()[0]["target"], "sim:zero", "{info:?}");
    // An argument wins.
    let info = with(&["info", "sim", "--json"], "ble:NOBODY");
    assert_eq!(info.events()[0]["target"], "sim", "{info:?}");
    // `send` has further words.
    for args in [
        &["send", "custom-data", "--text", "x"][..],
        &["send", "custom-data", "-"],
        &["send", "sim:zero", "custom-data", "-"],
    ] {
        let sent = with(args, "sim:zero");
        assert_eq!(
            (sent.code, sent.stdout.as_str()),
            (0, "SUCCESS\n"),
            "{args:?}: {sent:?}"
        );
    }
    with(&["info"], "").assert_error(2, "missing_value");
    with(&["info"], "nonsense").assert_error(2, "unknown_target");
}

#[test]
fn options_of_bluetooth_on_another_link() {
    for option in [
        &["--adapter", "hci1"][..],
        &["--service", "1775244d-6b43-439b-877c-060f2d9bed07"],
    ] {
        for command in [
            &["info", "sim:zero"][..],
            &["info", "http://127.0.0.1:9"],
            &["info", "serial:/dev/nope"],
            &["credentials", "--password", "pw"],
            &["simulate", "--console"],
        ] {
            let refused = run(&[command, option].concat());
            assert_eq!(refused.code, 2, "{command:?}: {refused:?}");
            assert!(refused.stderr.contains("error[not_bluetooth]"), "{refused:?}");
            assert!(refused.stderr.contains(option[0]), "{refused:?}");
        }
    }
}

#[test]
fn credentials_as_long_as_firmware_takes_them() {
    let long = "p".repeat(100);
    let simulator = Simulator::start(&["--scenario", "zero", "--security", "1", "--pop", &long]);
    let scan = run(&["scan", &simulator.url, "--pop", &long, "--json"]);
    assert_eq!(scan.code, 0, "{scan:?}");
    let options = ["--username", &long, "--password", &long];
    let simulator = Simulator::start(&[&["--scenario", "zero"][..], &options].concat());
    let scan = run(&[&["scan", &simulator.url, "--json"][..], &options].concat());
    assert_eq!(scan.code, 0, "{scan:?}");
    assert_eq!(run(&[&["credentials"][..], &options].concat()).code, 0);
}

/// What is given as PoP opens the device, whichever scheme it runs; a password is for security 2 alone.
#[test]
fn a_simulated_device_is_opened_by_the_pop_it_was_given() {
    for scheme in ["1", "2"] {
        let simulator = Simulator::start(&["--scenario", "zero", "--security", scheme, "--pop", "mine"]);
        for (pop, code) in [("mine", 0), ("abcd1234", 4)] {
            let scan = run(&["scan", &simulator.url, "--pop", pop, "--json"]);
            assert_eq!(scan.code, code, "security {scheme}, {pop}: {scan:?}");
        }
    }
}

/// Who gives both has a device of whichever scheme.
#[test]
fn a_simulated_device_with_a_pop_and_a_password() {
    for (scheme, flag, secret) in [("1", "--pop", "mine"), ("2", "--password", "other")] {
        let both = [
            "--username",
            "me",
            "--pop",
            "mine",
            "--password",
            "other",
            "--security",
            scheme,
        ];
        let simulator = Simulator::start(&[&["--scenario", "zero"][..], &both].concat());
        let mut words = vec!["scan", &simulator.url, flag, secret, "--json"];
        if scheme == "2" {
            words.extend(["--username", "me"]);
        }
        let scan = run(&words);
        assert_eq!(scan.code, 0, "security {scheme}: {scan:?}");
    }
}

/// No client could open it.
#[test]
fn a_simulated_device_of_security_2_has_a_password() {
    for secret in ["--pop", "--password"] {
        let refused = run(&["simulate", "--console", "--scenario", "zero", secret, ""]);
        assert_eq!(refused.code, 2, "{secret}: {refused:?}");
        assert!(refused.stderr.contains("error[invalid_scenario]"), "{refused:?}");
        assert!(refused.stderr.contains("needs a password"), "{refused:?}");
    }
}

/// What is typed comes before the environment's, and that before a scenario without a password of its own.
#[test]
fn a_simulated_device_and_the_environment() {
    let own = "[security]\nscheme = 2\npassword = \"other\"";
    let scratch = Scratch::new();
    let own = scratch.write("own.toml", own);
    for (environment, words, opened_by) in [
        (
            ("ESPPROV_PASSWORD", "theirs"),
            &["--scenario", "zero", "--pop", "mine"][..],
            "mine",
        ),
        // A password of the scenario's, too.
        (
            ("ESPPROV_PASSWORD", "theirs"),
            &["--scenario", &own, "--pop", "mine"],
            "mine",
        ),
        (("ESPPROV_POP", "theirs"), &["--scenario", "zero"], "theirs"),
        (("ESPPROV_POP", "theirs"), &["--scenario", &own], "other"),
        (("ESPPROV_PASSWORD", "theirs"), &["--scenario", &own], "theirs"),
    ] {
        let simulator = Simulator::start_with(words, &[environment]);
        let scan = run(&["scan", &simulator.url, "--password", opened_by, "--json"]);
        assert_eq!(scan.code, 0, "{environment:?} {words:?}: {scan:?}");
    }
}

/// What would do nothing is not taken in silence.
#[test]
fn what_a_simulated_device_has_no_use_for() {
    for (line, flag) in [
        ("--security 1 --password x", "--password"),
        ("--security 1 --username x", "--username"),
        ("--security 1 --patch 1", "--patch"),
        ("--security 0 --pop x", "--pop"),
        ("--http 127.0.0.1:0 --line-limit 0", "--line-limit"),
        ("--http 127.0.0.1:0 --count 2 --line-limit 0", "--line-limit"),
        ("--console --page page.html", "--page"),
    ] {
        let words: Vec<_> = core::iter::once("simulate").chain(line.split(' ')).collect();
        let refused = run(&words);
        assert_eq!(refused.code, 2, "{line}: {refused:?}");
        assert!(refused.stderr.contains("error[no_effect]"), "{line}: {refused:?}");
        assert!(refused.stderr.contains(flag), "{line}: {refused:?}");
    }
}

/// What people paste is understood, as far as it is a setup code; else it is named for what it is.
#[test]
fn setup_codes_as_they_are_pasted() {
    let json = r#"{"ver":"v1","name":"PROV_1","pop":"hush-hush","transport":"softap"}"#;
    let two_lines = format!(
        "I (1152) QRCODE: Encoding below text with ECC LVL 0 & QR Code Version 10\nI (1162) QRCODE: {json}"
    );
    let coloured = format!("\u{1b}[0;32mI (9) app: {json}\u{1b}[0m");
    let link = "https://x.example/qr.html?data=%7B%22name%22%3A%22P%22%2C%22transport%22%3A%22softap%22%7D";
    for text in [
        json,
        &two_lines,
        &coloured,
        link,
        "NP:PROV_1|hush-hush|s",
        "I (9) app: NP:PROV_1|hush-hush|s",
    ] {
        let understood = run(&["info", text, "--deadline", "300ms", "--json"]);
        // Nobody is there: what matters is that it was looked for.
        assert!(matches!(understood.code, 3 | 9), "{text}: {understood:?}");
        assert!(!format!("{understood:?}").contains("hush"), "{understood:?}");
    }
    for (text, word) in [
        (
            "https://x.example/qrcode.html?data=MT%3AY.K9042C00KA0648G00",
            "Matter",
        ),
        ("MT:Y.K9042C00KA0648G00", "Matter"),
        ("3497-011-2332", "Matter"),
        ("DPP:C:81/1;;", "Easy Connect"),
        ("WIFI:S:Home;T:WPA;P:correct-horse;;", "Wi-Fi network"),
    ] {
        let named = run(&["info", text, "--json"]);
        named.assert_error(2, "invalid_payload");
        let message = named.result()["error"]["message"].to_string();
        assert!(message.contains(word), "{text}: {message}");
        assert!(!named.stdout.contains("correct-horse"), "{named:?}");
    }
}

#[test]
fn datasets_as_tools_print_them() {
    let hex = "000300000f02081111222233334444051000112233445566778899aabbccddeeff010251de";
    for printed in [
        format!("{hex}\r\nDone\r\n"),
        format!("> dataset active -x\r\n{hex}\r\nDone\r\n> "),
        format!("hex:{hex}\n"),
        format!("\u{feff}\"{}\";\r\n", hex.to_uppercase()),
    ] {
        let args = ["provision", "sim:zero", "--json", "--dataset", "-"];
        let joined = finish(espprov().args(args), printed.as_bytes());
        assert_eq!(joined.result()["outcome"], "connected", "{printed}: {joined:?}");
    }
}

#[test]
fn help_of_every_command() {
    for command in ["info", "scan", "provision", "status", "reset", "reprov", "send"] {
        let help = run(&[command, "--help"]).stdout;
        for word in [
            "ble:NAME",
            "serial:PORT",
            "softap",
            "sim:FILE",
            "NP:",
            "ESPPROV_TARGET",
            "Examples:",
        ] {
            assert!(help.contains(word), "{command} lacks {word}: {help}");
        }
    }
    for command in ["discover", "credentials", "simulate", "completions", "man"] {
        let help = run(&[command, "--help"]).stdout;
        assert!(help.contains("Examples:"), "{command}: {help}");
    }
    // Each option under the heading it belongs to.
    let help = run(&["simulate", "--help"]).stdout;
    let under = |option: &str| {
        let before = help.split(&format!("--{option} ")).next().unwrap();
        let heading = before
            .lines()
            .rev()
            .find(|line| line.ends_with(':') && !line.starts_with(' '));
        heading.unwrap_or_default().to_owned()
    };
    for (option, heading) in [
        ("http", "Links:"),
        ("pop", "Security:"),
        ("seed", "Device:"),
        ("flavour", "Device:"),
        ("trace", "Global options:"),
    ] {
        assert_eq!(under(option), heading, "{option}: {help}");
    }
}
