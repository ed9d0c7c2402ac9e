//! The attribute table: one service, one characteristic per endpoint.

use super::{GattOptions, MAX_VALUE, ServeError};
use crate::Service;
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use espprov_device::BleStack;
use espprov_transport::Endpoint as Name;
use heapless::{String, Vec};
use trouble_host::prelude::{
    AttributeServer, AttributeTable, CharacteristicProp, GapConfig, PacketPool, PermissionLevel, Uuid,
};

/// Attributes ahead of the device's own service: two services, and three characteristics of the second.
const STANDARD: usize = 9;

/// Longest name in the GAP service.
const GAP_NAME_MAX: usize = 22;

/// The descriptor that holds an endpoint's name.
const USER_DESCRIPTION: u16 = 0x2901;

/// How many attributes a server with so many endpoints has at most, for the size of its [`GattResources`].
#[must_use]
pub const fn attributes(endpoints: usize) -> usize {
    endpoints
        .saturating_mul(3)
        .saturating_add(1)
        .saturating_add(STANDARD)
}

/// Memory of a [`GattServer`](super::GattServer): names and last answers of so many endpoints, and a buffer for the
/// exchange under way.
///
/// The buffer takes the request and its answer: as long as the longest value, and what the cipher adds. A request or an
/// answer that does not fit is refused.
///
/// ```
/// use espprov_services::ble::{GattResources, attributes};
///
/// let mut buf = [0; 640];
/// // The five of the firmware, and one of the application's.
/// let resources: GattResources<'_, 6, { attributes(6) }> = GattResources::new(&mut buf);
/// # let _ = resources;
/// ```
#[derive(Debug)]
pub struct GattResources<'b, const ENDPOINTS: usize, const ATTRIBUTES: usize, const VALUE: usize = MAX_VALUE>
{
    pub(super) buf: &'b mut [u8],
    pub(super) names: Names<ENDPOINTS>,
    pub(super) values: [[u8; VALUE]; ENDPOINTS],
}

/// Id and name of each endpoint.
pub(super) type Names<const ENDPOINTS: usize> = Vec<(u16, String<{ Name::MAX_LEN }>), ENDPOINTS>;

impl<'b, const ENDPOINTS: usize, const ATTRIBUTES: usize, const VALUE: usize>
    GattResources<'b, ENDPOINTS, ATTRIBUTES, VALUE>
{
    /// With a buffer for the exchange under way.
    pub const fn new(buf: &'b mut [u8]) -> Self {
        Self {
            buf,
            names: Vec::new(),
            values: [[0; VALUE]; ENDPOINTS],
        }
    }
}

/// What the endpoints of a service are called.
pub(super) fn names<const ENDPOINTS: usize>(service: &impl Service) -> Result<Names<ENDPOINTS>, ServeError> {
    let mut names = Vec::new();
    let mut fits = true;
    service.endpoints(&mut |id, name| {
        let name = String::try_from(name).map_err(drop);
        fits &= name.and_then(|name| names.push((id, name)).map_err(drop)).is_ok();
    });
    fits.then_some(names).ok_or(ServeError::TooManyEndpoints)
}

/// Handle of the value, and name of an endpoint.
#[derive(Debug)]
pub(super) struct Endpoint<'d> {
    pub(super) handle: u16,
    pub(super) name: &'d str,
}

/// The attributes, and which of them are endpoints.
pub(super) struct Table<'d, P: PacketPool, const ENDPOINTS: usize, const ATTRIBUTES: usize> {
    pub(super) server: AttributeServer<'d, NoopRawMutex, P, ATTRIBUTES, 1>,
    endpoints: Vec<Endpoint<'d>, ENDPOINTS>,
}

