//! The provisioning flow against the simulated device, in virtual time.

use core::cell::RefCell;
use core::time::Duration;
use espprov_core::auth::{Auto, PolicyError, SecurityChoice, SessionSecurity, Witness};
use espprov_core::request::ControlAction;
use espprov_core::{
    Deadlines, Outcome, Phase, ProvisionError, ScanOptions, StatusCode, ThreadDataset, WifiConfig,
    WifiFailure, WifiStatus,
};
use espprov_simulator::fault::{Fault, FaultyTransport, Injection};
use espprov_simulator::scenario::NetworkType;
use espprov_simulator::{LinkModel, MemoryError};
use espprov_tests::pair::{Pair, Scheme, SetUp, Through, WORLD, client, collect, recorded};
use espprov_transport::{Clock as _, Endpoint, LinkFault, Transport, with_deadline};
use std::rc::Rc;

fn home() -> WifiConfig<'static> {
    WifiConfig::new(b"Home", b"correct-horse").unwrap()
}

#[test]
fn every_scheme_provisions_with_the_fewest_round_trips() {
    for scheme in Scheme::ALL {
        let pair = Pair::new(scheme.scenario(WORLD));
        let (link, log) = recorded(pair.link(LinkModel::Ideal));
        let mut device = client(link, scheme.auth(), &pair.clock, 1);
        let (outcome, took) = pair.run(device.provision_wifi(&home()));
        let Ok(Outcome::Connected(on)) = outcome else {
            panic!("{scheme:?}: {outcome:?}")
        };
        assert_eq!(
            (on.ip, on.ssid.as_bytes()),
            (Some([192, 168, 1, 57].into()), &b"Home"[..])
        );
        let handshake = if scheme == Scheme::Sec0 { 1 } else { 2 };
        let mut expected = vec!["proto-ver"];
        expected.extend(vec!["prov-session"; handshake]);
        // set, apply, and a look each 0.275 s; the device connects after 1.8 s.
        expected.extend(["prov-config"; 2 + 8]);
        assert_eq!(*log.borrow(), expected, "{scheme:?}");
        assert_eq!(took, Duration::from_millis(1925), "{scheme:?}");
    }
}

#[test]
fn wrong_passphrase_then_the_right_one_in_the_same_run() {
    for scheme in Scheme::ALL {
        let pair = Pair::new(scheme.scenario(WORLD));
        let mut device = client(pair.link(LinkModel::Ideal), scheme.auth(), &pair.clock, 2);
        let wrong = WifiConfig::new(b"Home", b"wrong-horse").unwrap();
        let (outcome, _) = pair.run(device.provision_wifi(&wrong));
        assert_eq!(outcome, Ok(Outcome::Failed(WifiFailure::AuthError)), "{scheme:?}");
        let (outcome, _) = pair.run(device.provision_wifi(&home()));
        assert!(
            matches!(outcome, Ok(Outcome::Connected(_))),
            "{scheme:?}: {outcome:?}"
        );
    }
}

#[test]
fn absent_network() {
    let pair = Pair::new(Scheme::Sec2Patch1.scenario(WORLD));
    let mut device = client(
        pair.link(LinkModel::Ideal),
        Scheme::Sec2Patch1.auth(),
        &pair.clock,
        3,
    );
    let nowhere = WifiConfig::new(b"Nowhere", b"12345678").unwrap();
    let (outcome, _) = pair.run(device.provision_wifi(&nowhere));
    assert_eq!(outcome, Ok(Outcome::Failed(WifiFailure::NetworkNotFound)));
}

