//! The command, as the program of that name has it.

use pyo3::prelude::*;
use std::ffi::OsString;

/// Runs the command with these words and returns its exit status.
#[pyfunction]
pub(crate) fn cli(py: Python<'_>, words: Vec<OsString>) -> u8 {
    py.detach(|| espprov_cli::run(words))
}
