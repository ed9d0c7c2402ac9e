//! The echo of a request line, found among whatever else is printed.

use super::Line;
use super::lexer::Symbol;

/// Follows the echo of one line in two ways at once: as a whole, log lines taken away, which is proof that the device
/// read exactly that; and character by character with anything in between, which tells a line that something was
/// printed into from one that did not arrive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Watch {
    /// Characters seen in a row.
    whole: usize,
    /// Characters seen in order.
    scattered: usize,
    /// Nothing but a prompt and log lines since the last line end.
    blank: bool,
    /// An empty line, and no prompt after it: a carriage return was read, and not answered.
    unanswered: bool,
}

/// How the echo ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It is there as a whole.
    Whole {
        /// A carriage return was echoed before it, and no prompt came in between: the device may have read both as
        /// one line, which is no request then.
        joined: bool,
    },
    /// It is there, but with foreign text in it.
    Mixed,
    /// A prompt came first; so many characters of the echo had come.
    Prompt(usize),
    /// The device restarted.
    Restart,
}

impl Watch {
    pub(super) const fn new() -> Self {
        Self {
            whole: 0,
            scattered: 0,
            blank: true,
            unanswered: false,
        }
    }

    /// Takes what comes next.
    pub(super) fn take(&mut self, symbol: Symbol, line: &Line<'_>) -> Option<End> {
        match symbol {
            Symbol::Char(c) => {
                self.blank = false;
                let next = |seen: usize| line.char_at(seen) == Some(c);
                self.whole = match next(self.whole) {
                    true => self.whole.saturating_add(1),
                    // What came was foreign, and may be where the echo begins.
                    false => usize::from(next(0)),
                };
                if next(self.scattered) {
                    self.scattered = self.scattered.saturating_add(1);
                }
                let whole = line.char_at(self.whole).is_none();
                whole.then_some(End::Whole {
                    joined: self.unanswered,
                })
            }
            Symbol::LineEnd if line.char_at(self.scattered).is_none() => Some(End::Mixed),
            Symbol::LineEnd => {
                self.unanswered |= self.blank;
                self.whole = 0;
                self.blank = true;
                None
            }
            Symbol::LogEnd => None,
            Symbol::Prompt => {
                let echoed = self.scattered;
                *self = Self::new();
                Some(End::Prompt(echoed))
            }
            Symbol::Restart => Some(End::Restart),
        }
    }
}
