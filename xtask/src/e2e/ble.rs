//! `cargo xtask e2e ble`: the real program against the real Bluetooth stack, in a virtual machine. See tests/ble.

use crate::embedded::bluetooth;
use crate::programs;
use crate::tools::{capture, children, root, run, target_dir};
use core::sync::atomic::{AtomicBool, Ordering};
use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

/// What the suite was asked for.
pub(super) fn run_as_asked(options: &super::Options) -> Result<(), String> {
    let _others = options.busy.then(Busy::start);
    match options.soak {
        None => bluetooth(options.only.as_deref()).map(drop),
        Some(runs) => soak(runs, options.busy),
    }
}

/// Builds the programs and (once) the machine, then lets `tests/ble/bench.py` do its work. Its last line of output
/// is the verdict, and `target/e2e/report.json` holds a row per scenario.
pub(super) fn bluetooth(only: Option<&str>) -> Result<String, String> {
    Bench::build()?.run(only)
}

/// Runs again and again, and what each came to in a line that stays in the repository. A run that fails does not
/// end it.
fn soak(runs: u32, busy: bool) -> Result<(), String> {
    let commit = commit()?;
    let bench = Bench::build()?;
    let (report, docs) = (bench.report(), root().join("docs"));
    let mut failed = 0;
    for number in 1..=runs {
        println!("run {number} of {runs}");
        if report.exists() {
            fs::remove_file(&report).map_err(|e| format!("{}: {e}", report.display()))?;
        }
        let (start, host) = (Instant::now(), Host::now());
        if let Err(error) = bench.run(None) {
            println!("{error}");
            failed += 1;
        }
        let (others, idle) = host.since();
        run(bench
            .python("soak.py")
            .arg(docs.join("ble-soak.jsonl"))
            .arg(docs.join("src/ble.md"))
            .arg(&report)
            .arg(if busy { "busy" } else { "idle" })
            .arg(format!("{others:.2}"))
            .arg(format!("{idle:.2}"))
            .arg(start.elapsed().as_secs().to_string())
            .arg(&commit)
            .current_dir(root()))?;
    }
    if failed > 0 {
        return Err(format!("{failed} of {runs} runs failed"));
    }
    Ok(())
}

/// What the machine has done with its processors so far, in clock ticks; zero where it does not tell.
struct Host {
    all: u64,
    idle: u64,
    ours: u64,
}

impl Host {
    fn now() -> Self {
        // user, nice, system, idle, waiting for disks, interrupts of two kinds; then what a hypervisor took.
        let text = fs::read_to_string("/proc/stat").unwrap_or_default();
        let ticks: Vec<u64> = text
            .lines()
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .skip(1)
            .take(7)
            .filter_map(|number| number.parse().ok())
            .collect();
        let hundredths =
            |time: core::time::Duration| u64::try_from(time.as_millis() / 10).unwrap_or_default();
        Self {
            all: ticks.iter().sum(),
            idle: ticks.iter().skip(3).take(2).sum(),
            ours: children().map_or(0, hundredths),
        }
    }

    /// Since then: the share of the machine that others than our children used, and the share that nobody did.
    fn since(&self) -> (f64, f64) {
        let now = Self::now();
        let all = (now.all.saturating_sub(self.all)).max(1);
        let idle = now.idle.saturating_sub(self.idle);
        let others = all
            .saturating_sub(idle)
            .saturating_sub(now.ours.saturating_sub(self.ours));
        (others as f64 / all as f64, idle as f64 / all as f64)
    }
}

/// What is tested: the commit, with a mark where something is not committed, apart from what the runs themselves write.
fn commit() -> Result<String, String> {
    let git = |arguments: &[&str]| {
        let (ok, text) = capture(Command::new("git").args(arguments).current_dir(root()))?;
        if ok { Ok(text.trim().to_owned()) } else { Err(text) }
    };
    let changed = git(&["status", "--porcelain", "--untracked-files=no", "--", ":!docs"])?;
    let mark = if changed.is_empty() { "" } else { "+" };
    Ok(git(&["rev-parse", "--short=10", "HEAD"])? + mark)
}

/// Programs and machine, ready to run.
struct Bench {
    out: PathBuf,
    programs: PathBuf,
    cache: PathBuf,
    /// The Python package.
    wheel: PathBuf,
    /// What runs the firmware that is a device, in an emulator.
    firmware: Vec<String>,
}

impl Bench {
    fn build() -> Result<Self, String> {
        let out = target_dir().join("e2e");
        let programs = out.join("programs");
        programs::stripped(&["espprov", "ble-guest"], &programs)?;
        let firmware = bluetooth::command()?;
        let wheel = super::python::built()?;
        let cache = cache()?;
        run(Command::new(root().join("tests/ble/vm.sh"))
            .arg("build")
            .env("ESPPROV_BLE_CACHE", &cache))?;
        Ok(Self {
            out,
            programs,
            cache,
            wheel,
            firmware,
        })
    }

    fn report(&self) -> PathBuf {
        self.out.join("report.json")
    }

    /// One of the programs beside the scenarios.
    fn python(&self, program: &str) -> Command {
        let mut command = Command::new(self.cache.join("venv/bin/python"));
        command
            .arg(root().join("tests/ble").join(program))
            .env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    /// What it came to, in a line that names what was not as it should be.
    fn run(&self, only: Option<&str>) -> Result<String, String> {
        let line = self.out.join("verdict.txt");
        // Not that of an earlier run.
        let _ = fs::remove_file(&line);
        let ended = run(self
            .python("bench.py")
            .arg(&self.programs)
            .arg(self.report())
            .args(only)
            .env("ESPPROV_TROUBLE", self.programs.join(programs::EXAMPLE))
            // A word per line.
            .env("ESPPROV_FIRMWARE", self.firmware.join("\n"))
            .env("ESPPROV_WHEEL", &self.wheel)
            .env("ESPPROV_BLE_CACHE", &self.cache));
        let verdict = fs::read_to_string(&line).map(|text| text.trim().to_owned());
        match (ended, verdict) {
            (Ok(()), Ok(verdict)) => Ok(verdict),
            (Err(_), Ok(verdict)) => Err(verdict),
            (Err(error), Err(_)) => Err(error),
            (Ok(()), Err(error)) => Err(format!("{}: {error}", line.display())),
        }
    }
}

/// Something else that wants every core, as long as it lives.
struct Busy {
    over: Arc<AtomicBool>,
}

impl Busy {
    fn start() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            let over = Arc::clone(&over);
            thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    core::hint::spin_loop();
                }
            });
        }
        Self { over }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
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
