//! Characters into symbols: colours away, log lines as a whole, prompts and signs of a restart recognised.

use super::restart::Signs;

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
    /// The device said that it goes down, or that it boots.
    Restart,
}

/// Longest escape sequence that is believed to be one.
const MAX_ESCAPE: u8 = 24;

/// Longest that is held back, the beginning of an Arduino log line: `[`, a time in milliseconds of ten digits, `][D][`.
const MAX_HELD: usize = 16;

/// A state machine from bytes to [`Symbol`]s. One byte may give several symbols, because the beginning of a log line
/// and of a prompt (`>> `) is held back until it is clear what it is. Log lines are those of ESP-IDF (`I (4711) tag: …`,
/// the time in any form) and of Arduino (`[  4711][D][file.cpp:1] …`, `[D][file.cpp:1] …`).
#[derive(Debug, Clone, Copy)]
pub(super) struct Lexer {
    state: State,
    /// What is held back, and how much of it.
    held: [u8; MAX_HELD],
    len: u8,
    signs: Signs,
    /// Nothing but escape sequences and carriage returns since the last line end.
    line_start: bool,
    /// Inside an escape sequence: its length so far.
    escape: Option<u8>,
}

/// What has come, and from [`LevelBlank`](Self::LevelBlank) on what is expected next, something being held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Text,
    Log,
    /// The rest of `I (`, whatever the level.
    LevelBlank,
    LevelOpens,
    /// The rest of `[  4711][D][`, of which the first two parts are missing on older versions.
    TimeOrTag,
    Time,
    TagOpens,
    Tag,
    TagCloses,
    FileOpens,
    /// The rest of `>> ` at the beginning of a line.
    Prompt,
    PromptBlank,
}

impl Lexer {
    pub(super) const fn new() -> Self {
        Self {
            state: State::Text,
            held: [0; MAX_HELD],
            len: 0,
            signs: Signs::new(),
            line_start: true,
            escape: None,
        }
    }

    /// Takes one byte and tells `sink` what it completes. (`dyn`: three callers would be three copies of all of this.)
    pub(super) fn push(&mut self, byte: u8, sink: &mut dyn FnMut(Symbol)) {
        if self.skips_escape(byte) || byte == b'\r' {
            return;
        }
        if self.signs.push(byte, self.state == State::Log && byte != b'\n') {
            sink(Symbol::Restart);
        }
        self.lex(byte, sink);
    }

    fn lex(&mut self, byte: u8, sink: &mut dyn FnMut(Symbol)) {
        let next = match (self.state, byte) {
            (State::Text, _) => return self.text(byte, sink),
            (State::Log, b'\n') => return self.end_line(Symbol::LogEnd, sink),
            (State::Log, _) => return,
            (State::LevelBlank, b' ') => State::LevelOpens,
            (State::LevelOpens, b'(') | (State::FileOpens, b'[') => State::Log,
            (State::TimeOrTag | State::Time, b' ' | b'0'..=b'9') => State::Time,
            (State::Time, b']') => State::TagOpens,
            (State::TagOpens, b'[') => State::Tag,
            (State::TimeOrTag | State::Tag, b'V' | b'D' | b'I' | b'W' | b'E') => State::TagCloses,
            (State::TagCloses, b']') => State::FileOpens,
            (State::Prompt, b'>') => State::PromptBlank,
            (State::PromptBlank, b' ') => {
                // What follows, on the same line, is the echo or a log line.
                self.state = State::Text;
                return sink(Symbol::Prompt);
            }
            _ => return self.give_back(byte, sink),
        };
        if next != State::Log && self.hold(byte).is_none() {
            return self.give_back(byte, sink);
        }
        self.state = next;
    }

    /// Holds back one more; `None` if there is no room.
    fn hold(&mut self, byte: u8) -> Option<()> {
        *self.held.get_mut(usize::from(self.len))? = byte;
        self.len = self.len.saturating_add(1);
        Some(())
    }

    /// What was held back is nothing special. What came after its first character may begin something else.
    fn give_back(&mut self, byte: u8, sink: &mut dyn FnMut(Symbol)) {
        let Self { held, len, .. } = *self;
        self.state = State::Text;
        let mut held = held.iter().take(usize::from(len));
        if let Some(&first) = held.next() {
            sink(Symbol::Char(first));
        }
        held.for_each(|&c| self.lex(c, sink));
        self.lex(byte, sink);
    }

    fn text(&mut self, byte: u8, sink: &mut dyn FnMut(Symbol)) {
        self.state = match byte {
            b'\n' => return self.end_line(Symbol::LineEnd, sink),
            b'I' | b'W' | b'E' | b'D' | b'V' => State::LevelBlank,
            b'[' => State::TimeOrTag,
            b'>' if self.line_start => State::Prompt,
            _ => State::Text,
        };
        self.line_start = false;
        if self.state == State::Text {
            return sink(Symbol::Char(byte));
        }
        self.len = 0;
        // There is room for one.
        let _ = self.hold(byte);
    }

    fn end_line(&mut self, symbol: Symbol, sink: &mut dyn FnMut(Symbol)) {
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

    /// Symbols as text: line end `$`, log end `L`, prompt `P`, restart `R`.
    fn lex(input: &[u8]) -> String {
        let mut lexer = Lexer::new();
        let mut out = String::new();
        for &byte in input {
            lexer.push(byte, &mut |symbol| {
                out.push(match symbol {
                    Symbol::Char(c) => char::from(c),
                    Symbol::LineEnd => '$',
                    Symbol::LogEnd => 'L',
                    Symbol::Prompt => 'P',
                    Symbol::Restart => 'R',
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
            ("08[  4711][D][WiFi.cpp:9] _cb(): 0a1b\r\n0c\n", "08L0c$"),
            ("[4294967295][E][a:1] b(): c\n>> ", "LP"),
            ("\x1b[0;31m[E][a.cpp:1] b(): c\x1b[0m\r\n1a\n", "L1a$"),
            // What only begins like one is text, to the last character.
            ("[1] [D]\n[[  1][I]x[W]\n[12]", "[1] [D]$[[  1][I]x[W]$"),
            (
                "[  1][D]\n>> [00000000000000000000][I][x]\n",
                "[  1][D]$P[00000000000000000000]L",
            ),
            ("[I (5) cut: in\n[7][I (6) x\n8\n", "[L[7][L8$"),
            ("x\nrst:0x1 (POWERON)\n", "x$rst:0Rx1 (POWERON)$"),
            (
                "I (27) boot: ESP-IDF v5.5 2nd stage bootloader\nrst:0x",
                "RLrst:0Rx",
            ),
        ] {
            assert_eq!(lex(input.as_bytes()), expected, "{input:?}");
        }
    }
}
