//! Log lines between the lines that matter.

use core::time::Duration;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use std::io::Write;

/// Level, colour and text, in the layout of ESP-IDF's log. Some look like answers, which is the point.
const LINES: [(char, u8, &str); 8] = [
    ('I', 32, "wifi: state: run -> scan"),
    ('I', 32, "sim: free heap 187204"),
    ('W', 33, "phy: saved calibration is stale"),
    ('W', 33, "sim: beacon lost"),
    ('E', 31, "sim: this is only a test"),
    ('I', 32, "sim: >> is no prompt in here"),
    ('I', 32, "dump: deadbeef"),
    ('D', 0, "00ff00ff00ff"),
];

#[derive(Debug)]
pub(super) struct Noise(ChaCha8Rng);

impl Noise {
    pub(super) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// No line, one, or two.
    pub(super) fn maybe(&mut self, now: Duration, out: &mut Vec<u8>) {
        for _ in 0..self.0.next_u32() % 3 {
            let (level, colour, text) = LINES[self.0.next_u32() as usize % LINES.len()];
            // Writing to a Vec cannot fail.
            let _ = write!(
                out,
                "\x1b[0;{colour}m{level} ({}) {text}\x1b[0m\r\n",
                now.as_millis()
            );
        }
    }
}
