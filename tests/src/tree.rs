//! The files of the repository.

use std::fs;
use std::path::{Path, PathBuf};

/// Its root.
///
/// # Panics
/// Never: this package is a folder in it.
#[must_use]
pub fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().expect("a folder in the repository").to_owned()
}

/// All files below a folder that have this ending, in order.
///
/// # Panics
/// There is no such folder.
#[must_use]
pub fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(self::files(&path, ending));
        } else if path.extension().is_some_and(|found| found == ending) {
            files.push(path);
        }
    }
    files.sort();
    files
}
