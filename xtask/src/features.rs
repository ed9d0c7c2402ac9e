//! `cargo xtask features`: what each feature of `espprov`, and the command, cost to build, for the table in the library's guide.
//!
//! Processor time, not seconds: it hardly depends on what else the machine does, nor on how many cores it has. Every build
//! starts from nothing, in the profile of development.

use crate::tools::{capture, cargo, root, target_dir};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// What is built: its name in the table, and how cargo is told.
const BUILDS: &[(&str, &[&str])] = &[
    (
        "none: the table of errors, targets, setup codes",
        &["--package", "espprov", "--no-default-features"],
    ),
    ("`http` (default)", &["--package", "espprov"]),
    ("`blocking`", &["--package", "espprov", "--features", "blocking"]),
    (
        "`simulator`",
        &["--package", "espprov", "--features", "simulator"],
    ),
    ("`serial`", &["--package", "espprov", "--features", "serial"]),
    ("`ble`", &["--package", "espprov", "--features", "ble"]),
    ("`network`", &["--package", "espprov", "--features", "network"]),
    (
        "`tls`, the provider being the program's",
        &["--package", "espprov", "--features", "tls"],
    ),
    (
        "`https`: rustls with ring",
        &["--package", "espprov", "--features", "https"],
    ),
    (
        "the command, `--no-default-features`",
        &["--package", "espprov-cli", "--no-default-features"],
    ),
    ("the command, every link", &["--package", "espprov-cli"]),
];

const GUIDE: &str = "docs/src/library.md";
const BEGIN: &str = "<!-- features: cargo xtask features -->\n";
const END: &str = "<!-- /features -->";

pub(crate) fn features() -> Result<(), String> {
    let mut table = String::from("| features | crates | processor time |\n|---|---|---|\n");
    for (name, arguments) in BUILDS {
        let crates = crates(arguments)?;
        let seconds = seconds(arguments)?;
        println!("{name}: {crates} crates, {seconds:.0} s");
        table.push_str(&format!("| {name} | {crates} | {seconds:.0} s |\n"));
    }
    let guide = root().join(GUIDE);
    let text = fs::read_to_string(&guide).map_err(|e| format!("{GUIDE}: {e}"))?;
    let parts = text
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = parts.ok_or_else(|| format!("{GUIDE} has no place for the table"))?;
    fs::write(&guide, format!("{before}{BEGIN}{table}{END}{after}")).map_err(|e| format!("{GUIDE}: {e}"))
}

/// How many packages are compiled, ours among them.
fn crates(arguments: &[&str]) -> Result<usize, String> {
    let (ok, text) = capture(
        cargo()
            .args([
                "tree",
                "--locked",
                "--quiet",
                "--edges",
                "normal,build",
                "--prefix",
                "none",
                "--format",
                "{p}",
            ])
            .args(arguments),
    )?;
    if !ok {
        return Err(text);
    }
    Ok(text
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, rest)| (name, rest.split(' ').next()))
        .collect::<BTreeSet<_>>()
        .len())
}

/// Processor time of a build from nothing.
fn seconds(arguments: &[&str]) -> Result<f64, String> {
    let dir = target_dir().join("features");
    remove(&dir)?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let this = std::env::current_exe().map_err(|e| e.to_string())?;
    let (ok, text) = capture(
        Command::new(this)
            .current_dir(root())
            .arg("measure")
            .arg(cargo)
            .args(["build", "--locked", "--quiet"])
            .args(arguments)
            .env("CARGO_TARGET_DIR", &dir),
    )?;
    remove(&dir)?;
    let milliseconds: Option<f64> = text.split_whitespace().next().and_then(|word| word.parse().ok());
    match milliseconds {
        Some(milliseconds) if ok => Ok(milliseconds / 1000.0),
        _ => Err(text),
    }
}

fn remove(dir: &Path) -> Result<(), String> {
    match fs::remove_dir_all(dir) {
        Err(e) if dir.exists() => Err(format!("{}: {e}", dir.display())),
        _ => Ok(()),
    }
}
