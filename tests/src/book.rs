//! Commands in documentation: finding them, and comparing what they print with what the text shows.
//!
//! A fenced `console` block holds commands after `$ ` (continued after `> `) and, below each, what it prints. A line `...` stands for
//! any number of lines, `...` within a line for any characters. A command without output below it is run for its
//! exit code only, which has to be 0 unless the next command is `echo $?`. A trailing ` &` keeps the command
//! running until the end of the page.

use std::path::Path;

/// One command with what the text says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Line in the file, from 1.
    pub line: usize,
    /// What to run, without the prompt and without the `&`.
    pub text: String,
    /// Ended with `&`.
    pub background: bool,
    /// The lines shown below it; none means that output is not compared.
    pub output: Vec<String>,
    /// The exit code it has to end with.
    pub exit: i32,
}

/// Finds the commands of one Markdown page.
///
/// # Panics
/// When a block is not closed, or holds output before the first command: the page is wrong.
#[must_use]
pub fn commands(page: &Path, text: &str) -> Vec<Command> {
    let mut found: Vec<Command> = Vec::new();
    // The fence that closes the block, and whether commands are inside.
    let mut open: Option<(String, bool)> = None;
    let mut first_of_block = 0;
    let mut lines = text.lines().zip(1..).peekable();
    while let Some((line, number)) = lines.next() {
        let place = format!("{}:{number}", page.display());
        let Some((fence, console)) = &open else {
            if let Some((fence, info)) = opening_fence(line) {
                first_of_block = found.len();
                open = Some((fence, info == "console"));
            }
            continue;
        };
        if line.trim() == fence {
            open = None;
        } else if !*console {
            continue;
        } else if let Some(command) = line.strip_prefix("$ ") {
            let mut text = command.to_owned();
            while let Some(more) = lines.peek().and_then(|(line, _)| continuation(line)) {
                text.push('\n');
                text.push_str(more);
                lines.next();
            }
            let background = text.ends_with(" &");
            if background {
                text.truncate(text.len() - 2);
            }
            found.push(Command {
                line: number,
                text,
                background,
                output: Vec::new(),
                exit: 0,
            });
        } else {
            assert!(
                found.len() > first_of_block,
                "{place}: output before the first command"
            );
            if let Some(last) = found.last_mut() {
                last.output.push(line.trim_end().to_owned());
            }
        }
    }
    assert!(open.is_none(), "{}: the last block is not closed", page.display());
    take_exit_codes(page, found)
}

/// A line that continues the command above it, as shells show it.
fn continuation(line: &str) -> Option<&str> {
    if line == ">" {
        Some("")
    } else {
        line.strip_prefix("> ")
    }
}

/// Turns each `echo $?` into the exit code of the command before it.
fn take_exit_codes(page: &Path, found: Vec<Command>) -> Vec<Command> {
    let mut out: Vec<Command> = Vec::new();
    for command in found {
        if command.text != "echo $?" {
            out.push(command);
            continue;
        }
        let place = format!("{}:{}", page.display(), command.line);
        let code = command.output.first().and_then(|line| line.parse().ok());
        let last = out
            .last_mut()
            .unwrap_or_else(|| panic!("{place}: no command before"));
        last.exit = code.unwrap_or_else(|| panic!("{place}: no exit code below"));
    }
    out
}

fn opening_fence(line: &str) -> Option<(String, &str)> {
    let line = line.trim();
    let ticks = line.len() - line.trim_start_matches('`').len();
    (ticks >= 3).then(|| ("`".repeat(ticks), line[ticks..].trim()))
}

/// Whether `actual` is what `shown` says.
#[must_use]
pub fn output_matches(shown: &[String], actual: &[&str]) -> bool {
    match shown.split_first() {
        None => actual.is_empty(),
        Some((first, rest)) if first == "..." => {
            (0..=actual.len()).any(|skipped| output_matches(rest, &actual[skipped..]))
        }
        Some((first, rest)) => actual
            .split_first()
            .is_some_and(|(line, more)| line_matches(first, line) && output_matches(rest, more)),
    }
}

fn line_matches(shown: &str, actual: &str) -> bool {
    let Some((start, tail)) = shown.split_once("...") else {
        return shown == actual;
    };
    let Some(mut rest) = actual.strip_prefix(start) else {
        return false;
    };
    let (middle, last) = tail.rsplit_once("...").unwrap_or(("", tail));
    for part in middle.split("...") {
        match rest.split_once(part) {
            Some((_, more)) => rest = more,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str) -> Vec<Command> {
        commands(Path::new("page.md"), text)
    }

    fn shown(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn commands_and_their_output() {
        let page = "text\n```console\n$ a \\\n> b\nout 1\n\n>> out 2\n$ c &\n$ d\n$ echo $?\n7\n```\n```text\n$ no\n```\n";
        let found = find(page);
        assert_eq!(found.len(), 3);
        assert_eq!(found[0].text, "a \\\nb");
        assert_eq!((found[0].line, found[0].exit), (3, 0));
        assert_eq!(found[0].output, ["out 1", "", ">> out 2"]);
        assert_eq!((found[1].text.as_str(), found[1].background), ("c", true));
        assert_eq!((found[2].text.as_str(), found[2].exit), ("d", 7));
    }

    #[test]
    fn other_fences_are_skipped_whole() {
        assert_eq!(find("````text\n```console\n$ no\n```\n````\n"), []);
    }

    #[test]
    #[should_panic(expected = "not closed")]
    fn an_open_block_is_a_mistake() {
        find("```console\n$ a\n");
    }

    #[test]
    fn output_is_compared_whole() {
        assert!(output_matches(&shown(&["a", "b"]), &["a", "b"]));
        assert!(!output_matches(&shown(&["a"]), &["a", "b"]));
        assert!(!output_matches(&shown(&["a", "b"]), &["a"]));
        assert!(output_matches(&shown(&["a", "..."]), &["a", "b", "c"]));
        assert!(output_matches(&shown(&["...", "c"]), &["a", "b", "c"]));
        assert!(output_matches(
            &shown(&["...", "b", "...", "d"]),
            &["a", "b", "c", "d"]
        ));
        assert!(!output_matches(&shown(&["...", "x"]), &["a", "b"]));
    }

    #[test]
    fn dots_within_a_line() {
        assert!(line_matches("took ... ms", "took 12 ms"));
        assert!(!line_matches("took ... ms", "took 12 s"));
        assert!(line_matches("{\"a\":...}", "{\"a\":[1]}"));
        assert!(line_matches("a...b...c", "a1b2c"));
        assert!(!line_matches("a...b...c", "a1c2b"));
        assert!(!line_matches("abc", "abcd"));
    }
}
