//! `cargo xtask`: everything a maintainer or CI runs, in one place.

mod c;
mod ci;
mod codegen;
mod deny;
mod dist;
mod e2e;
mod embedded;
mod features;
mod fuzz;
mod locks;
mod memory;
mod mutants;
mod no_std;
mod package;
mod platforms;
mod programs;
mod rustup;
mod startup;
mod tools;
mod vectors;
mod version;
mod workflows;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Maintenance commands of the espprov workspace")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Generate crates/espprov-proto/src/generated from proto/*.proto (no system protoc needed), and the C header
    Codegen {
        /// Change nothing; fail if the committed files differ
        #[arg(long)]
        check: bool,
    },
    /// Check or write our own test vectors, tests/vectors/espprov
    TestVectors {
        /// Change nothing; fail if the committed files differ (the default)
        #[arg(long, conflicts_with = "bless")]
        check: bool,
        /// Write the files
        #[arg(long)]
        bless: bool,
    },
    /// Make the lock files of fuzz and tests/no-std-probe from the main one
    Locks {
        /// Change nothing; fail if a committed file differs
        #[arg(long)]
        check: bool,
    },
    /// Prove that the firmware crates link no std: a probe program without std, and one that must fail
    NoStd,
    /// Build the firmware crates for bare metal, run the example images under QEMU, hold the budgets
    Embedded {
        /// Write the figures to docs/src/embedded-figures.md
        #[arg(long)]
        report: bool,
    },
    /// Fuzz everything that reads a peer's bytes
    Fuzz {
        /// How long each target runs
        #[arg(long, default_value_t = 30)]
        seconds: u32,
        /// One target instead of all
        target: Option<String>,
    },
    /// Look for secrets on stack and heap after use, and, with valgrind, for branches and addresses that depend on them
    Memory,
    /// Change the code, one mistake at a time, and see whether the tests notice (hours; goes on where it stopped)
    Mutants(mutants::Options),
    /// The C library: its programs under valgrind, and the size of one
    C,
    /// Check licences, bans and origins of the dependencies, and advisories where they can be fetched
    Deny,
    /// End-to-end tests that need more than cargo: the real program, the real Bluetooth stack
    E2e(e2e::Options),
    /// Make every package that would be published, and build what is in it by itself
    Package,
    /// Type-check the command for Windows and macOS
    Platforms,
    /// Measure wall time and memory of `espprov provision sim:zero` (release build)
    Startup,
    /// Measure what every feature of the library costs to build, for its guide (minutes)
    Features,
    /// Lint the workflows and templates under .github
    Workflows,
    /// Make what a release attaches for this platform (minutes)
    Dist,
    /// Give all packages a new version, in manifests, lock files and the changelog
    Version {
        /// Like 0.2.0
        version: String,
        /// The day of the release, like 2026-11-27
        date: String,
    },
    /// Run everything that CI runs
    Ci(ci::Options),
    /// Run one program and print its wall time and resident set
    #[command(hide = true)]
    Measure {
        /// Program and arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
}

fn main() -> ExitCode {
    let result = match Args::parse().command {
        Command::Codegen { check } => codegen::run(check).and_then(|()| c::header(check)),
        Command::TestVectors { check: _, bless } => vectors::run(bless),
        Command::Locks { check } => locks::locks(check),
        Command::NoStd => no_std::run(),
        Command::Embedded { report } => embedded::run(report).map(drop),
        Command::Fuzz { seconds, target } => fuzz::fuzz(seconds, target.as_deref()),
        Command::Memory => memory::memory().map(|text| println!("{text}")),
        Command::Mutants(options) => mutants::mutants(&options),
        Command::C => c::c().map(|text| println!("{text}")),
        Command::Deny => deny::deny().map(drop),
        Command::E2e(options) => e2e::e2e(&options),
        Command::Package => package::package().map(|text| println!("{text}")),
        Command::Platforms => platforms::platforms().map(|text| println!("{text}")),
        Command::Features => features::features(),
        Command::Startup => startup::startup(startup::Program::Release).map(drop),
        Command::Version { version, date } => version::version(&version, &date),
        Command::Workflows => workflows::workflows().map(|text| println!("{text}")),
        Command::Dist => dist::dist(),
        Command::Ci(options) => ci::ci(&options),
        Command::Measure { command } => startup::measure(&command),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
