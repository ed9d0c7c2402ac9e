//! The endpoint `prov-config`.

use crate::handler::{Handled, encode_reply, status_of, until_nul};
use crate::{Application, Quirks, Refusal, WifiConfigRequest};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use espprov_proto::config::network_config_payload::Payload;
use espprov_proto::config::{
    CmdSetThreadConfig, CmdSetWifiConfig, NetworkConfigMsgType as Msg, NetworkConfigPayload,
    RespApplyThreadConfig, RespApplyWifiConfig, RespGetThreadStatus, RespGetWifiStatus, RespSetThreadConfig,
    RespSetWifiConfig, ThreadAttachState, ThreadNetworkState, WifiAttemptFailed, WifiConnectedState,
    WifiStationState, resp_get_thread_status, resp_get_wifi_status,
};
use espprov_types::{
    Bssid, Ssid, StatusCode, ThreadAttachment, ThreadFailure, ThreadStatus, WifiConnection, WifiFailure,
    WifiStatus,
};

/// Longest Thread dataset in bytes.
const DATASET_MAX: usize = 254;

/// Answers one decrypted request.
pub(crate) fn handle<A: Application>(
    app: &mut A,
    quirks: &Quirks,
    request: &[u8],
    out: &mut [u8],
) -> Result<Handled, Refusal> {
    let request: NetworkConfigPayload = espprov_proto::decode(request).map_err(|_| Refusal::Malformed)?;
    let msg = Msg::try_from(request.msg).map_err(|_| Refusal::UnknownMessage)?;
    if !quirks.thread_messages && request.msg > Msg::TypeRespApplyWifiConfig as i32 {
        return Err(Refusal::UnknownMessage);
    }
    let (msg, payload) = match msg {
        Msg::TypeCmdGetWifiStatus => {
            let resp = wifi_status(app, quirks);
            (Msg::TypeRespGetWifiStatus, Payload::RespGetWifiStatus(resp))
        }
        Msg::TypeCmdSetWifiConfig => {
            let Some(Payload::CmdSetWifiConfig(config)) = &request.payload else {
                return Err(Refusal::MissingPayload);
            };
            let status = status_of(set_wifi(app, quirks, config));
            (
                Msg::TypeRespSetWifiConfig,
                Payload::RespSetWifiConfig(RespSetWifiConfig { status }),
            )
        }
        Msg::TypeCmdApplyWifiConfig => {
            let status = status_of(app.apply_wifi());
            (
                Msg::TypeRespApplyWifiConfig,
                Payload::RespApplyWifiConfig(RespApplyWifiConfig { status }),
            )
        }
        Msg::TypeCmdGetThreadStatus => {
            let resp = thread_status(app);
            (Msg::TypeRespGetThreadStatus, Payload::RespGetThreadStatus(resp))
        }
        Msg::TypeCmdSetThreadConfig => {
            let Some(Payload::CmdSetThreadConfig(config)) = &request.payload else {
                return Err(Refusal::MissingPayload);
            };
            let status = status_of(set_thread(app, config));
            (
                Msg::TypeRespSetThreadConfig,
                Payload::RespSetThreadConfig(RespSetThreadConfig { status }),
            )
        }
        Msg::TypeCmdApplyThreadConfig => {
            let status = status_of(app.apply_thread());
            (
                Msg::TypeRespApplyThreadConfig,
                Payload::RespApplyThreadConfig(RespApplyThreadConfig { status }),
            )
        }
        Msg::TypeRespGetWifiStatus
        | Msg::TypeRespSetWifiConfig
        | Msg::TypeRespApplyWifiConfig
        | Msg::TypeRespGetThreadStatus
        | Msg::TypeRespSetThreadConfig
        | Msg::TypeRespApplyThreadConfig => return Err(Refusal::UnknownMessage),
    };
    let reply = NetworkConfigPayload {
        msg: msg as i32,
        payload: Some(payload),
    };
    encode_reply(&reply, out)
}

fn set_wifi<A: Application>(
    app: &mut A,
    quirks: &Quirks,
    config: &CmdSetWifiConfig,
) -> Result<(), StatusCode> {
    let invalid = StatusCode::InvalidArgument;
    let bssid = match config.bssid.as_slice() {
        [] => None,
        bytes => Some(Bssid::from_slice(bytes).map_err(|_| invalid)?),
    };
    // The lengths count before the cut: 33 bytes are refused even if the 33rd is a NUL.
    if config.ssid.len() > Ssid::MAX_LEN || config.passphrase.len() > quirks.passphrase_max {
        return Err(invalid);
    }
    app.set_wifi(&WifiConfigRequest {
        ssid: Ssid::new(until_nul(&config.ssid)).map_err(|_| invalid)?,
        passphrase: until_nul(&config.passphrase),
        bssid,
        channel: config.channel,
    })
}

