//! Questions on a terminal, answered through a pseudo-terminal.
#![cfg(unix)]

use espprov_tests::cli::{Simulator, espprov};
use rexpect::process::WaitStatus;
use rexpect::session::{PtySession, spawn_command};

const ENTER: &str = "\r";

fn on_terminal(args: &[&str]) -> PtySession {
    let mut plain = std::process::Command::new(espprov().get_program());
    plain
        .args(args)
        .env("TERM", "xterm-256color")
        .env_remove("ESPPROV_PASSPHRASE");
    spawn_command(plain, Some(10_000)).unwrap()
}

fn answer(session: &mut PtySession, keys: &str) {
    session.send(keys).unwrap();
    session.flush().unwrap();
}

fn exit(session: &PtySession) -> i32 {
    match session.process().wait().unwrap() {
        WaitStatus::Exited(_, code) => code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn choose_a_network_and_correct_a_passphrase() {
    let mut session = on_terminal(&["provision", "sim:zero"]);
    session
        .exp_string("Which network is the device to join?")
        .unwrap();
    session.exp_string("(another network, not listed)").unwrap();
    answer(&mut session, ENTER);
    session.exp_string("Passphrase of \"Home\":").unwrap();
    answer(&mut session, "short\r");
    session.exp_string("shorter than 8").unwrap();
    session.exp_string("Passphrase of \"Home\":").unwrap();
    answer(&mut session, "wrong-horse\r");
    session.exp_string("refused the device").unwrap();
    session.exp_string("Passphrase of \"Home\":").unwrap();
    answer(&mut session, "correct-horse\r");
    let before = session
        .exp_string("Connected to \"Home\", address 192.168.1.57")
        .unwrap();
    assert!(
        !before.contains("correct-horse"),
        "the passphrase is not shown: {before}"
    );
    assert_eq!(exit(&session), 0);
}

#[test]
fn an_open_network_needs_no_passphrase() {
    let mut session = on_terminal(&["provision", "sim:zero"]);
    session.exp_string("(another network, not listed)").unwrap();
    // Down to the second one.
    answer(&mut session, "\u{1b}[B\r");
    session.exp_string("Connected to \"Guests\"").unwrap();
    assert_eq!(exit(&session), 0);
}

#[test]
fn scan_again_and_name_a_hidden_network() {
    let mut session = on_terminal(&["provision", "sim:zero"]);
    session.exp_string("(another network, not listed)").unwrap();
    // Third line: scan again.
    answer(&mut session, "\u{1b}[B\u{1b}[B\r");
    session.exp_string("Which network").unwrap();
    session.exp_string("(another network, not listed)").unwrap();
    answer(&mut session, "\u{1b}[B\u{1b}[B\u{1b}[B\r");
    session.exp_string("Name of the network:").unwrap();
    answer(&mut session, "Nowhere\r");
    session.exp_string("takes a passphrase").unwrap();
    answer(&mut session, "\u{1b}[B\r");
    session.exp_string("error[network_not_found]").unwrap();
    assert_eq!(exit(&session), 8);
}

#[test]
fn a_missing_password_is_asked_for_and_a_wrong_one_again() {
    let simulator = Simulator::start(&["--scenario", "zero"]);
    let args = [
        "provision",
        &simulator.url,
        "--ssid",
        "Home",
        "--passphrase",
        "correct-horse",
    ];
    let mut session = on_terminal(&args);
    session.exp_string("Password of the device:").unwrap();
    answer(&mut session, "guess\r");
    session.exp_string("Wrong username or password.").unwrap();
    answer(&mut session, "abcd1234\r");
    session.exp_string("Connected to \"Home\"").unwrap();
    assert_eq!(exit(&session), 0);
}

#[test]
fn ctrl_c_at_a_question() {
    let mut session = on_terminal(&["provision", "sim:zero", "--ssid", "Home"]);
    session.exp_string("Passphrase of \"Home\":").unwrap();
    session.send_control('c').unwrap();
    session.exp_string("interrupted").unwrap();
    assert_eq!(exit(&session), 130);
}

#[test]
fn a_terminal_does_not_make_json_ask() {
    let mut session = on_terminal(&["provision", "sim:zero", "--json"]);
    session.exp_string("missing_value").unwrap();
    assert_eq!(exit(&session), 2);
}

#[test]
fn a_simulator_on_a_terminal_shows_its_label() {
    let mut session = on_terminal(&["simulate", "--http", "127.0.0.1:0", "--password", "label-of-test"]);
    session.exp_string("label-of-test").unwrap();
    session.exp_string(r#"{"ver":"v1","name":"PROV_51DE01""#).unwrap();
    session.exp_string("Listening").unwrap();
    session.send_control('c').unwrap();
    assert_eq!(exit(&session), 130);
}
