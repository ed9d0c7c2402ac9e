//! Output of the real binary: none is lost without being told, none is cut, none is mistaken for something else.

use espprov_tests::cli::{Scratch, espprov, finish, run, words};
use std::process::Stdio;

const HOME: [&str; 4] = ["--ssid", "Home", "--passphrase", "correct-horse"];

/// A disk that is full.
#[cfg(target_os = "linux")]
#[test]
fn output_that_is_lost_is_a_failure() {
    for args in [
        &["credentials", "--password", "pw"][..],
        &["credentials", "--password", "pw", "--json"],
        &["scan", "sim:zero", "--json"],
        &["info", "sim:zero"],
        &["send", "sim:zero", "custom-data", "--text", "x", "--raw"],
        &["completions", "bash"],
        &["man"],
        &["--help"],
        &["provision", "--help"],
        &["--version"],
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let end = espprov()
            .args(args)
            .stdout(full)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&end.stderr);
        assert_eq!(end.status.code(), Some(1), "{args:?}: {stderr}");
        assert!(stderr.contains("error[output]: "), "{args:?}: {stderr}");
        assert!(stderr.contains("\n  next:  "), "{args:?}: {stderr}");
    }
}

/// A failure's own code says more than the lost output, which is told all the same.
#[cfg(target_os = "linux")]
#[test]
fn a_failure_keeps_its_code() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let end = espprov()
        .args([
            "provision",
            "sim:zero",
            "--ssid",
            "Home",
            "--passphrase",
            "wrong-horse",
            "--json",
        ])
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(end.status.code(), Some(7), "{end:?}");
    assert!(
        String::from_utf8_lossy(&end.stderr).contains("error[output]: "),
        "{end:?}"
    );
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    for args in [
        &["scan", "sim:zero"][..],
        &["scan", "sim:zero", "--json"],
        &["completions", "bash"],
        &["man"],
        &["--help"],
    ] {
        let mut child = espprov()
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let end = child.wait_with_output().unwrap();
        assert_eq!(end.status.code(), Some(0), "{args:?}: {end:?}");
        assert_eq!(String::from_utf8_lossy(&end.stderr), "", "{args:?}");
    }
}

/// The bytes of an answer, and those only.
fn bytes(args: &[&str], input: &[u8]) -> (Option<i32>, Vec<u8>) {
    use std::io::Write;
    let mut child = espprov()
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input).unwrap();
    drop(stdin);
    let end = child.wait_with_output().unwrap();
    (end.status.code(), end.stdout)
}

#[test]
fn answers_as_they_came() {
    for how in [&["--raw"][..], &["--out", "-"]] {
        let args = [&["send", "sim:zero", "echo", "--hex", "00ff100a"], how].concat();
        assert_eq!(bytes(&args, b""), (Some(0), vec![0, 0xff, 0x10, 0x0a]), "{how:?}");
        let json = run(&[&args[..], &["--json"]].concat());
        json.assert_error(2, "usage");
    }
    let both = [
        "send", "sim:zero", "echo", "--text", "x", "--raw", "--out", "file",
    ];
    run(&both).assert_error(2, "usage");
}

#[test]
fn text_cannot_be_mistaken_for_hex() {
    let shown = |data: &[&str]| {
        let run = run(&[&["send", "sim:zero", "echo"], data].concat());
        assert_eq!(run.code, 0, "{run:?}");
        run.stdout
    };
    assert_eq!(shown(&["--text", "00ff10"]), "00ff10\n");
    assert_eq!(shown(&["--hex", "00ff10"]), "hex:00ff10\n");
    assert_eq!(shown(&["--text", "hex:00"]), "hex:6865783a3030\n");
    assert_eq!(
        shown(&["--hex", "6869e280ae"]),
        "hex:6869e280ae\n",
        "a change of direction"
    );
}

