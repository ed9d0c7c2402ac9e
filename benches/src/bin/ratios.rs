//! Prints how much longer our handshakes take than what they are built on: in time, and in instructions. With `--check`, exits with 1
//! above the ceilings.
//!
//! Instructions are held to what was reached (`instructions` says why those). Times are told, and held to what only a fault reaches:
//! code without a carry chain, a table that was dropped, arithmetic that is not optimised. They are this thread's processor time; ours and
//! theirs alternate, so that a change of clock speed hits both, and of each the quick ones count.

use espprov_benches::instructions::{each, grouped, program};
use espprov_benches::time::{quick, thread_time};
use espprov_benches::{OpenSsl, Security1, Security2, two_x25519};
use std::process::ExitCode;
use std::time::Duration;

/// A handshake's client half, and what it is compared with.
struct Pair {
    name: &'static str,
    /// How many rounds are timed, and counted.
    rounds: usize,
    counted: usize,
    /// Most that ours may take of the reference's time.
    time: f64,
    /// Most instructions of ours on x86-64: what Rust 1.95 makes of it, and 3 %. Who makes it better lowers it.
    instructions: u64,
    /// Most that ours may take of the reference's instructions.
    ratio: f64,
    ours: fn() -> Box<dyn FnMut()>,
    theirs: fn() -> Box<dyn FnMut()>,
    /// What `--count` calls the two.
    words: [&'static str; 2],
}

const PAIRS: [Pair; 2] = [
    Pair {
        name: "security 2, client half / OpenSSL's three constant-time exponentiations",
        rounds: 300,
        counted: 2,
        time: 1.8,
        instructions: 65_400_000,
        ratio: 1.2,
        ours: || {
            let security2 = Security2::new();
            Box::new(move || security2.run())
        },
        // valgrind's processor has no ADX: OpenSSL multiplies there by its code for x86-64 without it.
        theirs: || {
            let mut openssl = OpenSsl::new();
            Box::new(move || openssl.run())
        },
        words: ["security2", "openssl"],
    },
    Pair {
        name: "security 1, client half / two X25519 operations",
        rounds: 3000,
        counted: 20,
        time: 3.0,
        instructions: 1_356_000,
        ratio: 1.2,
        ours: || {
            let security1 = Security1::new();
            Box::new(move || security1.run())
        },
        theirs: || Box::new(|| two_x25519(&[0x5a; 32], &[9; 32])),
        words: ["security1", "x25519"],
    },
];

fn time(run: impl FnOnce()) -> Duration {
    let start = thread_time();
    run();
    thread_time() - start
}

/// Prints what both take of time, and tells whether it is within the ceiling.
fn times(pair: &Pair) -> bool {
    let (mut ours, mut theirs) = ((pair.ours)(), (pair.theirs)());
    for _ in 0..pair.rounds / 10 + 1 {
        ours();
        theirs();
    }
    let (a, b) = (0..pair.rounds)
        .map(|_| (time(&mut ours), time(&mut theirs)))
        .unzip();
    let (ours, theirs) = (quick(a), quick(b));
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    println!(
        "{}: {ours:.1?} / {theirs:.1?} = {ratio:.2} (ceiling {:.1})",
        pair.name, pair.time
    );
    ratio <= pair.time
}

/// The same of instructions.
#[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
fn instructions(pair: &Pair) -> Result<bool, String> {
    let [ours, theirs] = pair.words;
    let (ours, theirs) = (each(ours, 1, pair.counted)?, each(theirs, 1, pair.counted)?);
    let ratio = ours as f64 / theirs as f64;
    println!(
        "instructions of {}: {} (ceiling {}) / {} = {ratio:.3} (ceiling {:.1})",
        pair.name,
        grouped(ours),
        grouped(pair.instructions),
        grouped(theirs),
        pair.ratio
    );
    // On other processors it is another program, and only the ratio says something.
    let within = ours <= pair.instructions || !cfg!(target_arch = "x86_64");
    Ok(within && ratio <= pair.ratio)
}

/// Under valgrind: so often, and nothing else.
fn count(word: &str, times: usize) -> ExitCode {
    let halves = PAIRS
        .iter()
        .flat_map(|pair| pair.words.into_iter().zip([pair.ours, pair.theirs]));
    let Some((_, half)) = halves.into_iter().find(|(name, _)| *name == word) else {
        eprintln!("nothing is called {word}");
        return ExitCode::from(2);
    };
    let mut run = half();
    for _ in 0..times {
        run();
    }
    ExitCode::SUCCESS
}

fn main() -> ExitCode {
    program("ratios", count, || {
        let mut good = true;
        for pair in &PAIRS {
            good &= times(pair);
        }
        for pair in &PAIRS {
            good &= instructions(pair)?;
        }
        Ok(good)
    })
}
