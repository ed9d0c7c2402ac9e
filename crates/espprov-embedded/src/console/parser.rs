//! Finds echo, answer and prompt in what a device prints. Sans-IO: bytes in, verdicts out.

use super::Line;
use super::answer::Reading;
use super::echo::{End, Watch};
use super::lexer::{Lexer, Symbol};

/// Reads one exchange: first the echo of the request, then the answer.
///
/// Call order: [`watch_echo`](Self::watch_echo) until the line was echoed, then [`collect`](Self::collect) until a
/// verdict; [`find_prompt`](Self::find_prompt) to synchronise before. Constant memory, constant time per byte,
/// whatever the bytes.
///
/// **What is an answer?** A line of an even number of lower-case hex digits after the echo. A log line of ESP-IDF
/// (`I (1234) tag: …`) or Arduino (`[  1234][D][…`), with or without colours, may cut it in pieces, which are put together
/// again. Where any other text may hold a piece of an answer, there is no answer: the exchange is
/// [spoiled](Verdict::Spoiled). The same goes for a refusal, which is a prompt with nothing before it: hex digits before it
/// may be what is left of an answer.
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
///
/// // The same with a line that nothing marks as a log line: `08` may be part of it, or of an answer.
/// parser.restart();
/// assert_eq!(parser.watch_echo(echo, &line), (18, Echo::Complete));
/// let rest = b"\r\n\r\n08free heap 123456\r\n01\r\n\n>> ";
/// assert_eq!(parser.collect(rest, &mut buf).1, Some(Verdict::Spoiled));
/// ```
#[derive(Debug, Clone)]
pub struct Parser {
    lexer: Lexer,
    echo: Watch,
    reading: Reading,
}

/// What there is to say about a device that should print a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// No prompt.
    Nothing,
    /// A prompt.
    Prompt,
    /// It restarts, and no prompt came since.
    Restart,
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
    /// The device restarted meanwhile.
    Restarted,
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
    Refused,
    /// An answer of no bytes, by the number of blank lines.
    Empty,
    /// A refusal or an answer of no bytes, and something else that is printed: the number of blank lines is neither's.
    Blank,
    /// Hex digits that may be an answer or pieces of one, but none that is beyond doubt.
    Spoiled,
    /// The device restarted before it was done. Its prompt has not come yet.
    Restarted,
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
            echo: Watch::new(),
            reading: Reading::new(),
        }
    }

    /// Forgets the exchange, but not whether a line, a log line or an escape sequence has begun.
    pub const fn restart(&mut self) {
        self.echo = Watch::new();
        self.reading = Reading::new();
    }

    /// What is the last of these bytes that matters. All of them are consumed.
    pub fn find_prompt(&mut self, bytes: &[u8]) -> Found {
        let mut found = Found::Nothing;
        for &byte in bytes {
            self.lexer.push(byte, &mut |symbol| match symbol {
                Symbol::Prompt => found = Found::Prompt,
                Symbol::Restart => found = Found::Restart,
                _ => {}
            });
        }
        found
    }

    /// Takes bytes until the echo of `line` is complete, and says how many. Log lines in between do not matter; with other
    /// text in between, what follows will not be believed.
    pub fn watch_echo(&mut self, bytes: &[u8], line: &Line<'_>) -> (usize, Echo) {
        for (index, &byte) in bytes.iter().enumerate() {
            let mut end = None;
            let echo = &mut self.echo;
            self.lexer
                .push(byte, &mut |symbol| end = end.or(echo.take(symbol, line)));
            let Some(end) = end else { continue };
            let taken = index.saturating_add(1);
            let echo = match end {
                End::Whole { joined } => {
                    if joined {
                        self.reading.doubt_refusal();
                    }
                    Echo::Complete
                }
                End::Mixed => {
                    self.reading.spoil();
                    Echo::Complete
                }
                End::Prompt(echoed) => Echo::Prompt { echoed },
                End::Restart => Echo::Restarted,
            };
            return (taken, echo);
        }
        (bytes.len(), Echo::Partial)
    }

    /// Takes bytes until the prompt that ends the exchange, and says how many; the answer goes into `buf`.
    pub fn collect(&mut self, bytes: &[u8], buf: &mut [u8]) -> (usize, Option<Verdict>) {
        for (index, &byte) in bytes.iter().enumerate() {
            let mut verdict = None;
            let reading = &mut self.reading;
            self.lexer.push(byte, &mut |symbol| {
                verdict = verdict.or(reading.take(symbol, buf))
            });
            if verdict.is_some() {
                return (index.saturating_add(1), verdict);
            }
        }
        (bytes.len(), None)
    }

    /// Whether nothing but the prompt is waited for: there is an answer, or none would be believed.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.reading.is_known()
    }

    /// Length of the answer if it is complete, though the prompt after it has not come yet.
    #[must_use]
    pub const fn answer(&self) -> Option<usize> {
        self.reading.answer()
    }
}

#[cfg(test)]
mod tests;
