//! What rustup has to bring: standard libraries of other targets, older compilers. One at a time, for several steps may want
//! some at once.

use crate::tools::{capture, target_dir};
use std::env;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

/// Where the standard libraries of the compiler in use are, each in a folder of its target's name.
pub(crate) fn libraries() -> Result<PathBuf, String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let (found, sysroot) = capture(Command::new(rustc).args(["--print", "sysroot"]))?;
    if found {
        Ok(PathBuf::from(sysroot.trim()).join("lib/rustlib"))
    } else {
        Err(sysroot)
    }
}

/// Whether that of the target is there, already or now. Without rustup, or without a network, it may not be to be had.
pub(crate) fn has_target(target: &str) -> Result<bool, String> {
    let library = libraries()?.join(target).join("lib");
    // rustup's compiler need not be the one in use.
    Ok(library.is_dir() || rustup(&["target", "add", target])? && library.is_dir())
}

/// The same for a compiler of that version.
pub(crate) fn has_toolchain(version: &str, target: &str) -> Result<bool, String> {
    let minimal = ["--profile", "minimal", "--target", target];
    rustup(&[&["toolchain", "install", version], &minimal[..]].concat())
}

fn rustup(arguments: &[&str]) -> Result<bool, String> {
    let place = target_dir().join("rustup.lock");
    let failed = |error: std::io::Error| format!("{}: {error}", place.display());
    fs::create_dir_all(target_dir()).map_err(failed)?;
    let turn = File::create(&place).map_err(failed)?;
    turn.lock().map_err(failed)?;
    Ok(capture(Command::new("rustup").args(arguments)).is_ok_and(|(done, _)| done))
}
