//! Which devices are meant.

use crate::uuids::{DEFAULT_SERVICE, EXAMPLE_SERVICE};
use btleplug::api::BDAddr;
use uuid::Uuid;

/// Which of the devices around are meant. All conditions must hold; without any, every provisionable device
/// with a name is.
///
/// Matching an address needs no name. On macOS devices have no address but an identifier: see
/// [`Discovered::id`](crate::Discovered::id).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeviceFilter {
    services: Vec<Uuid>,
    name: Option<Name>,
    address: Option<BDAddr>,
    id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Name {
    Exact(String),
    Prefix(String),
}

impl DeviceFilter {
    /// All devices that advertise the default service or the examples'.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Devices that advertise this service. Called several times: any of them. Replaces the usual services.
    #[must_use]
    pub fn service(mut self, service: Uuid) -> Self {
        self.services.push(service);
        self
    }

    /// Devices of exactly this name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(Name::Exact(name.into()));
        self
    }

    /// Devices whose names begin like this.
    #[must_use]
    pub fn name_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.name = Some(Name::Prefix(prefix.into()));
        self
    }

    /// The device with this address.
    #[must_use]
    pub const fn address(mut self, address: BDAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// The device with this platform identifier, as [`Discovered::id`](crate::Discovered::id) prints it.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The services that count.
    #[must_use]
    pub fn services(&self) -> &[Uuid] {
        const USUAL: [Uuid; 2] = [DEFAULT_SERVICE, EXAMPLE_SERVICE];
        if self.services.is_empty() {
            &USUAL
        } else {
            &self.services
        }
    }

    /// Only one device can match.
    pub(crate) const fn is_exact(&self) -> bool {
        self.address.is_some() || self.id.is_some() || matches!(self.name, Some(Name::Exact(_)))
    }

    pub(crate) fn matches(&self, seen: Seen<'_>) -> bool {
        let by_service = seen.services.iter().any(|s| self.services().contains(s));
        let by_name = match (&self.name, seen.name) {
            (Some(Name::Exact(wanted)), name) => name == Some(wanted),
            (Some(Name::Prefix(prefix)), name) => name.is_some_and(|name| name.starts_with(prefix)),
            // The name follows in the scan response; who asks for an address need not wait for it.
            (None, name) => name.is_some() || self.address.is_some() || self.id.is_some(),
        };
        by_service
            && by_name
            && self.address.is_none_or(|wanted| wanted == seen.address)
            && self
                .id
                .as_deref()
                .is_none_or(|wanted| wanted.eq_ignore_ascii_case(seen.id))
    }
}

/// What a filter looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) services: &'a [Uuid],
    pub(crate) name: Option<&'a str>,
    pub(crate) address: BDAddr,
    pub(crate) id: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: [u8; 6] = [1, 2, 3, 4, 5, 6];

    fn seen<'a>(services: &'a [Uuid], name: Option<&'a str>) -> Seen<'a> {
        Seen {
            services,
            name,
            address: ADDRESS.into(),
            id: "hci0/dev_01",
        }
    }

    #[test]
    fn service_first() {
        let any = DeviceFilter::new();
        assert!(any.matches(seen(&[DEFAULT_SERVICE], Some("PROV_1"))));
        assert!(any.matches(seen(&[Uuid::nil(), EXAMPLE_SERVICE], Some("x"))));
        // Unrelated, or not named yet.
        assert!(!any.matches(seen(&[Uuid::nil()], Some("PROV_1"))));
        assert!(!any.matches(seen(&[], Some("PROV_1"))));
        assert!(!any.matches(seen(&[DEFAULT_SERVICE], None)));
        let own = DeviceFilter::new().service(Uuid::nil());
        assert!(own.matches(seen(&[Uuid::nil()], Some("x"))));
        assert!(!own.matches(seen(&[DEFAULT_SERVICE], Some("x"))));
    }

    #[test]
    fn names() {
        let services = [DEFAULT_SERVICE];
        let exact = DeviceFilter::new().name("PROV_1");
        assert!(exact.matches(seen(&services, Some("PROV_1"))));
        assert!(!exact.matches(seen(&services, Some("PROV_12"))));
        assert!(!exact.matches(seen(&services, None)));
        let prefix = DeviceFilter::new().name_prefix("PROV_");
        assert!(prefix.matches(seen(&services, Some("PROV_12"))));
        assert!(!prefix.matches(seen(&services, Some("prov_12"))));
        assert!(!prefix.matches(seen(&services, None)));
    }

    #[test]
    fn addresses_need_no_name() {
        let services = [DEFAULT_SERVICE];
        let filter = DeviceFilter::new().address(ADDRESS.into());
        assert!(filter.matches(seen(&services, None)));
        let other = DeviceFilter::new().address([9; 6].into());
        assert!(!other.matches(seen(&services, Some("PROV_1"))));
        assert!(
            DeviceFilter::new()
                .id("HCI0/dev_01")
                .matches(seen(&services, None))
        );
        assert!(
            !DeviceFilter::new()
                .id("hci0/dev_02")
                .matches(seen(&services, None))
        );
    }
}
