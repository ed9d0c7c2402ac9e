//! Characters into symbols: colours away, log lines as a whole, prompts recognised.

/// What a stream of console output is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Symbol {
    /// A character of a line, of whatever kind.
    Char(u8),
    /// The end of a line that is not a log line (`\n`; carriage returns do not count).
    LineEnd,
    /// The end of a log line. What stood in the same line before the log line began is not ended by it: the
    /// log cut in, and the line goes on after it.
    LogEnd,
    /// `>> ` at the beginning of a line.
    Prompt,
}

/// Longest escape sequence that is believed to be one.
const MAX_ESCAPE: u8 = 24;

/// A state machine from bytes to [`Symbol`]s. One byte gives at most three symbols, because the beginning of a
/// log line (`I (`) and of a prompt (`>> `) is held back until it is clear what it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lexer {
    state: State,
    /// Nothing but escape sequences and carriage returns since the last line end.
    line_start: bool,
    /// Inside an escape sequence: its length so far.
    escape: Option<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Text,
    /// One of `IWEDV`, perhaps the level of a log line; and whether the blank after it came.
    Level(u8, bool),
    Log,
    /// So many `>` at the beginning of a line.
    Prompt(u8),
}

impl Lexer {
    pub(super) const fn new() -> Self {
        Self {
            state: State::Text,
            line_start: true,
            escape: None,
        }
    }

    /// Takes one byte and tells `sink` what it completes.
    pub(super) fn push(&mut self, byte: u8, mut sink: impl FnMut(Symbol)) {
        if self.skips_escape(byte) || byte == b'\r' {
            return;
        }
        match (self.state, byte) {
            (State::Log, b'\n') => self.end_line(Symbol::LogEnd, &mut sink),
            (State::Log, _) => {}
            (State::Level(level, false), b' ') => self.state = State::Level(level, true),
            (State::Level(_, true), b'(') => self.state = State::Log,
            (State::Level(level, blank), _) => {
                sink(Symbol::Char(level));
                if blank {
                    sink(Symbol::Char(b' '));
                }
                self.text(byte, &mut sink);
            }
            (State::Prompt(1), b'>') => self.state = State::Prompt(2),
            (State::Prompt(2), b' ') => {
                // What follows, on the same line, is the echo or a log line.
                self.state = State::Text;
                sink(Symbol::Prompt);
            }
            (State::Prompt(held), _) => {
                for _ in 0..held {
                    sink(Symbol::Char(b'>'));
                }
                self.text(byte, &mut sink);
            }
            (State::Text, _) => self.text(byte, &mut sink),
        }
    }

    fn text(&mut self, byte: u8, sink: &mut impl FnMut(Symbol)) {
        self.state = State::Text;
        match byte {
            b'\n' => self.end_line(Symbol::LineEnd, sink),
            b'I' | b'W' | b'E' | b'D' | b'V' => self.state = State::Level(byte, false),
            b'>' if self.line_start => self.state = State::Prompt(1),
            _ => sink(Symbol::Char(byte)),
        }
        if byte != b'\n' {
            self.line_start = false;
        }
    }

    fn end_line(&mut self, symbol: Symbol, sink: &mut impl FnMut(Symbol)) {
        self.state = State::Text;
        self.line_start = true;
        sink(symbol);
    }

    /// Whether `byte` belongs to an escape sequence (`ESC [ … letter`). A line end ends a damaged one.
    fn skips_escape(&mut self, byte: u8) -> bool {
        let Some(len) = self.escape else {
            if byte == 0x1b {
                self.escape = Some(0);
            }
            return byte == 0x1b;
        };
        if byte == b'\n' {
            self.escape = None;
            return false;
        }
        let ended = match len {
            // `ESC x` is a sequence of two characters, except `ESC [`.
            0 => byte != b'[',
            _ => matches!(byte, 0x40..=0x7e) || len >= MAX_ESCAPE,
        };
        self.escape = (!ended).then_some(len.saturating_add(1));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;

    /// Symbols as text: line end `$`, log end `L`, prompt `P`.
    fn lex(input: &[u8]) -> String {
        let mut lexer = Lexer::new();
        let mut out = String::new();
        for &byte in input {
            lexer.push(byte, |symbol| {
                out.push(match symbol {
                    Symbol::Char(c) => char::from(c),
                    Symbol::LineEnd => '$',
                    Symbol::LogEnd => 'L',
                    Symbol::Prompt => 'P',
                });
            });
        }
        out
    }

    #[test]
    fn symbols() {
        for (input, expected) in [
            ("\r\n>> ", "$P"),
            (">> proto-ver", "Pproto-ver"),
            ("a >> b\n", "a >> b$"),
            ("\n>>> ", "$>>> "),
            ("\n>\n>>x", "$>$>>x"),
            ("\x1b[0;32mI (1234) wifi: up\x1b[0m\r\n>> ", "LP"),
            ("08\x1b[0;31mE (1) x: y\x1b[0m\n1a\r\r\n", "08L1a$"),
            ("\x1b[0m>> ", "P"),
            ("I am\nIn (x)\nI \n", "I am$In (x)$I $"),
            ("II (1) x\n", "IL"),
            ("W (12:34:56.789) t: >> 08\n08\n", "L08$"),
            (">> I (5) cut: in\n>> ", "PLP"),
            ("\x1b[999999999999999999999999999999m\nok", "999999m$ok"),
            ("\x1bcab\x1b\n>> ", "ab$P"),
        ] {
            assert_eq!(lex(input.as_bytes()), expected, "{input:?}");
        }
    }
}
