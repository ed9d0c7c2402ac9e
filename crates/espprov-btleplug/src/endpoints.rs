//! Which characteristic is which endpoint.

use crate::uuids::{endpoint_id, endpoint_uuid, standard_name};
use btleplug::api::{Characteristic, Service};
use uuid::Uuid;

/// The endpoints of a connected device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointMap {
    service: Uuid,
    /// Names, and where they lead.
    entries: Vec<(String, Characteristic)>,
}

/// Longest name taken from a device: firmware has names of a few dozen bytes, and they are printed.
const MAX_NAME: usize = 64;

impl EndpointMap {
    /// Puts the map together from the characteristics of `service`, each with the value of its user
    /// description (0x2901) if it has one that could be read.
    ///
    /// A name read from the device counts. Characteristics without one (old firmware) get the usual name of
    /// their id, unless another one carries it already; those that still have none are left out.
    pub(crate) fn new(
        service: Uuid,
        characteristics: impl IntoIterator<Item = (Characteristic, Option<Vec<u8>>)>,
    ) -> Self {
        let mut entries: Vec<(String, Characteristic)> = Vec::new();
        let mut nameless = Vec::new();
        for (characteristic, description) in characteristics {
            match description.as_deref().and_then(valid_name) {
                Some(name) if entries.iter().all(|(known, _)| known != name) => {
                    entries.push((name.to_owned(), characteristic));
                }
                _ => nameless.push(characteristic),
            }
        }
        for characteristic in nameless {
            let name = endpoint_id(service, characteristic.uuid).and_then(standard_name);
            if let Some(name) = name
                && entries.iter().all(|(known, _)| known != name)
            {
                entries.push((name.to_owned(), characteristic));
            }
        }
        Self { service, entries }
    }

    /// The service the endpoints belong to.
    #[must_use]
    pub const fn service(&self) -> Uuid {
        self.service
    }

    /// The names, in the order of the characteristics.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(name, _)| name.as_str())
    }

    /// The characteristic of an endpoint.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Characteristic> {
        self.entries
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, characteristic)| characteristic)
    }

    /// No endpoint at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// An endpoint name as a device may give it; some firmware counts the terminating NUL in.
pub(crate) fn valid_name(bytes: &[u8]) -> Option<&str> {
    let bytes = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    let name = core::str::from_utf8(bytes).ok()?;
    let printable = name.bytes().all(|b| b.is_ascii_graphic());
    (!name.is_empty() && name.len() <= MAX_NAME && printable).then_some(name)
}

/// The provisioning service among all services of a device: the first of `wanted` that is there, else one that
/// has a handshake endpoint by the id table.
pub(crate) fn choose_service<'a>(
    services: impl Iterator<Item = &'a Service> + Clone,
    wanted: &[Uuid],
) -> Option<&'a Service> {
    wanted
        .iter()
        .find_map(|uuid| services.clone().find(|service| service.uuid == *uuid))
        .or_else(|| {
            services.clone().find(|service| {
                let session = endpoint_uuid(service.uuid, 0xff51);
                service.characteristics.iter().any(|c| c.uuid == session)
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uuids::{DEFAULT_SERVICE, EXAMPLE_SERVICE};
    use std::collections::BTreeSet;

    fn characteristic(service: Uuid, id: u16) -> Characteristic {
        Characteristic {
            uuid: endpoint_uuid(service, id),
            service_uuid: service,
            properties: btleplug::api::CharPropFlags::READ | btleplug::api::CharPropFlags::WRITE,
            descriptors: BTreeSet::new(),
        }
    }

    fn map(rows: &[(u16, Option<&[u8]>)]) -> Vec<(String, u16)> {
        let characteristics = rows
            .iter()
            .map(|(id, name)| (characteristic(DEFAULT_SERVICE, *id), name.map(<[u8]>::to_vec)));
        EndpointMap::new(DEFAULT_SERVICE, characteristics)
            .entries
            .into_iter()
            .map(|(name, c)| (name, endpoint_id(DEFAULT_SERVICE, c.uuid).unwrap()))
            .collect()
    }

    fn row(name: &str, id: u16) -> (String, u16) {
        (name.to_owned(), id)
    }

    #[test]
    fn a_name_from_the_device_beats_the_table() {
        let found = map(&[(0xff51, Some(b"prov-scan")), (0xff52, Some(b"prov-session\0"))]);
        assert_eq!(found, [row("prov-scan", 0xff51), row("prov-session", 0xff52)]);
    }

    #[test]
    fn old_firmware_has_the_table_only() {
        let found = map(&[(0xff51, None), (0xff53, Some(b"")), (0xff99, None)]);
        assert_eq!(found, [row("prov-session", 0xff51), row("proto-ver", 0xff53)]);
    }

    #[test]
    fn the_table_does_not_steal_a_name() {
        // ff51 has no name; the one it would get is taken.
        let found = map(&[(0xff51, None), (0xff55, Some(b"prov-session"))]);
        assert_eq!(found, [row("prov-session", 0xff55)]);
    }

    #[test]
    fn names_that_are_none() {
        let long = [b'a'; 65];
        for bad in [&b"\xff\xfe"[..], b"two words", b"\x1b[31mred", &long] {
            assert_eq!(map(&[(0xff60, Some(bad))]), [], "{bad:?}");
        }
        // The same name twice: the first one counts.
        let found = map(&[(0xff60, Some(b"x")), (0xff61, Some(b"x"))]);
        assert_eq!(found, [row("x", 0xff60)]);
    }

    fn service(uuid: Uuid, ids: &[u16]) -> Service {
        Service {
            uuid,
            primary: true,
            characteristics: ids.iter().map(|id| characteristic(uuid, *id)).collect(),
        }
    }

    #[test]
    fn the_service_asked_for_comes_first() {
        let other = Uuid::from_u128(0x1234_5678_0000_1000_8000_0080_5f9b_34fb);
        let all = [
            service(other, &[0xff51]),
            service(EXAMPLE_SERVICE, &[0xff51]),
            service(DEFAULT_SERVICE, &[0xff51]),
        ];
        let chosen = |wanted: &[Uuid]| choose_service(all.iter(), wanted).map(|s| s.uuid);
        assert_eq!(chosen(&[DEFAULT_SERVICE, EXAMPLE_SERVICE]), Some(DEFAULT_SERVICE));
        assert_eq!(chosen(&[EXAMPLE_SERVICE]), Some(EXAMPLE_SERVICE));
        // None of them, but one looks like it.
        assert_eq!(chosen(&[Uuid::nil()]), Some(other));
        let battery = [service(Uuid::from_u128(0x180f), &[1])];
        assert_eq!(choose_service(battery.iter(), &[DEFAULT_SERVICE]), None);
    }
}
