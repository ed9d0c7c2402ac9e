//! The image that is a device on a network: QEMU's user network forwards a port of this machine to it, and the desktop command
//! provisions it there.

use super::run::{Board, Guard, HANG, Qemu};
use crate::tools::capture;
use core::net::Ipv4Addr;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs the image, and provisions it with the command.
pub(super) fn be_host(qemu: &Qemu, board: &Board, image: &Path, espprov: &Path) -> Result<String, String> {
    let port = free_port()?;
    let mut command = qemu.command(board, image);
    let network = format!("user,id=network,restrict=on,hostfwd=tcp:127.0.0.1:{port}-10.0.2.15:80");
    command.args(["-serial", "none", "-netdev", &network]);
    command.args(["-global", "virtio-mmio.force-legacy=false"]);
    command.args(["-device", "virtio-net-device,netdev=network"]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut emulator = Guard::spawn(&mut command)?;
    let stdout = emulator.0.stdout.take().ok_or("no stdout")?;
    let mut stdout = BufReader::new(stdout);
    let mut line = String::new();
    // QEMU accepts connections before anybody listens behind it.
    let listens = stdout.read_line(&mut line).is_ok() && line == "listening\n";
    if !listens {
        let (_, said) = emulator.finish()?;
        return Err(format!("the image does not listen: {line}{said}"));
    }
    let mut provision = Command::new("timeout");
    provision.arg(HANG).arg(espprov);
    provision.args(["--json", "provision", &format!("http://127.0.0.1:{port}")]);
    provision.args([
        "--pop",
        "abcd1234",
        "--ssid",
        "Home",
        "--passphrase",
        "correct-horse",
    ]);
    let (content, said) = capture(&mut provision)?;
    let mut printed = String::new();
    if content {
        // To the end, which comes by itself.
        for line in stdout.lines() {
            printed.push_str(&line.map_err(|e| e.to_string())?);
            printed.push('\n');
        }
    }
    let last = said
        .lines()
        .rfind(|line| line.contains("\"result\""))
        .unwrap_or_default();
    if !content || !last.contains("\"connected\"") {
        return Err(format!("espprov: {said}\nthe image: {printed}"));
    }
    let (exit, _) = emulator.finish()?;
    if !exit || !printed.lines().any(|line| line == "joined Home") {
        return Err(format!("espprov is content, but the image says: {printed}"));
    }
    Ok(printed)
}

/// A port that nobody listens on: this moment, which has to do, for QEMU cannot say which one it chose.
fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|e| e.to_string())?;
    let address = listener.local_addr().map_err(|e| e.to_string())?;
    Ok(address.port())
}
