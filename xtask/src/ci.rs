//! `cargo xtask ci`: everything CI runs, in order, with a table at the end.
//!
//! All steps run even if one fails. A step that cannot run fails; the few that depend on something outside the
//! repository say so in the table.

use crate::tools::{MDBOOK, capture, cargo, root, run, target_dir};
use crate::{codegen, deny, e2e, embedded, fuzz, locks, memory, no_std, platforms, startup, vectors};
use std::process::Command;
use std::time::{Duration, Instant};

/// What `cargo xtask ci` was asked for.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Leave out `cargo test`: the caller has run it, in so many seconds
    #[arg(long, value_name = "SECONDS")]
    tests_took: Option<u64>,
    /// How long each fuzz target runs
    #[arg(long, default_value_t = 6)]
    fuzz_seconds: u32,
    /// Run these steps only
    #[arg(long, value_name = "STEP", value_delimiter = ',')]
    only: Vec<String>,
}

/// What a step did, for the table; or why it failed.
type Outcome = Result<String, String>;

struct Step {
    name: &'static str,
    run: fn(&Options) -> Outcome,
}

/// In the order of how soon a mistake shows.
const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        run: |_| formatting(),
    },
    Step {
        name: "locks",
        run: |_| locks::locks(true).map(|()| "up to date".into()),
    },
    Step {
        name: "codegen",
        run: |_| codegen::run(true).map(|()| "up to date".into()),
    },
    Step {
        name: "vectors",
        run: |_| vectors::run(false).map(|()| "up to date".into()),
    },
    Step {
        name: "clippy",
        run: |_| clippy(),
    },
    Step {
        name: "test",
        run: |_| tests(),
    },
    Step {
        name: "doc",
        run: |_| documentation(),
    },
    Step {
        name: "no-std",
        run: |_| no_std::run().map(|()| "probe builds, control caught".into()),
    },
    Step {
        name: "memory",
        run: |_| memory::memory(),
    },
    Step {
        name: "platforms",
        run: |_| platforms::platforms(),
    },
    Step {
        name: "deny",
        run: |_| deny::deny(),
    },
    Step {
        name: "book",
        run: |_| book(),
    },
    Step {
        name: "embedded",
        run: |_| embedded::run(false),
    },
    Step {
        name: "e2e",
        run: |_| e2e::bluetooth(None),
    },
    Step {
        name: "fuzz",
        run: fuzz_smoke,
    },
    Step {
        name: "bench",
        run: |_| benches(),
    },
    Step {
        name: "startup",
        run: |_| startup::startup(),
    },
];

pub(crate) fn ci(options: &Options) -> Result<(), String> {
    let known: Vec<_> = STEPS.iter().map(|step| step.name).collect();
    if let Some(unknown) = options.only.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("no such step: {unknown}; there are {}", known.join(", ")));
    }
    let mut rows = Vec::new();
    for step in STEPS {
        let chosen = options.only.is_empty() || options.only.iter().any(|name| name == step.name);
        if !chosen {
            continue;
        }
        if let ("test", Some(seconds)) = (step.name, options.tests_took) {
            let result = Ok("run by the caller, which has its result".into());
            rows.push((step.name, Duration::from_secs(seconds), result));
            continue;
        }
        println!("\n=== {} ===", step.name);
        let start = Instant::now();
        let outcome = (step.run)(options);
        if let Err(reason) = &outcome {
            println!("{} FAILED: {reason}", step.name);
        }
        rows.push((step.name, start.elapsed(), outcome));
    }
    summary(&rows)
}

fn summary(rows: &[(&str, Duration, Outcome)]) -> Result<(), String> {
    println!("\n{:<9} {:>8}  result", "step", "seconds");
    for (name, elapsed, outcome) in rows {
        let text = match outcome {
            Ok(text) => format!("ok: {text}"),
            Err(reason) => format!("FAILED: {}", reason.lines().next().unwrap_or_default()),
        };
        println!("{name:<9} {:>8.1}  {text}", elapsed.as_secs_f64());
    }
    let total: Duration = rows.iter().map(|(_, elapsed, _)| *elapsed).sum();
    println!("{:<9} {:>8.1}", "total", total.as_secs_f64());
    let failed: Vec<_> = rows
        .iter()
        .filter(|row| row.2.is_err())
        .map(|row| row.0)
        .collect();
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("failed: {}", failed.join(", ")))
    }
}

fn formatting() -> Outcome {
    run(cargo().args(["fmt", "--all", "--check"]))?;
    for outside in [
        "fuzz",
        "tests/memory",
        "tests/no-std-probe",
        "benches",
        "examples/firmware-esp32c3",
        "examples/firmware-qemu",
    ] {
        let manifest = root().join(outside).join("Cargo.toml");
        if manifest.is_file() {
            run(cargo().args(["fmt", "--check", "--manifest-path"]).arg(manifest))?;
        }
    }
    Ok("formatted".into())
}

fn clippy() -> Outcome {
    run(cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--locked",
        "--quiet",
        "--",
        "-D",
        "warnings",
    ]))?;
    // What the README's first command builds.
    run(cargo().args([
        "clippy",
        "--package",
        "espprov-cli",
        "--no-default-features",
        "--locked",
        "--quiet",
        "--",
        "-D",
        "warnings",
    ]))?;
    Ok("no warnings".into())
}

fn tests() -> Outcome {
    run(cargo().args(["test", "--workspace", "--locked"]))?;
    Ok("passed".into())
}

fn documentation() -> Outcome {
    run(cargo()
        .args([
            "doc",
            "--workspace",
            "--no-deps",
            // With the examples come the development dependencies, and with them what clippy has checked already. The programs
            // are left out: `espprov` is also the name of a library.
            "--lib",
            "--examples",
            "--all-features",
            "--locked",
            "--quiet",
        ])
        .env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok("no warnings".into())
}

fn book() -> Outcome {
    let program = MDBOOK.ensure()?;
    run(Command::new(program)
        .arg("build")
        .arg(root().join("docs"))
        // A chapter that is listed and missing is an error, not an empty page.
        .env("MDBOOK_BUILD__CREATE_MISSING", "false"))?;
    Ok("built".into())
}

fn fuzz_smoke(options: &Options) -> Outcome {
    if !fuzz::can_guide() {
        return Err("libFuzzer needs a C++ compiler: apt-get install g++".into());
    }
    fuzz::fuzz(options.fuzz_seconds, None).map(|()| format!("{} s per target", options.fuzz_seconds))
}

/// The ratios of CONTRIBUTING.md; the program fails where one is exceeded.
fn benches() -> Outcome {
    // OpenSSL is what the arithmetic is compared with, so its headers are needed here and nowhere else.
    let (found, _) =
        capture(Command::new("pkg-config").args(["--exists", "openssl"])).unwrap_or((false, String::new()));
    if !found {
        return Err("the comparison needs OpenSSL: apt-get install libssl-dev pkg-config".into());
    }
    run(cargo()
        .args([
            "run",
            "--quiet",
            "--release",
            "--locked",
            "--bin",
            "ratios",
            "--manifest-path",
        ])
        .arg(root().join("benches/Cargo.toml"))
        .args(["--", "--check"])
        .env("CARGO_TARGET_DIR", target_dir().join("benches")))?;
    Ok("within the ratios".into())
}
