//! The `espprov` command: provision ESP32 devices, or be a simulated one.
//!
//! The only crate that knows of terminals, flags and exit statuses. It must never contain protocol: that is
//! `espprov-core`'s, over a link of one of the transport crates.

mod args;
mod commands;
mod device;
mod errors;
mod link;
mod output;
mod prompt;
mod secret_input;
mod target;
mod trace;

use args::Cli;
use clap::Parser;
use output::Output;
use std::process::ExitCode;
use std::rc::Rc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return errors::from_clap(&error),
    };
    let out = Rc::new(Output::new(&cli.global));
    match commands::run(cli, &out) {
        Some(end) => ExitCode::from(out.finish(&end)),
        None => ExitCode::SUCCESS,
    }
}
