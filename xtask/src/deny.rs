//! `cargo xtask deny`: licences, bans and origins of all dependencies, and known vulnerabilities where the
//! advisory database can be fetched.

use crate::tools::{CARGO_DENY, capture, cargo, run};
use std::path::PathBuf;
use std::process::Command;

/// Handed out in a wheel, with PyO3 and whatever that brings. The other workspaces that stand apart stay here.
const PYTHON: &str = "bindings/python/Cargo.toml";

pub(crate) fn deny() -> Result<String, String> {
    let program = CARGO_DENY.ensure()?;
    run(check(&program, None).args(["licenses", "bans", "sources"]))?;
    run(check(&program, Some(PYTHON)).args(["licenses", "bans", "sources"]))?;
    if !database_fetched(&program)? {
        let reason = "advisories not checked: the database cannot be fetched from here";
        println!("deny: {reason}");
        return Ok(format!("licences, bans, sources; {reason}"));
    }
    run(check(&program, None).arg("advisories"))?;
    run(check(&program, Some(PYTHON)).arg("advisories"))?;
    Ok("licences, bans, sources, advisories".into())
}

/// `workspace`: the manifest of one that stands apart, to be checked by the same rules.
fn check(program: &PathBuf, workspace: Option<&str>) -> Command {
    // Through `program` and not through `cargo deny`, so that an installation outside PATH is found.
    let mut command = Command::new(program);
    command
        .current_dir(crate::tools::root())
        .env("CARGO", cargo().get_program())
        .args(["--log-level", "error"]);
    if let Some(manifest) = workspace {
        command.args(["--manifest-path", manifest, "--config", "deny.toml"]);
    }
    command.args(["check", "--hide-inclusion-graph"]);
    command
}

/// Whether cargo-deny could fetch its advisory database.
fn database_fetched(program: &PathBuf) -> Result<bool, String> {
    let mut fetch = Command::new(program);
    fetch
        .current_dir(crate::tools::root())
        .env("CARGO", cargo().get_program())
        .args(["--log-level", "off", "fetch", "db"]);
    capture(&mut fetch).map(|(fetched, _)| fetched)
}
