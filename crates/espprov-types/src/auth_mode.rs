//! How access points authenticate stations.

use core::fmt;

/// Authentication mode of a Wi-Fi network, as `WifiAuthMode` on the wire (0 to 7) and, beyond it, as the
/// `wifi_auth_mode_t` of ESP-IDF 5.5 that firmware sends in its place (8 to 16). Values the firmware invents later are
/// kept, not refused: other clients crash on the 9 (OWE) that newer chips send.
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
    /// WAPI, passphrase.
    WapiPsk,
    /// Enhanced Open (OWE): encrypted, but nothing to type.
    Owe,
    /// WPA3-Enterprise with 192 bits, user accounts.
    Wpa3Enterprise192,
    /// WPA3, passphrase (SAE with the newer AKM).
    Wpa3ExtPsk,
    /// WPA3, passphrase (SAE with the older or the newer AKM).
    Wpa3ExtPskMixed,
    /// Easy Connect (DPP): neither passphrase nor account.
    Dpp,
    /// WPA3, user accounts.
    Wpa3Enterprise,
    /// WPA2 or WPA3, user accounts.
    Wpa2Wpa3Enterprise,
    /// WPA, user accounts.
    WpaEnterprise,
    /// A value this version does not know.
    Unknown(i32),
}

impl AuthMode {
    const KNOWN: [Self; 17] = [
        Self::Open,
        Self::Wep,
        Self::WpaPsk,
        Self::Wpa2Psk,
        Self::WpaWpa2Psk,
        Self::Wpa2Enterprise,
        Self::Wpa3Psk,
        Self::Wpa2Wpa3Psk,
        Self::WapiPsk,
        Self::Owe,
        Self::Wpa3Enterprise192,
        Self::Wpa3ExtPsk,
        Self::Wpa3ExtPskMixed,
        Self::Dpp,
        Self::Wpa3Enterprise,
        Self::Wpa2Wpa3Enterprise,
        Self::WpaEnterprise,
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
            Self::WapiPsk => 8,
            Self::Owe => 9,
            Self::Wpa3Enterprise192 => 10,
            Self::Wpa3ExtPsk => 11,
            Self::Wpa3ExtPskMixed => 12,
            Self::Dpp => 13,
            Self::Wpa3Enterprise => 14,
            Self::Wpa2Wpa3Enterprise => 15,
            Self::WpaEnterprise => 16,
            Self::Unknown(value) => value,
        }
    }

    /// A station authenticates with a user account or a certificate, which provisioning cannot carry.
    #[must_use]
    pub const fn is_enterprise(self) -> bool {
        matches!(
            self,
            Self::Wpa2Enterprise
                | Self::Wpa3Enterprise192
                | Self::Wpa3Enterprise
                | Self::Wpa2Wpa3Enterprise
                | Self::WpaEnterprise
        )
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
            Self::WapiPsk => "WAPI",
            Self::Owe => "OWE",
            Self::Wpa3Enterprise192 => "WPA3-Enterprise-192",
            Self::Wpa3ExtPsk => "WPA3-Ext",
            Self::Wpa3ExtPskMixed => "WPA3/WPA3-Ext",
            Self::Dpp => "DPP",
            Self::Wpa3Enterprise => "WPA3-Enterprise",
            Self::Wpa2Wpa3Enterprise => "WPA2/WPA3-Enterprise",
            Self::WpaEnterprise => "WPA-Enterprise",
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
        for value in (-1..20).chain([i32::MIN, i32::MAX]) {
            let mode = AuthMode::from_wire(value);
            assert_eq!(mode.to_wire(), value);
            assert_eq!(matches!(mode, AuthMode::Unknown(_)), !(0..17).contains(&value));
        }
    }
}
