//! Instructions and stack of a security 1 client handshake, without transport and driver.
#![no_std]
#![no_main]

use espprov_security::sec1::{Client, Device};
use firmware_qemu::{NotRandom, board, counting::count, report};

#[board::entry]
fn main() -> ! {
    board::init();
    let status = if handshake().is_some() { 0 } else { 1 };
    report::exit(status)
}

fn handshake() -> Option<()> {
    let client = Client::new(b"abcd1234", &mut NotRandom(1)).ok()?;
    count(client, Device::new(b"abcd1234"))
}
