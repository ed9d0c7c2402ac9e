//! `discover --network` against announcements made by hand, byte by byte (RFC 1035 § 4, RFC 6762, RFC 6763), on loopback.
#![cfg(unix)]

use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use espprov_tests::cli::{Run, run};
use serde_json::Value;
use socket2::{Domain, Protocol, Socket, Type};
use std::net::UdpSocket;
use std::sync::mpsc;

const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
const PORT: u16 = 5353;
const LOCAL_CTRL: &[&str] = &["_esp_local_ctrl", "_tcp", "local"];
const CHAL_RESP: &[&str] = &["_esp_rmaker_chal_resp", "_tcp", "local"];

/// Answers every question for its services with these packets, on loopback; ends when it is dropped.
struct Responder {
    _stop: mpsc::Sender<()>,
}

impl Responder {
    fn start(packets: Vec<Vec<u8>>) -> Self {
        // Shared with whatever else answers on this machine, as every responder has to.
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP)).unwrap();
        socket.set_reuse_address(true).unwrap();
        socket.set_reuse_port(true).unwrap();
        socket
            .bind(&SocketAddr::from(([0, 0, 0, 0], PORT)).into())
            .unwrap();
        socket.join_multicast_v4(&GROUP, &Ipv4Addr::LOCALHOST).unwrap();
        socket.set_multicast_if_v4(&Ipv4Addr::LOCALHOST).unwrap();
        socket.set_multicast_loop_v4(true).unwrap();
        socket.set_multicast_ttl_v4(255).unwrap();
        let socket = UdpSocket::from(socket);
        socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let (stop, stopped) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buf = [0; 9000];
            while stopped.try_recv() != Err(mpsc::TryRecvError::Disconnected) {
                let Ok((len, _)) = socket.recv_from(&mut buf) else {
                    continue;
                };
                // The bit that tells an answer from a question; answers of others are not answered.
                let is_question = buf[..len].get(2).is_some_and(|flags| flags & 0x80 == 0);
                if is_question && buf[..len].windows(5).any(|part| part == b"\x04_tcp") {
                    for packet in &packets {
                        socket.send_to(packet, (GROUP, PORT)).unwrap();
                    }
                }
            }
        });
        Self { _stop: stop }
    }
}

fn name(labels: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for label in labels {
        out.push(u8::try_from(label.len()).unwrap());
        out.extend_from_slice(label);
    }
    out.push(0);
    out
}

fn record(name: &[u8], kind: u16, data: &[u8]) -> Vec<u8> {
    let class: u16 = if kind == 12 { 1 } else { 0x8001 };
    let mut out = name.to_vec();
    out.extend(kind.to_be_bytes());
    out.extend(class.to_be_bytes());
    out.extend(120_u32.to_be_bytes());
    out.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    out.extend_from_slice(data);
    out
}

fn answer(records: &[Vec<u8>]) -> Vec<u8> {
    let count = u16::try_from(records.len()).unwrap();
    let mut out = vec![0, 0, 0x84, 0, 0, 0];
    out.extend(count.to_be_bytes());
    out.extend([0; 4]);
    out.extend(records.concat());
    out
}

/// What a device answers: where the service is, on which host and port, what it says of itself, and its address.
fn announced(
    service: &[&str],
    instance: &[u8],
    host: &str,
    port: u16,
    txt: &[&[u8]],
    address: [u8; 4],
) -> Vec<u8> {
    let service: Vec<&[u8]> = service.iter().map(|label| label.as_bytes()).collect();
    let full = name(&[&[instance], &service[..]].concat());
    let host = name(&[host.as_bytes(), b"local"]);
    let srv = [&[0, 0, 0, 0][..], &port.to_be_bytes(), &host].concat();
    let mut texts = Vec::new();
    for text in txt {
        texts.push(u8::try_from(text.len()).unwrap());
        texts.extend_from_slice(text);
    }
    answer(&[
        record(&name(&service), 12, &full),
        record(&full, 33, &srv),
        record(&full, 16, &texts),
        record(&host, 1, &address),
    ])
}

const ENDPOINTS: &[&[u8]] = &[
    b"version_endpoint=/esp_local_ctrl/version",
    b"session_endpoint=/esp_local_ctrl/session",
    b"control_endpoint=/esp_local_ctrl/control",
];

fn discover(options: &[&str]) -> Run {
    let args = [
        "discover",
        "--network",
        "--interface",
        "127.0.0.1",
        "--timeout",
        "4s",
    ];
    run(&[&args, options].concat())
}

fn devices(run: &Run) -> Vec<Value> {
    let mut events = run.events();
    events.retain(|event| event["event"] == "device");
    events
}

