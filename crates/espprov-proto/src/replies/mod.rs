//! What a device answers on `prov-scan`, `prov-config` and `prov-ctrl`, borrowed from the reply. Nothing in these
//! views has been checked against anything: `msg` and `case` say what it is, whatever was asked.

mod config;
mod scan;

pub use config::{
    ConfigReply, CtrlReply, StateReply, ThreadAttached, ThreadDetail, ThreadStatusReply, WifiConnected,
    WifiDetail, WifiStatusReply,
};
pub use scan::{Entries, ScanReply, ThreadEntry, WifiEntry};

use crate::wire::{Kind, Oneof, Rule, Shape};

pub(crate) const fn rule(number: u8, kind: Kind) -> Rule {
    Rule { number, kind }
}

/// A message without a oneof.
pub(crate) const fn fields(rules: &'static [Rule]) -> Shape {
    Shape { rules, oneof: None }
}

/// The contents of `prov-config` and `prov-scan` have the same numbers.
pub(crate) const fn contents(slot: u8, end: u8) -> Option<Oneof> {
    Some(Oneof {
        first: 10,
        last: 21,
        slot,
        end,
    })
}
