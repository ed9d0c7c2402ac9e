//! `cargo xtask deny`: licences, bans and origins of all dependencies, and known vulnerabilities where the
//! advisory database can be fetched.

use crate::tools::{CARGO_DENY, capture, cargo, run};
use std::path::PathBuf;
use std::process::Command;

pub(crate) fn deny() -> Result<String, String> {
    let program = CARGO_DENY.ensure()?;
    run(check(&program).args(["licenses", "bans", "sources"]))?;
    if !database_fetched(&program)? {
        let reason = "advisories not checked: the database cannot be fetched from here";
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

/// Whether cargo-deny could fetch its advisory database.
fn database_fetched(program: &PathBuf) -> Result<bool, String> {
    let mut fetch = Command::new(program);
    fetch
        .current_dir(crate::tools::root())
        .env("CARGO", cargo().get_program())
        .args(["--log-level", "off", "fetch", "db"]);
    capture(&mut fetch).map(|(fetched, _)| fetched)
}
