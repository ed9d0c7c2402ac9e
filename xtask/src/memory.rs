//! `cargo xtask memory`: secrets on stack and heap after use, and computations under valgrind with secrets marked as
//! undefined. The tests are a workspace of their own, `tests/memory`.

use crate::tools::{capture, cargo, root, run, target_dir};
use std::process::Command;

pub(crate) fn memory() -> Result<String, String> {
    let found = capture(Command::new("valgrind").arg("--version"));
    let Ok((true, version)) = found else {
        return Err("the tests need valgrind: apt-get install valgrind".into());
    };
    run(cargo()
        .args(["test", "--quiet", "--release", "--locked", "--manifest-path"])
        .arg(root().join("tests/memory/Cargo.toml"))
        .env("CARGO_TARGET_DIR", target_dir().join("memory")))?;
    Ok(format!(
        "nothing left, nothing depends on a secret ({})",
        version.trim()
    ))
}
