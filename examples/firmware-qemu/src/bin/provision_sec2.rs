//! The same with security 2, on a console without line limit.
#![no_std]
#![no_main]

use espprov_core::auth::Sec2Only;
use firmware_qemu::board;
use firmware_qemu::provisioner::{Lines, run};

#[board::entry]
fn main() -> ! {
    run(|| Sec2Only::new(b"wifiprov", b"abcd1234").ok(), Lines::Unlimited)
}
