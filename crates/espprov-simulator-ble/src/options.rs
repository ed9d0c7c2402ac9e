//! How the peripheral shows itself.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;
use espprov_device::{BleStack, Quirks};
use espprov_services::ble::{GattOptions, LOCAL_CONTROL_SERVICE};
use espprov_simulator::SimDevice;

/// Largest ATT MTU the peripheral grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Mtu {
    /// 23: the least there is.
    Least,
    /// 256: what NimBLE firmware grants unless configured.
    #[default]
    NimBle,
    /// 517: the most that is of use.
    Most,
}

impl Mtu {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Least, Self::NimBle, Self::Most];

    /// The number.
    #[must_use]
    pub const fn bytes(self) -> u16 {
        match self {
            Self::Least => 23,
            Self::NimBle => 256,
            Self::Most => 517,
        }
    }
}

impl FromStr for Mtu {
    type Err = InvalidMtu;

    fn from_str(text: &str) -> Result<Self, InvalidMtu> {
        let found = Self::ALL.into_iter().find(|mtu| mtu.bytes().to_string() == text);
        found.ok_or(InvalidMtu)
    }
}

/// Not an MTU the peripheral can be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidMtu;

impl fmt::Display for InvalidMtu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the MTU is 23, 256 or 517")
    }
}

impl core::error::Error for InvalidMtu {}

/// How the peripheral shows itself and behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// The name in the scan response, at most 29 bytes (longer ones are cut).
    pub name: String,
    /// The 128-bit service UUID, most significant byte first.
    pub service: [u8; 16],
    /// The static random address, as it is written: the first two bits are set whatever it says.
    pub address: [u8; 6],
    /// Largest MTU granted.
    pub mtu: Mtu,
    /// Longest value of a request; longer ones get ATT error 0x0d.
    pub max_value: usize,
    /// Hang up after a refused request.
    pub close_on_refusal: bool,
    /// The host's habits: which services stand beside the device's own.
    pub stack: BleStack,
    /// ATT errors say what was wrong: see [`Quirks::strict_values`].
    pub strict_values: bool,
    /// NimBLE: Service Changed is there, see [`Quirks::service_changed`].
    pub service_changed: bool,
    /// Endpoints have names (descriptor 0x2901). Very old firmware had none.
    pub names: bool,
    /// Time between two advertisements.
    pub interval: Duration,
}

impl Options {
    /// What fits the device: its name, its firmware's limits and habits.
    #[must_use]
    pub fn of(device: &SimDevice) -> Self {
        let mut options = Self::new(device.scenario().device.name.clone(), device.quirks());
        if device.scenario().is_local_ctrl() {
            options.service = LOCAL_CONTROL_SERVICE;
        }
        options
    }

    /// A peripheral of this name with a firmware's limits and habits. The address follows from the name.
    #[must_use]
    pub fn new(name: String, quirks: &Quirks) -> Self {
        // FNV-1a: different names, different devices.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let [a, b, c, d, e, f, ..] = hash.to_be_bytes();
        let gatt = GattOptions::new(&name, quirks);
        Self {
            service: gatt.service,
            address: [a, b, c, d, e, f],
            mtu: Mtu::default(),
            max_value: gatt.max_value,
            close_on_refusal: gatt.close_on_refusal,
            stack: gatt.stack,
            strict_values: gatt.strict_values,
            service_changed: gatt.service_changed,
            names: gatt.names,
            interval: gatt.interval,
            name,
        }
    }

    /// What the GATT server has to know of it. It is patient, as stock firmware is.
    pub(crate) fn gatt(&self) -> GattOptions<'_> {
        let mut gatt = GattOptions::new(&self.name, &Quirks::default());
        gatt.service = self.service;
        gatt.max_value = self.max_value;
        gatt.close_on_refusal = self.close_on_refusal;
        gatt.stack = self.stack;
        gatt.strict_values = self.strict_values;
        gatt.service_changed = self.service_changed;
        gatt.names = self.names;
        gatt.interval = self.interval;
        gatt.patience = None;
        gatt
    }

    /// The address with the bits that make it a static random one.
    #[must_use]
    pub const fn static_address(&self) -> [u8; 6] {
        let [first, rest @ ..] = self.address;
        let [b, c, d, e, f] = rest;
        [first | 0xc0, b, c, d, e, f]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_name() {
        let quirks = Quirks::default();
        let one = Options::new("PROV_1".into(), &quirks);
        assert_eq!(one, Options::new("PROV_1".into(), &quirks));
        assert_ne!(one.address, Options::new("PROV_2".into(), &quirks).address);
        assert_eq!(one.static_address()[0] & 0xc0, 0xc0);
        assert_eq!(one.max_value, 512);
    }

    #[test]
    fn mtus() {
        assert_eq!("23".parse(), Ok(Mtu::Least));
        assert_eq!("517".parse(), Ok(Mtu::Most));
        for bad in ["", "22", "0256", "1000"] {
            assert_eq!(bad.parse::<Mtu>(), Err(InvalidMtu), "{bad}");
        }
    }
}
