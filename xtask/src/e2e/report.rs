//! What the steps of a suite came to: a line each on the terminal, and a row each in a file.

use core::fmt;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// What tests came to.
#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) passed: u32,
    pub(super) failed: u32,
    pub(super) skipped: u32,
}

impl Counts {
    /// These, too.
    pub(super) const fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

/// The rows of a suite, some of whose steps run at the same time.
#[derive(Default)]
pub(super) struct Rows(Mutex<Vec<String>>);

impl Rows {
    /// A step that began then is over.
    pub(super) fn step(&self, name: &str, start: Instant, text: &str) {
        let seconds = start.elapsed().as_secs_f64();
        println!("{name}: {text} ({seconds:.1} s)");
        let text = text.replace('"', "'");
        let row = format!("{{\"step\":\"{name}\",\"seconds\":{seconds:.1},\"result\":\"{text}\"}}");
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(row);
    }

    /// All of them, as a JSON array.
    pub(super) fn write(&self, file: &Path) -> Result<(), String> {
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner).join(",\n");
        fs::write(file, format!("[{rows}]\n")).map_err(|e| format!("{}: {e}", file.display()))
    }
}
