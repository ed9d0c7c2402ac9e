//! The `espprov` command as a program.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(espprov_cli::run(std::env::args_os()))
}
