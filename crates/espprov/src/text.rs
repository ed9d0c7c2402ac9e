//! Text of others, made harmless: for a terminal, a log, a message.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

/// Text from a device or off the air, safe to show: what would move the cursor, change colours or turn the reading
/// direction is written as its code.
#[must_use]
pub fn clean(text: &str) -> String {
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
#[must_use]
pub fn shown(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    let mut rest = bytes;
    // As `utf8_chunks` does it, which is code of its own beside that of `from_utf8`.
    while let Err(error) = str::from_utf8(rest) {
        let (valid, after) = rest.split_at_checked(error.valid_up_to()).unwrap_or((rest, &[]));
        out.push_str(&clean(str::from_utf8(valid).unwrap_or_default()));
        out.push(char::REPLACEMENT_CHARACTER);
        rest = error
            .error_len()
            .and_then(|len| after.get(len..))
            .unwrap_or_default();
    }
    out.push_str(&clean(str::from_utf8(rest).unwrap_or_default()));
    out
}

/// Whether a character shows where it stands and nowhere else.
#[must_use]
pub fn is_harmless(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            // Marks, embeddings, overrides and isolates of the bidirectional algorithm (Unicode annex 9).
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // Line and paragraph separators; characters without any width.
            | '\u{2028}' | '\u{2029}' | '\u{200b}' | '\u{2060}' | '\u{feff}')
}

/// A network name between quotation marks.
#[must_use]
pub fn quoted(ssid: &[u8]) -> String {
    if ssid.is_empty() {
        "(hidden)".to_owned()
    } else {
        format!("\"{}\"", shown(ssid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_seen_as_such() {
        // Cut off, in the middle, several in a row, and too long a form of a slash.
        for bytes in [
            &b"a\xe2\x82"[..],
            b"a\xe2\x82b",
            b"\xff\xfe\xff",
            b"\xc0\xaf",
            b"\xf0\x9f\x98",
            "caf\u{e9}".as_bytes(),
            b"",
        ] {
            assert_eq!(shown(bytes), String::from_utf8_lossy(bytes), "{bytes:?}");
        }
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