impl<'d, P: PacketPool, const ENDPOINTS: usize, const ATTRIBUTES: usize> Table<'d, P, ENDPOINTS, ATTRIBUTES> {
    pub(super) fn new<const VALUE: usize>(
        names: &'d Names<ENDPOINTS>,
        values: &'d mut [[u8; VALUE]; ENDPOINTS],
        options: &'d GattOptions<'_>,
    ) -> Result<Self, ServeError> {
        // trouble-host would panic.
        if attributes(names.len()) > ATTRIBUTES {
            return Err(ServeError::TooManyEndpoints);
        }
        let mut table = AttributeTable::new();
        add_standard_services(&mut table, options).map_err(|_| ServeError::TooManyEndpoints)?;
        let mut endpoints = Vec::new();
        let service = trouble_host::attribute::Service::new(uuid(options.service, None));
        let mut service = table.add_service(service);
        for ((id, name), value) in names.iter().zip(values) {
            let properties = [CharacteristicProp::Read, CharacteristicProp::Write];
            let uuid = uuid(options.service, Some(*id));
            // A slice: of no fixed length, and empty for now.
            let nothing: &[u8] = &[];
            let mut builder = service.add_characteristic(uuid, properties, nothing, value);
            if options.names {
                builder.add_descriptor_ro::<str, _>(
                    USER_DESCRIPTION,
                    PermissionLevel::Allowed,
                    name.as_str(),
                );
            }
            let handle = builder.build().handle;
            let endpoint = Endpoint { handle, name };
            endpoints
                .push(endpoint)
                .map_err(|_| ServeError::TooManyEndpoints)?;
        }
        service.build();
        Ok(Self {
            server: AttributeServer::new(table),
            endpoints,
        })
    }

    /// The endpoint whose value has this handle.
    pub(super) fn endpoint(&self, handle: u16) -> Option<&Endpoint<'d>> {
        self.endpoints.iter().find(|endpoint| endpoint.handle == handle)
    }

    /// Puts an answer where the client reads it. `false`: it is longer than a value.
    pub(super) fn set(&self, endpoint: &Endpoint<'_>, value: &[u8]) -> bool {
        self.server.table().write(endpoint.handle, 0, value).is_ok()
    }

    /// What the last client read is not for the next.
    pub(super) fn clear(&self) {
        for endpoint in &self.endpoints {
            // It fits: nothing fits everywhere.
            self.set(endpoint, &[]);
        }
    }
}

/// The services that the host adds ahead of the device's own. NimBLE as provisioning firmware configures it has none,
/// or (newer) the one that tells of changes; Bluedroid has both of the specification's.
fn add_standard_services<'d, const ATTRIBUTES: usize>(
    table: &mut AttributeTable<'d, NoopRawMutex, ATTRIBUTES>,
    options: &'d GattOptions<'_>,
) -> Result<(), &'static str> {
    match options.stack {
        BleStack::Bluedroid => GapConfig::default(cut(options.name, GAP_NAME_MAX)).build(table),
        _ if options.service_changed => {
            let mut service = table.add_service(trouble_host::attribute::Service::new(0x1801_u16));
            // Handles from and to; never indicated, for nothing changes.
            let range = [0_u8, 0, 0xff, 0xff];
            service
                .add_characteristic_small(0x2a05_u16, [CharacteristicProp::Indicate], range)
                .build();
            service
                .add_characteristic_small(0x2b3a_u16, [CharacteristicProp::Read], 0_u8)
                .build();
            let client_features = [CharacteristicProp::Read, CharacteristicProp::Write];
            service
                .add_characteristic_small(0x2b29_u16, client_features, 0_u8)
                .build();
            service.build();
            Ok(())
        }
        _ => Ok(()),
    }
}

/// A UUID of the service, with an endpoint's id in its field.
fn uuid(service: [u8; 16], id: Option<u16>) -> Uuid {
    let [a, b, c, d, rest @ ..] = service;
    let [c, d] = id.map_or([c, d], u16::to_be_bytes);
    let mut bytes = [0; 16];
    for (place, byte) in bytes.iter_mut().rev().zip([a, b, c, d].into_iter().chain(rest)) {
        *place = byte;
    }
    Uuid::new_long(bytes)
}

