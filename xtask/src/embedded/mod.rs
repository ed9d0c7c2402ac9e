//! `cargo xtask embedded`: the firmware crates on bare-metal targets: built, run under QEMU, measured.
//!
//! Ends with `N passed, 0 failed, 0 skipped` and writes `target/e2e/embedded.json`.

pub(crate) mod bluetooth;
mod budget;
mod build;
mod network;
mod report;
mod run;
mod size;

pub(crate) use build::with_source;

use crate::tools::{root, target_dir};
use std::fs;
use std::time::Instant;

/// Every target that the no_std crates are built for.
pub(crate) const TARGETS: [&str; 4] = [
    "thumbv7em-none-eabihf",
    "thumbv6m-none-eabi",
    "riscv32imc-unknown-none-elf",
    "riscv32imac-unknown-none-elf",
];

/// What came of all checks.
pub(crate) struct Results {
    checks: Vec<Check>,
    last: Instant,
}

struct Check {
    name: String,
    outcome: Result<String, String>,
}

impl Results {
    fn new() -> Self {
        Self {
            checks: Vec::new(),
            last: Instant::now(),
        }
    }

    /// Notes the outcome of a check and prints it, with the time since the one before.
    pub(crate) fn note(&mut self, name: impl Into<String>, outcome: Result<String, String>) {
        let name = name.into();
        let took = self.last.elapsed().as_secs_f64();
        self.last = Instant::now();
        match &outcome {
            Ok(detail) => println!("ok     {took:6.1} s  {name}: {detail}"),
            Err(reason) => println!("FAILED {took:6.1} s  {name}: {reason}"),
        }
        self.checks.push(Check { name, outcome });
    }

    fn failed(&self) -> usize {
        self.checks.iter().filter(|check| check.outcome.is_err()).count()
    }

    /// As one JSON document.
    fn json(&self, seconds: f64) -> String {
        let quote = |text: &str| format!("\"{}\"", text.escape_default().to_string().replace("\\'", "'"));
        let checks = self.checks.iter().map(|check| {
            let (ok, detail) = match &check.outcome {
                Ok(detail) => (true, detail),
                Err(reason) => (false, reason),
            };
            format!(
                "    {{ \"name\": {}, \"ok\": {ok}, \"detail\": {} }}",
                quote(&check.name),
                quote(detail)
            )
        });
        format!(
            "{{\n  \"passed\": {},\n  \"failed\": {},\n  \"skipped\": 0,\n  \"seconds\": {seconds:.1},\n  \"checks\": [\n{}\n  ]\n}}\n",
            self.checks.len() - self.failed(),
            self.failed(),
            checks.collect::<Vec<_>>().join(",\n")
        )
    }
}

pub(crate) fn run(write_report: bool) -> Result<String, String> {
    let start = Instant::now();
    let mut results = Results::new();
    let toolchain = build::Toolchain::find()?;
    println!("embedded: {}", toolchain.describe());
    for target in TARGETS {
        build::probe(&toolchain, target, &mut results);
        if !build::images(target, write_report).is_empty() {
            let images = build::firmware(&toolchain, target, write_report);
            results.note(
                format!("{target}: firmware images"),
                images.map(|()| "built".into()),
            );
        }
    }
    results.note(
        "ESP32-C3: provisioner over Bluetooth LE",
        build::board_example(&toolchain),
    );
    results.note("README of espprov-embedded", readme());
    let figures = run::all(&mut results);
    budget::check(&figures, &mut results);
    let images = size::read_all(&toolchain, write_report)?;
    budget::check_sizes(&images, &mut results);
    if write_report {
        report::write(&figures, &images)?;
    }
    let seconds = start.elapsed().as_secs_f64();
    let path = target_dir().join("e2e/embedded.json");
    fs::create_dir_all(target_dir().join("e2e"))
        .and_then(|()| fs::write(&path, results.json(seconds)))
        .map_err(|e| format!("{}: {e}", path.display()))?;
    let (total, failed) = (results.checks.len(), results.failed());
    let summary = format!("{} passed, {failed} failed, 0 skipped", total - failed);
    println!("embedded: {seconds:.0} s, figures in {}", path.display());
    println!("{summary}");
    if failed == 0 { Ok(summary) } else { Err(summary) }
}

/// The `main` in the README is the one that was built.
fn readme() -> Result<String, String> {
    let read = |path: &str| fs::read_to_string(root().join(path)).map_err(|e| format!("{path}: {e}"));
    let source = read("examples/firmware-qemu/src/bin/readme.rs")?;
    if read("crates/espprov-embedded/README.md")?.contains(&source) {
        Ok("shows the image `readme`".into())
    } else {
        Err("does not contain examples/firmware-qemu/src/bin/readme.rs as it is".into())
    }
}
