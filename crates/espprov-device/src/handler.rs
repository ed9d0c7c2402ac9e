//! What the three protobuf endpoints share.

use crate::{Quirks, Refusal};
use espprov_proto::wire::{Field, Item};
use espprov_proto::{Command, Config, Ctrl, EncodeError, Scan};
use espprov_types::{StatusCode, ThreadStatus, WifiStatus};

/// Which radio a scan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Radio {
    Wifi,
    Thread,
}

/// What a handler made of a request: all that the reply needs, so that nothing of the request is needed any more when
/// the reply is written where it stood.
pub(crate) enum Answer {
    /// On `prov-ctrl`: a status beside a content that is empty.
    Ctrl(Command<Ctrl>, Result<(), StatusCode>),
    /// The same on `prov-scan`.
    Scan(Command<Scan>, Result<(), StatusCode>),
    /// On `prov-config`: a content that is a status.
    Verdict(Command<Config>, Result<(), StatusCode>),
    /// How far a scan is.
    ScanStatus(Radio, Result<crate::ScanProgress, StatusCode>),
    /// Results of a scan, by their indices.
    Page(Radio, core::ops::Range<u32>),
    /// State of the Wi-Fi station.
    Wifi(Result<WifiStatus, StatusCode>),
    /// State of the Thread interface.
    Thread(Result<ThreadStatus, StatusCode>),
    /// The client waits for the end of a scan.
    Wait(Radio),
}

/// The command of this number, where the firmware knows it: `wifi_provisioning` knows none beyond `last_wifi`.
pub(crate) fn command<E: Copy>(quirks: &Quirks, msg: i32, last_wifi: i32) -> Result<Command<E>, Refusal> {
    if !quirks.thread_messages && msg > last_wifi {
        return Err(Refusal::UnknownMessage);
    }
    Command::from_msg(msg).ok_or(Refusal::UnknownMessage)
}

/// A field that is not there.
pub(crate) const ABSENT: Field<'static> = (1, Item::Bytes(&[]));

pub(crate) fn too_long(error: EncodeError) -> Refusal {
    Refusal::ReplyTooLong {
        limit: error.available,
    }
}

/// Writes a reply that is a status beside a content that is empty.
pub(crate) fn bare<E: Copy>(
    command: Command<E>,
    verdict: Result<(), StatusCode>,
    out: &mut [u8],
) -> Result<usize, Refusal> {
    command
        .write_reply(status_of(verdict), &[], out)
        .map_err(too_long)
}

/// The number on the wire for an application's verdict.
pub(crate) fn status_of(verdict: Result<(), StatusCode>) -> i32 {
    verdict.map_or_else(StatusCode::to_wire, |()| 0)
}

/// Firmware keeps names and passphrases as C strings.
pub(crate) fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
}
