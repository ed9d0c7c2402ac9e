//! What the Python package may take beyond the library: processor time, so that a busy machine changes nothing.

use crate::programs;
use crate::tools::{capture, giving_way, run};
use std::path::Path;
use std::process::Command;

/// How often each of the two loops runs, in turn: a change of clock speed hits both.
const ROUNDS: usize = 5;
/// Fifty provisions in Python, compared with fifty in Rust. The aim is 1.15; between 0.97 and 1.08 were measured, and with other
/// programs on the same processors the two do not always get the same share of their caches.
///
/// Both spend their time in the same arithmetic, so a neighbour who stays slows both alike: the median of the rounds. One who comes and goes
/// leaves each a quiet round: the quickest of each. The lesser of the two counts, as what is ours is in both.
const CEILING: f64 = 1.3;

/// What Python is compared with. Nobody waits for it before the wheel is there.
pub(super) fn rust() -> Result<Command, String> {
    const NAME: &str = "provisions";
    run(&mut giving_way(programs::bench_build(NAME, false)))?;
    Ok(programs::bench_built(NAME))
}

/// The ratio, in words; or that it is too much. `python` has the package installed.
pub(super) fn ratio(python: &Path, bindings: &Path, mut rust: Command) -> Result<String, String> {
    let mut script = Command::new(python);
    script.arg(bindings.join("benches/loop.py"));
    let (mut ours, mut theirs, mut rounds) = (f64::MAX, f64::MAX, Vec::new());
    for _ in 0..ROUNDS {
        let (one, other) = (seconds(&mut script)?, seconds(&mut rust)?);
        (ours, theirs) = (ours.min(one), theirs.min(other));
        rounds.push(one / other);
    }
    rounds.sort_by(f64::total_cmp);
    let ratio = (ours / theirs).min(rounds[ROUNDS / 2]);
    let text = format!(
        "{ratio:.2} times Rust's processor time for 50 provisions ({ours:.3} s / {theirs:.3} s, limit {CEILING})"
    );
    if ratio <= CEILING { Ok(text) } else { Err(text) }
}

/// What a program says it took.
fn seconds(program: &mut Command) -> Result<f64, String> {
    let (ended_well, said) = capture(program)?;
    match said.trim().parse() {
        Ok(seconds) if ended_well && seconds > 0.0 => Ok(seconds),
        _ => Err(format!("{}: {said}", program.get_program().display())),
    }
}
