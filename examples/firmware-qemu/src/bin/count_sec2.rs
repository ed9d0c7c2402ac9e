//! Instructions and stack of a security 2 client handshake, without transport and driver: as fast as it goes, then in
//! steps.
#![no_std]
#![no_main]

use espprov_security::Budget;
use espprov_security::sec2::{Client, Device, Patch, Verifier};
use firmware_qemu::counting::{count, count_steps};
use firmware_qemu::{NotRandom, board, report};

/// What a Cortex-M4 at 64 MHz does in 11 ms.
const BUDGET: Budget = Budget::products(6);

#[board::entry]
fn main() -> ! {
    board::init();
    let status = if handshakes().is_some() { 0 } else { 1 };
    report::exit(status)
}

fn handshakes() -> Option<()> {
    let verifier = Verifier::generate(b"wifiprov", b"abcd1234", &[7; 16]).ok()?;
    let client = || Client::new(b"wifiprov", b"abcd1234", Some(1), &mut NotRandom(1)).ok();
    let device = || Device::new(verifier.clone(), Patch::CounterNonce);
    count(client()?, device())?;
    count_steps(client()?, device(), BUDGET)
}
