//! Questions on a terminal, answered through a pseudo-terminal.
#![cfg(unix)]

use espprov_tests::cli::{Scratch, Simulator, espprov};
use espprov_tests::hand_made::{Answer, HandMade, is_status};
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

const OPEN_IN_NAME_ONLY: &str = "[delays]\nscan_ms = 0\nconnect_ms = 0\nauth_fail_ms = 0\n\
     [[network]]\nssid = \"Home\"\nchannel = 6\nrssi = -41\nauth = \"open\"\npassphrase = \"correct-horse\"\n";

/// A hidden access point behind the same name, a spoofed one: the passphrase that was given is the one that is sent.
#[test]
fn a_given_passphrase_is_sent_whatever_the_scan_says() {
    let scratch = Scratch::new();
    let target = format!("sim:{}", scratch.write("world.toml", OPEN_IN_NAME_ONLY));
    let mut session = on_terminal(&["provision", &target, "--passphrase", "correct-horse"]);
    session.exp_string("(another network, not listed)").unwrap();
    answer(&mut session, ENTER);
    session.exp_string("Connected to \"Home\"").unwrap();
    assert_eq!(exit(&session), 0);
}

#[test]
fn esc_goes_back_one_question() {
    let mut session = on_terminal(&["provision", "sim:zero"]);
    session.exp_string("(another network, not listed)").unwrap();
    answer(&mut session, ENTER);
    session.exp_string("Passphrase of \"Home\":").unwrap();
    answer(&mut session, "\u{1b}");
    // The list again.
    session
        .exp_string("Which network is the device to join?")
        .unwrap();
    session.exp_string("(another network, not listed)").unwrap();
    answer(&mut session, "\u{1b}[B\r");
    session.exp_string("Connected to \"Guests\"").unwrap();
    assert_eq!(exit(&session), 0);
    // There is nothing before the first question.
    let mut session = on_terminal(&["provision", "sim:zero", "--ssid", "Home"]);
    session.exp_string("Passphrase of \"Home\":").unwrap();
    answer(&mut session, "\u{1b}");
    session.exp_string("nothing was chosen").unwrap();
    assert_eq!(exit(&session), 130);
}

#[test]
fn an_enterprise_network_is_not_chosen() {
    let scratch = Scratch::new();
    let world = "[delays]\nscan_ms = 0\nconnect_ms = 0\n\
         [[network]]\nssid = \"Corp\"\nchannel = 6\nrssi = -41\nauth = \"wpa2-enterprise\"\n\
         [[network]]\nssid = \"Guests\"\nchannel = 6\nrssi = -51\nauth = \"open\"\n";
    let target = format!("sim:{}", scratch.write("world.toml", world));
    let mut session = on_terminal(&["provision", &target]);
    session.exp_string("WPA2-Enterprise").unwrap();
    session.exp_string("(another network, not listed)").unwrap();
    answer(&mut session, ENTER);
    session.exp_string("a user account").unwrap();
    session.exp_string("(another network, not listed)").unwrap();
    answer(&mut session, "\u{1b}[B\r");
    session.exp_string("Connected to \"Guests\"").unwrap();
    assert_eq!(exit(&session), 0);
}

#[test]
fn a_wep_network_found_by_scan_takes_its_key() {
    let scratch = Scratch::new();
    let world = "[delays]\nscan_ms = 0\nconnect_ms = 0\n\
         [[network]]\nssid = \"Old\"\nchannel = 6\nrssi = -41\nauth = \"wep\"\npassphrase = \"abcde\"\n";
    let target = format!("sim:{}", scratch.write("world.toml", world));
    let mut session = on_terminal(&["provision", &target]);
    session.exp_string("(another network, not listed)").unwrap();
    answer(&mut session, ENTER);
    session.exp_string("Passphrase of \"Old\":").unwrap();
    answer(&mut session, "abcde\r");
    session.exp_string("Connected to \"Old\"").unwrap();
    assert_eq!(exit(&session), 0);
}

/// proto-ver says that there is no scan, or the device refuses to: the name is typed.
#[test]
fn without_a_scan_the_name_is_asked_for() {
    let connected = "08015a045a020a00";
    for scans in [false, true] {
        for scan in [Answer::NotFound, Answer::Close, Answer::hex("080110055a00")] {
            let device = HandMade::start(move |endpoint, body| match endpoint {
                "proto-ver" if !scans => Some(Answer::Bytes(
                    br#"{"prov":{"ver":"v1.1","sec_ver":0,"cap":["no_sec"]}}"#.to_vec(),
                )),
                "prov-scan" => Some(scan.clone()),
                _ if is_status(endpoint, body) => Some(Answer::hex(connected)),
                _ => None,
            });
            let mut session = on_terminal(&["provision", &device.url, "--allow-plaintext"]);
            session.exp_string("Name of the network:").unwrap();
            answer(&mut session, "Typed\r");
            session.exp_string("takes a passphrase").unwrap();
            answer(&mut session, "\u{1b}[B\r");
            // The device does not say where it is: at the network that was asked for.
            session.exp_string("Connected to \"Typed\"").unwrap();
            assert_eq!(exit(&session), 0, "{scans}");
        }
    }
}

/// IDF 4.4 keeps a failed attempt until it is restarted: a second passphrase would be asked for in vain.
#[test]
fn no_second_passphrase_where_the_device_must_be_restarted() {
    let simulator = Simulator::start(&["--scenario", "zero", "--flavour", "idf-4.4"]);
    let mut session = on_terminal(&["provision", &simulator.url, "--pop", "abcd1234", "--ssid", "Home"]);
    session.exp_string("Passphrase of \"Home\":").unwrap();
    answer(&mut session, "wrong-horse\r");
    session.exp_string("error[auth_error]").unwrap();
    session.exp_string("restart the device").unwrap();
    assert_eq!(exit(&session), 7);
}

/// The label of a SoftAP device has the passphrase of its network: it is needed now, and shown here only.
#[test]
fn the_passphrase_of_a_soft_access_point_is_shown_where_it_is_needed() {
    let payload =
        r#"{"ver":"v1","name":"PROV_1","pop":"hush","password":"of-the-label","transport":"softap"}"#;
    let mut session = on_terminal(&["info", payload, "--deadline", "2s"]);
    let text = session.exp_eof().unwrap();
    assert!(!text.contains("hush"), "{text}");
    if text.contains("error[deadline]") {
        // Where packets to that address vanish, time runs out.
        return;
    }
    // Nobody there, or somebody else.
    assert!(
        text.contains("unreachable") || text.contains("not_a_device"),
        "{text}"
    );
    assert!(
        text.contains("\"PROV_1\"") && text.contains("of-the-label"),
        "{text}"
    );
}
