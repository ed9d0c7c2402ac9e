//! `cargo xtask e2e python`: builds the wheel, looks at it, installs it in fresh environments without Rust, and runs its tests there.
//! Ends with `N passed, 0 failed, 0 skipped`; `target/e2e/python.json` has a row per step.

mod speed;
mod wheel;

pub(super) use wheel::built;

use super::pytest::{NO_PYTHON, Pytest, environment, install, interpreters, kept};
use super::report::{Counts, Rows};
use crate::tools::{giving_way, root, run, target_dir};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Instant;
use wheel::{glibc, path_with, sdist, tools, wheel};

/// Largest wheel in bytes.
const MAX_WHEEL: u64 = 3_000_000;
/// Newest glibc that a wheel may ask for: 2.28, of 2018.
const MAX_GLIBC: u32 = 28;

pub(super) fn run_all(only: Option<&str>) -> Result<String, String> {
    let out = target_dir().join("e2e");
    fs::create_dir_all(&out).map_err(|e| format!("{}: {e}", out.display()))?;
    let pythons = interpreters();
    let (Some((oldest, _)), Some((newest, program))) = (pythons.first_key_value(), pythons.last_key_value())
    else {
        return Err(NO_PYTHON.into());
    };
    let versions = BTreeSet::from([*oldest, *newest]);
    let rows = Rows::default();
    let start = Instant::now();
    let tools = tools(&out, program)?;
    rows.step("tools", start, "installed");
    // Everything waits for the wheel, and the optimiser's last minute keeps one core: what else has to be compiled or installed is so
    // meanwhile, and gives way to it.
    let ((wheel, size), (checks, rust)) = both(
        || package(&out, &tools, &rows),
        || {
            let start = Instant::now();
            let rust = speed::rust()?;
            for version in &versions {
                prepared(&out, &pythons[version], *version)?;
            }
            let checks = checks(&out, program)?;
            rows.step(
                "prepare",
                start,
                "environments without Rust; what looks at the wheel, what Python is compared with",
            );
            Ok((checks, rust))
        },
    )?;
    for version in &versions {
        installed(&out, *version, &wheel)?;
    }
    let (all, glibc) = both(
        || all_tests(&out, &versions, only, &rows),
        || {
            let start = Instant::now();
            let glibc = age(&checks, &wheel)?;
            rows.step("auditwheel", start, &format!("manylinux_2_{glibc}"));
            let start = Instant::now();
            sdist(&out, &tools)?;
            rows.step("sdist", start, "has all that cargo asks for");
            let start = Instant::now();
            types(&out, &checks, *newest)?;
            rows.step("types", start, "mypy --strict and pyright find nothing");
            let start = Instant::now();
            workflow(&checks)?;
            rows.step("workflow", start, "as its schema wants it");
            Ok(glibc)
        },
    )?;
    let start = Instant::now();
    let python = bin(&out, *newest).join("python");
    rows.step("speed", start, &speed::ratio(&python, &bindings(), rust)?);
    rows.write(&out.join("python.json"))?;
    let verdict = all.to_string();
    println!("{verdict}");
    if all.failed + all.skipped > 0 || all.passed == 0 {
        return Err(verdict);
    }
    Ok(format!(
        "{verdict}; Python 3.{oldest} and 3.{newest}, manylinux_2_{glibc}, {size} bytes"
    ))
}

