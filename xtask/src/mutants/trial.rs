//! Runs cargo-mutants on a copy of the last commit, so that nobody's work is in its way and its own builds stay warm.

use super::Subject;
use super::listing::Listing;
use super::record::Outcome;
use crate::tools::{capture, cargo, root, run, target_dir};
use core::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Mutants that one start of cargo-mutants tries. What an interruption can lose.
pub(super) const BATCH: usize = 16;

/// Longest time for the tests of one mutant, and for its build, in seconds: a mutant that ends no loop is noticed by that. Long,
/// because on a machine with other work tests that would pass must not look like that.
const TEST_SECONDS: &str = "300";
const BUILD_SECONDS: &str = "600";

/// What is left out, and why.
const LEFT_OUT: &[&str] = &[
    // Generated from proto/*.proto, and kept equal by `cargo xtask codegen --check`.
    "src/generated/",
    // For people who debug. That no secret is in it is tested; that a word is, is not.
    "impl (core::|fmt::)*Debug for",
];

pub(super) struct Trial {
    tool: PathBuf,
    /// The copy of the workspace.
    tree: PathBuf,
    commit: String,
    /// The crate whose referees have been asked about the code as it is.
    sound: Cell<&'static str>,
}

impl Trial {
    /// Makes or renews the copy. An interrupted run can have left a mutant in it.
    pub(super) fn new(tool: PathBuf) -> Result<Self, String> {
        let tree = target_dir().join("mutants/tree");
        if !tree.join(".git").exists() {
            let clone = ["clone", "--quiet", "--shared", "--no-checkout"];
            run(git(&root()).args(clone).arg(root()).arg(&tree))?;
        }
        let commit = answer(git(&root()).args(["rev-parse", "HEAD"]))?;
        run(git(&tree).args(["checkout", "--quiet", "--force", "--detach", &commit]))?;
        if !answer(git(&root()).args(["status", "--porcelain", "crates", "tests/tests", "tests/src"]))?
            .is_empty()
        {
            println!("mutants: what is not committed is left out");
        }
        Ok(Self {
            tool,
            tree,
            commit,
            sound: Cell::new(""),
        })
    }

    pub(super) fn commit(&self) -> &str {
        &self.commit
    }

