//! `prov-config` and `prov-ctrl`.

use super::{contents, fields, rule};
use crate::Malformed;
use crate::wire::{Kind, Oneof, Shape, Slot, Table, read};

/// A reply on `prov-config` to set or apply, whose content is a status and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfigReply {
    /// `msg`.
    pub msg: i32,
    /// Field number of the content, 0 = none.
    pub case: u32,
    /// The device's verdict, if the content is that of set or apply.
    pub status: i32,
}

static VERDICT: Shape = fields(&[rule(1, Kind::Int(2))]);
static CONFIG: Table<3> = Table::new(Shape {
    rules: &[
        rule(1, Kind::Int(0)),
        rule(13, Kind::Message(&VERDICT)),
        rule(15, Kind::Message(&VERDICT)),
        rule(19, Kind::Message(&VERDICT)),
        rule(21, Kind::Message(&VERDICT)),
    ],
    oneof: contents(1, 3),
});

impl ConfigReply {
    /// Reads a reply.
    ///
    /// # Errors
    /// [`Malformed`] for anything that is no message of this endpoint.
    pub fn read(reply: &[u8]) -> Result<Self, Malformed> {
        let [msg, case, status] = read(&CONFIG, reply)?;
        Ok(Self {
            msg: msg.signed(),
            case: case.int,
            status: status.signed(),
        })
    }
}

/// A reply on `prov-config` that tells a radio's state, and `D` more on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateReply<D> {
    /// `msg`.
    pub msg: i32,
    /// Field number of the content, 0 = none.
    pub case: u32,
    /// Whether the device could tell.
    pub status: i32,
    /// `WifiStationState` or `ThreadNetworkState`. A missing one reads as 0, connected or attached.
    pub state: i32,
    /// Which case of the oneof is there.
    pub detail: Option<D>,
}

impl<D> StateReply<D> {
    /// Of the slots that both radios' tables begin with.
    fn new([msg, case, status, state]: [Slot<'_>; 4], detail: Option<D>) -> Self {
        Self {
            msg: msg.signed(),
            case: case.int,
            status: status.signed(),
            state: state.signed(),
            detail,
        }
    }
}

/// More on a radio's state: what it is from field 10 on.
const fn detail(last: u8, end: u8) -> Option<Oneof> {
    Some(Oneof {
        first: 10,
        last,
        slot: 4,
        end,
    })
}

static CONNECTED: Shape = fields(&[
    rule(1, Kind::Bytes(6)),
    rule(2, Kind::Int(7)),
    rule(3, Kind::Bytes(8)),
    rule(4, Kind::Bytes(9)),
    rule(5, Kind::Int(5)),
]);
static WIFI_STATE: Shape = Shape {
    rules: &[
        rule(1, Kind::Int(2)),
        rule(2, Kind::Int(3)),
        rule(10, Kind::Int(5)),
        rule(11, Kind::Message(&CONNECTED)),
        rule(12, Kind::Message(&fields(&[rule(1, Kind::Int(5))]))),
    ],
    oneof: detail(12, 10),
};
static ATTACHED: Shape = fields(&[
    rule(1, Kind::Int(5)),
    rule(2, Kind::Bytes(6)),
    rule(3, Kind::Int(7)),
    rule(4, Kind::Bytes(8)),
]);
static THREAD_STATE: Shape = Shape {
    rules: &[
        rule(1, Kind::Int(2)),
        rule(2, Kind::Int(3)),
        rule(10, Kind::Int(5)),
        rule(11, Kind::Message(&ATTACHED)),
    ],
    oneof: detail(11, 9),
};

/// The reply on `prov-config` to get-wifi-status.
pub type WifiStatusReply<'b> = StateReply<WifiDetail<'b>>;

/// More on the state of a Wi-Fi station.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WifiDetail<'b> {
    /// `WifiConnectFailedReason`.
    FailReason(i32),
    /// What it is connected to.
    Connected(WifiConnected<'b>),
    /// How often the device will try again.
    AttemptFailed {
        /// Attempts left.
        attempts_remaining: u32,
    },
}

/// `WifiConnectedState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WifiConnected<'b> {
    /// Dotted decimal, as text. Need not be UTF-8 here.
    pub ip4_addr: &'b [u8],
    /// `WifiAuthMode`.
    pub auth_mode: i32,
    /// Network name.
    pub ssid: &'b [u8],
    /// Access point address.
    pub bssid: &'b [u8],
    /// Channel.
    pub channel: i32,
}

