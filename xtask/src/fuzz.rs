//! `cargo xtask fuzz`: hostile bytes for everything that reads a peer's bytes.
//!
//! The targets are functions of the library in `fuzz/`. They run under libFuzzer, guided by coverage, on the
//! toolchain that everything else uses: what `cargo fuzz` adds to a build is a handful of flags, which stand here. Where
//! there is no C++ compiler for libFuzzer, the same functions run under a blind mutator.

use crate::tools::{cargo, root, run, stems, target_dir};
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

/// Longest input; every message of the protocol fits into it.
const MAX_LEN: usize = 8192;
/// Longest time for one input, in seconds. Anything near it is a hang.
const INPUT_SECONDS: u32 = 10;
/// Memory one target may use, in MiB.
const RSS_MIB: u32 = 512;

/// Counters and traced comparisons for libFuzzer. No sanitizer: there is no unsafe code here, and half the speed would go.
const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cllvm-args=-simplifycfg-branch-fold-threshold=0";

/// Runs all targets, or one, for `seconds` each, as many at a time as there are processors.
pub(crate) fn fuzz(seconds: u32, only: Option<&str>) -> Result<(), String> {
    let mut targets = stems(&root().join("fuzz/fuzz_targets"), "rs")?;
    if let Some(only) = only {
        if !targets.iter().any(|name| name == only) {
            return Err(format!(
                "no such target: {only}; there are {}",
                targets.join(", ")
            ));
        }
        targets.retain(|name| name == only);
    }
    for name in &targets {
        let seeds = seeds(name);
        if fs::read_dir(&seeds).map_or(0, Iterator::count) == 0 {
            return Err(format!("{}: no seed corpus", seeds.display()));
        }
    }
    let runner = Runner::build()?;
    let jobs = thread::available_parallelism().map_or(1, usize::from);
    let mut failed = Vec::new();
    for batch in targets.chunks(jobs) {
        let running: Vec<_> = batch
            .iter()
            .map(|name| runner.start(name, seconds).map(|child| (name, child)))
            .collect::<Result<_, _>>()?;
        for (name, mut child) in running {
            let status = child.wait().map_err(|e| e.to_string())?;
            let text = fs::read(log(name)).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            println!("fuzz: {name}: {}", last_figure(&text));
            if !status.success() {
                let lines: Vec<_> = text.lines().collect();
                println!("{}", lines[lines.len().saturating_sub(40)..].join("\n"));
                failed.push(name.as_str());
            }
        }
    }
    if failed.is_empty() {
        println!(
            "fuzz: {} targets, {seconds} s each, {}",
            targets.len(),
            runner.describe()
        );
        return Ok(());
    }
    Err(format!(
        "fuzz targets failed: {}; the inputs are in fuzz/artifacts/, `cargo xtask fuzz TARGET` runs one again",
        failed.join(", ")
    ))
}

fn seeds(name: &str) -> PathBuf {
    root().join("fuzz/corpus").join(name)
}

/// Where a target's output goes: a pipe that nobody reads while another target is waited for would stop it.
fn log(name: &str) -> PathBuf {
    target_dir().join("fuzz").join(format!("{name}.log"))
}

/// The line of a fuzzer's output that says how much was done.
fn last_figure(text: &str) -> &str {
    let done = |line: &&str| line.starts_with("Done ") || line.starts_with("stat::number_of_executed_units");
    text.lines().rfind(done).unwrap_or("did not finish")
}

enum Runner {
    /// libFuzzer; the directory with one program per target.
    Guided(PathBuf),
    /// The blind mutator's program.
    Blind(PathBuf),
}

impl Runner {
    fn build() -> Result<Self, String> {
        let directory = target_dir().join("fuzz");
        let mut build = cargo();
        build
            .args(["build", "--quiet", "--release", "--locked", "--manifest-path"])
            .arg(root().join("fuzz/Cargo.toml"))
            .env("CARGO_TARGET_DIR", &directory)
            .env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true")
            .env("CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS", "true");
        if can_guide() {
            // With a target named, build scripts and procedural macros do without the counters.
            let host = host()?;
            build
                .args(["--bins", "--target", &host])
                .env("RUSTFLAGS", COVERAGE)
                .env_remove("CARGO_ENCODED_RUSTFLAGS");
            run(&mut build)?;
            return Ok(Self::Guided(directory.join(host).join("release")));
        }
        println!("fuzz: no C++ compiler for libFuzzer: mutating blindly, without coverage guidance");
        build.args(["--no-default-features", "--example", "blind"]);
        run(&mut build)?;
        Ok(Self::Blind(directory.join("release/examples/blind")))
    }

    fn start(&self, name: &str, seconds: u32) -> Result<Child, String> {
        let artifacts = root().join("fuzz/artifacts").join(name);
        fs::create_dir_all(&artifacts).map_err(|e| e.to_string())?;
        let mut command = match self {
            Self::Guided(directory) => {
                // What libFuzzer finds goes beside the artefacts of the build; the committed seeds stay few.
                let found = target_dir().join("fuzz/corpus").join(name);
                fs::create_dir_all(&found).map_err(|e| e.to_string())?;
                let mut command = Command::new(directory.join(name));
                command
                    .arg(found)
                    .arg(seeds(name))
                    .arg(format!("-max_total_time={seconds}"))
                    .arg(format!("-max_len={MAX_LEN}"))
                    .arg(format!("-timeout={INPUT_SECONDS}"))
                    .arg(format!("-rss_limit_mb={RSS_MIB}"))
                    .arg(format!("-artifact_prefix={}/", artifacts.display()));
                command
            }
            Self::Blind(program) => {
                let mut command = Command::new(program);
                command
                    .arg(name)
                    .arg(seconds.to_string())
                    .arg(seeds(name))
                    .arg(artifacts);
                command
            }
        };
        let log = fs::File::create(log(name)).map_err(|e| e.to_string())?;
        command
            .current_dir(root())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|e| format!("{name}: {e}"))
    }

    const fn describe(&self) -> &'static str {
        match self {
            Self::Guided(_) => "guided by coverage (libFuzzer)",
            Self::Blind(_) => "mutated blindly",
        }
    }
}

/// Whether libFuzzer, which is C++, can be built here.
pub(crate) fn can_guide() -> bool {
    let compiler = std::env::var_os("CXX").unwrap_or_else(|| "c++".into());
    crate::tools::capture(Command::new(compiler).arg("--version")).is_ok_and(|(found, _)| found)
}

/// The host's target triple, which names the directory of a build for it.
fn host() -> Result<String, String> {
    let (_, text) = crate::tools::capture(Command::new("rustc").arg("-vV"))?;
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| "rustc -vV names no host".into())
}
