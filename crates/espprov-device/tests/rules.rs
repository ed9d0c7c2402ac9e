//! The rules of vendor firmware, one test each.

mod common;

use common::{Counting, NOW, NoEntropy, Step, TestApp, exchange, plain, thread_network};
use espprov_device::{
    Application, AutoStop, BleStack, Device, Firmware, NoSecurity, Outcome, Quirks, Refusal, ScanProgress,
    WifiProvisioning,
};
use espprov_proto::config::{
    NetworkConfigPayload, network_config_payload as config, resp_get_wifi_status as wifi_status,
};
use espprov_proto::ctrl::NetworkCtrlPayload;
use espprov_proto::scan::{
    CmdScanThreadResult, CmdScanThreadStart, CmdScanWifiResult, CmdScanWifiStart, NetworkScanPayload,
    network_scan_payload as scan,
};
use espprov_proto::{Encode, SetWifiConfigRef, decode, encode};
use espprov_security::ChannelError;
use espprov_types::{AccessPoint, Capabilities, SecurityScheme, StatusCode, WifiFailure};

const OK: i32 = 0;
const INVALID_ARGUMENT: i32 = 4;
const INTERNAL_ERROR: i32 = 5;

fn bytes<M: Encode>(message: &M) -> Vec<u8> {
    let mut buf = [0; 512];
    let len = encode(message, &mut buf).unwrap();
    buf[..len].to_vec()
}

fn device() -> Device<NoSecurity, TestApp> {
    plain(Quirks::default())
}

fn set(device: &mut Device<NoSecurity, TestApp>, ssid: &[u8], passphrase: &[u8], bssid: &[u8]) -> i32 {
    let mut buf = [0; 512];
    let request = SetWifiConfigRef {
        ssid,
        passphrase,
        bssid,
        channel: 0,
    };
    let len = request.encode(&mut buf).unwrap();
    let reply = exchange(device, "prov-config", &buf[..len]).unwrap();
    match decode::<NetworkConfigPayload>(&reply).unwrap().payload {
        Some(config::Payload::RespSetWifiConfig(resp)) => resp.status,
        other => panic!("{other:?}"),
    }
}

fn apply(device: &mut Device<NoSecurity, TestApp>) -> i32 {
    let reply = exchange(device, "prov-config", &[0x08, 0x04]).unwrap();
    match decode::<NetworkConfigPayload>(&reply).unwrap().payload {
        Some(config::Payload::RespApplyWifiConfig(resp)) => resp.status,
        other => panic!("{other:?}"),
    }
}

/// State number and detail.
fn status(device: &mut Device<NoSecurity, TestApp>) -> (i32, Option<wifi_status::State>) {
    let reply = exchange(device, "prov-config", &[0x52, 0x00]).unwrap();
    match decode::<NetworkConfigPayload>(&reply).unwrap().payload {
        Some(config::Payload::RespGetWifiStatus(resp)) => (resp.wifi_sta_state, resp.state),
        other => panic!("{other:?}"),
    }
}

fn ctrl(device: &mut Device<NoSecurity, TestApp>, msg: i32) -> i32 {
    let request = bytes(&NetworkCtrlPayload {
        msg,
        ..Default::default()
    });
    let reply = decode::<NetworkCtrlPayload>(&exchange(device, "prov-ctrl", &request).unwrap()).unwrap();
    assert_eq!(reply.msg, msg + 1);
    assert!(reply.payload.is_some());
    reply.status
}

