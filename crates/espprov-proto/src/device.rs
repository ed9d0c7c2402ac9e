//! What a device reads on `prov-scan`, `prov-config` and `prov-ctrl`, borrowed from the request, and how it answers.
//! Nothing in these views has been checked against anything: `msg` and `case` say what it is.
//!
//! A device reads commands. What a reply would hold counts as a case of the oneof and is not looked into.

use crate::replies::{contents, fields, rule};
use crate::wire::{Field, Item, Kind, Oneof, Shape, Slot, Table, read, write};
use crate::{Command, EncodeError, Malformed, SetThreadConfigRef, SetWifiConfigRef};

/// The content of a command that has none: looked into all the same, for it has to be a message.
static EMPTY: Shape = fields(&[]);

/// A request on `prov-config`.
#[derive(Clone, Copy)]
pub struct ConfigRequest<'b> {
    /// `msg`.
    pub msg: i32,
    /// Field number of the content, 0 = none.
    pub case: u32,
    content: [Slot<'b>; 4],
}

static CONFIG: Table<6> = Table::new(Shape {
    rules: &[
        rule(1, Kind::Int(0)),
        rule(10, Kind::Message(&EMPTY)),
        rule(
            12,
            Kind::Message(&fields(&[
                rule(1, Kind::Bytes(2)),
                rule(2, Kind::Bytes(3)),
                rule(3, Kind::Bytes(4)),
                rule(4, Kind::Int(5)),
            ])),
        ),
        rule(14, Kind::Message(&EMPTY)),
        rule(16, Kind::Message(&EMPTY)),
        rule(18, Kind::Message(&fields(&[rule(1, Kind::Bytes(2))]))),
        rule(20, Kind::Message(&EMPTY)),
    ],
    oneof: contents(1, 6),
});

impl<'b> ConfigRequest<'b> {
    /// Reads a request.
    ///
    /// # Errors
    /// [`Malformed`] for anything that is no message of this endpoint.
    pub fn read(request: &'b [u8]) -> Result<Self, Malformed> {
        let [msg, case, first, second, third, fourth] = read(&CONFIG, request)?;
        Ok(Self {
            msg: msg.signed(),
            case: case.int,
            content: [first, second, third, fourth],
        })
    }

    /// The Wi-Fi credentials, if that is the content.
    #[must_use]
    pub fn set_wifi(&self) -> Option<SetWifiConfigRef<'b>> {
        let [ssid, passphrase, bssid, channel] = &self.content;
        (self.case == Command::SET_WIFI_CONFIG.field()).then_some(SetWifiConfigRef {
            ssid: ssid.bytes,
            passphrase: passphrase.bytes,
            bssid: bssid.bytes,
            channel: channel.signed(),
        })
    }

    /// The Thread dataset, if that is the content.
    #[must_use]
    pub fn set_thread(&self) -> Option<SetThreadConfigRef<'b>> {
        let [dataset, ..] = &self.content;
        (self.case == Command::SET_THREAD_CONFIG.field()).then_some(SetThreadConfigRef {
            dataset: dataset.bytes,
        })
    }
}

/// Shows no content: it may be credentials.
impl core::fmt::Debug for ConfigRequest<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ConfigRequest")
            .field("msg", &self.msg)
            .field("case", &self.case)
            .finish_non_exhaustive()
    }
}

/// A request on `prov-scan`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanRequest {
    /// `msg`.
    pub msg: i32,
    /// `status`, which means nothing in a request.
    pub status: i32,
    /// Field number of the content, 0 = none.
    pub case: u32,
    /// The content.
    pub content: Option<ScanContent>,
}

/// The content of a request on `prov-scan`, where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanContent {
    /// Start a Wi-Fi scan.
    WifiStart {
        /// Answer when it is over.
        blocking: bool,
        /// Listen only.
        passive: bool,
        /// Channels in one go, 0 = all.
        group_channels: u32,
        /// Time per channel in milliseconds.
        period_ms: u32,
    },
    /// Start a Thread scan.
    ThreadStart {
        /// Answer when it is over.
        blocking: bool,
        /// Bit n = channel n, 0 = all.
        channel_mask: u32,
    },
    /// A page of the results of a Wi-Fi scan (`cmd_scan_wifi_result`) or a Thread scan (`cmd_scan_thread_result`).
    Page {
        /// First result.
        start_index: u32,
        /// How many.
        count: u32,
    },
}

