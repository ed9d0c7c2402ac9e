//! `serial:` targets, the real binary on both ends of a pseudo-terminal.
#![cfg(unix)]

use espprov_tests::cli::{Simulator, run, words};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// A simulated device on a pseudo-terminal, with short delays.
fn device(args: &[&str]) -> Simulator {
    Simulator::on_pty(&[&["--scenario", "zero"], args].concat())
}

#[test]
fn provisions_over_a_serial_port() {
    let device = device(&["--security", "1"]);
    let home = words("--pop abcd1234 --ssid Home --passphrase correct-horse --json");
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

/// A board between the command and a simulated device: passes everything on, and prints `text` into the answer to the n-th
/// request to `endpoint`, six characters behind its beginning. One that restarts goes on with its prompt.
fn board(endpoint: &str, nth: usize, text: &str, restarts: bool) -> String {
    let (endpoint, text) = (format!("{endpoint} "), text.to_owned());
    let (told, path) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(async move {
            let mut pty = espprov::serial::Pty::new().unwrap();
            told.send(pty.path().unwrap()).unwrap();
            let mut scenario = espprov_simulator::Scenario::builtin("zero").unwrap();
            scenario.security.scheme = Some(1);
            let device = espprov_simulator::SimDevice::new(scenario).unwrap();
            let console = espprov_simulator::Console::new(espprov_simulator::Shared::new(device));
            let (theirs, ours) = tokio::io::duplex(8192);
            let (input, output) = tokio::io::split(theirs);
            let clock = espprov::TokioClock::new();
            let carry = carry(pty.stream(), ours, &endpoint, nth, &text, restarts);
            tokio::select! { _ = console.serve(input, output, &clock) => {}, () = carry => {} }
        });
    });
    format!("serial:{}", path.recv().unwrap())
}

async fn carry<P: AsyncRead + AsyncWrite + Unpin>(
    port: &mut P,
    mut device: tokio::io::DuplexStream,
    endpoint: &str,
    nth: usize,
    text: &str,
    restarts: bool,
) {
    let (mut typed, mut printed) = ([0; 1024], [0; 1]);
    let (mut requests, mut waiting, mut mute) = (0, false, false);
    let mut tail = Vec::new();
    loop {
        tokio::select! {
            biased;
            read = device.read(&mut printed) => {
                if !matches!(read, Ok(1)) {
                    return;
                }
                tail.push(printed[0]);
                if !mute {
                    let _ = port.write_all(&printed).await;
                }
                let digits = tail.rsplit(|&byte| byte == b'\n').next().unwrap();
                if waiting && digits.len() == 6 && digits.iter().all(u8::is_ascii_hexdigit) {
                    waiting = false;
                    mute = restarts;
                    let _ = port.write_all(text.as_bytes()).await;
                }
                if tail.ends_with(b"\n>> ") {
                    tail.clear();
                    if core::mem::take(&mut mute) {
                        let _ = port.write_all(b"\n>> ").await;
                    }
                }
            }
            read = port.read(&mut typed) => {
                let Ok(len @ 1..) = read else { return };
                if typed[..len].starts_with(endpoint.as_bytes()) {
                    requests += 1;
                    waiting = requests == nth;
                }
                let _ = device.write_all(&typed[..len]).await;
            }
        }
    }
}

const BOOT: &str = "ESP-ROM:esp32s3-20210327\r\nBuild:Mar 27 2021\r\nrst:0x1 (POWERON),boot:0x8 (SPI_FAST_FLASH_BOOT)\r\n\
entry 0x403c98d0\r\nI (27) boot: ESP-IDF v5.4 2nd stage bootloader\r\nI (700) app: Provisioning started\r\n";

#[test]
fn what_a_board_prints_is_no_wrong_pop() {
    let brownout = format!("\r\nBrownout detector was triggered\r\n\r\n{BOOT}");
    let panic =
        format!("Guru Meditation Error: Core  0 panic'ed (LoadProhibited).\r\nRebooting...\r\n{BOOT}");
    let arduino = "[  4711][D][WiFiGeneric.cpp:929] _eventCallback(): Arduino Event: 1 - SCAN_DONE\r\n";
    for (endpoint, nth, text, restarts, warning) in [
        (
            "proto-ver",
            1,
            "free heap 123456\r\n",
            false,
            Some("answer_spoiled"),
        ),
        (
            "prov-session",
            1,
            "free heap 123456\r\n",
            false,
            Some("answer_spoiled"),
        ),
        (
            "prov-session",
            2,
            "free heap 123456\r\n",
            false,
            Some("answer_spoiled"),
        ),
        ("prov-session", 2, "...", false, Some("answer_spoiled")),
        ("prov-session", 2, arduino, false, None),
        (
            "prov-session",
            2,
            "I (4711) wifi:new:<6,0>, old:<1,0>\r\n",
            false,
            None,
        ),
        ("prov-session", 2, &brownout, true, Some("device_restarted")),
        ("prov-session", 1, &panic, true, Some("device_restarted")),
        ("prov-config", 1, &brownout, true, Some("device_restarted")),
    ] {
        let port = board(endpoint, nth, text, restarts);
        let args = words("--security 1 --pop abcd1234 --ssid Home --passphrase correct-horse --json");
        let run = run(&[&["provision", &port], &args[..]].concat());
        assert_eq!(run.code, 0, "{text:?} in {endpoint} {nth}: {run:?}");
        assert_eq!(run.result()["outcome"], "connected", "{run:?}");
        assert_eq!(run.warnings(), Vec::from_iter(warning), "{text:?}: {run:?}");
    }
}

#[test]
fn options_of_a_port() {
    let device = device(&["--security", "1"]);
    for options in [
        "reset=auto",
        "reset=hold&prompt-wait=20s",
        "reset=none&prompt-wait=500ms&baud=9600",
    ] {
        let run = run(&["info", &format!("{}?{options}", device.url), "--json"]);
        assert_eq!(run.code, 0, "{options}: {run:?}");
    }
    for options in ["reset=on", "prompt-wait=0", "prompt-wait=5m"] {
        run(&["info", &format!("{}?{options}", device.url), "--json"]).assert_error(2, "invalid_target");
    }
}

/// Nobody prints a prompt: as long as the target says, and no longer.
#[test]
fn the_wait_for_a_prompt_is_settable() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let _guard = runtime.enter();
    let pty = espprov::serial::Pty::new().unwrap();
    let port = format!("serial:{}?prompt-wait=700ms", pty.path().unwrap());
    let run = run(&["info", &port, "--json"]);
    run.assert_error(3, "no_prompt");
    assert!(run.took >= core::time::Duration::from_millis(700), "{run:?}");
}
