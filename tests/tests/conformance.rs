//! The conformance suite over every link of this workspace that needs no hardware.

use embedded_io_adapters::tokio_1::FromTokio;
use espprov_conformance::{CASES, Case, SECRET, Tally, USERNAME, WORLD};
use espprov_http::{HttpTarget, HttpTransport};
use espprov_simulator::scenario::{Flavour, Link};
use espprov_simulator::time::{VirtualClock, block_on};
use espprov_simulator::{Console, HttpServer, LinkModel, MemoryTransport, Scenario, Shared, SimDevice};
use espprov_simulator_ble::air::AirOptions;
use espprov_simulator_ble::{Mtu, Options};
use espprov_tests::ble::{self, Surroundings};
use espprov_tokio::TokioClock;

/// The device a case asks for.
fn device(case: &Case, link: Link, flavour: Flavour) -> SimDevice {
    let (scheme, patch) = (case.scheme.number(), case.scheme.patch());
    let patch = if scheme == 2 {
        format!("patch = {patch}")
    } else {
        String::new()
    };
    let security = format!(
        "[security]\nscheme = {scheme}\n{patch}\npop = \"{SECRET}\"\nusername = \"{USERNAME}\"\npassword = \"{SECRET}\"\n"
    );
    let mut scenario = Scenario::parse(&format!("{WORLD}\n{security}")).unwrap();
    scenario.device.link = link;
    scenario.device.flavour = flavour;
    SimDevice::new(scenario).unwrap()
}

/// Says how many were run, and fails if one did.
fn report(link: &str, tally: &Tally, beyond: usize) {
    println!("{link}: {tally}");
    assert!(tally.failures.is_empty(), "{link}: {tally}");
    assert_eq!(tally.run(), CASES.len());
    assert_eq!(tally.beyond, beyond, "{link}: cases beyond the link's limit");
}

#[test]
fn memory() {
    for (name, link, beyond) in [
        ("in memory", Link::Ideal, 0),
        ("in memory as NimBLE", Link::Nimble, 4),
        ("in memory as Bluedroid", Link::Bluedroid, 7),
        ("in memory as HTTP", Link::Http, 1),
    ] {
        let mut tally = Tally::default();
        for case in CASES {
            let device = device(case, link, Flavour::Idf55);
            let model: LinkModel = device.scenario().device.link_model();
            let clock = VirtualClock::new();
            let mut link = MemoryTransport::new(Shared::new(device), clock.clone(), model);
            tally.add(case, block_on(&clock, case.run(&mut link, &clock)));
        }
        report(name, &tally, beyond);
    }
}

#[tokio::test]
async fn http() {
    let mut tally = Tally::default();
    for case in CASES {
        let device = Shared::new(device(case, Link::Http, Flavour::Idf55));
        let server = HttpServer::bind("127.0.0.1:0", device).await.unwrap();
        let target: HttpTarget = format!("http://{}", server.local_addr().unwrap())
            .parse()
            .unwrap();
        let serving = tokio::spawn(server.run());
        let mut link = HttpTransport::new(target);
        tally.add(case, case.run(&mut link, TokioClock::new()).await);
        serving.abort();
    }
    report("HTTP", &tally, 1);
}

#[tokio::test(start_paused = true)]
async fn console() {
    for (name, limited, beyond) in [("console", true, 24), ("console without a line limit", false, 0)] {
        let mut tally = Tally::default();
        for case in CASES {
            let (theirs, ours) = tokio::io::duplex(4096);
            let mut console = Console::new(Shared::new(device(case, Link::Ideal, Flavour::Idf55)));
            if !limited {
                console = console.with_line_limit(0);
            }
            let serving = tokio::spawn(async move {
                let (input, output) = tokio::io::split(theirs);
                console.serve(input, output, &TokioClock::new()).await
            });
            let (rx, tx) = tokio::io::split(ours);
            let (rx, tx) = (FromTokio::new(rx), FromTokio::new(tx));
            let link = espprov_embedded::console::Console::new(rx, tx, TokioClock::new());
            let mut link = if limited { link } else { link.with_line_limit(None) };
            tally.add(case, case.run(&mut link, TokioClock::new()).await);
            serving.abort();
        }
        report(name, &tally, beyond);
    }
}

#[test]
fn trouble() {
    for (name, link, flavour, mtu, beyond) in [
        ("NimBLE, MTU 23", Link::Nimble, Flavour::Idf55, Mtu::Least, 4),
        ("NimBLE, MTU 256", Link::Nimble, Flavour::Idf55, Mtu::NimBle, 4),
        ("NimBLE, MTU 517", Link::Nimble, Flavour::Idf6, Mtu::Most, 4),
        (
            "Bluedroid, MTU 256",
            Link::Bluedroid,
            Flavour::Idf52,
            Mtu::NimBle,
            7,
        ),
    ] {
        let mut tally = Tally::default();
        for case in CASES {
            let device = device(case, link, flavour);
            let mut options = Options::of(&device);
            options.mtu = mtu;
            let run = async |around: &Surroundings<SimDevice>, mut link: ble::Link<'_, '_, '_>| {
                case.run(&mut link, around.clock).await
            };
            tally.add(case, ble::run(device, &options, AirOptions::default(), run));
        }
        report(&format!("Bluetooth on trouble-host, {name}"), &tally, beyond);
    }
}
