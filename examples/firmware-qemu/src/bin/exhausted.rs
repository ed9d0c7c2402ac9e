//! Runs out of memory wherever it can, with security 2, and must be told so each time; then goes on with all of the
//! heap and provisions the device.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::vec::Vec;
use core::pin::pin;
use embassy_futures::block_on;
use espprov_core::{Outcome, Phase, ProvisionError, Provisioner, ScanOptions, WifiConfig, auth::Sec2Only};
use espprov_embedded::console::Console;
use firmware_qemu::{NotRandom, board, report};

#[board::entry]
fn main() -> ! {
    board::init();
    let status = match block_on(pin!(provision())) {
        Some(()) => 0,
        None => 1,
    };
    report::exit(status)
}

async fn provision() -> Option<()> {
    let (rx, tx) = board::uart();
    let link = Console::new(rx, tx, board::clock()).with_line_limit(None);
    let auth = Sec2Only::new(b"wifiprov", b"abcd1234").ok()?;
    let mut device = Provisioner::new(link, auth, NotRandom(1), board::clock(), board::buffer());
    let mut refused = 0;

    // No room for the user name; for A, as a number and as bytes; for B; for the table of powers.
    for room in [0, 100, 500, 1000, 4000] {
        let hog = all_but(room)?;
        let Err(ProvisionError::OutOfMemory {
            phase: Phase::Handshake,
        }) = device.connect().await
        else {
            return None;
        };
        refused += 1;
        drop(hog);
    }
    device.connect().await.ok()?;

    // Room for the question, none for the networks. The session survives that.
    let hog = all_but(200)?;
    let Err(ProvisionError::OutOfMemory { phase: Phase::Scan }) =
        device.scan_wifi(&ScanOptions::default()).await
    else {
        return None;
    };
    refused += 1;
    device.security()?;
    drop(hog);
    let networks = device.scan_wifi(&ScanOptions::default()).await.ok()?;
    report::figure("networks", networks.len() as u64);
    report::figure("refused", refused);

    let config = WifiConfig::new(b"Home", b"correct-horse").ok()?;
    let outcome = device.provision_wifi(&config).await.ok()?;
    device.close().await;
    match outcome {
        Outcome::Connected(connection) => report::figure("connected", u64::from(connection.ip?.to_bits())),
        _ => return None,
    }
    Some(())
}

/// Takes all of the heap but about `room` bytes.
fn all_but(room: usize) -> Option<Vec<u8>> {
    let free = (0..8192).rev().step_by(16).find(|size| {
        let mut probe = Vec::<u8>::new();
        probe.try_reserve_exact(*size).is_ok()
    })?;
    let mut hog = Vec::new();
    hog.try_reserve_exact(free.checked_sub(room)?).ok()?;
    Some(hog)
}
