//! `cargo xtask test-vectors`: our own test vectors. The work is done by a program of the tests crate, because this
//! one must build without the library: it generates part of it.

use crate::tools;

pub(crate) fn run(bless: bool) -> Result<(), String> {
    let mode = if bless { "--bless" } else { "--check" };
    tools::run(tools::cargo().args([
        "run",
        "--quiet",
        "--locked",
        "--package",
        "espprov-tests",
        "--bin",
        "test-vectors",
        "--",
        mode,
    ]))
}
