//! The conformance suite over every link of this workspace that needs no hardware, through the async driver; and through
//! the blocking one over those that a program can wait for.

use embedded_io_adapters::tokio_1::FromTokio;
use espprov::{TokioClock, TokioRuntime};
use espprov_conformance::{CASES, Case, Tally, WORLD};
use espprov_http::{HttpTarget, HttpTransport, Tls};
use espprov_simulator::scenario::{Flavour, Link};
use espprov_simulator::time::{VirtualClock, block_on};
use espprov_simulator::{Console, HttpServer, LinkModel, MemoryTransport, Scenario, Shared, SimDevice};
use espprov_simulator_ble::air::AirOptions;
use espprov_simulator_ble::{Mtu, Options};
use espprov_tests::ble::{self, Surroundings};
use espprov_tests::tls::{Authority, Front, Leaf, Manners};
use espprov_transport::Reconnect;
use espprov_transport::blocking::{Blocked, Wait};
use tokio::io::DuplexStream;
use tokio::runtime::Builder;
use tokio::task::JoinHandle;

/// The device a case asks for.
fn device(case: &Case, link: Link, flavour: Flavour) -> SimDevice {
    let mut scenario = Scenario::parse(&format!("{WORLD}\n{}", case.scheme.settings())).unwrap();
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

/// In memory, with the limits of these links: how many cases are beyond them.
const MODELS: [(&str, Link, usize); 4] = [
    ("in memory", Link::Ideal, 0),
    ("in memory as NimBLE", Link::Nimble, 4),
    ("in memory as Bluedroid", Link::Bluedroid, 7),
    ("in memory as HTTP", Link::Http, 1),
];

fn memory_link(case: &Case, link: Link, clock: &VirtualClock) -> MemoryTransport<SimDevice, VirtualClock> {
    let device = device(case, link, Flavour::Idf55);
    let model: LinkModel = device.scenario().device.link_model();
    MemoryTransport::new(Shared::new(device), clock.clone(), model)
}

#[test]
fn memory() {
    for (name, link, beyond) in MODELS {
        let mut tally = Tally::default();
        for case in CASES {
            let clock = VirtualClock::new();
            let mut link = memory_link(case, link, &clock);
            tally.add(case, block_on(&clock, case.run(&mut link, &clock)));
        }
        report(name, &tally, beyond);
    }
}

#[test]
fn memory_blocking() {
    for (name, link, beyond) in MODELS {
        let mut tally = Tally::default();
        for case in CASES {
            let clock = VirtualClock::new();
            let time = Wait::new(&clock, &clock);
            let mut link = Blocked::new(memory_link(case, link, &clock), time);
            tally.add(case, case.run_blocking(&mut link, time));
        }
        report(&format!("{name}, blocking"), &tally, beyond);
    }
}

/// A device on a port of its own.
async fn http_device(case: &Case) -> (String, JoinHandle<()>) {
    let device = Shared::new(device(case, Link::Http, Flavour::Idf55));
    let server = HttpServer::bind("127.0.0.1:0", device).await.unwrap();
    let url = format!("http://{}", server.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let _ = server.run().await;
    });
    (url, serving)
}

async fn serve_http(case: &Case) -> (HttpTransport, JoinHandle<()>) {
    let (url, serving) = http_device(case).await;
    (HttpTransport::new(url.parse().unwrap()), serving)
}

#[tokio::test]
async fn http() {
    let mut tally = Tally::default();
    for case in CASES {
        let (mut link, serving) = serve_http(case).await;
        tally.add(case, case.run(&mut link, TokioClock::new()).await);
        serving.abort();
    }
    report("HTTP", &tally, 1);
}

/// The same device behind TLS: nothing of the protocol may be different.
#[tokio::test]
async fn https() {
    let authority = Authority::new();
    let trust = Tls::ca(authority.pem().as_bytes()).unwrap();
    let mut tally = Tally::default();
    for case in CASES {
        let (url, serving) = http_device(case).await;
        let front = Front::start(authority.sign(Leaf::RIGHT), Manners::DEVICE, &url);
        let target: HttpTarget = front.url().parse().unwrap();
        let mut link = HttpTransport::with_connector(target, trust.clone());
        tally.add(case, case.run(&mut link, TokioClock::new()).await);
        assert!(front.sessions() > 0, "{}: not over TLS", case.name);
        serving.abort();
    }
    report("HTTPS", &tally, 1);
}

/// A blocking link over an async one, on a runtime that only runs while the link is waited for.
fn run_blocking<T: Reconnect>(case: &Case, runtime: &TokioRuntime, link: T, tally: &mut Tally) {
    let time = {
        let _inside = runtime.get().enter();
        Wait::new(TokioClock::new(), runtime)
    };
    tally.add(case, case.run_blocking(&mut Blocked::new(link, time), time));
}

#[test]
fn http_blocking() {
    let runtime = TokioRuntime::new(Builder::new_current_thread().enable_all().build().unwrap());
    let mut tally = Tally::default();
    for case in CASES {
        let (link, serving) = runtime.get().block_on(serve_http(case));
        run_blocking(case, &runtime, link, &mut tally);
        serving.abort();
    }
    report("HTTP, blocking", &tally, 1);
}

type Half<T> = FromTokio<T>;
type Serial = espprov_embedded::console::Console<
    Half<tokio::io::ReadHalf<DuplexStream>>,
    Half<tokio::io::WriteHalf<DuplexStream>>,
    TokioClock,
>;

/// Consoles that take lines of 255 characters, and of any length: how many cases are beyond them.
const CONSOLES: [(&str, bool, usize); 2] =
    [("console", true, 24), ("console without a line limit", false, 0)];

/// A device at the other end of a line.
async fn serve_console(case: &Case, limited: bool) -> (Serial, JoinHandle<()>) {
    let (theirs, ours) = tokio::io::duplex(4096);
    let mut console = Console::new(Shared::new(device(case, Link::Ideal, Flavour::Idf55)));
    if !limited {
        console = console.with_line_limit(0);
    }
    let serving = tokio::spawn(async move {
        let (input, output) = tokio::io::split(theirs);
        let _ = console.serve(input, output, &TokioClock::new()).await;
    });
    let (rx, tx) = tokio::io::split(ours);
    let (rx, tx) = (FromTokio::new(rx), FromTokio::new(tx));
    let link = espprov_embedded::console::Console::new(rx, tx, TokioClock::new());
    let link = if limited { link } else { link.with_line_limit(None) };
    (link, serving)
}

#[tokio::test(start_paused = true)]
async fn console() {
    for (name, limited, beyond) in CONSOLES {
        let mut tally = Tally::default();
        for case in CASES {
            let (mut link, serving) = serve_console(case, limited).await;
            tally.add(case, case.run(&mut link, TokioClock::new()).await);
            serving.abort();
        }
        report(name, &tally, beyond);
    }
}

#[test]
fn console_blocking() {
    for (name, limited, beyond) in CONSOLES {
        let mut builder = Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build().unwrap();
        let runtime = TokioRuntime::new(runtime);
        let mut tally = Tally::default();
        for case in CASES {
            let (link, serving) = runtime.get().block_on(serve_console(case, limited));
            run_blocking(case, &runtime, link, &mut tally);
            serving.abort();
        }
        report(&format!("{name}, blocking"), &tally, beyond);
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
