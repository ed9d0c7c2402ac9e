//! Strings and numbers of a document, still in their written form.

use crate::ShortStr;
use core::fmt;

/// A string of the document: checked, still escaped. It may be a secret, so `Debug` does not show it.
#[derive(Clone, Copy)]
pub struct Text<'a>(pub(super) &'a str);

impl<'a> Text<'a> {
    /// The characters, unescaped.
    #[must_use]
    pub fn chars(&self) -> Chars<'a> {
        Chars(self.0.chars())
    }

    /// Unescaped, this is `other`.
    #[must_use]
    pub fn is(&self, other: &str) -> bool {
        self.chars().eq(other.chars())
    }

    /// As [`is`](Self::is), with ASCII letters of either case.
    #[must_use]
    pub fn is_ignore_ascii_case(&self, other: &str) -> bool {
        let lower = |c: char| c.to_ascii_lowercase();
        self.chars().map(lower).eq(other.chars().map(lower))
    }

    /// The whole string; `None` if it has more than `N` bytes.
    #[must_use]
    pub fn decode<const N: usize>(&self) -> Option<ShortStr<N>> {
        let mut out = ShortStr::default();
        self.chars().try_for_each(|c| out.push(c)).ok()?;
        Some(out)
    }

    /// As much of the string as fits into `N` bytes, cut between characters.
    #[must_use]
    pub fn decode_cut<const N: usize>(&self) -> ShortStr<N> {
        ShortStr::cut(self.chars())
    }

    /// The same into a text that is there already.
    pub(crate) fn cut_into<const N: usize>(&self, out: &mut ShortStr<N>) {
        out.cut_in(self.chars());
    }

    /// Writes the whole string to the front of `out` and returns its length in bytes; `None` if it does not
    /// fit. For secrets: nothing else holds a copy.
    pub fn decode_bytes(&self, out: &mut [u8]) -> Option<usize> {
        let mut len = 0_usize;
        for c in self.chars() {
            let end = len.checked_add(c.len_utf8())?;
            c.encode_utf8(out.get_mut(len..end)?);
            len = end;
        }
        Some(len)
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Text(..)")
    }
}

/// Characters of a [`Text`], unescaped.
#[derive(Clone)]
pub struct Chars<'a>(core::str::Chars<'a>);

impl fmt::Debug for Chars<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chars(..)")
    }
}

impl Chars<'_> {
    fn unit(&mut self) -> Option<u32> {
        let mut unit = 0_u32;
        for _ in 0..4 {
            unit = unit << 4 | self.0.next()?.to_digit(16)?;
        }
        Some(unit)
    }

    /// What follows `\u`. The reader has checked it, so the fallbacks are never met.
    fn unicode(&mut self) -> Option<char> {
        let first = self.unit()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first);
        }
        // Between the two halves stands another `\u`.
        self.0.next()?;
        self.0.next()?;
        let second = self.unit()?.checked_sub(0xdc00)?;
        let offset = (first & 0x3ff) << 10 | second;
        char::from_u32(offset.checked_add(0x1_0000)?)
    }
}

impl Iterator for Chars<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let c = self.0.next()?;
        if c != '\\' {
            return Some(c);
        }
        Some(match self.0.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => self.unicode().unwrap_or(char::REPLACEMENT_CHARACTER),
            other => other,
        })
    }
}

/// A number of the document, as written.
#[derive(Debug, Clone, Copy)]
pub struct Number<'a>(pub(super) &'a str);

impl<'a> Number<'a> {
    /// The characters of the number.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.0
    }

    /// The same as a text.
    pub(crate) const fn as_text(&self) -> Text<'a> {
        Text(self.0)
    }

    /// The value, if it is written as an integer and fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }
}
