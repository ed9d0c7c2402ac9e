//! The drivers on the engine: what they share, what can be taken out of them, and that long arithmetic lets others run.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use embedded_io_adapters::tokio_1::FromTokio;
use espprov::TokioClock;
use espprov_core::auth::{Auto, SessionSecurity};
use espprov_core::call::{Connect, FollowWifi, IntoResult, ProvisionWifi};
use espprov_core::{
    Deadlines, Engine, Input, Misuse, Outcome, ProvisionError, Provisioner, Step, WifiConfig,
};
use espprov_core::{ScanOptions, blocking};
use espprov_http::{HttpTarget, HttpTransport};
use espprov_security::Budget;
use espprov_simulator::fault::{Fault, FaultyTransport, Injection};
use espprov_simulator::time::{VirtualClock, block_on};
use espprov_simulator::{Console, HttpServer, LinkModel, Shared, SimDevice};
use espprov_tests::pair::{Pair, Scheme, SetUp, Through, WORLD, client, recorded};
use espprov_transport::blocking::{Blocked, Wait};
use espprov_transport::{Endpoint, Endpoints, Reconnect, Transport};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

fn pair(scheme: Scheme) -> Pair {
    Pair::new(scheme.scenario(WORLD))
}

fn home() -> WifiConfig<'static> {
    WifiConfig::new(b"Home", b"correct-horse").unwrap()
}

#[test]
fn futures_can_be_spawned_on_any_runtime() {
    fn spawnable<F: Future + Send + 'static>(_: F) {}
    let link = HttpTransport::new("http://192.168.4.1".parse::<HttpTarget>().unwrap());
    let auth = Auto::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let _inside = runtime.enter();
    let clock = TokioClock::new();
    spawnable(async move {
        let mut device = Provisioner::new(link, auth, getrandom::SysRng, clock, vec![0; 4096]);
        let _ = device.info().await;
        let _ = device.connect().await;
        let _ = device.scan_wifi(&ScanOptions::default()).await;
        let _ = device.provision_wifi(&home()).await;
        let _ = device.follow_wifi().await;
        let _ = device.wifi_status().await;
        let _ = device.send(Endpoint::CUSTOM_DATA, b"x", None, |_| {}).await;
        let _ = device.send_raw(Endpoint::CUSTOM_DATA, b"x", |_| {}).await;
        let _ = device.run(Connect::new()).await;
        device.close().await;
    });
}

#[test]
fn a_session_goes_on_with_another_driver() {
    let pair = pair(Scheme::Sec2Patch1);
    let (link, log) = recorded(pair.link(LinkModel::Ideal));
    let mut device = client(link, Scheme::Sec2Patch1.auth(), &pair.clock, 1);
    assert_eq!(pair.run(device.connect()).0, Ok(SessionSecurity::Sec2));
    assert!(device.transport_mut().limits().max_request.is_none());
    log.borrow_mut().clear();
    let (link, clock, engine) = device.into_parts();
    let time = Wait::new(&clock, &clock);
    let mut device = blocking::Provisioner::with_engine(Blocked::new(link, time), time, engine);
    assert_eq!(device.security(), Some(SessionSecurity::Sec2));
    assert!(device.wifi_status().is_ok());
    assert_eq!(*log.borrow(), ["prov-config"], "no other handshake");
    let (_, _, engine) = device.into_parts();
    let parts = engine.into_parts();
    assert_eq!(parts.buf, vec![0; 16 * 1024], "wiped");
}

#[test]
fn the_blocking_driver_takes_the_same_round_trips() {
    for scheme in Scheme::ALL {
        let (async_pair, blocking_pair) = (pair(scheme), pair(scheme));
        let (link, asked) = recorded(async_pair.link(LinkModel::nimble()));
        let mut device = client(link, scheme.auth(), &async_pair.clock, 1);
        let online = async_pair.run(device.provision_wifi(&home())).0;
        let (link, asked_too) = recorded(blocking_pair.link(LinkModel::nimble()));
        let time = Wait::new(&blocking_pair.clock, &blocking_pair.clock);
        let rng = ChaCha20Rng::seed_from_u64(1);
        let buf = vec![0; 16 * 1024];
        let mut device = blocking::Provisioner::new(Blocked::new(link, time), scheme.auth(), rng, time, buf);
        let online_too = device.provision_wifi(&home());
        assert!(matches!(online, Ok(Outcome::Connected(_))), "{online:?}");
        assert_eq!(format!("{online:?}"), format!("{online_too:?}"), "{scheme:?}");
        assert_eq!(*asked.borrow(), *asked_too.borrow(), "{scheme:?}");
    }
}

