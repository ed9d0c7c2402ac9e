//! What the three protobuf endpoints share.

use crate::Refusal;
use espprov_proto::{Encode, encode};
use espprov_types::StatusCode;

/// Which radio a scan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Radio {
    Wifi,
    Thread,
}

/// What a handler did with a request it accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handled {
    /// Wrote a plaintext reply of so many bytes.
    Reply(usize),
    /// The client waits for the end of a scan.
    Wait(Radio),
}

pub(crate) fn encode_reply<M: Encode>(message: &M, out: &mut [u8]) -> Result<Handled, Refusal> {
    let limit = out.len();
    encode(message, out)
        .map(Handled::Reply)
        .map_err(|_| Refusal::ReplyTooLong { limit })
}

/// The number on the wire for an application's verdict.
pub(crate) fn status_of(verdict: Result<(), StatusCode>) -> i32 {
    verdict.map_or_else(StatusCode::to_wire, |()| 0)
}

/// Firmware keeps names and passphrases as C strings.
pub(crate) fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
}
