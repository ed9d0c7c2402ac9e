//! Replies: the same values, and the same messages refused.

use crate::noise::inputs;
use crate::referee::{Looks, NONE, ascii, case_of, decode};
use crate::values::{self, bytes, int, uint};
use espprov_proto::config::network_config_payload::Payload as Config;
use espprov_proto::config::{
    NetworkConfigPayload, RespApplyThreadConfig, RespApplyWifiConfig, RespGetThreadStatus, RespGetWifiStatus,
    RespSetThreadConfig, RespSetWifiConfig, ThreadAttachState, WifiAttemptFailed, WifiConnectedState,
    resp_get_thread_status, resp_get_wifi_status,
};
use espprov_proto::ctrl::network_ctrl_payload::Payload as Ctrl;
use espprov_proto::ctrl::{NetworkCtrlPayload, RespCtrlThreadReset, RespCtrlWifiReprov};
use espprov_proto::scan::network_scan_payload::Payload as Scan;
use espprov_proto::scan::{
    CmdScanWifiStart, NetworkScanPayload, RespScanThreadResult, RespScanThreadStatus, RespScanWifiResult,
    RespScanWifiStart, RespScanWifiStatus, ThreadScanResult, WiFiScanResult,
};
use espprov_proto::wire::Fields;
use espprov_proto::{
    ConfigReply, CtrlReply, Malformed, ScanReply, ThreadAttached, ThreadDetail, ThreadEntry,
    ThreadStatusReply, WifiConnected, WifiDetail, WifiEntry, WifiStatusReply,
};
use proptest::collection::vec;
use proptest::prelude::*;

fn wifi_status() -> impl Strategy<Value = RespGetWifiStatus> + Clone {
    use resp_get_wifi_status::State;
    let connected = ("[0-9.ä]{0,12}", int(), bytes(), bytes(), int()).prop_map(
        |(ip4_addr, auth_mode, ssid, bssid, channel)| {
            State::WifiConnected(WifiConnectedState {
                ip4_addr,
                auth_mode,
                ssid,
                bssid,
                channel,
            })
        },
    );
    let failed =
        uint().prop_map(|attempts_remaining| State::AttemptFailed(WifiAttemptFailed { attempts_remaining }));
    let state = proptest::option::of(prop_oneof![
        int().prop_map(State::WifiFailReason),
        connected,
        failed
    ]);
    (int(), int(), state).prop_map(|(status, wifi_sta_state, state)| RespGetWifiStatus {
        status,
        wifi_sta_state,
        state,
    })
}

fn thread_status() -> impl Strategy<Value = RespGetThreadStatus> + Clone {
    use resp_get_thread_status::State;
    let attached = (uint(), bytes(), uint(), bytes()).prop_map(|(pan_id, ext_pan_id, channel, name)| {
        State::ThreadAttached(ThreadAttachState {
            pan_id,
            ext_pan_id,
            channel,
            name,
        })
    });
    let state = proptest::option::of(prop_oneof![int().prop_map(State::ThreadFailReason), attached]);
    (int(), int(), state).prop_map(|(status, thread_state, state)| RespGetThreadStatus {
        status,
        thread_state,
        state,
    })
}

/// Replies on `prov-config`.
fn config() -> impl Strategy<Value = Vec<u8>> + Clone {
    let payload = prop_oneof![
        4 => wifi_status().prop_map(Config::RespGetWifiStatus),
        4 => thread_status().prop_map(Config::RespGetThreadStatus),
        1 => int().prop_map(|status| Config::RespSetWifiConfig(RespSetWifiConfig { status })),
        1 => int().prop_map(|status| Config::RespApplyWifiConfig(RespApplyWifiConfig { status })),
        1 => int().prop_map(|status| Config::RespSetThreadConfig(RespSetThreadConfig { status })),
        1 => int().prop_map(|status| Config::RespApplyThreadConfig(RespApplyThreadConfig { status })),
    ];
    values::config(payload)
}

