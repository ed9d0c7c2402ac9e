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

/// The usual piece is as long as a console line allows, whatever the endpoint is called.
#[test]
fn data_is_cut_for_the_console() {
    let device = device(&["--security", "1"]);
    let long = "x".repeat(600);
    let args = [
        "send",
        &device.url,
        "custom-data",
        "--text",
        &long,
        "--pop",
        "abcd1234",
    ];
    let sent = run(&[&args[..], &["--raw"]].concat());
    assert_eq!(sent.code, 0, "{sent:?}");
    assert!(sent.stdout.matches("SUCCESS\0").count() >= 6, "{sent:?}");
    // Who says otherwise is believed.
    run(&[&args[..], &["--chunk", "256", "--json"]].concat()).assert_error(3, "request_too_large");
}

/// Which ports this machine has is not known here; that they are looked for is.
#[test]
fn no_port_named() {
    let run = run(&["info", "serial", "--deadline", "2s", "--json"]);
    let code = run.result()["error"]["code"].clone();
    let known = [
        "no_port",
        "several_ports",
        "cannot_open_port",
        "no_prompt",
        "deadline",
    ];
    assert!(known.iter().any(|known| code == *known), "{run:?}");
}

#[test]
fn a_port_that_is_not_there() {
    run(&["info", "serial:/dev/does-not-exist", "--json"]).assert_error(3, "cannot_open_port");
    run(&["info", "serial:", "--json"]).assert_error(2, "invalid_target");
}
