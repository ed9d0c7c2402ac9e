//! Writing documents.

use core::fmt::{self, Write};

/// Where line breaks and blanks go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layout {
    /// None at all.
    Compact,
    /// As devices write it: members on lines of their own, indented by tabs, a tab after the colon; arrays on one
    /// line with `, ` between the elements.
    Device,
}

/// Writes one document into any [`fmt::Write`]. The caller keeps the grammar: keys before values inside
/// objects, an end for each start.
///
/// ```
/// use espprov_types::json::{Layout, Writer};
///
/// let mut text = String::new();
/// let mut json = Writer::new(&mut text, Layout::Compact);
/// json.begin_object()?;
/// json.key("name")?;
/// json.string("a \"quoted\" word")?;
/// json.key("level")?;
/// json.number(3)?;
/// json.end_object()?;
/// assert_eq!(text, r#"{"name":"a \"quoted\" word","level":3}"#);
/// # Ok::<(), std::fmt::Error>(())
/// ```
#[derive(Debug)]
pub struct Writer<'w, W: Write + ?Sized> {
    out: &'w mut W,
    layout: Layout,
    depth: usize,
    /// Inside an array, so far without elements or with some; otherwise a value follows a key or stands alone.
    array: bool,
    empty: bool,
}

impl<'w, W: Write + ?Sized> Writer<'w, W> {
    /// A document at its beginning.
    pub const fn new(out: &'w mut W, layout: Layout) -> Self {
        Self {
            out,
            layout,
            depth: 0,
            array: false,
            empty: true,
        }
    }

    /// `{`. Not inside an array: no document of the protocol needs that.
    ///
    /// # Errors
    /// What the output says.
    pub fn begin_object(&mut self) -> fmt::Result {
        self.out.write_char('{')?;
        self.depth = self.depth.saturating_add(1);
        self.empty = true;
        if self.layout == Layout::Device {
            self.out.write_char('\n')?;
        }
        Ok(())
    }

    /// `}`
    ///
    /// # Errors
    /// What the output says.
    pub fn end_object(&mut self) -> fmt::Result {
        self.depth = self.depth.saturating_sub(1);
        if self.layout == Layout::Device {
            if !self.empty {
                self.out.write_char('\n')?;
            }
            self.indent()?;
        }
        self.empty = false;
        self.out.write_char('}')
    }

    /// The name of a member.
    ///
    /// # Errors
    /// What the output says.
    pub fn key(&mut self, key: &str) -> fmt::Result {
        if !self.empty {
            self.out
                .write_str(if self.layout == Layout::Device { ",\n" } else { "," })?;
        }
        self.empty = false;
        if self.layout == Layout::Device {
            self.indent()?;
        }
        write_string(self.out, key)?;
        self.out
            .write_str(if self.layout == Layout::Device { ":\t" } else { ":" })
    }

    /// `[`. Elements are strings and numbers.
    ///
    /// # Errors
    /// What the output says.
    pub fn begin_array(&mut self) -> fmt::Result {
        self.array = true;
        self.empty = true;
        self.out.write_char('[')
    }

    /// `]`
    ///
    /// # Errors
    /// What the output says.
    pub fn end_array(&mut self) -> fmt::Result {
        self.array = false;
        self.empty = false;
        self.out.write_char(']')
    }

    /// A string, escaped.
    ///
    /// # Errors
    /// What the output says.
    pub fn string(&mut self, text: &str) -> fmt::Result {
        self.separate()?;
        write_string(self.out, text)
    }

    /// An integer.
    ///
    /// # Errors
    /// What the output says.
    pub fn number(&mut self, value: i64) -> fmt::Result {
        self.separate()?;
        write!(self.out, "{value}")
    }

    fn separate(&mut self) -> fmt::Result {
        if self.array && !self.empty {
            self.out
                .write_str(if self.layout == Layout::Device { ", " } else { "," })?;
        }
        if self.array {
            self.empty = false;
        }
        Ok(())
    }

    fn indent(&mut self) -> fmt::Result {
        (0..self.depth).try_for_each(|_| self.out.write_char('\t'))
    }
}

/// Writes one string with its quotes. Escaped is what RFC 8259 § 7 demands: the quote, the backslash and control
/// characters.
///
/// # Errors
/// What the output says.
pub fn write_string<W: Write + ?Sized>(out: &mut W, text: &str) -> fmt::Result {
    out.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\u{8}' => out.write_str("\\b")?,
            '\u{c}' => out.write_str("\\f")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            c if c < ' ' => write!(out, "\\u{:04x}", u32::from(c))?,
            c => out.write_char(c)?,
        }
    }
    out.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::string::String;

    fn sample(layout: Layout) -> String {
        let mut text = String::new();
        let mut json = Writer::new(&mut text, layout);
        json.begin_object().unwrap();
        json.key("a").unwrap();
        json.begin_object().unwrap();
        json.end_object().unwrap();
        json.key("b").unwrap();
        json.begin_array().unwrap();
        json.number(-1).unwrap();
        json.string("x").unwrap();
        json.end_array().unwrap();
        json.key("c").unwrap();
        json.begin_array().unwrap();
        json.end_array().unwrap();
        json.end_object().unwrap();
        text
    }

    #[test]
    fn both_layouts() {
        assert_eq!(sample(Layout::Compact), r#"{"a":{},"b":[-1,"x"],"c":[]}"#);
        assert_eq!(
            sample(Layout::Device),
            "{\n\t\"a\":\t{\n\t},\n\t\"b\":\t[-1, \"x\"],\n\t\"c\":\t[]\n}"
        );
    }

    proptest! {
        #[test]
        fn strings_survive_serde_json(text: String) {
            let mut written = String::new();
            write_string(&mut written, &text).unwrap();
            prop_assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
        }
    }
}
