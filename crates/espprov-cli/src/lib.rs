//! The `espprov` command: provision ESP32 devices, or be a simulated one.
//!
//! The only crate that knows of terminals, flags and exit statuses. It must never contain protocol: that is
//! `espprov-core`'s, over a link of one of the transport crates.
//!
//! It is a library of one function, so that the program `espprov` and the command in the Python package are the same code:
//!
//! ```
//! let status = espprov_cli::run(["espprov".into(), "--version".into()]);
//! assert_eq!(status, 0);
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod args;
mod commands;
mod device;
mod errors;
mod hex_input;
mod link;
mod named_value;
mod narrator;
mod output;
#[cfg(feature = "line")]
mod pictures;
mod plan;
#[cfg(feature = "line")]
mod private_file;
mod prompt;
mod secret_input;
mod signals;
mod target;
mod trace;

use errors::{Class, Failure};
use output::Output;
use std::ffi::OsString;
use std::rc::Rc;

/// Runs the command with these words, the program's name first, and returns its exit status.
///
/// It owns standard input and output, and ends the process where a signal has come and the run does not end by itself: call it
/// from a program's `main`. May be called again when it has returned.
#[must_use]
pub fn run(words: impl IntoIterator<Item = OsString>) -> u8 {
    let words: Vec<_> = words.into_iter().collect();
    let cli = match args::parse(&words) {
        Ok(cli) => cli,
        Err(error) => return errors::from_clap(&error, &words),
    };
    signals::listen();
    let out = Rc::new(Output::new(&cli.global));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let end = match runtime {
        Ok(runtime) => {
            let end = runtime.block_on(commands::run(cli, &out));
            // What lives on this runtime ends with it.
            #[cfg(feature = "ble")]
            link::ble::forget();
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
    match end {
        Some(end) => out.finish(&end),
        None => out.status(0),
    }
}
