//! The UUIDs of a provisioning service: every endpoint is a characteristic whose UUID is the service's with
//! another 16-bit field (text positions 4..8).

use espprov_transport::Endpoint;
use trouble_host::prelude::Uuid;

/// A 128-bit service UUID.
///
/// ```
/// use espprov_embedded::ble::ServiceUuid;
/// assert_eq!(ServiceUuid::new(0x1775244d_6b43_439b_877c_060f2d9bed07), ServiceUuid::DEFAULT);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceUuid(u128);

impl ServiceUuid {
    /// The service of the provisioning manager, unless the firmware sets its own.
    pub const DEFAULT: Self = Self(0x1775_244d_6b43_439b_877c_060f_2d9b_ed07);

    /// The service the vendor's examples set, and older applications with them.
    pub const EXAMPLE: Self = Self(0x021a_9004_0382_4aea_bff4_6b3f_1c5a_dfb4);

    /// A service by its number, the first text digit being the most significant.
    #[must_use]
    pub const fn new(uuid: u128) -> Self {
        Self(uuid)
    }

    /// As it goes over the air.
    pub(super) const fn wire(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }

    pub(super) const fn att(self) -> Uuid {
        Uuid::new_long(self.wire())
    }

    /// The usual name of the endpoint with this characteristic, if it belongs to this service: only for firmware whose
    /// characteristics carry no names.
    pub(super) fn standard_name(self, characteristic: &[u8]) -> Option<&'static str> {
        const FIELD: u128 = 0xffff << 96;
        let uuid = u128::from_le_bytes(characteristic.try_into().ok()?);
        if (uuid ^ self.0) & !FIELD != 0 {
            return None;
        }
        Endpoint::BLE_IDS
            .iter()
            .find(|(id, _)| u128::from(*id) << 96 == uuid & FIELD)
            .map(|(_, name)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_is_replaced_not_combined() {
        let session: u128 = 0x021a_ff51_0382_4aea_bff4_6b3f_1c5a_dfb4;
        let name = |service: ServiceUuid, uuid: u128| service.standard_name(&uuid.to_le_bytes());
        assert_eq!(name(ServiceUuid::EXAMPLE, session), Some("prov-session"));
        assert_eq!(name(ServiceUuid::DEFAULT, session), None);
        assert_eq!(name(ServiceUuid::EXAMPLE, session + (4 << 96)), None);
        assert_eq!(ServiceUuid::EXAMPLE.standard_name(&[0x51, 0xff]), None);
    }
}
