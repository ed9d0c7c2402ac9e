//! The Bluetooth client for microcontrollers against the simulated device's GATT server: two Bluetooth hosts and
//! everything between the provisioning flow and HCI, on a clock that stands still while somebody works.

use core::time::Duration;
use espprov::TokioClock;
use espprov_core::auth::Auto;
use espprov_core::call::Converse;
use espprov_core::{Outcome, ProvisionError, Provisioner, ScanOptions, WifiConfig, WifiFailure};
use espprov_device::{BleStack, Firmware, Quirks};
use espprov_local_ctrl::{Change, InTurn, List, Protocol, Set};
use espprov_simulator::service::with_ids;
use espprov_simulator::{Answer, Presence, Scenario, Service, SimDevice};
use espprov_simulator_ble::air::AirOptions;
use espprov_simulator_ble::{Mtu, Options};
use espprov_tests::ble::{Link, Surroundings, run};
use espprov_transport::{Endpoint, LinkFault, Reconnect, SessionIntent, Transport, TransportError};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

const SECOND: Duration = Duration::from_secs(1);

fn scenario(scheme: u8) -> Scenario {
    let mut scenario = Scenario::builtin("default").unwrap();
    scenario.security.scheme = Some(scheme);
    scenario.device.link = espprov_simulator::scenario::Link::Nimble;
    scenario
}

fn device(scheme: u8) -> SimDevice {
    SimDevice::new(scenario(scheme)).unwrap()
}

type Client<'a, 's, 'p> = Provisioner<Link<'a, 's, 'p>, Auto, ChaCha20Rng, TokioClock, Vec<u8>>;

fn client<'a, 's, 'p>(
    around: &Surroundings<SimDevice>,
    link: Link<'a, 's, 'p>,
    pop: &[u8],
) -> Client<'a, 's, 'p> {
    let auth = Auto::new().with_pop(pop).unwrap().allow_plaintext(true);
    let rng = ChaCha20Rng::seed_from_u64(5);
    Provisioner::new(link, auth, rng, around.clock, vec![0; 2048])
}

fn home() -> WifiConfig<'static> {
    WifiConfig::new(b"Home", b"correct-horse").unwrap()
}

async fn ask(link: &mut Link<'_, '_, '_>, name: &str, request: &[u8]) -> Result<Vec<u8>, LinkFault> {
    let mut buf = vec![0; 1024];
    buf[..request.len()].copy_from_slice(request);
    let len = link
        .exchange(Endpoint::custom(name).unwrap(), &mut buf, request.len())
        .await
        .map_err(|error| error.fault())?;
    buf.truncate(len);
    Ok(buf)
}

#[test]
fn every_scheme_provisions_at_every_mtu() {
    for scheme in 0..=2 {
        for mtu in Mtu::ALL {
            with_device(
                device(scheme),
                |options| options.mtu = mtu,
                async |around: &Surroundings<SimDevice>, link: Link<'_, '_, '_>| {
                    assert_eq!(link.mtu(), Some(mtu.bytes()));
                    let mut client = client(around, link, b"abcd1234");
                    let found = client.scan_wifi(&ScanOptions::default()).await.unwrap();
                    assert_eq!(found.len(), 13, "security {scheme}, MTU {mtu:?}");
                    let wrong = WifiConfig::new(b"Home", b"battery-staple").unwrap();
                    let outcome = client.provision_wifi(&wrong).await.unwrap();
                    assert_eq!(outcome, Outcome::Failed(WifiFailure::AuthError));
                    let outcome = client.provision_wifi(&home()).await.unwrap();
                    assert!(matches!(outcome, Outcome::Connected(_)), "{outcome:?}");
                    client.close().await;
                    assert!(!around.air.is_connected());
                },
            );
        }
    }
}

/// A device with one endpoint per habit.
#[derive(Default)]
struct Habits {
    sessions: u32,
}

impl Service for Habits {
    fn handle(&mut self, endpoint: &str, buf: &mut [u8], len: usize, now: Duration) -> Answer {
        match endpoint {
            "echo" => Answer::Reply(len),
            "sessions" => Answer::reply(&self.sessions.to_be_bytes(), buf),
            "empty" => Answer::Reply(0),
            "slow" => Answer::Pending {
                until: now + 9 * SECOND,
            },
            "huge" => Answer::reply(&[7; 300], buf),
            "silent" => Answer::Silence,
            "close" => Answer::Closed { delivered: true },
            _ => Answer::Refused,
        }
    }

