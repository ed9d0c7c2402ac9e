//! Runs one target on mutated seeds for a while, without coverage guidance: for where cargo-fuzz is missing.
//!
//! `blind TARGET SECONDS SEED_DIR ARTIFACT_DIR`. An input that panics is written to the artifact directory.

use std::fs;
use std::panic;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Longest input made.
const MAX_LEN: usize = 8192;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, seconds, seeds, artifacts] = arguments.as_slice() else {
        eprintln!("usage: blind TARGET SECONDS SEED_DIR ARTIFACT_DIR");
        return ExitCode::from(2);
    };
    let target = espprov_fuzz::TARGETS.iter().find(|(known, _)| known == name);
    let (Some((_, target)), Ok(seconds)) = (target, seconds.parse()) else {
        eprintln!("no such target, or not a number of seconds");
        return ExitCode::from(2);
    };
    let seeds = read_all(Path::new(seeds));
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut runs = 0_u64;
    let mut input = Vec::new();
    while Instant::now() < end {
        input.clear();
        match usize::try_from(runs) {
            // Every seed as it is, first.
            Ok(n) if n < seeds.len() => input.extend_from_slice(&seeds[n]),
            _ => mutate(&mut input, &seeds, &mut random),
        }
        if panic::catch_unwind(|| target(&input)).is_err() {
            let path = Path::new(artifacts).join(format!("blind-{runs}"));
            let saved = fs::write(&path, &input);
            eprintln!(
                "panicked after {runs} runs; input in {}: {saved:?}",
                path.display()
            );
            return ExitCode::FAILURE;
        }
        runs += 1;
    }
    eprintln!("Done {runs} runs in {seconds} second(s)");
    ExitCode::SUCCESS
}

fn read_all(dir: &Path) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path())
        .collect();
    paths.sort();
    paths.iter().filter_map(|path| fs::read(path).ok()).collect()
}

/// A seed with a few random edits, perhaps joined with the end of another.
fn mutate(input: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    if !seeds.is_empty() {
        input.extend_from_slice(&seeds[random.below(seeds.len())]);
        if random.below(4) == 0 {
            let other = &seeds[random.below(seeds.len())];
            input.truncate(random.below(input.len() + 1));
            input.extend_from_slice(&other[random.below(other.len() + 1)..]);
        }
    }
    for _ in 0..=random.below(6) {
        let at = random.below(input.len() + 1);
        let byte = random.below(256) as u8;
        match random.below(6) {
            0 => input.truncate(at),
            1 => input.insert(at, byte),
            2 if at < input.len() => drop(input.remove(at)),
            3 if at < input.len() => input[at] ^= 1 << random.below(8),
            4 if at < input.len() => input[at] = [0x00, 0x7f, 0x80, 0xff][random.below(4)],
            _ if at < input.len() => input[at] = byte,
            _ => input.push(byte),
        }
    }
    input.truncate(MAX_LEN);
}

/// splitmix64; the same inputs every time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end.max(1) as u64) as usize
    }
}