#[test]
fn wrong_credentials_are_told_from_link_failures_on_every_link() {
    for model in [
        LinkModel::Ideal,
        LinkModel::nimble(),
        LinkModel::bluedroid_sec2(),
        LinkModel::http(),
    ] {
        for (scheme, wrong) in [
            (Scheme::Sec1, Auto::new().with_pop(b"nope").unwrap()),
            (Scheme::Sec2Patch0, Auto::new().with_password(b"nope").unwrap()),
            (
                Scheme::Sec2Patch1,
                Auto::new()
                    .with_password(b"abcd1234")
                    .unwrap()
                    .with_username(b"root")
                    .unwrap(),
            ),
        ] {
            let pair = Pair::new(scheme.scenario(WORLD));
            let mut device = client(pair.link(model), wrong, &pair.clock, 4);
            let (result, _) = pair.run(device.connect());
            let security = if scheme == Scheme::Sec1 {
                SessionSecurity::Sec1
            } else {
                SessionSecurity::Sec2
            };
            assert_eq!(
                result,
                Err(ProvisionError::WrongCredentials { security }),
                "{scheme:?} on {model:?}"
            );
            // The same device, the right credentials, the same client.
            *device.auth_mut() = scheme.auth();
            let (outcome, _) = pair.run(device.provision_wifi(&home()));
            assert!(
                matches!(outcome, Ok(Outcome::Connected(_))),
                "{scheme:?} on {model:?}: {outcome:?}"
            );
        }
    }
}

#[test]
fn no_silent_downgrade() {
    let pair = Pair::new(Scheme::Sec0.scenario(WORLD));
    let pop = Auto::new().with_pop(b"abcd1234").unwrap();
    let mut device = client(pair.link(LinkModel::Ideal), pop, &pair.clock, 5);
    let (result, _) = pair.run(device.provision_wifi(&home()));
    assert_eq!(
        result,
        Err(ProvisionError::Policy(PolicyError::SecurityDowngrade {
            offered: 0
        }))
    );

    // Without credentials there may be a session, but no secret goes over it.
    let (link, log) = recorded(pair.link(LinkModel::Ideal));
    let mut device = client(link, Auto::new(), &pair.clock, 5);
    let (result, _) = pair.run(device.provision_wifi(&home()));
    assert_eq!(result, Err(ProvisionError::PlaintextNotAllowed));
    let (result, _) = pair.run(device.send(Endpoint::CUSTOM_DATA, b"secret", None, |_| {}));
    assert_eq!(result, Err(ProvisionError::PlaintextNotAllowed));
    assert!(
        !log.borrow()
            .iter()
            .any(|e| e == "prov-config" || e == "custom-data"),
        "{log:?}"
    );
    let (networks, _) = pair.run(device.scan_wifi(&ScanOptions::default()));
    assert_eq!(networks.unwrap().len(), 3);
}

/// A setup code is read off the device itself: its word counts against proto-ver's, unless the caller names the scheme.
#[test]
fn a_device_that_says_less_than_its_setup_code_is_refused() {
    let code = r#"{"ver":"v1","name":"PROV_1","pop":"abcd1234","transport":"ble","security":2}"#;
    let payload = espprov_types::SetupPayload::parse(code).unwrap();
    let pair = Pair::new(Scheme::Sec1.scenario(WORLD));
    let (link, log) = recorded(pair.link(LinkModel::Ideal));
    let mut device = client(link, Auto::from_payload(&payload), &pair.clock, 5);
    let (result, _) = pair.run(device.provision_wifi(&home()));
    assert_eq!(
        result,
        Err(ProvisionError::Policy(PolicyError::SecurityFall {
            offered: 1,
            said: 2,
            by: Witness::SetupPayload,
        }))
    );
    assert_eq!(
        *log.borrow(),
        ["proto-ver"],
        "no handshake, so nothing to guess by"
    );

    let named = SecurityChoice::Exactly(espprov_types::SecurityScheme::Sec1);
    let auth = Auto::from_payload(&payload).with_choice(named);
    let mut device = client(pair.link(LinkModel::Ideal), auth, &pair.clock, 6);
    let (outcome, _) = pair.run(device.provision_wifi(&home()));
    assert!(matches!(outcome, Ok(Outcome::Connected(_))), "{outcome:?}");
}

