//! The image that is a device on Bluetooth LE: its controller, and the client that provisions it, are `ble_air` of
//! `tests/examples`; or those of `cargo xtask e2e ble`, which starts the image itself.

use super::build::{ARM, BLE_DEVICE, Toolchain};
use super::run::{BOARDS, Board, Guard, HANG, Qemu, Socket};
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Seconds of processor time while a client in a virtual machine is waited for: the image computes all the time. Whoever starts it
/// ends it, too; this is for whoever is killed before.
const WAITING: u32 = 600;

/// Runs the image beside the program `air`, and believes either only if the other saw the same.
pub(super) fn be_peripheral(qemu: &Qemu, board: &Board, image: &Path, air: &Path) -> Result<String, String> {
    let socket = Socket::new(BLE_DEVICE);
    let mut command = Command::new("timeout");
    command.arg(HANG).arg(air).arg(&socket.path).arg("PROV_QEMU");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut client = Guard::spawn(&mut command)?;
    // It listens as soon as it says `ready`.
    let mut ready = [0; 6];
    let stdout = client.0.stdout.as_mut().ok_or("no stdout")?;
    if stdout.read_exact(&mut ready).is_err() || ready != *b"ready\n" {
        let (_, said) = client.finish()?;
        return Err(format!("no virtual air: {said}"));
    }
    let mut command = qemu.command(board, image);
    let chardev = format!("socket,id=hci,path={}", socket.path.display());
    command.args(["-serial", "null", "-chardev", &chardev, "-serial", "chardev:hci"]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let (ok, printed) = Guard::spawn(&mut command)?.finish()?;
    let (content, seen) = client.finish()?;
    // 192.168.1.57
    if !content || !seen.lines().any(|line| line == "connected 3232235833") {
        return Err(format!("the client: {seen}\nthe image: {printed}"));
    }
    if !ok || !printed.lines().any(|line| line == "joined Home") {
        return Err(format!("the client is content, but the image says: {printed}"));
    }
    Ok(printed)
}

/// Builds the image, and returns the command that runs it, but for its second UART: the Bluetooth controller's.
pub(crate) fn command() -> Result<Vec<String>, String> {
    let toolchain = Toolchain::find()?;
    super::build::firmware(&toolchain, ARM, false)?;
    let emulator = Qemu::find()?.bare(&BOARDS[0], &toolchain.image(ARM, BLE_DEVICE));
    let mut limited = Command::new("prlimit");
    limited
        .arg(format!("--cpu={WAITING}"))
        .arg(emulator.get_program())
        .args(emulator.get_args());
    let words = [limited.get_program()].into_iter().chain(limited.get_args());
    Ok(words.map(|word| word.to_string_lossy().into_owned()).collect())
}
