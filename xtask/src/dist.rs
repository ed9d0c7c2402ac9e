//! `cargo xtask dist`: what a release attaches for this platform, in `target/dist-archives`.
//!
//! The program, stripped, with completions, manual pages, the licences of all that is in it, and the archive's SHA-256.

use crate::tools::{CARGO_ABOUT, capture, cargo, root, run, target_dir};
use sha2::{Digest, Sha256};
use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Shells, and what each calls the file for `espprov`.
const SHELLS: [(&str, &str); 5] = [
    ("bash", "espprov.bash"),
    ("elvish", "espprov.elv"),
    ("fish", "espprov.fish"),
    ("powershell", "_espprov.ps1"),
    ("zsh", "_espprov"),
];

pub(crate) fn dist() -> Result<(), String> {
    let triple = host()?;
    run(cargo().args([
        "build",
        "--profile",
        "dist",
        "--locked",
        "--quiet",
        "--package",
        "espprov-cli",
    ]))?;
    let program = target_dir().join("dist").join(format!("espprov{EXE_SUFFIX}"));

    let out = target_dir().join("dist-archives");
    let name = format!("espprov-{}-{triple}", env!("CARGO_PKG_VERSION"));
    let dir = out.join(&name);
    // Nothing of an earlier run.
    let _ = fs::remove_dir_all(&out);
    create(&dir.join("completions"))?;
    copy(&program, &dir)?;
    for file in ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"] {
        copy(&root().join(file), &dir)?;
    }
    for (shell, file) in SHELLS {
        write(
            &dir.join("completions").join(file),
            &said(Command::new(&program).args(["completions", shell]))?,
        )?;
    }
    let manual = dir.join("man");
    create(&manual)?;
    said(Command::new(&program).arg("man").arg("--out").arg(&manual))?;
    write(&dir.join("THIRD-PARTY.md"), &notices(&triple)?)?;

    let (archive, sum) = pack(&out, &name)?;
    fs::remove_dir_all(&dir).map_err(|e| e.to_string())?;
    let size = fs::metadata(&program).map_err(|e| e.to_string())?.len();
    println!("{} ({sum}), the program {} KiB", archive.display(), size / 1024);
    Ok(())
}

/// An archive as people of this platform expect it, and its checksum in a file beside it.
fn pack(out: &Path, name: &str) -> Result<(PathBuf, String), String> {
    let extension = if cfg!(windows) { "zip" } else { "tar.gz" };
    let archive = out.join(format!("{name}.{extension}"));
    // `-a`: by the name. The tar of Windows writes zip so.
    run(Command::new("tar")
        .arg("-C")
        .arg(out)
        .arg("-acf")
        .arg(&archive)
        .arg(name))?;
    let bytes = fs::read(&archive).map_err(|e| e.to_string())?;
    let sum: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    write(
        &out.join(format!("{name}.{extension}.sha256")),
        &format!("{sum}  {name}.{extension}\n"),
    )?;
    Ok((archive, sum))
}

/// The licences of everything in the program, by cargo-about, and of the one thing that no crate's licence tells.
fn notices(triple: &str) -> Result<String, String> {
    let about = CARGO_ABOUT.ensure()?;
    let packaging = root().join("packaging");
    let mut text = said(
        Command::new(about)
            .current_dir(root())
            .args([
                "about",
                "generate",
                "--offline",
                "--locked",
                "--fail",
                "--target",
                triple,
                "--manifest-path",
                "crates/espprov-cli/Cargo.toml",
                "--config",
            ])
            .arg(packaging.join("about.toml"))
            .arg(packaging.join("about.hbs")),
    )?;
    if cfg!(target_os = "linux") {
        text.push_str(&libdbus()?);
    }
    Ok(text)
}

/// `libdbus-sys` brings the sources of libdbus, in C, and links them statically; its own licence is not theirs.
fn libdbus() -> Result<String, String> {
    let (ok, text) = capture(cargo().args(["metadata", "--locked", "--format-version", "1"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    let manifest = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|package| package["name"] == "libdbus-sys")
        .and_then(|package| package["manifest_path"].as_str())
        .filter(|_| ok)
        .ok_or("libdbus-sys is not in the program any more: take its notice out of xtask/src/dist.rs")?;
    let copying = Path::new(manifest).with_file_name("vendor").join("dbus/COPYING");
    let copying = fs::read_to_string(&copying).map_err(|e| format!("{}: {e}", copying.display()))?;
    Ok(format!(
        "## libdbus (AFL-2.1 or GPL-2.0-or-later)\n\n- libdbus, the reference implementation of D-Bus, in C: linked statically, by way of \
         libdbus-sys. It is used under the Academic Free License 2.1.\n\n```text\n{copying}\n```\n"
    ))
}

fn host() -> Result<String, String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let text = said(Command::new(rustc).arg("-vV"))?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| "rustc names no host".into())
}

/// What a program writes to standard output.
fn said(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
    if !output.status.success() {
        return Err(format!(
            "{command:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    String::from_utf8(output.stdout).map_err(|e| e.to_string())
}

fn create(dir: &Path) -> Result<(), String> {
    fs::create_dir_all(dir).map_err(|e| format!("{}: {e}", dir.display()))
}

fn copy(file: &Path, dir: &Path) -> Result<(), String> {
    let name = file.file_name().unwrap_or_default();
    fs::copy(file, dir.join(name))
        .map(drop)
        .map_err(|e| format!("{}: {e}", file.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}
