//! What a client asks on `prov-scan`, `prov-config` and `prov-ctrl`, written straight from the caller's values: no
//! copy of a passphrase or network key is made.

use crate::EncodeError;
use crate::wire::{Field, Item, write};

/// A command's number in `msg`. The field that carries its content has this number plus 10, and the reply has the
/// next number: one rule for all three endpoints, each of which counts on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Command(u8);

impl Command {
    /// `prov-config`: state of the Wi-Fi station.
    pub const GET_WIFI_STATUS: Self = Self(0);
    /// `prov-config`: Wi-Fi credentials.
    pub const SET_WIFI_CONFIG: Self = Self(2);
    /// `prov-config`: join the Wi-Fi network.
    pub const APPLY_WIFI_CONFIG: Self = Self(4);
    /// `prov-config`: state of the Thread interface.
    pub const GET_THREAD_STATUS: Self = Self(6);
    /// `prov-config`: Thread dataset.
    pub const SET_THREAD_CONFIG: Self = Self(8);
    /// `prov-config`: attach to the Thread network.
    pub const APPLY_THREAD_CONFIG: Self = Self(10);

    /// `prov-scan`: start a Wi-Fi scan.
    pub const SCAN_WIFI_START: Self = Self(0);
    /// `prov-scan`: how far the Wi-Fi scan is.
    pub const SCAN_WIFI_STATUS: Self = Self(2);
    /// `prov-scan`: a page of its results.
    pub const SCAN_WIFI_RESULT: Self = Self(4);
    /// `prov-scan`: start a Thread scan.
    pub const SCAN_THREAD_START: Self = Self(6);
    /// `prov-scan`: how far the Thread scan is.
    pub const SCAN_THREAD_STATUS: Self = Self(8);
    /// `prov-scan`: a page of its results.
    pub const SCAN_THREAD_RESULT: Self = Self(10);

    /// `prov-ctrl`: clear a failed Wi-Fi attempt.
    pub const CTRL_WIFI_RESET: Self = Self(1);
    /// `prov-ctrl`: accept new Wi-Fi credentials.
    pub const CTRL_WIFI_REPROV: Self = Self(3);
    /// `prov-ctrl`: clear a failed Thread attempt.
    pub const CTRL_THREAD_RESET: Self = Self(5);
    /// `prov-ctrl`: accept a new Thread dataset.
    pub const CTRL_THREAD_REPROV: Self = Self(7);

    pub(crate) const fn numbered(msg: u8) -> Self {
        Self(msg)
    }

    /// Number of the field that carries the content.
    #[must_use]
    pub const fn field(self) -> u32 {
        (self.0 as u32).saturating_add(10)
    }

    /// `msg` of the reply.
    #[must_use]
    pub const fn reply(self) -> i32 {
        (self.0 as i32).saturating_add(1)
    }

    /// Number of the field that carries the reply's content.
    #[must_use]
    pub const fn reply_field(self) -> u32 {
        self.reply().cast_unsigned().saturating_add(10)
    }

    /// Writes the request with this content at the start of `out` and returns its length.
    ///
    /// # Errors
    /// [`EncodeError`] when `out` is too short; `out` is untouched then.
    pub fn write(self, content: &[Field<'_>], out: &mut [u8]) -> Result<usize, EncodeError> {
        let payload = (self.field(), Item::Message(content));
        write(&[(1, Item::Uint(self.0.into())), payload], out)
    }

    /// The same without the field for the content, as the vendor's client sends `apply`.
    ///
    /// # Errors
    /// [`EncodeError`] when `out` is too short; `out` is untouched then.
    pub fn write_bare(self, out: &mut [u8]) -> Result<usize, EncodeError> {
        write(&[(1, Item::Uint(self.0.into()))], out)
    }
}

/// `prov-config` set-wifi-config.
#[derive(Clone, Copy)]
pub struct SetWifiConfigRef<'a> {
    /// Network name, raw bytes (≤ 32 for a device that will accept it).
    pub ssid: &'a [u8],
    /// Passphrase; empty for an open network.
    pub passphrase: &'a [u8],
    /// Access point address: empty or 6 bytes. Stock firmware ignores it.
    pub bssid: &'a [u8],
    /// Channel hint, 0 = any. Stock firmware ignores it.
    pub channel: i32,
}

/// `prov-config` set-thread-config.
#[derive(Clone, Copy)]
pub struct SetThreadConfigRef<'a> {
    /// Operational dataset TLVs (≤ 254 bytes for a device that will accept it).
    pub dataset: &'a [u8],
}

impl SetWifiConfigRef<'_> {
    /// Writes the whole request at the start of `out` and returns its length.
    ///
    /// # Errors
    /// [`EncodeError`] when `out` is too short; `out` is untouched then.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        let content = [
            (1, Item::Bytes(self.ssid)),
            (2, Item::Bytes(self.passphrase)),
            (3, Item::Bytes(self.bssid)),
            (4, Item::Int(self.channel)),
        ];
        Command::SET_WIFI_CONFIG.write(&content, out)
    }
}

impl SetThreadConfigRef<'_> {
    /// Writes the whole request at the start of `out` and returns its length.
    ///
    /// # Errors
    /// [`EncodeError`] when `out` is too short; `out` is untouched then.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        Command::SET_THREAD_CONFIG.write(&[(1, Item::Bytes(self.dataset))], out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As every protobuf writer does it: an `int32` below zero takes the ten bytes of a 64-bit number.
    #[test]
    fn a_channel_is_an_int32() {
        let written = |channel| {
            let mut out = [0; 32];
            let request = SetWifiConfigRef {
                ssid: b"a",
                passphrase: b"",
                bssid: b"",
                channel,
            };
            let len = request.encode(&mut out).unwrap();
            out[..len].to_vec()
        };
        assert_eq!(written(0), [0x08, 2, 0x62, 3, 0x0a, 1, b'a']);
        assert_eq!(written(11), [0x08, 2, 0x62, 5, 0x0a, 1, b'a', 0x20, 11]);
        let ff = [0xff; 9];
        let minus_one = [&[0x08, 2, 0x62, 14, 0x0a, 1, b'a', 0x20][..], &ff, &[1]].concat();
        assert_eq!(written(-1), minus_one);
        let least = [0x80, 0x80, 0x80, 0x80, 0xf8, 0xff, 0xff, 0xff, 0xff, 1];
        assert!(written(i32::MIN).ends_with(&least));
    }
}
