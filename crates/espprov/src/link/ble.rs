//! Bluetooth LE: from a target to a connection.

use super::nobody_chooses;
use crate::TokioClock;
use crate::deadline::within;
use crate::explain::LinkError;
use crate::target::BleTarget;
use crate::text::clean;
use crate::{Error, Place};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;
use espprov_btleplug::{BleError, BleTransport, Bluetooth, ConnectOptions, Discovered};
use espprov_core::Phase;

/// How long to listen for a device that was named.
const LISTEN: Duration = Duration::from_secs(10);

/// The only device that can be meant.
pub(crate) async fn open(
    target: &BleTarget,
    place: &Place,
    clock: TokioClock,
    until: Duration,
) -> Result<BleTransport, Error> {
    let bluetooth = adapter(target.adapter.as_deref(), place, clock, until).await?;
    let found = candidates(&bluetooth, target, place, clock, until).await?;
    match &*found {
        [device] => connect(&bluetooth, device, place, clock, until).await,
        found => Err(several(place, found)),
    }
}

/// Opens the adapter.
///
/// # Errors
/// `no_adapter`, `adapter_off`, `no_permission`, `no_bluetooth`; `deadline`.
pub async fn adapter(
    choice: Option<&str>,
    place: &Place,
    clock: TokioClock,
    until: Duration,
) -> Result<Bluetooth, Error> {
    within(clock, until, "connecting", place, Bluetooth::open(choice))
        .await?
        .map_err(|error| error.explain(Phase::Connect, place))
}

/// The devices that can be meant, the loudest first; one at least.
///
/// # Errors
/// `device_not_found`, and what keeps this computer from Bluetooth; `deadline`.
pub async fn candidates(
    bluetooth: &Bluetooth,
    target: &BleTarget,
    place: &Place,
    clock: TokioClock,
    until: Duration,
) -> Result<Vec<Discovered>, Error> {
    let filter = target.filter();
    let found = within(
        clock,
        until,
        "connecting",
        place,
        bluetooth.candidates(&filter, LISTEN),
    )
    .await?
    .map_err(|error| error.explain(Phase::Connect, place))?;
    if found.is_empty() {
        return Err(BleError::DeviceNotFound.explain(Phase::Connect, place));
    }
    Ok(found)
}

/// Several devices, and nobody who chooses.
#[must_use]
pub fn several(place: &Place, found: &[Discovered]) -> Error {
    let names: Vec<_> = found
        .iter()
        .map(|device| short(device, place.anonymous))
        .collect();
    let said = format!("several devices match: {}", names.join(", "));
    nobody_chooses(place, "several_devices", said)
        .with_help("give the name or the address of one of them, such as ble:NAME")
}

/// Connects to a device that was found.
///
/// # Errors
/// `cannot_connect`, `not_a_device`, `needs_pairing` and others of the link; `deadline`.
pub async fn connect(
    bluetooth: &Bluetooth,
    device: &Discovered,
    place: &Place,
    clock: TokioClock,
    until: Duration,
) -> Result<BleTransport, Error> {
    let connecting = bluetooth.connect(device, ConnectOptions::default());
    within(clock, until, "connecting", place, connecting)
        .await?
        .map_err(|error| error.explain(Phase::Connect, place))
}

/// The address, or what the platform has instead.
#[must_use]
pub fn address(device: &Discovered) -> String {
    device
        .address
        .map_or_else(|| device.id.clone(), |address| address.to_string())
}

fn short(device: &Discovered, anonymous: bool) -> String {
    match &device.name {
        Some(name) if !anonymous => format!("{} ({})", clean(name), address(device)),
        _ => address(device),
    }
}