/// More than a buffer, a pipe or a limit of old would hold.
#[test]
fn standard_input_is_never_cut() {
    let data = vec![b'x'; 17 << 20];
    let args = words("send sim:zero custom-data - --raw --chunk 16000");
    let (code, answer) = bytes(&args, &data);
    assert_eq!(code, Some(0));
    assert_eq!(answer.len(), data.len().div_ceil(16_000) * b"SUCCESS\0".len());
}

#[test]
fn an_answer_that_cannot_be_kept_is_not_asked_for() {
    let scratch = Scratch::new();
    let nowhere = scratch.path("no/such/directory/answer");
    let args = [
        "send",
        "sim:zero",
        "custom-data",
        "--text",
        "x",
        "--json",
        "--out",
        &nowhere,
    ];
    let end = run(&args);
    end.assert_error(2, "file");
    assert_eq!(end.names(), ["result"], "nobody was asked");
    // What was there before stays until there is something to put in its place; what was not, does not come.
    let old = scratch.write("old", "of value");
    for path in [old.clone(), scratch.path("new")] {
        let args = [
            "send",
            "http://127.0.0.1:9",
            "custom-data",
            "--text",
            "x",
            "--out",
            &path,
        ];
        run(&args).assert_error(3, "unreachable");
    }
    assert_eq!(std::fs::read_to_string(old).unwrap(), "of value");
    assert!(!std::path::Path::new(&scratch.path("new")).exists());
}

#[test]
fn a_trace_is_kept_until_the_command_line_is_good() {
    let scratch = Scratch::new();
    let trace = scratch.write("keep.jsonl", "an older one");
    for args in [
        &["provision", "sim:zero"][..],
        &["provision", "sim:zero", "--ssid", "Home", "--passphrase", "short"],
        &["provision", "sim:zero", "--ssid", "Home", "--passphrase", "-"],
        &["info", "nonsense"],
        &["send", "sim:zero", "custom-data", "--hex", "zz"],
        &["provision", "sim:zero", "--dataset", "00"],
    ] {
        let end = run(&[args, &["--trace", &trace]].concat());
        assert_eq!(end.code, 2, "{args:?}: {end:?}");
        assert_eq!(
            std::fs::read_to_string(&trace).unwrap(),
            "an older one",
            "{args:?}"
        );
    }
}

