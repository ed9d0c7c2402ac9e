//! Provisions an ESP32 on the UART: security 1 or 2, as the device says (a console without line limit), Wi-Fi scan,
//! credentials, until the device is online.
#![no_std]
#![no_main]

use core::pin::pin;
use embassy_futures::block_on;
use espprov_core::{Outcome, Provisioner, ScanOptions, WifiConfig, auth::Auto};
use espprov_embedded::console::Console;
use firmware_qemu::{NotRandom, board, report};

#[board::entry]
fn main() -> ! {
    board::init();
    let status = match block_on(pin!(provision())) {
        Some(()) => 0,
        None => 1,
    };
    report::memory();
    report::exit(status)
}

async fn provision() -> Option<()> {
    let (rx, tx) = board::uart();
    let link = Console::new(rx, tx, board::clock()).with_line_limit(None);
    let auth = Auto::new().with_pop(b"abcd1234").ok()?;
    let buf = board::buffer();
    let mut device = Provisioner::new(link, auth, NotRandom(1), board::clock(), buf);

    let networks = device.scan_wifi(&ScanOptions::default()).await.ok()?;
    report::figure("networks", networks.len() as u64);
    let home = networks
        .iter()
        .find(|network| network.ssid.as_bytes() == b"Home")?;
    report::figure("channel", home.channel.into());

    let config = WifiConfig::new(b"Home", b"correct-horse").ok()?;
    let outcome = device.provision_wifi(&config).await.ok()?;
    device.close().await;
    match outcome {
        Outcome::Connected(connection) => report::figure("connected", u64::from(connection.ip?.to_bits())),
        _ => return None,
    }
    Some(())
}
