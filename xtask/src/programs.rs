//! The workspace's own programs, for the steps that run them.
//!
//! In the debug profile each is built with everything selected that `cargo test --workspace` selects: cargo then
//! resolves the same features, and nothing below is compiled a second time for the sake of one feature of tokio.
//! (Naming an example brings in the development dependencies, as tests do.) What is measured is built by itself.

use crate::tools::{cargo, root, run, target_dir};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program as the tests use it: almost everything under it has been built by `cargo test`.
pub(crate) fn debug(name: &str) -> Result<PathBuf, String> {
    build(&[name])?;
    Ok(program("debug", name))
}

/// Programs, and one of the examples of `tests`, without their tables for debuggers: in `dir`.
pub(crate) fn stripped(names: &[&str], dir: &Path) -> Result<(), String> {
    build(names)?;
    fs::create_dir_all(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let example = Path::new("examples").join(EXAMPLE);
    for from in names.iter().map(Path::new).chain([example.as_path()]) {
        let name = from.file_name().unwrap_or_default();
        run(Command::new("strip")
            .arg("-o")
            .arg(dir.join(name))
            .arg(target_dir().join("debug").join(from)))?;
    }
    Ok(())
}

/// Brings in the tests' features.
pub(crate) const EXAMPLE: &str = "trouble_central";

/// Another one: a client over a virtual air.
const AIR: &str = "ble_air";

/// Where that is, once something has been built.
pub(crate) fn air() -> PathBuf {
    program("debug", "examples").join(AIR)
}

fn build(names: &[&str]) -> Result<(), String> {
    let mut command = cargo();
    command.args([
        "build",
        "--quiet",
        "--locked",
        "--workspace",
        "--example",
        EXAMPLE,
        "--example",
        AIR,
    ]);
    for name in names {
        command.args(["--bin", name]);
    }
    run(&mut command)
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

/// One of the programs of `benches`, built and ready to be run.
pub(crate) fn bench(name: &str) -> Result<Command, String> {
    run(&mut bench_build(name, true))?;
    Ok(bench_built(name))
}

/// What builds it; `openssl`: with what it is compared with.
pub(crate) fn bench_build(name: &str, openssl: bool) -> Command {
    let mut build = cargo();
    build
        .args([
            "build",
            "--quiet",
            "--release",
            "--locked",
            "--bin",
            name,
            "--manifest-path",
        ])
        .arg(root().join("benches/Cargo.toml"))
        .env("CARGO_TARGET_DIR", benches());
    if !openssl {
        build.arg("--no-default-features");
    }
    build
}

/// It, once it has been built.
pub(crate) fn bench_built(name: &str) -> Command {
    Command::new(benches().join("release").join(name))
}

/// Where they are built.
fn benches() -> PathBuf {
    target_dir().join("benches")
}

/// Where a program of that profile is.
fn program(profile: &str, name: &str) -> PathBuf {
    target_dir()
        .join(profile)
        .join(name)
        .with_extension(std::env::consts::EXE_EXTENSION)
}