/// Two things at the same time, and what came of both.
fn both<A: Send, B: Send>(
    one: impl FnOnce() -> Result<A, String> + Send,
    other: impl FnOnce() -> Result<B, String> + Send,
) -> Result<(A, B), String> {
    thread::scope(|scope| {
        let other = scope.spawn(other);
        let one = one();
        let other = ended(other);
        match (one, other) {
            (Ok(one), Ok(other)) => Ok((one, other)),
            (Err(one), Err(other)) => Err(format!("{one}\n{other}")),
            (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
        }
    })
}

fn ended<T>(thread: thread::ScopedJoinHandle<'_, Result<T, String>>) -> Result<T, String> {
    thread
        .join()
        .unwrap_or_else(|_| Err("the thread has panicked".into()))
}

/// The wheel and its size.
fn package(out: &Path, tools: &Path, rows: &Rows) -> Result<(PathBuf, u64), String> {
    let start = Instant::now();
    let wheel = wheel(out, tools)?;
    let size = fs::metadata(&wheel)
        .map_err(|e| format!("{}: {e}", wheel.display()))?
        .len();
    if size > MAX_WHEEL {
        return Err(format!("the wheel has {size} bytes, more than {MAX_WHEEL}"));
    }
    rows.step("wheel", start, &format!("{size} bytes"));
    Ok((wheel, size))
}

/// The second number of the glibc that the wheel needs.
fn age(checks: &Path, wheel: &Path) -> Result<u32, String> {
    let glibc = glibc(checks, wheel)?;
    if glibc > MAX_GLIBC {
        return Err(format!(
            "the wheel needs glibc 2.{glibc}, newer than 2.{MAX_GLIBC}"
        ));
    }
    Ok(glibc)
}

/// The tests in all of them at the same time: most of it is waiting.
fn all_tests(
    out: &Path,
    versions: &BTreeSet<u32>,
    only: Option<&str>,
    rows: &Rows,
) -> Result<Counts, String> {
    thread::scope(|scope| {
        let started: Vec<_> = versions
            .iter()
            .map(|&version| {
                scope.spawn(move || {
                    let start = Instant::now();
                    let counts = tests(out, version, only)?;
                    rows.step(&format!("python3.{version}"), start, &counts.to_string());
                    Ok::<_, String>(counts)
                })
            })
            .collect();
        let results: Vec<_> = started.into_iter().map(ended).collect();
        let mut all = Counts::default();
        for counts in results {
            all.add(counts?);
        }
        Ok(all)
    })
}

fn bindings() -> PathBuf {
    root().join("bindings/python")
}

/// The programs of the environment in which that Python is tested.
fn bin(out: &Path, version: u32) -> PathBuf {
    out.join(format!("python-3.{version}/bin"))
}

/// What is found there: no Rust.
fn plain(bin: &Path) -> String {
    format!("{}:/usr/bin:/bin", bin.display())
}

/// What looks at the wheel, in the versions of the requirements file.
fn checks(out: &Path, python: &Path) -> Result<PathBuf, String> {
    kept(
        &out.join("checks-venv"),
        &bindings().join("requirements-checks.txt"),
        python,
    )
}

/// An environment that has all but the wheel.
fn prepared(out: &Path, python: &Path, version: u32) -> Result<(), String> {
    let bin = environment(&out.join(format!("python-3.{version}")), python)?;
    let mut pip = install(&bin, &bindings().join("tests/requirements.txt"));
    pip.env("PATH", plain(&bin));
    run(&mut giving_way(pip))
}

/// And the wheel.
fn installed(out: &Path, version: u32, wheel: &Path) -> Result<(), String> {
    let bin = bin(out, version);
    run(Command::new(bin.join("pip"))
        .args(["install", "--quiet", "--no-index"])
        .arg(wheel)
        .env("PATH", plain(&bin)))
}

fn tests(out: &Path, version: u32, only: Option<&str>) -> Result<Counts, String> {
    let bin = bin(out, version);
    let report = out.join(format!("python-3.{version}.xml"));
    let tests = Pytest {
        python: &bin.join("python"),
        folder: &bindings(),
        report: &report,
        only,
    };
    let (counts, said) = tests.run(|pytest| pytest.env("PATH", plain(&bin)))?;
    println!("{said}");
    Ok(counts)
}

/// The workflow that builds the wheels of the other platforms cannot run here; what can be checked is its form.
fn workflow(checks: &Path) -> Result<(), String> {
    run(Command::new(checks.join("check-jsonschema"))
        .args(["--builtin-schema", "vendor.github-workflows"])
        .arg(root().join(".github/workflows/wheels.yml")))
}

/// What two type checkers say of the package, as it is installed, and of the tests and examples that use it.
fn types(out: &Path, checks: &Path, version: u32) -> Result<(), String> {
    let python = bin(out, version).join("python");
    run(Command::new(checks.join("mypy"))
        .args(["--strict", "--python-executable"])
        .arg(&python)
        .args(["--cache-dir"])
        .arg(out.join("mypy"))
        .args(["python/espprov", "tests", "examples", "benches"])
        .current_dir(bindings())
        .env("MYPYPATH", "python:tests"))?;
    run(Command::new(checks.join("pyright"))
        .arg("--pythonpath")
        .arg(&python)
        .args(["python/espprov", "examples", "benches"])
        .current_dir(bindings())
        .env("PATH", path_with(checks)?))
}
