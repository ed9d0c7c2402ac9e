//! How one firmware differs from another, as options named by firmware generation.

use crate::GuessLimit;

/// Vendor firmware, by the ESP-IDF generation and the provisioning component it comes with.
///
/// Point releases within a generation differ too. Each variant names the ones it stands for; what came with a later
/// one can be switched in [`Quirks`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Firmware {
    /// ESP-IDF 4.0 to 4.4: `v1.1`, no `sec_ver` key, security 0 and 1.
    Idf44,
    /// ESP-IDF 5.0 to 5.4, before 5.0.9, 5.1.7, 5.2.6, 5.3.3 and 5.4.1: `v1.1`, security 2 at patch level 0 (16-byte
    /// fixed nonce). Those point releases have patch level 1 and say so.
    Idf52,
    /// ESP-IDF 5.5.0 to 5.5.4 with network_provisioning 1.1: `netprov-v1.2`, security 2 at patch level 1.
    Idf55,
    /// ESP-IDF 5.5.0 to 5.5.4 with the component of its own, wifi_provisioning: `v1.1` with `sec_patch_ver`, no Thread.
    Idf55Wifi,
    /// ESP-IDF 6.0.2 and 6.1 with network_provisioning 1.2.4: security 0 and 1 off unless configured.
    Idf6,
}

impl Firmware {
    /// Whether its component is network_provisioning, not wifi_provisioning: the one with Thread.
    #[must_use]
    pub const fn is_network_provisioning(self) -> bool {
        matches!(self, Self::Idf55 | Self::Idf6)
    }

    /// Whether security 2 counts its nonce (patch level 1), and proto-ver has the key `sec_patch_ver`.
    #[must_use]
    pub const fn counts_nonce(self) -> bool {
        matches!(self, Self::Idf55 | Self::Idf55Wifi | Self::Idf6)
    }
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
    /// The Bluetooth host, where that is the link.
    pub ble_stack: Option<BleStack>,
    /// The BLE link is dropped after a refusal. (An HTTP socket always is.)
    pub close_on_refusal: bool,
    /// ATT errors say what was wrong (5.5.5, 6.1): an empty value, and a write whose answer does not fit a value, get
    /// 0x0d; Bluedroid answers a refusal with 0x85 before it hangs up; values are cleared when a client leaves.
    /// Before, such writes succeed and the read brings what was there.
    pub strict_values: bool,
    /// NimBLE has the GATT service 0x1801 with Service Changed ahead of its own (5.5.5, 6.0.2, 6.1). Before, its
    /// service is the only one.
    pub service_changed: bool,
    /// Security 1 takes a corrected command 1 after a wrong one; security 2 does so in all versions. It takes
    /// effect in the scheme: see `AnySecurity::sec1`.
    pub sec1_accepts_corrected_proof: bool,
    /// "Connecting" carries the attempts that remain after a failed one.
    pub attempt_failed_status: bool,
    /// A reset without a failure before it is a success (network_provisioning 1.2.1). It takes effect in
    /// [`Provisioning`](crate::Provisioning).
    pub reset_when_ready: bool,
    /// Attempts are not counted afresh: after a round that used all of them up, every later one has a single attempt
    /// (wifi_provisioning 5.4.1 to 5.5.5, network_provisioning before 1.2.2). The application's radio goes by it.
    pub attempts_stay_used: bool,
    /// Longest passphrase accepted by set, in bytes. 63 in every release: a raw key of 64 digits is refused.
    pub passphrase_max: usize,
    /// Thread messages are known (network_provisioning). Where they are not, they are refused at transport
    /// level, as any unknown message.
    pub thread_messages: bool,
    /// The endpoint `prov-ctrl` exists.
    pub prov_ctrl: bool,
    /// The BSSID of a connected device is copied as a C string: what follows a 00 octet is lost. (Vendor
    /// firmware sends whatever lies in memory there; here it is zeros.)
    pub bssid_cut_at_nul: bool,
    /// What becomes of clients that guess. Stock firmware does nothing.
    pub guesses: GuessLimit,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            max_scan_results: 16,
            max_value: None,
            ble_stack: None,
            close_on_refusal: false,
            strict_values: true,
            service_changed: true,
            sec1_accepts_corrected_proof: true,
            attempt_failed_status: true,
            reset_when_ready: true,
            attempts_stay_used: false,
            passphrase_max: 63,
            thread_messages: true,
            prov_ctrl: true,
            bssid_cut_at_nul: false,
            guesses: GuessLimit::BackOff,
        }
    }
}

impl Quirks {
    /// A vendor firmware generation, as reached over HTTP or a console (no value limit).
    #[must_use]
    pub fn vendor(firmware: Firmware) -> Self {
        let newest = firmware == Firmware::Idf6;
        // Both components learnt of attempts in 5.4.1 and 5.5.
        let counts_attempts = firmware.counts_nonce();
        Self {
            strict_values: newest,
            service_changed: newest,
            sec1_accepts_corrected_proof: newest,
            attempt_failed_status: counts_attempts,
            reset_when_ready: newest,
            attempts_stay_used: counts_attempts && !newest,
            thread_messages: firmware.is_network_provisioning(),
            prov_ctrl: firmware != Firmware::Idf44,
            bssid_cut_at_nul: true,
            guesses: GuessLimit::Unlimited,
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
            ble_stack: Some(stack),
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

    #[test]
    fn which_bluetooth_firmware_hangs_up() {
        use BleStack::{Bluedroid, NimBle};
        for (firmware, stack, hangs_up) in [
            (Firmware::Idf44, NimBle, true),
            (Firmware::Idf44, Bluedroid, true),
            (Firmware::Idf52, NimBle, false),
            (Firmware::Idf52, Bluedroid, true),
            (Firmware::Idf6, NimBle, false),
            (Firmware::Idf6, Bluedroid, true),
        ] {
            let quirks = Quirks::vendor_ble(firmware, stack);
            assert_eq!(quirks.close_on_refusal, hangs_up, "{firmware:?}, {stack:?}");
            assert_eq!(quirks.ble_stack, Some(stack));
        }
        let elsewhere = Quirks::vendor(Firmware::Idf44);
        assert_eq!((elsewhere.close_on_refusal, elsewhere.ble_stack), (false, None));
    }

    /// (corrected proof of security 1, attempts told, attempts stay used, reset when ready, Thread, strict values).
    #[test]
    fn what_came_when() {
        for (firmware, expected) in [
            (Firmware::Idf44, [false, false, false, false, false, false]),
            (Firmware::Idf52, [false, false, false, false, false, false]),
            (Firmware::Idf55, [false, true, true, false, true, false]),
            (Firmware::Idf55Wifi, [false, true, true, false, false, false]),
            (Firmware::Idf6, [true, true, false, true, true, true]),
        ] {
            let quirks = Quirks::vendor(firmware);
            let found = [
                quirks.sec1_accepts_corrected_proof,
                quirks.attempt_failed_status,
                quirks.attempts_stay_used,
                quirks.reset_when_ready,
                quirks.thread_messages,
                quirks.strict_values,
            ];
            assert_eq!(found, expected, "{firmware:?}");
            assert_eq!(quirks.passphrase_max, 63, "{firmware:?}");
            assert_eq!(quirks.service_changed, quirks.strict_values, "{firmware:?}");
        }
    }
}
