use super::*;
use crate::scenario::Flavour;
use crate::service::BUFFER;
use espprov_security::{Channel, Handshake, sec0, sec1, sec2};
use espprov_types::{DeviceInfo, SecurityScheme};
use std::sync::{Arc, Mutex};

const MS: Duration = Duration::from_millis(1);
const STATUS: [u8; 2] = [0x52, 0x00];

fn scenario(text: &str) -> Scenario {
    let mut scenario = Scenario::builtin("default").unwrap();
    let other = Scenario::parse(text).unwrap();
    scenario.device = other.device;
    scenario.security = other.security;
    scenario.faults = other.faults;
    scenario.endpoints = other.endpoints;
    scenario.labels = other.labels;
    scenario
}

fn device(text: &str) -> SimDevice {
    SimDevice::new(scenario(text)).unwrap()
}

/// What a request came to, with the reply's bytes.
#[derive(Debug, PartialEq, Eq)]
enum Got {
    Reply(Vec<u8>),
    Other(Answer),
}

fn got(answer: Answer, buf: &[u8]) -> Got {
    match answer {
        Answer::Reply(len) => Got::Reply(buf[..len].to_vec()),
        other => Got::Other(other),
    }
}

fn handle(device: &mut SimDevice, endpoint: &str, request: &[u8], now: Duration) -> Got {
    let mut buf = vec![0; BUFFER];
    buf[..request.len()].copy_from_slice(request);
    let answer = device.handle(endpoint, &mut buf, request.len(), now);
    got(answer, &buf)
}

fn resume(device: &mut SimDevice, now: Duration) -> Got {
    let mut buf = vec![0; BUFFER];
    let answer = device.resume(&mut buf, now);
    got(answer, &buf)
}

fn reply(got: Got) -> Vec<u8> {
    match got {
        Got::Reply(reply) => reply,
        Got::Other(other) => panic!("{other:?}"),
    }
}

fn info(device: &mut SimDevice) -> DeviceInfo {
    DeviceInfo::parse(&reply(handle(device, "proto-ver", b"---", Duration::ZERO))).unwrap()
}

/// Runs a client half to the end of its handshake.
fn establish<H: Handshake>(device: &mut SimDevice, mut client: H, now: Duration) -> Option<H::Channel> {
    let mut buf = [0; 512];
    while let Some(len) = client.poll_request(&mut buf).unwrap() {
        match handle(device, "prov-session", &buf[..len], now) {
            Got::Reply(reply) => client.handle_response(&reply).unwrap(),
            Got::Other(Answer::Refused) => return None,
            other => panic!("{other:?}"),
        }
    }
    Some(client.into_channel().unwrap())
}

fn ask<C: Channel>(
    device: &mut SimDevice,
    channel: &mut C,
    endpoint: &str,
    request: &[u8],
    now: Duration,
) -> Vec<u8> {
    let mut buf = vec![0; request.len() + channel.overhead()];
    buf[..request.len()].copy_from_slice(request);
    let len = channel.seal(&mut buf, request.len()).unwrap();
    let mut sealed = reply(handle(device, endpoint, &buf[..len], now));
    channel.open(&mut sealed).unwrap().to_vec()
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(99)
}

/// set + apply for a network, written by hand: field 12 { ssid = 1, passphrase = 2 }, then message type 4.
fn set_home() -> Vec<u8> {
    let inner = [&b"\x0a\x04Home\x12\x0d"[..], b"correct-horse"].concat();
    let mut request = vec![0x08, 0x02, 0x62, u8::try_from(inner.len()).unwrap()];
    request.extend(inner);
    request
}

#[test]
fn every_scheme_of_every_flavour_serves_its_own_client() {
    for flavour in Flavour::ALL {
        for scheme in [0, 1, 2] {
            let text = format!("[device]\nflavour = \"{flavour}\"\n[security]\nscheme = {scheme}");
            let Ok(parsed) = Scenario::parse(&text) else {
                assert_eq!((flavour, scheme), (Flavour::Idf44, 2));
                continue;
            };
            let mut device = SimDevice::new(parsed).unwrap();
            let info = info(&mut device);
            assert_eq!(info.scheme(), SecurityScheme::from_number(scheme), "{text}");
            let now = Duration::ZERO;
            let echo = match scheme {
                0 => {
                    let mut channel = establish(&mut device, sec0::Client::new(), now).unwrap();
                    ask(&mut device, &mut channel, "echo", b"hello", now)
                }
                1 => {
                    let client = sec1::Client::new(b"abcd1234", &mut rng()).unwrap();
                    let mut channel = establish(&mut device, client, now).unwrap();
                    ask(&mut device, &mut channel, "echo", b"hello", now)
                }
                _ => {
                    let patch = info.patch_level();
                    assert_eq!(patch, u8::from(flavour.firmware().counts_nonce()), "{text}");
                    let client =
                        sec2::Client::new(b"wifiprov", b"abcd1234", Some(patch), &mut rng()).unwrap();
                    let mut channel = establish(&mut device, client, now).unwrap();
                    ask(&mut device, &mut channel, "echo", b"hello", now)
                }
            };
            assert_eq!(echo, b"hello", "{text}");
        }
    }
}

