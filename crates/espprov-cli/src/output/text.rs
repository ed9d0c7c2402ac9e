//! Text of others on a terminal: harmless, and as wide as it looks.

use unicode_width::UnicodeWidthStr;

/// Text from a device or off the air, safe to show: what would move the cursor, change colours or turn the reading
/// direction is written as its code.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_harmless(c) {
            out.push(c);
        } else {
            out.extend(c.escape_unicode());
        }
    }
    out
}

/// The same of bytes that need not be text.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(&clean(chunk.valid()));
        if !chunk.invalid().is_empty() {
            out.push(char::REPLACEMENT_CHARACTER);
        }
    }
    out
}

/// Whether a character shows where it stands and nowhere else.
pub(crate) fn is_harmless(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            // Marks, embeddings, overrides and isolates of the bidirectional algorithm (Unicode annex 9).
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // Line and paragraph separators; characters without any width.
            | '\u{2028}' | '\u{2029}' | '\u{200b}' | '\u{2060}' | '\u{feff}')
}

/// A network name between quotation marks.
pub(crate) fn quoted(ssid: &[u8]) -> String {
    if ssid.is_empty() {
        "(hidden)".to_owned()
    } else {
        format!("\"{}\"", shown(ssid))
    }
}

/// Columns a terminal gives it.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// With spaces behind it, up to so many columns.
pub(crate) fn padded(text: &str, columns: usize) -> String {
    let mut out = text.to_owned();
    out.extend(core::iter::repeat_n(' ', columns.saturating_sub(width(text))));
    out
}

/// Rows with aligned columns; the last column is not padded.
pub(crate) fn table(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widest = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| width(cell)).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(widest).collect();
    rows.iter()
        .map(|row| {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(&padded(cell, width + 2));
            }
            line.truncate(line.trim_end().len());
            line
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_by_what_is_seen() {
        let rows = [
            vec!["a".to_owned(), "Café".to_owned(), "1".to_owned()],
            vec!["bb".to_owned(), "猫カフェ".to_owned(), "2".to_owned()],
            vec!["c".to_owned(), "x".to_owned(), String::new()],
        ];
        assert_eq!(table(&rows), ["a   Café      1", "bb  猫カフェ  2", "c   x"]);
        // A combining accent has no column of its own.
        assert_eq!(width("e\u{301}"), 1);
        assert_eq!(padded("e\u{301}", 3), "e\u{301}  ");
    }

    #[test]
    fn names_off_the_air_move_nothing() {
        assert_eq!(quoted(b"a\x1b[2Jb"), "\"a\\u{1b}[2Jb\"");
        assert_eq!(quoted("x\u{202e}moc".as_bytes()), "\"x\\u{202e}moc\"");
        assert_eq!(quoted("\u{2067}a\u{2069}".as_bytes()), "\"\\u{2067}a\\u{2069}\"");
        assert_eq!(quoted(b"Caf\xe9"), "\"Caf\u{fffd}\"");
        assert_eq!(quoted(b""), "(hidden)");
        // Right-to-left names are fine.
        assert_eq!(quoted("שלום".as_bytes()), "\"שלום\"");
    }
}
