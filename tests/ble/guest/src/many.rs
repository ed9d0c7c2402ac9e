//! Provisions in a row in one process, and what they leave behind.

use crate::{Outcome, finish};
use btleplug::api::{Central as _, Manager as _, Peripheral as _};
use btleplug::platform::Manager;
use core::cell::RefCell;
use core::time::Duration;
use espprov::TokioClock;
use espprov_btleplug::{Bluetooth, ConnectOptions, DeviceFilter, Discovered};
use espprov_conformance::SECRET;
use espprov_core::auth::Auto;
use espprov_core::{Outcome as End, Provisioner, WifiConfig};
use getrandom::SysRng;
use std::rc::Rc;
use std::time::Instant;
use tokio::time::timeout;

/// Devices of a round, and how many of them are provisioned at a time: most of each is waiting for the other side.
const DEVICES: usize = 8;
const LANES: usize = 5;

/// Rounds take turns between two groups of devices: BlueZ lets go of each for two seconds.
const GROUPS: [&str; 2] = ["A", "B"];

/// How long to listen for a device.
const LISTEN: Duration = Duration::from_secs(10);

/// After so many rounds everything is there that one process needs once.
const WARM: usize = 5;

/// Bytes of heap that may be in use more than then: a leak of 32 bytes in each of the 1600 exchanges would be more. What the
/// kernel gives the process says less: it depends on when which page was touched.
const GROWTH: usize = 48 * 1024;

/// What this process holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Holdings {
    heap: usize,
    descriptors: usize,
    tasks: usize,
    connections: usize,
}

/// Finds devices, connects, provisions and closes, `count` in all, and compares what the process holds.
pub(crate) async fn many(count: usize, prefix: &str) -> Outcome {
    let bluetooth = Rc::new(Bluetooth::open(None).await?);
    // An eye of its own on the connections, there from the beginning.
    let adapters = Manager::new().await?.adapters().await?;
    let adapter = adapters.first().ok_or("no adapter")?;
    let (start, rounds) = (Instant::now(), count / DEVICES);
    let (mut problems, mut provisioned, mut warm) = (Vec::new(), 0, None);
    for number in 0..rounds {
        if number == WARM {
            bluetooth.settled().await;
            warm = Some(holdings(adapter).await?);
        }
        let group = format!("{prefix}{}_", GROUPS[number % GROUPS.len()]);
        match round(&bluetooth, &group).await {
            Ok(done) => provisioned += done,
            Err(error) => problems.push(format!("round {number}: {error}")),
        }
    }
    bluetooth.settled().await;
    let (after, took) = (holdings(adapter).await?, start.elapsed());
    let warm = warm.ok_or("too few to say anything")?;
    let early = WARM * DEVICES;
    eprintln!("{provisioned} provisions in {took:.1?}; held after {early}: {warm:?}, at the end: {after:?}");
    if provisioned != count {
        problems.push(format!("{provisioned} provisions instead of {count}"));
    }
    if after.connections != 0 {
        problems.push(format!("{} connections are left", after.connections));
    }
    if after.descriptors > warm.descriptors || after.tasks > warm.tasks {
        problems.push(format!("a leak: {warm:?} after {early}, {after:?} after {count}"));
    }
    if after.heap > warm.heap + GROWTH {
        problems.push(format!(
            "heap: {} bytes after {early}, {} after {count}",
            warm.heap, after.heap
        ));
    }
    let held = |of: Holdings| {
        serde_json::json!({"heap": of.heap, "fds": of.descriptors, "tasks": of.tasks,
            "connections": of.connections})
    };
    let row = serde_json::json!({
        "event": "row", "name": format!("{count} provisions in one process"), "ms": took.as_millis(),
        "held": {"after": early, "then": held(warm), "at_the_end": held(after)},
        "problems": problems.iter().take(5).collect::<Vec<_>>(),
    });
    println!("{row}");
    finish(&problems)
}

/// Listens for a group of devices and provisions all of them. Returns how many.
async fn round(bluetooth: &Rc<Bluetooth>, group: &str) -> Result<usize, Box<dyn core::error::Error>> {
    let mut scan = bluetooth.scan(DeviceFilter::new().name_prefix(group)).await?;
    let mut found: Vec<Discovered> = Vec::new();
    while found.len() < DEVICES {
        let device = timeout(LISTEN, scan.next())
            .await
            .map_err(|_| "not all were heard")??;
        found.retain(|known| known.id != device.id);
        found.push(device);
    }
    scan.stop().await;
    let waiting = Rc::new(RefCell::new(found));
    let mut lanes = Vec::new();
    for _ in 0..LANES {
        let (bluetooth, waiting) = (Rc::clone(bluetooth), Rc::clone(&waiting));
        lanes.push(tokio::task::spawn_local(async move {
            let mut done = 0;
            loop {
                let next = waiting.borrow_mut().pop();
                let Some(device) = next else {
                    return Ok(done);
                };
                let end = provision(&bluetooth, &device).await;
                end.map_err(|error| format!("{:?}: {error}", device.name))?;
                done += 1;
            }
        }));
    }
    let mut done = 0;
    for lane in lanes {
        let end: Result<usize, String> = lane.await?;
        done += end?;
    }
    Ok(done)
}

async fn provision(bluetooth: &Bluetooth, found: &Discovered) -> Outcome {
    let link = bluetooth.connect(found, ConnectOptions::default()).await?;
    let auth = Auto::new().with_pop(SECRET.as_bytes())?;
    let config = WifiConfig::new(b"Home", b"correct-horse")?;
    let mut device = Provisioner::new(link, auth, SysRng, TokioClock::new(), vec![0; 4096]);
    device.limit_total(Duration::from_secs(30));
    let end = device.provision_wifi(&config).await;
    device.close().await;
    match end? {
        End::Connected(_) => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

async fn holdings(adapter: &btleplug::platform::Adapter) -> Result<Holdings, Box<dyn core::error::Error>> {
    let mut connections = 0;
    for peripheral in adapter.peripherals().await? {
        // One that BlueZ has just forgotten is not connected.
        connections += usize::from(peripheral.is_connected().await.unwrap_or(false));
    }
    Ok(Holdings {
        heap: crate::HEAP.allocated(),
        descriptors: std::fs::read_dir("/proc/self/fd")?.count(),
        tasks: tokio::runtime::Handle::current().metrics().num_alive_tasks(),
        connections,
    })
}
