//! Log lines between the lines that matter.

use core::time::Duration;
use espprov_services::console::Log;
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
pub(super) struct Noise {
    dice: ChaCha8Rng,
    /// What has been said and not been printed. `None`: nothing has been said this time.
    said: Option<Vec<u8>>,
}

impl Noise {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            dice: ChaCha8Rng::seed_from_u64(seed),
            said: None,
        }
    }

    /// No line, one, or two.
    fn say(&mut self, now: Duration) -> Vec<u8> {
        let mut text = Vec::new();
        for _ in 0..self.dice.next_u32() % 3 {
            let (level, colour, line) = LINES[self.dice.next_u32() as usize % LINES.len()];
            // Writing to a Vec cannot fail.
            let _ = write!(
                text,
                "\x1b[0;{colour}m{level} ({}) {line}\x1b[0m\r\n",
                now.as_millis()
            );
        }
        text
    }
}

impl Log for Noise {
    fn print(&mut self, now: Duration, out: &mut [u8]) -> usize {
        let mut said = self.said.take().unwrap_or_else(|| self.say(now));
        let len = said.len().min(out.len());
        out[..len].copy_from_slice(&said[..len]);
        said.drain(..len);
        // Nothing more to print: the next time there will be something else to say.
        self.said = (len > 0).then_some(said);
        len
    }
}