    fn resume(&mut self, buf: &mut [u8], _: Duration) -> Answer {
        Answer::reply(b"at last", buf)
    }

    fn new_session(&mut self) {
        self.sessions += 1;
    }

    fn presence(&mut self, _: Duration) -> Presence {
        Presence::On { boot: 1 }
    }

    fn endpoints(&self, visit: &mut dyn FnMut(u16, &str)) {
        for (id, name) in with_ids([
            "echo",
            "sessions",
            "empty",
            "slow",
            "huge",
            "silent",
            "close",
            "prov-session",
            "refuse",
        ]) {
            visit(id, name);
        }
    }
}

fn habits(stack: BleStack) -> Options {
    Options::new("PROV_HABITS".into(), &Quirks::vendor_ble(Firmware::Idf44, stack))
}

fn names(link: &Link<'_, '_, '_>) -> Vec<String> {
    let mut names = Vec::new();
    link.endpoints(&mut |name| names.push(name.to_owned()));
    names
}

/// Runs `client` on a link to a device of habits, in the usual air.
fn with_habits<R: Send>(
    options: &Options,
    client: impl for<'a, 's, 'p> AsyncFnOnce(&Surroundings<Habits>, Link<'a, 's, 'p>) -> R + Send,
) -> R {
    run(Habits::default(), options, AirOptions::default(), client)
}

/// The service of the vendor's examples.
const EXAMPLE: [u8; 16] = 0x021a_9004_0382_4aea_bff4_6b3f_1c5a_dfb4_u128.to_be_bytes();

/// Runs `client` on a link to a simulated device, in the usual air. What the device shows of itself is as `change` leaves it.
fn with_device<R: Send>(
    device: SimDevice,
    change: impl FnOnce(&mut Options),
    client: impl for<'a, 's, 'p> AsyncFnOnce(&Surroundings<SimDevice>, Link<'a, 's, 'p>) -> R + Send,
) -> R {
    let mut options = Options::of(&device);
    change(&mut options);
    run(device, &options, AirOptions::default(), client)
}

#[test]
fn values_of_every_length_cross_whole() {
    for (mtu, acl_len, acl_count) in [
        (Mtu::Least, 27, 1),
        (Mtu::NimBle, 27, 1),
        (Mtu::NimBle, 251, 4),
        (Mtu::Most, 27, 3),
        (Mtu::Most, 251, 12),
    ] {
        let mut options = Options::new("PROV_HABITS".into(), &Quirks::default());
        options.mtu = mtu;
        let mut air = AirOptions::default();
        (air.acl_len, air.acl_count) = (acl_len, acl_count);
        run(
            Habits::default(),
            &options,
            air,
            async |around: &Surroundings<Habits>, mut link: Link<'_, '_, '_>| {
                let mtu = usize::from(mtu.bytes());
                let near = (1..40)
                    .chain(mtu.saturating_sub(8)..mtu + 8)
                    .chain([100, 255, 256, 257, 300]);
                for len in near.chain(508..=512).filter(|&len| len <= 512) {
                    let value: Vec<u8> = (0..len).map(|i| (i * 7 + len) as u8).collect();
                    let before = around.air.att_requests();
                    assert_eq!(ask(&mut link, "echo", &value).await, Ok(value), "{len} at {mtu}");
                    // Write, or prepared writes and their execution; reads until one is not full.
                    let writes = if len <= mtu - 3 {
                        1
                    } else {
                        len.div_ceil(mtu - 5) + 1
                    };
                    let reads = len / (mtu - 1) + 1;
                    let spent = (around.air.att_requests() - before) as usize;
                    assert_eq!(spent, writes + reads, "{len} at {mtu}");
                }
                link.close().await;
            },
        );
    }
}

