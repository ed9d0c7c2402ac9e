//! The wheel and the source archive, and what is in them.

use super::super::pytest::{NO_PYTHON, interpreters, kept};
use super::bindings;
use crate::tools::{capture, cargo, root, run, target_dir};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What builds the wheel, in the versions of the requirements file.
pub(super) fn tools(out: &Path, python: &Path) -> Result<PathBuf, String> {
    kept(
        &out.join("wheel-venv"),
        &bindings().join("requirements.txt"),
        python,
    )
}

/// `PATH` with the tools before everything else.
pub(super) fn path_with(bin: &Path) -> Result<std::ffi::OsString, String> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = core::iter::once(bin.to_path_buf()).chain(env::split_paths(&path));
    env::join_paths(folders).map_err(|e| e.to_string())
}

/// The wheel, for whoever else needs it.
pub(crate) fn built() -> Result<PathBuf, String> {
    let out = target_dir().join("e2e");
    fs::create_dir_all(&out).map_err(|e| format!("{}: {e}", out.display()))?;
    let pythons = interpreters();
    let (_, newest) = pythons.last_key_value().ok_or(NO_PYTHON)?;
    let tools = tools(&out, newest)?;
    wheel(&out, &tools)
}

/// The licences have to lie beside what is packed: copies of the workspace's.
fn licences() -> Result<(), String> {
    for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
        let read = |path: PathBuf| fs::read(&path).map_err(|e| format!("{}: {e}", path.display()));
        if read(root().join(name))? != read(bindings().join(name))? {
            return Err(format!("bindings/python/{name} is not the workspace's: copy it"));
        }
    }
    Ok(())
}

/// Builds it, with zig for the linker: that knows the symbols of old glibcs.
pub(super) fn wheel(out: &Path, tools: &Path) -> Result<PathBuf, String> {
    licences()?;
    let wheels = out.join("wheels");
    let _ = fs::remove_dir_all(&wheels);
    run(Command::new(tools.join("maturin"))
        .args([
            "build",
            "--release",
            "--locked",
            "--zig",
            "--compatibility",
            "manylinux_2_17",
            // It is packed once more below.
            "--compression-level",
            "1",
            "--out",
        ])
        .arg(&wheels)
        .current_dir(bindings())
        .env("PATH", path_with(tools)?)
        .env("CARGO_TARGET_DIR", target_dir().join("python")))?;
    let entries = fs::read_dir(&wheels).map_err(|e| format!("{}: {e}", wheels.display()))?;
    let wheel = entries
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|end| end == "whl"))
        .ok_or("maturin built no wheel")?;
    run(Command::new(tools.join("python"))
        .arg(bindings().join("repack.py"))
        .arg(&wheel))?;
    Ok(wheel)
}

/// What `pip` builds from where there is no wheel: the crates below the binding come along, and the lock file fits them.
pub(super) fn sdist(out: &Path, tools: &Path) -> Result<(), String> {
    let folder = out.join("sdist");
    let _ = fs::remove_dir_all(&folder);
    run(Command::new(tools.join("maturin"))
        .args(["sdist", "--out"])
        .arg(&folder)
        .current_dir(bindings()))?;
    let entries = fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let archive = entries.flatten().next().ok_or("maturin made no archive")?.path();
    run(Command::new("tar")
        .arg("xzf")
        .arg(&archive)
        .arg("-C")
        .arg(&folder))?;
    let name = archive
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let manifest = folder
        .join(name.trim_end_matches(".tar.gz"))
        .join("bindings/python/Cargo.toml");
    let (complete, said) = capture(
        cargo()
            .args([
                "metadata",
                "--locked",
                "--offline",
                "--format-version",
                "1",
                "--manifest-path",
            ])
            .arg(&manifest),
    )?;
    if complete {
        Ok(())
    } else {
        Err(format!("the sdist is not complete: {said}"))
    }
}

/// The second number of the oldest glibc that the wheel runs with, by a tool that has not built it.
pub(super) fn glibc(checks: &Path, wheel: &Path) -> Result<u32, String> {
    let (ok, said) = capture(
        Command::new(checks.join("auditwheel"))
            .arg("show")
            .arg(wheel)
            .env("PATH", path_with(checks)?),
    )?;
    // Its lines are broken anywhere.
    let text = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let tag = text
        .split_once("platform tag: \"manylinux_2_")
        .map(|(_, tag)| tag);
    let number = tag.and_then(|tag| tag.split('_').next()?.parse().ok());
    match number {
        Some(number) if ok => Ok(number),
        _ => Err(format!("auditwheel does not tell what the wheel needs:\n{said}")),
    }
}
