//! `cargo xtask platforms`: the command and everything under it type-checked for the platforms it is not built on, and what a page
//! needs for the browser.
//!
//! Checking needs the target's standard library but neither its linker nor its system libraries: none of the
//! dependencies there compiles C. The feature `https` would bring one that does, so the command is checked with all of TLS but its
//! cryptography.

use crate::tools::{capture, cargo, run};
use std::env;
use std::path::PathBuf;
use std::process::Command;

/// The command with its default features, but for the one that compiles C.
const COMMAND: &[&str] = &[
    "--package",
    "espprov-cli",
    "--no-default-features",
    "--features",
    "ble,network,serial,tls",
];

/// What people run, besides the platform at hand, and what of it: for a page the errors in plain words, and a simulated device.
const TARGETS: [(&str, &[&str]); 3] = [
    ("x86_64-pc-windows-gnu", COMMAND),
    ("x86_64-apple-darwin", COMMAND),
    (
        "wasm32-unknown-unknown",
        &[
            "--package",
            "espprov",
            "--package",
            "espprov-simulator",
            "--no-default-features",
        ],
    ),
];

/// Warnings are errors here: code that only one platform compiles is looked at nowhere else.
pub(crate) fn platforms() -> Result<String, String> {
    let (mut checked, mut missing) = (Vec::new(), Vec::new());
    for (target, what) in TARGETS {
        if !is_there(target)? {
            missing.push(target);
            continue;
        }
        run(cargo()
            .args(["check", "--locked", "--quiet"])
            .args(what)
            .arg("--target")
            .arg(target)
            .env("RUSTFLAGS", "-D warnings"))?;
        checked.push(target);
    }
    Ok(match (checked.as_slice(), missing.as_slice()) {
        ([], missing) => format!(
            "not checked, no standard library to be had for {}",
            missing.join(", ")
        ),
        (checked, []) => format!("{} checked", checked.join(", ")),
        (checked, missing) => format!(
            "{} checked; no standard library to be had for {}",
            checked.join(", "),
            missing.join(", ")
        ),
    })
}

/// Whether the target's standard library is installed, now or already.
fn is_there(target: &str) -> Result<bool, String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let (found, sysroot) = capture(Command::new(rustc).args(["--print", "sysroot"]))?;
    let library = PathBuf::from(sysroot.trim())
        .join("lib/rustlib")
        .join(target)
        .join("lib");
    if found && library.is_dir() {
        return Ok(true);
    }
    // Without rustup, or without a network, there is nothing to check against.
    Ok(capture(Command::new("rustup").args(["target", "add", target])).is_ok_and(|(added, _)| added))
}