#[test]
fn limits_and_names_are_known_before_sending() {
    let mut options = habits(BleStack::Bluedroid);
    options.close_on_refusal = false;
    with_habits(
        &options,
        async |around: &Surroundings<Habits>, mut link: Link<'_, '_, '_>| {
            let before = around.air.att_requests();
            assert_eq!(ask(&mut link, "nope", b"x").await, Err(LinkFault::NoSuchEndpoint));
            let fault = LinkFault::RequestTooLarge { limit: 512 };
            assert_eq!(ask(&mut link, "echo", &[1; 513]).await, Err(fault));
            assert_eq!(around.air.att_requests(), before);
            // The device teaches the client its own limit: 257 bytes, once it is told in one piece or in several.
            let fault = LinkFault::RequestTooLarge { limit: 257 };
            assert_eq!(ask(&mut link, "echo", &[1; 300]).await, Err(fault));
            let before = around.air.att_requests();
            assert_eq!(ask(&mut link, "echo", &[1; 258]).await, Err(fault));
            assert_eq!(around.air.att_requests(), before);
            assert_eq!(link.limits().max_request, Some(257));
            assert_eq!(ask(&mut link, "echo", &[7; 257]).await, Ok(vec![7; 257]));
            assert_eq!(ask(&mut link, "empty", b"x").await, Ok(vec![]));
            let names = names(&link);
            assert_eq!(names.len(), 9);
        },
    );
}

#[test]
fn a_small_buffer_gets_the_length_it_should_have_had() {
    with_habits(
        &habits(BleStack::NimBle),
        async |_: &Surroundings<Habits>, mut link: Link<'_, '_, '_>| {
            let mut buf = [0; 4];
            let full = link
                .exchange(Endpoint::custom("sessions").unwrap(), &mut buf, 1)
                .await;
            assert_eq!(full, Ok(4), "it fits exactly");
            let mut buf = [0; 3];
            let result = link
                .exchange(Endpoint::custom("sessions").unwrap(), &mut buf, 1)
                .await;
            let fault = result.unwrap_err().fault();
            assert_eq!(fault, LinkFault::ReplyTooLarge { need: 4 });
            assert_eq!(ask(&mut link, "echo", b"x").await, Err(LinkFault::NeedsReconnect));
            link.reconnect(SessionIntent::Keep).await.unwrap();
            assert_eq!(ask(&mut link, "sessions", b"x").await, Ok(vec![0, 0, 0, 2]));
        },
    );
}

#[test]
fn refusals_follow_the_firmware() {
    for (stack, alive) in [(BleStack::NimBle, true), (BleStack::Bluedroid, false)] {
        let mut options = habits(stack);
        options.close_on_refusal = !alive;
        with_habits(
            &options,
            async |_: &Surroundings<Habits>, mut link: Link<'_, '_, '_>| {
                for name in ["refuse", "prov-session"] {
                    let fault = ask(&mut link, name, b"x").await;
                    // In the handshake hanging up is a refusal; elsewhere it may be anything.
                    let expected = if alive || name == "prov-session" {
                        LinkFault::Refused { link_alive: alive }
                    } else {
                        LinkFault::Lost { delivered: false }
                    };
                    assert_eq!(fault, Err(expected));
                    let next = ask(&mut link, "echo", b"x").await;
                    if alive {
                        assert_eq!(next, Ok(b"x".to_vec()));
                    } else {
                        assert_eq!(next, Err(LinkFault::NeedsReconnect));
                        link.reconnect(SessionIntent::Fresh).await.unwrap();
                        assert_eq!(ask(&mut link, "echo", b"x").await, Ok(b"x".to_vec()));
                    }
                }
            },
        );
    }
}

/// A reply longer than a value: older firmware says yes and has nothing to read, newer firmware refuses the write.
/// Either way the link stays.
#[test]
fn replies_longer_than_a_value() {
    for firmware in [Firmware::Idf44, Firmware::Idf6] {
        for stack in [BleStack::NimBle, BleStack::Bluedroid] {
            let mut options = Options::new("PROV_HABITS".into(), &Quirks::vendor_ble(firmware, stack));
            options.max_value = 257;
            with_habits(
                &options,
                async |around: &Surroundings<Habits>, mut link: Link<'_, '_, '_>| {
                    let got = ask(&mut link, "huge", b"x").await;
                    if firmware == Firmware::Idf6 {
                        assert!(got.is_err(), "{stack:?} {got:?}");
                    } else {
                        assert_eq!(got, Ok(vec![]), "{stack:?}");
                    }
                    assert!(around.air.is_connected(), "{firmware:?} {stack:?}");
                },
            );
        }
    }
}

