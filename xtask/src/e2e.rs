//! `cargo xtask e2e`: the real program against the real Bluetooth stack, in a virtual machine. See tests/ble.

use crate::tools::{cargo, root, run, target_dir};
use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// What `cargo xtask e2e` was asked for.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Which link
    #[arg(value_enum)]
    suite: Suite,
    /// Only the scenarios whose names match this regular expression
    only: Option<String>,
}

/// Links with end-to-end tests of their own.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Suite {
    /// Bluetooth LE: BlueZ in a virtual machine, virtual radio
    Ble,
}

pub(crate) fn e2e(options: &Options) -> Result<(), String> {
    match options.suite {
        Suite::Ble => bluetooth(options.only.as_deref()).map(drop),
    }
}

/// Builds the programs and (once) the machine, then lets `tests/ble/bench.py` do its work. Its last line of output
/// is the verdict, and `target/e2e/report.json` holds a row per scenario.
pub(crate) fn bluetooth(only: Option<&str>) -> Result<String, String> {
    run(cargo().args([
        "build",
        "--profile",
        "e2e",
        "--package",
        "espprov-cli",
        "--package",
        "espprov-ble-guest",
    ]))?;
    run(cargo()
        .args(["build", "--profile", "e2e", "--package", "espprov-tests"])
        .args(["--example", "trouble_central"]))?;
    let bench = root().join("tests/ble");
    let cache = cache()?;
    run(Command::new(bench.join("vm.sh"))
        .arg("build")
        .env("ESPPROV_BLE_CACHE", &cache))?;
    let out = target_dir().join("e2e");
    fs::create_dir_all(&out).map_err(|e| format!("{}: {e}", out.display()))?;
    let mut command = Command::new(cache.join("venv/bin/python"));
    command
        .arg(bench.join("bench.py"))
        .arg(&out)
        .arg(out.join("report.json"))
        .args(only)
        .env("ESPPROV_TROUBLE", out.join("examples/trouble_central"))
        .env("ESPPROV_BLE_CACHE", &cache)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    run(&mut command)?;
    Ok(format!("{}", out.join("report.json").display()))
}

/// Where the machine's image is kept between runs.
fn cache() -> Result<PathBuf, String> {
    if let Some(dir) = env::var_os("ESPPROV_BLE_CACHE") {
        return Ok(root().join(dir));
    }
    let base = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))
        .ok_or("neither ESPPROV_BLE_CACHE nor HOME is set: where may the image be kept?")?;
    Ok(base.join("espprov-ble"))
}
