//! The HTTP server among peers that mean it no good: nobody holds it for longer than its deadlines, and the next client is
//! served.

mod network;

use core::future::Future;
use core::pin::pin;
use core::sync::atomic::Ordering;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use espprov_services::http::{BODY, HEAD, HttpServer, Patience};
use espprov_services::{Access, Local};
use espprov_simulator::{VirtualClock, block_on};
use espprov_transport::Clock;
use network::{Client, Echo, Got, Network, network, post};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

const PAGE: &[u8] = b"<!doctype html><title>Lamp</title>";
const SECOND: Duration = Duration::from_secs(1);

fn cookies() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(1)
}

/// Serves the device while `story` goes on.
fn serve<T>(device: &Local<Echo>, story: impl AsyncFnOnce(&VirtualClock, &Network) -> T) -> T {
    let clock = VirtualClock::new();
    let (mut port, network) = network();
    let (mut head, mut body) = ([0; HEAD], [0; BODY]);
    let server = HttpServer::new(device, clock.clone(), cookies(), &mut head, &mut body);
    let mut server = server.with_page(PAGE);
    block_on(&clock, async {
        tokio::select! {
            error = server.run(&mut port) => match error {},
            told = story(&clock, &network) => told,
        }
    })
}

fn echoed(bytes: &[u8]) -> Got {
    Got::Answer(200, bytes.to_vec())
}

async fn is_served(client: &mut Client) {
    assert_eq!(client.post("echo", b"hello").await, echoed(b"hello"));
}

#[test]
fn a_client_is_served_and_another_one() {
    let device = Local::new(Echo::default());
    serve(&device, async |_, network| {
        let mut client = network.connect();
        is_served(&mut client).await;
        is_served(&mut client).await;
        let mut other = network.connect();
        is_served(&mut other).await;
        assert_eq!(client.answer().await, Got::Closed, "evicted");
    });
}

#[test]
fn a_byte_a_second_does_not_keep_the_others() {
    let device = Local::new(Echo::default());
    for request in [
        &b"POST /echo HTTP/1.1\r\nHost: somewhere-far-away"[..],
        &post("echo", &[7; 200]),
    ] {
        serve(&device, async |clock, network| {
            let mut slow = network.connect();
            slow.send(&request[..1]).await;
            clock.sleep(SECOND).await;
            let mut next = network.connect();
            let trickle = async {
                for byte in &request[1..] {
                    slow.send([*byte]).await;
                    clock.sleep(SECOND).await;
                }
                core::future::pending::<()>().await;
            };
            tokio::select! {
                () = is_served(&mut next) => {}
                () = trickle => unreachable!(),
            }
            let patience = Patience::default().request;
            assert!(clock.now() <= patience + SECOND, "{:?}", clock.now());
            assert_eq!(slow.answer().await, Got::Closed);
        });
    }
}

#[test]
fn half_a_request_is_waited_for_five_seconds() {
    let device = Local::new(Echo::default());
    for half in [
        "P",
        "POST /echo HTTP/1.1\r\n",
        "POST /echo HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf",
    ] {
        serve(&device, async |clock, network| {
            let mut client = network.connect();
            client.send(half).await;
            assert_eq!(client.answer().await, Got::Closed, "{half}");
            assert_eq!(clock.now(), 5 * SECOND, "{half}");
        });
    }
    assert_eq!(device.with(|device| device.handled.load(Ordering::Relaxed)), 0);
}

#[test]
fn who_says_nothing_is_evicted_at_once_or_sent_away() {
    let device = Local::new(Echo::default());
    serve(&device, async |clock, network| {
        let mut mute = network.connect();
        clock.sleep(SECOND).await;
        is_served(&mut network.connect()).await;
        assert_eq!(clock.now(), SECOND);
        assert_eq!(mute.answer().await, Got::Closed);
        let mut mute = network.connect();
        assert_eq!(mute.answer().await, Got::Closed);
        let idle = Patience::default().idle;
        assert!(
            clock.now() >= idle && clock.now() <= idle + 2 * SECOND,
            "{:?}",
            clock.now()
        );
    });
}

#[test]
fn opening_and_closing_ten_thousand_times() {
    let device = Local::new(Echo::default());
    serve(&device, async |clock, network| {
        for turn in 0..10_000 {
            let mut client = network.connect();
            if turn % 3 == 0 {
                client.send("POST /ec").await;
            }
        }
        is_served(&mut network.connect()).await;
        // Half requests of clients that have gone wait for nothing.
        assert!(clock.now() < SECOND, "{:?}", clock.now());
    });
}

