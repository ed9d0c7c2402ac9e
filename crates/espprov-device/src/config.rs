//! The endpoint `prov-config`.

use crate::handler::{ABSENT, Answer, command, too_long, until_nul};
use crate::{Application, Quirks, Refusal, WifiConfigRequest};
use core::fmt::Write;
use espprov_proto::wire::{Field, Item};
use espprov_proto::{Command, Config, ConfigRequest, SetWifiConfigRef};
use espprov_types::{
    Bssid, Ssid, StatusCode, ThreadAttachment, ThreadFailure, ThreadStatus, WifiConnection, WifiFailure,
    WifiStatus,
};
use heapless::String;

/// Longest Thread dataset in bytes.
const DATASET_MAX: usize = 254;

/// `msg` of the last message that `wifi_provisioning` knows: the reply to apply.
const LAST_WIFI: i32 = 5;

/// Does what one decrypted request asks.
pub(crate) fn handle<A: Application>(
    app: &mut A,
    quirks: &Quirks,
    request: &[u8],
) -> Result<Answer, Refusal> {
    let request = ConfigRequest::read(request).map_err(|_| Refusal::Malformed)?;
    let command = command(quirks, request.msg, LAST_WIFI)?;
    Ok(match command {
        Command::GET_WIFI_STATUS => {
            let status = app.wifi_status();
            if matches!(status, Ok(WifiStatus::Connected(_))) {
                app.after_connected_status();
            }
            Answer::Wifi(status)
        }
        Command::SET_WIFI_CONFIG => {
            let config = request.set_wifi().ok_or(Refusal::MissingPayload)?;
            Answer::Verdict(command, set_wifi(app, quirks, &config))
        }
        Command::APPLY_WIFI_CONFIG => Answer::Verdict(command, app.apply_wifi()),
        Command::GET_THREAD_STATUS => {
            let status = app.thread_status();
            if matches!(status, Ok(ThreadStatus::Attached(_))) {
                app.after_connected_status();
            }
            Answer::Thread(status)
        }
        Command::SET_THREAD_CONFIG => {
            let config = request.set_thread().ok_or(Refusal::MissingPayload)?;
            Answer::Verdict(command, set_thread(app, config.dataset))
        }
        Command::APPLY_THREAD_CONFIG => Answer::Verdict(command, app.apply_thread()),
        _ => return Err(Refusal::UnknownMessage),
    })
}

fn set_wifi<A: Application>(
    app: &mut A,
    quirks: &Quirks,
    config: &SetWifiConfigRef<'_>,
) -> Result<(), StatusCode> {
    let invalid = StatusCode::InvalidArgument;
    let bssid = match config.bssid {
        [] => None,
        bytes => Some(Bssid::from_slice(bytes).map_err(|_| invalid)?),
    };
    // The lengths count before the cut: 33 bytes are refused even if the 33rd is a NUL.
    if config.ssid.len() > Ssid::MAX_LEN || config.passphrase.len() > quirks.passphrase_max {
        return Err(invalid);
    }
    app.set_wifi(&WifiConfigRequest {
        ssid: Ssid::new(until_nul(config.ssid)).map_err(|_| invalid)?,
        passphrase: until_nul(config.passphrase),
        bssid,
        channel: config.channel,
    })
}

fn set_thread<A: Application>(app: &mut A, dataset: &[u8]) -> Result<(), StatusCode> {
    if dataset.len() > DATASET_MAX {
        return Err(StatusCode::InvalidArgument);
    }
    app.set_thread(dataset)
}

/// `WifiStationState`, or `ThreadNetworkState`: they count alike.
#[derive(Clone, Copy)]
enum State {
    Connected = 0,
    Connecting = 1,
    Disconnected = 2,
    Failed = 3,
}

/// Writes the state of the Wi-Fi station.
pub(crate) fn write_wifi(
    status: &Result<WifiStatus, StatusCode>,
    quirks: &Quirks,
    out: &mut [u8],
) -> Result<usize, Refusal> {
    let status = match status {
        Ok(status) => status,
        Err(code) => return write_verdict(Command::GET_WIFI_STATUS, code.to_wire(), out),
    };
    let attempts;
    let (state, detail) = match status {
        WifiStatus::Connected(connection) => return write_connected(connection, quirks, out),
        WifiStatus::Connecting {
            attempts_remaining: Some(remaining),
        } if quirks.attempt_failed_status => {
            attempts = [(1, Item::Uint(*remaining))];
            (State::Connecting, (12, Item::Message(&attempts)))
        }
        WifiStatus::Connecting { .. } => (State::Connecting, ABSENT),
        WifiStatus::Failed(reason) => {
            let reason = match reason {
                WifiFailure::AuthError => Some(0),
                WifiFailure::NetworkNotFound => Some(1),
                WifiFailure::Unknown(value) => *value,
                _ => None,
            };
            let detail = reason.map_or(ABSENT, |reason| (10, Item::Case(reason)));
            (State::Failed, detail)
        }
        // Disconnected, or a state of a later espprov-types: closest to what older clients understand.
        _ => (State::Disconnected, ABSENT),
    };
    let content = [(2, Item::Uint(state as u32)), detail];
    Command::GET_WIFI_STATUS
        .write_reply(0, &content, out)
        .map_err(too_long)
}

