//! `cargo xtask startup`: what it costs to start `espprov` and provision a simulated device without any delays.

use crate::programs;
use crate::tools::capture;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Most processor time of the quickest run, in milliseconds. Not wall time: that is the machine's as much as ours. It is
/// printed beside it.
const MAX_MILLISECONDS: f64 = 60.0;
/// Largest resident set, in MiB, of the program that people install.
const MAX_MIB: f64 = 15.0;
/// The same of the one the tests use: it is four times the size on disk, and what is touched of that counts.
const MAX_MIB_OF_THE_TESTS: f64 = 24.0;
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

/// Which build is measured.
#[derive(Clone, Copy)]
pub(crate) enum Program {
    /// As people install it. Takes minutes to build, and nothing else needs it.
    Release,
    /// What is there after `cargo test`. Its arithmetic is optimised, the rest is not: within the same limit of time, it says as much
    /// about a change that makes starting slow.
    OfTheTests,
}

pub(crate) fn startup(which: Program) -> Result<String, String> {
    let (program, max_mib) = match which {
        Program::Release => (programs::release()?, MAX_MIB),
        Program::OfTheTests => (programs::debug("espprov")?, MAX_MIB_OF_THE_TESTS),
    };
    let mut times = Vec::new();
    let mut walls = Vec::new();
    let mut largest: f64 = 0.0;
    for _ in 0..RUNS {
        let (cpu, wall, mib) = measured(&program)?;
        times.push(cpu);
        walls.push(wall);
        largest = largest.max(mib);
    }
    times.sort_by(f64::total_cmp);
    walls.sort_by(f64::total_cmp);
    let (least, median, wall) = (times[0], times[RUNS / 2], walls[RUNS / 2]);
    let figures = format!(
        "provision sim:zero: median of {RUNS} runs {median:.1} ms of CPU ({least:.1} at least), {wall:.1} ms of wall time; largest \
         {largest:.1} MiB",
    );
    println!("startup: {figures}");
    // The least: a core whose other half is busy makes the others longer, and ours would be in all of them.
    if least > MAX_MILLISECONDS || largest > max_mib {
        return Err(format!(
            "{figures}; the limits are {MAX_MILLISECONDS} ms of CPU and {max_mib} MiB"
        ));
    }
    Ok(figures)
}

/// One run in a process of its own, because a process can ask only for the largest of all its children.
fn measured(program: &Path) -> Result<(f64, f64, f64), String> {
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
        [cpu, wall, mib] => Ok((*cpu, *wall, *mib)),
        _ => Err(format!("no figures: {text}")),
    }
}

/// Runs one program with its output thrown away and prints its processor time and wall time in milliseconds and its
/// largest resident set in MiB.
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
    let (cpu, mib) = children()?;
    println!("{cpu} {} {mib}", elapsed.as_secs_f64() * 1000.0);
    Ok(())
}

/// What the children so far have cost: processor time of all in milliseconds, largest resident set of any in MiB.
#[cfg(target_os = "linux")]
fn children() -> Result<(f64, f64), String> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike as _;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|e| e.to_string())?;
    let cpu = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    // Linux counts memory in KiB.
    Ok((cpu as f64 / 1000.0, usage.max_rss() as f64 / 1024.0))
}

#[cfg(not(target_os = "linux"))]
fn children() -> Result<(f64, f64), String> {
    Err("processor time and the resident set are measured on Linux only".into())
}
