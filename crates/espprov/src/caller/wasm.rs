//! The words where a page downloads all of them: nobody types a command line there, or writes Python or C.

use super::{Caller, WORDS, javascript};

/// A word, and how to say it to a program in Rust, to one in JavaScript, and to a page. Made by the compiler, so that the texts for others
/// are not in the program.
static SAID: [(&str, [&str; 3]); WORDS.len()] = {
    let mut said = [("", [""; 3]); WORDS.len()];
    let mut at = 0;
    while at < said.len() {
        let (word, [_, program, page]) = WORDS[at];
        said[at] = (word, [program, in_javascript(word, program), page]);
        at += 1;
    }
    said
};

const fn in_javascript(word: &str, program: &'static str) -> &'static str {
    let mut at = 0;
    while at < javascript::WORDS.len() {
        let (name, text) = javascript::WORDS[at];
        if equal(name.as_bytes(), word.as_bytes()) {
            return text;
        }
        at += 1;
    }
    program
}

/// `==` is for the time when the program runs.
const fn equal(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

impl Caller {
    pub(super) fn word(self, word: &str) -> &'static str {
        let found = SAID.iter().find(|(name, _)| *name == word);
        let [program, javascript, page] = found.map_or([""; 3], |(_, words)| *words);
        match self {
            Self::Command | Self::Program | Self::Python | Self::C => program,
            Self::JavaScript => javascript,
            Self::Page => page,
        }
    }
}