fn write_connected(connection: &WifiConnection, quirks: &Quirks, out: &mut [u8]) -> Result<usize, Refusal> {
    let mut ip = String::<15>::new();
    if let Some(address) = connection.ip {
        // 15 characters are what the longest takes.
        let _ = write!(ip, "{address}");
    }
    let bssid = connection.bssid.map(|bssid| shown_bssid(bssid, quirks));
    let connected = [
        (1, Item::Bytes(ip.as_bytes())),
        (2, Item::Int(connection.auth.to_wire())),
        (3, Item::Bytes(until_nul(connection.ssid.as_bytes()))),
        (4, Item::Bytes(bssid.as_ref().map_or(&[], |octets| octets))),
        (5, Item::Int(connection.channel.unwrap_or(0))),
    ];
    let content = [
        (2, Item::Uint(State::Connected as u32)),
        (11, Item::Message(&connected)),
    ];
    Command::GET_WIFI_STATUS
        .write_reply(0, &content, out)
        .map_err(too_long)
}

fn shown_bssid(bssid: Bssid, quirks: &Quirks) -> [u8; 6] {
    let mut octets = bssid.octets();
    if quirks.bssid_cut_at_nul {
        octets
            .iter_mut()
            .skip_while(|octet| **octet != 0)
            .for_each(|octet| *octet = 0);
    }
    octets
}

/// Writes the state of the Thread interface.
pub(crate) fn write_thread(
    status: &Result<ThreadStatus, StatusCode>,
    out: &mut [u8],
) -> Result<usize, Refusal> {
    let status = match status {
        Ok(status) => status,
        Err(code) => return write_verdict(Command::GET_THREAD_STATUS, code.to_wire(), out),
    };
    let attached;
    let (state, detail) = match status {
        ThreadStatus::Attached(attachment) => {
            attached = attachment_fields(attachment);
            (State::Connected, (11, Item::Message(&attached)))
        }
        ThreadStatus::Attaching => (State::Connecting, ABSENT),
        ThreadStatus::Failed(reason) => {
            let reason = match reason {
                ThreadFailure::DatasetInvalid => Some(0),
                ThreadFailure::NetworkNotFound => Some(1),
                ThreadFailure::Unknown(value) => *value,
                _ => None,
            };
            let detail = reason.map_or(ABSENT, |reason| (10, Item::Case(reason)));
            (State::Failed, detail)
        }
        _ => (State::Disconnected, ABSENT),
    };
    let content = [(2, Item::Uint(state as u32)), detail];
    Command::GET_THREAD_STATUS
        .write_reply(0, &content, out)
        .map_err(too_long)
}

fn attachment_fields(attachment: &ThreadAttachment) -> [Field<'_>; 4] {
    let ext_pan_id = attachment.ext_pan_id.as_ref();
    [
        (1, Item::Uint(attachment.pan_id.into())),
        (2, Item::Bytes(ext_pan_id.map_or(&[], |id| id))),
        (3, Item::Uint(attachment.channel.into())),
        (4, Item::Bytes(until_nul(attachment.name.as_bytes()))),
    ]
}

/// Writes a content that is a status and nothing else.
pub(crate) fn write_verdict(command: Command<Config>, status: i32, out: &mut [u8]) -> Result<usize, Refusal> {
    command
        .write_reply(0, &[(1, Item::Int(status))], out)
        .map_err(too_long)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the client half reads the vendor's: the state in field 2, the reason as a case of its own, present even as 0.
    #[test]
    fn every_failure_is_told_by_its_number() {
        let mut out = [0; 32];
        let failed: &[u8] = &[0x08, 0x01, 0x5a, 0x04, 0x10, 0x03, 0x50];
        for (reason, number) in [
            (WifiFailure::AuthError, Some(0)),
            (WifiFailure::NetworkNotFound, Some(1)),
            (WifiFailure::Unknown(Some(7)), Some(7)),
            (WifiFailure::Unknown(None), None),
        ] {
            let len = write_wifi(&Ok(WifiStatus::Failed(reason)), &Quirks::default(), &mut out).unwrap();
            match number {
                Some(number) => assert_eq!(out[..len], [failed, &[number]].concat()),
                None => assert_eq!(out[..len], [0x08, 0x01, 0x5a, 0x02, 0x10, 0x03]),
            }
        }
        let failed: &[u8] = &[0x08, 0x07, 0x8a, 0x01, 0x04, 0x10, 0x03, 0x50];
        for (reason, number) in [
            (ThreadFailure::DatasetInvalid, Some(0)),
            (ThreadFailure::NetworkNotFound, Some(1)),
            (ThreadFailure::Unknown(Some(9)), Some(9)),
            (ThreadFailure::Unknown(None), None),
        ] {
            let len = write_thread(&Ok(ThreadStatus::Failed(reason)), &mut out).unwrap();
            match number {
                Some(number) => assert_eq!(out[..len], [failed, &[number]].concat()),
                None => assert_eq!(out[..len], [0x08, 0x07, 0x8a, 0x01, 0x02, 0x10, 0x03]),
            }
        }
        let len = write_wifi(&Ok(WifiStatus::Disconnected), &Quirks::default(), &mut out).unwrap();
        assert_eq!(out[..len], [0x08, 0x01, 0x5a, 0x02, 0x10, 0x02]);
        let len = write_thread(&Ok(ThreadStatus::Detached), &mut out).unwrap();
        assert_eq!(out[..len], [0x08, 0x07, 0x8a, 0x01, 0x02, 0x10, 0x02]);
    }
}
