//! Values for JavaScript, as the text of a JSON document: cheaper to read there than to build from here, property by property.

use alloc::string::String;
use core::fmt::{Display, Write as _};
use espprov_types::hex::Hex;
use espprov_types::json::write_string;

/// Writes into a string, which takes anything.
pub(crate) struct Json(String);

impl Json {
    pub(crate) const fn new() -> Self {
        Self(String::new())
    }

    pub(crate) fn finish(self) -> String {
        self.0
    }

    fn separate(&mut self) {
        if !self.0.is_empty() && !self.0.ends_with(['{', '[', ':']) {
            self.0.push(',');
        }
    }

    /// `{`, what `members` writes, `}`.
    pub(crate) fn object(&mut self, members: impl FnOnce(&mut Self)) -> &mut Self {
        self.separate();
        self.0.push('{');
        members(self);
        self.0.push('}');
        self
    }

    /// `[`, what `elements` writes, `]`.
    pub(crate) fn array(&mut self, elements: impl FnOnce(&mut Self)) -> &mut Self {
        self.separate();
        self.0.push('[');
        elements(self);
        self.0.push(']');
        self
    }

    pub(crate) fn key(&mut self, key: &str) -> &mut Self {
        self.separate();
        self.quote(key);
        self.0.push(':');
        self
    }

    pub(crate) fn string(&mut self, text: &str) -> &mut Self {
        self.separate();
        self.quote(text);
        self
    }

    fn quote(&mut self, text: &str) {
        // A string refuses nothing.
        let _ = write_string(&mut self.0, text);
    }

    /// A member that is text.
    pub(crate) fn text(&mut self, key: &str, text: &str) -> &mut Self {
        self.key(key).string(text)
    }

    /// A member that is a number or a truth value: what is written needs no quotation marks.
    pub(crate) fn plain(&mut self, key: &str, value: impl Display) -> &mut Self {
        self.key(key);
        let _ = write!(self.0, "{value}");
        self
    }

    /// The same, or nothing.
    pub(crate) fn maybe(&mut self, key: &str, value: Option<impl Display>) -> &mut Self {
        if let Some(value) = value {
            self.plain(key, value);
        }
        self
    }

    /// A member that is bytes, in hex.
    pub(crate) fn bytes(&mut self, key: &str, bytes: &[u8]) -> &mut Self {
        self.key(key);
        let _ = write!(self.0, "\"{}\"", Hex(bytes));
        self
    }
}