#[test]
fn devices_that_announce_themselves() {
    let stock = announced(
        LOCAL_CTRL,
        b"Control A1",
        "host-a1",
        443,
        ENDPOINTS,
        [192, 168, 1, 50],
    );
    let node = [ENDPOINTS, &[&b"node_id=n0d3"[..]]].concat();
    let rainmaker = announced(
        LOCAL_CTRL,
        b"Control A2",
        "host-a2",
        8080,
        &node,
        [192, 168, 1, 51],
    );
    let proof = announced(
        CHAL_RESP,
        b"Control A3",
        "host-a3",
        80,
        &[b"sec_version=1"],
        [192, 168, 1, 52],
    );
    // The first of them says it again and again.
    let _network = Responder::start(vec![stock.clone(), rainmaker, stock.clone(), proof, stock]);
    let found = discover(&["--json", "--prefix", "Control A"]);
    assert_eq!(found.code, 0, "{found:?}");
    let mut devices = devices(&found);
    devices.sort_by_key(|device| device["name"].to_string());
    assert_eq!(devices.len(), 3, "each of them once: {found:?}");
    let expected = serde_json::json!({
        "event": "device",
        "name": "Control A1",
        "address": "192.168.1.50",
        "service": "_esp_local_ctrl._tcp",
        "host": "host-a1.local",
        "addresses": ["192.168.1.50"],
        "port": 443,
        "target": "https://192.168.1.50",
        "txt": {
            "control_endpoint": "/esp_local_ctrl/control",
            "session_endpoint": "/esp_local_ctrl/session",
            "version_endpoint": "/esp_local_ctrl/version",
        },
    });
    assert_eq!(devices[0], expected);
    assert_eq!(devices[1]["target"], "http://192.168.1.51:8080");
    assert_eq!(devices[1]["txt"]["node_id"], "n0d3");
    assert_eq!(devices[2]["target"], "http://192.168.1.52");
    assert_eq!(devices[2]["service"], "_esp_rmaker_chal_resp._tcp");

    let shown = discover(&["--prefix", "n0d3"]);
    assert_eq!(shown.code, 0, "{shown:?}");
    let line = shown.stdout.trim_end();
    assert!(
        line.starts_with("http://192.168.1.51:8080 ") && line.ends_with(" node n0d3"),
        "{shown:?}"
    );
    assert_eq!(shown.stdout.lines().count(), 1, "{shown:?}");
}

#[test]
fn what_strangers_say_is_shown_with_care() {
    let good = announced(LOCAL_CTRL, b"Control B1", "host-b1", 80, ENDPOINTS, [10, 0, 0, 1]);
    let evil = announced(
        LOCAL_CTRL,
        "Control B2\u{1b}[31m\u{202e}x\n".as_bytes(),
        "host-b2",
        80,
        &[b"node_id=\xff\x07", b"=", b"", b"a=1", b"A=2"],
        [10, 0, 0, 2],
    );
    let nowhere = announced(LOCAL_CTRL, b"Control B3", "host-b3", 0, &[], [10, 0, 0, 3]);
    let mut packets = vec![evil, nowhere];
    // Names that point at themselves, counts that are not true, records cut at every length.
    packets.push([&answer(&[])[..6], &[0xff, 0xff, 0, 0, 0, 0, 0xc0, 12]].concat());
    packets.push(answer(&[record(&[0xc0, 12], 12, &[0xc0, 12])]));
    packets.extend((0..good.len()).step_by(7).map(|len| good[..len].to_vec()));
    packets.push(good);
    let _network = Responder::start(packets);
    let found = discover(&["--json", "--prefix", "Control B"]);
    assert_eq!(found.code, 0, "{found:?}");
    let names: Vec<_> = devices(&found)
        .iter()
        .map(|device| device["name"].to_string())
        .collect();
    assert!(names.iter().any(|name| name == "\"Control B1\""), "{names:?}");
    assert!(
        !names.iter().any(|name| name.contains("B3")),
        "nobody listens on port 0: {names:?}"
    );
    let shown = discover(&["--prefix", "Control B"]);
    assert!(
        shown
            .stdout
            .chars()
            .all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'),
        "{shown:?}"
    );
}

#[test]
fn nobody_announces_anything() {
    let nobody = run(&[
        "discover",
        "--network",
        "--interface",
        "127.0.0.1",
        "--timeout",
        "500ms",
        "--prefix",
        "nobody",
        "--json",
    ]);
    nobody.assert_error(3, "device_not_found");
    assert!(nobody.took < Duration::from_secs(10), "{nobody:?}");
    for (args, code) in [
        (
            &["--network", "--interface", "nonesuch0"][..],
            "unknown_interface",
        ),
        (&["--interface", "lo"], "usage"),
    ] {
        run(&[&["discover", "--json"], args].concat()).assert_error(2, code);
    }
}
