//! The `espprov` command: provision ESP32 devices, or be a simulated one.
//!
//! The only crate that knows of terminals, flags and exit statuses. It must never contain protocol: that is
//! `espprov-core`'s, over a link of one of the transport crates.

mod args;
mod commands;
mod device;
mod errors;
mod hex_input;
mod link;
mod narrator;
mod output;
mod plan;
mod prompt;
mod secret_input;
mod signals;
mod target;
mod trace;

use errors::{Class, Failure};
use output::Output;
use std::process::ExitCode;
use std::rc::Rc;

fn main() -> ExitCode {
    let cli = match args::parse() {
        Ok(cli) => cli,
        Err(error) => return errors::from_clap(&error),
    };
    signals::listen();
    let out = Rc::new(Output::new(&cli.global));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let end = match runtime {
        Ok(runtime) => {
            let end = runtime.block_on(commands::run(cli, &out));
            // Input that never came must not keep the program.
            runtime.shutdown_background();
            end
        }
        Err(error) => Some(Err(Failure::new(
            Class::Unexpected,
            "runtime",
            format!("cannot start: {error}"),
        )
        .with_cause("the system is out of file descriptors, threads or memory")
        .with_help("close other programs, or raise the limits (ulimit -a), then run again"))),
    };
    // A question cut short leaves the terminal as it was while asking.
    prompt::restore_terminal();
    ExitCode::from(match end {
        Some(end) => out.finish(&end),
        None => out.status(0),
    })
}
