//! Requests: the same bytes.

use espprov_proto::config::{self, NetworkConfigMsgType as Config, NetworkConfigPayload};
use espprov_proto::ctrl::{self, NetworkCtrlMsgType as Ctrl, NetworkCtrlPayload};
use espprov_proto::scan::{self, NetworkScanMsgType as Scan, NetworkScanPayload};
use espprov_proto::wire::{Field, Item};
use espprov_proto::{Command, EncodeError, SetThreadConfigRef, SetWifiConfigRef};
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;

/// What `write` puts into a buffer of exactly this size; one byte less is an error that leaves the buffer alone.
pub(crate) fn exactly(needed: usize, write: impl Fn(&mut [u8]) -> Result<usize, EncodeError>) -> Vec<u8> {
    if let Some(available) = needed.checked_sub(1) {
        let mut short = vec![0xee; available];
        assert_eq!(write(&mut short), Err(EncodeError { needed, available }));
        assert_eq!(short, vec![0xee; available]);
    }
    let mut out = vec![0xee; needed];
    assert_eq!(write(&mut out), Ok(needed));
    out
}

fn check<M: Message, E: Copy>(message: &M, command: Command<E>, content: &[Field<'_>]) {
    let theirs = message.encode_to_vec();
    assert_eq!(exactly(theirs.len(), |out| command.write(content, out)), theirs);
}

fn config(msg: Config, payload: config::network_config_payload::Payload) -> NetworkConfigPayload {
    NetworkConfigPayload {
        msg: msg as i32,
        payload: Some(payload),
    }
}

fn scan(msg: Scan, payload: scan::network_scan_payload::Payload) -> NetworkScanPayload {
    NetworkScanPayload {
        msg: msg as i32,
        status: 0,
        payload: Some(payload),
    }
}

fn ctrl(msg: Ctrl, payload: ctrl::network_ctrl_payload::Payload) -> NetworkCtrlPayload {
    NetworkCtrlPayload {
        msg: msg as i32,
        status: 0,
        payload: Some(payload),
    }
}

#[test]
fn questions_without_content() {
    use config::network_config_payload::Payload as C;
    use ctrl::network_ctrl_payload::Payload as K;
    use scan::network_scan_payload::Payload as S;
    for (msg, payload, command) in [
        (
            Config::TypeCmdGetWifiStatus,
            C::CmdGetWifiStatus(config::CmdGetWifiStatus {}),
            Command::GET_WIFI_STATUS,
        ),
        (
            Config::TypeCmdApplyWifiConfig,
            C::CmdApplyWifiConfig(config::CmdApplyWifiConfig {}),
            Command::APPLY_WIFI_CONFIG,
        ),
        (
            Config::TypeCmdGetThreadStatus,
            C::CmdGetThreadStatus(config::CmdGetThreadStatus {}),
            Command::GET_THREAD_STATUS,
        ),
        (
            Config::TypeCmdApplyThreadConfig,
            C::CmdApplyThreadConfig(config::CmdApplyThreadConfig {}),
            Command::APPLY_THREAD_CONFIG,
        ),
    ] {
        check(&config(msg, payload), command, &[]);
        let bare = NetworkConfigPayload {
            msg: msg as i32,
            payload: None,
        }
        .encode_to_vec();
        assert_eq!(exactly(bare.len(), |out| command.write_bare(out)), bare);
    }
    for (msg, payload, command) in [
        (
            Scan::TypeCmdScanWifiStatus,
            S::CmdScanWifiStatus(scan::CmdScanWifiStatus {}),
            Command::SCAN_WIFI_STATUS,
        ),
        (
            Scan::TypeCmdScanThreadStatus,
            S::CmdScanThreadStatus(scan::CmdScanThreadStatus {}),
            Command::SCAN_THREAD_STATUS,
        ),
    ] {
        check(&scan(msg, payload), command, &[]);
    }
    for (msg, payload, command) in [
        (
            Ctrl::TypeCmdCtrlWifiReset,
            K::CmdCtrlWifiReset(ctrl::CmdCtrlWifiReset {}),
            Command::CTRL_WIFI_RESET,
        ),
        (
            Ctrl::TypeCmdCtrlWifiReprov,
            K::CmdCtrlWifiReprov(ctrl::CmdCtrlWifiReprov {}),
            Command::CTRL_WIFI_REPROV,
        ),
        (
            Ctrl::TypeCmdCtrlThreadReset,
            K::CmdCtrlThreadReset(ctrl::CmdCtrlThreadReset {}),
            Command::CTRL_THREAD_RESET,
        ),
        (
            Ctrl::TypeCmdCtrlThreadReprov,
            K::CmdCtrlThreadReprov(ctrl::CmdCtrlThreadReprov {}),
            Command::CTRL_THREAD_REPROV,
        ),
    ] {
        check(&ctrl(msg, payload), command, &[]);
    }
}

#[test]
fn replies_have_the_next_number() {
    for (command, msg) in [
        (Command::GET_WIFI_STATUS, Config::TypeRespGetWifiStatus),
        (Command::SET_WIFI_CONFIG, Config::TypeRespSetWifiConfig),
        (Command::APPLY_WIFI_CONFIG, Config::TypeRespApplyWifiConfig),
        (Command::GET_THREAD_STATUS, Config::TypeRespGetThreadStatus),
        (Command::SET_THREAD_CONFIG, Config::TypeRespSetThreadConfig),
        (Command::APPLY_THREAD_CONFIG, Config::TypeRespApplyThreadConfig),
    ] {
        assert_eq!(command.reply(), msg as i32);
    }
    for (command, msg) in [
        (Command::SCAN_WIFI_START, Scan::TypeRespScanWifiStart),
        (Command::SCAN_WIFI_STATUS, Scan::TypeRespScanWifiStatus),
        (Command::SCAN_WIFI_RESULT, Scan::TypeRespScanWifiResult),
        (Command::SCAN_THREAD_START, Scan::TypeRespScanThreadStart),
        (Command::SCAN_THREAD_STATUS, Scan::TypeRespScanThreadStatus),
        (Command::SCAN_THREAD_RESULT, Scan::TypeRespScanThreadResult),
    ] {
        assert_eq!(command.reply(), msg as i32);
    }
    for (command, msg) in [
        (Command::CTRL_WIFI_RESET, Ctrl::TypeRespCtrlWifiReset),
        (Command::CTRL_WIFI_REPROV, Ctrl::TypeRespCtrlWifiReprov),
        (Command::CTRL_THREAD_RESET, Ctrl::TypeRespCtrlThreadReset),
        (Command::CTRL_THREAD_REPROV, Ctrl::TypeRespCtrlThreadReprov),
    ] {
        assert_eq!(command.reply(), msg as i32);
    }
}

proptest! {
    #[test]
    fn set_wifi(
        ssid in vec(any::<u8>(), 0..200),
        passphrase in vec(any::<u8>(), 0..70),
        bssid in vec(any::<u8>(), 0..7),
        channel in prop_oneof![Just(0), 0..200_i32, any::<i32>()],
    ) {
        let ours = SetWifiConfigRef { ssid: &ssid, passphrase: &passphrase, bssid: &bssid, channel };
        let set = config::CmdSetWifiConfig { ssid: ssid.clone(), passphrase: passphrase.clone(), bssid: bssid.clone(), channel };
        let payload = config::network_config_payload::Payload::CmdSetWifiConfig(set);
        let theirs = config(Config::TypeCmdSetWifiConfig, payload).encode_to_vec();
        prop_assert_eq!(exactly(theirs.len(), |out| ours.encode(out)), theirs);
    }

    #[test]
    fn set_thread(dataset in vec(any::<u8>(), 0..300)) {
        let ours = SetThreadConfigRef { dataset: &dataset };
        let set = config::CmdSetThreadConfig { dataset: dataset.clone() };
        let payload = config::network_config_payload::Payload::CmdSetThreadConfig(set);
        let theirs = config(Config::TypeCmdSetThreadConfig, payload).encode_to_vec();
        prop_assert_eq!(exactly(theirs.len(), |out| ours.encode(out)), theirs);
    }

    #[test]
    fn scans(blocking: bool, passive: bool, a in prop_oneof![0..300_u32, any::<u32>()], b in prop_oneof![0..300_u32, any::<u32>()]) {
        use scan::network_scan_payload::Payload;
        let start = scan::CmdScanWifiStart { blocking, passive, group_channels: a, period_ms: b };
        check(
            &scan(Scan::TypeCmdScanWifiStart, Payload::CmdScanWifiStart(start)),
            Command::SCAN_WIFI_START,
            &[(1, Item::Uint(blocking.into())), (2, Item::Uint(passive.into())), (3, Item::Uint(a)), (4, Item::Uint(b))],
        );
        let start = scan::CmdScanThreadStart { blocking, channel_mask: a };
        check(
            &scan(Scan::TypeCmdScanThreadStart, Payload::CmdScanThreadStart(start)),
            Command::SCAN_THREAD_START,
            &[(1, Item::Uint(blocking.into())), (2, Item::Uint(a))],
        );
        let page = [(1, Item::Uint(a)), (2, Item::Uint(b))];
        let wifi = scan::CmdScanWifiResult { start_index: a, count: b };
        check(&scan(Scan::TypeCmdScanWifiResult, Payload::CmdScanWifiResult(wifi)), Command::SCAN_WIFI_RESULT, &page);
        let thread = scan::CmdScanThreadResult { start_index: a, count: b };
        check(&scan(Scan::TypeCmdScanThreadResult, Payload::CmdScanThreadResult(thread)), Command::SCAN_THREAD_RESULT, &page);
    }

    /// Every kind of item, as the generated encoder of a message with such fields writes it.
    #[test]
    fn items(
        status in prop_oneof![Just(0), any::<i32>()],
        reason in prop_oneof![Just(0), any::<i32>()],
    ) {
        use config::resp_get_wifi_status::State;
        let theirs = config::RespGetWifiStatus { status, wifi_sta_state: 3, state: Some(State::WifiFailReason(reason)) }.encode_to_vec();
        let ours = [(1, Item::Int(status)), (2, Item::Uint(3)), (10, Item::Case(reason))];
        prop_assert_eq!(exactly(theirs.len(), |out| espprov_proto::wire::write(&ours, out)), theirs);
    }
}
