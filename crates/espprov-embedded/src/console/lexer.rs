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

/// Longest beginning of an Arduino log line: `[`, a time in milliseconds of ten digits, `][D][`.
const MAX_BRACKET: usize = 16;

/// A state machine from bytes to [`Symbol`]s. One byte may give several symbols, because the beginning of a log line
/// and of a prompt (`>> `) is held back until it is clear what it is. Log lines are those of ESP-IDF (`I (4711) tag: …`,
/// the time in any form) and of Arduino (`[  4711][D][file.cpp:1] …`, `[D][file.cpp:1] …`).
#[derive(Debug, Clone, Copy)]
pub(super) struct Lexer {
    state: State,
    /// `[` and what followed, perhaps the beginning of an Arduino log line.
    bracket: Bracket,
    signs: Signs,
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
    /// After a `[`: so far it goes on like an Arduino log line.
    Bracket,
    Log,
    /// So many `>` at the beginning of a line.
    Prompt(u8),
}

/// What is held back after a `[`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bracket {
    held: [u8; MAX_BRACKET],
    len: u8,
    /// What is expected next.
    next: Part,
}

/// The parts of `[  4711][D][`, of which the first two are missing on older versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    TimeOrLevel,
    Time,
    LevelOpens,
    Level,
    LevelCloses,
    FileOpens,
}

impl Bracket {
    const fn new() -> Self {
        let mut held = [0; MAX_BRACKET];
        held[0] = b'[';
        Self {
            held,
            len: 1,
            next: Part::TimeOrLevel,
        }
    }

    /// Goes on to the next part, if `byte` goes on like an Arduino log line; `None` if it does not, and when there is no
    /// more room.
    fn follow(&mut self, byte: u8) -> Option<()> {
        let place = self.held.get_mut(usize::from(self.len))?;
        self.next = match (self.next, byte) {
            (Part::TimeOrLevel | Part::Time, b' ' | b'0'..=b'9') => Part::Time,
            (Part::Time, b']') => Part::LevelOpens,
            (Part::LevelOpens, b'[') => Part::Level,
            (Part::TimeOrLevel | Part::Level, b'V' | b'D' | b'I' | b'W' | b'E') => Part::LevelCloses,
            (Part::LevelCloses, b']') => Part::FileOpens,
            _ => return None,
        };
        *place = byte;
        self.len = self.len.saturating_add(1);
        Some(())
    }
}

impl Lexer {
    pub(super) const fn new() -> Self {
        Self {
            state: State::Text,
            bracket: Bracket::new(),
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
        match (self.state, byte) {
            (State::Log, b'\n') => self.end_line(Symbol::LogEnd, sink),
            (State::Log, _) => {}
            (State::Level(level, false), b' ') => self.state = State::Level(level, true),
            (State::Level(_, true), b'(') => self.state = State::Log,
            (State::Level(level, blank), _) => {
                sink(Symbol::Char(level));
                if blank {
                    sink(Symbol::Char(b' '));
                }
                self.text(byte, sink);
            }
            (State::Bracket, b'[') if self.bracket.next == Part::FileOpens => self.state = State::Log,
            (State::Bracket, _) => {
                if self.bracket.follow(byte).is_none() {
                    // None. What was held back after the bracket may begin something else.
                    let Bracket { held, len, .. } = self.bracket;
                    self.state = State::Text;
                    sink(Symbol::Char(b'['));
                    let held = held.iter().take(usize::from(len)).skip(1);
                    held.for_each(|&c| self.lex(c, sink));
                    self.lex(byte, sink);
                }
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
                self.text(byte, sink);
            }
            (State::Text, _) => self.text(byte, sink),
        }
    }

    fn text(&mut self, byte: u8, sink: &mut dyn FnMut(Symbol)) {
        self.state = State::Text;
        match byte {
            b'\n' => self.end_line(Symbol::LineEnd, sink),
            b'I' | b'W' | b'E' | b'D' | b'V' => self.state = State::Level(byte, false),
            b'[' => {
                self.bracket = Bracket::new();
                self.state = State::Bracket;
            }
            b'>' if self.line_start => self.state = State::Prompt(1),
            _ => sink(Symbol::Char(byte)),
        }
        if byte != b'\n' {
            self.line_start = false;
        }
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
