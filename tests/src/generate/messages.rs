//! The requests of the vectors, as plaintext.

use espprov_proto::config::NetworkConfigMsgType as Config;
use espprov_proto::ctrl::{NetworkCtrlMsgType as Ctrl, NetworkCtrlPayload};
use espprov_proto::scan::network_scan_payload::Payload as Scan;
use espprov_proto::scan::{
    CmdScanThreadResult, CmdScanThreadStart, CmdScanThreadStatus, CmdScanWifiResult, CmdScanWifiStart,
    CmdScanWifiStatus, NetworkScanMsgType, NetworkScanPayload,
};
use espprov_proto::{Encode, SetThreadConfigRef, SetWifiConfigRef};

fn bytes<M: Encode>(message: &M) -> Vec<u8> {
    let mut buf = vec![0; espprov_proto::encoded_len(message)];
    let len = espprov_proto::encode(message, &mut buf);
    assert_eq!(len, Ok(buf.len()));
    buf
}

fn scan(msg: NetworkScanMsgType, payload: Scan) -> Vec<u8> {
    bytes(&NetworkScanPayload {
        msg: msg as i32,
        status: 0,
        payload: Some(payload),
    })
}

pub(super) fn wifi_scan_start(blocking: bool) -> Vec<u8> {
    let start = CmdScanWifiStart {
        blocking,
        passive: false,
        group_channels: 5,
        period_ms: 120,
    };
    scan(
        NetworkScanMsgType::TypeCmdScanWifiStart,
        Scan::CmdScanWifiStart(start),
    )
}

pub(super) fn wifi_scan_status() -> Vec<u8> {
    scan(
        NetworkScanMsgType::TypeCmdScanWifiStatus,
        Scan::CmdScanWifiStatus(CmdScanWifiStatus {}),
    )
}

pub(super) fn wifi_page(start_index: u32, count: u32) -> Vec<u8> {
    scan(
        NetworkScanMsgType::TypeCmdScanWifiResult,
        Scan::CmdScanWifiResult(CmdScanWifiResult { start_index, count }),
    )
}

pub(super) fn thread_scan_start(blocking: bool) -> Vec<u8> {
    let start = CmdScanThreadStart {
        blocking,
        channel_mask: 0x07ff_f800,
    };
    scan(
        NetworkScanMsgType::TypeCmdScanThreadStart,
        Scan::CmdScanThreadStart(start),
    )
}

pub(super) fn thread_scan_status() -> Vec<u8> {
    scan(
        NetworkScanMsgType::TypeCmdScanThreadStatus,
        Scan::CmdScanThreadStatus(CmdScanThreadStatus {}),
    )
}

pub(super) fn thread_page(start_index: u32, count: u32) -> Vec<u8> {
    scan(
        NetworkScanMsgType::TypeCmdScanThreadResult,
        Scan::CmdScanThreadResult(CmdScanThreadResult { start_index, count }),
    )
}

pub(super) fn set_wifi(ssid: &[u8], passphrase: &[u8], bssid: &[u8], channel: i32) -> Vec<u8> {
    let mut buf = [0; 512];
    let request = SetWifiConfigRef {
        ssid,
        passphrase,
        bssid,
        channel,
    };
    let len = request.encode(&mut buf).unwrap_or_else(|error| panic!("{error}"));
    buf[..len].to_vec()
}

pub(super) fn set_thread(dataset: &[u8]) -> Vec<u8> {
    let mut buf = [0; 512];
    let len = SetThreadConfigRef { dataset }
        .encode(&mut buf)
        .unwrap_or_else(|error| panic!("{error}"));
    buf[..len].to_vec()
}

/// The bare message type, as clients send apply.
pub(super) fn apply_wifi() -> Vec<u8> {
    vec![0x08, Config::TypeCmdApplyWifiConfig as u8]
}

pub(super) fn apply_thread() -> Vec<u8> {
    vec![0x08, Config::TypeCmdApplyThreadConfig as u8]
}

/// Type 0 is absent from the wire, so the payload field is what makes this a message at all.
pub(super) fn wifi_status() -> Vec<u8> {
    vec![0x52, 0x00]
}

pub(super) fn thread_status() -> Vec<u8> {
    vec![0x08, Config::TypeCmdGetThreadStatus as u8, 0x82, 0x01, 0x00]
}

pub(super) fn ctrl(msg: Ctrl) -> Vec<u8> {
    bytes(&NetworkCtrlPayload {
        msg: msg as i32,
        ..Default::default()
    })
}

/// Channel, extended PAN id, network key, PAN id: the least that a dataset holds.
pub(super) fn dataset(ext_pan_id: [u8; 8]) -> Vec<u8> {
    let mut dataset = vec![0, 3, 0, 0, 15, 2, 8];
    dataset.extend(ext_pan_id);
    dataset.extend([5, 16]);
    dataset.extend(1..=16);
    dataset.extend([1, 2, 0x12, 0x34]);
    dataset
}