/// The question that went out and was never answered is evidence; the time that is up is the only one who knows of it.
#[test]
fn what_went_unanswered_counts_in_both_drivers() {
    let world = WORLD.replace("[device]", "[device]\nafter_stop = \"stop\"\nstop_after_ms = 500");
    let link = |pair: &Pair, nth| {
        let plan = vec![Injection::at_endpoint("prov-config", nth, Fault::DropReply)];
        FaultyTransport::new(pair.link(LinkModel::nimble()), pair.clock.clone(), plan, 0)
    };
    let mut likely = 0;
    // From the first status on; one of them is the last that the device hears.
    for nth in 3..9 {
        let (async_pair, blocking_pair) = (
            Pair::new(Scheme::Sec1.scenario(&world)),
            Pair::new(Scheme::Sec1.scenario(&world)),
        );
        let mut device = client(link(&async_pair, nth), Scheme::Sec1.auth(), &async_pair.clock, 1);
        let end = async_pair.run(device.provision_wifi(&home())).0;
        let time = Wait::new(&blocking_pair.clock, &blocking_pair.clock);
        let link = Blocked::new(link(&blocking_pair, nth), time);
        let rng = ChaCha20Rng::seed_from_u64(1);
        let buf = vec![0; 16 * 1024];
        let mut device = blocking::Provisioner::new(link, Scheme::Sec1.auth(), rng, time, buf);
        let end_too = device.provision_wifi(&home());
        assert_eq!(format!("{end:?}"), format!("{end_too:?}"), "{nth}");
        likely += u32::from(matches!(end_too, Ok(Outcome::LikelyConnected)));
    }
    assert!(likely > 0, "none of them was the one");
}

#[test]
fn long_arithmetic_lets_others_run_where_a_budget_says_so() {
    let mut pendings = Vec::new();
    for budget in [Budget::UNLIMITED, Budget::products(100), Budget::products(20)] {
        let pair = pair(Scheme::Sec2Patch1);
        let link = pair.link(LinkModel::Ideal);
        let mut device = client(link, Scheme::Sec2Patch1.auth(), &pair.clock, 1).with_budget(budget);
        // Nothing takes time in this world but the device's own work: whoever waits without a timer lets others run.
        let mut connecting = pin!(device.connect());
        let mut count = 0;
        let connected = loop {
            match connecting.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(connected) => break connected,
                Poll::Pending => count += 1,
            }
            assert!(count < 10_000, "no end");
            if let Some(next) = pair.clock.next_wakeup() {
                let now = espprov_transport::Clock::now(&pair.clock);
                if next.saturating_sub(now) < Deadlines::default().connect {
                    pair.clock.advance(next.saturating_sub(now));
                }
            }
        };
        assert_eq!(connected, Ok(SessionSecurity::Sec2));
        pendings.push(count);
    }
    // Some 1100 products on this machine, twice as many where words have 32 bits.
    let [none, some, many] = pendings[..] else {
        panic!("{pendings:?}")
    };
    assert!(some >= none + 8 && many >= none + 40, "{pendings:?}");
}

#[test]
fn a_device_that_is_online_is_followed_without_credentials() {
    let pair = pair(Scheme::Sec1);
    let mut device = client(pair.link(LinkModel::Ideal), Scheme::Sec1.auth(), &pair.clock, 1);
    // It has none yet: it says that it is doing nothing, until the time is up.
    let idle = pair.run(device.follow_wifi()).0;
    assert!(matches!(idle, Err(ProvisionError::Deadline { .. })), "{idle:?}");
    assert!(matches!(
        pair.run(device.provision_wifi(&home())).0,
        Ok(Outcome::Connected(_))
    ));
    let followed = pair.run(device.run(FollowWifi::new())).0;
    assert!(
        matches!(&followed, Ok(Outcome::Connected(on)) if on.ssid.as_bytes() == b"Home"),
        "{followed:?}"
    );
}

/// A device that calls its endpoints otherwise.
fn renamed<T: Reconnect>(link: T) -> impl Reconnect<Error = T::Error> {
    Through::new(link, async |link, endpoint, buf, len| {
        let name = match endpoint.as_str() {
            "local/session" => "prov-session",
            "local/version" => "proto-ver",
            "prov-session" | "proto-ver" => "nobody",
            other => other,
        };
        assert_eq!(endpoint.is_encrypted(), !endpoint.as_str().starts_with("local/"));
        let len = link.exchange(Endpoint::custom(name).unwrap(), buf, len).await?;
        // The version as that protocol tells it.
        if name == "proto-ver" {
            let told = String::from_utf8(buf[..len].to_vec()).unwrap();
            let told = told.replace("\"prov\"", "\"loco\"");
            buf[..len].copy_from_slice(told.as_bytes());
        }
        Ok(len)
    })
}

