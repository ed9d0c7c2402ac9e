//! `cargo xtask e2e line`: the production line against other people's programs and against its own accidents: readers and writers of
//! codes, the vendor's partition tool, a browser that prints, kills, full disks, stations that share a database. Ends with `N passed, 0 failed, 0 skipped`;
//! `target/e2e/line.json` has a row per step.

use super::pytest::{NO_PYTHON, Pytest, interpreters, kept};
use super::report::{Counts, Rows};
use crate::programs;
use crate::tools::{capture, cargo, root, target_dir};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// The tests in Rust that are about it. Of the whole workspace, so that nothing is built with other features than for CI's tests.
const SUITES: [&[&str]; 2] = [
    &[
        "--lib",
        "--",
        "code::tests",
        "factory::tests",
        "ledger::tests",
        "manifest::tests",
        "shared::",
    ],
    &["--test", "batch", "--test", "cli_line", "--test", "cli_recipe"],
];

/// Programs that stand for other people's, by the names that they have here or there, and the package that has each. The server itself,
/// which Debian keeps off the path, is found by the tests.
const PROGRAMS: [(&[&str], &str); 3] = [
    (&["zbarimg"], "zbar-tools"),
    (&["chromium", "chromium-browser", "google-chrome"], "chromium"),
    (&["psql"], "postgresql"),
];

pub(super) fn run_all(only: Option<&str>) -> Result<String, String> {
    let out = target_dir().join("e2e");
    fs::create_dir_all(&out).map_err(|e| format!("{}: {e}", out.display()))?;
    for (names, package) in PROGRAMS {
        let is_there = |name: &&str| capture(Command::new(name).arg("--version")).is_ok();
        if !names.iter().any(is_there) {
            return Err(format!("the tests need {}: apt-get install {package}", names[0]));
        }
    }
    let rows = Rows::default();
    let mut all = Counts::default();
    let mut row = |name: &str, start: Instant, counts: Counts| {
        rows.step(name, start, &counts.to_string());
        all.add(counts);
    };
    let start = Instant::now();
    if only.is_none() {
        row("in Rust", start, in_rust()?);
    }
    let command = programs::debug("espprov")?;
    let start = Instant::now();
    let python = python(&out)?;
    row(
        "with other programs",
        start,
        with_others(&out, &python, &command, only)?,
    );
    rows.write(&out.join("line.json"))?;
    println!("{all}");
    if all.failed + all.skipped > 0 || all.passed == 0 {
        return Err(all.to_string());
    }
    Ok(all.to_string())
}

fn in_rust() -> Result<Counts, String> {
    let mut counts = Counts::default();
    for suite in SUITES {
        let mut test = cargo();
        test.args(["test", "--workspace", "--locked", "--quiet"])
            .args(suite);
        let (ok, said) = capture(&mut test)?;
        let before = counts.failed;
        for line in said.lines().filter(|line| line.starts_with("test result: ")) {
            let number = |word: &str| -> u32 {
                let number = line
                    .split(word)
                    .next()
                    .and_then(|rest| rest.trim_end().rsplit(' ').next());
                number.and_then(|number| number.parse().ok()).unwrap_or(0)
            };
            counts.passed += number(" passed");
            counts.failed += number(" failed");
            counts.skipped += number(" ignored");
        }
        if !ok {
            println!("{said}");
            // What does not build has no results.
            counts.failed += u32::from(counts.failed == before);
        }
    }
    Ok(counts)
}

fn folder() -> PathBuf {
    root().join("tests/line")
}

/// The Python of the environment that has what the tests need.
fn python(out: &Path) -> Result<PathBuf, String> {
    let pythons = interpreters();
    let (_, newest) = pythons.last_key_value().ok_or(NO_PYTHON)?;
    let bin = kept(&out.join("line-venv"), &folder().join("requirements.txt"), newest)?;
    Ok(bin.join("python"))
}

fn with_others(out: &Path, python: &Path, command: &Path, only: Option<&str>) -> Result<Counts, String> {
    let tests = Pytest {
        python,
        folder: &folder(),
        report: &out.join("line.xml"),
        only,
    };
    let (counts, said) = tests.run(|pytest| pytest.arg("-rP").env("ESPPROV", command))?;
    println!("{said}");
    Ok(counts)
}
