//! What a device prints when it goes down, and when it comes up again.

/// A text that is printed on no other occasion, and whether it comes as a log line.
struct Sign {
    text: &'static [u8],
    in_log: bool,
}

const fn plain(text: &'static str) -> Sign {
    Sign {
        text: text.as_bytes(),
        in_log: false,
    }
}

/// All but one are printed past the log: by the ROM, or by a system that is too broken to log. Firmware can be built to
/// print none of them; then a restart shows as an echo or an answer that does not come.
static SIGNS: [Sign; COUNT] = [
    // The ROM of every chip, with the reason of the reset. Always a line of its own.
    plain("\nrst:0x"),
    // The boot loader, where the ROM was told to be quiet.
    Sign {
        text: b"2nd stage bootloader",
        in_log: true,
    },
    plain("Brownout detector was triggered"),
    plain("Guru Meditation Error"),
    plain("abort() was called at"),
    plain("assert failed: "),
    plain("A stack overflow in task"),
    plain("Rebooting..."),
];
const COUNT: usize = 8;

/// Watches for all signs at once. A few bytes, whatever comes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signs {
    /// Characters of each that have been seen.
    seen: [u8; COUNT],
}

impl Signs {
    pub(super) const fn new() -> Self {
        Self { seen: [0; COUNT] }
    }

    /// Takes a character, of a log line or not; whether it completes a sign.
    pub(super) fn push(&mut self, byte: u8, in_log: bool) -> bool {
        let mut complete = false;
        for (sign, seen) in SIGNS.iter().zip(&mut self.seen) {
            let at = |index: u8| sign.text.get(usize::from(index));
            if in_log != sign.in_log {
                *seen = 0;
            } else if at(*seen) == Some(&byte) {
                *seen = seen.saturating_add(1);
            } else {
                // None of them has a part that repeats its beginning, beyond the first letter.
                *seen = u8::from(at(0) == Some(&byte));
            }
            if at(*seen).is_none() {
                *seen = 0;
                complete = true;
            }
        }
        complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signs(text: &str, in_log: bool) -> usize {
        let mut signs = Signs::new();
        text.bytes().filter(|&byte| signs.push(byte, in_log)).count()
    }

    #[test]
    fn each_sign_is_found_wherever_it_begins() {
        for sign in &SIGNS {
            let text = core::str::from_utf8(sign.text).unwrap();
            for before in ["", "08aa", "\n", "\nrs", "A ", "Gu", "2", "Rebooting.."] {
                let text = std::format!("{before}{text} more");
                assert_eq!(signs(&text, sign.in_log), 1, "{text}");
                assert_eq!(signs(&text, !sign.in_log), 0, "{text}");
            }
        }
    }

    #[test]
    fn the_restart_rule_holds() {
        // What `push` relies on: no sign contains its own first two characters again.
        for sign in &SIGNS {
            let again = sign
                .text
                .windows(2)
                .filter(|pair| *pair == &sign.text[..2])
                .count();
            assert_eq!(again, 1, "{}", sign.text.escape_ascii());
        }
    }

    #[test]
    fn everyday_text_is_no_sign() {
        for text in [
            "first:0xff",
            "reset reason 3\n",
            "Restarting scan",
            "abort",
            "brownout level 7",
        ] {
            assert_eq!(signs(text, false), 0, "{text}");
        }
    }
}