static PAGE: Shape = fields(&[rule(1, Kind::Int(3)), rule(2, Kind::Int(4))]);
static SCAN: Table<7> = Table::new(Shape {
    rules: &[
        rule(1, Kind::Int(0)),
        rule(2, Kind::Int(1)),
        rule(
            10,
            Kind::Message(&fields(&[
                rule(1, Kind::Bool(3)),
                rule(2, Kind::Bool(4)),
                rule(3, Kind::Int(5)),
                rule(4, Kind::Int(6)),
            ])),
        ),
        rule(12, Kind::Message(&EMPTY)),
        rule(14, Kind::Message(&PAGE)),
        rule(
            16,
            Kind::Message(&fields(&[rule(1, Kind::Bool(3)), rule(2, Kind::Int(4))])),
        ),
        rule(18, Kind::Message(&EMPTY)),
        rule(20, Kind::Message(&PAGE)),
    ],
    oneof: contents(2, 7),
});

impl ScanRequest {
    /// Reads a request.
    ///
    /// # Errors
    /// [`Malformed`] for anything that is no message of this endpoint.
    pub fn read(request: &[u8]) -> Result<Self, Malformed> {
        let [msg, status, case, first, second, third, fourth] = read(&SCAN, request)?;
        let content = match case.int {
            10 => Some(ScanContent::WifiStart {
                blocking: first.int != 0,
                passive: second.int != 0,
                group_channels: third.int,
                period_ms: fourth.int,
            }),
            16 => Some(ScanContent::ThreadStart {
                blocking: first.int != 0,
                channel_mask: second.int,
            }),
            14 | 20 => Some(ScanContent::Page {
                start_index: first.int,
                count: second.int,
            }),
            _ => None,
        };
        Ok(Self {
            msg: msg.signed(),
            status: status.signed(),
            case: case.int,
            content,
        })
    }
}

/// A request on `prov-ctrl`: a command without content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CtrlRequest {
    /// `msg`.
    pub msg: i32,
}

static CTRL: Table<3> = Table::new(Shape {
    rules: &[
        rule(1, Kind::Int(0)),
        rule(2, Kind::Int(1)),
        rule(11, Kind::Message(&EMPTY)),
        rule(13, Kind::Message(&EMPTY)),
        rule(15, Kind::Message(&EMPTY)),
        rule(17, Kind::Message(&EMPTY)),
    ],
    oneof: Some(Oneof {
        first: 11,
        last: 18,
        slot: 2,
        end: 3,
    }),
});

impl CtrlRequest {
    /// Reads a request.
    ///
    /// # Errors
    /// [`Malformed`] for anything that is no message of this endpoint.
    pub fn read(request: &[u8]) -> Result<Self, Malformed> {
        let [msg, _, _] = read(&CTRL, request)?;
        Ok(Self { msg: msg.signed() })
    }
}

impl<E: Copy> Command<E> {
    /// The command with this number in `msg`; whether there is one is for the endpoint to say.
    #[must_use]
    pub fn from_msg(msg: i32) -> Option<Self> {
        u8::try_from(msg).ok().map(Self::numbered)
    }

    /// Writes the reply with this content at the start of `out` and returns its length. On `prov-config` the status
    /// belongs into the content: give 0 here.
    ///
    /// # Errors
    /// [`EncodeError`] when `out` is too short; `out` is untouched then.
    pub fn write_reply(
        self,
        status: i32,
        content: &[Field<'_>],
        out: &mut [u8],
    ) -> Result<usize, EncodeError> {
        let reply = [
            (1, Item::Int(self.reply())),
            (2, Item::Int(status)),
            (self.reply_field(), Item::Message(content)),
        ];
        write(&reply, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Ctrl};

    #[test]
    fn commands_by_their_number() {
        assert_eq!(Command::<Config>::from_msg(2), Some(Command::SET_WIFI_CONFIG));
        assert_eq!(
            Command::<Config>::from_msg(10),
            Some(Command::APPLY_THREAD_CONFIG)
        );
        assert_eq!(Command::<Ctrl>::from_msg(1), Some(Command::CTRL_WIFI_RESET));
        for beyond in [-1, 256, i32::MIN, i32::MAX] {
            assert_eq!(Command::<Config>::from_msg(beyond), None, "{beyond}");
        }
    }
}
