//! Prints how much longer our handshakes take than what they are built on. With `--check`, exits with 1
//! above the ceilings.
//!
//! What is timed is this thread's CPU time: on a busy machine wall time counts the scheduler's time slices,
//! and one and the same binary then gives anything from 1.2 to 2.3. Ours and theirs alternate, so that a
//! change of clock speed hits both; the medians of all rounds are compared.

use espprov_benches::time::thread_time;
use espprov_benches::{OpenSsl, Security1, Security2, two_x25519};
use std::process::ExitCode;
use std::time::Duration;

/// Security 2's client half against OpenSSL's three exponentiations.
const SECURITY_2_CEILING: f64 = 1.2;
/// Security 1's client half against two X25519 operations.
const SECURITY_1_CEILING: f64 = 3.0;

fn time(run: impl FnOnce()) -> Duration {
    let start = thread_time();
    run();
    thread_time() - start
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Medians of ours and theirs.
fn compare(rounds: usize, mut ours: impl FnMut(), mut theirs: impl FnMut()) -> (Duration, Duration) {
    for _ in 0..rounds / 10 + 1 {
        ours();
        theirs();
    }
    let (a, b) = (0..rounds).map(|_| (time(&mut ours), time(&mut theirs))).unzip();
    (median(a), median(b))
}

/// Prints a line and tells whether it is within the ceiling.
fn report(what: &str, (ours, theirs): (Duration, Duration), ceiling: f64) -> bool {
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    println!("{what}: {ours:.1?} / {theirs:.1?} = {ratio:.2} (ceiling {ceiling:.1})");
    ratio <= ceiling
}

fn main() -> ExitCode {
    let mut check = false;
    for argument in std::env::args().skip(1) {
        if argument != "--check" {
            eprintln!("usage: ratios [--check]");
            return ExitCode::from(2);
        }
        check = true;
    }
    let security2 = Security2::new();
    let mut openssl = OpenSsl::new();
    let srp = compare(300, || security2.run(), || openssl.run());
    let srp = report(
        "security 2, client half / OpenSSL's three constant-time exponentiations",
        srp,
        SECURITY_2_CEILING,
    );

    let security1 = Security1::new();
    let (private, peer) = ([0x5a; 32], [9; 32]);
    let x25519 = compare(3000, || security1.run(), || two_x25519(&private, &peer));
    let x25519 = report(
        "security 1, client half / two X25519 operations",
        x25519,
        SECURITY_1_CEILING,
    );

    if check && !(srp && x25519) {
        eprintln!("above the ceiling");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