    /// All mutants of a crate.
    pub(super) fn list(&self, subject: &Subject) -> Result<Listing, String> {
        let output = self
            .cargo_mutants(subject, subject.files)
            .arg("--list")
            .output()
            .map_err(|e| e.to_string())?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let directory = format!("crates/{}", subject.name);
        let read = |file: &str| {
            let path = self.tree.join(&directory).join(file);
            fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))
        };
        Listing::new(&String::from_utf8_lossy(&output.stdout), &directory, read)
    }

    /// The same tests on the code as it is: they have to pass, and everything is built afterwards.
    pub(super) fn baseline(&self, subject: &Subject, tests: &[&str]) -> Result<(), String> {
        let mut test = cargo();
        test.current_dir(&self.tree)
            .args(["test", "--quiet", "--locked", "--package", subject.name])
            .args(features(subject))
            .args(tests);
        let (passed, text) = capture(environment(&mut test))?;
        if passed {
            return Ok(());
        }
        Err(format!(
            "{}: the tests fail without a mutant:\n{text}",
            subject.name
        ))
    }

    /// Tries some mutants: first with the crate's own tests, then, what these missed, with the referees.
    pub(super) fn attempt(
        &self,
        subject: &Subject,
        listing: &Listing,
        batch: &[usize],
    ) -> Result<Vec<(usize, Outcome)>, String> {
        let mut outcomes = self.pass(subject, listing, batch, subject.own)?;
        if subject.referees.is_empty() {
            return Ok(outcomes);
        }
        let missed: Vec<_> = outcomes
            .iter()
            .filter(|(_, outcome)| *outcome == Outcome::Missed)
            .map(|&(index, _)| index)
            .filter(|&index| !listing.has_fields(index)) // all of them would be tried for the sake of one
            .collect();
        if missed.is_empty() {
            return Ok(outcomes);
        }
        if self.sound.replace(subject.name) != subject.name {
            self.baseline(subject, subject.referees)?;
        }
        outcomes.retain(|(index, _)| !missed.contains(index));
        for (index, outcome) in self.pass(subject, listing, &missed, subject.referees)? {
            let outcome = match outcome {
                Outcome::Caught => Outcome::CaughtByReferee,
                other => other,
            };
            outcomes.push((index, outcome));
        }
        Ok(outcomes)
    }

    /// One start of cargo-mutants.
    fn pass(
        &self,
        subject: &Subject,
        listing: &Listing,
        batch: &[usize],
        tests: &[&str],
    ) -> Result<Vec<(usize, Outcome)>, String> {
        let output = target_dir().join("mutants").join(subject.name);
        fs::create_dir_all(&output).map_err(|e| format!("{}: {e}", output.display()))?;
        let mut command = self.cargo_mutants(subject, &[]);
        command
            .args(["--in-place", "--baseline=skip", "--no-shuffle", "--no-times"])
            .args(["--timeout", TEST_SECONDS, "--build-timeout", BUILD_SECONDS])
            .arg("--output")
            .arg(&output);
        for &index in batch {
            let mutant = &listing.mutants[index];
            command.arg("--re").arg(exactly(&mutant.name));
            command
                .arg("--file")
                .arg(format!("**/{}/{}", subject.name, mutant.file));
        }
        // For its building, too, and not only for its running: else it builds what is not run.
        command.args(tests.iter().map(|word| format!("--cargo-arg={word}")));
        // It fails when a mutant is missed; what it wrote tells whether it worked.
        let (_, text) = capture(&mut command)?;
        let mut outcomes = Vec::new();
        for (file, outcome) in [
            ("caught.txt", Outcome::Caught),
            ("missed.txt", Outcome::Missed),
            ("timeout.txt", Outcome::Timeout),
            ("unviable.txt", Outcome::Unviable),
        ] {
            let names = fs::read_to_string(output.join("mutants.out").join(file)).unwrap_or_default();
            outcomes.extend(
                names
                    .lines()
                    .filter_map(|name| Some((listing.named(name)?, outcome))),
            );
        }
        let tried: Vec<_> = outcomes.iter().map(|&(index, _)| index).collect();
        if let Some(&index) = batch.iter().find(|index| !tried.contains(index)) {
            let name = &listing.mutants[index].name;
            return Err(format!("cargo-mutants did not try {name}:\n{text}"));
        }
        Ok(outcomes)
    }

    fn cargo_mutants(&self, subject: &Subject, files: &[&str]) -> Command {
        let mut command = Command::new(&self.tool);
        command.current_dir(&self.tree).arg("mutants").args([
            "--no-config",
            "--colors=never",
            "--package",
            subject.name,
        ]);
        for feature in subject.features {
            command.arg("--features").arg(feature);
        }
        for glob in files {
            command.arg("--file").arg(glob);
        }
        for pattern in LEFT_OUT {
            command.arg("--exclude-re").arg(pattern);
        }
        command.env("CARGO", cargo().get_program());
        environment(&mut command);
        command
    }
}

/// Small and quick builds, in a directory of their own.
fn environment(command: &mut Command) -> &mut Command {
    command
        .env("CARGO_TARGET_DIR", target_dir().join("mutants/build"))
        .env("CARGO_PROFILE_DEV_DEBUG", "false")
        .env("CARGO_PROFILE_DEV_BUILD_OVERRIDE_DEBUG", "false")
        .env("CARGO_INCREMENTAL", "1")
        // That a property fails is all there is to know: no smaller example, and none for the next run.
        .env("PROPTEST_MAX_SHRINK_ITERS", "0")
        .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "true")
        .env("RUST_BACKTRACE", "0")
}

fn features(subject: &Subject) -> impl Iterator<Item = String> {
    subject
        .features
        .iter()
        .map(|feature| format!("--features={feature}"))
}

fn git(directory: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(directory);
    command
}

fn answer(command: &mut Command) -> Result<String, String> {
    match capture(command)? {
        (true, text) => Ok(text.trim().to_owned()),
        (false, text) => Err(text),
    }
}

/// A regular expression for this name and no other.
fn exactly(name: &str) -> String {
    let mut pattern = String::from("^");
    for letter in name.chars() {
        if r"\.+*?()|[]{}^$#&-~".contains(letter) {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('$');
    pattern
}

#[cfg(test)]
mod tests {
    use super::exactly;

    #[test]
    fn a_name_is_not_read_as_a_pattern() {
        assert_eq!(
            exactly("a.rs:1:2: replace f -> Option<[u8; 2]> with Some(x + 1)"),
            r"^a\.rs:1:2: replace f \-> Option<\[u8; 2\]> with Some\(x \+ 1\)$"
        );
    }
}
