//! What was tried, and what came of it: one letter for each mutant, in a file that is kept.

use super::listing::Listing;
use crate::tools::{root, target_dir};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// What came of a mutant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    /// The crate's own tests failed.
    Caught,
    /// Its own tests passed, a referee failed.
    CaughtByReferee,
    /// The tests did not end.
    Timeout,
    /// Every test passed.
    Missed,
    /// The compiler refused it, which is no merit of the tests.
    Unviable,
    /// Not tried since its file changed.
    Untried,
}

impl Outcome {
    const LETTERS: [(Self, char); 6] = [
        (Self::Caught, 'c'),
        (Self::CaughtByReferee, 'r'),
        (Self::Timeout, 't'),
        (Self::Missed, 'M'),
        (Self::Unviable, 'u'),
        (Self::Untried, '.'),
    ];

    fn letter(self) -> char {
        Self::LETTERS
            .iter()
            .find_map(|&(outcome, letter)| (outcome == self).then_some(letter))
            .unwrap_or('.')
    }

    fn from_letter(wanted: char) -> Option<Self> {
        Self::LETTERS
            .iter()
            .find_map(|&(outcome, letter)| (letter == wanted).then_some(outcome))
    }
}

pub(super) struct Record {
    /// The commit of the last run.
    pub(super) commit: String,
    outcomes: Vec<Outcome>,
}

impl Record {
    /// What is kept, and what an interrupted run has left, as far as the files are still the same.
    pub(super) fn load(name: &str, listing: &Listing) -> Result<Self, String> {
        let mut record = Self {
            commit: String::new(),
            outcomes: vec![Outcome::Untried; listing.mutants.len()],
        };
        for path in [kept(name), left(name)] {
            if path.is_file() {
                record
                    .take(&read(&path)?, listing)
                    .map_err(|e| format!("{}: {e}", path.display()))?;
            }
        }
        Ok(record)
    }

    fn take(&mut self, text: &str, listing: &Listing) -> Result<(), String> {
        for line in lines(text) {
            let (file, hash, letters) = match line? {
                Line::Commit(commit) => {
                    commit.clone_into(&mut self.commit);
                    continue;
                }
                Line::File { file, hash, letters } => (file, hash, letters),
            };
            let same = listing
                .files
                .iter()
                .any(|(known, now)| known == file && *now == hash);
            let indices: Vec<_> = listing.of_file(file).collect();
            if !same || indices.len() != letters.len() {
                continue;
            }
            for (index, outcome) in indices.into_iter().zip(letters) {
                if outcome != Outcome::Untried {
                    self.outcomes[index] = outcome;
                }
            }
        }
        Ok(())
    }

    pub(super) fn get(&self, index: usize) -> Outcome {
        self.outcomes[index]
    }

    pub(super) fn set(&mut self, index: usize, outcome: Outcome) {
        self.outcomes[index] = outcome;
    }

    /// Whether a mutant is to be tried; `again` counts the missed ones in.
    pub(super) fn is_open(&self, index: usize, again: bool) -> bool {
        match self.outcomes[index] {
            Outcome::Untried => true,
            Outcome::Missed => again,
            _ => false,
        }
    }

    /// Keeps what was done so far out of version control, where it disturbs nobody's work.
    pub(super) fn keep(&self, name: &str, listing: &Listing) -> Result<(), String> {
        write(&left(name), &self.text(listing))
    }

    /// Writes the file that is kept.
    pub(super) fn save(&self, name: &str, listing: &Listing) -> Result<(), String> {
        self.keep(name, listing)?;
        write(&kept(name), &self.text(listing))
    }

    fn text(&self, listing: &Listing) -> String {
        let mut text = format!("commit {}\n", self.commit);
        for (file, hash) in &listing.files {
            let letters: String = listing
                .of_file(file)
                .map(|index| self.outcomes[index].letter())
                .collect();
            text.push_str(&format!("{file} {hash:016x} {letters}\n"));
        }
        text
    }

    pub(super) fn score(&self) -> Score {
        Score::of(self.outcomes.iter().copied())
    }
}

/// The score of a crate as it is kept, if anything of it was tried.
pub(super) fn kept_score(name: &str) -> Result<Option<Score>, String> {
    let path = kept(name);
    if !path.is_file() {
        return Ok(None);
    }
    let mut outcomes = Vec::new();
    for line in lines(&read(&path)?) {
        if let Line::File { letters, .. } = line? {
            outcomes.extend(letters);
        }
    }
    Ok(Some(Score::of(outcomes.into_iter())))
}

/// How many mutants came to what.
#[derive(Default, PartialEq, Eq, Debug)]
pub(super) struct Score {
    all: usize,
    unviable: usize,
    noticed: usize,
    missed: usize,
}

