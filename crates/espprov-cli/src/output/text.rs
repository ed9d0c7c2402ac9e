//! Text on a terminal: as wide as it looks.

use unicode_width::UnicodeWidthStr;

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
}
