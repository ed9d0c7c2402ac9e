//! What a device reads and writes: the same values, the same messages refused, the same bytes.

use crate::noise::inputs;
use crate::referee::{Looks, NONE, case_of, decode};
use crate::requests::exactly;
use crate::values::{self, bytes, int, uint};
use espprov_proto::config::network_config_payload::Payload as Config;
use espprov_proto::config::{
    CmdApplyWifiConfig, CmdGetThreadStatus, CmdSetThreadConfig, CmdSetWifiConfig, NetworkConfigPayload,
    RespSetWifiConfig,
};
use espprov_proto::ctrl::network_ctrl_payload::Payload as Ctrl;
use espprov_proto::ctrl::{CmdCtrlThreadReset, CmdCtrlWifiReset, NetworkCtrlPayload, RespCtrlWifiReset};
use espprov_proto::scan::network_scan_payload::Payload as Scan;
use espprov_proto::scan::{
    CmdScanThreadResult, CmdScanThreadStart, CmdScanWifiResult, CmdScanWifiStart, CmdScanWifiStatus,
    NetworkScanPayload, RespScanWifiResult, WiFiScanResult,
};
use espprov_proto::wire::{Item, List};
use espprov_proto::{
    Command, ConfigRequest, CtrlRequest, EncodeError, Malformed, ScanContent, ScanRequest, SetWifiConfigRef,
};
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;

/// Requests on `prov-config`.
fn config() -> impl Strategy<Value = Vec<u8>> + Clone {
    let set_wifi = (bytes(), bytes(), bytes(), int()).prop_map(|(ssid, passphrase, bssid, channel)| {
        Config::CmdSetWifiConfig(CmdSetWifiConfig {
            ssid,
            passphrase,
            bssid,
            channel,
        })
    });
    let payload = prop_oneof![
        6 => set_wifi,
        3 => bytes().prop_map(|dataset| Config::CmdSetThreadConfig(CmdSetThreadConfig { dataset })),
        1 => Just(Config::CmdApplyWifiConfig(CmdApplyWifiConfig {})),
        1 => Just(Config::CmdGetThreadStatus(CmdGetThreadStatus {})),
        1 => int().prop_map(|status| Config::RespSetWifiConfig(RespSetWifiConfig { status })),
    ];
    values::config(payload)
}

/// Requests on `prov-scan`.
fn scan() -> impl Strategy<Value = Vec<u8>> + Clone {
    let payload = prop_oneof![
        3 => (any::<bool>(), any::<bool>(), uint(), uint()).prop_map(|(blocking, passive, group_channels, period_ms)| {
            Scan::CmdScanWifiStart(CmdScanWifiStart { blocking, passive, group_channels, period_ms })
        }),
        3 => (any::<bool>(), uint()).prop_map(|(blocking, channel_mask)| {
            Scan::CmdScanThreadStart(CmdScanThreadStart { blocking, channel_mask })
        }),
        2 => (uint(), uint()).prop_map(|(start_index, count)| {
            Scan::CmdScanWifiResult(CmdScanWifiResult { start_index, count })
        }),
        2 => (uint(), uint()).prop_map(|(start_index, count)| {
            Scan::CmdScanThreadResult(CmdScanThreadResult { start_index, count })
        }),
        1 => Just(Scan::CmdScanWifiStatus(CmdScanWifiStatus {})),
        1 => bytes().prop_map(|ssid| {
            let entries = vec![WiFiScanResult { ssid, ..Default::default() }];
            Scan::RespScanWifiResult(RespScanWifiResult { entries })
        }),
    ];
    values::scan(payload)
}

/// Requests on `prov-ctrl`.
fn ctrl() -> impl Strategy<Value = Vec<u8>> + Clone {
    let payload = prop_oneof![
        Just(Ctrl::CmdCtrlWifiReset(CmdCtrlWifiReset {})),
        Just(Ctrl::CmdCtrlThreadReset(CmdCtrlThreadReset {})),
        Just(Ctrl::RespCtrlWifiReset(RespCtrlWifiReset {})),
    ];
    values::ctrl(payload)
}

const CONFIG: &Looks = &[
    (&[], 10..=21),
    (&[10], NONE),
    (&[12], NONE),
    (&[14], NONE),
    (&[16], NONE),
    (&[18], NONE),
    (&[20], NONE),
];
const SCAN: &Looks = CONFIG;
const CTRL: &Looks = &[
    (&[], 11..=18),
    (&[11], NONE),
    (&[13], NONE),
    (&[15], NONE),
    (&[17], NONE),
];

/// `msg`, case, and what is set.
type Set = (
    i32,
    u32,
    Option<(Vec<u8>, Vec<u8>, Vec<u8>, i32)>,
    Option<Vec<u8>>,
);

fn our_config(request: &ConfigRequest<'_>) -> Set {
    let wifi = request.set_wifi().map(|set| {
        let [ssid, passphrase, bssid] = [set.ssid, set.passphrase, set.bssid].map(<[u8]>::to_vec);
        (ssid, passphrase, bssid, set.channel)
    });
    let thread = request.set_thread().map(|set| set.dataset.to_vec());
    (request.msg, request.case, wifi, thread)
}

fn their_config(message: &NetworkConfigPayload) -> Set {
    let (wifi, thread) = match &message.payload {
        Some(Config::CmdSetWifiConfig(set)) => {
            let [ssid, passphrase, bssid] = [&set.ssid, &set.passphrase, &set.bssid].map(Clone::clone);
            (Some((ssid, passphrase, bssid, set.channel)), None)
        }
        Some(Config::CmdSetThreadConfig(set)) => (None, Some(set.dataset.clone())),
        _ => (None, None),
    };
    (message.msg, case_of!(message.payload), wifi, thread)
}