#[test]
fn another_protocol_needs_other_names_and_nothing_else() {
    let names = Endpoints::new("local/session", "local/version").unwrap();
    for (endpoints, works) in [(names.with_root("loco"), true), (names, false)] {
        let pair = pair(Scheme::Sec2Patch1);
        let link = renamed(pair.link(LinkModel::Ideal));
        let device = client(link, Scheme::Sec2Patch1.auth(), &pair.clock, 1);
        let mut device = device.with_endpoints(endpoints);
        assert_eq!(pair.run(device.connect()).0.is_ok(), works, "{endpoints:?}");
    }
}

/// Where a name is part of a URL, and where it stands on a line of a console.
#[tokio::test]
async fn names_with_a_slash_reach_their_endpoint() {
    let world = format!("{WORLD}\n[[endpoint]]\nname = \"sensors/echo\"\necho = true\n");
    let endpoint = Endpoint::custom("sensors/echo").unwrap();
    let scheme = Scheme::Sec1;
    let device = Shared::new(SimDevice::new(scheme.scenario(&world)).unwrap());
    let server = HttpServer::bind("127.0.0.1:0", device).await.unwrap();
    let target = format!("http://{}", server.local_addr().unwrap());
    let serving = tokio::spawn(server.run());
    let link = HttpTransport::new(target.parse::<HttpTarget>().unwrap());
    let rng = ChaCha20Rng::seed_from_u64(1);
    let mut over_http = Provisioner::new(link, scheme.auth(), rng, TokioClock::new(), vec![0; 1024]);
    let mut heard = Vec::new();
    let sent = over_http.send(endpoint, b"hello", None, |reply| heard.extend_from_slice(reply));
    assert_eq!(sent.await, Ok(1));
    serving.abort();

    let (theirs, ours) = tokio::io::duplex(4096);
    let console = Console::new(Shared::new(SimDevice::new(scheme.scenario(&world)).unwrap()));
    let serving = tokio::spawn(async move {
        let (input, output) = tokio::io::split(theirs);
        console.serve(input, output, &TokioClock::new()).await
    });
    let (rx, tx) = tokio::io::split(ours);
    let (rx, tx) = (FromTokio::new(rx), FromTokio::new(tx));
    let link = espprov_embedded::console::Console::new(rx, tx, TokioClock::new());
    let rng = ChaCha20Rng::seed_from_u64(1);
    let mut on_a_line = Provisioner::new(link, scheme.auth(), rng, TokioClock::new(), vec![0; 1024]);
    let sent = on_a_line.send(endpoint, b" world", None, |reply| heard.extend_from_slice(reply));
    assert_eq!(sent.await, Ok(1));
    serving.abort();
    assert_eq!(heard, b"hello world");
}

#[test]
fn a_program_that_goes_wrong_is_told_and_can_go_on() {
    let clock = VirtualClock::new();
    let device = Shared::new(SimDevice::new(Scheme::Sec1.scenario(WORLD)).unwrap());
    let mut link = espprov_simulator::MemoryTransport::new(device, clock.clone(), LinkModel::Ideal);
    let rng = ChaCha20Rng::seed_from_u64(1);
    let mut engine = Engine::new(Scheme::Sec1.auth(), rng, vec![0; 1024]);
    let config = home();
    let mut call = ProvisionWifi::new(&config);
    let (mut input, mut wrong) = (Input::Start, 0);
    loop {
        let now = espprov_transport::Clock::now(&clock);
        let limits = link.limits();
        // Whatever was asked for, this does not follow from it.
        let step = engine.step(&mut call, input, now, limits).unwrap();
        let nonsense = match step {
            Step::Busy => Input::Elapsed,
            Step::Done => break,
            _ => Input::Continue,
        };
        input = match step {
            Step::Exchange { endpoint, len, .. } => {
                let exchange = link.exchange(endpoint, engine.buffer_mut(), len);
                block_on(&clock, exchange).map_or_else(Input::Fault, Input::Reply)
            }
            Step::Wait { until } => {
                block_on(&clock, clock.sleep_until(until));
                Input::Elapsed
            }
            _ => Input::Continue,
        };
        let told = engine.step(&mut call, nonsense, now, limits);
        assert_eq!(told, Err(ProvisionError::Misuse(Misuse::UnexpectedInput)));
        wrong += 1;
    }
    assert!(wrong > 8, "{wrong}");
    assert!(matches!(call.into_result(), Ok(Outcome::Connected(_))));
}
