//! `cargo xtask e2e web`: builds the npm package, measures it, and runs its tests in Node.js and in browsers. Ends with
//! `N passed, 0 failed, 0 skipped`; `target/e2e/web.json` has a row per step.

use super::report::{Counts, Rows};
use crate::tools::{capture, cargo, root, run, target_dir};
use crate::{embedded, programs, rustup};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// The target that WebAssembly is built for.
const TARGET: &str = "wasm32-unknown-unknown";
/// Oldest Node.js that the package is for.
const OLDEST_NODE: u32 = 20;
/// What the times of the arithmetic were, in words.
const TIMES: &str = "web-times.txt";
/// The folders of the tests.
const SUITES: [&str; 2] = ["node", "browser"];

pub(super) fn run_all(only: Option<&str>) -> Result<String, String> {
    let out = target_dir().join("e2e");
    fs::create_dir_all(&out).map_err(|e| format!("{}: {e}", out.display()))?;
    let rows = Rows::default();
    let start = Instant::now();
    let node = node()?;
    let libraries = libraries()?;
    packages(&out)?;
    rows.step("tools", start, &format!("Node.js {node}"));
    let start = Instant::now();
    build(&libraries)?;
    rows.step("build", start, "TypeScript in strict mode finds nothing");
    let start = Instant::now();
    let (ok, sizes) = capture(Command::new("node").arg("sizes.mjs").current_dir(bindings()))?;
    let sizes = sizes.trim();
    rows.step("sizes", start, sizes);
    if !ok {
        return Err(sizes.lines().next().unwrap_or_default().to_owned());
    }
    let start = Instant::now();
    let rust = |arguments: &[&str]| {
        run(cargo()
            .args(arguments)
            .current_dir(bindings())
            .env("CARGO_TARGET_DIR", target_dir().join("web")))
    };
    rust(&["test", "--quiet", "--locked", "--package", "espprov-web-polled"])?;
    rust(&[
        "clippy",
        "--quiet",
        "--locked",
        "--workspace",
        "--target",
        TARGET,
        "--",
        "-D",
        "warnings",
    ])?;
    rows.step("rust", start, "tests pass, clippy finds nothing");
    let program = programs::debug("espprov")?;
    let _ = fs::remove_file(out.join(TIMES));
    let mut all = Counts::default();
    for suite in SUITES {
        let start = Instant::now();
        let counts = tests(&out, suite, &program, only)?;
        rows.step(suite, start, &counts.to_string());
        all.add(counts);
    }
    // Told by the test that measures them, which a pattern may have left out.
    let start = Instant::now();
    if let Ok(times) = fs::read_to_string(out.join(TIMES)) {
        rows.step("times", start, times.trim());
    }
    rows.write(&out.join("web.json"))?;
    let verdict = all.to_string();
    println!("{verdict}");
    // Those that a pattern leaves out count as skipped.
    if all.failed > 0 || (only.is_none() && all.skipped > 0) {
        return Err(verdict);
    }
    Ok(format!("{verdict}; {sizes}"))
}

fn bindings() -> PathBuf {
    root().join("bindings/web")
}

/// The version of Node.js.
fn node() -> Result<String, String> {
    let (ok, said) = capture(Command::new("node").arg("--version")).map_err(|error| {
        format!("{error}; Node.js {OLDEST_NODE} or newer is needed: apt-get install nodejs npm")
    })?;
    let version = said.trim().trim_start_matches('v').to_owned();
    let major = version.split('.').next().and_then(|number| number.parse().ok());
    match major {
        Some(OLDEST_NODE..) if ok => Ok(version),
        _ => Err(format!("Node.js {OLDEST_NODE} or newer is needed, not {version}")),
    }
}

/// Where the compiler's standard libraries are, with that for WebAssembly.
fn libraries() -> Result<PathBuf, String> {
    if rustup::has_target(TARGET)? {
        rustup::libraries()
    } else {
        Err(format!(
            "no standard library for WebAssembly: rustup target add {TARGET}"
        ))
    }
}

/// The package, with a standard library that is built for size: where rustup has no source of it, by a compiler that has.
fn build(libraries: &Path) -> Result<(), String> {
    let mut node = Command::new("node");
    node.arg("build.mjs")
        .current_dir(bindings())
        .env("CARGO", cargo().get_program())
        .env("CARGO_TARGET_DIR", target_dir().join("web"));
    if !libraries.join("src/rust/library/Cargo.lock").is_file() {
        let (rustc, linker) = embedded::with_source(libraries).map_err(|error| {
            format!("no source of the standard library: rustup component add rust-src\n{error}")
        })?;
        node.env("ESPPROV_RUSTC", rustc).env("ESPPROV_LINKER", linker);
    }
    run(&mut node)
}

/// What builds and tests the package, in the versions of its lock file; kept until that changes.
fn packages(out: &Path) -> Result<(), String> {
    let lock = bindings().join("package-lock.json");
    let wanted = fs::read_to_string(&lock).map_err(|e| format!("{}: {e}", lock.display()))?;
    let mark = out.join("package-lock.json");
    let there = fs::read_to_string(&mark).is_ok_and(|there| there == wanted);
    if there && bindings().join("node_modules").is_dir() {
        return Ok(());
    }
    run(Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
        .current_dir(bindings()))?;
    fs::write(&mark, wanted).map_err(|e| format!("{}: {e}", mark.display()))
}

/// One folder of tests, by Node.js's own runner.
fn tests(out: &Path, suite: &str, program: &Path, only: Option<&str>) -> Result<Counts, String> {
    let folder = bindings().join("tests").join(suite);
    let report = out.join(format!("web-{suite}.tap"));
    let _ = fs::remove_file(&report);
    let entries = fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut files: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    files.sort();
    let mut node = Command::new("node");
    node.args([
        "--test",
        "--test-reporter=spec",
        "--test-reporter-destination=stdout",
        "--test-reporter=tap",
    ])
    .arg(format!("--test-reporter-destination={}", report.display()))
    // Only against a test that would never end.
    .arg("--test-timeout=300000");
    if let Some(only) = only {
        node.arg(format!("--test-name-pattern={only}"));
    }
    node.args(files)
        .current_dir(bindings())
        .env("ESPPROV", program)
        .env("ESPPROV_OUT", out);
    let ended = run(&mut node);
    let text = fs::read_to_string(&report).map_err(|e| format!("{}: {e}; {ended:?}", report.display()))?;
    let count = |name: &str| -> Result<u32, String> {
        let line = text.lines().rev().find_map(|line| line.strip_prefix(name));
        line.and_then(|number| number.trim().parse().ok())
            .ok_or_else(|| format!("{}: no {name}", report.display()))
    };
    let (failed, skipped) = (
        count("# fail ")? + count("# cancelled ")?,
        count("# skipped ")? + count("# todo ")?,
    );
    if ended.is_err() && failed == 0 {
        return Err(format!("Node.js failed, though no test did: {ended:?}"));
    }
    Ok(Counts {
        passed: count("# pass ")?,
        failed,
        skipped,
    })
}
