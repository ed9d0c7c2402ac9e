//! Manifests: which devices a batch is about, and what each is given. Every mistake is named by line and column, and all of them
//! at once, because a line is not set up twice for two typing errors.

mod csv;
mod table;

use core::fmt;
use espprov_types::SetupPayload;
use std::collections::HashMap;
use zeroize::Zeroizing;

/// How a manifest is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Syntax {
    /// As spreadsheets write it: commas, semicolons or tabs; quotation marks; any line breaks; with a byte order mark or without.
    Csv,
    /// `[[device]]` tables.
    Toml,
}

impl Syntax {
    /// What a file of this name is written in.
    #[must_use]
    pub fn of(path: &str) -> Self {
        if path.to_ascii_lowercase().ends_with(".toml") {
            Self::Toml
        } else {
            Self::Csv
        }
    }
}

/// A place in a manifest, counted from 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At {
    /// The line.
    pub line: usize,
    /// The character in it.
    pub column: usize,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Something wrong in a manifest. Repeats no value: they may be secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mistake {
    /// Where.
    pub at: At,
    /// What.
    pub what: String,
}

impl Mistake {
    /// This, there.
    pub fn new(at: At, what: impl Into<String>) -> Self {
        Self {
            at,
            what: what.into(),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.what)
    }
}

/// What a device may be said to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is called what it is")]
#[non_exhaustive]
pub enum Column {
    Target,
    Payload,
    Name,
    Pop,
    Username,
    Password,
    Ssid,
    Passphrase,
    Dataset,
    Security,
}

impl Column {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Target,
        Self::Payload,
        Self::Name,
        Self::Pop,
        Self::Username,
        Self::Password,
        Self::Ssid,
        Self::Passphrase,
        Self::Dataset,
        Self::Security,
    ];

    /// What a manifest calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Target => "target",
            Self::Payload => "payload",
            Self::Name => "name",
            Self::Pop => "pop",
            Self::Username => "username",
            Self::Password => "password",
            Self::Ssid => "ssid",
            Self::Passphrase => "passphrase",
            Self::Dataset => "dataset",
            Self::Security => "security",
        }
    }

    fn of(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase();
        Self::ALL.into_iter().find(|column| column.name() == name)
    }

    fn known() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

/// A value and where it stands.
type Cell = (At, Zeroizing<String>);

/// The values of one device, before they are judged.
#[derive(Default)]
struct Raw {
    at: At,
    cells: HashMap<Column, Cell>,
}

/// One device. No `Debug`: most of it is secret.
pub struct Row {
    /// Where it begins.
    pub at: At,
    key: String,
    places: HashMap<Column, At>,
    /// Which device.
    pub target: Option<String>,
    /// The same, as the text of its setup code.
    pub payload: Option<Zeroizing<String>>,
    /// Proof of possession; empty = none.
    pub pop: Option<Zeroizing<String>>,
    /// Username of security 2.
    pub username: Option<String>,
    /// Password of security 2.
    pub password: Option<Zeroizing<String>>,
    /// The network that it is given.
    pub ssid: Option<String>,
    /// That network's passphrase; empty = open.
    pub passphrase: Option<Zeroizing<String>>,
    /// A Thread network's dataset.
    pub dataset: Option<Zeroizing<String>>,
    /// The security scheme.
    pub security: Option<u8>,
}

impl Row {
    /// What the device is called in ledgers and reports: its name, else its target, else its payload's name.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Where this value of it stands, or where the row begins.
    #[must_use]
    pub fn place(&self, column: Column) -> At {
        self.places.get(&column).copied().unwrap_or(self.at)
    }

    /// What is handed to the front door: the target, or the payload's text.
    #[must_use]
    pub fn aim(&self) -> &str {
        match (&self.target, &self.payload) {
            (Some(target), _) => target,
            (None, Some(payload)) => payload,
            (None, None) => "",
        }
    }

    /// What is shown of it: a payload is shown as its key.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.target.as_deref().unwrap_or(&self.key)
    }
}

/// Devices, in the order of the file.
#[non_exhaustive]
pub struct Manifest {
    /// One a device; there is at least one, and no key is there twice.
    pub rows: Vec<Row>,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// ```
    /// use espprov_line::manifest::{Manifest, Syntax};
    ///
    /// let manifest = Manifest::parse(b"target;ssid;passphrase\r\nble:PROV_1;Hall;\"a;b\"\"c;ddd\"\r\n", Syntax::Csv).unwrap();
    /// assert_eq!(manifest.rows[0].passphrase.as_ref().unwrap().as_str(), "a;b\"c;ddd");
    /// let Err(mistakes) = Manifest::parse(b"target,colour\nsim,red\n", Syntax::Csv) else { panic!() };
    /// assert!(mistakes[0].to_string().starts_with("line 1, column 8: there is no column colour"));
    /// ```
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the file.
    pub fn parse(bytes: &[u8], syntax: Syntax) -> Result<Self, Vec<Mistake>> {
        let text = text(bytes).map_err(|mistake| vec![mistake])?;
        let (raws, mut mistakes) = match syntax {
            Syntax::Csv => csv::rows(text),
            Syntax::Toml => table::rows(text),
        };
        if raws.is_empty() && mistakes.is_empty() {
            mistakes.push(Mistake::new(
                At { line: 1, column: 1 },
                "there is no device in it",
            ));
        }
        let mut keys: HashMap<String, At> = HashMap::new();
        let mut rows = Vec::with_capacity(raws.len());
        for raw in raws {
            if let Some(row) = judged(raw, &mut mistakes) {
                match keys.get(&row.key) {
                    Some(first) => mistakes.push(Mistake::new(
                        row.place(Column::Name).max(row.at),
                        format!("the device is there twice; first in line {}", first.line),
                    )),
                    None => {
                        keys.insert(row.key.clone(), row.at);
                    }
                }
                rows.push(row);
            }
        }
        if mistakes.is_empty() {
            Ok(Self { rows })
        } else {
            mistakes.sort_by_key(|mistake| mistake.at);
            Err(mistakes)
        }
    }
}

