//! What proves success, failure, or nothing: lost answers, strangers, devices that die, and questions past the cipher.

use core::cell::RefCell;
use core::time::Duration;
use espprov_core::auth::Auto;
use espprov_core::{Deadlines, Outcome, Phase, ProvisionError, ScanOptions, WifiConfig};
use espprov_simulator::fault::{Fault, FaultyTransport, Injection, Outage};
use espprov_simulator::{LinkModel, MemoryError};
use espprov_tests::pair::{Pair, Scheme, SetUp, Through, WORLD, client, collect};
use espprov_transport::{Clock, Endpoint, LinkFault, Reconnect, Transport};
use std::rc::Rc;

fn home() -> WifiConfig<'static> {
    WifiConfig::new(b"Home", b"correct-horse").unwrap()
}

/// Exchanges before apply: proto-ver, two of the handshake, set.
const BEFORE_APPLY: u32 = 4;

#[test]
fn a_lost_answer_and_a_link_away_for_a_while_end_with_the_truth() {
    let world = WORLD.replacen("[device]", "[device]\nauto_stop = false", 1);
    for (what, nth) in [("apply", 1), ("the first status", 2), ("the second status", 3)] {
        for outage in [
            Outage::Refused(1),
            Outage::Refused(5),
            Outage::Away(Duration::from_secs(2)),
            Outage::Away(Duration::from_secs(10)),
        ] {
            let pair = Pair::new(Scheme::Sec1.scenario(&world));
            let plan = vec![Injection::at_exchange(BEFORE_APPLY + nth, Fault::CloseAfter)];
            let link = FaultyTransport::new(pair.link(LinkModel::Ideal), pair.clock.clone(), plan, 0);
            let mut device = client(link.with_outage(outage), Scheme::Sec1.auth(), &pair.clock, 1);
            let (outcome, took) = pair.run(device.provision_wifi(&home()));
            assert!(
                matches!(outcome, Ok(Outcome::Connected(_))),
                "{what}, {outage:?}: {outcome:?}"
            );
            assert!(took < Duration::from_secs(14), "{what}, {outage:?}: {took:?}");
        }
    }
}

#[test]
fn a_device_that_dies_is_neither_success_nor_failure() {
    // It goes at this time after apply, with or without a question under way; it joins after 1.8 s if it lives.
    for (model, patience) in [
        (LinkModel::Ideal, 15),
        (LinkModel::http(), 15),
        (LinkModel::nimble(), 15),
    ] {
        for fault in [Fault::CloseBefore, Fault::DropRequest] {
            for nth in [2, 3] {
                let pair = Pair::new(Scheme::Sec1.scenario(WORLD));
                let plan = vec![Injection::at_exchange(BEFORE_APPLY + nth, fault)];
                let link = FaultyTransport::new(pair.link(model), pair.clock.clone(), plan, 0)
                    .with_outage(Outage::Away(Duration::MAX / 4));
                let mut device = client(link, Scheme::Sec1.auth(), &pair.clock, 1);
                let (outcome, took) = pair.run(device.provision_wifi(&home()));
                assert_eq!(outcome, Ok(Outcome::Unconfirmed), "{model:?}, {fault}, {nth}");
                assert!(took < Duration::from_secs(patience + 10), "{took:?}");
            }
        }
    }
}

