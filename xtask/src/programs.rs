//! The workspace's own programs, for the steps that run them.
//!
//! Each is built with everything selected that `cargo test --workspace` selects: cargo then resolves the same
//! features, and nothing below them is compiled a second time for the sake of one feature of tokio. (Naming an
//! example brings in the development dependencies, as tests do.)

use crate::tools::{cargo, run, target_dir};
use std::path::PathBuf;

/// A program as the tests use it: almost everything under it has been built by `cargo test`.
pub(crate) fn debug(name: &str) -> Result<PathBuf, String> {
    build(&["--bin", name])?;
    Ok(program("debug", name))
}

/// The optimised programs: the command, what runs in the Bluetooth tests' virtual machine, and their microcontroller
/// client. Returns their directory.
pub(crate) fn release() -> Result<PathBuf, String> {
    build(&["--release", "--bin", "espprov", "--bin", "ble-guest"])?;
    Ok(target_dir().join("release"))
}

fn build(more: &[&str]) -> Result<(), String> {
    run(cargo()
        .args([
            "build",
            "--quiet",
            "--locked",
            "--workspace",
            "--example",
            "trouble_central",
        ])
        .args(more))
}

/// Where a program of that profile is.
pub(crate) fn program(profile: &str, name: &str) -> PathBuf {
    target_dir()
        .join(profile)
        .join(name)
        .with_extension(std::env::consts::EXE_EXTENSION)
}
