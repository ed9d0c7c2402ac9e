//! `discover`: which devices wait for their network, within reach of this computer's Bluetooth.

use crate::args::DiscoverArgs;
use crate::errors::{CALLER, Explained, Failure, Place};
use crate::link::ble;
use crate::output::{Output, Success, padded};
use core::time::Duration;
use espprov::{LinkKind, TokioClock};
use espprov_btleplug::{BleError, DeviceFilter, Discovered};
use espprov_core::Phase;
use espprov_transport::Clock;
use tokio::time::{Instant, timeout_at};

/// How long this computer's Bluetooth may take to answer at all.
const OPENING: Duration = Duration::from_secs(30);

pub(super) async fn discover(
    out: &Output,
    args: &DiscoverArgs,
    global: &crate::args::Global,
) -> Result<Success, Failure> {
    let clock = TokioClock::new();
    let place = Place::new(CALLER, LinkKind::Ble, "ble");
    let explain = |error: &BleError| error.explain(Phase::Connect, &place);
    let bluetooth = ble::adapter(
        global.adapter.as_deref(),
        &place,
        clock,
        clock.now().saturating_add(OPENING),
    )
    .await?;
    let mut filter = DeviceFilter::new();
    if let Some(prefix) = &args.prefix {
        filter = filter.name_prefix(prefix);
    }
    for service in &global.service {
        filter = filter.service(*service);
    }
    let end = Instant::now() + args.timeout;
    let mut scan = bluetooth.scan(filter).await.map_err(|e| explain(&e))?;
    let mut known: Vec<Discovered> = Vec::new();
    let live = out.live_table("listening");
    if live.is_none() {
        out.progress("listening");
    }
    while let Ok(device) = timeout_at(end, scan.next()).await {
        let device = device.map_err(|e| explain(&e))?;
        match known.iter_mut().find(|old| old.id == device.id) {
            Some(old) => *old = device,
            None => {
                out.event(&ble::report(&device));
                if live.is_none() {
                    // Each device once, as soon as it is heard: lines can be piped.
                    let row = ble::row(&device);
                    if let [name, address, rssi, service] = row.as_slice() {
                        let name = padded(name, 29);
                        out.say(&format!("{name}  {address:<17}  {rssi:>8}  {service}"));
                    }
                }
                known.push(device);
            }
        }
        if let Some(live) = &live {
            live.draw(&ble::overview(&known));
        }
    }
    let interrupted = scan.is_interrupted();
    scan.stop().await;
    if let Some(live) = live {
        live.clear();
        if !known.is_empty() {
            ble::overview(&known).iter().for_each(|line| out.say(line));
        }
    }
    if known.is_empty() {
        // That nothing was heard says nothing of the devices, where nobody listened.
        return Err(explain(if interrupted {
            &BleError::NoBluetoothService
        } else {
            &BleError::DeviceNotFound
        }));
    }
    Ok(Success::done())
}