#[test]
fn the_lines_of_a_trace_are_as_documented() {
    let scratch = Scratch::new();
    let trace = scratch.path("trace.jsonl");
    let end = run(&[&["provision", "sim:zero", "--trace", &trace][..], &HOME].concat());
    assert_eq!(end.code, 0, "{end:?}");
    let text = std::fs::read_to_string(&trace).unwrap();
    assert!(text.ends_with('\n'), "whole lines");
    let mut lines = text.lines();
    let header = lines.next().unwrap();
    assert!(
        header.starts_with(r#"{"trace":"espprov","version":1,"program":""#),
        "{header}"
    );
    assert!(
        header.ends_with(r#","target":"sim:zero","secrets":false}"#),
        "{header}"
    );
    for line in lines {
        let event = ["exchange", "session", "reconnect", "close"]
            .iter()
            .any(|event| line.starts_with(&format!(r#"{{"event":"{event}","ms":"#)));
        assert!(event, "{line}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_trace_that_is_lost_is_told() {
    let args = [
        &["provision", "sim:zero", "--json", "--trace", "/dev/full"][..],
        &HOME,
    ]
    .concat();
    let end = run(&args);
    end.assert_error(1, "trace_incomplete");
    assert_eq!(
        end.result()["outcome"],
        "connected",
        "what became of the device is told, too"
    );
}

#[test]
fn no_trace_and_no_log_has_the_name_of_a_payload() {
    let scratch = Scratch::new();
    for transport in ["softap", "ble"] {
        let trace = scratch.path(transport);
        let payload = format!(
            r#"{{"ver":"v1","name":"PROV_PRIVATE","pop":"p-private","password":"w-private","transport":"{transport}"}}"#
        );
        let args = ["info", &payload, "--deadline", "300ms", "--trace", &trace, "-vv"];
        for json in [&[][..], &["--json"]] {
            let end = run(&[&args[..], json].concat());
            assert!(matches!(end.code, 3 | 9), "{end:?}");
            let all = format!("{}{}", end.stdout, end.stderr).to_lowercase();
            assert!(!all.contains("private"), "{all}");
        }
        let text = std::fs::read_to_string(&trace).unwrap();
        assert!(text.starts_with(r#"{"trace":"espprov""#), "{text}");
        assert!(!text.to_lowercase().contains("private"), "{text}");
    }
}

#[test]
fn quiet_is_quiet() {
    let json = run(&[&["provision", "sim:zero", "--json", "--quiet"][..], &HOME].concat());
    assert_eq!(json.names(), ["result"]);
    let scan = run(&["scan", "sim:zero", "--json", "--quiet"]);
    assert!(
        scan.names()
            .iter()
            .all(|name| name == "network" || name == "result"),
        "{scan:?}"
    );
    // What the device says about itself is what `info` is for.
    assert_eq!(
        run(&["info", "sim:zero", "--json", "-q"]).names(),
        ["info", "result"]
    );
    let warned = finish(
        espprov()
            .args(["provision", "sim:zero", "--quiet", "--channel", "6"])
            .args(HOME),
        b"",
    );
    assert_eq!(warned.stderr, "");
    assert_eq!(warned.stdout, "Connected to \"Home\", address 192.168.1.57\n");
}

/// A second attempt tells what is new.
#[test]
fn steps_are_told_once() {
    let end = run(&[
        "provision",
        "sim:zero",
        "--ssid",
        "Nowhere",
        "--open",
        "--retries",
        "1",
    ]);
    assert_eq!(end.code, 8, "{end:?}");
    for step in ["Device ", "Session ", "Sent ", "Applied "] {
        assert_eq!(end.stdout.matches(step).count(), 1, "{step}: {end:?}");
    }
}

#[test]
fn application_labels_are_told() {
    let device = espprov_tests::hand_made::HandMade::start(|endpoint, _| {
        (endpoint == "proto-ver").then(|| {
            espprov_tests::hand_made::Answer::Bytes(
                br#"{"rmaker":{"ver":"1.0","cap":["claim"]},"prov":{"ver":"v1.1","sec_ver":0,"cap":["no_sec"]}}"#
                    .to_vec(),
            )
        })
    });
    let info = run(&["info", &device.url, "--json"]);
    assert_eq!(
        info.events()[1]["apps"],
        serde_json::json!([{"label": "rmaker", "version": "1.0"}])
    );
}

#[test]
fn colours_where_they_are_wanted() {
    let coloured = |set: &[(&str, &str)], args: &[&str]| {
        let mut command = espprov();
        command.args(["provision", "sim:zero"]).args(HOME).args(args);
        for (name, value) in set {
            command.env(name, value);
        }
        finish(&mut command, b"").stdout.contains('\u{1b}')
    };
    // Standard output is a pipe here.
    assert!(!coloured(&[], &[]));
    assert!(coloured(&[], &["--color", "always"]));
    assert!(coloured(&[("NO_COLOR", "1")], &["--color=always"]), "a flag wins");
    assert!(coloured(&[("CLICOLOR_FORCE", "1")], &[]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1")], &["--color", "never"]));
    let error = |args: &[&str]| run(&[&["info", "nonsense"], args].concat()).stderr;
    assert!(error(&["--color", "always"]).contains("\u{1b}[1m\u{1b}[31merror[unknown_target]"));
    assert!(!error(&[]).contains('\u{1b}'));
    // The parser's own help, too.
    assert!(run(&["--color", "always", "--help"]).stdout.contains('\u{1b}'));
    run(&["info", "sim:zero", "--color", "sometimes"]).assert_error(2, "usage");
}
