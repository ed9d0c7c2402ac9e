//! `cargo xtask locks`: the lock files of the workspaces that stand apart but prove something about this one.
//!
//! `bindings/python`, `bindings/web`, `fuzz`, `tests/memory` and `tests/no-std-probe` must have the very versions that the main workspace has, or what is proved there
//! does not hold here. So their lock files are made from the main one, and committed: builds are `--locked`.

use crate::tools::{capture, cargo, root};
use std::collections::BTreeSet;
use std::fs;

const WORKSPACES: [&str; 5] = [
    "bindings/python",
    "bindings/web",
    "fuzz",
    "tests/memory",
    "tests/no-std-probe",
];
/// Those with versions of their own; they have to fit the manifests here all the same.
const APART: [&str; 4] = [
    "benches",
    "bindings/web/glue",
    "examples/firmware-esp32c3",
    "examples/firmware-qemu",
];

/// Writes the lock files; or, with `check`, only compares.
pub(crate) fn locks(check: bool) -> Result<(), String> {
    let main = read("Cargo.lock")?;
    for dir in WORKSPACES {
        if !check {
            // Cargo drops what is not needed there and adds what is new.
            fs::write(root().join(dir).join("Cargo.lock"), &main).map_err(|e| format!("{dir}: {e}"))?;
        }
        metadata(dir, check)?;
        let strangers = strangers(&main, &read(&format!("{dir}/Cargo.lock"))?);
        if !strangers.is_empty() {
            return Err(format!(
                "{dir}/Cargo.lock has versions that Cargo.lock has not: {}; mend: cargo xtask locks",
                strangers.join(", ")
            ));
        }
    }
    // The main one, too: what is built without `--locked` mends it without a word.
    for dir in APART.iter().copied().chain(["."]) {
        metadata(dir, check)?;
    }
    Ok(())
}

/// Has cargo look at a lock file, and, unless it is only checked, mend it.
fn metadata(dir: &str, check: bool) -> Result<(), String> {
    let mut metadata = cargo();
    metadata
        .args(["metadata", "--format-version", "1", "--manifest-path"])
        .arg(root().join(dir).join("Cargo.toml"));
    if check {
        metadata.arg("--locked");
    }
    let (ok, text) = capture(&mut metadata)?;
    if ok {
        return Ok(());
    }
    Err(format!(
        "{dir}/Cargo.lock is stale; mend: cargo xtask locks\n{text}"
    ))
}

fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(root().join(path)).map_err(|e| format!("{path}: {e}"))
}

/// The packages of `other` that `main` knows, too, but in other versions only.
fn strangers(main: &str, other: &str) -> Vec<String> {
    let (main, other) = (packages(main), packages(other));
    other
        .iter()
        .filter(|(name, version)| {
            main.iter().any(|(known, _)| known == name) && !main.contains(&(name, version))
        })
        .map(|(name, version)| format!("{name} {version}"))
        .collect()
}

/// Name and version of each package in a lock file.
fn packages(lock: &str) -> BTreeSet<(&str, &str)> {
    let mut name = None;
    let mut found = BTreeSet::new();
    for line in lock.lines() {
        if let Some(text) = field(line, "name") {
            name = Some(text);
        } else if let (Some(version), Some(name)) = (field(line, "version"), name.take()) {
            found.insert((name, version));
        }
    }
    found
}

fn field<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::strangers;

    #[test]
    fn another_version_of_a_known_package_is_a_stranger() {
        let main = "version = 4\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n";
        let same = "version = 4\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n[[package]]\nname = \"b\"\nversion = \"9.0.0\"\n";
        let other = "version = 4\n[[package]]\nname = \"a\"\nversion = \"1.0.1\"\n";
        assert_eq!(strangers(main, same), Vec::<String>::new());
        assert_eq!(strangers(main, other), ["a 1.0.1"]);
    }
}
