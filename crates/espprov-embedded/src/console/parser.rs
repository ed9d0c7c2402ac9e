//! Finds echo, answer and prompt in what a device prints. Sans-IO: bytes in, verdicts out.

use super::Line;
use super::lexer::{Lexer, Symbol};

/// Reads one exchange: first the echo of the request, then the answer.
///
/// Call order: [`watch_echo`](Self::watch_echo) until the line was echoed, then [`collect`](Self::collect) until a
/// verdict; [`find_prompt`](Self::find_prompt) to synchronise before. Constant memory, constant time per byte,
/// whatever the bytes.
///
/// **What is an answer?** A line of an even number of lower-case hex digits after the echo. A log line
/// (`I (1234) tag: …`, with or without colours) may cut it in pieces, which are put together again; any other
/// character spoils the line. The first answer counts. Noise that looks exactly like an answer is taken for one;
/// the session cipher finds out.
///
/// ```
/// use espprov_embedded::console::{Echo, Line, Parser, Verdict};
/// use espprov_transport::Endpoint;
///
/// let line = Line::new(Endpoint::PROV_CONFIG, 0, &[0x52, 0x00]);
/// let mut parser = Parser::new();
/// let echo = b"prov-config 0 5200\r\n";
/// assert_eq!(parser.watch_echo(echo, &line), (18, Echo::Complete));
///
/// let rest = b"\r\n\r\n08\x1b[0;32mI (4711) wifi: new:<11,0>\x1b[0m\r\n01\r\n\n>> ";
/// let mut buf = [0; 8];
/// let (_, verdict) = parser.collect(rest, &mut buf);
/// assert_eq!(verdict, Some(Verdict::Answer { len: 2 }));
/// assert_eq!(buf[..2], [0x08, 0x01]);
/// ```
#[derive(Debug, Clone)]
pub struct Parser {
    lexer: Lexer,
    /// Characters of the echo seen.
    echoed: usize,
    /// Digits of the answer seen, in pieces if log lines cut in.
    digits: usize,
    /// What the current line has turned out to be.
    line: LineKind,
    /// Empty lines since the echo.
    blank_lines: usize,
    /// Length of the answer, once it is complete.
    answer: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineKind {
    Empty,
    Hex,
    Other,
}

/// How much of the echo has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Echo {
    /// More of it must come.
    Partial,
    /// All of it: the device has read the whole line.
    Complete,
    /// A prompt before the end of it: what the device read is not what was sent, or the prompt is older than
    /// the request. The echo is looked for from its beginning again.
    Prompt {
        /// Characters of the echo that had come.
        echoed: usize,
    },
}

/// What an exchange came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// An answer of so many bytes, and the next prompt.
    Answer {
        /// Its length. If it exceeds the buffer, only the length is worth anything.
        len: usize,
    },
    /// The next prompt without an answer: the device refused.
    Refused {
        /// Empty lines before the prompt. Two or more make the shape of an answer of no bytes.
        blank_lines: usize,
    },
}

impl Default for Parser {
    fn default() -> Self {
        Self::new()
    }
}

impl Parser {
    /// A parser at the beginning of a line, in front of an exchange.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            lexer: Lexer::new(),
            echoed: 0,
            digits: 0,
            line: LineKind::Other,
            blank_lines: 0,
            answer: None,
        }
    }

    /// Forgets the exchange, but not whether a line, a log line or an escape sequence has begun.
    pub const fn restart(&mut self) {
        let lexer = self.lexer;
        *self = Self::new();
        self.lexer = lexer;
    }

    /// Whether a prompt is among these bytes. All of them are consumed.
    pub fn find_prompt(&mut self, bytes: &[u8]) -> bool {
        let mut found = false;
        for &byte in bytes {
            self.lexer.push(byte, |symbol| found |= symbol == Symbol::Prompt);
        }
        found
    }

    /// Takes bytes until the echo of `line` is complete, and says how many. Log lines and other noise in between
    /// do not matter.
    pub fn watch_echo(&mut self, bytes: &[u8], line: &Line<'_>) -> (usize, Echo) {
        let mut next = line.char_at(self.echoed);
        for (index, &byte) in bytes.iter().enumerate() {
            let mut prompt = false;
            let echoed = &mut self.echoed;
            self.lexer.push(byte, |symbol| match symbol {
                Symbol::Char(c) if Some(c) == next => {
                    *echoed = echoed.saturating_add(1);
                    next = line.char_at(*echoed);
                }
                Symbol::Prompt => prompt = true,
                _ => {}
            });
            let taken = index.saturating_add(1);
            if next.is_none() {
                return (taken, Echo::Complete);
            }
            if prompt {
                let echoed = core::mem::take(&mut self.echoed);
                return (taken, Echo::Prompt { echoed });
            }
        }
        (bytes.len(), Echo::Partial)
    }

    /// Takes bytes until the prompt that ends the exchange, and says how many; the answer goes into `buf`.
    pub fn collect(&mut self, bytes: &[u8], buf: &mut [u8]) -> (usize, Option<Verdict>) {
        for (index, &byte) in bytes.iter().enumerate() {
            let mut lexer = self.lexer;
            let mut verdict = None;
            lexer.push(byte, |symbol| verdict = verdict.or(self.take(symbol, buf)));
            self.lexer = lexer;
            if verdict.is_some() {
                return (index.saturating_add(1), verdict);
            }
        }
        (bytes.len(), None)
    }

    /// Length of the answer if it is complete, though the prompt after it has not come yet.
    #[must_use]
    pub const fn answer(&self) -> Option<usize> {
        self.answer
    }

    fn take(&mut self, symbol: Symbol, buf: &mut [u8]) -> Option<Verdict> {
        match symbol {
            Symbol::Prompt => {
                let blank_lines = self.blank_lines;
                return Some(match self.answer {
                    Some(len) => Verdict::Answer { len },
                    None => Verdict::Refused { blank_lines },
                });
            }
            _ if self.answer.is_some() => {}
            Symbol::Char(c) => self.character(c, buf),
            Symbol::LineEnd => {
                match self.line {
                    LineKind::Other => {}
                    _ if self.digits > 0 && self.digits.is_multiple_of(2) => {
                        self.answer = Some(self.digits / 2);
                    }
                    LineKind::Empty if self.digits == 0 => {
                        self.blank_lines = self.blank_lines.saturating_add(1);
                    }
                    LineKind::Empty | LineKind::Hex => {}
                }
                self.digits = 0;
                self.line = LineKind::Empty;
            }
            Symbol::LogEnd => {
                if self.line == LineKind::Other {
                    self.digits = 0;
                }
                self.line = LineKind::Empty;
            }
        }
        None
    }

    fn character(&mut self, c: u8, buf: &mut [u8]) {
        let nibble = match c {
            b'0'..=b'9' => c.wrapping_sub(b'0'),
            b'a'..=b'f' => c.wrapping_sub(b'a' - 10),
            _ => {
                self.line = LineKind::Other;
                return;
            }
        };
        if self.line == LineKind::Other {
            return;
        }
        self.line = LineKind::Hex;
        if let Some(place) = buf.get_mut(self.digits / 2) {
            *place = if self.digits.is_multiple_of(2) {
                nibble << 4
            } else {
                *place | nibble
            };
        }
        self.digits = self.digits.saturating_add(1);
    }
}

#[cfg(test)]
mod tests;
