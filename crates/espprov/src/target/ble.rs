//! Which Bluetooth LE device is meant.

use crate::text::clean;
use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use espprov_btleplug::uuids::LOCAL_CONTROL_SERVICE;
use espprov_btleplug::{BDAddr, DeviceFilter, Uuid};

/// A device in reach of the radio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BleTarget {
    which: Which,
    /// Name or address of this computer's adapter.
    pub adapter: Option<String>,
    /// Service UUIDs besides the usual ones.
    pub services: Vec<Uuid>,
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
    #[must_use]
    pub fn parse(text: &str) -> Self {
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
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self::new(Which::Name(name.to_owned()))
    }

    const fn new(which: Which) -> Self {
        Self {
            which,
            adapter: None,
            services: Vec::new(),
        }
    }

    /// The device is wanted for its properties: where no service is named, it is that of the vendor's example.
    pub fn prefer_local_control(&mut self) {
        if self.services.is_empty() {
            self.services.push(LOCAL_CONTROL_SERVICE);
        }
    }

    /// What a device has to be to be this one.
    #[must_use]
    pub fn filter(&self) -> DeviceFilter {
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
