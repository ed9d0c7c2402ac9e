//! `serial:` targets, the real binary on both ends of a pseudo-terminal.
#![cfg(unix)]

use espprov_tests::cli::{espprov, run};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

/// `espprov simulate --pty` in a process of its own; it ends when this is dropped.
struct OnPty {
    child: Child,
    target: String,
}

impl OnPty {
    fn start(args: &[&str]) -> Self {
        let mut child = espprov()
            .args(["simulate", "--json", "--pty", "--scenario", "zero"])
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the simulator starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let _ = BufReader::new(stdout).read_line(&mut line);
        let event: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        assert_eq!(event["transport"], "serial", "{line}");
        let target = event["address"].as_str().expect("an address").to_owned();
        Self { child, target }
    }
}

impl Drop for OnPty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn provisions_over_a_serial_port() {
    let device = OnPty::start(&["--security", "1"]);
    let home = [
        "--pop",
        "abcd1234",
        "--ssid",
        "Home",
        "--passphrase",
        "correct-horse",
        "--json",
    ];
    let run = run(&[&["provision", &device.target], &home[..]].concat());
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.result()["outcome"], "connected", "{run:?}");
}

#[test]
fn a_wrong_pop_has_its_exit_status() {
    let device = OnPty::start(&["--security", "1"]);
    run(&["scan", &device.target, "--pop", "wrong", "--json"]).assert_error(4, "wrong_pop");
}

#[test]
fn security_2_does_not_fit_stock_lines() {
    let device = OnPty::start(&["--security", "2", "--line-limit", "0"]);
    run(&["scan", &device.target, "--password", "abcd1234", "--json"]).assert_error(3, "request_too_large");
    let long = format!("{}?line-limit=0", device.target);
    let run = run(&["scan", &long, "--password", "abcd1234", "--json"]);
    assert_eq!(run.code, 0, "{run:?}");
}

#[test]
fn a_port_that_is_not_there() {
    run(&["info", "serial:/dev/does-not-exist", "--json"]).assert_error(3, "cannot_open_port");
    run(&["info", "serial:", "--json"]).assert_error(2, "invalid_target");
}
