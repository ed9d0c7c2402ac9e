//! `cargo xtask deny`: licences, bans and origins of all dependencies, and known vulnerabilities where the
//! advisory database can be fetched.

use crate::tools::{CARGO_DENY, capture, cargo, run};
use std::path::PathBuf;
use std::process::Command;

/// Where cargo-deny fetches advisories from.
const DATABASE: &str = "https://github.com/RustSec/advisory-db";

pub(crate) fn deny() -> Result<String, String> {
    let program = CARGO_DENY.ensure()?;
    run(check(&program).args(["licenses", "bans", "sources"]))?;
    if let Err(reason) = database_reachable() {
        let reason = format!("advisories not checked: {DATABASE} is not reachable from here: {reason}");
        println!("deny: {reason}");
        return Ok(format!("licences, bans, sources; {reason}"));
    }
    run(check(&program).arg("advisories"))?;
    Ok("licences, bans, sources, advisories".into())
}

fn check(program: &PathBuf) -> Command {
    // Through `program` and not through `cargo deny`, so that an installation outside PATH is found.
    let mut command = Command::new(program);
    command
        .current_dir(crate::tools::root())
        .env("CARGO", cargo().get_program())
        .args(["--log-level", "error", "check", "--hide-inclusion-graph"]);
    command
}

/// The error explains why not.
fn database_reachable() -> Result<(), String> {
    let mut git = Command::new("git");
    git.args([
        "-c",
        "http.lowSpeedLimit=1",
        "-c",
        "http.lowSpeedTime=10",
        "ls-remote",
        "--exit-code",
        DATABASE,
        "HEAD",
    ])
    .env("GIT_TERMINAL_PROMPT", "0");
    let (ok, text) = capture(&mut git)?;
    if ok {
        return Ok(());
    }
    Err(text.lines().last().unwrap_or("no answer").to_owned())
}
