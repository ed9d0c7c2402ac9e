//! Bluetooth LE: which device is meant, and how devices are shown.

use crate::errors::{self, Failure, Place};
use crate::output::{Output, Report, clean, table};
use crate::prompt::{self, Answer};
use core::time::Duration;
use espprov::TokioClock;
use espprov::link::ble::{self, address};
use espprov::target::BleTarget;
use espprov_btleplug::{BleTransport, Bluetooth, Discovered};
use espprov_transport::Clock;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long an interrupted run waits for the device to be let go.
const LETTING_GO: Duration = Duration::from_millis(2500);

/// The adapter in use: an interrupted run must be able to find it.
static IN_USE: Mutex<Option<Bluetooth>> = Mutex::new(None);

fn in_use() -> MutexGuard<'static, Option<Bluetooth>> {
    IN_USE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// It lives on the runtime of this run: the next run in this process opens it anew.
pub(crate) fn forget() {
    *in_use() = None;
}

/// Opens the adapter.
pub(crate) async fn adapter(
    choice: Option<&str>,
    place: &Place,
    clock: TokioClock,
    until: Duration,
) -> Result<Bluetooth, Failure> {
    if let Some(open) = in_use().clone() {
        return Ok(open);
    }
    let bluetooth = ble::adapter(choice, place, clock, until).await?;
    Ok(in_use().get_or_insert(bluetooth).clone())
}

/// Finds the device, asks where several could be meant, and connects. Also returns how long the question took:
/// that time does not count.
pub(super) async fn open(
    target: &BleTarget,
    place: &Place,
    out: &Output,
    clock: TokioClock,
    until: Duration,
) -> Result<(BleTransport, Duration), Failure> {
    let bluetooth = adapter(target.adapter.as_deref(), place, clock, until).await?;
    out.progress("looking for the device");
    let found = ble::candidates(&bluetooth, target, place, clock, until).await?;
    let asked_at = clock.now();
    let device = choose(found, place, out).await?;
    let asked = clock.now().saturating_sub(asked_at);
    if let Some(name) = &device.name
        && !place.anonymous
    {
        out.detail(1, &format!("found {} ({})", clean(name), device.id));
    }
    out.progress("connecting");
    let until = until.saturating_add(asked);
    let link = ble::connect(&bluetooth, &device, place, clock, until).await?;
    out.detail(1, &format!("connected, MTU {}", link.mtu()));
    Ok((link, asked))
}

async fn choose(mut found: Vec<Discovered>, place: &Place, out: &Output) -> Result<Discovered, Failure> {
    if found.len() == 1 {
        return Ok(found.remove(0));
    }
    let labels = table(&found.iter().map(row).collect::<Vec<_>>());
    if !out.may_ask() {
        // The name on a label is in no log: only the addresses tell these devices apart.
        if place.anonymous {
            for device in &mut found {
                device.name = None;
            }
        }
        for device in &found {
            out.event(&report(device));
        }
        return Err(ble::several(place, &found));
    }
    out.stop_progress();
    let Answer::Given(index) = prompt::ask(move || prompt::one_of("Which device?", &labels)).await? else {
        return Err(errors::cancelled());
    };
    Ok(found.swap_remove(index.min(found.len() - 1)))
}

/// A device as a row for people.
pub(crate) fn row(device: &Discovered) -> Vec<String> {
    vec![
        device
            .name
            .as_deref()
            .map_or_else(|| "(no name)".to_owned(), clean),
        address(device),
        format!("{:>4} dBm", device.rssi),
        device.service.to_string(),
    ]
}

/// The devices so far as a table for people, in the order they were first heard: lines do not jump about.
pub(crate) fn overview(devices: &[Discovered]) -> Vec<String> {
    let headings = ["NAME", "ADDRESS", "RSSI", "SERVICE"].map(str::to_owned);
    let rows: Vec<_> = core::iter::once(headings.to_vec())
        .chain(devices.iter().map(row))
        .collect();
    table(&rows)
}

/// A device as an event.
pub(crate) fn report(device: &Discovered) -> Report {
    Report::Device {
        name: device.name.clone(),
        address: address(device),
        rssi: device.rssi,
        service: device.service.to_string(),
    }
}

/// After an interruption: waits until the device was let go.
pub(crate) async fn let_go() {
    let bluetooth = in_use().clone();
    if let Some(bluetooth) = bluetooth {
        // Whatever is not gone by then, the platform ends by itself.
        let _ = tokio::time::timeout(LETTING_GO, bluetooth.settled()).await;
    }
}
