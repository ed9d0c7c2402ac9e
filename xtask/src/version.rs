//! `cargo xtask version 0.2.0`: the one version of all packages, wherever it stands.
//!
//! Packages of this workspace move together: they share types, and who mixes versions gets errors that nobody understands.

use crate::locks;
use crate::tools::{cargo, root, run};
use std::fs;

/// The workspace's, and those of the Python and the npm package, which stand apart.
const MANIFESTS: [&str; 3] = [
    "Cargo.toml",
    "bindings/python/Cargo.toml",
    "bindings/web/Cargo.toml",
];
/// What npm has for them.
const NPM: [&str; 2] = ["bindings/web/package.json", "bindings/web/package-lock.json"];
const CHANGELOG: &str = "CHANGELOG.md";
const UNRELEASED: &str = "## [Unreleased]\n";

/// Changes manifests, lock files and the changelog; commits nothing.
pub(crate) fn version(new: &str, date: &str) -> Result<(), String> {
    let old = env!("CARGO_PKG_VERSION");
    let (new, is_date) = (parse(new)?, is_date(date));
    if new <= parse(old)? {
        return Err(format!("{} does not come after {old}", text(new)));
    }
    if !is_date {
        return Err(format!("a date is like 2026-11-27, not {date}"));
    }
    let new = text(new);
    let manifests: Result<Vec<_>, _> = MANIFESTS
        .iter()
        .map(|path| in_manifest(&read(path)?, old, &new).map_err(|e| format!("{path}: {e}")))
        .collect();
    for (path, text) in MANIFESTS.iter().zip(manifests?) {
        write(path, &text)?;
    }
    for path in NPM {
        let changed = in_npm(&read(path)?, old, &new).map_err(|e| format!("{path}: {e}"))?;
        write(path, &changed)?;
    }
    let changelog = read(CHANGELOG)?;
    write(CHANGELOG, &in_changelog(&changelog, &new, date)?)?;
    // Cargo writes the versions of members into the lock file whenever it may.
    run(cargo()
        .args(["metadata", "--format-version", "1", "--offline", "--quiet"])
        .stdout(std::process::Stdio::null()))?;
    locks::locks(false)?;
    println!("version {old} is now {new}; look at `git diff`, run `cargo xtask ci`, commit, tag v{new}");
    Ok(())
}

/// The version of the workspace, and those by which its packages name each other.
fn in_manifest(manifest: &str, old: &str, new: &str) -> Result<String, String> {
    let (mut own, mut lines) = (0, Vec::new());
    for line in manifest.lines() {
        let names_us = line.starts_with("espprov") && line.contains("path = ");
        if names_us || line == format!("version = \"{old}\"") {
            own += usize::from(!names_us);
            lines.push(line.replace(&format!("version = \"{old}\""), &format!("version = \"{new}\"")));
        } else {
            lines.push(line.to_owned());
        }
    }
    if own != 1 {
        return Err(format!("{own} lines with the version {old} instead of one"));
    }
    Ok(lines.join("\n") + "\n")
}

/// The version of our own package, which follows its name.
fn in_npm(text: &str, old: &str, new: &str) -> Result<String, String> {
    let (mut own, mut named, mut lines) = (0, false, Vec::new());
    for line in text.lines() {
        let is_own = named && line.trim() == format!("\"version\": \"{old}\",");
        named = line.trim() == "\"name\": \"espprov\",";
        own += usize::from(is_own);
        lines.push(if is_own {
            line.replace(old, new)
        } else {
            line.to_owned()
        });
    }
    if own == 0 {
        return Err(format!("no line with the version {old}"));
    }
    Ok(lines.join("\n") + "\n")
}

/// What was not released is, from here on.
fn in_changelog(changelog: &str, new: &str, date: &str) -> Result<String, String> {
    let (before, after) = changelog
        .split_once(UNRELEASED)
        .ok_or_else(|| format!("{CHANGELOG} has no \"{}\"", UNRELEASED.trim()))?;
    if !after.trim_start().starts_with("### ") {
        return Err(format!("{CHANGELOG} has nothing to release"));
    }
    Ok(format!("{before}{UNRELEASED}\n## [{new}] - {date}\n{after}"))
}

fn parse(text: &str) -> Result<[u32; 3], String> {
    let numbers: Option<Vec<u32>> = text.split('.').map(|number| number.parse().ok()).collect();
    numbers
        .and_then(|numbers| numbers.try_into().ok())
        .ok_or_else(|| format!("a version is like 0.2.0, not {text}"))
}

fn text([major, minor, patch]: [u32; 3]) -> String {
    format!("{major}.{minor}.{patch}")
}

fn is_date(text: &str) -> bool {
    let pattern = "dddd-dd-dd";
    text.len() == pattern.len()
        && text
            .chars()
            .zip(pattern.chars())
            .all(|(c, p)| if p == 'd' { c.is_ascii_digit() } else { c == p })
}

fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(root().join(path)).map_err(|e| format!("{path}: {e}"))
}

fn write(path: &str, text: &str) -> Result<(), String> {
    fs::write(root().join(path), text).map_err(|e| format!("{path}: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifests_name_one_version() {
        for path in MANIFESTS {
            the_manifest_names_one_version(&read(path).unwrap());
        }
        for path in NPM {
            let text = read(path).unwrap();
            let changed = in_npm(&text, env!("CARGO_PKG_VERSION"), "9.9.9").unwrap();
            let others = |text: &str| text.lines().filter(|line| line.contains("9.9.9")).count();
            assert_eq!((others(&text), others(&changed) > 0), (0, true), "{path}");
            assert!(in_npm(&text, "0.0.0", "9.9.9").is_err());
        }
    }

    fn the_manifest_names_one_version(manifest: &str) {
        let old = env!("CARGO_PKG_VERSION");
        let new = in_manifest(manifest, old, "9.8.7").unwrap();
        let count = |text: &str, version: &str| text.matches(&format!("\"{version}\"")).count();
        assert_eq!(count(&new, "9.8.7"), count(manifest, old));
        // Nothing but the version, and of other packages none.
        assert_eq!(new.replace("9.8.7", old), manifest);
        let ours = manifest
            .lines()
            .filter(|line| line.starts_with("espprov") && line.contains("version = "))
            .count();
        assert_eq!(count(&new, "9.8.7"), ours + 1);
        assert!(in_manifest(manifest, "7.7.7", "9.8.7").is_err());
    }

    #[test]
    fn the_changelog_keeps_a_place_for_what_comes() {
        let log = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A thing.\n";
        assert_eq!(
            in_changelog(log, "1.0.0", "2026-11-27").unwrap(),
            "# Changelog\n\n## [Unreleased]\n\n## [1.0.0] - 2026-11-27\n\n### Added\n\n- A thing.\n"
        );
        assert!(
            in_changelog(
                "# Changelog\n\n## [Unreleased]\n\n## [1.0.0] - 2026-11-27\n",
                "1.0.1",
                "2026-11-28"
            )
            .is_err()
        );
        assert!(in_changelog(&read(CHANGELOG).unwrap(), "1.0.0", "2026-11-27").is_ok());
    }

    #[test]
    fn versions_and_dates() {
        assert_eq!(parse("0.2.10"), Ok([0, 2, 10]));
        assert!(parse("0.2").is_err() && parse("v0.2.0").is_err() && parse("0.2.0-rc.1").is_err());
        assert!(is_date("2026-11-27") && !is_date("27.11.2026") && !is_date("2026-1-27"));
    }
}
