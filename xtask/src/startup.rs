//! `cargo xtask startup`: what it costs to start `espprov` and provision a simulated device without any delays.

use crate::tools::{capture, cargo, run, target_dir};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Longest median wall time, in milliseconds.
const MAX_MILLISECONDS: f64 = 60.0;
/// Largest resident set, in MiB.
const MAX_MIB: f64 = 15.0;
/// Runs; the first few warm the caches.
const RUNS: usize = 21;

/// A full provisioning of the built-in device that answers at once.
const ARGUMENTS: [&str; 6] = [
    "provision",
    "sim:zero",
    "--ssid",
    "Home",
    "--passphrase",
    "correct-horse",
];

pub(crate) fn startup() -> Result<String, String> {
    run(cargo().args([
        "build",
        "--quiet",
        "--locked",
        "--release",
        "--package",
        "espprov-cli",
    ]))?;
    let program = target_dir()
        .join("release/espprov")
        .with_extension(std::env::consts::EXE_EXTENSION);
    let mut times = Vec::new();
    let mut largest: f64 = 0.0;
    for _ in 0..RUNS {
        let (milliseconds, mib) = measured(&program)?;
        times.push(milliseconds);
        largest = largest.max(mib);
    }
    times.sort_by(f64::total_cmp);
    let median = times[RUNS / 2];
    let figures = format!(
        "provision sim:zero: median {median:.1} ms of {RUNS} runs (best {:.1}), largest {largest:.1} MiB",
        times[0]
    );
    println!("startup: {figures}");
    if median > MAX_MILLISECONDS || largest > MAX_MIB {
        return Err(format!(
            "{figures}; the limits are {MAX_MILLISECONDS} ms and {MAX_MIB} MiB"
        ));
    }
    Ok(figures)
}

/// One run in a process of its own, because a process can ask only for the largest of all its children.
fn measured(program: &Path) -> Result<(f64, f64), String> {
    let this = std::env::current_exe().map_err(|e| e.to_string())?;
    let (ok, text) = capture(Command::new(this).arg("measure").arg(program).args(ARGUMENTS))?;
    if !ok {
        return Err(text);
    }
    let figures: Vec<f64> = text
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    match figures.as_slice() {
        [milliseconds, mib] => Ok((*milliseconds, *mib)),
        _ => Err(format!("no figures: {text}")),
    }
}

/// Runs one program with its output thrown away and prints its wall time in milliseconds and largest resident set
/// in MiB.
pub(crate) fn measure(command: &[String]) -> Result<(), String> {
    let (program, arguments) = command.split_first().ok_or("nothing to measure")?;
    let start = Instant::now();
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("cannot start {program}: {e}"))?;
    let elapsed = start.elapsed();
    if !output.status.success() {
        return Err(format!(
            "{program} failed ({}):\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    println!("{} {}", elapsed.as_secs_f64() * 1000.0, largest_child()?);
    Ok(())
}

/// The largest resident set of any child so far, in MiB.
#[cfg(target_os = "linux")]
fn largest_child() -> Result<f64, String> {
    use nix::sys::resource::{UsageWho, getrusage};
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|e| e.to_string())?;
    // Linux counts in KiB.
    Ok(usage.max_rss() as f64 / 1024.0)
}

#[cfg(not(target_os = "linux"))]
fn largest_child() -> Result<f64, String> {
    Err("the resident set is measured on Linux only".into())
}
