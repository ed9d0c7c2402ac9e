//! What a client asks on `prov-scan`, `prov-config` and `prov-ctrl`, written straight from the caller's values: no
//! copy of a passphrase or network key is made.

use crate::EncodeError;
use crate::wire::{Field, Item, write};
use core::marker::PhantomData;

/// Commands of `prov-config`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Config {}

/// Commands of `prov-scan`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scan {}

/// Commands of `prov-ctrl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ctrl {}

/// A command's number in `msg`. The field that carries its content has this number plus 10, and the reply has the
/// next number: one rule for all three endpoints, each of which counts on its own. So a command belongs to an
/// endpoint, [`Config`], [`Scan`] or [`Ctrl`]: number 4 is "apply" on one and "page of results" on another.
///
/// ```compile_fail
/// # use espprov_proto::{Command, Config};
/// let command: Command<Config> = Command::SCAN_WIFI_START; // 0 as well, but on `prov-scan`
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Command<E> {
    msg: u8,
    endpoint: PhantomData<E>,
}

impl Command<Config> {
    /// State of the Wi-Fi station.
    pub const GET_WIFI_STATUS: Self = Self::numbered(0);
    /// Wi-Fi credentials.
    pub const SET_WIFI_CONFIG: Self = Self::numbered(2);
    /// Join the Wi-Fi network.
    pub const APPLY_WIFI_CONFIG: Self = Self::numbered(4);
    /// State of the Thread interface.
    pub const GET_THREAD_STATUS: Self = Self::numbered(6);
    /// Thread dataset.
    pub const SET_THREAD_CONFIG: Self = Self::numbered(8);
    /// Attach to the Thread network.
    pub const APPLY_THREAD_CONFIG: Self = Self::numbered(10);
}

impl Command<Scan> {
    /// Start a Wi-Fi scan.
    pub const SCAN_WIFI_START: Self = Self::numbered(0);
    /// How far the Wi-Fi scan is.
    pub const SCAN_WIFI_STATUS: Self = Self::numbered(2);
    /// A page of its results.
    pub const SCAN_WIFI_RESULT: Self = Self::numbered(4);
    /// Start a Thread scan.
    pub const SCAN_THREAD_START: Self = Self::numbered(6);
    /// How far the Thread scan is.
    pub const SCAN_THREAD_STATUS: Self = Self::numbered(8);
    /// A page of its results.
    pub const SCAN_THREAD_RESULT: Self = Self::numbered(10);
}

impl Command<Ctrl> {
    /// Clear a failed Wi-Fi attempt.
    pub const CTRL_WIFI_RESET: Self = Self::numbered(1);
    /// Accept new Wi-Fi credentials.
    pub const CTRL_WIFI_REPROV: Self = Self::numbered(3);
    /// Clear a failed Thread attempt.
    pub const CTRL_THREAD_RESET: Self = Self::numbered(5);
    /// Accept a new Thread dataset.
    pub const CTRL_THREAD_REPROV: Self = Self::numbered(7);
}

impl<E: Copy> Command<E> {
    pub(crate) const fn numbered(msg: u8) -> Self {
        Self {
            msg,
            endpoint: PhantomData,
        }
    }

    /// Number of the field that carries the content.
    #[must_use]
    pub const fn field(self) -> u32 {
        (self.msg as u32).saturating_add(10)
    }

    /// `msg` of the reply.
    #[must_use]
    pub const fn reply(self) -> i32 {
        (self.msg as i32).saturating_add(1)
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
        write(&[(1, Item::Uint(self.msg.into())), payload], out)
    }

    /// The same without the field for the content, as the vendor's client sends `apply`.
    ///
    /// # Errors
    /// [`EncodeError`] when `out` is too short; `out` is untouched then.
    pub fn write_bare(self, out: &mut [u8]) -> Result<usize, EncodeError> {
        write(&[(1, Item::Uint(self.msg.into()))], out)
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
