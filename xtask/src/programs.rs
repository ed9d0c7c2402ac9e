//! The workspace's own programs, for the steps that run them.
//!
//! In the debug profile each is built with everything selected that `cargo test --workspace` selects: cargo then
//! resolves the same features, and nothing below is compiled a second time for the sake of one feature of tokio.
//! (Naming an example brings in the development dependencies, as tests do.) What is measured, or plays a device of the
//! Bluetooth tests, is built by itself: with the tests' features of embassy-time a simulated peripheral never sleeps.

use crate::tools::{cargo, run, target_dir};
use std::path::PathBuf;

/// A program as the tests use it: almost everything under it has been built by `cargo test`.
pub(crate) fn debug(name: &str) -> Result<PathBuf, String> {
    run(cargo()
        .args(["build", "--quiet", "--locked", "--workspace", "--bin", name])
        .args(["--example", "trouble_central"]))?;
    Ok(program("debug", name))
}

/// The command as people build it, with its own features only.
pub(crate) fn release() -> Result<PathBuf, String> {
    run(cargo().args([
        "build",
        "--quiet",
        "--locked",
        "--release",
        "--package",
        "espprov-cli",
    ]))?;
    Ok(program("release", "espprov"))
}

/// Where a program of that profile is.
fn program(profile: &str, name: &str) -> PathBuf {
    target_dir()
        .join(profile)
        .join(name)
        .with_extension(std::env::consts::EXE_EXTENSION)
}
