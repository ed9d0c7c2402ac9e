//! `cargo xtask ci`: everything CI runs, with a table at the end.
//!
//! All steps run even if one fails. A step that cannot run fails; the few that depend on something outside the
//! repository say so in the table.

mod lanes;
mod steps;

use crate::{
    codegen, deny, e2e, embedded, locks, memory, no_std, package, platforms, startup, vectors, workflows,
};
use lanes::{Lane, Row};
use std::path::PathBuf;

/// What `cargo xtask ci` was asked for.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// For the table: the caller has compiled the tests, in so many seconds
    #[arg(long, value_name = "SECONDS")]
    compiled_in: Option<u64>,
    /// And in so many of processor time
    #[arg(long, value_name = "SECONDS", requires = "compiled_in")]
    compiled_cpu: Option<u64>,
    /// How long each fuzz target runs
    #[arg(long, default_value_t = 4)]
    fuzz_seconds: u32,
    /// Run these steps only
    #[arg(long, value_name = "STEP", value_delimiter = ',')]
    only: Vec<String>,
    /// For ourselves: the one step is part of a larger run, and what came of it is wanted in this file
    #[arg(long, value_name = "FILE", hide = true)]
    row: Option<PathBuf>,
}

/// What a step did, for the table; or why it failed.
type Outcome = Result<String, String>;

struct Step {
    name: &'static str,
    lane: Lane,
    run: fn(&Options) -> Outcome,
}

const fn step(lane: Lane, name: &'static str, run: fn(&Options) -> Outcome) -> Step {
    Step { name, lane, run }
}

use Lane::{Any, Compiler, Machines, Packages};

/// In each lane in the order of how soon a mistake shows, and after what they need. Those for either come last, the longest first.
const STEPS: &[Step] = &[
    step(Compiler, "fmt", |_| steps::formatting()),
    step(Compiler, "locks", |_| {
        locks::locks(true).map(|()| "up to date".into())
    }),
    step(Compiler, "codegen", |_| {
        codegen::run(true)
            .and_then(|()| crate::c::header(true))
            .map(|()| "up to date".into())
    }),
    step(Compiler, "vectors", |_| {
        vectors::run(false).map(|()| "up to date".into())
    }),
    step(Compiler, "clippy", |_| steps::clippy()),
    step(Compiler, "doc", |_| steps::documentation()),
    step(Compiler, "package", |_| package::package()),
    step(Compiler, "startup", |_| {
        startup::startup(startup::Program::OfTheTests)
    }),
    step(Compiler, "c", |_| crate::c::c()),
    step(Compiler, "platforms", |_| platforms::platforms()),
    step(Compiler, "line", |_| e2e::line(None)),
    step(Machines, "test", |_| steps::tests()),
    step(Machines, "embedded", |_| embedded::run(false)),
    step(Packages, "python", |_| e2e::python(None)),
    step(Packages, "e2e", |_| e2e::bluetooth(None)),
    step(Any, "web", |_| e2e::web(None)),
    step(Any, "fuzz", steps::fuzz_smoke),
    step(Any, "deny", |_| deny::deny()),
    step(Any, "no-std", |_| {
        no_std::run().map(|()| "probe builds, control caught".into())
    }),
    step(Any, "bench", |_| steps::benches()),
    step(Any, "book", |_| steps::book()),
    step(Any, "memory", |_| memory::memory()),
    step(Any, "workflows", |_| workflows::workflows()),
];

pub(crate) fn ci(options: &Options) -> Result<(), String> {
    let known: Vec<_> = STEPS.iter().map(|step| step.name).collect();
    if let Some(unknown) = options.only.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("no such step: {unknown}; there are {}", known.join(", ")));
    }
    let chosen: Vec<_> = STEPS
        .iter()
        .filter(|step| options.only.is_empty() || options.only.iter().any(|name| name == step.name))
        .collect();
    // One alone has the terminal to itself.
    if let [step] = chosen.as_slice() {
        let row = Row::of(step, options);
        return match &options.row {
            Some(file) => row.write(file),
            None => lanes::summary(&[row], None),
        };
    }
    lanes::run(&chosen, options)
}