fn wifi_entry() -> impl Strategy<Value = WiFiScanResult> + Clone {
    (bytes(), uint(), int(), bytes(), int()).prop_map(|(ssid, channel, rssi, bssid, auth)| WiFiScanResult {
        ssid,
        channel,
        rssi,
        bssid,
        auth,
    })
}

fn thread_entry() -> impl Strategy<Value = ThreadScanResult> + Clone {
    (uint(), uint(), int(), uint(), bytes(), bytes(), bytes()).prop_map(
        |(pan_id, channel, rssi, lqi, ext_addr, network_name, ext_pan_id)| ThreadScanResult {
            pan_id,
            channel,
            rssi,
            lqi,
            ext_addr,
            network_name,
            ext_pan_id,
        },
    )
}

fn scan() -> impl Strategy<Value = Vec<u8>> + Clone {
    let progress = (any::<bool>(), uint());
    let payload = prop_oneof![
        Just(Scan::RespScanWifiStart(RespScanWifiStart {})),
        Just(Scan::CmdScanWifiStart(CmdScanWifiStart {
            blocking: true,
            ..Default::default()
        })),
        progress.clone().prop_map(|(scan_finished, result_count)| {
            Scan::RespScanWifiStatus(RespScanWifiStatus {
                scan_finished,
                result_count,
            })
        }),
        progress.prop_map(|(scan_finished, result_count)| {
            Scan::RespScanThreadStatus(RespScanThreadStatus {
                scan_finished,
                result_count,
            })
        }),
        vec(wifi_entry(), 0..4).prop_map(|entries| Scan::RespScanWifiResult(RespScanWifiResult { entries })),
        vec(thread_entry(), 0..4)
            .prop_map(|entries| Scan::RespScanThreadResult(RespScanThreadResult { entries })),
    ];
    values::scan(payload)
}

fn ctrl() -> impl Strategy<Value = Vec<u8>> + Clone {
    let payload = prop_oneof![
        Just(Ctrl::RespCtrlWifiReprov(RespCtrlWifiReprov {})),
        Just(Ctrl::RespCtrlThreadReset(RespCtrlThreadReset {})),
    ];
    values::ctrl(payload)
}

fn as_config_reply(message: &NetworkConfigPayload) -> ConfigReply {
    ConfigReply {
        msg: message.msg,
        case: case_of!(message.payload),
        status: match &message.payload {
            Some(Config::RespSetWifiConfig(r)) => r.status,
            Some(Config::RespApplyWifiConfig(r)) => r.status,
            Some(Config::RespSetThreadConfig(r)) => r.status,
            Some(Config::RespApplyThreadConfig(r)) => r.status,
            _ => 0,
        },
    }
}

fn as_wifi_status(message: &NetworkConfigPayload) -> WifiStatusReply<'_> {
    use resp_get_wifi_status::State;
    let nothing = RespGetWifiStatus::default();
    let (status, state, detail) = match &message.payload {
        Some(Config::RespGetWifiStatus(r)) => (r.status, r.wifi_sta_state, &r.state),
        _ => (0, 0, &nothing.state),
    };
    WifiStatusReply {
        msg: message.msg,
        case: case_of!(message.payload),
        status,
        state,
        detail: match detail {
            None => None,
            Some(State::WifiFailReason(reason)) => Some(WifiDetail::FailReason(*reason)),
            // Lives as long as the message only where it is the message's own.
            Some(State::WifiConnected(_)) => match &message.payload {
                Some(Config::RespGetWifiStatus(RespGetWifiStatus {
                    state: Some(State::WifiConnected(c)),
                    ..
                })) => Some(WifiDetail::Connected(WifiConnected {
                    ip4_addr: c.ip4_addr.as_bytes(),
                    auth_mode: c.auth_mode,
                    ssid: &c.ssid,
                    bssid: &c.bssid,
                    channel: c.channel,
                })),
                _ => None,
            },
            Some(State::AttemptFailed(a)) => Some(WifiDetail::AttemptFailed {
                attempts_remaining: a.attempts_remaining,
            }),
        },
    }
}