fn their_scan(message: &NetworkScanPayload) -> ScanRequest {
    let content = match &message.payload {
        Some(Scan::CmdScanWifiStart(start)) => Some(ScanContent::WifiStart {
            blocking: start.blocking,
            passive: start.passive,
            group_channels: start.group_channels,
            period_ms: start.period_ms,
        }),
        Some(Scan::CmdScanThreadStart(start)) => Some(ScanContent::ThreadStart {
            blocking: start.blocking,
            channel_mask: start.channel_mask,
        }),
        Some(Scan::CmdScanWifiResult(CmdScanWifiResult { start_index, count }))
        | Some(Scan::CmdScanThreadResult(CmdScanThreadResult { start_index, count })) => {
            Some(ScanContent::Page {
                start_index: *start_index,
                count: *count,
            })
        }
        _ => None,
    };
    ScanRequest {
        msg: message.msg,
        status: message.status,
        case: case_of!(message.payload),
        content,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn config_requests(request in inputs(config())) {
        let theirs = decode::<NetworkConfigPayload>(CONFIG, &[], &request);
        let ours = ConfigRequest::read(&request);
        prop_assert_eq!(ours.as_ref().map(our_config), theirs.as_ref().map(their_config).ok_or(&Malformed));
    }

    #[test]
    fn scan_requests(request in inputs(scan())) {
        let theirs = decode::<NetworkScanPayload>(SCAN, &[], &request);
        prop_assert_eq!(ScanRequest::read(&request), theirs.as_ref().map(their_scan).ok_or(Malformed));
    }

    #[test]
    fn control_requests(request in inputs(ctrl())) {
        let theirs = decode::<NetworkCtrlPayload>(CTRL, &[], &request);
        let theirs = theirs.map(|message| CtrlRequest { msg: message.msg }).ok_or(Malformed);
        prop_assert_eq!(CtrlRequest::read(&request), theirs);
    }

    #[test]
    fn replies(status in int(), verdict in int()) {
        let theirs = NetworkConfigPayload {
            msg: 3,
            payload: Some(Config::RespSetWifiConfig(RespSetWifiConfig { status: verdict })),
        }.encode_to_vec();
        let content = [(1, Item::Int(verdict))];
        let ours = exactly(theirs.len(), |out| Command::SET_WIFI_CONFIG.write_reply(0, &content, out));
        prop_assert_eq!(ours, theirs);
        let theirs = NetworkCtrlPayload {
            msg: 2,
            status,
            payload: Some(Ctrl::RespCtrlWifiReset(RespCtrlWifiReset {})),
        }.encode_to_vec();
        let ours = exactly(theirs.len(), |out| Command::CTRL_WIFI_RESET.write_reply(status, &[], out));
        prop_assert_eq!(ours, theirs);
    }

    /// Pages of all sizes: the length in front of the list takes one, two or three bytes.
    #[test]
    fn pages(entries in vec((bytes(), uint(), int()), 0..24), long in prop_oneof![3 => Just(0_usize), 1 => 100..17_000_usize]) {
        let entries: Vec<_> = entries.into_iter().chain([(vec![7; long], 1, -1)]).map(|(ssid, channel, rssi)| {
            WiFiScanResult { ssid, channel, rssi, ..Default::default() }
        }).collect();
        let page = RespScanWifiResult { entries: entries.clone() };
        let theirs = NetworkScanPayload { msg: 5, status: 0, payload: Some(Scan::RespScanWifiResult(page)) }.encode_to_vec();
        let write = |out: &mut [u8]| {
            let mut list = List::new(out);
            for entry in &entries {
                list.push(1, &[(1, Item::Bytes(&entry.ssid)), (2, Item::Uint(entry.channel)), (3, Item::Int(entry.rssi))])?;
            }
            list.finish(&[(1, Item::Int(5))], 15)
        };
        let mut out = vec![0xee; theirs.len()];
        prop_assert_eq!(write(&mut out), Ok(theirs.len()));
        prop_assert_eq!(&out, &theirs);
        let mut short = vec![0xee; theirs.len() - 1];
        let available = short.len();
        let EncodeError { needed, available: said } = write(&mut short).unwrap_err();
        prop_assert!(said == available && needed > available);
    }
}

#[test]
fn what_a_reply_holds_is_not_looked_into() {
    // Nonsense where a page of results would be, then the request.
    let request = [0x7a, 1, 0xff, 0x52, 0x02, 0x08, 0x01];
    let start = ScanContent::WifiStart {
        blocking: true,
        passive: false,
        group_channels: 0,
        period_ms: 0,
    };
    assert_eq!(ScanRequest::read(&request).unwrap().content, Some(start));
    assert_eq!(ScanRequest::read(&[0x52, 1, 0xff]), Err(Malformed));
}

#[test]
fn debug_shows_no_credentials() {
    let set = SetWifiConfigRef {
        ssid: b"Home",
        passphrase: b"correct-horse",
        bssid: b"",
        channel: 0,
    };
    let mut request = [0; 64];
    let len = set.encode(&mut request).unwrap();
    let shown = format!("{:?}", ConfigRequest::read(&request[..len]).unwrap());
    assert_eq!(shown, "ConfigRequest { msg: 2, case: 12, .. }");
}
