//! The steps of CI that are a command or two, and nobody's but CI's.

use super::{Options, Outcome};
use crate::tools::{MDBOOK, capture, cargo, root, run, target_dir};
use crate::{fuzz, programs};
use std::process::Command;

pub(super) fn formatting() -> Outcome {
    run(cargo().args(["fmt", "--all", "--check"]))?;
    // Each workspace's own packages: `--all` would format what they have in common once more for each.
    for outside in [
        "bindings/python",
        "bindings/web",
        "bindings/web/glue",
        "fuzz",
        "tests/memory",
        "tests/no-std-probe",
        "tests/no-std-probe/std-crate",
        "benches",
        "examples/firmware-esp32c3",
        "examples/firmware-qemu",
    ] {
        run(cargo().args(["fmt", "--check"]).current_dir(root().join(outside)))?;
    }
    Ok("formatted".into())
}

pub(super) fn clippy() -> Outcome {
    lint(
        cargo().arg("clippy"),
        &["--workspace", "--all-targets", "--all-features"],
    )?;
    // What the README's first command builds.
    lint(
        cargo().arg("clippy"),
        &["--package", "espprov-cli", "--no-default-features"],
    )?;
    // Workspaces of their own, with the same profile and the same versions: most of what is below them has been checked by now. Of the
    // fuzz targets this is what they share; the targets are a few lines each, and libFuzzer would have to be compiled for them.
    lint_apart("bindings/python", &["--all-targets"])?;
    lint_apart("fuzz", &["--no-default-features"])?;
    Ok("no warnings".into())
}

/// Lints a workspace that stands apart, into the one target directory.
fn lint_apart(dir: &str, flags: &[&str]) -> Result<(), String> {
    let manifest = root().join(dir).join("Cargo.toml");
    let mut clippy = cargo();
    clippy.args(["clippy", "--manifest-path"]).arg(manifest);
    lint(clippy.env("CARGO_TARGET_DIR", target_dir()), flags)
}

fn lint(clippy: &mut Command, flags: &[&str]) -> Result<(), String> {
    clippy.args(["--locked", "--quiet"]).args(flags);
    run(clippy.args(["--", "-D", "warnings"]))
}

/// The very command of the README, to the letter: that the lock file is as it should be is for `locks` to say.
pub(super) fn tests() -> Outcome {
    let program = programs::debug("espprov")?;
    run(cargo()
        .args(["test", "--workspace"])
        // For `tests/src/binary.rs`.
        .env("ESPPROV_BUILT", program))?;
    Ok("passed".into())
}

pub(super) fn documentation() -> Outcome {
    run(cargo()
        .args([
            "doc",
            "--workspace",
            "--no-deps",
            // With the examples come the development dependencies, and with them what clippy has checked already. The programs
            // are left out: `espprov` is also the name of a library.
            "--lib",
            "--examples",
            "--all-features",
            "--locked",
            "--quiet",
        ])
        .env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok("no warnings".into())
}

pub(super) fn book() -> Outcome {
    let program = MDBOOK.ensure()?;
    run(Command::new(program)
        .arg("build")
        .arg(root().join("docs"))
        // A chapter that is listed and missing is an error, not an empty page.
        .env("MDBOOK_BUILD__CREATE_MISSING", "false"))?;
    Ok("built".into())
}

pub(super) fn fuzz_smoke(options: &Options) -> Outcome {
    if !fuzz::can_guide() {
        return Err("libFuzzer needs a C++ compiler: apt-get install g++".into());
    }
    fuzz::fuzz(options.fuzz_seconds, None).map(|()| format!("{} s per target", options.fuzz_seconds))
}

/// The ratios of CONTRIBUTING.md; the programs fail where one is exceeded.
pub(super) fn benches() -> Outcome {
    // OpenSSL is what the arithmetic is compared with, so its headers are needed here and nowhere else.
    let (found, _) =
        capture(Command::new("pkg-config").args(["--exists", "openssl"])).unwrap_or((false, String::new()));
    if !found {
        return Err("the comparison needs OpenSSL: apt-get install libssl-dev pkg-config".into());
    }
    lint_apart("benches", &["--all-targets"])?;
    for program in ["ratios", "pairs"] {
        run(programs::bench(program)?.arg("--check"))?;
    }
    Ok("within the ratios".into())
}