fn as_thread_status(message: &NetworkConfigPayload) -> ThreadStatusReply<'_> {
    use resp_get_thread_status::State;
    let (status, state, detail) = match &message.payload {
        Some(Config::RespGetThreadStatus(r)) => (r.status, r.thread_state, r.state.as_ref()),
        _ => (0, 0, None),
    };
    ThreadStatusReply {
        msg: message.msg,
        case: case_of!(message.payload),
        status,
        state,
        detail: detail.map(|detail| match detail {
            State::ThreadFailReason(reason) => ThreadDetail::FailReason(*reason),
            State::ThreadAttached(a) => ThreadDetail::Attached(ThreadAttached {
                pan_id: a.pan_id,
                ext_pan_id: &a.ext_pan_id,
                channel: a.channel,
                name: &a.name,
            }),
        }),
    }
}

fn as_wifi_entry(e: &WiFiScanResult) -> WifiEntry<'_> {
    WifiEntry {
        ssid: &e.ssid,
        channel: e.channel,
        rssi: e.rssi,
        bssid: &e.bssid,
        auth: e.auth,
    }
}

fn as_thread_entry(e: &ThreadScanResult) -> ThreadEntry<'_> {
    ThreadEntry {
        pan_id: e.pan_id,
        channel: e.channel,
        rssi: e.rssi,
        lqi: e.lqi,
        ext_addr: &e.ext_addr,
        network_name: &e.network_name,
        ext_pan_id: &e.ext_pan_id,
    }
}

const CONFIG: &Looks = &[
    (&[], 10..=21),
    (&[13], NONE),
    (&[15], NONE),
    (&[19], NONE),
    (&[21], NONE),
];
const WIFI_STATUS: &Looks = &[
    (&[], 10..=21),
    (&[11], 10..=12),
    (&[11, 11], NONE),
    (&[11, 12], NONE),
];
const THREAD_STATUS: &Looks = &[(&[], 10..=21), (&[17], 10..=11), (&[17, 11], NONE)];
const SCAN: &Looks = &[(&[], 10..=21), (&[13], NONE), (&[19], NONE)];
const WIFI_PAGE: &Looks = &[
    (&[], 10..=21),
    (&[13], NONE),
    (&[19], NONE),
    (&[15], NONE),
    (&[15, 1], NONE),
];
const THREAD_PAGE: &Looks = &[
    (&[], 10..=21),
    (&[13], NONE),
    (&[19], NONE),
    (&[21], NONE),
    (&[21, 1], NONE),
];

/// The fields of [`ScanReply`] that can be named.
fn head(reply: &ScanReply<'_>) -> (i32, i32, u32, bool, u32) {
    (reply.msg, reply.status, reply.case, reply.finished, reply.count)
}

/// The reply from where its content became what it is at the end. Pages are read from there: what another content
/// has displaced since is not looked into.
fn since_case(reply: &[u8]) -> &[u8] {
    let mut fields = Fields::new(reply);
    let (mut case, mut from) = (0, reply);
    loop {
        let rest = fields.rest();
        match fields.next() {
            Some(Ok((number @ 10..=21, _))) if number != case => (case, from) = (number, rest),
            Some(Ok(_)) => {}
            _ => return from,
        }
    }
}

#[test]
fn a_displaced_page_is_not_looked_into() {
    // Nonsense in a page of results, then another content, then an empty page.
    let reply = [0x7a, 2, 0x08, 0, 0x52, 0, 0x7a, 0];
    let ours = ScanReply::read(&reply).unwrap();
    assert_eq!((ours.case, ours.entries().count()), (15, 0));
    // Without the other content the two pages are one.
    let ours = ScanReply::read(&[0x7a, 2, 0x08, 0, 0x7a, 0]).unwrap();
    assert_eq!(ours.entries().next(), Some(Err(Malformed)));
}

