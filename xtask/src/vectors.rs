//! `cargo xtask test-vectors`: our own test vectors. The work is done by a program of the tests crate, because this
//! one must build without the library: it generates part of it.

use crate::{programs, tools};
use std::process::Command;

pub(crate) fn run(bless: bool) -> Result<(), String> {
    let program = programs::debug("test-vectors")?;
    let mode = if bless { "--bless" } else { "--check" };
    tools::run(Command::new(program).arg(mode).current_dir(tools::root()))
}
