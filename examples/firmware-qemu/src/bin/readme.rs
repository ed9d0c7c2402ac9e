#![no_std]
#![no_main]

use core::pin::pin;
use embassy_futures::block_on;
use espprov_core::{Outcome, Provisioner, WifiConfig, auth::Sec1Only};
use espprov_embedded::console::Console;
use firmware_qemu::{NotRandom, board, report};

#[board::entry]
fn main() -> ! {
    board::init();
    let online = block_on(pin!(provision()));
    report::exit(if online { 0 } else { 1 })
}

async fn provision() -> bool {
    // From your HAL: the two halves of a buffered UART, a clock (`espprov_embedded::clock`), and the hardware
    // random number generator (`espprov_embedded::entropy`).
    let (rx, tx) = board::uart();
    let link = Console::new(rx, tx, board::clock());
    let rng = NotRandom(1);

    let Ok(auth) = Sec1Only::new(b"abcd1234") else {
        return false;
    };
    let mut device = Provisioner::new(link, auth, rng, board::clock(), board::buffer());

    let Ok(config) = WifiConfig::new(b"Home", b"correct-horse") else {
        return false;
    };
    let outcome = device.provision_wifi(&config).await;
    device.close().await; // on every way out

    match outcome {
        Ok(Outcome::Connected(_)) => report::text("online"),
        Ok(Outcome::LikelyConnected) => report::text("it left to join the network"),
        Ok(Outcome::Unconfirmed) => report::text("it left without a word"),
        Ok(Outcome::Failed(_)) => report::text("it could not join"),
        Err(_) => report::text("no device, wrong PoP, or the link failed"),
    }
    matches!(outcome, Ok(Outcome::Connected(_) | Outcome::LikelyConnected))
}