#[test]
fn wrong_credentials_are_refused() {
    let mut dev = device("[security]\nscheme = 1");
    let client = sec1::Client::new(b"wrong", &mut rng()).unwrap();
    assert!(establish(&mut dev, client, Duration::ZERO).is_none());
    let mut dev = device("");
    let client = sec2::Client::new(b"wifiprov", b"wrong", Some(1), &mut rng()).unwrap();
    assert!(establish(&mut dev, client, Duration::ZERO).is_none());
}

#[test]
fn capabilities_follow_the_scenario() {
    let info_of = |text: &str| info(&mut device(text));
    let names = |text: &str| info_of(text).capabilities.names().collect::<Vec<_>>();
    assert_eq!(
        names(""),
        ["wifi_prov", "wifi_scan"],
        "stock firmware has one radio"
    );
    assert_eq!(names("[device]\nflavour = \"idf-5.2\""), ["wifi_scan"]);
    let thread = "[device]\nnetwork = \"thread\"";
    assert_eq!(names(thread), ["thread_prov", "thread_scan"]);
    assert!(!info_of(thread).supports_wifi());
    let both = "[device]\nnetwork = \"both\"";
    assert_eq!(
        names(both),
        ["wifi_prov", "wifi_scan", "thread_prov", "thread_scan"]
    );
    let no_pop = info_of("[security]\nscheme = 1\npop = \"\"");
    assert!(no_pop.capabilities.no_pop);
    assert!(info_of("[security]\nscheme = 0").capabilities.no_sec);
    assert_eq!(info_of("[security]\npatch = 0").patch_level(), 0);
}

#[test]
fn labels_of_the_application_come_first() {
    let mut device = device("[[label]]\nname = \"rmaker\"\nversion = \"1.0\"");
    let text = reply(handle(&mut device, "proto-ver", b"---", Duration::ZERO));
    let text = String::from_utf8(text).unwrap().replace(['\t', '\n', ' '], "");
    assert_eq!(
        text,
        r#"{"rmaker":{"ver":"1.0","cap":[]},"prov":{"ver":"netprov-v1.2","sec_ver":2,"sec_patch_ver":1,"cap":["wifi_prov","wifi_scan"]}}"#
    );
}

#[test]
fn patch_levels_of_point_releases() {
    for (text, expected) in [
        ("[device]\nflavour = \"idf-5.2\"", None),
        ("[device]\nflavour = \"idf-5.2\"\n[security]\npatch = 1", Some(1)),
        (
            "[device]\nflavour = \"idf-5.2\"\n[security]\npatch = 1\nscheme = 1",
            Some(0),
        ),
        ("[device]\nflavour = \"idf-5.5-wifi\"", Some(1)),
        (
            "[device]\nflavour = \"idf-5.5-wifi\"\n[security]\nscheme = 1",
            Some(0),
        ),
        (
            "[device]\nflavour = \"idf-5.5-wifi\"\n[security]\nscheme = 0",
            Some(0),
        ),
    ] {
        assert_eq!(info(&mut device(text)).patch, expected, "{text}");
    }
}

#[test]
fn a_salt_can_be_asked_for() {
    let mut dev = device("[security]\nsalt_hex = \"0000a1a2a3a4a5a6\"");
    let mut client = sec2::Client::new(b"wifiprov", b"abcd1234", Some(1), &mut rng()).unwrap();
    let mut buf = [0; 512];
    let len = client.poll_request(&mut buf).unwrap().unwrap();
    let answer = reply(handle(&mut dev, "prov-session", &buf[..len], Duration::ZERO));
    assert!(
        answer
            .windows(8)
            .any(|window| window == [0, 0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6])
    );
    let client = sec2::Client::new(b"wifiprov", b"abcd1234", Some(1), &mut rng()).unwrap();
    assert!(establish(&mut dev, client, Duration::ZERO).is_some());
}

#[test]
fn endpoints_answer_as_the_scenario_says() {
    let mut dev = device(
        "[security]\nscheme = 0\n[[endpoint]]\nname = \"cloud\"\nreply = \"done\"\n\
         [[endpoint]]\nname = \"broken\"\nrefuse = true",
    );
    establish(&mut dev, sec0::Client::new(), Duration::ZERO).unwrap();
    assert_eq!(reply(handle(&mut dev, "cloud", b"x", Duration::ZERO)), b"done");
    assert_eq!(
        reply(handle(&mut dev, "custom-data", b"x", Duration::ZERO)),
        b"SUCCESS\0"
    );
    assert_eq!(
        handle(&mut dev, "broken", b"x", Duration::ZERO),
        Got::Other(Answer::Refused)
    );
    assert_eq!(
        handle(&mut dev, "absent", b"x", Duration::ZERO),
        Got::Other(Answer::NoSuchEndpoint)
    );
}