/// The file as text, without its byte order mark.
fn text(bytes: &[u8]) -> Result<&str, Mistake> {
    let begin = At { line: 1, column: 1 };
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Mistake::new(
            begin,
            "the file is UTF-16: save it as \"CSV UTF-8\"",
        ));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    core::str::from_utf8(bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let lines: Vec<&[u8]> = good.split(|byte| *byte == b'\n').collect();
        let last = lines.last().copied().unwrap_or_default();
        let at = At {
            line: lines.len(),
            column: String::from_utf8_lossy(last).chars().count() + 1,
        };
        Mistake::new(at, "this is not UTF-8: save the file as \"CSV UTF-8\"")
    })
}

/// A row whose values can be meant; what is wrong with the others is added to the mistakes.
fn judged(mut raw: Raw, mistakes: &mut Vec<Mistake>) -> Option<Row> {
    let before = mistakes.len();
    let places: HashMap<_, _> = raw.cells.iter().map(|(column, (at, _))| (*column, *at)).collect();
    let place = |column: Column| places.get(&column).copied().unwrap_or(raw.at);
    let mut take = |column: Column| raw.cells.remove(&column).map(|(_, text)| text);
    // An empty field is one that was left out, but where "none" is a value.
    let filled = |text: Option<Zeroizing<String>>| text.filter(|text| !text.trim().is_empty());
    let plain = |text: Option<Zeroizing<String>>| filled(text).map(|text| text.trim().to_owned());
    let target = plain(take(Column::Target));
    let payload = filled(take(Column::Payload));
    let name = plain(take(Column::Name));
    let mut wrong = |column: Column, what: &str| mistakes.push(Mistake::new(place(column), what));
    let read = payload.as_ref().map(|text| SetupPayload::parse(text));
    if let Some(Err(error)) = &read {
        wrong(Column::Payload, &format!("payload: {error}"));
    }
    match (&target, &payload) {
        (None, None) => wrong(
            Column::Target,
            "neither target nor payload says which device this is",
        ),
        (Some(_), Some(_)) => wrong(
            Column::Payload,
            "target and payload both say which device this is: give one",
        ),
        _ => {}
    }
    let security = plain(take(Column::Security)).and_then(|text| match text.as_str() {
        "auto" => None,
        "0" => Some(0),
        "1" => Some(1),
        "2" => Some(2),
        _ => {
            wrong(Column::Security, "security is 0, 1, 2 or auto");
            None
        }
    });
    let ssid = take(Column::Ssid)
        .map(|text| (*text).clone())
        .filter(|text| !text.is_empty());
    if ssid.as_ref().is_some_and(|ssid| ssid.len() > 32) {
        wrong(Column::Ssid, "a network's name has at most 32 bytes");
    }
    let passphrase = take(Column::Passphrase);
    if let Some(text) = &passphrase
        && !matches!(text.len(), 0 | 8..=64)
    {
        wrong(
            Column::Passphrase,
            "a passphrase has 8 to 63 characters, or is empty for an open network",
        );
    }
    let dataset = filled(take(Column::Dataset));
    if dataset.is_some() && ssid.is_some() {
        wrong(
            Column::Dataset,
            "ssid and dataset both say which network: give one",
        );
    }
    if let Some(Err(error)) = dataset
        .as_ref()
        .map(|text| espprov_types::ThreadDataset::parse(text))
    {
        wrong(Column::Dataset, &format!("dataset: {error}"));
    }
    let key = name.or_else(|| target.clone()).or_else(|| {
        let named = read.and_then(Result::ok)?;
        Some(named.name.to_string())
    });
    let (pop, username, password) = (
        take(Column::Pop),
        plain(take(Column::Username)),
        filled(take(Column::Password)),
    );
    if mistakes.len() > before {
        return None;
    }
    Some(Row {
        at: raw.at,
        key: key?,
        places,
        target,
        payload,
        pop,
        username,
        password,
        ssid,
        passphrase,
        dataset,
        security,
    })
}

#[cfg(test)]
mod tests;
