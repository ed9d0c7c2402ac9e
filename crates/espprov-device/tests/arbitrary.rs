//! Any bytes on any endpoint: an outcome, never a panic, and a reply that lies inside the buffer.

mod common;

use common::{NOW, NoEntropy, TestApp, plain};
use espprov_device::{Application, AutoStop, Device, Outcome, Quirks};
use proptest::prelude::*;

const ENDPOINTS: [&str; 7] = [
    "prov-session",
    "proto-ver",
    "prov-scan",
    "prov-config",
    "prov-ctrl",
    "custom-data",
    "absent",
];

/// Bytes, or a message with the right outside: type, payload tag, payload.
fn request() -> impl Strategy<Value = Vec<u8>> {
    let shaped =
        (0u8..14, 10u8..22, prop::collection::vec(any::<u8>(), 0..40)).prop_map(|(msg, tag, inner)| {
            let key = u32::from(tag) << 3 | 2;
            let mut bytes = vec![0x08, msg];
            bytes.extend(if key < 128 {
                vec![key as u8]
            } else {
                vec![key as u8 | 0x80, (key >> 7) as u8]
            });
            bytes.push(inner.len() as u8);
            bytes.extend(inner);
            bytes
        });
    prop_oneof![prop::collection::vec(any::<u8>(), 0..80), shaped]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4000) })]

    #[test]
    fn never_panics(
        steps in prop::collection::vec((0usize..7, request(), 0usize..3), 1..8),
        size in 0usize..600,
        claim in 0usize..4,
        takes in 0u32..3,
        max_value in prop::option::of(0usize..300),
    ) {
        let mut quirks = Quirks::default();
        quirks.max_value = max_value;
        let mut device = plain(quirks);
        device.app().scan_takes = takes;
        for (endpoint, request, resumes) in steps {
            let mut buf = vec![0; size];
            let len = request.len().min(size);
            buf[..len].copy_from_slice(&request[..len]);
            // Now and then a length beyond the buffer: the transport's mistake must not be a panic either.
            let len = if claim == 0 { request.len() } else { len };
            let mut outcome = device.handle(ENDPOINTS[endpoint], &mut buf, len, NOW, &mut NoEntropy);
            for _ in 0..resumes {
                if outcome == Outcome::Pending {
                    outcome = device.resume(&mut buf, NOW);
                }
            }
            if let Outcome::Reply(len) = outcome {
                prop_assert!(len <= size);
                prop_assert!(max_value.is_none_or(|max| len <= max));
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Event {
    Set,
    Apply,
    Reset,
    Reprov,
    Connected,
    Attempt,
    Failed,
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    /// The step rules against a table written from the protocol description.
    #[test]
    fn provisioning_rules(auto_stop in any::<bool>(), events in prop::collection::vec(0usize..7, 0..30)) {
        use espprov_types::{Ssid, StatusCode, WifiConnection, WifiFailure, WifiStatus};
        let all = [Event::Set, Event::Apply, Event::Reset, Event::Reprov, Event::Connected, Event::Attempt, Event::Failed];
        let policy = if auto_stop { AutoStop::Enabled } else { AutoStop::Disabled };
        let mut app = TestApp::new(policy);
        // What a client may expect, kept independently.
        let (mut is_set, mut state, mut shown) = (false, "ready", "connecting");
        for event in events.into_iter().map(|i| all[i]) {
            let verdict = match event {
                Event::Set => {
                    app.wifi.set(common::Stored { ssid: vec![], passphrase: vec![], bssid: None, channel: 0 });
                    Ok(())
                }
                Event::Apply => app.apply_wifi(),
                Event::Reset => app.wifi.reset(),
                Event::Reprov => app.wifi.reprov(),
                Event::Connected => { app.wifi.on_connected(WifiConnection::new(Ssid::default())); Ok(()) }
                Event::Attempt => { app.wifi.on_attempt_failed(1); Ok(()) }
                Event::Failed => { app.wifi.on_failed(WifiFailure::AuthError); Ok(()) }
            };
            let allowed = match event {
                Event::Apply => is_set && state == "ready",
                Event::Reset => state == "failed",
                Event::Reprov => state == "connected" && !auto_stop,
                _ => true,
            };
            prop_assert_eq!(verdict, if allowed { Ok(()) } else { Err(StatusCode::InternalError) }, "{:?}", event);
            match event {
                Event::Set => is_set = true,
                Event::Apply => {
                    is_set = false;
                    if allowed { (state, shown) = ("trying", "connecting"); }
                }
                Event::Reset | Event::Reprov if allowed => state = "ready",
                Event::Connected if state != "ready" => (state, shown) = ("connected", "connected"),
                Event::Failed if state != "ready" => (state, shown) = ("failed", "failed"),
                _ => {}
            }
            let now = match app.wifi.status() {
                WifiStatus::Connected(_) => "connected",
                WifiStatus::Connecting { .. } => "connecting",
                WifiStatus::Failed(_) => "failed",
                _ => "other",
            };
            prop_assert_eq!(now, shown, "after {:?}", event);
        }
    }
}

/// The same device type with every quirk switched: constructors do not depend on each other.
#[test]
fn every_named_firmware_builds() {
    use espprov_device::{BleStack, Firmware, NoSecurity};
    for firmware in [
        Firmware::Idf44,
        Firmware::Idf52,
        Firmware::Idf55,
        Firmware::Idf55Wifi,
        Firmware::Idf6,
    ] {
        for stack in [BleStack::NimBle, BleStack::Bluedroid] {
            let app = TestApp::new(AutoStop::Enabled);
            let device = Device::new(
                "v1.1",
                NoSecurity::default(),
                app,
                Quirks::vendor_ble(firmware, stack),
            );
            assert!(device.quirks().max_value.is_some_and(|max| max >= 257));
        }
    }
}