#[test]
fn requests_without_end_are_answered_one_by_one() {
    let device = Local::new(Echo::default());
    let handled = device.with(|device| device.handled.clone());
    let clock = VirtualClock::new();
    let (mut port, network) = network();
    let (mut head, mut body) = ([0; HEAD], [0; BODY]);
    let mut server = HttpServer::new(&device, clock, cookies(), &mut head, &mut body);
    let mut client = network.connect();
    let mut cx = Context::from_waker(Waker::noop());
    let requests = post("echo", b"x").repeat(100);
    assert!(pin!(client.send(requests)).poll(&mut cx).is_ready());
    let mut running = pin!(server.run(&mut port));
    let mut last = 0;
    for _ in 0..1000 {
        assert!(matches!(running.as_mut().poll(&mut cx), Poll::Pending));
        let now = handled.load(Ordering::Relaxed);
        assert!(now - last <= 1, "{now} after {last}");
        last = now;
    }
    assert_eq!(last, 100);
}

#[test]
fn who_does_not_take_the_answers_is_sent_away() {
    let device = Local::new(Echo::default());
    serve(&device, async |clock, network| {
        let mut deaf = network.connect();
        // More than there is room for on the way back.
        for _ in 0..6 {
            deaf.send(post("echo", &[1; 2000])).await;
        }
        let mut next = network.connect();
        is_served(&mut next).await;
        assert!(clock.now() <= 7 * SECOND, "{:?}", clock.now());
    });
}

#[test]
fn an_answer_that_takes_its_time_is_waited_for_and_the_next_one_is_served() {
    let device = Local::new(Echo::default());
    serve(&device, async |clock, network| {
        let mut first = network.connect();
        first.send(post("slow", b"x")).await;
        clock.sleep(SECOND).await;
        let mut second = network.connect();
        is_served(&mut second).await;
        assert!(clock.now() >= 10 * SECOND);
        assert_eq!(first.answer().await, echoed(b"at last"));
        assert_eq!(first.answer().await, Got::Closed);

        let mut first = network.connect();
        first.send(post("silent", b"x")).await;
        clock.sleep(SECOND).await;
        let began = clock.now();
        is_served(&mut network.connect()).await;
        assert_eq!(clock.now(), began, "nobody waits for what never comes");
    });
}

#[test]
fn a_device_that_is_away_lets_nobody_in() {
    let device = Local::new(Echo::default());
    serve(&device, async |_, network| {
        let mut client = network.connect();
        is_served(&mut client).await;
        device.with(|device| device.away = true);
        assert_eq!(client.answer().await, Got::Reset);
        assert_eq!(network.connect().answer().await, Got::Reset);
        device.with(|device| device.away = false);
        is_served(&mut network.connect()).await;
    });
}

#[test]
fn a_page_for_browsers() {
    let device = Local::new(Echo::default());
    serve(&device, async |_, network| {
        let mut browser = network.connect();
        browser.send("GET / HTTP/1.1\r\nHost: 192.168.4.1\r\n\r\n").await;
        assert_eq!(browser.answer().await, Got::Answer(200, PAGE.to_vec()));
        // It asks on, and asks for more than there is.
        is_served(&mut browser).await;
        browser.send("GET /favicon.ico HTTP/1.1\r\n\r\n").await;
        assert!(matches!(browser.answer().await, Got::Answer(404, _)));
    });
}

/// A page that is compressed says so: browsers show bytes otherwise.
#[test]
fn a_compressed_page() {
    const PACKED: &[u8] = b"\x1f\x8b\x08 and so on";
    let device = Local::new(Echo::default());
    let clock = VirtualClock::new();
    let (mut port, network) = network();
    let (mut head, mut body) = ([0; HEAD], [0; BODY]);
    let server = HttpServer::new(&device, clock.clone(), cookies(), &mut head, &mut body);
    let mut server = server.with_page(PACKED);
    let story = async {
        let mut browser = network.connect();
        browser.send("GET / HTTP/1.1\r\n\r\n").await;
        assert_eq!(browser.answer().await, Got::Answer(200, PACKED.to_vec()));
        // What the application says is its own, however it begins.
        assert_eq!(browser.post("echo", PACKED).await, echoed(PACKED));
    };
    block_on(&clock, async {
        tokio::select! { error = server.run(&mut port) => match error {}, () = story => {} }
    });
}

#[test]
fn with_less_memory_less_is_taken() {
    let device = Local::new(Echo::default());
    let clock = VirtualClock::new();
    let (mut port, network) = network();
    let (mut head, mut body) = ([0; 96], [0; 160 + 64]);
    let mut server = HttpServer::new(&device, clock.clone(), cookies(), &mut head, &mut body);
    let story = async {
        is_served(&mut network.connect()).await;
        assert_eq!(network.connect().post("echo", &[7; 64]).await, echoed(&[7; 64]));
        assert_eq!(network.connect().post("echo", &[7; 65]).await, Got::Reset);
        let mut client = network.connect();
        client
            .send(format!("POST /echo HTTP/1.1\r\nHost: {}", "x".repeat(96)))
            .await;
        assert!(matches!(client.answer().await, Got::Answer(431, _)));
        let mut client = network.connect();
        client.send(format!("POST /{}", "x".repeat(96))).await;
        assert!(matches!(client.answer().await, Got::Answer(414, _)));
    };
    block_on(&clock, async {
        tokio::select! { error = server.run(&mut port) => match error {}, () = story => {} }
    });
}
