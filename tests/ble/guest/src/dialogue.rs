//! The command on a terminal: questions and answers, and a table that moves.

use crate::{Outcome, finish};
use rexpect::process::WaitStatus;
use rexpect::session::{PtySession, spawn_command};
use std::process::Command;

/// Milliseconds to wait for what must come next.
const PATIENCE: u64 = 30_000;

fn on_terminal(arguments: &[&str]) -> Result<PtySession, rexpect::error::Error> {
    let mut command = Command::new("espprov");
    command.args(arguments).env("TERM", "xterm-256color");
    spawn_command(command, Some(PATIENCE))
}

/// A wrong passphrase, the question again, and the right one, in a single run and on a single connection.
pub(crate) fn retry(name: &str) -> Outcome {
    let target = format!("ble:{name}");
    let mut session = on_terminal(&["provision", &target, "--ssid", "Home", "--pop", "abcd1234"])?;
    for (passphrase, then) in [
        ("wrong-horse", "refused the device"),
        ("correct-horse", "Connected to \"Home\""),
    ] {
        session.exp_string("Passphrase of \"Home\":")?;
        session.send(passphrase)?;
        session.send("\r")?;
        session.flush()?;
        session.exp_string(then)?;
    }
    finish(&expect_success(&session)?)
}

fn expect_success(session: &PtySession) -> Result<Vec<String>, rexpect::error::Error> {
    Ok(match session.process().wait()? {
        WaitStatus::Exited(_, 0) => Vec::new(),
        other => vec![format!("{other:?}")],
    })
}

/// `discover` on a terminal: its table is drawn more than once, over itself, and stays there at the end.
pub(crate) fn watch(prefix: &str) -> Outcome {
    let mut session = on_terminal(&["discover", "--timeout", "4s", "--prefix", prefix])?;
    let shown = session.exp_eof()?;
    let mut problems = expect_success(&session)?;
    let drawn = shown.matches("NAME").count();
    if drawn < 2 {
        problems.push(format!("the table was drawn {drawn} times"));
    }
    // Up over the lines drawn before.
    if !shown.contains("\u{1b}[") {
        problems.push("nothing was drawn over".into());
    }
    let last = shown.rsplit("NAME").next().unwrap_or_default();
    for part in [prefix, "ADDRESS", "RSSI", "SERVICE", "dBm"] {
        if !last.contains(part) {
            problems.push(format!("the last table lacks {part:?}: {last:?}"));
        }
    }
    finish(&problems)
}
