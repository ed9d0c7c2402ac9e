//! Instructions and stack of a security 2 client handshake, without transport and driver.
#![no_std]
#![no_main]

use espprov_security::sec2::{Client, Device, Patch, Verifier};
use firmware_qemu::{NotRandom, board, counting::count, report};

#[board::entry]
fn main() -> ! {
    board::init();
    let status = if handshake().is_some() { 0 } else { 1 };
    report::exit(status)
}

fn handshake() -> Option<()> {
    let client = Client::new(b"wifiprov", b"abcd1234", Some(1), &mut NotRandom(1)).ok()?;
    let verifier = Verifier::generate(b"wifiprov", b"abcd1234", &[7; 16]).ok()?;
    count(client, Device::new(verifier, Patch::CounterNonce))
}
