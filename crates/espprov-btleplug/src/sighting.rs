//! What has been heard of the devices around, put together from many reports.

use crate::filter::{DeviceFilter, Seen};
use btleplug::api::{BDAddr, PeripheralProperties};
use btleplug::platform::PeripheralId;
use std::collections::HashMap;
use uuid::Uuid;

/// A device that advertises provisioning.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Discovered {
    /// The platform's identifier: an object path on Linux, the address on Windows, a UUID of this Mac's own
    /// making on macOS.
    pub id: String,
    /// Its name, once the scan response was heard.
    pub name: Option<String>,
    /// Its address; `None` on macOS, which does not tell.
    pub address: Option<BDAddr>,
    /// Signal strength in dBm, of the last report.
    pub rssi: i16,
    /// The provisioning service it advertises.
    pub service: Uuid,
    /// What the platform finds it again by, without listing all it knows.
    pub(crate) handle: Option<PeripheralId>,
}

/// Everything heard so far. `K` identifies a device to the platform.
#[derive(Debug)]
pub(crate) struct Sightings<K> {
    filter: DeviceFilter,
    devices: HashMap<K, Merged>,
}

/// One device: advertisement and scan response together.
#[derive(Debug, Default)]
struct Merged {
    name: Option<String>,
    services: Vec<Uuid>,
    told: Option<Discovered>,
}

impl<K: core::hash::Hash + Eq + Clone + ToString> Sightings<K> {
    pub(crate) fn new(filter: DeviceFilter) -> Self {
        Self {
            filter,
            devices: HashMap::new(),
        }
    }

    /// Takes a report in. Returns the device if it matches and something about it is new.
    ///
    /// A report without signal strength is one the platform remembers, not one it heard: the device may be
    /// long gone.
    pub(crate) fn report(&mut self, key: &K, report: &PeripheralProperties) -> Option<Discovered> {
        let rssi = report.rssi?;
        let known = self.devices.entry(key.clone()).or_default();
        // The alias is what the user called it, and the address in other clothes where there is no name.
        let name = report
            .advertisement_name
            .as_deref()
            .or(report.local_name.as_deref());
        if let Some(name) = name.filter(|name| is_name(name, report.address)) {
            known.name = Some(name.to_owned());
        }
        for service in &report.services {
            if !known.services.contains(service) {
                known.services.push(*service);
            }
        }
        let id = key.to_string();
        let matches = self.filter.matches(Seen {
            services: &known.services,
            name: known.name.as_deref(),
            address: report.address,
            id: &id,
        });
        if !matches {
            return None;
        }
        let wanted = self.filter.services();
        let found = Discovered {
            id,
            name: known.name.clone(),
            address: (report.address != BDAddr::default()).then_some(report.address),
            rssi,
            service: *known.services.iter().find(|s| wanted.contains(s))?,
            handle: None,
        };
        if known.told.as_ref() == Some(&found) {
            return None;
        }
        known.told = Some(found.clone());
        Some(found)
    }

    /// It was heard, but its name or its services have not been.
    pub(crate) fn is_incomplete(&self, key: &K) -> bool {
        self.devices
            .get(key)
            .is_some_and(|known| known.name.is_none() || known.services.is_empty())
    }
}

/// Whether this is a name that was heard: BlueZ calls a nameless device by its address, with dashes.
fn is_name(name: &str, address: BDAddr) -> bool {
    let as_address = address.to_string();
    !name.is_empty() && !name.replace('-', ":").eq_ignore_ascii_case(&as_address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uuids::{DEFAULT_SERVICE, EXAMPLE_SERVICE};

    fn report(name: Option<&str>, services: &[Uuid], rssi: Option<i16>) -> PeripheralProperties {
        PeripheralProperties {
            address: [1, 2, 3, 4, 5, 0xaf].into(),
            advertisement_name: name.map(str::to_owned),
            services: services.to_vec(),
            rssi,
            ..PeripheralProperties::default()
        }
    }

    fn all() -> Sightings<&'static str> {
        Sightings::new(DeviceFilter::new())
    }

    #[test]
    fn advertisement_and_scan_response_are_one_device() {
        let mut seen = all();
        assert_eq!(
            seen.report(&"a", &report(None, &[DEFAULT_SERVICE], Some(-60))),
            None
        );
        let found = seen.report(&"a", &report(Some("PROV_1"), &[], Some(-61)));
        let found = found.unwrap();
        assert!(!seen.is_incomplete(&"a"));
        assert_eq!(
            (found.name.as_deref(), found.rssi, found.service),
            (Some("PROV_1"), -61, DEFAULT_SERVICE)
        );
        // In the other order too.
        let mut seen = all();
        assert_eq!(seen.report(&"a", &report(Some("PROV_1"), &[], Some(-61))), None);
        assert!(
            seen.report(&"a", &report(None, &[EXAMPLE_SERVICE], Some(-60)))
                .is_some()
        );
    }

    #[test]
    fn two_halves_of_two_devices_are_none() {
        let mut seen = all();
        assert_eq!(
            seen.report(&"a", &report(None, &[DEFAULT_SERVICE], Some(-60))),
            None
        );
        assert_eq!(seen.report(&"b", &report(Some("PROV_1"), &[], Some(-60))), None);
    }

    #[test]
    fn ghosts_are_not_heard() {
        let mut seen = all();
        let ghost = report(Some("PROV_1"), &[DEFAULT_SERVICE], None);
        assert_eq!(seen.report(&"a", &ghost), None);
    }

    #[test]
    fn news_only() {
        let mut seen = all();
        let mut ask = |rssi| {
            let report = report(Some("PROV_1"), &[DEFAULT_SERVICE], Some(rssi));
            seen.report(&"a", &report).is_some()
        };
        assert!(ask(-60));
        assert!(!ask(-60));
        assert!(ask(-50));
    }

    #[test]
    fn an_address_is_no_name() {
        let address: BDAddr = [1, 2, 3, 4, 5, 0xaf].into();
        assert!(!is_name("01-02-03-04-05-AF", address));
        assert!(!is_name("", address));
        assert!(is_name("PROV_1", address));
        let mut seen = all();
        let mut alias = report(None, &[DEFAULT_SERVICE], Some(-60));
        alias.local_name = Some("01-02-03-04-05-AF".into());
        assert_eq!(seen.report(&"a", &alias), None);
    }
}