#[test]
fn success_is_told_as_soon_as_the_link_allows() {
    let world = WORLD.replace("[device]", "[device]\nafter_stop = \"stop\"\nstop_after_ms = 0");
    for (model, seconds) in [(LinkModel::nimble(), 3), (LinkModel::http(), 12)] {
        assert_eq!(model.limits().gone_after, Duration::from_secs(seconds));
        let pair = Pair::new(Scheme::Sec1.scenario(&world));
        let log = Rc::new(RefCell::new(Vec::new()));
        let mut heard_at = None;
        // The question that finds it connected; its answer is lost with it.
        for nth in 1..9 {
            let pair = Pair::new(Scheme::Sec1.scenario(&world));
            let plan = vec![Injection::at_endpoint("prov-config", 2 + nth, Fault::CloseAfter)];
            let link = FaultyTransport::new(pair.link(model), pair.clock.clone(), plan, 0);
            let mut device = client(link, Scheme::Sec1.auth(), &pair.clock, 1).with_observer(collect(&log));
            let (outcome, took) = pair.run(device.provision_wifi(&home()));
            if outcome == Ok(Outcome::LikelyConnected) {
                heard_at = Some(took);
                break;
            }
            assert!(matches!(outcome, Ok(Outcome::Connected(_))), "{outcome:?}");
        }
        let took = heard_at.expect("one of them is the one");
        // Two to five seconds until it is connected, handshake included.
        let rest = took.saturating_sub(Duration::from_secs(seconds));
        assert!(rest < Duration::from_secs(6), "{model:?}: {took:?}");
        drop(pair);
    }
}

#[test]
fn a_stranger_after_apply_proves_nothing_and_is_told() {
    let other = "[security]\nscheme = 2\npatch = 1\nusername = \"wifiprov\"\npassword = \"zzzz\"\n[device]";
    let sec1 = "[security]\nscheme = 1\npop = \"zzzz\"\n[device]";
    let strangers = [
        WORLD.replacen("[device]", other, 1),
        WORLD.replacen("[device]", sec1, 1),
    ];
    // Lost at apply, at the first status, and at one after "connecting".
    for (nth, expected) in [
        (1, Outcome::Unconfirmed),
        (2, Outcome::Unconfirmed),
        (3, Outcome::LikelyConnected),
    ] {
        for stranger in &strangers {
            let pair = Pair::new(Scheme::Sec1.scenario(WORLD));
            let scenario = espprov_simulator::Scenario::parse(stranger).unwrap();
            let device = espprov_simulator::SimDevice::new(scenario).unwrap();
            let elsewhere = Pair {
                clock: pair.clock.clone(),
                device: espprov_simulator::Shared::new(device),
            };
            let plan = vec![Injection::at_exchange(BEFORE_APPLY + nth, Fault::CloseAfter)];
            let link = |pair: &Pair, plan| {
                FaultyTransport::new(pair.link(LinkModel::http()), pair.clock.clone(), plan, 0)
            };
            // After the first link, somebody else answers.
            let mut stranger = Some(link(&elsewhere, Vec::new()));
            let link = Through::new(link(&pair, plan), async |link, endpoint, buf, len| {
                link.exchange(endpoint, buf, len).await
            });
            let link = link.on_reconnect(move |link| {
                if let Some(stranger) = stranger.take() {
                    *link = stranger;
                }
            });
            let log = Rc::new(RefCell::new(Vec::new()));
            let mut device = client(link, Scheme::Sec1.auth(), &pair.clock, 1).with_observer(collect(&log));
            let (outcome, took) = pair.run(device.provision_wifi(&home()));
            assert_eq!(outcome.as_ref(), Ok(&expected), "{nth}: {log:?}");
            assert!(took < Duration::from_secs(20), "{took:?}");
            let told = log.borrow().iter().filter(|event| *event == "Stranger").count();
            assert_eq!(told, usize::from(nth > 1), "{log:?}");
        }
    }
}

#[test]
fn raw_bytes_past_the_cipher_cost_a_handshake_and_nothing_else() {
    for scheme in Scheme::ALL {
        for model in [
            LinkModel::nimble(),
            LinkModel::http(),
            LinkModel::bluedroid_sec2(),
        ] {
            let pair = Pair::new(scheme.scenario(WORLD));
            let mut device = client(pair.link(model), scheme.auth(), &pair.clock, 7);
            for endpoint in [Endpoint::CUSTOM_DATA, Endpoint::PROV_SESSION] {
                assert!(pair.run(device.connect()).0.is_ok());
                // Whatever comes back: it is no answer within the session.
                let _ = pair.run(device.send_raw(endpoint, b"hello", |_| ())).0;
                if scheme != Scheme::Sec0 {
                    assert_eq!(device.security(), None, "{scheme:?}, {endpoint}");
                }
                let (status, _) = pair.run(device.wifi_status());
                assert!(status.is_ok(), "{scheme:?}, {model:?}, {endpoint}: {status:?}");
            }
        }
    }
}

