//! Nothing but the runtime, the heap and the report: what every image costs before it does anything.
#![no_std]
#![no_main]

use firmware_qemu::{board, report};

#[board::entry]
fn main() -> ! {
    board::init();
    report::memory();
    report::exit(0)
}
