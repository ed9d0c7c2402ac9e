//! Python for the suites that are written in it: which there are, environments for it, and what pytest counts.

use super::report::Counts;
use crate::tools::{capture, run};
use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Oldest Python that the package is for.
const OLDEST: u32 = 10;

pub(super) const NO_PYTHON: &str = "no Python 3.10 or newer: apt-get install python3 python3-venv";

/// By its minor version, each Python 3 there is that the package is for: in `PATH`, and where pyenv keeps its own.
pub(super) fn interpreters() -> BTreeMap<u32, PathBuf> {
    let mut found = BTreeMap::new();
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let home = env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let versions = env::var_os("PYENV_ROOT")
        .map_or_else(|| home.join(".pyenv"), PathBuf::from)
        .join("versions");
    folders.extend(
        fs::read_dir(versions)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path().join("bin")),
    );
    for folder in folders {
        // pyenv's own programs of these names only choose among the others.
        if folder.ends_with("shims") {
            continue;
        }
        let program = folder.join("python3");
        if !program.is_file() {
            continue;
        }
        let mut ask = Command::new(&program);
        // Without the module for environments it is of no use here.
        ask.args(["-c", "import sys, ensurepip, venv; print(sys.version_info[1])"]);
        if let Ok((true, said)) = capture(&mut ask)
            && let Ok(version @ OLDEST..) = said.trim().parse()
        {
            found.entry(version).or_insert(program);
        }
    }
    found
}

/// An environment made anew: where its programs are.
pub(super) fn environment(folder: &Path, python: &Path) -> Result<PathBuf, String> {
    let _ = fs::remove_dir_all(folder);
    run(Command::new(python).args(["-m", "venv"]).arg(folder))?;
    Ok(folder.join("bin"))
}

/// An environment with what the requirements file names, kept until that changes: where its programs are.
pub(super) fn kept(folder: &Path, requirements: &Path, python: &Path) -> Result<PathBuf, String> {
    let (bin, mark) = (folder.join("bin"), folder.join("requirements.txt"));
    let wanted = fs::read_to_string(requirements).map_err(|e| format!("{}: {e}", requirements.display()))?;
    if fs::read_to_string(&mark).is_ok_and(|there| there == wanted) {
        return Ok(bin);
    }
    environment(folder, python)?;
    run(&mut install(&bin, requirements))?;
    fs::write(&mark, wanted).map_err(|e| format!("{}: {e}", mark.display()))?;
    Ok(bin)
}

/// What installs into an environment what the requirements file names.
pub(super) fn install(bin: &Path, requirements: &Path) -> Command {
    let mut pip = Command::new(bin.join("pip"));
    pip.args(["install", "--quiet", "--requirement"])
        .arg(requirements);
    pip
}

/// Tests that pytest runs.
pub(super) struct Pytest<'a> {
    pub(super) python: &'a Path,
    /// Where they are.
    pub(super) folder: &'a Path,
    /// What came of them, as XML.
    pub(super) report: &'a Path,
    /// Those that pytest finds by this.
    pub(super) only: Option<&'a str>,
}

impl Pytest<'_> {
    /// What they count, and all that was printed. `set`: what else pytest is told.
    pub(super) fn run(
        &self,
        set: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Result<(Counts, String), String> {
        let _ = fs::remove_file(self.report);
        let mut pytest = Command::new(self.python);
        pytest
            .args([
                "-m",
                "pytest",
                "--quiet",
                "-p",
                "no:cacheprovider",
                "--durations=5",
            ])
            .arg(format!("--junitxml={}", self.report.display()))
            .current_dir(self.folder)
            .env("PYTHONDONTWRITEBYTECODE", "1");
        if let Some(only) = self.only {
            pytest.args(["-k", only]);
        }
        let (ended_well, said) = capture(set(&mut pytest))?;
        let counts = junit(self.report).map_err(|error| format!("{error}\n{said}"))?;
        // With a choice that chooses nothing it does not end well either.
        if !ended_well && counts.failed == 0 && self.only.is_none() {
            return Err(format!("pytest failed, though no test did:\n{said}"));
        }
        Ok((counts, said))
    }
}

/// What a report of pytest counts.
fn junit(report: &Path) -> Result<Counts, String> {
    let text = fs::read_to_string(report).map_err(|e| format!("{}: {e}", report.display()))?;
    let count = |name: &str| -> Result<u32, String> {
        let value = text
            .split_once(&format!(" {name}=\""))
            .and_then(|(_, rest)| rest.split('"').next());
        value
            .and_then(|value| value.parse().ok())
            .ok_or_else(|| format!("{}: no {name}", report.display()))
    };
    let (failed, skipped) = (count("failures")? + count("errors")?, count("skipped")?);
    let passed = count("tests")?.saturating_sub(failed + skipped);
    Ok(Counts {
        passed,
        failed,
        skipped,
    })
}