fn set_thread<A: Application>(app: &mut A, config: &CmdSetThreadConfig) -> Result<(), StatusCode> {
    if config.dataset.len() > DATASET_MAX {
        return Err(StatusCode::InvalidArgument);
    }
    app.set_thread(&config.dataset)
}

fn wifi_status<A: Application>(app: &mut A, quirks: &Quirks) -> RespGetWifiStatus {
    use resp_get_wifi_status::State;
    let (state, detail) = match app.wifi_status() {
        Ok(WifiStatus::Connected(connection)) => {
            app.after_connected_status();
            let detail = connected(&connection, quirks);
            (WifiStationState::Connected, Some(State::WifiConnected(detail)))
        }
        Ok(WifiStatus::Connecting { attempts_remaining }) => {
            let detail = attempts_remaining
                .filter(|_| quirks.attempt_failed_status)
                .map(|attempts_remaining| State::AttemptFailed(WifiAttemptFailed { attempts_remaining }));
            (WifiStationState::Connecting, detail)
        }
        Ok(WifiStatus::Disconnected) => (WifiStationState::Disconnected, None),
        Ok(WifiStatus::Failed(reason)) => {
            let reason = match reason {
                WifiFailure::AuthError => Some(0),
                WifiFailure::NetworkNotFound => Some(1),
                WifiFailure::Unknown(value) => value,
                _ => None,
            };
            (
                WifiStationState::ConnectionFailed,
                reason.map(State::WifiFailReason),
            )
        }
        // A state of a later espprov-types: closest to what older clients understand.
        Ok(_) => (WifiStationState::Disconnected, None),
        Err(code) => {
            return RespGetWifiStatus {
                status: code.to_wire(),
                ..Default::default()
            };
        }
    };
    RespGetWifiStatus {
        status: 0,
        wifi_sta_state: state as i32,
        state: detail,
    }
}

fn connected(connection: &WifiConnection, quirks: &Quirks) -> WifiConnectedState {
    WifiConnectedState {
        ip4_addr: connection.ip.map_or_else(String::new, |ip| ip.to_string()),
        auth_mode: connection.auth.to_wire(),
        ssid: until_nul(connection.ssid.as_bytes()).to_vec(),
        bssid: connection
            .bssid
            .map_or_else(Vec::new, |bssid| shown_bssid(bssid, quirks)),
        channel: connection.channel.unwrap_or(0),
    }
}

fn shown_bssid(bssid: Bssid, quirks: &Quirks) -> Vec<u8> {
    let mut octets = bssid.octets();
    if quirks.bssid_cut_at_nul {
        octets
            .iter_mut()
            .skip_while(|octet| **octet != 0)
            .for_each(|octet| *octet = 0);
    }
    octets.to_vec()
}

fn thread_status<A: Application>(app: &mut A) -> RespGetThreadStatus {
    use resp_get_thread_status::State;
    let (state, detail) = match app.thread_status() {
        Ok(ThreadStatus::Attached(attachment)) => {
            app.after_connected_status();
            let detail = attached(&attachment);
            (ThreadNetworkState::Attached, Some(State::ThreadAttached(detail)))
        }
        Ok(ThreadStatus::Attaching) => (ThreadNetworkState::Attaching, None),
        Ok(ThreadStatus::Detached) => (ThreadNetworkState::Dettached, None),
        Ok(ThreadStatus::Failed(reason)) => {
            let reason = match reason {
                ThreadFailure::DatasetInvalid => Some(0),
                ThreadFailure::NetworkNotFound => Some(1),
                ThreadFailure::Unknown(value) => value,
                _ => None,
            };
            (
                ThreadNetworkState::AttachingFailed,
                reason.map(State::ThreadFailReason),
            )
        }
        Ok(_) => (ThreadNetworkState::Dettached, None),
        Err(code) => {
            return RespGetThreadStatus {
                status: code.to_wire(),
                ..Default::default()
            };
        }
    };
    RespGetThreadStatus {
        status: 0,
        thread_state: state as i32,
        state: detail,
    }
}

fn attached(attachment: &ThreadAttachment) -> ThreadAttachState {
    ThreadAttachState {
        pan_id: attachment.pan_id.into(),
        ext_pan_id: attachment.ext_pan_id.map_or_else(Vec::new, |id| id.to_vec()),
        channel: attachment.channel.into(),
        name: until_nul(attachment.name.as_bytes()).to_vec(),
    }
}
