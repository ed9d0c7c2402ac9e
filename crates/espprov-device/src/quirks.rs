//! How one firmware differs from another, as options named by firmware generation.

/// Vendor firmware, by the ESP-IDF generation its provisioning component comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Firmware {
    /// ESP-IDF 4.0 to 4.4: `v1.1`, no `sec_ver` key, security 0 and 1.
    Idf44,
    /// ESP-IDF 5.0 to 5.4.0: `v1.1`, security 2 at patch level 0 (16-byte fixed nonce).
    Idf52,
    /// ESP-IDF 5.5: `netprov-v1.2`, security 2 at patch level 1.
    Idf55,
    /// ESP-IDF 6.x: as 5.5, security 0 and 1 off unless configured.
    Idf6,
}

/// The Bluetooth host a firmware was built with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BleStack {
    /// Values up to 512 bytes; a refusal is an ATT error and the link stays.
    NimBle,
    /// Values up to 257 bytes (481 where security 2 is built in); a refusal drops the link.
    Bluedroid,
}

/// Behaviour that differs between firmware. [`Quirks::default`] is a device without vendor limits; the
/// simulator and firmware that imitates the vendor's start from [`Quirks::vendor`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quirks {
    /// Results kept of one scan, and the bound of every page (Kconfig 1..=255; 16 unless configured).
    pub max_scan_results: u32,
    /// Longest request and reply of one BLE value, in bytes; `None` where the link sets no limit.
    pub max_value: Option<usize>,
    /// The BLE link is dropped after a refusal. (An HTTP socket always is.)
    pub close_on_refusal: bool,
    /// Security 1 takes a corrected command 1 after a wrong one; security 2 does so in all versions. It takes
    /// effect in the scheme: see `AnySecurity::sec1`.
    pub sec1_accepts_corrected_proof: bool,
    /// "Connecting" carries the attempts that remain after a failed one.
    pub attempt_failed_status: bool,
    /// Longest passphrase accepted by set, in bytes: 63, or 64 in `wifi_provisioning`.
    pub passphrase_max: usize,
    /// Thread messages are known (`network_provisioning`). Where they are not, they are refused at transport
    /// level, as any unknown message.
    pub thread_messages: bool,
    /// The endpoint `prov-ctrl` exists.
    pub prov_ctrl: bool,
    /// The BSSID of a connected device is copied as a C string: what follows a 00 octet is lost. (Vendor
    /// firmware sends whatever lies in memory there; here it is zeros.)
    pub bssid_cut_at_nul: bool,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            max_scan_results: 16,
            max_value: None,
            close_on_refusal: false,
            sec1_accepts_corrected_proof: true,
            attempt_failed_status: true,
            passphrase_max: 63,
            thread_messages: true,
            prov_ctrl: true,
            bssid_cut_at_nul: false,
        }
    }
}

impl Quirks {
    /// A vendor firmware generation, as reached over HTTP or a console (no value limit).
    #[must_use]
    pub fn vendor(firmware: Firmware) -> Self {
        let network_provisioning = matches!(firmware, Firmware::Idf55 | Firmware::Idf6);
        Self {
            sec1_accepts_corrected_proof: network_provisioning,
            attempt_failed_status: network_provisioning,
            passphrase_max: if network_provisioning { 63 } else { 64 },
            thread_messages: network_provisioning,
            prov_ctrl: firmware != Firmware::Idf44,
            bssid_cut_at_nul: true,
            ..Self::default()
        }
    }

    /// A vendor firmware generation, as reached over Bluetooth.
    #[must_use]
    pub fn vendor_ble(firmware: Firmware, stack: BleStack) -> Self {
        Self {
            max_value: Some(match (stack, firmware) {
                (BleStack::NimBle, _) => 512,
                (BleStack::Bluedroid, Firmware::Idf44) => 257,
                (BleStack::Bluedroid, _) => 481,
            }),
            close_on_refusal: stack == BleStack::Bluedroid || firmware == Firmware::Idf44,
            ..Self::vendor(firmware)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_limits_by_stack() {
        let limit = |fw, stack| Quirks::vendor_ble(fw, stack).max_value;
        assert_eq!(limit(Firmware::Idf44, BleStack::Bluedroid), Some(257));
        assert_eq!(limit(Firmware::Idf52, BleStack::Bluedroid), Some(481));
        assert_eq!(limit(Firmware::Idf6, BleStack::NimBle), Some(512));
        assert_eq!(Quirks::vendor(Firmware::Idf6).max_value, None);
    }
}