#[test]
fn scans_respect_the_link_and_never_reach_past_the_list() {
    let mut world = WORLD.to_owned();
    for i in 0..10 {
        world += &format!(
            "[[network]]\nssid = \"filler-network-with-a-long-name{i}\"\nbssid = \"02:00:00:00:00:0{i}\"\nchannel = 13\nrssi = -9{i}\nauth = \"open\"\n"
        );
    }
    for (model, pages) in [
        (LinkModel::Ideal, 1),
        (LinkModel::http(), 1),
        (LinkModel::nimble(), 4),
        (LinkModel::bluedroid(), 4),
    ] {
        for blocking in [true, false] {
            let pair = Pair::new(Scheme::Sec1.scenario(&world));
            let (link, log) = recorded(pair.link(model));
            let mut device = client(link, Scheme::Sec1.auth(), &pair.clock, 6);
            let mut options = ScanOptions::default();
            options.blocking = blocking;
            let (networks, _) = pair.run(device.scan_wifi(&options));
            let networks = networks.unwrap_or_else(|e| panic!("{model:?}: {e}"));
            assert_eq!(networks.len(), 13, "{model:?}");
            assert!(
                networks.windows(2).all(|w| w[0].rssi >= w[1].rssi),
                "strongest first"
            );
            let scans = log.borrow().iter().filter(|e| *e == "prov-scan").count();
            if blocking {
                assert_eq!(scans, 2 + pages, "{model:?}");
            } else {
                assert!(scans > 2 + pages, "{model:?}: polled at least once");
            }
        }
    }
}

#[test]
fn the_active_network_is_marked() {
    let world = WORLD.replace("[device]", "[device]\nauto_stop = false");
    let pair = Pair::new(Scheme::Sec2Patch1.scenario(&world));
    let mut device = client(
        pair.link(LinkModel::Ideal),
        Scheme::Sec2Patch1.auth(),
        &pair.clock,
        7,
    );
    let mut options = ScanOptions::default();
    options.mark_active = true;
    let (before, _) = pair.run(device.scan_wifi(&options));
    assert!(before.unwrap().iter().all(|n| !n.active));
    let (outcome, _) = pair.run(device.provision_wifi(&home()));
    assert!(matches!(outcome, Ok(Outcome::Connected(_))), "{outcome:?}");
    let (after, _) = pair.run(device.scan_wifi(&options));
    let active: Vec<_> = after.unwrap().into_iter().filter(|n| n.active).collect();
    assert_eq!(active.len(), 1);
    assert_eq!(active[0].ssid.as_bytes(), b"Home");
}

