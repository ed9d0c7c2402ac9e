//! What `cargo xtask e2e ble` runs besides the command itself: inside the virtual machine, over the real BlueZ,
//! the conformance suite, many provisions in one process and dialogues on a terminal; on the host the devices
//! that the first two talk to.
//!
//! Every result is a line of JSON on stdout, as the command prints them; `tests/ble/bench.py` reads both.

#[cfg(unix)]
mod conform;
#[cfg(unix)]
mod dialogue;
#[cfg(unix)]
mod many;
#[cfg(unix)]
mod serve;

use std::process::ExitCode;

/// Counts the bytes in use, for `many`.
#[global_allocator]
static HEAP: cap::Cap<std::alloc::System> = cap::Cap::new(std::alloc::System, usize::MAX);

/// Unoptimised, the layers of a Bluetooth host and a driver need more stack than a thread has.
const STACK: usize = 16 << 20;

const USAGE: &str =
    "usage: ble-guest serve DEVICE... | conformance LINK... | many COUNT PREFIX | retry NAME | watch PREFIX";

type Outcome = Result<(), Box<dyn core::error::Error>>;

fn main() -> ExitCode {
    let work = std::thread::Builder::new().stack_size(STACK).spawn(|| {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        run(&arguments).map_err(|error| error.to_string())
    });
    let end = work.map(std::thread::JoinHandle::join);
    match end {
        Ok(Ok(Ok(()))) => ExitCode::SUCCESS,
        Ok(Ok(Err(error))) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::FAILURE,
    }
}

#[cfg(not(unix))]
fn run(_: &[&str]) -> Outcome {
    Err("the virtual machine runs Linux".into())
}

#[cfg(unix)]
fn run(arguments: &[&str]) -> Outcome {
    match arguments {
        ["serve", devices @ ..] => block_on(serve::serve(devices)),
        ["conformance", links @ ..] => block_on(conform::conformance(links)),
        ["many", count, prefix] => {
            let count = count.parse()?;
            block_on(many::many(count, prefix))
        }
        ["retry", name] => dialogue::retry(name),
        ["watch", prefix] => dialogue::watch(prefix),
        _ => Err(USAGE.into()),
    }
}

#[cfg(unix)]
fn block_on(work: impl Future<Output = Outcome>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    tokio::task::LocalSet::new().block_on(&runtime, work)
}

/// Prints the last line of a run, and fails with the first problem.
#[cfg(unix)]
fn finish(problems: &[String]) -> Outcome {
    let outcome = if problems.is_empty() { "done" } else { "failed" };
    println!(
        "{}",
        serde_json::json!({"event": "result", "ok": problems.is_empty(), "outcome": outcome})
    );
    match problems.first() {
        None => Ok(()),
        Some(problem) => Err(problem.clone().into()),
    }
}
