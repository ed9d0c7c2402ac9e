//! Pulling events out of a document.

use super::text::{Number, Text};
use core::fmt;

/// How deep arrays and objects may be nested. Documents of the protocol need three levels.
pub const MAX_DEPTH: usize = 32;

/// What comes next in the document.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// `{`
    ObjectStart,
    /// `}`
    ObjectEnd,
    /// `[`
    ArrayStart,
    /// `]`
    ArrayEnd,
    /// The name of a member; its value is next.
    Key(Text<'a>),
    /// A string value.
    String(Text<'a>),
    /// A number.
    Number(Number<'a>),
    /// `true` or `false`.
    Bool(bool),
    /// `null`
    Null,
    /// The document is complete and nothing follows it.
    End,
}

/// What the grammar wants at the current position.
#[derive(Debug, Clone, Copy)]
enum Expect {
    Value,
    ValueOrArrayEnd,
    KeyOrObjectEnd,
    AfterValue,
    Failed(JsonError),
}

/// Reads one document, an event at a time. Holds no copy of anything, never recurses, and stays failed once it
/// has failed.
///
/// ```
/// use espprov_types::json::{Event, Reader};
///
/// let mut reader = Reader::new(br#"{"ver": "v1", "cap": [1, {}]}"#);
/// assert!(matches!(reader.next_event(), Ok(Event::ObjectStart)));
/// while let Event::Key(key) = reader.next_event()? {
///     if key.is("ver") {
///         assert!(matches!(reader.next_event()?, Event::String(text) if text.is("v1")));
///     } else {
///         reader.skip_value()?;
///     }
/// }
/// assert!(matches!(reader.next_event(), Ok(Event::End)));
/// # Ok::<(), espprov_types::json::JsonError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    input: &'a [u8],
    pos: usize,
    expect: Expect,
    depth: usize,
    // One bit per level, the innermost lowest: 1 is an object.
    objects: u32,
}

impl<'a> Reader<'a> {
    /// Starts at the beginning of `input`.
    #[must_use]
    pub const fn new(input: &'a [u8]) -> Self {
        Self {
            input,
            pos: 0,
            expect: Expect::Value,
            depth: 0,
            objects: 0,
        }
    }

    /// The next event. After [`Event::End`] it is `End` for ever.
    ///
    /// # Errors
    /// [`JsonError`], for ever after the first one.
    pub fn next_event(&mut self) -> Result<Event<'a>, JsonError> {
        self.step()
            .inspect_err(|&error| self.expect = Expect::Failed(error))
    }

    /// Reads past the next value, whatever it is. Ask for it where a value is due: after a key, or at the
    /// start. At the end of an array or object it reads past that end.
    ///
    /// # Errors
    /// [`JsonError`]: what is skipped has to be valid too.
    pub fn skip_value(&mut self) -> Result<(), JsonError> {
        let first = self.next_event()?;
        self.finish_value(first)
    }

    /// Reads past the rest of a value whose first event was `first`; nothing for values of one event.
    ///
    /// # Errors
    /// [`JsonError`]: what is skipped has to be valid too.
    pub fn finish_value(&mut self, first: Event<'_>) -> Result<(), JsonError> {
        let mut open = 0_usize;
        let mut event = first;
        loop {
            match event {
                Event::ObjectStart | Event::ArrayStart => open = open.saturating_add(1),
                Event::ObjectEnd | Event::ArrayEnd => open = open.saturating_sub(1),
                _ => {}
            }
            if open == 0 {
                return Ok(());
            }
            event = self.next_event()?;
        }
    }

    /// How many bytes of the input have been read.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.pos
    }

    /// The document's value has been read to its end; only white space may follow. Callers who expect something
    /// behind it stop here instead of asking for [`Event::End`].
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.depth == 0 && matches!(self.expect, Expect::AfterValue)
    }

    fn step(&mut self) -> Result<Event<'a>, JsonError> {
        if let Expect::Failed(error) = self.expect {
            return Err(error);
        }
        self.skip_white_space();
        match (self.expect, self.peek()) {
            (Expect::Failed(error), _) => Err(error),
            (Expect::AfterValue, None) if self.depth == 0 => Ok(Event::End),
            (Expect::AfterValue, Some(_)) if self.depth == 0 => Err(JsonError::TrailingData),
            (_, None) => Err(JsonError::UnexpectedEnd),
            (Expect::AfterValue, Some(b',')) => {
                self.advance(1);
                self.skip_white_space();
                if self.in_object() {
                    self.key()
                } else {
                    self.value()
                }
            }
            (Expect::AfterValue | Expect::KeyOrObjectEnd, Some(b'}')) if self.in_object() => {
                self.leave();
                Ok(Event::ObjectEnd)
            }
            (Expect::AfterValue | Expect::ValueOrArrayEnd, Some(b']')) if !self.in_object() => {
                self.leave();
                Ok(Event::ArrayEnd)
            }
            (Expect::KeyOrObjectEnd, Some(_)) => self.key(),
            (Expect::Value | Expect::ValueOrArrayEnd, Some(_)) => self.value(),
            (Expect::AfterValue, Some(_)) => Err(JsonError::Syntax),
        }
    }

    fn value(&mut self) -> Result<Event<'a>, JsonError> {
        let event = match self.peek().ok_or(JsonError::UnexpectedEnd)? {
            b'{' => {
                self.enter(true)?;
                self.expect = Expect::KeyOrObjectEnd;
                return Ok(Event::ObjectStart);
            }
            b'[' => {
                self.enter(false)?;
                self.expect = Expect::ValueOrArrayEnd;
                return Ok(Event::ArrayStart);
            }
            b'"' => Event::String(self.string()?),
            b'-' | b'0'..=b'9' => Event::Number(self.number()?),
            byte => self.literal(byte)?,
        };
        self.expect = Expect::AfterValue;
        Ok(event)
    }

    fn key(&mut self) -> Result<Event<'a>, JsonError> {
        let key = self.string()?;
        self.skip_white_space();
        self.demand(b':')?;
        self.expect = Expect::Value;
        Ok(Event::Key(key))
    }

    /// From the opening quote to the closing one.
    fn string(&mut self) -> Result<Text<'a>, JsonError> {
        self.demand(b'"')?;
        let start = self.pos;
        loop {
            let byte = self.peek().ok_or(JsonError::UnexpectedEnd)?;
            let end = self.pos;
            self.advance(1);
            match byte {
                b'"' => {
                    let raw = self.input.get(start..end).unwrap_or_default();
                    return core::str::from_utf8(raw)
                        .map(Text)
                        .map_err(|_| JsonError::InvalidUtf8);
                }
                b'\\' => self.escape()?,
                0..0x20 => return Err(JsonError::ControlCharacter),
                _ => {}
            }
        }
    }

    /// This and nothing else.
    fn demand(&mut self, byte: u8) -> Result<(), JsonError> {
        match self.peek() {
            Some(found) if found == byte => {
                self.advance(1);
                Ok(())
            }
            Some(_) => Err(JsonError::Syntax),
            None => Err(JsonError::UnexpectedEnd),
        }
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Result<(), JsonError> {
        let byte = self.peek().ok_or(JsonError::UnexpectedEnd)?;
        self.advance(1);
        match byte {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(()),
            b'u' => match self.unit()? {
                0xd800..0xdc00 => {
                    for expected in *b"\\u" {
                        match self.peek() {
                            Some(byte) if byte == expected => self.advance(1),
                            Some(_) => return Err(JsonError::LoneSurrogate),
                            None => return Err(JsonError::UnexpectedEnd),
                        }
                    }
                    match self.unit()? {
                        0xdc00..0xe000 => Ok(()),
                        _ => Err(JsonError::LoneSurrogate),
                    }
                }
                0xdc00..0xe000 => Err(JsonError::LoneSurrogate),
                _ => Ok(()),
            },
            _ => Err(JsonError::InvalidEscape),
        }
    }

    /// Four hex digits.
    fn unit(&mut self) -> Result<u16, JsonError> {
        let mut unit = 0_u16;
        for _ in 0..4 {
            let byte = self.peek().ok_or(JsonError::UnexpectedEnd)?;
            let digit = char::from(byte).to_digit(16).ok_or(JsonError::InvalidEscape)?;
            unit = unit << 4 | u16::try_from(digit).unwrap_or_default();
            self.advance(1);
        }
        Ok(unit)
    }

    fn number(&mut self) -> Result<Number<'a>, JsonError> {
        let start = self.pos;
        self.accept(b"-");
        if !self.accept(b"0") {
            self.digits()?;
        }
        if self.accept(b".") {
            self.digits()?;
        }
        if self.accept(b"eE") {
            self.accept(b"+-");
            self.digits()?;
        }
        let raw = self.input.get(start..self.pos).unwrap_or_default();
        core::str::from_utf8(raw)
            .map(Number)
            .map_err(|_| JsonError::Syntax)
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        match self.peek() {
            Some(b'0'..=b'9') => {}
            Some(_) => return Err(JsonError::Syntax),
            None => return Err(JsonError::UnexpectedEnd),
        }
        while self.accept(b"0123456789") {}
        Ok(())
    }

    /// The word that begins with this, if one does.
    fn literal(&mut self, first: u8) -> Result<Event<'a>, JsonError> {
        let (word, event): (&[u8], _) = match first {
            b't' => (b"true", Event::Bool(true)),
            b'f' => (b"false", Event::Bool(false)),
            b'n' => (b"null", Event::Null),
            _ => return Err(JsonError::Syntax),
        };
        let rest = self.input.get(self.pos..).unwrap_or_default();
        if rest.starts_with(word) {
            self.advance(word.len());
            Ok(event)
        } else if word.starts_with(rest) {
            Err(JsonError::UnexpectedEnd)
        } else {
            Err(JsonError::Syntax)
        }
    }

    fn peek(&self) -> Option<u8> {
        self.input.get(self.pos).copied()
    }

    #[expect(clippy::manual_contains, reason = "that links a fast search for a few bytes")]
    fn accept(&mut self, any_of: &[u8]) -> bool {
        let found = self
            .peek()
            .is_some_and(|byte| any_of.iter().any(|&any| any == byte));
        if found {
            self.advance(1);
        }
        found
    }

    const fn advance(&mut self, by: usize) {
        self.pos = self.pos.saturating_add(by);
    }

    fn skip_white_space(&mut self) {
        while self.accept(b" \t\n\r") {}
    }

    const fn in_object(&self) -> bool {
        self.depth > 0 && self.objects & 1 == 1
    }

    fn enter(&mut self, object: bool) -> Result<(), JsonError> {
        if self.depth >= MAX_DEPTH {
            return Err(JsonError::TooDeep);
        }
        self.advance(1);
        self.depth = self.depth.saturating_add(1);
        self.objects = self.objects << 1 | u32::from(object);
        Ok(())
    }

    const fn leave(&mut self) {
        self.advance(1);
        self.depth = self.depth.saturating_sub(1);
        self.objects >>= 1;
        self.expect = Expect::AfterValue;
    }
}

/// Why bytes are not a document, or not one within the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonError {
    /// Something stands where the grammar does not allow it.
    Syntax,
    /// The input ends inside the document.
    UnexpectedEnd,
    /// Something follows the document.
    TrailingData,
    /// Nested more than [`MAX_DEPTH`] levels.
    TooDeep,
    /// A backslash that starts no escape.
    InvalidEscape,
    /// Half of a surrogate pair.
    LoneSurrogate,
    /// A control character inside a string has to be escaped.
    ControlCharacter,
    /// A string that is not UTF-8.
    InvalidUtf8,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "not JSON",
            Self::UnexpectedEnd => "JSON ends too early",
            Self::TrailingData => "data after the JSON document",
            Self::TooDeep => "JSON nested too deeply",
            Self::InvalidEscape => "invalid escape in a JSON string",
            Self::LoneSurrogate => "half a surrogate pair in a JSON string",
            Self::ControlCharacter => "control character in a JSON string",
            Self::InvalidUtf8 => "JSON string is not UTF-8",
        })
    }
}

impl core::error::Error for JsonError {}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
