//! How a run ended.

use crate::case::Case;
use core::fmt;

/// A case that passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything went through.
    Passed,
    /// The link cannot carry the case's longest request, said so, and stayed usable.
    BeyondTheLink {
        /// Longest request in bytes, as the link says.
        limit: usize,
    },
}

/// A case that failed: what was expected, and what came instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(pub(crate) String);

impl Failure {
    pub(crate) fn new(what: &str, instead: &dyn fmt::Debug) -> Self {
        Self(format!("{what}; instead: {instead:?}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for Failure {}

/// Results of the cases on one link. Its display is the line to print.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Tally {
    /// Cases that went through.
    pub passed: usize,
    /// Cases that passed by the link's saying that they are too much for it.
    pub beyond: usize,
    /// Names of the cases that failed, and why.
    pub failures: Vec<(&'static str, Failure)>,
}

impl Tally {
    /// Counts a result.
    pub fn add(&mut self, case: &Case, result: Result<Verdict, Failure>) {
        match result {
            Ok(Verdict::Passed) => self.passed += 1,
            Ok(Verdict::BeyondTheLink { .. }) => self.beyond += 1,
            Err(failure) => self.failures.push((case.name, failure)),
        }
    }

    /// Cases that were run.
    #[must_use]
    pub const fn run(&self) -> usize {
        self.passed + self.beyond + self.failures.len()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} cases: {} passed, {} beyond the link's limit, {} failed",
            self.run(),
            self.passed,
            self.beyond,
            self.failures.len()
        )?;
        for (name, failure) in &self.failures {
            write!(f, "\n  {name}: {failure}")?;
        }
        Ok(())
    }
}
