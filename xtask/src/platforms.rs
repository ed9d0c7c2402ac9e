//! `cargo xtask platforms`: the command and everything under it type-checked for the platforms it is not built on, and what a page
//! needs for the browser; one of them by the oldest compiler that we promise to be content with (`rust-version`).
//!
//! Checking needs the target's standard library but neither its linker nor its system libraries: none of the
//! dependencies there compiles C. The feature `https` would bring one that does, and with it the command's `postgres`: so the command is
//! checked with all of TLS but its cryptography, and the ledger of several stations in its library only.

use crate::rustup;
use crate::tools::{cargo, root, run, target_dir};
use std::process::Command;

/// The command with its default features, but for those that compile C, and without the production line.
const COMMAND: &[&str] = &[
    "--package",
    "espprov-cli",
    "--no-default-features",
    "--features",
    "ble,network,serial,tls",
];

/// The same with the production line.
const COMMAND_AND_LINE: &[&str] = &[
    "--package",
    "espprov-cli",
    "--package",
    "espprov-line",
    "--no-default-features",
    "--features",
    "espprov-cli/ble,espprov-cli/network,espprov-cli/serial,espprov-cli/tls,espprov-cli/line,espprov-line/postgres",
];

/// What is checked, for whom and by which compiler.
struct Check {
    target: &'static str,
    what: &'static [&'static str],
    /// Not the compiler in use, but the oldest one. Its warnings are not ours: every version has others.
    oldest: bool,
}

/// What people run, besides the platform at hand, and what of it: for a page the errors in plain words, and a simulated device.
const CHECKS: [Check; 3] = [
    Check {
        target: "x86_64-pc-windows-gnu",
        what: COMMAND_AND_LINE,
        oldest: false,
    },
    Check {
        target: "x86_64-apple-darwin",
        what: COMMAND,
        oldest: true,
    },
    Check {
        target: "wasm32-unknown-unknown",
        what: &[
            "--package",
            "espprov",
            "--package",
            "espprov-simulator",
            "--no-default-features",
        ],
        oldest: false,
    },
];

pub(crate) fn platforms() -> Result<String, String> {
    let (mut checked, mut missing) = (Vec::new(), Vec::new());
    for check in CHECKS {
        let oldest = check.oldest.then_some(env!("CARGO_PKG_RUST_VERSION"));
        let label = match oldest {
            Some(version) => format!("{} by Rust {version}", check.target),
            None => check.target.to_owned(),
        };
        let there = match oldest {
            Some(version) => rustup::has_toolchain(version, check.target)?,
            None => rustup::has_target(check.target)?,
        };
        if !there {
            missing.push(label);
            continue;
        }
        let mut command = match oldest {
            // rustup's, which finds the version in its first argument.
            Some(version) => {
                let mut command = Command::new("cargo");
                command
                    .arg(format!("+{version}"))
                    .current_dir(root())
                    .env_remove("CARGO")
                    .env_remove("RUSTC")
                    .env_remove("RUSTUP_TOOLCHAIN")
                    .env("CARGO_TARGET_DIR", target_dir().join("oldest"));
                command
            }
            // Warnings are errors here: code that only one platform compiles is looked at nowhere else.
            None => {
                let mut command = cargo();
                command.env("RUSTFLAGS", "-D warnings");
                command
            }
        };
        run(command
            .args(["check", "--locked", "--quiet"])
            .args(check.what)
            .arg("--target")
            .arg(check.target))?;
        checked.push(label);
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