fn page(device: &mut Device<NoSecurity, TestApp>, start: u32, count: u32) -> Result<usize, Refusal> {
    let request = bytes(&NetworkScanPayload {
        msg: 4,
        status: 0,
        payload: Some(scan::Payload::CmdScanWifiResult(CmdScanWifiResult {
            start_index: start,
            count,
        })),
    });
    let reply = exchange(device, "prov-scan", &request)?;
    match decode::<NetworkScanPayload>(&reply).unwrap().payload {
        Some(scan::Payload::RespScanWifiResult(resp)) => Ok(resp.entries.len()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn pages_stay_inside_the_list() {
    let mut device = device();
    assert_eq!(page(&mut device, 0, 0), Ok(0));
    assert_eq!(page(&mut device, 0, 11), Ok(11));
    assert_eq!(page(&mut device, 8, 3), Ok(3));
    assert_eq!(
        page(&mut device, 15, 0),
        Ok(0),
        "nothing, from anywhere in the list"
    );
    for (start, count) in [
        (0, 12),
        (11, 1),
        (16, 0),
        (16, 1),
        (0, 17),
        (15, 2),
        (1, u32::MAX),
        (u32::MAX, 1),
    ] {
        assert_eq!(
            page(&mut device, start, count),
            Err(Refusal::PageOutOfRange),
            "{start},{count}"
        );
    }
}

#[test]
fn at_most_sixteen_results_are_kept() {
    let mut device = device();
    let more = device.app().networks.clone();
    device.app().networks.extend(more);
    let reply = exchange(&mut device, "prov-scan", &[0x08, 0x02]).unwrap();
    let Some(scan::Payload::RespScanWifiStatus(resp)) = decode::<NetworkScanPayload>(&reply).unwrap().payload
    else {
        panic!()
    };
    assert_eq!(resp.result_count, 16);
    assert_eq!(page(&mut device, 0, 16), Ok(16));
    assert_eq!(page(&mut device, 16, 1), Err(Refusal::PageOutOfRange));
}

/// A radio can have heard more than it has counted so far; clients were told the count.
#[test]
fn a_page_ends_where_the_count_does() {
    struct Scanning;
    impl Application for Scanning {
        fn wifi_scan_progress(&mut self) -> Result<ScanProgress, StatusCode> {
            Ok(ScanProgress::new(false, 2))
        }
        fn wifi_scan_result(&mut self, index: u32) -> Option<AccessPoint> {
            common::networks().get(index as usize).cloned()
        }
    }
    let mut device = Device::new("v1.1", NoSecurity::default(), Scanning, Quirks::default());
    let mut page = |count| exchange(&mut device, "prov-scan", &[0x08, 0x04, 0x72, 0x02, 0x10, count]);
    assert!(page(2).is_ok());
    assert_eq!(page(3), Err(Refusal::PageOutOfRange));
}

#[test]
fn commands_that_need_their_payload() {
    for (endpoint, msg) in [
        ("prov-scan", 0),
        ("prov-scan", 4),
        ("prov-scan", 6),
        ("prov-scan", 10),
        ("prov-config", 2),
        ("prov-config", 8),
    ] {
        // `08 <msg> 10 00`: the message type alone (and a zero status, so that type 0 is not an empty request).
        let refusal = exchange(&mut device(), endpoint, &[0x08, msg, 0x10, 0x00]);
        assert_eq!(refusal, Err(Refusal::MissingPayload), "{endpoint} {msg}");
    }
    // A payload of another command does not count.
    let wrong = [0x08, 0x04, 0x52, 0x00];
    assert_eq!(
        exchange(&mut device(), "prov-scan", &wrong),
        Err(Refusal::MissingPayload)
    );
}

#[test]
fn apply_and_status_ignore_their_payload() {
    let mut device = device();
    // get-status with the payload of set, apply with the payload of status, without any.
    for request in [&[0x08, 0x00, 0x62, 0x00][..], &[0x52, 0x00], &[0x08, 0x00]] {
        assert!(exchange(&mut device, "prov-config", request).is_ok());
    }
    for request in [
        &[0x08, 0x04, 0x52, 0x00][..],
        &[0x08, 0x04, 0x72, 0x00],
        &[0x08, 0x04],
    ] {
        let reply = exchange(&mut device, "prov-config", request).unwrap();
        assert_eq!(reply, [0x08, 0x05, 0x7a, 0x02, 0x08, 0x05], "nothing was set");
    }
}

#[test]
fn unknown_messages_and_responses_are_refused() {
    for (endpoint, count) in [("prov-scan", 12), ("prov-config", 12), ("prov-ctrl", 9)] {
        for msg in (0..count)
            .filter(|msg| (msg % 2 == 1) != (endpoint == "prov-ctrl"))
            .chain([count, 127])
        {
            assert_eq!(
                exchange(&mut device(), endpoint, &[0x08, msg]),
                Err(Refusal::UnknownMessage),
                "{endpoint} {msg}"
            );
        }
        assert_eq!(
            exchange(&mut device(), endpoint, &[0xff]),
            Err(Refusal::Malformed)
        );
    }
}

#[test]
fn set_checks_lengths_and_nothing_else() {
    let mut device = device();
    for (ssid, passphrase, bssid, want) in [
        (&[b's'; 32][..], &[b'p'; 63][..], &[7; 6][..], OK),
        (b"", b"", b"", OK),
        (b"Home", b"1", b"", OK),
        (&[0xff; 33], b"", b"", INVALID_ARGUMENT),
        (&[0; 33], b"", b"", INVALID_ARGUMENT),
        (b"Home", &[b'p'; 64], b"", INVALID_ARGUMENT),
        (b"Home", b"", &[7; 5], INVALID_ARGUMENT),
        (b"Home", b"", &[7; 7], INVALID_ARGUMENT),
    ] {
        assert_eq!(set(&mut device, ssid, passphrase, bssid), want, "{ssid:?}");
    }
    for firmware in [Firmware::Idf44, Firmware::Idf52, Firmware::Idf55Wifi] {
        let mut old = plain(Quirks::vendor(firmware));
        assert_eq!(set(&mut old, b"Home", &[b'p'; 63], b""), OK, "{firmware:?}");
        assert_eq!(
            set(&mut old, b"Home", &[b'p'; 64], b""),
            INVALID_ARGUMENT,
            "{firmware:?}"
        );
    }
}

#[test]
fn ssid_and_passphrase_end_at_a_nul() {
    let mut device = device();
    assert_eq!(
        set(&mut device, b"Ho\0me", b"pass\0word", &[1, 0, 3, 4, 5, 6]),
        OK
    );
    assert_eq!(apply(&mut device), OK);
    let applied = device.app().applied.clone().unwrap();
    assert_eq!(
        (&applied.ssid[..], &applied.passphrase[..]),
        (&b"Ho"[..], &b"pass"[..])
    );
    assert_eq!(
        applied.bssid.unwrap().octets(),
        [1, 0, 3, 4, 5, 6],
        "a BSSID is no string"
    );
}

#[test]
fn a_refused_set_keeps_what_was_set() {
    let mut device = device();
    assert_eq!(set(&mut device, b"good", b"secretpw", b""), OK);
    assert_eq!(set(&mut device, &[b'x'; 33], b"secretpw", b""), INVALID_ARGUMENT);
    assert_eq!(apply(&mut device), OK);
    assert_eq!(device.app().applied.as_ref().unwrap().ssid, b"good");
}

#[test]
fn apply_needs_set_each_time() {
    let mut device = device();
    assert_eq!(apply(&mut device), INTERNAL_ERROR);
    set(&mut device, b"good", b"", b"");
    assert_eq!(apply(&mut device), OK);
    assert_eq!(apply(&mut device), INTERNAL_ERROR);
    set(&mut device, b"good", b"", b"");
    assert_eq!(
        apply(&mut device),
        INTERNAL_ERROR,
        "the first attempt is under way"
    );
}

#[test]
fn failure_stays_until_reset_and_is_shown_until_the_next_apply() {
    let mut device = device();
    device.app().script = [Step::Failed(WifiFailure::AuthError)].into();
    set(&mut device, b"badpass", b"wrong", b"");
    assert!(!device.app_ref().wifi.is_trying(), "set is not applied");
    apply(&mut device);
    assert!(device.app_ref().wifi.is_trying());
    assert_eq!(status(&mut device), (1, None), "connecting at once");
    assert!(!device.app_ref().wifi.is_trying(), "the radio gave up");
    let failed = (3, Some(wifi_status::State::WifiFailReason(0)));
    assert_eq!(status(&mut device), failed);
    set(&mut device, b"good", b"secretpw", b"");
    assert_eq!(apply(&mut device), INTERNAL_ERROR);
    assert_eq!(ctrl(&mut device, 1), OK, "reset");
    assert_eq!(status(&mut device), failed, "still the old failure");
    assert_eq!(
        apply(&mut device),
        INTERNAL_ERROR,
        "the refused apply took the credentials"
    );
    set(&mut device, b"good", b"secretpw", b"");
    device.app().script = [Step::Connected].into();
    assert_eq!(apply(&mut device), OK);
    assert_eq!(status(&mut device), (1, None));
    assert_eq!(device.app_ref().stop_scheduled, 0);
    assert!(matches!(
        status(&mut device),
        (0, Some(wifi_status::State::WifiConnected(_)))
    ));
    assert_eq!(device.app_ref().stop_scheduled, 1);
}

#[test]
fn reset_and_reprov_in_the_wrong_state() {
    let mut device = device();
    assert_eq!(ctrl(&mut device, 1), INTERNAL_ERROR);
    assert_eq!(ctrl(&mut device, 3), INTERNAL_ERROR);
    assert_eq!(ctrl(&mut device, 5), INTERNAL_ERROR);
    assert_eq!(ctrl(&mut device, 7), INTERNAL_ERROR);
    device.app().script = [Step::Connected].into();
    set(&mut device, b"good", b"", b"");
    apply(&mut device);
    status(&mut device);
    assert_eq!(ctrl(&mut device, 1), INTERNAL_ERROR, "no failure to reset");
    assert_eq!(
        ctrl(&mut device, 3),
        INTERNAL_ERROR,
        "the service stops by itself"
    );
}

#[test]
fn reset_with_nothing_to_reset() {
    let mut device = device();
    device.app().wifi = WifiProvisioning::new(AutoStop::Enabled).with_reset_when_ready(true);
    assert_eq!(ctrl(&mut device, 1), OK, "before any attempt");
    assert_eq!(ctrl(&mut device, 1), OK, "and again");
    device.app().script = [Step::Nothing, Step::Connected].into();
    set(&mut device, b"good", b"", b"");
    apply(&mut device);
    assert_eq!(ctrl(&mut device, 1), INTERNAL_ERROR, "while it is trying");
    status(&mut device);
    status(&mut device);
    assert_eq!(ctrl(&mut device, 1), INTERNAL_ERROR, "after a success");
}

#[test]
fn reprov_after_a_success_without_auto_stop() {
    let app = TestApp::new(AutoStop::Disabled);
    let mut device = Device::new("v1.1", NoSecurity::default(), app, Quirks::default());
    device.app().script = [Step::Connected].into();
    set(&mut device, b"good", b"", b"");
    apply(&mut device);
    status(&mut device);
    set(&mut device, b"flaky", b"", b"");
    assert_eq!(apply(&mut device), INTERNAL_ERROR, "reprov first");
    assert_eq!(ctrl(&mut device, 3), OK);
    set(&mut device, b"flaky", b"", b"");
    assert_eq!(apply(&mut device), OK);
}

#[test]
fn attempts_remaining_only_where_the_firmware_counts() {
    for (quirks, detail) in [
        (Quirks::vendor(Firmware::Idf6), true),
        (Quirks::vendor(Firmware::Idf52), false),
    ] {
        let mut device = plain(quirks);
        device.app().script = [Step::AttemptFailed(0)].into();
        set(&mut device, b"flaky", b"", b"");
        apply(&mut device);
        status(&mut device);
        let (state, shown) = status(&mut device);
        assert_eq!(state, 1);
        assert_eq!(
            matches!(shown, Some(wifi_status::State::AttemptFailed(a)) if a.attempts_remaining == 0),
            detail
        );
        assert_eq!(shown.is_some(), detail);
    }
}

#[test]
fn a_bssid_with_a_nul_is_cut_by_vendor_firmware_only() {
    for (quirks, want) in [
        (Quirks::vendor(Firmware::Idf6), [0x24, 0x0a, 0xc4, 0, 0, 0]),
        (Quirks::default(), [0x24, 0x0a, 0xc4, 0, 0x11, 0x22]),
    ] {
        let mut device = plain(quirks);
        device.app().script = [Step::Connected].into();
        set(&mut device, b"good", b"", b"");
        apply(&mut device);
        status(&mut device);
        let (_, Some(wifi_status::State::WifiConnected(connected))) = status(&mut device) else {
            panic!()
        };
        assert_eq!(connected.bssid, want);
    }
}

#[test]
fn firmware_without_thread_or_wifi_answers_with_a_status() {
    struct Bare;
    impl Application for Bare {}
    let mut device = Device::new("v1.1", NoSecurity::default(), Bare, Quirks::default());
    let start = CmdScanThreadStart {
        blocking: true,
        channel_mask: 0,
    };
    let request = bytes(&NetworkScanPayload {
        msg: 6,
        status: 0,
        payload: Some(scan::Payload::CmdScanThreadStart(start)),
    });
    let reply = exchange(&mut device, "prov-scan", &request).unwrap();
    assert_eq!(reply, [0x08, 0x07, 0x10, 0x04, 0x8a, 0x01, 0x00]);
    let reply = exchange(&mut device, "prov-scan", &[0x08, 0x04, 0x72, 0x02, 0x10, 0x05]).unwrap();
    assert_eq!(
        reply,
        [0x08, 0x05, 0x10, 0x04, 0x7a, 0x00],
        "no refusal, no entries"
    );
    let reply = exchange(&mut device, "prov-ctrl", &[0x08, 0x05]).unwrap();
    assert_eq!(reply, [0x08, 0x06, 0x10, 0x04, 0x82, 0x01, 0x00]);
    let reply = exchange(&mut device, "prov-config", &[0x52, 0x00]).unwrap();
    assert_eq!(reply, [0x08, 0x01, 0x5a, 0x02, 0x08, 0x04]);
}

#[test]
fn a_blocking_scan_answers_when_it_is_over() {
    let mut device = device();
    device.app().scan_takes = 2;
    let start = CmdScanWifiStart {
        blocking: true,
        passive: true,
        group_channels: 5,
        period_ms: 120,
    };
    let request = bytes(&NetworkScanPayload {
        msg: 0,
        status: 0,
        payload: Some(scan::Payload::CmdScanWifiStart(start)),
    });
    let mut buf = [0; 64];
    buf[..request.len()].copy_from_slice(&request);
    assert_eq!(
        device.handle("prov-scan", &mut buf, request.len(), NOW, &mut NoEntropy),
        Outcome::Pending
    );
    let seen = device.app().last_scan.unwrap();
    assert!(seen.blocking && seen.passive && seen.group_channels == 5 && seen.period_ms == 120);
    assert_eq!(device.resume(&mut buf, NOW), Outcome::Pending);
    assert_eq!(device.resume(&mut buf, NOW), Outcome::Reply(4));
    assert_eq!(buf[..4], [0x08, 0x01, 0x5a, 0x00]);
    assert_eq!(
        device.resume(&mut buf, NOW),
        Outcome::Refused(Refusal::NothingPending)
    );

    device.app().scan_takes = 9;
    buf[..request.len()].copy_from_slice(&request);
    let _ = device.handle("prov-scan", &mut buf, request.len(), NOW, &mut NoEntropy);
    device.new_session();
    assert_eq!(
        device.resume(&mut buf, NOW),
        Outcome::Refused(Refusal::NothingPending)
    );
}

#[test]
fn one_scan_entry_takes_sixty_bytes_at_most() {
    let mut device = device();
    device.app().thread_networks = vec![thread_network(&[b'n'; 16]); 4];
    let request = bytes(&NetworkScanPayload {
        msg: 10,
        status: 0,
        payload: Some(scan::Payload::CmdScanThreadResult(CmdScanThreadResult {
            start_index: 0,
            count: 4,
        })),
    });
    let reply = exchange(&mut device, "prov-scan", &request).unwrap();
    assert!(reply.len() <= 4 * 62 + 8, "{}", reply.len());
    assert!(reply.len() <= 257);
}

/// A device whose cipher state can be seen.
fn counting() -> Device<Counting, TestApp> {
    Device::new(
        "v1.1",
        Counting::default(),
        TestApp::new(AutoStop::Enabled),
        Quirks::default(),
    )
}

#[test]
fn no_session_no_answer() {
    let mut device = counting();
    assert_eq!(
        exchange(&mut device, "prov-config", &[0x52, 0x00]),
        Err(Refusal::NoSession)
    );
    assert_eq!(
        exchange(&mut device, "custom-data", b"hello"),
        Err(Refusal::NoSession)
    );
    assert_eq!(exchange(&mut device, "proto-ver", b"---").unwrap(), b"v1.1");
    assert!(!device.is_established());
    exchange(&mut device, "prov-session", b"hello").unwrap();
    assert_eq!(
        exchange(&mut device, "prov-config", &[0x52, 0x00]),
        Err(Refusal::NoSession)
    );
    exchange(&mut device, "prov-session", b"right").unwrap();
    assert!(device.is_established());
    assert!(exchange(&mut device, "prov-config", &[0x52, 0x00, 0]).is_ok());
    device.new_session();
    assert_eq!(
        exchange(&mut device, "prov-config", &[0x52, 0x00, 2]),
        Err(Refusal::NoSession)
    );
}

#[test]
fn which_errors_move_the_cipher() {
    let mut device = counting();
    exchange(&mut device, "prov-session", b"hello").unwrap();
    exchange(&mut device, "prov-session", b"right").unwrap();
    let mut count = |endpoint: &str, request: &[u8]| {
        let mut buf = vec![0; 256];
        buf[..request.len()].copy_from_slice(request);
        let outcome = device.handle(endpoint, &mut buf, request.len(), NOW, &mut NoEntropy);
        // Asked without moving it: a forged record leaves the state alone.
        let now = (0..=u8::MAX).find(|&n| {
            let mut probe = [b'n', n];
            matches!(
                device.handle("broken", &mut probe, 2, NOW, &mut NoEntropy),
                Outcome::Refused(Refusal::Application)
            )
        });
        (outcome, now.unwrap())
    };
    // Each probe itself moves the state by one (open, then the handler fails).
    let good = |now: u8| [0x52, 0x00, now];
    assert_eq!(count("prov-config", &good(0)).1, 2, "open and seal");
    assert_eq!(count("proto-ver", b"---").1, 3, "proto-ver does not move it");
    assert_eq!(
        count("nothing-here", b"---"),
        (Outcome::NoSuchEndpoint, 4),
        "nor does a 404"
    );
    let forged = count("prov-config", &good(99));
    assert_eq!(
        forged,
        (Outcome::Refused(Refusal::Record(ChannelError::Forged)), 5)
    );
    assert_eq!(
        count("prov-config", &[0x08, 0x63, 6]),
        (Outcome::Refused(Refusal::UnknownMessage), 7),
        "opened, then refused: by one"
    );
    assert_eq!(count("prov-config", b""), (Outcome::Refused(Refusal::Empty), 8));
    assert_eq!(
        count("prov-config", &[9]),
        (Outcome::Refused(Refusal::Empty), 9),
        "an empty plaintext is not worth the cipher's count"
    );
}

#[test]
fn a_refused_handshake_message_leaves_the_session_alone() {
    let mut device = counting();
    exchange(&mut device, "prov-session", b"hello").unwrap();
    assert!(matches!(
        exchange(&mut device, "prov-session", b"wrong"),
        Err(Refusal::Handshake(_))
    ));
    exchange(&mut device, "prov-session", b"right").expect("the corrected proof is taken");
    assert!(exchange(&mut device, "prov-session", b"junk").is_err());
    assert!(device.is_established());
    exchange(&mut device, "prov-session", b"hello").expect("command 0 in any state");
    assert!(!device.is_established());
}

#[test]
fn proto_ver_by_generation() {
    let caps = Capabilities::wifi();
    let text = |firmware: Firmware, scheme| {
        let app = TestApp::new(AutoStop::Enabled);
        let info = firmware.device_info(scheme, caps);
        let mut device = Device::new(info, NoSecurity::default(), app, Quirks::vendor(firmware));
        let reply = exchange(&mut device, "proto-ver", b"---").unwrap();
        String::from_utf8(reply).unwrap().replace(['\t', '\n', ' '], "")
    };
    for (firmware, scheme, want) in [
        (
            Firmware::Idf44,
            SecurityScheme::Sec1,
            r#""ver":"v1.1","cap":["wifi_scan"]"#,
        ),
        (
            Firmware::Idf44,
            SecurityScheme::Sec0,
            r#""ver":"v1.1","cap":["no_sec","wifi_scan"]"#,
        ),
        (
            Firmware::Idf52,
            SecurityScheme::Sec2,
            r#""ver":"v1.1","sec_ver":2,"cap":["wifi_scan"]"#,
        ),
        (
            Firmware::Idf6,
            SecurityScheme::Sec2,
            r#""ver":"netprov-v1.2","sec_ver":2,"sec_patch_ver":1,"cap":["wifi_prov","wifi_scan"]"#,
        ),
        (
            Firmware::Idf55,
            SecurityScheme::Sec1,
            r#""ver":"netprov-v1.2","sec_ver":1,"sec_patch_ver":0,"cap":["wifi_prov","wifi_scan"]"#,
        ),
        (
            Firmware::Idf55Wifi,
            SecurityScheme::Sec2,
            r#""ver":"v1.1","sec_ver":2,"sec_patch_ver":1,"cap":["wifi_scan"]"#,
        ),
        (
            Firmware::Idf55Wifi,
            SecurityScheme::Sec0,
            r#""ver":"v1.1","sec_ver":0,"sec_patch_ver":0,"cap":["no_sec","wifi_scan"]"#,
        ),
    ] {
        assert_eq!(text(firmware, scheme), format!("{{\"prov\":{{{want}}}}}"));
    }
    // An empty PoP is a matter of security 1: whatever the application says, no other scheme has one.
    let mut caps = Capabilities::wifi();
    caps.no_pop = true;
    for (scheme, want) in [
        (SecurityScheme::Sec0, false),
        (SecurityScheme::Sec1, true),
        (SecurityScheme::Sec2, false),
    ] {
        assert_eq!(Firmware::Idf6.device_info(scheme, caps).capabilities.no_pop, want);
    }
    assert_eq!(
        exchange(&mut device(), "proto-ver", b"---").unwrap(),
        b"v1.1",
        "a bare version"
    );
}

#[test]
fn endpoints_without_security() {
    let mut device = device();
    let mut buf = *b"\x52\x00";
    assert_eq!(
        device.handle("prov-session", &mut buf, 2, NOW, &mut NoEntropy),
        Outcome::NoSuchEndpoint
    );
    let list: Vec<_> = device.endpoints().collect();
    assert_eq!(
        list,
        [
            (0xff4f, "prov-ctrl"),
            (0xff50, "prov-scan"),
            (0xff52, "prov-config"),
            (0xff53, "proto-ver"),
            (0xff54, "custom-data"),
            (0xff55, "broken"),
            (0xff56, "huge")
        ]
    );
    assert_eq!(
        exchange(&mut device, "custom-data", b"hello").unwrap(),
        b"SUCCESS\0"
    );
    assert_eq!(exchange(&mut device, "custom-data", b"nothing").unwrap(), b"");
    assert_eq!(exchange(&mut device, "broken", b"x"), Err(Refusal::Application));
    assert_eq!(
        exchange(&mut device, "huge", b"x"),
        Err(Refusal::ReplyTooLong { limit: 4096 })
    );
    let mut old = plain(Quirks::vendor(Firmware::Idf44));
    assert_eq!(
        old.handle("prov-ctrl", &mut buf, 2, NOW, &mut NoEntropy),
        Outcome::NoSuchEndpoint
    );
}

#[test]
fn one_ble_value_bounds_request_and_reply() {
    let mut device = plain(Quirks::vendor_ble(Firmware::Idf44, BleStack::Bluedroid));
    assert_eq!(
        exchange(&mut device, "custom-data", &[1; 258]),
        Err(Refusal::RequestTooLong { limit: 257 })
    );
    assert!(exchange(&mut device, "custom-data", &[1; 257]).is_ok());
    assert_eq!(page(&mut device, 0, 4), Ok(4));
    assert_eq!(
        page(&mut device, 0, 11),
        Err(Refusal::ReplyTooLong { limit: 257 })
    );
    assert_eq!(exchange(&mut device, "proto-ver", b""), Err(Refusal::Empty));
}

/// Whatever becomes of a request: what is not the reply is zeros.
#[test]
fn the_request_does_not_stay_in_the_buffer() {
    let mut request = [0; 512];
    let set = SetWifiConfigRef {
        ssid: b"Home",
        passphrase: b"correct-horse",
        bssid: b"",
        channel: 0,
    };
    let set = set.encode(&mut request).unwrap();
    let set = &request[..set];
    let ok = Outcome::Reply;
    for (endpoint, request, expected) in [
        ("prov-config", set, ok(4)),
        ("prov-ctrl", set, Outcome::Refused(Refusal::UnknownMessage)),
        ("prov-scan", set, ok(6)), // the same numbers ask for the status here
        ("custom-data", set, ok(8)),
        ("broken", set, Outcome::Refused(Refusal::Application)),
        ("proto-ver", set, ok(4)),
        ("absent", set, Outcome::NoSuchEndpoint),
        ("prov-session", set, Outcome::NoSuchEndpoint),
        // A scan that is waited for.
        ("prov-scan", &[0x52, 0x02, 0x08, 0x01][..], Outcome::Pending),
    ] {
        let mut device = device();
        device.app().scan_takes = 1;
        let mut buf = [0xee; 512];
        buf[..request.len()].copy_from_slice(request);
        let outcome = device.handle(endpoint, &mut buf, request.len(), NOW, &mut NoEntropy);
        assert_eq!(outcome, expected, "{endpoint}");
        let reply = if let Outcome::Reply(len) = outcome { len } else { 0 };
        assert!(buf[reply..].iter().all(|&byte| byte == 0), "{endpoint}");
    }
}

/// A handshake's answer is shorter than its request; a transport's mistake about the length leaves nothing either.
#[test]
fn the_tail_of_a_handshake_does_not_stay_in_the_buffer() {
    let mut device = counting();
    for (request, len, expected) in [
        (&b"hello"[..], 5, Outcome::Reply(1)),
        (b"right", 5, Outcome::Reply(1)),
        (
            b"right",
            65,
            Outcome::Refused(Refusal::RequestTooLong { limit: 64 }),
        ),
    ] {
        let mut buf = [0xee; 64];
        buf[..5].copy_from_slice(request);
        assert_eq!(
            device.handle("prov-session", &mut buf, len, NOW, &mut NoEntropy),
            expected
        );
        let reply = if let Outcome::Reply(len) = expected {
            len
        } else {
            0
        };
        assert!(buf[reply..].iter().all(|&byte| byte == 0), "{request:?}");
    }
}

#[test]
fn other_verdicts_of_the_application_go_out_as_they_are() {
    struct Busy;
    impl Application for Busy {
        fn start_wifi_scan(&mut self, _: espprov_device::WifiScanParams) -> Result<(), StatusCode> {
            Err(StatusCode::InternalError)
        }
    }
    let mut device = Device::new("v1.1", NoSecurity::default(), Busy, Quirks::default());
    let reply = exchange(&mut device, "prov-scan", &[0x52, 0x02, 0x08, 0x01]).unwrap();
    assert_eq!(reply, [0x08, 0x01, 0x10, 0x05, 0x5a, 0x00]);
}
