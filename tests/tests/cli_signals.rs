//! Signals: wherever the real binary is when one comes, it says its result, leaves the terminal as it was, and ends
//! in time with the signal's status.
#![cfg(unix)]

use core::time::Duration;
use espprov_tests::cli::{espprov, words};
use rexpect::session::spawn_command;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// What the contract allows.
const IN_TIME: Duration = Duration::from_secs(3);

const SIGNALS: [(&str, i32); 3] = [("INT", 130), ("TERM", 143), ("HUP", 129)];

/// The program, with what the three signals do by default: tests run under `nohup`, or in the background of a script, hand
/// down that they are ignored.
fn heeding() -> Command {
    let espprov = espprov();
    if !cfg!(target_os = "linux") {
        return espprov;
    }
    let mut command = Command::new("env");
    command
        .args(["--default-signal=HUP,INT,TERM", "--"])
        .arg(espprov.get_program())
        .stdin(Stdio::null());
    for (name, value) in espprov.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

fn kill(signal: &str, pid: &str) {
    let sent = Command::new("kill").args([&format!("-{signal}"), pid]).status();
    assert!(sent.unwrap().success());
}

/// Waits until the process has handlers for all three.
#[cfg(target_os = "linux")]
fn wait_for_handlers(pid: &str) {
    let wanted = (1 << 0) | (1 << 1) | (1 << 14);
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let caught = status
            .lines()
            .find_map(|line| line.strip_prefix("SigCgt:"))
            .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .unwrap_or_default();
        if caught & wanted == wanted {
            return;
        }
        assert!(Instant::now() < until, "no handlers: {status}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(not(target_os = "linux"))]
fn wait_for_handlers(_: &str) {
    std::thread::sleep(Duration::from_secs(1));
}

/// Sends the signal; what was printed from then on, and the exit status.
fn end(mut child: Child, mut rest: impl Read, signal: &str) -> (String, Option<i32>) {
    let sent = Instant::now();
    kill(signal, &child.id().to_string());
    let mut text = String::new();
    rest.read_to_string(&mut text).unwrap();
    let status = child.wait().unwrap();
    assert!(sent.elapsed() < IN_TIME, "{signal}: {:?}", sent.elapsed());
    (text, status.code())
}

fn assert_interrupted(text: &str) {
    let last: Value = serde_json::from_str(text.lines().last().unwrap_or_default())
        .unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(last["event"], "result", "{text}");
    assert_eq!(last["ok"], false);
    assert_eq!(last["outcome"], "interrupted");
    assert_eq!(last["error"]["code"], "interrupted");
}

#[test]
fn under_way() {
    let attic = ["--ssid", "Attic", "--passphrase", "correct-horse"];
    for (signal, status) in SIGNALS {
        for (args, seen) in [
            // Six seconds on its own.
            (
                &[&["provision", "sim", "--json"][..], &attic].concat(),
                "connecting",
            ),
            (&vec!["scan", "sim", "--json"], "session"),
            (&vec!["simulate", "--http", "127.0.0.1:0", "--json"], "listening"),
        ] {
            let mut child = heeding().args(args).stdout(Stdio::piped()).spawn().unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap());
            let mut line = String::new();
            while !line.contains(&format!("\"event\":\"{seen}\"")) {
                line.clear();
                assert_ne!(lines.read_line(&mut line).unwrap(), 0, "{args:?}: ended early");
            }
            let (text, code) = end(child, lines, signal);
            assert_eq!(code, Some(status), "{args:?}");
            assert_interrupted(&text);
        }
    }
}

#[test]
fn while_reading_standard_input() {
    for (signal, status) in SIGNALS {
        for args in [
            "provision sim:zero --ssid Home --passphrase - --json",
            "send sim:zero custom-data - --json",
            "credentials --password - --json",
            "info sim:/dev/stdin --json",
        ] {
            let args = words(args);
            let mut child = heeding()
                .args(&args)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            // Held open: nothing ever comes.
            let stdin = child.stdin.take();
            let stdout = child.stdout.take().unwrap();
            wait_for_handlers(&child.id().to_string());
            let (text, code) = end(child, stdout, signal);
            drop(stdin);
            assert_eq!(code, Some(status), "{args:?}");
            assert_interrupted(&text);
        }
    }
}

/// A reader that does not read: nothing more can be said, but the process ends.
#[test]
fn while_nobody_reads_the_output() {
    let mut child = heeding()
        .args(["send", "sim:zero", "echo", "-", "--chunk", "16000", "--raw"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || std::io::Write::write_all(&mut stdin, &vec![b'x'; 1 << 20]));
    let stdout = child.stdout.take().unwrap();
    writer.join().unwrap().unwrap();
    // Until it hangs in a full pipe.
    std::thread::sleep(Duration::from_millis(1500));
    assert!(child.try_wait().unwrap().is_none(), "the pipe holds it");
    let sent = Instant::now();
    kill("TERM", &child.id().to_string());
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert!(
        sent.elapsed() < IN_TIME + Duration::from_millis(500),
        "{:?}",
        sent.elapsed()
    );
    drop(stdout);
}

#[test]
fn at_a_question_the_terminal_is_put_in_order() {
    for (signal, status) in SIGNALS {
        let program = heeding();
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg("echo before=$(stty -g).; sh -c 'echo pid=$$.; exec \"$0\" \"$@\"' \"$@\"; echo status=$?.; echo after=$(stty -g).")
            .arg("sh")
            .arg(program.get_program())
            .args(program.get_args())
            .args(["provision", "sim:zero", "--ssid", "Home"])
            .env("TERM", "xterm-256color")
            .env_remove("ESPPROV_PASSPHRASE");
        let mut session = spawn_command(shell, Some(10_000)).unwrap();
        session.exp_string("before=").unwrap();
        let before = session.exp_string(".").unwrap();
        session.exp_string("pid=").unwrap();
        let pid = session.exp_string(".").unwrap();
        session.exp_string("Passphrase of \"Home\":").unwrap();
        let sent = Instant::now();
        kill(signal, &pid);
        session.exp_string("interrupted").unwrap();
        session.exp_string(&format!("status={status}.")).unwrap();
        assert!(sent.elapsed() < IN_TIME, "{signal}: {:?}", sent.elapsed());
        session.exp_string("after=").unwrap();
        assert_eq!(session.exp_string(".").unwrap(), before, "{signal}");
    }
}

#[test]
fn a_simulator_says_that_it_stopped() {
    let mut child = heeding()
        .args(["simulate", "--http", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("Listening") {
        line.clear();
        assert_ne!(lines.read_line(&mut line).unwrap(), 0, "ended early");
    }
    kill("TERM", &child.id().to_string());
    let end = child.wait_with_output().unwrap();
    assert_eq!(end.status.code(), Some(143));
    assert_eq!(String::from_utf8_lossy(&end.stderr), "espprov: stopped\n");
}

/// Told to outlive its terminal, and nobody left to answer.
#[cfg(target_os = "linux")]
#[test]
fn a_question_ends_with_its_terminal() {
    // Whose end ends the terminal.
    let mut terminal = Command::new("script")
        .args(["--quiet", "--flush", "--command"])
        .arg(format!(
            "trap '' HUP; echo pid=$$.; exec '{}' provision sim:zero --ssid Home",
            espprov().get_program().to_str().unwrap()
        ))
        .arg("/dev/null")
        .env("TERM", "xterm-256color")
        .env("SHELL", "/bin/sh")
        .env_remove("ESPPROV_PASSPHRASE")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut shown, mut byte) = (String::new(), [0]);
    let screen = terminal.stdout.as_mut().unwrap();
    while !shown.contains("Passphrase of") {
        assert_eq!(screen.read(&mut byte).unwrap(), 1, "{shown}");
        shown.push(char::from(byte[0]));
    }
    let pid = shown.split("pid=").nth(1).unwrap().split('.').next().unwrap();
    terminal.kill().unwrap();
    terminal.wait().unwrap();
    let left = Instant::now();
    while std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z ")) {
        assert!(left.elapsed() < IN_TIME, "it still asks");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Under `nohup` the terminal may go.
#[cfg(target_os = "linux")]
#[test]
fn nohup_is_heeded() {
    let mut child = Command::new("sh")
        .arg("-c")
        .arg("trap '' HUP; exec \"$@\"")
        .arg("sh")
        .arg(espprov().get_program())
        .args(["simulate", "--http", "127.0.0.1:0", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    kill("HUP", &child.id().to_string());
    std::thread::sleep(Duration::from_millis(200));
    assert!(child.try_wait().unwrap().is_none(), "it goes on");
    let (_, code) = end(child, lines, "TERM");
    assert_eq!(code, Some(143));
}