impl Score {
    fn of(outcomes: impl Iterator<Item = Outcome>) -> Self {
        let mut score = Self::default();
        for outcome in outcomes {
            score.all += 1;
            match outcome {
                Outcome::Caught | Outcome::CaughtByReferee | Outcome::Timeout => score.noticed += 1,
                Outcome::Missed => score.missed += 1,
                Outcome::Unviable => score.unviable += 1,
                Outcome::Untried => {}
            }
        }
        score
    }

    /// Noticed ones of those that ran, in percent, rounded down; 100 where none has run.
    pub(super) const fn percent(&self) -> usize {
        match (100 * self.noticed).checked_div(self.noticed + self.missed) {
            Some(percent) => percent,
            None => 100,
        }
    }
}

impl Score {
    const fn tried(&self) -> usize {
        self.unviable + self.noticed + self.missed
    }

    /// The cells of a row of the table.
    pub(super) fn row(&self) -> String {
        let Self {
            all,
            unviable,
            noticed,
            missed,
        } = self;
        let (tried, percent) = (self.tried(), self.percent());
        format!("{all} | {tried} | {unviable} | {noticed} | {missed} | {percent} %")
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} tried: {} noticed, {} missed, {} do not compile: {} %",
            self.tried(),
            self.all,
            self.noticed,
            self.missed,
            self.unviable,
            self.percent()
        )
    }
}

enum Line<'a> {
    Commit(&'a str),
    File {
        file: &'a str,
        hash: u64,
        letters: Vec<Outcome>,
    },
}

fn lines(text: &str) -> impl Iterator<Item = Result<Line<'_>, String>> {
    text.lines().map(|line| {
        let words: Vec<_> = line.split(' ').collect();
        match words[..] {
            ["commit", commit] => Ok(Line::Commit(commit)),
            [file, hash, letters] => {
                let hash = u64::from_str_radix(hash, 16).map_err(|e| format!("{line}: {e}"))?;
                let letters = letters.chars().map(Outcome::from_letter).collect::<Option<_>>();
                let letters = letters.ok_or_else(|| format!("unknown letter: {line}"))?;
                Ok(Line::File { file, hash, letters })
            }
            _ => Err(format!("neither a commit nor a file: {line}")),
        }
    })
}

fn kept(name: &str) -> PathBuf {
    root().join(format!("tests/mutants/{name}-tried.txt"))
}

fn left(name: &str) -> PathBuf {
    target_dir().join(format!("mutants/{name}-tried.txt"))
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::listing::tests::listing;
    use super::*;

    pub(in super::super) fn record(letters: &str) -> Record {
        let outcomes = letters
            .chars()
            .map(|letter| Outcome::from_letter(letter).unwrap());
        Record {
            commit: "abc".into(),
            outcomes: outcomes.collect(),
        }
    }

    #[test]
    fn what_was_written_is_read() {
        let listing = listing("fn a() {}");
        let text = record("cMru").text(&listing);
        let mut read = record("....");
        read.take(&text, &listing).unwrap();
        assert_eq!(read.text(&listing), text);
        assert!(text.starts_with("commit abc\nsrc/a.rs "), "{text}");
        assert!(text.ends_with(" u\n"), "{text}");
    }

    #[test]
    fn a_changed_file_is_untried() {
        let text = record("cMru").text(&listing("fn a() {}"));
        let mut read = record("....");
        read.take(&text, &listing("fn b() {}")).unwrap();
        assert_eq!(read.outcomes, [Outcome::Untried; 4]);
    }

    #[test]
    fn later_results_win_and_untried_ones_take_nothing_away() {
        let listing = listing("");
        let mut read = record("cM.u");
        read.take(&record(".ct.").text(&listing), &listing).unwrap();
        assert_eq!(read.outcomes, record("cctu").outcomes);
    }

    #[test]
    fn the_score_counts_what_could_have_been_noticed() {
        let score = record("crtMuu..").score();
        assert_eq!(score.row(), "8 | 6 | 2 | 3 | 1 | 75 %");
        assert_eq!(
            score.to_string(),
            "6 of 8 tried: 3 noticed, 1 missed, 2 do not compile: 75 %"
        );
        assert_eq!(record("..").score().percent(), 100);
        assert_eq!(record("ccM").score().percent(), 66);
    }

    #[test]
    fn missed_ones_are_tried_again_on_demand() {
        let record = record("cM.");
        let open = |again| {
            (0..3)
                .filter(|&index| record.is_open(index, again))
                .collect::<Vec<_>>()
        };
        assert_eq!(open(false), [2]);
        assert_eq!(open(true), [1, 2]);
    }

    #[test]
    fn a_damaged_file_is_an_error() {
        let listing = listing("");
        for text in ["src/a.rs 0", "src/a.rs xyz ccc", "src/a.rs 0 c?c"] {
            assert!(record("....").take(text, &listing).is_err(), "{text}");
        }
    }
}
