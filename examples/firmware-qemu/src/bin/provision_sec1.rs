//! Provisions an ESP32 on the UART: security 1, Wi-Fi scan, credentials, until the device is online.
#![no_std]
#![no_main]

use espprov_core::auth::Sec1Only;
use firmware_qemu::board;
use firmware_qemu::provisioner::{Lines, run};

#[board::entry]
fn main() -> ! {
    run(|| Sec1Only::new(b"abcd1234").ok(), Lines::Stock)
}
