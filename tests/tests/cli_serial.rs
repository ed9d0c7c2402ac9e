//! `serial:` targets, the real binary on both ends of a pseudo-terminal.
#![cfg(unix)]

use espprov_tests::cli::{Simulator, run};

/// A simulated device on a pseudo-terminal, with short delays.
fn device(args: &[&str]) -> Simulator {
    Simulator::on_pty(&[&["--scenario", "zero"], args].concat())
}

#[test]
fn provisions_over_a_serial_port() {
    let device = device(&["--security", "1"]);
    let home = [
        "--pop",
        "abcd1234",
        "--ssid",
        "Home",
        "--passphrase",
        "correct-horse",
        "--json",
    ];
    let run = run(&[&["provision", &device.url], &home[..]].concat());
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.result()["outcome"], "connected", "{run:?}");
}

#[test]
fn a_wrong_pop_has_its_exit_status() {
    let device = device(&["--security", "1"]);
    run(&["scan", &device.url, "--pop", "wrong", "--json"]).assert_error(4, "wrong_pop");
}

#[test]
fn security_2_does_not_fit_stock_lines() {
    let device = device(&["--security", "2", "--line-limit", "0"]);
    run(&["scan", &device.url, "--password", "abcd1234", "--json"]).assert_error(3, "request_too_large");
    let long = format!("{}?line-limit=0", device.url);
    let run = run(&["scan", &long, "--password", "abcd1234", "--json"]);
    assert_eq!(run.code, 0, "{run:?}");
}

#[test]
fn a_port_that_is_not_there() {
    run(&["info", "serial:/dev/does-not-exist", "--json"]).assert_error(3, "cannot_open_port");
    run(&["info", "serial:", "--json"]).assert_error(2, "invalid_target");
}
