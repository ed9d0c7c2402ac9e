//! Results of a Wi-Fi scan.

use crate::{AuthMode, Bssid, Ssid};

/// One access point the device hears.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessPoint {
    /// Network name; empty for hidden networks.
    pub ssid: Ssid,
    /// Address of the access point.
    pub bssid: Bssid,
    /// Primary channel.
    pub channel: u32,
    /// Signal strength in dBm, as the device hears it.
    pub rssi: i32,
    /// What a station needs to join.
    pub auth: AuthMode,
    /// The network the device is on right now. Scan results do not carry this: whoever knows the device's
    /// status marks it.
    pub active: bool,
}

impl AccessPoint {
    /// An access point that is not marked active.
    #[must_use]
    pub const fn new(ssid: Ssid, bssid: Bssid, channel: u32, rssi: i32, auth: AuthMode) -> Self {
        Self {
            ssid,
            bssid,
            channel,
            rssi,
            auth,
            active: false,
        }
    }

    /// Joining needs a secret. Unknown modes count as private: better to ask than to fail.
    #[must_use]
    pub const fn is_private(&self) -> bool {
        // OWE is encrypted, but there is nothing to type.
        !matches!(self.auth, AuthMode::Open | AuthMode::Owe)
    }
}
