//! Instructions, counted by valgrind. A neighbour on the same core takes some of its units and of its caches, and of two programs it slows the
//! one that keeps more of them busy: even a ratio of times then says something about the neighbour. Nobody changes a count.

use std::process::{Command, ExitCode, Stdio};

/// What says that a program is to do something so often and nothing else, for valgrind: `--count WHAT TIMES`.
const COUNT: &str = "--count";

/// A program that prints its `figures`, and says whether they are within the ceilings: with `--check` it fails where they are not, or where they
/// could not be had. Under valgrind it is asked to `count`, and does something of that name so often.
pub fn program(
    name: &str,
    count: impl FnOnce(&str, usize) -> ExitCode,
    figures: impl FnOnce() -> Result<bool, String>,
) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let check = match arguments.as_slice() {
        [] => false,
        ["--check"] => true,
        [flag, word, times] if *flag == COUNT => {
            if let Ok(times) = times.parse() {
                return count(word, times);
            }
            return usage(name);
        }
        _ => return usage(name),
    };
    let good = figures().unwrap_or_else(|error| {
        eprintln!("{error}");
        false
    });
    if check && !good {
        eprintln!("above a ceiling, or not counted");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn usage(name: &str) -> ExitCode {
    eprintln!("usage: {name} [--check]");
    ExitCode::from(2)
}

/// Instructions of doing `what` once more, by this program, after it has been done a `few` times: as what goes before and after is in
/// both counts, the difference of two is taken, the other with so many `more`.
///
/// # Errors
/// valgrind is not there, or the program did not end well under it.
pub fn each(what: &str, few: usize, more: usize) -> Result<u64, String> {
    let (less, all) = (total(what, few)?, total(what, few + more)?);
    let more = u64::try_from(more).map_err(|e| e.to_string())?;
    all.checked_sub(less)
        .and_then(|difference| difference.checked_div(more))
        .filter(|each| *each > 0)
        .ok_or_else(|| format!("{what}: {less} instructions for {few} times, {all} for {more} more"))
}

fn total(what: &str, times: usize) -> Result<u64, String> {
    let this = std::env::current_exe().map_err(|e| e.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(this)
        .args([COUNT, what, &times.to_string()])
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("instructions are counted by valgrind ({e}): apt-get install valgrind"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    output
        .status
        .success()
        .then(|| said.lines().find_map(collected))
        .flatten()
        .ok_or_else(|| format!("under valgrind, {what} ended with {}:\n{said}", output.status))
}

/// The figure of a line like `==4711== Collected : 12345`.
fn collected(line: &str) -> Option<u64> {
    let (_, figure) = line.split_once("Collected : ")?;
    figure.trim().parse().ok()
}

/// The number with its thousands apart.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}
