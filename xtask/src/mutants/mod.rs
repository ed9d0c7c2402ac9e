//! `cargo xtask mutants`: do the tests notice when the code is wrong?
//!
//! cargo-mutants makes one plausible mistake at a time and runs the tests. There are thousands of mistakes, each costs
//! seconds, so the work is done in pieces: every run goes on where the one before stopped, in an order that is spread
//! over the crate, and what was tried is kept in `tests/mutants` (its README.md says how to read the files). A mutant that no
//! test notices needs a test, or a line there that says why there can be none.

mod listing;
mod record;
mod survivors;
mod trial;

use crate::tools::{CARGO_MUTANTS, root};
use core::time::Duration;
use listing::Listing;
use record::Record;
use std::fs;
use std::time::Instant;
use trial::Trial;

/// Share of the mutants, in percent, that the tests of each crate have to notice.
const WANTED: usize = 90;

/// What `cargo xtask mutants` was asked for.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// These crates only, with or without `espprov-`
    #[arg(value_name = "CRATE")]
    crates: Vec<String>,
    /// One part of the mutants, spread over the crate: 1/4, 2/4 …
    #[arg(long, value_name = "K/N", value_parser = shard)]
    shard: Option<(usize, usize)>,
    /// Stop after this time; the next run goes on from there
    #[arg(long)]
    minutes: Option<u64>,
    /// Try the missed ones again, after tests were added
    #[arg(long)]
    again: bool,
    /// Try nothing: judge what was tried so far
    #[arg(long, conflicts_with_all = ["shard", "minutes", "again"])]
    judge: bool,
}

/// A crate whose code is changed, and the tests that have to notice.
struct Subject {
    /// The crate, also the name of its files in `tests/mutants`.
    name: &'static str,
    /// Its features, as cargo-mutants wants them.
    features: &'static [&'static str],
    /// Globs of the files that are changed; none means all.
    files: &'static [&'static str],
    /// Its own tests: what `cargo test` is told.
    own: &'static [&'static str],
    /// Tests elsewhere that hold it to recordings and other implementations. They are asked about what its own tests
    /// miss, for they take longer to build.
    referees: &'static [&'static str],
}

/// Library and integration tests. Documentation examples are not worth their time: each is a program to link.
const ALL_TESTS: &[&str] = &["--lib", "--tests"];

const SUBJECTS: &[Subject] = &[
    Subject {
        name: "espprov-proto",
        features: &[],
        files: &[],
        own: ALL_TESTS,
        referees: &[],
    },
    Subject {
        name: "espprov-transport",
        features: &[],
        files: &[],
        own: &["--lib"],
        referees: &[],
    },
    Subject {
        name: "espprov-security",
        features: &[],
        files: &[],
        own: &["--lib"],
        referees: &["--package", "espprov-tests", "--test", "vendor_security"],
    },
    Subject {
        name: "espprov-device",
        features: &[],
        files: &[],
        own: ALL_TESTS,
        referees: &["--package", "espprov-tests", "--test", "vendor_exchanges"],
    },
    Subject {
        name: "espprov-embedded",
        features: &["http_nal_09"],
        files: &["**/console/*.rs", "**/http/*.rs"],
        own: ALL_TESTS,
        referees: &[],
    },
    Subject {
        name: "espprov-core",
        features: &[],
        files: &[],
        own: &["--lib"],
        referees: &[
            "--package",
            "espprov-tests",
            "--test",
            "flow",
            "--test",
            "simulated",
            "--test",
            "evidence",
            "--test",
            "drivers",
            "--test",
            "fault_matrix",
            "--test",
            "conformance",
        ],
    },
];

pub(crate) fn mutants(options: &Options) -> Result<(), String> {
    let subjects = chosen(&options.crates)?;
    let tool = CARGO_MUTANTS.ensure()?;
    let trial = Trial::new(tool)?;
    let stop = options
        .minutes
        .map(|minutes| Instant::now() + Duration::from_secs(60 * minutes));
    let mut failures = Vec::new();
    for subject in subjects {
        let listing = trial.list(subject)?;
        let mut record = Record::load(subject.name, &listing)?;
        if !options.judge {
            work(&trial, subject, &listing, &mut record, options, stop)?;
            trial.commit().clone_into(&mut record.commit);
        }
        record.save(subject.name, &listing)?;
        failures.extend(judge(subject.name, &listing, &record)?);
    }
    write_table()?;
    if failures.is_empty() {
        return Ok(());
    }
    Err(format!("mutants:\n  {}", failures.join("\n  ")))
}