#[test]
fn the_active_network_with_a_zero_in_its_bssid() {
    let world = WORLD
        .replace("24:0a:c4:51:de:7f", "24:0a:c4:00:de:7f")
        .replace("[device]", "[device]\nauto_stop = false");
    for flavour in ["", "flavour = \"idf-5.5\"\n"] {
        let world = world.replacen("[device]", &format!("[device]\n{flavour}"), 1);
        let pair = Pair::new(Scheme::Sec2Patch1.scenario(&world));
        let mut device = client(
            pair.link(LinkModel::Ideal),
            Scheme::Sec2Patch1.auth(),
            &pair.clock,
            7,
        );
        assert!(matches!(
            pair.run(device.provision_wifi(&home())).0,
            Ok(Outcome::Connected(_))
        ));
        let mut options = ScanOptions::default();
        options.mark_active = true;
        let networks = pair.run(device.scan_wifi(&options)).0.unwrap();
        let active: Vec<_> = networks
            .iter()
            .filter(|n| n.active)
            .map(|n| n.ssid.to_string())
            .collect();
        assert_eq!(active, ["Home"], "{flavour:?}");
    }
}

/// A device that answers every page with one entry, slowly, and refuses to say where it is.
fn slow(pair: &Pair, entry: Duration, found: u8) -> impl Reconnect<Error = MemoryError> {
    let clock = pair.clock.clone();
    let link = pair.link(LinkModel::Ideal);
    Through::new(link, async move |_, endpoint, buf, len| {
        let reply: Vec<u8> = match (endpoint.as_str(), buf[..len].get(1)) {
            ("proto-ver", _) => {
                br#"{"prov":{"ver":"v1.1","sec_ver":0,"cap":["no_sec","wifi_scan"]}}"#.to_vec()
            }
            ("prov-session", _) => vec![0x52, 0x05, 0x08, 0x01, 0xaa, 0x01, 0x00],
            ("prov-scan", _) if buf[0] == 0x52 => vec![0x08, 0x01, 0x5a, 0x00],
            ("prov-scan", Some(0x02)) => vec![0x08, 0x03, 0x6a, 0x05, 0x08, 0x01, 0x10, found, 0x01],
            ("prov-scan", Some(0x04)) => {
                clock.sleep(entry).await;
                vec![0x08, 0x05, 0x7a, 0x0a, 0x0a, 0x08, 0x22, 0x06, 1, 2, 3, 4, 5, 6]
            }
            _ => return Err(MemoryError(LinkFault::Refused { link_alive: true })),
        };
        buf[..reply.len()].copy_from_slice(&reply);
        Ok(reply.len())
    })
}

#[test]
fn a_scan_takes_no_longer_than_it_may_and_a_refused_status_costs_none_of_it() {
    for (entry, found, ends) in [(9900, 0xff, false), (100, 0x80, true)] {
        let pair = Pair::new(Scheme::Sec0.scenario(WORLD));
        let slow = slow(&pair, Duration::from_millis(entry), found);
        let log = Rc::new(RefCell::new(Vec::new()));
        let auth = Auto::new().allow_plaintext(true);
        let mut device = client(slow, auth, &pair.clock, 7).with_observer(collect(&log));
        let mut options = ScanOptions::default();
        options.mark_active = true;
        let (networks, took) = pair.run(device.scan_wifi(&options));
        assert!(took <= Deadlines::default().scan, "{took:?}");
        if ends {
            assert_eq!(networks.map(|list| list.len()), Ok(128));
            assert!(
                log.borrow().iter().any(|event| event == "ActiveUnknown"),
                "{log:?}"
            );
        } else {
            assert_eq!(networks, Err(ProvisionError::Deadline { phase: Phase::Scan }));
        }
    }
}