fn scan_head(message: &NetworkScanPayload) -> (i32, i32, u32, bool, u32) {
    let (finished, count) = match &message.payload {
        Some(Scan::RespScanWifiStatus(s)) => (s.scan_finished, s.result_count),
        Some(Scan::RespScanThreadStatus(s)) => (s.scan_finished, s.result_count),
        _ => (false, 0),
    };
    (
        message.msg,
        message.status,
        case_of!(message.payload),
        finished,
        count,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn verdicts(reply in inputs(config())) {
        let theirs = decode::<NetworkConfigPayload>(CONFIG, &[], &reply);
        prop_assert_eq!(ConfigReply::read(&reply), theirs.as_ref().map(as_config_reply).ok_or(Malformed));
    }

    #[test]
    fn wifi_states(reply in inputs(config())) {
        let theirs = decode::<NetworkConfigPayload>(WIFI_STATUS, &[11, 11, 1], &reply);
        let mut ours = WifiStatusReply::read(&reply);
        let ip;
        if let Ok(WifiStatusReply { detail: Some(WifiDetail::Connected(connected)), .. }) = &mut ours {
            ip = ascii(connected.ip4_addr);
            connected.ip4_addr = &ip;
        }
        prop_assert_eq!(ours, theirs.as_ref().map(as_wifi_status).ok_or(Malformed));
    }

    #[test]
    fn thread_states(reply in inputs(config())) {
        let theirs = decode::<NetworkConfigPayload>(THREAD_STATUS, &[], &reply);
        prop_assert_eq!(ThreadStatusReply::read(&reply), theirs.as_ref().map(as_thread_status).ok_or(Malformed));
    }

    #[test]
    fn control(reply in inputs(ctrl())) {
        let theirs = decode::<NetworkCtrlPayload>(&[(&[], 11..=18)], &[], &reply);
        let theirs = theirs.map(|m| CtrlReply { msg: m.msg, status: m.status }).ok_or(Malformed);
        prop_assert_eq!(CtrlReply::read(&reply), theirs);
    }

    #[test]
    fn scans(reply in inputs(scan())) {
        let ours = ScanReply::read(&reply);
        let theirs = decode::<NetworkScanPayload>(SCAN, &[], &reply);
        prop_assert_eq!(ours.as_ref().map(head), theirs.as_ref().map(scan_head).ok_or(&Malformed));
        let Ok(ours) = ours else { return Ok(()) };
        // Entry by entry: the first that is malformed is where prost refuses the whole.
        let wifi = ours.entries().map(|entry| WifiEntry::read(entry?)).collect::<Result<Vec<_>, _>>();
        let thread = ours.entries().map(|entry| ThreadEntry::read(entry?)).collect::<Result<Vec<_>, _>>();
        if ours.case == 15 {
            let theirs = decode::<NetworkScanPayload>(WIFI_PAGE, &[], since_case(&reply));
            let entries = theirs.as_ref().map(|m| match &m.payload {
                Some(Scan::RespScanWifiResult(r)) => r.entries.iter().map(as_wifi_entry).collect(),
                _ => vec![],
            });
            prop_assert_eq!(wifi, entries.ok_or(Malformed));
        } else if ours.case == 21 {
            let theirs = decode::<NetworkScanPayload>(THREAD_PAGE, &[], since_case(&reply));
            let entries = theirs.as_ref().map(|m| match &m.payload {
                Some(Scan::RespScanThreadResult(r)) => r.entries.iter().map(as_thread_entry).collect(),
                _ => vec![],
            });
            prop_assert_eq!(thread, entries.ok_or(Malformed));
        } else {
            prop_assert_eq!(ours.entries().count(), 0);
        }
    }
}
