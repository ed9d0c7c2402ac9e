//! The UUIDs of a provisioning service.
//!
//! A device offers one service; every endpoint is a characteristic whose UUID is the service's with another
//! 16-bit field (the third and fourth byte, text positions 4..8).

use espprov_transport::Endpoint;
use uuid::{Uuid, uuid};

/// The service of the provisioning manager, unless the firmware sets its own.
pub const DEFAULT_SERVICE: Uuid = uuid!("1775244d-6b43-439b-877c-060f2d9bed07");

/// The service the vendor's examples set, and older applications with them.
pub const EXAMPLE_SERVICE: Uuid = uuid!("021a9004-0382-4aea-bff4-6b3f1c5adfb4");

/// The service that the vendor's example of local control sets. Applications are free to set another.
pub const LOCAL_CONTROL_SERVICE: Uuid = uuid!("3d981e4a-31eb-42b4-8a68-75bd8d3bd521");

/// The descriptor that holds an endpoint's name: Characteristic User Description.
pub const USER_DESCRIPTION: Uuid = uuid!("00002901-0000-1000-8000-00805f9b34fb");

/// Ids of the standard endpoints; an application's own follow from `ff54` in the order they were created.
pub const STANDARD_ENDPOINTS: [(u16, &str); 6] = Endpoint::BLE_IDS;

/// Bits of the 16-bit field in a UUID.
const FIELD_SHIFT: u32 = 96;
const FIELD: u128 = 0xffff << FIELD_SHIFT;

/// The characteristic of endpoint `id` in `service`: the field is replaced, never combined.
///
/// ```
/// use espprov_btleplug::uuids::{DEFAULT_SERVICE, endpoint_uuid};
/// let session = endpoint_uuid(DEFAULT_SERVICE, 0xff51);
/// assert_eq!(session.to_string(), "1775ff51-6b43-439b-877c-060f2d9bed07");
/// ```
#[must_use]
pub const fn endpoint_uuid(service: Uuid, id: u16) -> Uuid {
    Uuid::from_u128((service.as_u128() & !FIELD) | ((id as u128) << FIELD_SHIFT))
}

/// The endpoint id in a characteristic's UUID; `None` if it does not belong to `service`.
#[must_use]
pub fn endpoint_id(service: Uuid, characteristic: Uuid) -> Option<u16> {
    let same_base = (service.as_u128() ^ characteristic.as_u128()) & !FIELD == 0;
    let [_, _, high, low, ..] = *characteristic.as_bytes();
    same_base.then(|| u16::from_be_bytes([high, low]))
}

/// The usual name of an endpoint id.
#[must_use]
pub fn standard_name(id: u16) -> Option<&'static str> {
    STANDARD_ENDPOINTS
        .iter()
        .find(|(standard, _)| *standard == id)
        .map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_the_field_and_nothing_else() {
        // 9004 AND ff51 would be 9000.
        let session = endpoint_uuid(EXAMPLE_SERVICE, 0xff51);
        assert_eq!(session, uuid!("021aff51-0382-4aea-bff4-6b3f1c5adfb4"));
        assert_eq!(endpoint_id(EXAMPLE_SERVICE, session), Some(0xff51));
        assert_eq!(endpoint_id(DEFAULT_SERVICE, session), None);
        assert_eq!(endpoint_id(EXAMPLE_SERVICE, EXAMPLE_SERVICE), Some(0x9004));
    }

    #[test]
    fn every_id_is_found_again() {
        for id in [0, 1, 0x00ff, 0xff00, 0xff4f, 0xff54, 0xffff] {
            for service in [DEFAULT_SERVICE, EXAMPLE_SERVICE, Uuid::nil(), Uuid::max()] {
                assert_eq!(endpoint_id(service, endpoint_uuid(service, id)), Some(id));
            }
        }
    }

    #[test]
    fn names() {
        assert_eq!(standard_name(0xff51), Some("prov-session"));
        assert_eq!(standard_name(0xff4e), None);
        assert_eq!(standard_name(0xff55), None);
    }
}
