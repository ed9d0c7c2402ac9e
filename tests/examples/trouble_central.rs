//! The Bluetooth client for microcontrollers on a controller behind a socket: what `tests/ble/central.py` drives
//! against devices that are not ours.
//!
//! Asks for one device after the other on stdout, and is told on stdin where it is:
//!
//! ```text
//! > device provision-1 1 0        name of the task, security scheme, patch level
//! < unix:/tmp/17.hci              the controller through which the device can be reached
//! > ended provision-1 passed      passed, beyond LIMIT, or failed REASON; then `tally`, and the next device
//! ```
//!
//! Each device is met by a Bluetooth host of its own. With the argument `conformance` every case of the suite is
//! a task, with `provision` every scheme is one: a scan, then the credentials.

use core::time::Duration;
use espprov::TokioClock;
use espprov_conformance::{CASES, Scheme, Tally, Verdict};
use espprov_core::{Outcome, ProvisionError, Provisioner, ScanOptions, WifiConfig};
use espprov_embedded::ble::{BleError, Filter, Name};
use espprov_simulator_ble::{Controller, Hci};
use espprov_tests::ble::{self, Host, hosted};
use espprov_tests::pair::SetUp;
use getrandom::SysRng;
use std::io::{self, BufRead, Write};

type Link<'a, 's, 'p> = ble::Link<'a, 's, 'p, Controller>;

/// Longest task, setting up the link included.
const LIMIT: Duration = Duration::from_secs(100);

/// Bytes of stack: unoptimised, the layers of a Bluetooth host take a lot.
const STACK: usize = 16 << 20;

fn main() {
    let work = std::thread::Builder::new().stack_size(STACK).spawn(start);
    let failed = work.expect("a thread").join().unwrap_or(true);
    std::process::exit(failed.into());
}

/// Whether anything failed.
fn start() -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        match std::env::args().nth(1).as_deref() {
            Some("conformance") => conformance().await,
            Some("provision") => provisions().await,
            _ => panic!("usage: trouble_central conformance|provision"),
        }
    })
}

async fn conformance() -> bool {
    let mut tally = Tally::default();
    for case in CASES {
        let hci = ask_for_device(case.name, case.scheme);
        let work = async |mut link: Link<'_, '_, '_>| case.run(&mut link, TokioClock::new()).await;
        match meet(&hci, work).await {
            Ok(result) => {
                match &result {
                    Ok(Verdict::Passed) => println!("ended {} passed", case.name),
                    Ok(Verdict::BeyondTheLink { limit }) => println!("ended {} beyond {limit}", case.name),
                    Err(failure) => println!("ended {} failed {failure}", case.name),
                }
                tally.add(case, result);
            }
            Err(reason) => println!("ended {} failed {reason}", case.name),
        }
    }
    println!("tally {} {} {}", tally.run(), tally.passed, tally.beyond);
    tally.passed + tally.beyond != CASES.len()
}

async fn provisions() -> bool {
    let mut failed = false;
    for (name, scheme) in [
        ("sec0", Scheme::Sec0),
        ("sec1", Scheme::Sec1),
        ("sec2-patch0", Scheme::Sec2Patch0),
        ("sec2", Scheme::Sec2Patch1),
    ] {
        let hci = ask_for_device(name, scheme);
        let work = async |link: Link<'_, '_, '_>| provision(link, scheme).await;
        match meet(&hci, work).await.and_then(|result| result) {
            Ok(()) => println!("ended {name} passed"),
            Err(reason) => {
                failed = true;
                println!("ended {name} failed {reason}");
            }
        }
    }
    failed
}

/// A scan, then the credentials.
async fn provision(link: Link<'_, '_, '_>, scheme: Scheme) -> Result<(), String> {
    let mut device = Provisioner::new(link, scheme.auth(), SysRng, TokioClock::new(), vec![0; 2048]);
    let home = WifiConfig::new(b"Home", b"correct-horse").map_err(|error| error.to_string())?;
    let result = async {
        let networks = device.scan_wifi(&ScanOptions::default()).await?.len();
        Ok((networks, device.provision_wifi(&home).await?))
    };
    let result: Result<_, ProvisionError<BleError>> = result.await;
    device.close().await;
    match result {
        Ok((16, Outcome::Connected(on))) if on.ssid.as_bytes() == b"Home" => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

/// Asks for a device and waits until it is there.
fn ask_for_device(name: &str, scheme: Scheme) -> Hci {
    println!("device {name} {} {}", scheme.number(), scheme.patch());
    io::stdout().flush().expect("somebody reads");
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .expect("somebody answers");
    answer.trim().parse().expect("the address of a controller")
}

/// Starts a host on the controller, finds the device, connects, and does the work.
async fn meet<R>(
    hci: &Hci,
    work: impl for<'a, 's, 'p> AsyncFnOnce(Link<'a, 's, 'p>) -> R,
) -> Result<R, String> {
    let controller = hci.open().await.map_err(|error| format!("{hci}: {error}"))?;
    let whom = Filter::any().with_name(Name::Exact("PROV_CONFORM"));
    let run = hosted(controller, whom, async |host: Host<'_, '_, '_, Controller>| {
        let link = host.connect(Duration::from_secs(5)).await?;
        Ok::<R, BleError>(work(link).await)
    });
    match tokio::time::timeout(LIMIT, run).await {
        Err(_) => Err(format!("no end in {LIMIT:?}")),
        Ok(result) => result?.map_err(|error| error.to_string()),
    }
}
