//! Three lanes of steps at the same time, and the table of what came of them.
//!
//! Linking firmware and emulating a processor keep one core busy, and tests that talk to browsers, stations and virtual machines keep
//! none: so a step after the other leaves half of two cores idle, and two at a time still a fifth. Steps that wait for the same build
//! directory's lock share a lane. Those that build into a directory of their own are for whichever lane is done with its steps first, the
//! longest before the others: so the lanes end at about the same time, whatever becomes longer. (`bench` lints into the common one
//! first, and waits for it if need be.)

use super::{Options, Outcome, Step};
use crate::tools::{children, target_dir};
use core::time::Duration;
use std::collections::VecDeque;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

/// Which steps follow each other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// What builds into the one target directory, and what is done with it.
    Compiler,
    /// The tests, which have been compiled and wait more than they compute; then emulated boards.
    Machines,
    /// The Python package, and virtual machines, which take its wheel along.
    Packages,
    /// Either, when it has nothing else to do.
    Any,
}

/// A line of the table.
pub(super) struct Row {
    name: String,
    elapsed: Duration,
    /// Processor time of everything the step started, where the platform tells.
    cpu: Option<Duration>,
    outcome: Outcome,
}

impl Row {
    /// Runs the step here.
    pub(super) fn of(step: &Step, options: &Options) -> Self {
        let start = Instant::now();
        let outcome = (step.run)(options);
        if let Err(reason) = &outcome {
            println!("{} FAILED: {reason}", step.name);
        }
        Self {
            name: step.name.into(),
            elapsed: start.elapsed(),
            cpu: children(),
            outcome,
        }
    }

    /// For the process that asked for this step.
    pub(super) fn write(&self, file: &Path) -> Result<(), String> {
        let cpu = self.cpu.map_or(String::new(), |cpu| cpu.as_millis().to_string());
        let (verdict, text) = match &self.outcome {
            Ok(text) => ("ok", text),
            Err(reason) => ("failed", reason),
        };
        fs::write(file, format!("{cpu}\n{verdict}\n{text}"))
            .map_err(|e| format!("{}: {e}", file.display()))?;
        self.outcome.as_ref().map(|_| ()).map_err(Clone::clone)
    }

    /// What that process finds.
    fn read(name: &str, elapsed: Duration, text: &str) -> Option<Self> {
        let mut lines = text.splitn(3, '\n');
        let cpu = lines.next()?.parse().ok().map(Duration::from_millis);
        let (verdict, text) = (lines.next()?, lines.next()?.to_owned());
        let outcome = match verdict {
            "ok" => Ok(text),
            "failed" => Err(text),
            _ => return None,
        };
        Some(Self {
            name: name.into(),
            elapsed,
            cpu,
            outcome,
        })
    }
}

/// All lanes, each in a thread; each step is a process of its own, so that its output stays together and its processor time can
/// be told.
pub(super) fn run(steps: &[&Step], options: &Options) -> Result<(), String> {
    let start = Instant::now();
    let rows = Mutex::new(Vec::new());
    let add = |row: Row, text: &str| {
        // Whoever holds the lock has the terminal, too.
        let mut rows = rows.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        println!("\n=== {} ===\n{text}", row.name);
        rows.push(row);
    };
    let left: Mutex<VecDeque<&Step>> = Mutex::new(
        steps
            .iter()
            .copied()
            .filter(|step| step.lane == Lane::Any)
            .collect(),
    );
    let next = || {
        let mut left = left.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        left.pop_front()
    };
    thread::scope(|scope| {
        for lane in [Lane::Compiler, Lane::Machines, Lane::Packages] {
            let (add, next) = (&add, &next);
            scope.spawn(move || {
                let own = steps.iter().copied().filter(|step| step.lane == lane);
                for step in own.chain(core::iter::from_fn(next)) {
                    let (row, text) = apart(step, options);
                    add(row, &text);
                }
            });
        }
    });
    let mut rows = rows
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    rows.sort_by_key(|row| steps.iter().position(|step| step.name == row.name));
    let mut took = start.elapsed();
    if let Some(seconds) = options.compiled_in {
        let compiled = by_the_caller(seconds, options.compiled_cpu);
        took += compiled.elapsed;
        rows.insert(0, compiled);
    }
    summary(&rows, Some(took))
}

/// What `.ci/run` did before it started this program.
fn by_the_caller(seconds: u64, cpu: Option<u64>) -> Row {
    Row {
        name: "compile".into(),
        elapsed: Duration::from_secs(seconds),
        cpu: cpu.map(Duration::from_secs),
        outcome: Ok("the tests, by the caller, which has its result".into()),
    }
}

/// The step in a process of its own: its row and its output.
fn apart(step: &Step, options: &Options) -> (Row, String) {
    let start = Instant::now();
    let failed = |reason: String| Row {
        name: step.name.into(),
        elapsed: start.elapsed(),
        cpu: None,
        outcome: Err(reason),
    };
    let dir = target_dir().join("ci");
    let (row, log) = (
        dir.join(step.name).with_extension("row"),
        dir.join(step.name).with_extension("log"),
    );
    let ended = (|| {
        fs::create_dir_all(&dir)?;
        // Not that of an earlier run.
        let _ = fs::remove_file(&row);
        let output = File::create(&log)?;
        Command::new(std::env::current_exe()?)
            .args(["ci", "--only", step.name, "--fuzz-seconds"])
            .arg(options.fuzz_seconds.to_string())
            .arg("--row")
            .arg(&row)
            .stdin(Stdio::null())
            .stderr(output.try_clone()?)
            .stdout(output)
            .status()
    })();
    let text = fs::read(&log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let ended = match ended {
        Ok(status) => status,
        Err(error) => return (failed(format!("cannot be started: {error}")), text),
    };
    let said = fs::read_to_string(&row).unwrap_or_default();
    let row = Row::read(step.name, start.elapsed(), &said);
    (
        row.unwrap_or_else(|| failed(format!("ended without a result ({ended})"))),
        text,
    )
}

/// The table. `took` is less than the sum where lanes ran at the same time.
pub(super) fn summary(rows: &[Row], took: Option<Duration>) -> Result<(), String> {
    let seconds = |time: Duration| format!("{:.1}", time.as_secs_f64());
    println!("\n{:<9} {:>8} {:>8}  result", "step", "seconds", "CPU");
    for row in rows {
        let text = match &row.outcome {
            Ok(text) => format!("ok: {text}"),
            Err(reason) => format!("FAILED: {}", reason.lines().next().unwrap_or_default()),
        };
        let cpu = row.cpu.map_or("-".into(), seconds);
        println!("{:<9} {:>8} {cpu:>8}  {text}", row.name, seconds(row.elapsed));
    }
    if let Some(took) = took {
        let cpu: Duration = rows.iter().filter_map(|row| row.cpu).sum();
        println!("{:<9} {:>8} {:>8}", "total", seconds(took), seconds(cpu));
    }
    let failed: Vec<_> = rows
        .iter()
        .filter(|row| row.outcome.is_err())
        .map(|row| row.name.as_str())
        .collect();
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("failed: {}", failed.join(", ")))
    }
}