#[test]
fn newest_bluedroid_answers_before_it_hangs_up() {
    let options = Options::new(
        "PROV_HABITS".into(),
        &Quirks::vendor_ble(Firmware::Idf6, BleStack::Bluedroid),
    );
    with_habits(
        &options,
        async |around: &Surroundings<Habits>, mut link: Link<'_, '_, '_>| {
            use espprov_transport::Clock as _;
            let got = ask(&mut link, "refuse", b"x").await;
            assert!(matches!(got, Err(LinkFault::Refused { .. })), "{got:?}");
            around.clock.sleep(SECOND).await;
            assert!(!around.air.is_connected());
            link.reconnect(SessionIntent::Fresh).await.unwrap();
            assert_eq!(ask(&mut link, "echo", b"x").await, Ok(b"x".to_vec()));
        },
    );
}

#[test]
fn no_answer_and_dropped_exchanges_end_the_connection() {
    with_habits(
        &habits(BleStack::NimBle),
        async |around: &Surroundings<Habits>, mut link: Link<'_, '_, '_>| {
            use espprov_transport::Clock as _;
            assert_eq!(ask(&mut link, "slow", b"x").await, Ok(b"at last".to_vec()));
            let fault = ask(&mut link, "silent", b"x").await;
            assert_eq!(fault, Err(LinkFault::TimedOut { delivered: false }));
            assert_eq!(ask(&mut link, "echo", b"x").await, Err(LinkFault::NeedsReconnect));
            link.reconnect(SessionIntent::Keep).await.unwrap();
            assert_eq!(ask(&mut link, "echo", b"x").await, Ok(b"x".to_vec()));

            // A long request is cut off after each of its packets in turn.
            for packets in 1..30 {
                let target = around.air.att_requests() + packets;
                let mut buf = vec![9; 512];
                {
                    let exchange = link.exchange(Endpoint::custom("echo").unwrap(), &mut buf, 500);
                    let mut exchange = core::pin::pin!(exchange);
                    core::future::poll_fn(|cx| {
                        if around.air.att_requests() >= target {
                            return core::task::Poll::Ready(());
                        }
                        exchange.as_mut().poll(cx).map(|_| ())
                    })
                    .await;
                }
                if link.is_usable() {
                    // It was over sooner.
                    break;
                }
                assert_eq!(ask(&mut link, "echo", b"x").await, Err(LinkFault::NeedsReconnect));
                link.reconnect(SessionIntent::Keep).await.unwrap();
                assert_eq!(
                    ask(&mut link, "echo", &[3; 400]).await,
                    Ok(vec![3; 400]),
                    "{packets}"
                );
            }

            // A lost connection, in the middle of an exchange and before one.
            let waiting = async {
                around.clock.sleep(SECOND).await;
                around.air.sever();
            };
            let asking = ask(&mut link, "slow", b"x");
            let (fault, ()) = embassy_futures::join::join(asking, waiting).await;
            assert_eq!(fault, Err(LinkFault::Lost { delivered: false }));
            link.reconnect(SessionIntent::Keep).await.unwrap();
            assert_eq!(
                ask(&mut link, "close", b"x").await,
                Err(LinkFault::Lost { delivered: true })
            );
            link.reconnect(SessionIntent::Keep).await.unwrap();
            around.air.sever();
            let fault = ask(&mut link, "echo", b"x").await;
            assert_eq!(fault, Err(LinkFault::Lost { delivered: false }));
            link.close().await;
            link.close().await;
            assert_eq!(ask(&mut link, "echo", b"x").await, Err(LinkFault::NeedsReconnect));

            // Nobody answers any more: connecting has an end, too.
            around.air.swallow(true);
            let start = around.clock.now();
            assert!(link.reconnect(SessionIntent::Keep).await.is_err());
            assert!(around.clock.now() - start < 20 * SECOND);
            around.air.swallow(false);
            link.reconnect(SessionIntent::Keep).await.unwrap();
            assert_eq!(ask(&mut link, "echo", b"x").await, Ok(b"x".to_vec()));
        },
    );
}

