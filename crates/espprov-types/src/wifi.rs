//! What became of Wi-Fi credentials.

use crate::{AuthMode, Bssid, Ssid};
use core::net::Ipv4Addr;

/// State of the device's Wi-Fi station.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WifiStatus {
    /// Online.
    Connected(WifiConnection),
    /// Trying. Firmware that retries says how often it still will.
    Connecting {
        /// Attempts left after a failed one; `None` while the first is under way or if the firmware does not count.
        attempts_remaining: Option<u32>,
    },
    /// Not trying.
    Disconnected,
    /// Gave up; stays so until reset.
    Failed(WifiFailure),
}

/// Why the device could not join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WifiFailure {
    /// The access point refused: nearly always a wrong passphrase.
    AuthError,
    /// No such network in the air.
    NetworkNotFound,
    /// A value this version does not know, or none at all (`None`).
    Unknown(Option<i32>),
}

/// Where the device is online.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WifiConnection {
    /// The device's address, if it reported a readable one.
    pub ip: Option<Ipv4Addr>,
    /// Network name.
    pub ssid: Ssid,
    /// Access point. Addresses containing a 00 octet arrive corrupted from stock firmware: show, do not rely on.
    pub bssid: Option<Bssid>,
    /// Channel, if reported.
    pub channel: Option<i32>,
    /// Authentication mode.
    pub auth: AuthMode,
}

impl WifiConnection {
    /// A connection with nothing known but the network name.
    #[must_use]
    pub const fn new(ssid: Ssid) -> Self {
        Self {
            ip: None,
            ssid,
            bssid: None,
            channel: None,
            auth: AuthMode::Open,
        }
    }
}
