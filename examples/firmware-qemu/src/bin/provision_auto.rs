//! The same with security 1 or 2, as the device says.
#![no_std]
#![no_main]

use espprov_core::auth::Auto;
use firmware_qemu::board;
use firmware_qemu::provisioner::{Lines, run};

#[board::entry]
fn main() -> ! {
    run(|| Auto::new().with_pop(b"abcd1234").ok(), Lines::Unlimited)
}