#[test]
fn provisioned_it_stops_and_comes_back_new() {
    let mut device = device("[security]\nscheme = 0");
    let log = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&log);
    device.observe(move |at, event| sink.lock().unwrap().push(format!("{} {event}", at.as_millis())));
    let mut channel = establish(&mut device, sec0::Client::new(), Duration::ZERO).unwrap();
    let mut at = |ms: u32, request: &[u8]| ask(&mut device, &mut channel, "prov-config", request, ms * MS);
    at(10, &set_home());
    at(20, &[0x08, 0x04]);
    // State connecting (1) in field 2 of field 11.
    assert_eq!(at(500, &STATUS), [0x08, 0x01, 0x5a, 0x02, 0x10, 0x01]);
    let online = at(1200, &STATUS);
    assert!(online.windows(12).any(|window| window == b"192.168.1.57"));
    assert_eq!(device.presence(2199 * MS), Presence::On { boot: 1 });
    let away = Presence::Away {
        back_at: Some(3700 * MS),
    };
    assert_eq!(device.presence(2200 * MS), away);
    let answer = handle(&mut device, "proto-ver", b"-", 3000 * MS);
    assert_eq!(answer, Got::Other(Answer::Closed { delivered: false }));
    assert_eq!(device.presence(3700 * MS), Presence::On { boot: 2 });
    let refused = handle(&mut device, "prov-config", &STATUS, 3700 * MS);
    assert_eq!(
        refused,
        Got::Reply(vec![0x08, 0x01, 0x5a, 0x02, 0x10, 0x01]),
        "as if never provisioned"
    );
    let log = log.lock().unwrap().join("\n");
    for line in [
        "1120 connected",
        "2200 service stopped",
        "3700 booted (2)",
        "0 prov-session: 5 bytes, 7 bytes back",
    ] {
        assert!(log.contains(line), "{line} in\n{log}");
    }
    assert!(!log.contains("correct-horse"));
}

#[test]
fn or_stays_away() {
    let mut device = device("[device]\nafter_stop = \"stop\"\n[security]\nscheme = 0");
    let mut channel = establish(&mut device, sec0::Client::new(), Duration::ZERO).unwrap();
    ask(
        &mut device,
        &mut channel,
        "prov-config",
        &set_home(),
        Duration::ZERO,
    );
    ask(
        &mut device,
        &mut channel,
        "prov-config",
        &[0x08, 0x04],
        Duration::ZERO,
    );
    let hour = Duration::from_secs(3600);
    assert_eq!(device.presence(hour), Presence::Away { back_at: None });
}

#[test]
fn a_blocking_scan_answers_when_it_is_over() {
    let mut device = device("[security]\nscheme = 0");
    establish(&mut device, sec0::Client::new(), Duration::ZERO).unwrap();
    // Message 0 (absent), field 10 { blocking = 1 }.
    let answer = handle(
        &mut device,
        "prov-scan",
        &[0x52, 0x02, 0x08, 0x01],
        Duration::ZERO,
    );
    let until = 900 * MS;
    assert_eq!(answer, Got::Other(Answer::Pending { until }));
    assert!(matches!(resume(&mut device, until), Got::Reply(_)));
    // Message 2: status; the reply's field 13 { finished, 13 results }.
    let status = reply(handle(&mut device, "prov-scan", &[0x08, 0x02], until));
    assert!(
        status.ends_with(&[0x6a, 0x04, 0x08, 0x01, 0x10, 0x0d]),
        "{status:?}"
    );
}

