//! `cargo xtask e2e python`: builds the wheel, looks at it, installs it in fresh environments without Rust, and runs its tests there.
//! Ends with `N passed, 0 failed, 0 skipped`; `target/e2e/python.json` has a row per step.

use super::report::{Counts, Rows};
use crate::tools::{capture, cargo, root, run, target_dir};
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Instant;

/// Largest wheel in bytes.
const MAX_WHEEL: u64 = 3_000_000;
/// Newest glibc that a wheel may ask for: 2.28, of 2018.
const MAX_GLIBC: u32 = 28;
/// Oldest Python that the package is for.
const OLDEST: u32 = 10;

const NO_PYTHON: &str = "no Python 3.10 or newer: apt-get install python3 python3-venv";

pub(super) fn run_all(only: Option<&str>) -> Result<String, String> {
    let out = target_dir().join("e2e");
    fs::create_dir_all(&out).map_err(|e| format!("{}: {e}", out.display()))?;
    let pythons = interpreters();
    let (Some((oldest, _)), Some((newest, program))) = (pythons.first_key_value(), pythons.last_key_value())
    else {
        return Err(NO_PYTHON.into());
    };
    let mut rows = Rows::default();
    let start = Instant::now();
    let tools = tools(&out, program)?;
    rows.step("tools", start, "installed");
    let start = Instant::now();
    let wheel = wheel(&out, &tools)?;
    let size = fs::metadata(&wheel)
        .map_err(|e| format!("{}: {e}", wheel.display()))?
        .len();
    if size > MAX_WHEEL {
        return Err(format!("the wheel has {size} bytes, more than {MAX_WHEEL}"));
    }
    rows.step("wheel", start, &format!("{size} bytes"));
    let start = Instant::now();
    let glibc = glibc(&tools, &wheel)?;
    if glibc > MAX_GLIBC {
        return Err(format!(
            "the wheel needs glibc 2.{glibc}, newer than 2.{MAX_GLIBC}"
        ));
    }
    rows.step("auditwheel", start, &format!("manylinux_2_{glibc}"));
    let mut all = Counts::default();
    let versions = BTreeSet::from([*oldest, *newest]);
    // At the same time: most of it is waiting.
    let start = Instant::now();
    let results: Vec<_> = thread::scope(|scope| {
        let started: Vec<_> = versions
            .iter()
            .map(|version| {
                let test = || tests(&out, &pythons[version], *version, &wheel, only);
                (version, scope.spawn(test))
            })
            .collect();
        let ended = |thread: thread::ScopedJoinHandle<'_, _>| {
            thread
                .join()
                .unwrap_or_else(|_| Err("the thread has panicked".into()))
        };
        started
            .into_iter()
            .map(|(version, thread)| (version, ended(thread)))
            .collect()
    });
    for (version, counts) in results {
        let counts = counts?;
        rows.step(&format!("python3.{version}"), start, &counts.to_string());
        all.add(counts);
    }
    let start = Instant::now();
    let python = out.join(format!("python-3.{newest}/bin/python"));
    rows.step("speed", start, &super::speed::ratio(&python, &bindings())?);
    let start = Instant::now();
    sdist(&out, &tools)?;
    rows.step("sdist", start, "has all that cargo asks for");
    let start = Instant::now();
    types(&out, &tools, *newest)?;
    rows.step("types", start, "mypy --strict and pyright find nothing");
    let start = Instant::now();
    workflow(&tools)?;
    rows.step("workflow", start, "as its schema wants it");
    rows.write(&out.join("python.json"))?;
    let verdict = all.to_string();
    println!("{verdict}");
    if all.failed + all.skipped > 0 {
        return Err(verdict);
    }
    Ok(format!(
        "{verdict}; Python 3.{oldest} and 3.{newest}, manylinux_2_{glibc}, {size} bytes"
    ))
}

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