/// The beginning of a name, at most so many bytes.
pub(super) fn cut(name: &str, most: usize) -> &str {
    let mut ends = (0..=most.min(name.len())).rev();
    // `str::floor_char_boundary` is newer than the oldest compiler this is built with.
    ends.find_map(|end| name.get(..end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use espprov_device::{Firmware, Quirks};
    use trouble_host::prelude::DefaultPacketPool;

    fn with_names<const N: usize>(names: [&str; N]) -> Names<8> {
        let named = crate::with_ids(names).map(|(id, name)| (id, String::try_from(name).unwrap()));
        named.collect()
    }

    /// Handle of the first value of the device's own service.
    fn first_handle(firmware: Firmware, stack: BleStack, name: &str) -> u16 {
        let options = GattOptions::new(name, &Quirks::vendor_ble(firmware, stack));
        let names = with_names(["prov-session"]);
        let mut values = [[0; 16]; 8];
        let table =
            Table::<DefaultPacketPool, 8, { attributes(1) }>::new(&names, &mut values, &options).unwrap();
        table.endpoints[0].handle
    }

    #[test]
    fn service_changed_moves_the_handles_by_eight() {
        for firmware in [Firmware::Idf44, Firmware::Idf52, Firmware::Idf55] {
            assert_eq!(
                first_handle(firmware, BleStack::NimBle, "PROV_1"),
                3,
                "{firmware:?}"
            );
        }
        assert_eq!(first_handle(Firmware::Idf6, BleStack::NimBle, "PROV_1"), 11);
    }

    #[test]
    fn a_name_may_be_longer_than_the_gap_service_has_room_for() {
        let long = "PROV_abcdefghijklmnopqrstuvwx";
        assert!(first_handle(Firmware::Idf6, BleStack::Bluedroid, long) > 3);
        assert_eq!(cut(long, 22), &long[..22]);
        assert_eq!(cut("short", 22), "short");
        assert_eq!(cut("aöö", 4), "aö", "not in the middle of a character");
    }

    #[test]
    fn too_many_are_an_error() {
        let options = GattOptions::new("PROV_1", &Quirks::vendor_ble(Firmware::Idf6, BleStack::NimBle));
        let names = with_names(["prov-session", "proto-ver"]);
        let mut values = [[0; 16]; 8];
        let table = Table::<DefaultPacketPool, 8, { attributes(1) }>::new(&names, &mut values, &options);
        assert_eq!(table.err(), Some(ServeError::TooManyEndpoints));
    }

    #[test]
    fn endpoints_have_their_ids_and_keep_their_answers() {
        let options = GattOptions::new("PROV_1", &Quirks::vendor_ble(Firmware::Idf44, BleStack::NimBle));
        let names = with_names(["prov-session", "proto-ver", "custom-data"]);
        let mut values = [[0; 16]; 8];
        let table =
            Table::<DefaultPacketPool, 8, { attributes(3) }>::new(&names, &mut values, &options).unwrap();
        let ids: std::vec::Vec<_> = [3, 6, 9]
            .into_iter()
            .map(|handle| {
                let uuid = table.server.table().uuid(handle).unwrap();
                let Uuid::Uuid128(bytes) = uuid else {
                    panic!("{uuid:?}");
                };
                assert_eq!(
                    bytes[..12],
                    [7, 0xed, 0x9b, 0x2d, 0x0f, 6, 0x7c, 0x87, 0x9b, 0x43, 0x43, 0x6b]
                );
                assert_eq!(bytes[14..], [0x75, 0x17]);
                u16::from_le_bytes([bytes[12], bytes[13]])
            })
            .collect();
        assert_eq!(ids, [0xff51, 0xff53, 0xff54]);
        assert_eq!(table.endpoint(6).map(|endpoint| endpoint.name), Some("proto-ver"));
        assert!(table.endpoint(7).is_none());

        let endpoint = table.endpoint(6).unwrap();
        let value = || {
            let mut buf = [0; 32];
            let len = table.server.table().read(6, 0, &mut buf).unwrap();
            buf[..len].to_vec()
        };
        assert!(table.set(endpoint, b"v1.1"));
        assert!(table.set(endpoint, &[7; 16]));
        assert!(!table.set(endpoint, &[7; 17]), "longer than a value");
        assert_eq!(value(), [7; 16], "what was there before");
        assert!(table.set(endpoint, b"ab"));
        assert_eq!(value(), b"ab");
        table.clear();
        assert_eq!(value(), b"");
    }
}
