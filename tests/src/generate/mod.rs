//! Our own test vectors: both halves run with written-down entropy, for every scheme, message and corner.
//!
//! The values that go into a file beside the bytes on the wire (S, K, M1 …) are worked out by
//! [`srp`](crate::srp), not by the library, and must agree with what it sent.

mod cases;
mod corners;
mod format;
mod messages;
mod run;

use sha2::{Digest, Sha512};
use std::path::{Path, PathBuf};

const GENERATOR: &str = "cargo xtask test-vectors";
/// The version whose bytes these are. Change it when they change.
const CRATE_VERSION: &str = "0.1.0";

/// All randomness of a run: the first bytes of SHA-512("espprov-vectors/" ǀ seed ǀ "/" ǀ what).
fn entropy<const N: usize>(seed: &str, what: &str) -> [u8; N] {
    let digest = Sha512::digest(format!("espprov-vectors/{seed}/{what}"));
    let mut bytes = [0; N];
    bytes.copy_from_slice(&digest[..N]);
    bytes
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Name with extension.
    pub name: String,
    /// Content.
    pub text: String,
}

/// Where the files are.
#[must_use]
pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/espprov")
}

/// Every file, from the seeds.
///
/// # Panics
/// When the two halves do not understand each other: a bug in the library.
#[must_use]
pub fn files() -> Vec<File> {
    let cases = cases::all();
    cases
        .into_iter()
        .map(|(name, vector)| {
            let mut text = serde_json::to_string_pretty(&vector).unwrap_or_else(|error| panic!("{error}"));
            text.push('\n');
            File {
                name: format!("{name}.json"),
                text,
            }
        })
        .collect()
}

/// The numbers for the table of corners, searched anew: name, and the first number that shows it.
#[must_use]
pub fn search() -> Vec<(&'static str, Option<u32>)> {
    corners::ALL
        .iter()
        .map(|corner| (corner.name, corner.search()))
        .collect()
}

/// How the directory differs from what the seeds give, one line each; empty when it does not.
#[must_use]
pub fn differences() -> Vec<String> {
    let wanted = files();
    let mut lines: Vec<String> = wanted
        .iter()
        .filter_map(
            |file| match std::fs::read_to_string(directory().join(&file.name)) {
                Ok(text) if text == file.text => None,
                Ok(_) => Some(format!("{} differs", file.name)),
                Err(error) => Some(format!("{}: {error}", file.name)),
            },
        )
        .collect();
    lines.extend(
        present()
            .into_iter()
            .filter(|name| wanted.iter().all(|file| file.name != *name))
            .map(|name| format!("{name} is of no use any more")),
    );
    lines
}

/// Writes all files and removes those of no use any more. Gives how many there are.
///
/// # Errors
/// The file system's.
pub fn bless() -> std::io::Result<usize> {
    let wanted = files();
    std::fs::create_dir_all(directory())?;
    for name in present() {
        if wanted.iter().all(|file| file.name != name) {
            std::fs::remove_file(directory().join(name))?;
        }
    }
    for file in &wanted {
        std::fs::write(directory().join(&file.name), &file.text)?;
    }
    Ok(wanted.len())
}

fn present() -> Vec<String> {
    let entries = std::fs::read_dir(directory()).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".json"))
        .collect();
    names.sort();
    names
}