#[test]
fn thread_is_provisioned_too() {
    let mut scenario = Scheme::Sec2Patch1.scenario(WORLD);
    scenario.device.network = Some(NetworkType::Thread);
    let pair = Pair::new(scenario);
    let mut device = client(
        pair.link(LinkModel::nimble()),
        Scheme::Sec2Patch1.auth(),
        &pair.clock,
        8,
    );
    let (networks, _) = pair.run(device.scan_thread(&ScanOptions::default()));
    let network = networks.unwrap().remove(0);
    let key = *b"\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff";
    let dataset = ThreadDataset::minimal(network.channel, network.ext_pan_id, &key, network.pan_id);
    let (outcome, _) = pair.run(device.provision_thread(&dataset));
    let Ok(Outcome::Connected(on)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!((on.pan_id, on.channel), (0x51de, 15));
}

#[test]
fn a_provisioned_device_that_serves_on_takes_other_credentials() {
    let world = WORLD.replace("[device]", "[device]\nauto_stop = false");
    let pair = Pair::new(Scheme::Sec1.scenario(&world));
    let mut device = client(pair.link(LinkModel::Ideal), Scheme::Sec1.auth(), &pair.clock, 9);
    let (first, _) = pair.run(device.provision_wifi(&home()));
    assert!(matches!(first, Ok(Outcome::Connected(_))));
    // The same network again: it is there already.
    let (again, _) = pair.run(device.provision_wifi(&home()));
    assert!(matches!(again, Ok(Outcome::Connected(_))), "{again:?}");
    // Another one: reprov happens by itself.
    let cafe = WifiConfig::new(b"Cafe", b"").unwrap();
    let (other, _) = pair.run(device.provision_wifi(&cafe));
    let Ok(Outcome::Connected(on)) = other else {
        panic!("{other:?}")
    };
    assert_eq!(on.ssid.as_bytes(), b"Cafe");
    let (status, _) = pair.run(device.wifi_status());
    assert!(matches!(status, Ok(WifiStatus::Connected(_))));
}

#[test]
fn control_in_the_wrong_state_is_the_devices_verdict() {
    let pair = Pair::new(Scheme::Sec1.scenario(WORLD));
    let mut device = client(pair.link(LinkModel::Ideal), Scheme::Sec1.auth(), &pair.clock, 10);
    let (result, _) = pair.run(device.control(ControlAction::ReprovWifi));
    assert!(
        matches!(
            result,
            Err(ProvisionError::Status {
                phase: Phase::Control,
                ..
            })
        ),
        "{result:?}"
    );
}

#[test]
fn custom_data_in_chunks_advances() {
    let pair = Pair::new(Scheme::Sec2Patch1.scenario(WORLD));
    let mut device = client(
        pair.link(LinkModel::nimble()),
        Scheme::Sec2Patch1.auth(),
        &pair.clock,
        11,
    );
    let echo = Endpoint::custom("echo").unwrap();
    let data: Vec<u8> = (0..1000_u32).map(|i| (i * 7 % 251) as u8).collect();
    let mut back = Vec::new();
    let (exchanges, _) = pair.run(device.send(echo, &data, Some(256), |reply| back.extend_from_slice(reply)));
    assert_eq!((exchanges, back == data), (Ok(4), true));
    let (too_long, _) = pair.run(device.send(echo, &data, None, |_| {}));
    assert_eq!(
        too_long,
        Err(ProvisionError::RequestTooLarge {
            need: 1016,
            limit: 512
        })
    );
    // Known before anything was sent: the session is as good as before.
    let (short, _) = pair.run(device.send(echo, b"still here", None, |_| {}));
    assert_eq!(short, Ok(1));
    assert_eq!(
        pair.run(device.send(echo, b"", None, |_| {})).0,
        Err(ProvisionError::EmptyRequest)
    );
}

#[test]
fn a_link_lost_for_good_after_apply_is_likely_success() {
    // The device stops right after it was asked while connected, and never comes back.
    let world = WORLD.replace("[device]", "[device]\nafter_stop = \"stop\"\nstop_after_ms = 0");
    for scheme in Scheme::ALL {
        let pair = Pair::new(scheme.scenario(&world));
        // Exchange 1 is proto-ver, then the handshake, set, apply; the fourth poll finds it connected.
        let polls = if scheme == Scheme::Sec0 { 7 + 1 } else { 8 + 1 };
        let faulty = FaultyTransport::new(
            pair.link(LinkModel::Ideal),
            pair.clock.clone(),
            vec![Injection::at_exchange(polls, Fault::CloseAfter)],
            0,
        );
        let log = Rc::new(RefCell::new(Vec::new()));
        let mut device = client(faulty, scheme.auth(), &pair.clock, 12).with_observer(collect(&log));
        let (outcome, took) = pair.run(device.provision_wifi(&home()));
        assert_eq!(outcome, Ok(Outcome::LikelyConnected), "{scheme:?}: {log:?}");
        // Lost at 2.4 s; twelve seconds without it are enough.
        assert!(took < Duration::from_secs(15), "{took:?}");
    }
}

#[test]
fn the_whole_run_has_a_deadline() {
    let world = WORLD.replace("connect_ms = 1800", "connect_ms = 3600000");
    let pair = Pair::new(Scheme::Sec1.scenario(&world));
    let mut device = client(pair.link(LinkModel::Ideal), Scheme::Sec1.auth(), &pair.clock, 13);
    device.limit_total(Duration::from_secs(20));
    let (outcome, took) = pair.run(device.provision_wifi(&home()));
    assert_eq!(outcome, Err(ProvisionError::Deadline { phase: Phase::Status }));
    assert!(took <= Duration::from_secs(20), "{took:?}");
    assert!(pair.clock.now() <= Duration::from_secs(20));
}

#[test]
fn after_a_refusal_a_living_link_is_kept() {
    let phase = Phase::Data;
    let refusal = ProvisionError::Refused { phase };
    // A device that hangs up cannot be told from one that went.
    let hang_up = ProvisionError::Link {
        phase,
        error: MemoryError(LinkFault::Lost { delivered: false }),
    };
    for (model, reconnects, expected) in [
        (LinkModel::nimble(), 0, refusal),
        (LinkModel::bluedroid_sec2(), 1, hang_up),
        (LinkModel::http(), 1, refusal),
    ] {
        let pair = Pair::new(Scheme::Sec2Patch1.scenario(WORLD));
        let (link, log) = recorded(pair.link(model));
        let mut device = client(link, Scheme::Sec2Patch1.auth(), &pair.clock, 14);
        let (refused, _) = pair.run(device.send(Endpoint::PROV_SCAN, b"\xff", None, |_| {}));
        assert_eq!(refused, Err(expected), "{model:?}");
        let (again, _) = pair.run(device.send(Endpoint::CUSTOM_DATA, b"x", None, |reply| {
            assert_eq!(reply, b"SUCCESS\0")
        }));
        assert_eq!(again, Ok(1), "{model:?}");
        assert_eq!(
            log.borrow().iter().filter(|e| *e == "reconnect").count(),
            reconnects,
            "{model:?}: {log:?}"
        );
    }
}

#[test]
fn a_device_that_never_ends_is_no_success_on_any_link() {
    let world = WORLD.replace("connect_ms = 1800", "connect_ms = 3600000");
    for model in [
        LinkModel::nimble(),
        LinkModel::bluedroid_sec2(),
        LinkModel::http(),
    ] {
        for seconds in [20, 60, 61, 62] {
            let pair = Pair::new(Scheme::Sec2Patch1.scenario(&world));
            let mut device = client(pair.link(model), Scheme::Sec2Patch1.auth(), &pair.clock, 15);
            device.limit_total(Duration::from_secs(seconds));
            let (outcome, took) = pair.run(device.provision_wifi(&home()));
            assert_eq!(
                outcome,
                Err(ProvisionError::Deadline { phase: Phase::Status }),
                "{model:?}, {seconds} s"
            );
            assert!(took <= Duration::from_secs(seconds), "{took:?}");
        }
    }
}

#[test]
fn a_device_lost_while_it_follows_other_orders_is_no_success() {
    let world = WORLD.replace("[device]", "[device]\nafter_stop = \"stop\"\nstop_after_ms = 0");
    let pair = Pair::new(Scheme::Sec1.scenario(&world));
    let mut deadlines = Deadlines::default();
    deadlines.connecting = Duration::from_millis(100);
    let mut first =
        client(pair.link(LinkModel::Ideal), Scheme::Sec1.auth(), &pair.clock, 16).with_deadlines(deadlines);
    let (left, _) = pair.run(first.provision_wifi(&home()));
    assert_eq!(left, Err(ProvisionError::Deadline { phase: Phase::Status }));

    // The second client meets a device that is busy with Home. proto-ver, two of handshake, set, apply, a look,
    // then polls after 0, 0.5, 1.25 and 2.375 s, the last of which finds it connected and is lost.
    let plan = vec![Injection::at_exchange(10, Fault::CloseAfter)];
    let faulty = FaultyTransport::new(pair.link(LinkModel::Ideal), pair.clock.clone(), plan, 0);
    let mut second = client(faulty, Scheme::Sec1.auth(), &pair.clock, 17);
    let cafe = WifiConfig::new(b"Cafe", b"").unwrap();
    let (outcome, _) = pair.run(second.provision_wifi(&cafe));
    assert_eq!(second.transport().injected(), 1);
    assert_eq!(
        outcome,
        Err(ProvisionError::Status {
            phase: Phase::Apply,
            code: StatusCode::InternalError
        })
    );
}

#[test]
fn nonsense_after_apply_is_no_success() {
    // A status that is always the same. No state at all (a missing field reads as "connected"); "connected" with a reason of failure; no message.
    for answer in [&b"\x08\x01\x5a\0"[..], b"\x08\x01\x5a\x02\x50\0", b"\xff"] {
        let pair = Pair::new(Scheme::Sec0.scenario(WORLD));
        let link = pair.link(LinkModel::Ideal);
        let stuck = Through::new(link, async |link, endpoint, buf, len| {
            if buf[..len] == *b"\x52\0" {
                buf[..answer.len()].copy_from_slice(answer);
                return Ok(answer.len());
            }
            link.exchange(endpoint, buf, len).await
        });
        let mut device = client(stuck.that_never_closes(), Scheme::Sec0.auth(), &pair.clock, 18);
        let (outcome, took) = pair.run(device.provision_wifi(&home()));
        assert!(
            matches!(
                outcome,
                Err(ProvisionError::Reply {
                    phase: Phase::Status,
                    ..
                })
            ),
            "{outcome:?}"
        );
        assert!(took < Duration::from_secs(30), "{took:?}");
        // Its close never ends by itself.
        let ((), took) = pair.run(device.close());
        assert!(took <= Duration::from_secs(10), "{took:?}");
    }
}

#[test]
fn a_cancelled_run_leaves_no_deadline_behind() {
    let world = WORLD.replace("connect_ms = 1800", "connect_ms = 3600000");
    // A status request is under way in some of these moments, a pause in the others.
    for cancel_at in (8000..10_200).step_by(50).map(Duration::from_millis) {
        let pair = Pair::new(Scheme::Sec2Patch1.scenario(&world));
        let mut device = client(
            pair.link(LinkModel::nimble()),
            Scheme::Sec2Patch1.auth(),
            &pair.clock,
            19,
        );
        let home = home();
        let run = device.provision_wifi(&home);
        let (cancelled, _) = pair.run(with_deadline(&pair.clock, cancel_at, run));
        assert!(cancelled.is_err(), "{cancelled:?}");
        pair.clock.advance(Duration::from_secs(120));
        let (status, _) = pair.run(device.wifi_status());
        assert!(
            matches!(status, Ok(WifiStatus::Connecting { .. })),
            "{cancel_at:?}: {status:?}"
        );
    }
}

#[test]
fn a_handshake_that_does_not_fit_the_link_is_no_link_failure() {
    let pair = Pair::new(Scheme::Sec2Patch1.scenario(WORLD));
    let link = pair.link(LinkModel::bluedroid()); // 257 bytes: built without security 2
    let mut device = client(link, Scheme::Sec2Patch1.auth(), &pair.clock, 20);
    let (result, _) = pair.run(device.connect());
    assert_eq!(
        result,
        Err(ProvisionError::RequestTooLarge {
            need: 406,
            limit: 257
        })
    );
}

#[test]
fn a_scan_that_never_ends_has_a_deadline() {
    let world = WORLD.replace("scan_ms = 900", "scan_ms = 3600000");
    for blocking in [true, false] {
        let pair = Pair::new(Scheme::Sec1.scenario(&world));
        let mut device = client(
            pair.link(LinkModel::nimble()),
            Scheme::Sec1.auth(),
            &pair.clock,
            21,
        );
        let mut options = ScanOptions::default();
        options.blocking = blocking;
        let (networks, took) = pair.run(device.scan_wifi(&options));
        assert_eq!(networks, Err(ProvisionError::Deadline { phase: Phase::Scan }));
        assert!(took < Duration::from_secs(45), "{took:?}");
    }
}
