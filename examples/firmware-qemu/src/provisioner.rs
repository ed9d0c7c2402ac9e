//! What the `provision_*` images do, each with credentials of its own: scan, hand over, wait until the device is
//! online.

use crate::{NotRandom, board, report};
use core::future::poll_fn;
use core::pin::{Pin, pin};
use core::task::{Context, Poll};
use embassy_futures::block_on;
use espprov_core::auth::Authenticator;
use espprov_core::{Outcome, Provisioner, ScanOptions, WifiConfig};
use espprov_embedded::console::Console;

/// How long a line the device's console reads.
pub enum Lines {
    /// 255 characters, as in stock firmware: enough for security 1.
    Stock,
    /// Any: security 2 needs more.
    Unlimited,
}

/// The whole of `main`. `auth` makes the credentials where they stay: moving them would cost stack. `None` where they
/// are too long.
pub fn run<A: Authenticator>(auth: impl FnOnce() -> Option<A>, lines: Lines) -> ! {
    board::init();
    let mut task = pin!(provision(auth, lines));
    let status = match block_on(poll_fn(|cx| turn(task.as_mut(), cx))) {
        Some(()) => 0,
        None => 1,
    };
    report::memory();
    report::exit(status)
}

/// A task as executors have them, who call it: compiled into the loop of `block_on`, its addresses would be reckoned out beforehand and
/// kept.
#[inline(never)]
fn turn<F: Future>(task: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
    task.poll(cx)
}

async fn provision<A: Authenticator>(auth: impl FnOnce() -> Option<A>, lines: Lines) -> Option<()> {
    let (rx, tx) = board::uart();
    let limit = match lines {
        Lines::Stock => Some(255),
        Lines::Unlimited => None,
    };
    let link = Console::new(rx, tx, board::clock()).with_line_limit(limit);
    let auth = auth()?;
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
