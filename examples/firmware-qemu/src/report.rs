//! Output for whoever runs the image: the debugger's console (semihosting), not the UART. No formatting machinery.

use crate::{board, heap};
use semihosting::io::Write as _;

/// One line.
pub fn text(line: &str) {
    raw(line);
    raw("\n");
}

/// A line `name value`.
pub fn figure(name: &str, value: u64) {
    let mut digits = [0; 20];
    let mut rest = value;
    let mut start = digits.len();
    while start > 0 {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    raw(name);
    raw(" ");
    raw(core::str::from_utf8(&digits[start..]).unwrap_or_default());
    raw("\n");
}

/// Peak stack and heap so far.
pub fn memory() {
    figure("stack", board::stack_peak() as u64);
    figure("heap", heap::peak() as u64);
}

/// Ends the emulation with this status.
pub fn exit(status: i32) -> ! {
    semihosting::process::exit(status)
}

fn raw(text: &str) {
    if let Ok(mut out) = semihosting::io::stdout() {
        let _ = out.write_all(text.as_bytes());
    }
}