fn chosen(names: &[String]) -> Result<Vec<&'static Subject>, String> {
    if names.is_empty() {
        return Ok(SUBJECTS.iter().collect());
    }
    let find = |name: &String| {
        SUBJECTS
            .iter()
            .find(|subject| subject.name == name || subject.name.strip_prefix("espprov-") == Some(name))
            .ok_or_else(|| {
                let known: Vec<_> = SUBJECTS.iter().map(|subject| subject.name).collect();
                format!("no such crate: {name}; there are {}", known.join(", "))
            })
    };
    names.iter().map(find).collect()
}

fn shard(text: &str) -> Result<(usize, usize), String> {
    let (k, n) = text.split_once('/').ok_or("K/N, as in 1/4")?;
    let number = |text: &str| text.parse::<usize>().map_err(|e| e.to_string());
    match (number(k)?, number(n)?) {
        (k, n) if 1 <= k && k <= n => Ok((k, n)),
        _ => Err("1/N to N/N".into()),
    }
}

/// Tries what has not been tried, in batches; each is kept before the next begins.
fn work(
    trial: &Trial,
    subject: &Subject,
    listing: &Listing,
    record: &mut Record,
    options: &Options,
    stop: Option<Instant>,
) -> Result<(), String> {
    let (k, n) = options.shard.unwrap_or((1, 1));
    let open: Vec<_> = listing
        .spread()
        .into_iter()
        .skip(k - 1)
        .step_by(n)
        .filter(|&index| record.is_open(index, options.again))
        .collect();
    if open.is_empty() {
        return Ok(());
    }
    trial.baseline(subject, subject.own)?;
    let total = open.len();
    let mut done = 0;
    for batch in listing.batches(&open, trial::BATCH) {
        if stop.is_some_and(|stop| Instant::now() >= stop) {
            println!("mutants: {}: out of time", subject.name);
            break;
        }
        for (index, outcome) in trial.attempt(subject, listing, &batch)? {
            record.set(index, outcome);
        }
        record.keep(subject.name, listing)?;
        done += batch.len();
        println!(
            "mutants: {}: {done} of {total} tried; {}",
            subject.name,
            record.score()
        );
    }
    Ok(())
}

/// What is wrong with a crate's mutants: too many missed, or one missed that nobody has explained.
fn judge(name: &str, listing: &Listing, record: &Record) -> Result<Vec<String>, String> {
    let score = record.score();
    println!("mutants: {name}: {score}");
    let path = root().join(format!("tests/mutants/{name}-survivors.txt"));
    let text = fs::read_to_string(&path).unwrap_or_default();
    let mut failures = survivors::complaints(&text, listing, record)?;
    if score.percent() < WANTED {
        failures.push(format!(
            "{name}: {} % noticed, {WANTED} % wanted",
            score.percent()
        ));
    }
    Ok(failures)
}

/// Writes the table of CONTRIBUTING.md anew, from the files of all crates.
fn write_table() -> Result<(), String> {
    const BEGIN: &str = "<!-- mutants -->\n";
    const END: &str = "<!-- /mutants -->";
    let path = root().join("CONTRIBUTING.md");
    let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let (before, rest) = text
        .split_once(BEGIN)
        .ok_or("CONTRIBUTING.md: no table of mutants")?;
    let (_, after) = rest
        .split_once(END)
        .ok_or("CONTRIBUTING.md: the table of mutants has no end")?;
    let mut table = String::from(
        "| crate | mutants | tried | do not compile | noticed | missed | score |\n|---|---|---|---|---|---|---|\n",
    );
    for subject in SUBJECTS {
        if let Some(score) = record::kept_score(subject.name)? {
            table.push_str(&format!("| `{}` | {} |\n", subject.name, score.row()));
        }
    }
    let written = format!("{before}{BEGIN}{table}{END}{after}");
    fs::write(&path, written).map_err(|e| format!("{}: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_one_of_several() {
        assert_eq!(shard("1/4"), Ok((1, 4)));
        assert_eq!(shard("4/4"), Ok((4, 4)));
        for bad in ["0/4", "5/4", "4", "1/0", "a/b", ""] {
            assert!(shard(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_crate_goes_by_either_name() {
        let names = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let both = chosen(&names(&["proto", "espprov-core"])).unwrap();
        let both: Vec<_> = both.iter().map(|subject| subject.name).collect();
        assert_eq!(both, ["espprov-proto", "espprov-core"]);
        assert_eq!(chosen(&[]).unwrap().len(), SUBJECTS.len());
        assert!(chosen(&names(&["espprov-cli"])).is_err());
    }
}
