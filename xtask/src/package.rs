//! `cargo xtask package`: every package that would be published is made, and what is in it is built by itself.
//!
//! Cargo's own verification builds the library of each; this builds tests and examples, too, with all features, from nothing but
//! what is in the packages: they are unpacked side by side as a workspace of their own, with the committed lock file.

use crate::tools::{capture, cargo, root, run, target_dir};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) fn package() -> Result<String, String> {
    let private = private()?;
    let dir = target_dir().join("package");
    // Not those of another version or of a package that is gone.
    let _ = fs::remove_dir_all(&dir);
    let mut make = cargo();
    make.args([
        "package",
        "--workspace",
        "--locked",
        "--quiet",
        "--no-verify",
        "--allow-dirty",
    ]);
    for name in &private {
        make.args(["--exclude", name]);
    }
    run(&mut make)?;

    let unpacked = dir.join("unpacked");
    fs::create_dir_all(&unpacked).map_err(|e| e.to_string())?;
    let mut members = Vec::new();
    for archive in archives(&dir)? {
        run(Command::new("tar")
            .arg("-xzf")
            .arg(&archive)
            .arg("-C")
            .arg(&unpacked))?;
        let stem = archive
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        members.push(stem);
    }
    if members.is_empty() {
        return Err("no package was made".into());
    }
    write(&unpacked.join("Cargo.toml"), &manifest(&members)?)?;
    fs::copy(root().join("Cargo.lock"), unpacked.join("Cargo.lock")).map_err(|e| e.to_string())?;
    run(cargo()
        .current_dir(&unpacked)
        // Not `--locked`: what only unpublished packages need falls out of the lock file. Offline: nothing else comes in.
        .args([
            "check",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--quiet",
            "--offline",
        ])
        .env("CARGO_TARGET_DIR", target_dir()))?;
    Ok(format!("{} packages stand alone", members.len()))
}

/// A workspace of the packages, each of which takes the others from here.
fn manifest(members: &[String]) -> Result<String, String> {
    let mut text = String::from("[workspace]\nresolver = \"3\"\nmembers = [\n");
    for member in members {
        text.push_str(&format!("    \"{member}\",\n"));
    }
    text.push_str("]\n\n[patch.crates-io]\n");
    for member in members {
        // All have the version of the workspace, and so has this program.
        let name = member
            .strip_suffix(concat!("-", env!("CARGO_PKG_VERSION")))
            .ok_or_else(|| format!("{member}: another version"))?;
        text.push_str(&format!("{name} = {{ path = \"{member}\" }}\n"));
    }
    // The profiles of the main workspace, or everything below would be built once more.
    let main = fs::read_to_string(root().join("Cargo.toml")).map_err(|e| e.to_string())?;
    let profiles = main.find("[profile.").ok_or("no profiles in Cargo.toml")?;
    text.push('\n');
    text.push_str(main.get(profiles..).unwrap_or_default());
    Ok(text)
}

/// The packages that are not published.
fn private() -> Result<Vec<String>, String> {
    let (ok, text) = capture(cargo().args(["metadata", "--no-deps", "--locked", "--format-version", "1"]))?;
    if !ok {
        return Err(text);
    }
    // A member that may not be published names the registries that it may be published to: none.
    let metadata: serde_json::Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    let packages = metadata["packages"].as_array().ok_or("no packages")?;
    Ok(packages
        .iter()
        .filter(|package| !package["publish"].is_null())
        .filter_map(|package| package["name"].as_str().map(str::to_owned))
        .collect())
}

fn archives(dir: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let mut archives: Vec<_> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "crate"))
        .collect();
    archives.sort();
    Ok(archives)
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}
