//! The virtual air between a Bluetooth device whose host is firmware, and a client that provisions it: what
//! `cargo xtask embedded` runs an emulated board against.
//!
//! ```text
//! ble_air SOCKET NAME     listens for the device's host (H4 on a Unix socket), and prints `ready`
//! > networks 1            what the client saw, once it has provisioned the device called NAME
//! > connected 3232235833
//! ```
//!
//! Ends with the device's host.

use core::error::Error;
use core::time::Duration;
use embassy_futures::select::{Either, select};
use espprov_core::auth::Auto;
use espprov_core::{Outcome, Provisioner, ScanOptions, WifiConfig};
use espprov_embedded::ble::{Filter, Name};
use espprov_simulator_ble::air::{Air, AirOptions};
use espprov_tests::ble::{Host, hosted};
use getrandom::SysRng;
use std::io::Write as _;
use tokio::net::UnixListener;

/// Until the emulator is there, until the device is found on the air, and until its host ends.
const LIMIT: Duration = Duration::from_secs(120);

/// Bytes of stack: unoptimised, the layers of a Bluetooth host take a lot.
const STACK: usize = 16 << 20;

/// The program.
pub(crate) fn main() {
    let work = std::thread::Builder::new().stack_size(STACK).spawn(start);
    match work.expect("a thread").join() {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
        Err(_) => std::process::exit(101),
    }
}

fn start() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(socket), Some(name)) = (arguments.next(), arguments.next()) else {
        return Err("usage: ble_air SOCKET NAME".into());
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = UnixListener::bind(socket)?;
        say("ready");
        let (host, _) = tokio::time::timeout(LIMIT, listener.accept()).await??;
        let (from_host, to_host) = host.into_split();
        let mut options = AirOptions::default();
        (options.acl_len, options.acl_count) = (251, 4);
        let (_air, near, far) = Air::with_wire(options);
        let mut device = core::pin::pin!(far.serve(from_host, to_host));

        let whom = Filter::any().with_name(Name::Exact(&name));
        let work = hosted(near, whom, async |host: Host<'_, '_, '_>| client(&host).await);
        match select(work, &mut device).await {
            Either::First(result) => result??,
            Either::Second(end) => return Err(format!("the device's host ended early: {end:?}").into()),
        }
        tokio::time::timeout(LIMIT, device).await??;
        Ok(())
    })
}

/// A scan, then the credentials.
async fn client(host: &Host<'_, '_, '_>) -> Result<(), Box<dyn Error + Send + Sync>> {
    let link = host.connect(LIMIT).await?;
    let auth = Auto::new().with_pop(b"abcd1234")?;
    let mut device = Provisioner::new(link, auth, SysRng, host.clock, vec![0; 2048]);
    let networks = device.scan_wifi(&ScanOptions::default()).await?;
    say(&format!("networks {}", networks.len()));
    let home = WifiConfig::new(b"Home", b"correct-horse")?;
    let outcome = device.provision_wifi(&home).await?;
    let Outcome::Connected(connection) = &outcome else {
        return Err(format!("{outcome:?}").into());
    };
    let ip = connection.ip.ok_or("no address")?;
    say(&format!("connected {}", u32::from(ip)));
    device.close().await;
    Ok(())
}

/// One line, at once.
fn say(line: &str) {
    println!("{line}");
    std::io::stdout().flush().expect("somebody reads");
}
