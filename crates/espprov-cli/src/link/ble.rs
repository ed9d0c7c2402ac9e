//! Bluetooth LE: which device is meant, and the way to it.

use crate::errors::{self, Failure, Place, from_ble};
use crate::output::{Output, Report, clean, table};
use crate::prompt::{self, Answer};
use core::fmt;
use core::time::Duration;
use espprov_btleplug::{BDAddr, BleTransport, Bluetooth, ConnectOptions, DeviceFilter, Discovered, Uuid};
use espprov_core::Phase;
use espprov_tokio::TokioClock;
use espprov_transport::{Clock, with_deadline};
use std::sync::OnceLock;

/// How long to listen for a device that was named.
const LISTEN: Duration = Duration::from_secs(10);

/// How long an interrupted run waits for the device to be let go.
const LETTING_GO: Duration = Duration::from_millis(2500);

/// The adapter in use: an interrupted run must be able to find it.
static IN_USE: OnceLock<Bluetooth> = OnceLock::new();

/// A device in reach of the radio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BleTarget {
    which: Which,
    /// Name or address of this computer's adapter.
    pub(crate) adapter: Option<String>,
    /// Service UUIDs besides the usual ones.
    pub(crate) services: Vec<Uuid>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Which {
    Any,
    Name(String),
    Prefix(String),
    Address(BDAddr),
    /// The platform's identifier, on macOS.
    Id(Uuid),
}

impl BleTarget {
    /// What stands behind `ble:`.
    pub(crate) fn parse(text: &str) -> Self {
        let which = if text.is_empty() {
            Which::Any
        } else if let Some(prefix) = text.strip_suffix('*') {
            Which::Prefix(prefix.to_owned())
        } else if let (true, Ok(address)) = (text.contains([':', '-']), text.replace('-', ":").parse()) {
            Which::Address(address)
        } else if let (true, Ok(id)) = (text.len() == 36, text.parse()) {
            Which::Id(id)
        } else {
            Which::Name(text.to_owned())
        };
        Self::new(which)
    }

    /// The device of this name.
    pub(crate) fn named(name: &str) -> Self {
        Self::new(Which::Name(name.to_owned()))
    }

    const fn new(which: Which) -> Self {
        Self {
            which,
            adapter: None,
            services: Vec::new(),
        }
    }

    fn filter(&self) -> DeviceFilter {
        let filter = self
            .services
            .iter()
            .fold(DeviceFilter::new(), |filter, service| filter.service(*service));
        match &self.which {
            Which::Any => filter,
            Which::Name(name) => filter.name(name),
            Which::Prefix(prefix) => filter.name_prefix(prefix),
            Which::Address(address) => filter.address(*address),
            Which::Id(id) => filter.id(id.to_string()),
        }
    }
}

impl fmt::Display for BleTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.which {
            Which::Any => f.write_str("ble"),
            Which::Name(name) => write!(f, "ble:{}", clean(name)),
            Which::Prefix(prefix) => write!(f, "ble:{}*", clean(prefix)),
            Which::Address(address) => write!(f, "ble:{address}"),
            Which::Id(id) => write!(f, "ble:{id}"),
        }
    }
}

/// Opens the adapter.
pub(crate) async fn adapter(choice: Option<&str>, place: &Place) -> Result<Bluetooth, Failure> {
    if let Some(open) = IN_USE.get() {
        return Ok(open.clone());
    }
    let bluetooth = Bluetooth::open(choice)
        .await
        .map_err(|error| from_ble(Phase::Connect, &error, place))?;
    Ok(IN_USE.get_or_init(|| bluetooth).clone())
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
    let explain = |error| from_ble(Phase::Connect, &error, place);
    let late = |_| errors::deadline("connecting", place);
    let bluetooth = with_deadline(&clock, until, adapter(target.adapter.as_deref(), place))
        .await
        .map_err(late)??;
    out.progress("looking for the device");
    let filter = target.filter();
    let found = with_deadline(&clock, until, bluetooth.candidates(&filter, LISTEN))
        .await
        .map_err(late)?
        .map_err(explain)?;
    let asked_at = clock.now();
    let device = choose(found, place, out).await?;
    let asked = clock.now().saturating_sub(asked_at);
    if let Some(name) = &device.name
        && !place.anonymous
    {
        out.detail(1, &format!("found {} ({})", clean(name), device.id));
    }
    out.progress("connecting");
    let connecting = bluetooth.connect(&device, ConnectOptions::default());
    let link = with_deadline(&clock, until.saturating_add(asked), connecting)
        .await
        .map_err(late)?
        .map_err(explain)?;
    out.detail(1, &format!("connected, MTU {}", link.mtu()));
    Ok((link, asked))
}

async fn choose(mut found: Vec<Discovered>, place: &Place, out: &Output) -> Result<Discovered, Failure> {
    if found.len() == 1 {
        return Ok(found.remove(0));
    }
    if found.is_empty() {
        return Err(from_ble(
            Phase::Connect,
            &espprov_btleplug::BleError::DeviceNotFound,
            place,
        ));
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
        let names: Vec<_> = found.iter().map(short).collect();
        return Err(Failure::usage(
            "several_devices",
            format!("several devices match: {}", names.join(", ")),
        )
        .cause("there is no terminal to ask on, or --json was given")
        .help("give the name or the address of one of them, such as ble:NAME"));
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

/// The address, or what the platform has instead.
fn address(device: &Discovered) -> String {
    device
        .address
        .map_or_else(|| device.id.clone(), |address| address.to_string())
}

fn short(device: &Discovered) -> String {
    match &device.name {
        Some(name) => format!("{} ({})", clean(name), address(device)),
        None => address(device),
    }
}

/// After an interruption: waits until the device was let go.
pub(crate) async fn let_go() {
    if let Some(bluetooth) = IN_USE.get() {
        // Whatever is not gone by then, the platform ends by itself.
        let _ = tokio::time::timeout(LETTING_GO, bluetooth.settled()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (text, expected) in [
            ("", Which::Any),
            ("PROV_1", Which::Name("PROV_1".into())),
            ("PROV_*", Which::Prefix("PROV_".into())),
            ("*", Which::Prefix(String::new())),
            (
                "aa:bb:cc:00:01:02",
                Which::Address([0xaa, 0xbb, 0xcc, 0, 1, 2].into()),
            ),
            (
                "AA-BB-CC-00-01-02",
                Which::Address([0xaa, 0xbb, 0xcc, 0, 1, 2].into()),
            ),
            // A name, though it looks a little like an address.
            ("aabbcc000102", Which::Name("aabbcc000102".into())),
            ("My Lamp: kitchen", Which::Name("My Lamp: kitchen".into())),
            (
                "1775244d-6b43-439b-877c-060f2d9bed07",
                Which::Id(espprov_btleplug::uuids::DEFAULT_SERVICE),
            ),
        ] {
            assert_eq!(BleTarget::parse(text).which, expected, "{text}");
        }
        for text in ["ble", "ble:PROV_1", "ble:PROV_*", "ble:AA:BB:CC:00:01:02"] {
            let rest = text.split_once(':').map_or("", |(_, rest)| rest);
            assert_eq!(BleTarget::parse(rest).to_string(), text);
        }
    }
}