#[test]
fn scenario_faults_strike_on_every_link() {
    let fault = |kind: &str| {
        device(&format!(
            "[[fault]]\nkind = \"{kind}\"\nexchange = 1\ndelay_ms = 250\n[security]\nscheme = 0"
        ))
    };
    let plain = reply(handle(
        &mut device("[security]\nscheme = 0"),
        "proto-ver",
        b"---",
        Duration::ZERO,
    ));
    let hit = |kind: &str| handle(&mut fault(kind), "proto-ver", b"---", Duration::ZERO);
    assert_eq!(hit("drop-request"), Got::Other(Answer::Silence));
    assert_eq!(hit("drop-reply"), Got::Other(Answer::Silence));
    assert_eq!(
        hit("close-before"),
        Got::Other(Answer::Closed { delivered: false })
    );
    assert_eq!(hit("close-after"), Got::Other(Answer::Closed { delivered: true }));
    assert_eq!(hit("duplicate-request"), Got::Reply(plain.clone()));
    assert!(reply(hit("truncate-reply")).len() < plain.len());
    let flipped = reply(hit("flip-reply-bit"));
    let apart: u32 = flipped
        .iter()
        .zip(&plain)
        .map(|(a, b)| (a ^ b).count_ones())
        .sum();
    assert_eq!(apart, 1);
    let mut late = fault("delay");
    let until = 250 * MS;
    assert_eq!(
        handle(&mut late, "proto-ver", b"---", Duration::ZERO),
        Got::Other(Answer::Pending { until })
    );
    assert_eq!(resume(&mut late, until), Got::Reply(plain.clone()));
    let mut twice = fault("duplicate-reply");
    assert_eq!(
        handle(&mut twice, "proto-ver", b"---", Duration::ZERO),
        Got::Reply(plain.clone())
    );
    assert_eq!(
        handle(
            &mut twice,
            "prov-session",
            &[0x52, 0x03, 0xa2, 0x01, 0x00],
            Duration::ZERO
        ),
        Got::Reply(plain)
    );
}

#[test]
fn runs_are_reproducible() {
    let run = || {
        let mut device = device("");
        let client = sec2::Client::new(b"wifiprov", b"abcd1234", Some(1), &mut rng()).unwrap();
        let mut channel = establish(&mut device, client, Duration::ZERO).unwrap();
        let mut buf = [0; 64];
        let len = channel.seal(&mut buf, 3).unwrap();
        reply(handle(&mut device, "echo", &buf[..len], Duration::ZERO))
    };
    assert_eq!(run(), run());
}

#[test]
fn settings_changed_after_parsing_are_checked() {
    let mut scenario = Scenario::default();
    scenario.security.username = Some(String::new());
    assert!(
        SimDevice::new(scenario)
            .unwrap_err()
            .message()
            .contains("username")
    );
    let mut scenario = Scenario::default();
    scenario.security.scheme = Some(7);
    assert!(SimDevice::new(scenario).is_err());
}

#[test]
fn a_device_can_move_to_another_thread() {
    const fn movable<T: Send>() {}
    movable::<SimDevice>();
    movable::<crate::HttpServer<SimDevice>>();
}

/// ESP RainMaker's rule: after so many wrong proofs the service is gone until the device restarts.
#[test]
fn a_service_that_stops_after_wrong_proofs() {
    let guess = |device: &mut SimDevice, now| {
        device.new_session();
        let client = sec1::Client::new(b"guess", &mut rng()).unwrap();
        assert!(establish(device, client, now).is_none());
    };
    let mut device = device("[security]\nscheme = 1\nmax_wrong_proofs = 3\n[device]\nauto_stop = false");
    for _ in 0..2 {
        guess(&mut device, 10 * MS);
    }
    assert_eq!(device.presence(1000 * MS), Presence::On { boot: 1 });
    guess(&mut device, 1000 * MS);
    let away = Presence::Away {
        back_at: Some(2600 * MS),
    };
    assert_eq!(device.presence(1100 * MS), away);
    assert_eq!(device.presence(2600 * MS), Presence::On { boot: 2 });
    guess(&mut device, 2600 * MS);
    assert_eq!(
        device.presence(5000 * MS),
        Presence::On { boot: 2 },
        "counted anew"
    );

    // Stock firmware does not count.
    let mut stock = self::device("[security]\nscheme = 1");
    for _ in 0..50 {
        guess(&mut stock, 10 * MS);
    }
    assert_eq!(stock.presence(1000 * MS), Presence::On { boot: 1 });
    assert!(Scenario::parse("[security]\nmax_wrong_proofs = 21").is_err());
}

#[test]
fn a_fault_that_is_injected_later_is_counted_from_then() {
    let mut device = device("[[fault]]\nexchange = 2\nkind = \"close-after\"\n");
    let mut echo = |inject: Option<Injection>| {
        if let Some(injection) = inject {
            device.inject(injection);
        }
        handle(&mut device, "proto-ver", b"---", Duration::ZERO)
    };
    assert!(matches!(echo(None), Got::Reply(_)));
    let closed = |delivered| Got::Other(Answer::Closed { delivered });
    assert_eq!(echo(None), closed(true));
    let next = Injection::at_exchange(1, Fault::CloseBefore);
    assert_eq!(echo(Some(next)), closed(false));
    let after_next = Injection::at_endpoint("proto-ver", 2, Fault::CloseBefore);
    assert!(matches!(echo(Some(after_next.clone())), Got::Reply(_)));
    assert_eq!(echo(None), closed(false));
    // An endpoint that is counted already.
    assert!(matches!(echo(Some(after_next)), Got::Reply(_)));
    assert_eq!(echo(None), closed(false));
    assert!(matches!(echo(None), Got::Reply(_)));
}
