//! CSV as spreadsheets write it, with the place of every field.

use super::{At, Column, Mistake, Raw};
use zeroize::Zeroizing;

/// One field: where it begins, and what is in it.
type Field = (At, Zeroizing<String>);

/// The rows, as far as they can be read, and what is wrong.
pub(super) fn rows(text: &str) -> (Vec<Raw>, Vec<Mistake>) {
    let (skipped, text) = announced(text);
    let separator = separator(text);
    let mut reader = Reader {
        rest: text.chars().peekable(),
        at: At {
            line: 1 + skipped,
            column: 1,
        },
        separator,
    };
    let mut mistakes = Vec::new();
    let Some(header) = reader.record(&mut mistakes) else {
        return (Vec::new(), mistakes);
    };
    let columns = columns(&header, &mut mistakes);
    let mut raws = Vec::new();
    while let Some(record) = reader.record(&mut mistakes) {
        // Spreadsheets keep rows that were emptied.
        if record.iter().all(|(_, text)| text.trim().is_empty()) {
            continue;
        }
        let at = record.first().map_or(reader.at, |(at, _)| *at);
        // Fields that only separate nothing from nothing are a spreadsheet's, too.
        let filled = record
            .iter()
            .rposition(|(_, text)| !text.is_empty())
            .map_or(0, |last| last + 1);
        if filled > columns.len() {
            let place = record.get(columns.len()).map_or(at, |(at, _)| *at);
            mistakes.push(Mistake::new(
                place,
                format!("the row has {filled} fields, and the header {}", columns.len()),
            ));
            continue;
        }
        if record.len() < columns.len() {
            mistakes.push(Mistake::new(
                at,
                format!(
                    "the row has {} fields, and the header {}",
                    record.len(),
                    columns.len()
                ),
            ));
            continue;
        }
        let mut raw = Raw { at, ..Raw::default() };
        for (column, field) in columns.iter().zip(record) {
            // An empty cell says nothing, least of all that there is no secret.
            if let Some(column) = column.filter(|_| !field.1.is_empty()) {
                raw.cells.insert(column, field);
            }
        }
        raws.push(raw);
    }
    (raws, mistakes)
}

/// Which columns the header names; `None` for one that is not known, which is a mistake, or has no name and no values.
fn columns(header: &[Field], mistakes: &mut Vec<Mistake>) -> Vec<Option<Column>> {
    let named = header
        .iter()
        .rposition(|(_, name)| !name.trim().is_empty())
        .map_or(0, |last| last + 1);
    let mut columns: Vec<Option<Column>> = Vec::new();
    for (at, name) in header.iter().take(named) {
        let column = Column::of(name);
        match column {
            // A header is no secret; but where it is missing, this is the first device.
            None if columns.is_empty() && !header.iter().any(|(_, name)| Column::of(name).is_some()) => {
                mistakes.push(Mistake::new(
                    *at,
                    format!(
                        "the first line does not name the columns; there are {}",
                        Column::known()
                    ),
                ));
                return vec![None; named];
            }
            None => mistakes.push(Mistake::new(
                *at,
                format!(
                    "there is no column {}; there are {}",
                    name.trim().escape_debug(),
                    Column::known()
                ),
            )),
            Some(known) if columns.contains(&column) => {
                mistakes.push(Mistake::new(
                    *at,
                    format!("the column {} is there twice", known.name()),
                ));
            }
            Some(_) => {}
        }
        columns.push(column);
    }
    columns
}

/// `sep=;` is a line that some spreadsheets write ahead of the header.
fn announced(text: &str) -> (usize, &str) {
    match text.split_once('\n') {
        Some((first, rest))
            if first.trim_end().len() == 5 && first.to_ascii_lowercase().starts_with("sep=") =>
        {
            (1, rest)
        }
        _ => (0, text),
    }
}

/// What stands between the fields of the first line most often.
fn separator(text: &str) -> char {
    let mut quoted = false;
    let mut counts = [(',', 0_usize), (';', 0), ('\t', 0)];
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            '\n' | '\r' if !quoted => break,
            _ if quoted => {}
            _ => {
                for (separator, count) in &mut counts {
                    *count += usize::from(*separator == c);
                }
            }
        }
    }
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
    counts
        .iter()
        .find(|(_, count)| *count == most)
        .map_or(',', |(separator, _)| *separator)
}

struct Reader<'t> {
    rest: core::iter::Peekable<core::str::Chars<'t>>,
    at: At,
    separator: char,
}

impl Reader<'_> {
    /// The next character; every kind of line break is `\n`.
    fn next(&mut self) -> Option<char> {
        let mut c = self.rest.next()?;
        if c == '\r' {
            self.rest.next_if_eq(&'\n');
            c = '\n';
        }
        if c == '\n' {
            self.at.line += 1;
            self.at.column = 1;
        } else {
            self.at.column += 1;
        }
        Some(c)
    }

    /// The fields of the next line that has any.
    fn record(&mut self, mistakes: &mut Vec<Mistake>) -> Option<Vec<Field>> {
        self.rest.peek()?;
        let mut fields = Vec::new();
        loop {
            let at = self.at;
            let (text, more) = self.field(mistakes);
            fields.push((at, text));
            if !more {
                return Some(fields);
            }
        }
    }

    /// A field, and whether another one follows on the line.
    fn field(&mut self, mistakes: &mut Vec<Mistake>) -> (Zeroizing<String>, bool) {
        let mut text = Zeroizing::new(String::with_capacity(64));
        let begin = self.at;
        if self.rest.peek() == Some(&'"') {
            self.next();
            loop {
                match self.next() {
                    Some('"') if self.rest.peek() == Some(&'"') => {
                        self.next();
                        text.push('"');
                    }
                    Some('"') => break,
                    Some(c) => text.push(c),
                    None => {
                        mistakes.push(Mistake::new(begin, "the quotation mark here is not closed"));
                        return (text, false);
                    }
                }
            }
            // What stands behind the closing mark belongs to nothing.
            let behind = self.at;
            match self.next() {
                None | Some('\n') => return (text, false),
                Some(c) if c == self.separator => return (text, true),
                Some(_) => {
                    mistakes.push(Mistake::new(
                        behind,
                        "something stands behind the closing quotation mark; within a field they are doubled",
                    ));
                }
            }
        }
        loop {
            match self.next() {
                None | Some('\n') => return (text, false),
                Some(c) if c == self.separator => return (text, true),
                Some(c) => text.push(c),
            }
        }
    }
}
