//! The list of mutants that no test can or need notice, each with its reason.
//!
//! ```text
//! src/a.rs: replace < with <= in first
//! src/a.rs: replace < with <= in second
//!     At equality both branches give the same.
//! ```

use super::listing::Listing;
use super::record::{Outcome, Record};

/// What does not fit between the list and the results.
pub(super) fn complaints(text: &str, listing: &Listing, record: &Record) -> Result<Vec<String>, String> {
    let explained = read(text)?;
    let mut complaints = Vec::new();
    for (index, mutant) in listing.mutants.iter().enumerate() {
        if record.get(index) == Outcome::Missed && !explained.contains(&mutant.key.as_str()) {
            complaints.push(format!("missed: {}", mutant.name));
        }
    }
    for key in explained {
        let Some(index) = listing.mutants.iter().position(|mutant| mutant.key == key) else {
            complaints.push(format!("explained, but there is no such mutant any more: {key}"));
            continue;
        };
        if !matches!(record.get(index), Outcome::Missed | Outcome::Untried) {
            complaints.push(format!("explained, but noticed: {key}"));
        }
    }
    Ok(complaints)
}

/// The names that have a reason.
fn read(text: &str) -> Result<Vec<&str>, String> {
    let mut names = Vec::new();
    let mut reasoned = 0;
    for line in text.lines() {
        if line.starts_with(' ') {
            reasoned = names.len();
        } else if !line.is_empty() && !line.starts_with('#') {
            names.push(line);
        }
    }
    match names.get(reasoned) {
        Some(name) => Err(format!("no reason given for {name}")),
        None => Ok(names),
    }
}

#[cfg(test)]
mod tests {
    use super::super::listing::tests::listing;
    use super::super::record::tests::record;
    use super::*;

    const TEXT: &str = "\
# a comment

src/a.rs: replace + with - in sum #2
src/a.rs: replace ready -> bool with true
    For a reason
    of two lines.
";

    fn complaints_of(text: &str, letters: &str) -> Vec<String> {
        complaints(text, &listing(""), &record(letters)).unwrap()
    }

    #[test]
    fn every_missed_one_needs_a_reason() {
        assert!(complaints_of(TEXT, "cMMc").is_empty());
        assert!(complaints_of(TEXT, "c.Mc").is_empty(), "not tried yet");
        let missed = complaints_of(TEXT, "MMMc");
        assert_eq!(missed, ["missed: crates/x/src/a.rs:3:9: replace + with - in sum"]);
    }

    #[test]
    fn a_reason_for_what_is_noticed_has_to_go() {
        assert_eq!(
            complaints_of(TEXT, "ccMc"),
            ["explained, but noticed: src/a.rs: replace + with - in sum #2"]
        );
        let gone = "src/c.rs: replace x with y\n    Why.\n";
        assert_eq!(complaints_of(gone, "cccc").len(), 1);
    }

    #[test]
    fn a_name_alone_is_no_reason() {
        assert!(read("src/a.rs: replace\n").is_err());
        assert!(read("src/a.rs: replace\n    Why.\nsrc/b.rs: replace\n").is_err());
        assert_eq!(read("").unwrap(), [""; 0]);
    }
}
