//! The answer to a request, and how much of what was printed may be believed.

use super::lexer::Symbol;
use super::parser::Verdict;

/// Hex digits at the beginning of a foreign line that may be the beginning of an answer that the line cut in two. A
/// single one is not enough: what it leaves is no whole number of bytes, and shows by that.
const BEGINNING: usize = 2;
/// The same at its end, for the rest of an answer. Where no beginning is to be seen, words that end in hex digits
/// ("connected") are left alone.
const REST: usize = 2;
const REST_ALONE: usize = 3;
/// So many in a row are no word, wherever they stand.
const ANYWHERE: usize = 8;

/// Blank lines of an answer of no bytes: the one before it, itself, and the one before the prompt.
const EMPTY_ANSWER: usize = 3;

/// Reads what comes between the echo and the prompt, and keeps in mind what makes it doubtful.
///
/// The device prints the answer as a line of its own, but not at once: whatever else it prints may come before it,
/// behind it or inside. Log lines are known by their beginning and cost nothing. Of any other text neither beginning nor end
/// is known. So an answer is believed if it is the only line of hex digits, whole bytes of them, with a line end of its
/// own, and no other line looks as if a piece of the answer were in it; and a refusal, if nothing looks like an
/// answer or a piece of one. What is left is text that consists of nothing but an even number of hex digits; none is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    line: LineKind,
    /// Digits of the answer in this line.
    digits: usize,
    /// Hex digits at the beginning of this line, most in a row, and up to where it is read.
    beginning: usize,
    most: usize,
    run: usize,
    /// Length of the answer, once its line is complete.
    answer: Option<usize>,
    /// Something followed the answer's line: its end was not the one that every prompt begins with.
    closed: bool,
    /// Blank lines since the answer.
    blank_after: usize,
    /// Hex digits that may belong to an answer, beside the answer or without one.
    spoiled: bool,
    /// The same, unless an answer comes.
    rest: bool,
    /// Lines of other text, log lines not counted.
    foreign: bool,
    blank_lines: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineKind {
    /// The rest of the echo's own line.
    Echo,
    Empty,
    Hex,
    Other,
}

impl Reading {
    /// From the end of the echo on.
    pub(super) const fn new() -> Self {
        Self {
            line: LineKind::Echo,
            digits: 0,
            beginning: 0,
            most: 0,
            run: 0,
            answer: None,
            closed: false,
            blank_after: 0,
            spoiled: false,
            rest: false,
            foreign: false,
            blank_lines: 0,
        }
    }

    /// Nothing that follows will be believed, whatever it is.
    pub(super) const fn spoil(&mut self) {
        self.spoiled = true;
    }

    /// A refusal would not be believed.
    pub(super) const fn doubt_refusal(&mut self) {
        self.rest = true;
    }

    /// Length of the answer if it is complete and beyond doubt so far, though the prompt after it has not come yet.
    pub(super) const fn answer(&self) -> Option<usize> {
        if self.spoiled { None } else { self.answer }
    }

    /// What came of the request is known before the prompt: an answer, or that none will be believed.
    pub(super) const fn is_known(&self) -> bool {
        self.spoiled || self.answer.is_some()
    }

    /// Takes what comes next; digits of the answer go into `buf`.
    pub(super) fn take(&mut self, symbol: Symbol, buf: &mut [u8]) -> Option<Verdict> {
        match symbol {
            Symbol::Char(c) => {
                self.closed = true;
                self.character(c, buf);
                None
            }
            // A log line that cuts into another leaves it as it was.
            Symbol::LogEnd => {
                self.closed = true;
                None
            }
            Symbol::LineEnd => {
                self.end_line();
                None
            }
            Symbol::Prompt => Some(self.verdict()),
            Symbol::Restart => Some(Verdict::Restarted),
        }
    }

    fn character(&mut self, c: u8, buf: &mut [u8]) {
        if self.line == LineKind::Echo {
            return;
        }
        let nibble = match c {
            b'0'..=b'9' => c.wrapping_sub(b'0'),
            b'a'..=b'f' => c.wrapping_sub(b'a' - 10),
            _ => {
                self.line = LineKind::Other;
                self.run = 0;
                return;
            }
        };
        self.run = self.run.saturating_add(1);
        self.most = self.most.max(self.run);
        if self.line == LineKind::Other {
            return;
        }
        self.line = LineKind::Hex;
        self.beginning = self.run;
        // A second one must not overwrite the first.
        if self.answer.is_none()
            && let Some(place) = buf.get_mut(self.digits / 2)
        {
            *place = if self.digits.is_multiple_of(2) {
                nibble << 4
            } else {
                *place | nibble
            };
        }
        self.digits = self.digits.saturating_add(1);
    }

    fn end_line(&mut self) {
        let answered = self.answer.is_some();
        self.closed |= answered;
        match self.line {
            LineKind::Echo => {}
            LineKind::Empty if answered => self.blank_after = self.blank_after.saturating_add(1),
            LineKind::Empty => self.blank_lines = self.blank_lines.saturating_add(1),
            LineKind::Hex if !answered && self.digits.is_multiple_of(2) => {
                self.answer = Some(self.digits / 2);
                self.closed = false;
            }
            LineKind::Hex => self.spoiled = true,
            LineKind::Other => {
                self.foreign = true;
                let rest = self.run >= if answered { REST } else { REST_ALONE };
                self.spoiled |= self.beginning >= BEGINNING || self.most >= ANYWHERE || (answered && rest);
                self.rest |= rest;
            }
        }
        self.line = LineKind::Empty;
        self.digits = 0;
        self.beginning = 0;
        self.most = 0;
        self.run = 0;
    }

    /// What it all was, at the prompt. A prompt begins a line, so what stands before it in this one was cut in two by a
    /// log line, and its end has not come.
    fn verdict(&self) -> Verdict {
        let torn = matches!(self.line, LineKind::Hex | LineKind::Other);
        match self.answer {
            _ if self.spoiled || torn => Verdict::Spoiled,
            // One too many is the end of a line of hex digits that was printed right before the answer, or right behind it.
            Some(_) if self.blank_lines > 1 || self.blank_after > 1 => Verdict::Spoiled,
            Some(len) if self.closed => Verdict::Answer { len },
            // Cut off by a restart without a word, perhaps.
            Some(_) => Verdict::Spoiled,
            None if self.rest => Verdict::Spoiled,
            None => match self.blank_lines {
                0 | 1 => Verdict::Refused,
                EMPTY_ANSWER if !self.foreign => Verdict::Empty,
                _ => Verdict::Blank,
            },
        }
    }
}
