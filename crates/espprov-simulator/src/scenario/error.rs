//! What is wrong with a scenario, and where.

use super::value::Wrong;
use core::fmt;
use core::ops::Range;
use toml::de::{DeTable, DeValue};

/// A scenario that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioError {
    /// Line and column.
    place: Option<(usize, usize)>,
    message: String,
}

impl ScenarioError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            place: None,
            message: message.into(),
        }
    }

    /// What toml says. The message only: the excerpt that it would print may hold a passphrase.
    pub(super) fn from_toml(error: &toml::de::Error, text: &str) -> Self {
        Self {
            place: error.span().map(|span| place(text, span.start)),
            message: error.message().trim().to_owned(),
        }
    }

    /// Line of the file, counted from 1, if one line is to blame.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.place.map(|(line, _)| line)
    }

    /// Column in that line, in characters, counted from 1.
    #[must_use]
    pub fn column(&self) -> Option<usize> {
        self.place.map(|(_, column)| column)
    }

    /// What is wrong. Holds no passphrases.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some((line, column)) => write!(f, "line {line}, column {column}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl core::error::Error for ScenarioError {}

impl Wrong {
    /// With its place in the file.
    pub(super) fn in_file(self, text: &str) -> ScenarioError {
        ScenarioError {
            place: self.span.map(|span| place(text, span.start)),
            message: self.message,
        }
    }
}

/// What only a look at the whole shows, and the key that is to blame.
pub(super) struct Complaint {
    at: At,
    message: String,
}

/// A key of a scenario.
pub(super) enum At {
    /// `[table] key`.
    Key(&'static str, &'static str),
    /// `[[array]] key` of the entry with this number.
    Item(&'static str, usize, &'static str),
}

impl Complaint {
    pub(super) fn new(at: At, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
        }
    }

    /// With its place in the file, as far as the file has one.
    pub(super) fn in_file(self, text: &str) -> ScenarioError {
        ScenarioError {
            place: self.at.find(text).map(|span| place(text, span.start)),
            message: self.message,
        }
    }
}

impl From<Complaint> for ScenarioError {
    fn from(complaint: Complaint) -> Self {
        Self::new(complaint.message)
    }
}

impl At {
    /// The key's value; the table if it has no such key.
    fn find(&self, text: &str) -> Option<Range<usize>> {
        let document = DeTable::parse(text).ok()?;
        let (table, key) = match *self {
            Self::Key(table, key) => (document.get_ref().get(table)?, key),
            Self::Item(array, index, key) => (document.get_ref().get(array)?.get_ref().get(index)?, key),
        };
        let value = table.get_ref().as_table().and_then(|table| table.get(key));
        Some(value.map_or_else(|| table.span(), |value: &toml::Spanned<DeValue<'_>>| value.span()))
    }
}

/// Line and column of a byte.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}
