//! How access points authenticate stations.

use core::fmt;

/// Authentication mode of a Wi-Fi network, as `WifiAuthMode` on the wire. Values the firmware invents later
/// are kept, not refused: other clients crash on the 9 (OWE) that newer chips send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthMode {
    /// No authentication, no encryption.
    Open,
    /// WEP.
    Wep,
    /// WPA, passphrase.
    WpaPsk,
    /// WPA2, passphrase.
    Wpa2Psk,
    /// WPA or WPA2, passphrase.
    WpaWpa2Psk,
    /// WPA2, user accounts: cannot be provisioned by passphrase.
    Wpa2Enterprise,
    /// WPA3, passphrase (SAE).
    Wpa3Psk,
    /// WPA2 or WPA3, passphrase.
    Wpa2Wpa3Psk,
    /// A value this version does not know.
    Unknown(i32),
}

impl AuthMode {
    const KNOWN: [Self; 8] = [
        Self::Open,
        Self::Wep,
        Self::WpaPsk,
        Self::Wpa2Psk,
        Self::WpaWpa2Psk,
        Self::Wpa2Enterprise,
        Self::Wpa3Psk,
        Self::Wpa2Wpa3Psk,
    ];

    /// From the number on the wire; never fails.
    #[must_use]
    pub fn from_wire(value: i32) -> Self {
        usize::try_from(value)
            .ok()
            .and_then(|i| Self::KNOWN.get(i).copied())
            .unwrap_or(Self::Unknown(value))
    }

    /// The number on the wire.
    #[must_use]
    pub const fn to_wire(self) -> i32 {
        match self {
            Self::Open => 0,
            Self::Wep => 1,
            Self::WpaPsk => 2,
            Self::Wpa2Psk => 3,
            Self::WpaWpa2Psk => 4,
            Self::Wpa2Enterprise => 5,
            Self::Wpa3Psk => 6,
            Self::Wpa2Wpa3Psk => 7,
            Self::Unknown(value) => value,
        }
    }
}

impl fmt::Display for AuthMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Open => "open",
            Self::Wep => "WEP",
            Self::WpaPsk => "WPA",
            Self::Wpa2Psk => "WPA2",
            Self::WpaWpa2Psk => "WPA/WPA2",
            Self::Wpa2Enterprise => "WPA2-Enterprise",
            Self::Wpa3Psk => "WPA3",
            Self::Wpa2Wpa3Psk => "WPA2/WPA3",
            Self::Unknown(value) => return write!(f, "unknown({value})"),
        };
        f.pad(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_survives() {
        for value in [i32::MIN, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, i32::MAX] {
            let mode = AuthMode::from_wire(value);
            assert_eq!(mode.to_wire(), value);
            assert_eq!(matches!(mode, AuthMode::Unknown(_)), !(0..8).contains(&value));
        }
    }
}