static WIFI_STATUS: Table<10> = Table::new(Shape {
    rules: &[rule(1, Kind::Int(0)), rule(11, Kind::Message(&WIFI_STATE))],
    oneof: contents(1, 10),
});

impl<'b> WifiStatusReply<'b> {
    /// Reads a reply.
    ///
    /// # Errors
    /// [`Malformed`] for anything that is no message of this endpoint.
    pub fn read(reply: &'b [u8]) -> Result<Self, Malformed> {
        let [msg, case, status, state, detail, number, ip, auth, ssid, bssid] = read(&WIFI_STATUS, reply)?;
        let detail = match detail.int {
            10 => Some(WifiDetail::FailReason(number.signed())),
            11 => Some(WifiDetail::Connected(WifiConnected {
                ip4_addr: ip.bytes,
                auth_mode: auth.signed(),
                ssid: ssid.bytes,
                bssid: bssid.bytes,
                channel: number.signed(),
            })),
            12 => Some(WifiDetail::AttemptFailed {
                attempts_remaining: number.int,
            }),
            _ => None,
        };
        Ok(Self::new([msg, case, status, state], detail))
    }
}

/// The reply on `prov-config` to get-thread-status.
pub type ThreadStatusReply<'b> = StateReply<ThreadDetail<'b>>;

/// More on the state of a Thread interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThreadDetail<'b> {
    /// `ThreadAttachFailedReason`.
    FailReason(i32),
    /// What it is attached to.
    Attached(ThreadAttached<'b>),
}

/// `ThreadAttachState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThreadAttached<'b> {
    /// PAN id.
    pub pan_id: u32,
    /// Extended PAN id.
    pub ext_pan_id: &'b [u8],
    /// Channel.
    pub channel: u32,
    /// Network name.
    pub name: &'b [u8],
}

static THREAD_STATUS: Table<9> = Table::new(Shape {
    rules: &[rule(1, Kind::Int(0)), rule(17, Kind::Message(&THREAD_STATE))],
    oneof: contents(1, 9),
});

impl<'b> ThreadStatusReply<'b> {
    /// Reads a reply.
    ///
    /// # Errors
    /// [`Malformed`] for anything that is no message of this endpoint.
    pub fn read(reply: &'b [u8]) -> Result<Self, Malformed> {
        let [
            msg,
            case,
            status,
            state,
            detail,
            number,
            ext_pan_id,
            channel,
            name,
        ] = read(&THREAD_STATUS, reply)?;
        let detail = match detail.int {
            10 => Some(ThreadDetail::FailReason(number.signed())),
            11 => Some(ThreadDetail::Attached(ThreadAttached {
                pan_id: number.int,
                ext_pan_id: ext_pan_id.bytes,
                channel: channel.int,
                name: name.bytes,
            })),
            _ => None,
        };
        Ok(Self::new([msg, case, status, state], detail))
    }
}

/// A reply on `prov-ctrl`: a status, and a content that is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CtrlReply {
    /// `msg`.
    pub msg: i32,
    /// The device's verdict.
    pub status: i32,
}

static CTRL: Table<3> = Table::new(Shape {
    rules: &[rule(1, Kind::Int(0)), rule(2, Kind::Int(1))],
    oneof: Some(Oneof {
        first: 11,
        last: 18,
        slot: 2,
        end: 3,
    }),
});

impl CtrlReply {
    /// Reads a reply.
    ///
    /// # Errors
    /// [`Malformed`] for anything that is no message of this endpoint.
    pub fn read(reply: &[u8]) -> Result<Self, Malformed> {
        let [msg, status, _] = read(&CTRL, reply)?;
        Ok(Self {
            msg: msg.signed(),
            status: status.signed(),
        })
    }
}