#[test]
fn firmware_without_names_is_known_by_its_ids() {
    with_device(
        device(1),
        |options| (options.names, options.service) = (false, EXAMPLE),
        async |around: &Surroundings<SimDevice>, link: Link<'_, '_, '_>| {
            let names = names(&link);
            let standard = [
                "prov-ctrl",
                "prov-scan",
                "prov-session",
                "prov-config",
                "proto-ver",
                "custom-data",
            ];
            assert_eq!(names, standard);
            let outcome = client(around, link, b"abcd1234").provision_wifi(&home()).await;
            assert!(matches!(outcome, Ok(Outcome::Connected(_))), "{outcome:?}");
        },
    );
}

#[test]
fn wrong_credentials_are_told_from_a_bad_link() {
    for scheme in [1, 2] {
        for link in [
            espprov_simulator::scenario::Link::Nimble,
            espprov_simulator::scenario::Link::Bluedroid,
        ] {
            let mut scenario = scenario(scheme);
            scenario.device.link = link;
            let device = SimDevice::new(scenario).unwrap();
            with_device(
                device,
                |_| (),
                async |around: &Surroundings<SimDevice>, link: Link<'_, '_, '_>| {
                    let mut client = client(around, link, b"wrong");
                    let result = client.provision_wifi(&home()).await;
                    let wrong = matches!(result, Err(ProvisionError::WrongCredentials { .. }));
                    assert!(wrong, "security {scheme}: {result:?}");
                    client.close().await;
                },
            );
        }
    }
}

#[test]
fn two_hundred_in_a_row() {
    let mut scenario = scenario(1);
    scenario.device.auto_stop = false;
    let device = SimDevice::new(scenario).unwrap();
    with_device(
        device,
        |_| (),
        async |_: &Surroundings<SimDevice>, mut link: Link<'_, '_, '_>| {
            for _ in 0..200 {
                let reply = ask(&mut link, "proto-ver", b"---").await.unwrap();
                assert!(reply.starts_with(b"{"));
                link.reconnect(SessionIntent::Fresh).await.unwrap();
            }
        },
    );
}

/// Another protocol on another service: endpoints by their names, answers one by one, and nothing of provisioning.
#[test]
fn properties_are_listed_and_set() {
    for scheme in [1, 2] {
        let mut scenario = scenario(scheme);
        scenario.prefer_local_ctrl();
        let device = SimDevice::new(scenario).unwrap();
        let own = 0x3d98_1e4a_31eb_42b4_8a68_75bd_8d3b_d521_u128.to_be_bytes();
        with_device(
            device,
            |options| {
                assert_eq!(options.service, own);
                // An application may choose another: here one that this client looks for.
                options.service = EXAMPLE;
            },
            async |around: &Surroundings<SimDevice>, link: Link<'_, '_, '_>| {
                let mut names = names(&link);
                names.sort_unstable();
                let expected = [
                    "custom-data",
                    "echo",
                    "esp_local_ctrl/control",
                    "esp_local_ctrl/session",
                    "esp_local_ctrl/version",
                ];
                assert_eq!(names, expected);
                let local = Protocol::ESP_LOCAL_CTRL;
                let auth = InTurn::new(Auto::new().with_pop(b"abcd1234").unwrap());
                let rng = ChaCha20Rng::seed_from_u64(5);
                let client = Provisioner::new(link, auth, rng, around.clock, vec![0; 2048]);
                let mut client = client.with_endpoints(local.endpoints);
                let listed = client.run(Converse::new(List::new(&local))).await.unwrap();
                assert_eq!(listed.len(), 4);
                let changes = [Change {
                    property: &listed[3],
                    value: b"over the air",
                }];
                let set = Converse::new(Set::new(&local, &changes).unwrap());
                assert_eq!(client.run(set).await, Ok(Ok(())));
                let listed = client.run(Converse::new(List::new(&local))).await.unwrap();
                assert_eq!(listed[3].value, b"over the air");
                client.close().await;
            },
        );
    }
}