/// An environment made anew, unless `keep` says what is in it already.
pub(super) fn environment(folder: &Path, python: &Path) -> Result<PathBuf, String> {
    let _ = fs::remove_dir_all(folder);
    run(Command::new(python).args(["-m", "venv"]).arg(folder))?;
    Ok(folder.join("bin"))
}

/// What builds and checks the wheel, in the versions of the requirements file; kept until that changes.
fn tools(out: &Path, python: &Path) -> Result<PathBuf, String> {
    let (folder, requirements) = (out.join("python-venv"), bindings().join("requirements.txt"));
    let wanted = fs::read_to_string(&requirements).map_err(|e| format!("{}: {e}", requirements.display()))?;
    let mark = folder.join("requirements.txt");
    if fs::read_to_string(&mark).is_ok_and(|there| there == wanted) {
        return Ok(folder.join("bin"));
    }
    let bin = environment(&folder, python)?;
    run(Command::new(bin.join("pip"))
        .args(["install", "--quiet", "--requirement"])
        .arg(&requirements))?;
    fs::write(&mark, wanted).map_err(|e| format!("{}: {e}", mark.display()))?;
    Ok(bin)
}

fn bindings() -> PathBuf {
    root().join("bindings/python")
}

/// `PATH` with the tools before everything else.
fn path_with(bin: &Path) -> Result<std::ffi::OsString, String> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = core::iter::once(bin.to_path_buf()).chain(env::split_paths(&path));
    env::join_paths(folders).map_err(|e| e.to_string())
}

/// The wheel, for whoever else needs it.
pub(super) fn built() -> Result<PathBuf, String> {
    let out = target_dir().join("e2e");
    fs::create_dir_all(&out).map_err(|e| format!("{}: {e}", out.display()))?;
    let pythons = interpreters();
    let (_, newest) = pythons.last_key_value().ok_or(NO_PYTHON)?;
    let tools = tools(&out, newest)?;
    wheel(&out, &tools)
}

/// The licences have to lie beside what is packed: copies of the workspace's.
fn licences() -> Result<(), String> {
    for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
        let read = |path: PathBuf| fs::read(&path).map_err(|e| format!("{}: {e}", path.display()));
        if read(root().join(name))? != read(bindings().join(name))? {
            return Err(format!("bindings/python/{name} is not the workspace's: copy it"));
        }
    }
    Ok(())
}

/// Builds it, with zig for the linker: that knows the symbols of old glibcs.
fn wheel(out: &Path, tools: &Path) -> Result<PathBuf, String> {
    licences()?;
    let wheels = out.join("wheels");
    let _ = fs::remove_dir_all(&wheels);
    run(Command::new(tools.join("maturin"))
        .args([
            "build",
            "--release",
            "--locked",
            "--zig",
            "--compatibility",
            "manylinux_2_17",
            // It is packed once more below.
            "--compression-level",
            "1",
            "--out",
        ])
        .arg(&wheels)
        .current_dir(bindings())
        .env("PATH", path_with(tools)?)
        .env("CARGO_TARGET_DIR", target_dir().join("python")))?;
    let entries = fs::read_dir(&wheels).map_err(|e| format!("{}: {e}", wheels.display()))?;
    let wheel = entries
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|end| end == "whl"))
        .ok_or("maturin built no wheel")?;
    run(Command::new(tools.join("python"))
        .arg(bindings().join("repack.py"))
        .arg(&wheel))?;
    Ok(wheel)
}

/// What `pip` builds from where there is no wheel: the crates below the binding come along, and the lock file fits them.
fn sdist(out: &Path, tools: &Path) -> Result<(), String> {
    let folder = out.join("sdist");
    let _ = fs::remove_dir_all(&folder);
    run(Command::new(tools.join("maturin"))
        .args(["sdist", "--out"])
        .arg(&folder)
        .current_dir(bindings()))?;
    let entries = fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let archive = entries.flatten().next().ok_or("maturin made no archive")?.path();
    run(Command::new("tar")
        .arg("xzf")
        .arg(&archive)
        .arg("-C")
        .arg(&folder))?;
    let name = archive
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let manifest = folder
        .join(name.trim_end_matches(".tar.gz"))
        .join("bindings/python/Cargo.toml");
    let (complete, said) = capture(
        cargo()
            .args([
                "metadata",
                "--locked",
                "--offline",
                "--format-version",
                "1",
                "--manifest-path",
            ])
            .arg(&manifest),
    )?;
    if complete {
        Ok(())
    } else {
        Err(format!("the sdist is not complete: {said}"))
    }
}

/// The second number of the oldest glibc that the wheel runs with, by a tool that has not built it.
fn glibc(tools: &Path, wheel: &Path) -> Result<u32, String> {
    let (ok, said) = capture(
        Command::new(tools.join("auditwheel"))
            .arg("show")
            .arg(wheel)
            .env("PATH", path_with(tools)?),
    )?;
    // Its lines are broken anywhere.
    let text = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let tag = text
        .split_once("platform tag: \"manylinux_2_")
        .map(|(_, tag)| tag);
    let number = tag.and_then(|tag| tag.split('_').next()?.parse().ok());
    match number {
        Some(number) if ok => Ok(number),
        _ => Err(format!("auditwheel does not tell what the wheel needs:\n{said}")),
    }
}

/// Installs the wheel where there is no Rust, and runs the tests.
fn tests(
    out: &Path,
    python: &Path,
    version: u32,
    wheel: &Path,
    only: Option<&str>,
) -> Result<Counts, String> {
    let bin = environment(&out.join(format!("python-3.{version}")), python)?;
    let plain = format!("{}:/usr/bin:/bin", bin.display());
    run(Command::new(bin.join("pip"))
        .args(["install", "--quiet", "--no-index"])
        .arg(wheel)
        .env("PATH", &plain))?;
    run(Command::new(bin.join("pip"))
        .args(["install", "--quiet", "--requirement"])
        .arg(bindings().join("tests/requirements.txt"))
        .env("PATH", &plain))?;
    let report = out.join(format!("python-3.{version}.xml"));
    let _ = fs::remove_file(&report);
    let mut pytest = Command::new(bin.join("python"));
    pytest
        .args([
            "-m",
            "pytest",
            "--quiet",
            "-p",
            "no:cacheprovider",
            "--durations=5",
        ])
        .arg(format!("--junitxml={}", report.display()))
        .current_dir(bindings())
        .env("PATH", &plain)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    if let Some(only) = only {
        pytest.args(["-k", only]);
    }
    let (ended_well, said) = capture(&mut pytest)?;
    println!("{said}");
    let counts = junit(&report)?;
    if !ended_well && counts.failed == 0 {
        return Err(format!("pytest failed on Python 3.{version}, though no test did"));
    }
    Ok(counts)
}

/// What a report of pytest counts.
pub(super) fn junit(report: &Path) -> Result<Counts, String> {
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

/// The workflow that builds the wheels of the other platforms cannot run here; what can be checked is its form.
fn workflow(tools: &Path) -> Result<(), String> {
    run(Command::new(tools.join("check-jsonschema"))
        .args(["--builtin-schema", "vendor.github-workflows"])
        .arg(root().join(".github/workflows/wheels.yml")))
}

/// What two type checkers say of the package, as it is installed, and of the tests and examples that use it.
fn types(out: &Path, tools: &Path, version: u32) -> Result<(), String> {
    let python = out.join(format!("python-3.{version}/bin/python"));
    run(Command::new(tools.join("mypy"))
        .args(["--strict", "--python-executable"])
        .arg(&python)
        .args(["--cache-dir"])
        .arg(out.join("mypy"))
        .args(["python/espprov", "tests", "examples", "benches"])
        .current_dir(bindings())
        .env("MYPYPATH", "python:tests"))?;
    run(Command::new(tools.join("pyright"))
        .arg("--pythonpath")
        .arg(&python)
        .args(["python/espprov", "examples", "benches"])
        .current_dir(bindings())
        .env("PATH", path_with(tools)?))
}
