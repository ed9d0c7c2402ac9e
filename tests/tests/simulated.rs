//! The client core against the simulated device, in memory and in virtual time: every scheme on every link.

use core::cell::RefCell;
use core::time::Duration;
use espprov_core::auth::{Auto, SecurityChoice};
use espprov_core::{
    AuthMode, DeviceInfo, Event, Outcome, ProvisionError, Provisioner, ScanOptions, SecurityScheme,
    ThreadDataset, WifiConfig, WifiFailure,
};
use espprov_simulator::scenario::{AfterStop, Link, NetworkType};
use espprov_simulator::{
    Fault, FaultyTransport, Injection, MemoryTransport, Scenario, Shared, SimDevice, VirtualClock, block_on,
};
use espprov_transport::{Clock, Endpoint};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use std::rc::Rc;

type Memory = MemoryTransport<SimDevice, VirtualClock>;
type Client<T> = Provisioner<T, Auto, ChaCha20Rng, VirtualClock, Vec<u8>>;

/// A device and the time it lives in.
struct Bench {
    clock: VirtualClock,
    device: Shared<SimDevice>,
}

impl Bench {
    fn new(change: impl FnOnce(&mut Scenario)) -> Self {
        let mut scenario = Scenario::builtin("default").unwrap();
        change(&mut scenario);
        Self {
            clock: VirtualClock::new(),
            device: Shared::new(SimDevice::new(scenario).unwrap()),
        }
    }

    fn with_scheme(scheme: u8, link: Link) -> Self {
        Self::new(|scenario| {
            scenario.security.scheme = Some(scheme);
            scenario.device.link = link;
        })
    }

    /// Built for Thread, with security 2.
    fn thread(link: Link) -> Self {
        Self::new(|scenario| {
            scenario.device.network = Some(NetworkType::Thread);
            scenario.device.link = link;
        })
    }

    fn link(&self) -> Memory {
        let model = self.device.with(|device| device.scenario().device.link_model());
        MemoryTransport::new(self.device.clone(), self.clock.clone(), model)
    }

    fn client(&self) -> Client<Memory> {
        self.client_over(self.link())
    }

    fn client_over<T: espprov_transport::Reconnect>(&self, link: T) -> Client<T> {
        let auth = Auto::new().with_pop(b"abcd1234").unwrap();
        let (scheme, username) = self.device.with(|device| {
            let scenario = device.scenario();
            (scenario.scheme(), scenario.username().to_owned())
        });
        let auth = auth.with_username(username.as_bytes()).unwrap();
        let choice = SecurityChoice::Exactly(SecurityScheme::from_number(scheme));
        // Security 0 is a choice that has to be made.
        let auth = if scheme == 0 {
            Auto::new().with_choice(choice).allow_plaintext(true)
        } else {
            auth
        };
        let rng = ChaCha20Rng::seed_from_u64(7);
        Provisioner::new(link, auth, rng, self.clock.clone(), vec![0; 16 * 1024])
    }
}

fn home() -> WifiConfig<'static> {
    WifiConfig::new(b"Home", b"correct-horse").unwrap()
}

#[track_caller]
fn assert_online<F: core::fmt::Debug>(outcome: &Outcome<espprov_core::WifiConnection, F>, ip: &str) {
    match outcome {
        Outcome::Connected(connection) => assert_eq!(connection.ip, Some(ip.parse().unwrap())),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_scheme_provisions_over_every_link() {
    for scheme in [0, 1, 2] {
        for link in [Link::Ideal, Link::Nimble, Link::Bluedroid, Link::Http] {
            let bench = Bench::with_scheme(scheme, link);
            let mut client = bench.client();
            let outcome = block_on(&bench.clock, client.provision_wifi(&home()));
            assert_online(&outcome.unwrap(), "192.168.1.57");
            let stats = client.transport().stats();
            // proto-ver, the handshake, set, apply, then a look every 0.275 s until 1.1 s have passed, fewer where one takes long.
            let handshake = if scheme == 0 { 1 } else { 2 };
            let polls = stats.exchanges - (1 + handshake + 2);
            assert!(
                (3..=5).contains(&polls),
                "security {scheme} over {link:?}: {polls} polls"
            );
            assert_eq!(stats.reconnects, 0);
            println!(
                "security {scheme} over {link:?}: {} exchanges, {} round trips, {:?}",
                stats.exchanges,
                stats.round_trips,
                bench.clock.now()
            );
        }
    }
}

#[test]
fn scans_find_everything_in_the_air() {
    for link in [Link::Nimble, Link::Bluedroid, Link::Http] {
        let bench = Bench::with_scheme(2, link);
        let mut client = bench.client();
        for blocking in [true, false] {
            let mut options = ScanOptions::default();
            options.blocking = blocking;
            let found = block_on(&bench.clock, client.scan_wifi(&options)).unwrap();
            assert_eq!(found.len(), 13, "{link:?}");
            assert!(found.is_sorted_by_key(|ap| -ap.rssi));
            assert_eq!(found.iter().filter(|ap| ap.ssid.is_hidden()).count(), 1);
            assert!(found.iter().any(|ap| ap.ssid.as_bytes().len() == 32));
            assert!(found.iter().any(|ap| ap.ssid.as_str().is_none()));
            assert!(found.iter().any(|ap| ap.auth == AuthMode::Owe));
        }
        let bench = Bench::thread(link);
        let found = block_on(&bench.clock, bench.client().scan_thread(&ScanOptions::default())).unwrap();
        assert_eq!(found.len(), 2, "{link:?}");
    }
}

#[test]
fn a_wrong_passphrase_can_be_corrected_in_the_same_run() {
    let bench = Bench::with_scheme(1, Link::Nimble);
    let mut client = bench.client();
    block_on(&bench.clock, async {
        let wrong = WifiConfig::new(b"Home", b"battery-staple").unwrap();
        let outcome = client.provision_wifi(&wrong).await.unwrap();
        assert_eq!(outcome, Outcome::Failed(WifiFailure::AuthError));
        let absent = WifiConfig::new(b"Nowhere", b"correct-horse").unwrap();
        let outcome = client.provision_wifi(&absent).await.unwrap();
        assert_eq!(outcome, Outcome::Failed(WifiFailure::NetworkNotFound));
        let outcome = client.provision_wifi(&home()).await.unwrap();
        assert_online(&outcome, "192.168.1.57");
    });
}

#[test]
fn attempts_are_counted_down_on_a_flaky_network() {
    let bench = Bench::with_scheme(2, Link::Ideal);
    let heard = Rc::new(RefCell::new(Vec::new()));
    let sink = Rc::clone(&heard);
    let mut client = bench.client().with_observer(move |event: &Event<'_>| {
        if let Event::Connecting {
            attempts_remaining: Some(left),
        } = event
        {
            sink.borrow_mut().push(*left);
        }
    });
    let garden = WifiConfig::new(b"Garden", b"correct-horse").unwrap();
    let outcome = block_on(&bench.clock, client.provision_wifi(&garden)).unwrap();
    assert_online(&outcome, "192.168.1.58");
    let mut heard = heard.borrow().clone();
    heard.dedup();
    assert_eq!(heard, [4, 3]);
}

#[test]
fn hidden_and_foreign_names_can_be_joined() {
    for (ssid, passphrase, ip) in [
        (&b"Basement"[..], &b"down-below"[..], "192.168.7.21"),
        (b"Caf\xe9 des Arts ", b"chocolat-chaud", "172.16.4.9"),
        (
            b"exactly 32 bytes of network name",
            b"and-no-more",
            "192.168.32.32",
        ),
        (b"Guests", b"", "10.0.40.12"),
    ] {
        let bench = Bench::with_scheme(2, Link::Http);
        let config = WifiConfig::new(ssid, passphrase).unwrap();
        let outcome = block_on(&bench.clock, bench.client().provision_wifi(&config)).unwrap();
        assert_online(&outcome, ip);
    }
}

#[test]
fn wrong_credentials_are_told_from_a_bad_link() {
    for scheme in [1, 2] {
        for link in [Link::Ideal, Link::Nimble, Link::Bluedroid, Link::Http] {
            let bench = Bench::with_scheme(scheme, link);
            let mut client = bench.client();
            *client.auth_mut() = Auto::new().with_pop(b"wrong").unwrap();
            let result = block_on(&bench.clock, client.provision_wifi(&home()));
            let wrong = matches!(result, Err(ProvisionError::WrongCredentials { .. }));
            assert!(wrong, "security {scheme} over {link:?}: {result:?}");
        }
    }
}

#[test]
fn after_its_restart_the_device_takes_the_next_client() {
    let bench = Bench::with_scheme(2, Link::Http);
    for _ in 0..2 {
        let mut client = bench.client();
        let outcome = block_on(&bench.clock, client.provision_wifi(&home())).unwrap();
        assert_online(&outcome, "192.168.1.57");
        block_on(&bench.clock, client.close());
        bench.clock.advance(Duration::from_secs(10));
    }
}

#[test]
fn data_goes_to_any_endpoint_whole_or_in_pieces() {
    let bench = Bench::with_scheme(2, Link::Nimble);
    let mut client = bench.client();
    let data: Vec<u8> = (0..=255).cycle().take(1000).collect();
    block_on(&bench.clock, async {
        let mut answer = Vec::new();
        let sink = |bytes: &[u8]| answer.extend_from_slice(bytes);
        let sent = client.send(Endpoint::CUSTOM_DATA, b"hello", None, sink).await;
        assert_eq!((sent.unwrap(), &answer[..]), (1, &b"SUCCESS\0"[..]));
        let mut answer = Vec::new();
        let sink = |bytes: &[u8]| answer.extend_from_slice(bytes);
        let echo = Endpoint::custom("echo").unwrap();
        let sent = client.send(echo, &data, Some(256), sink).await;
        assert_eq!((sent.unwrap(), &answer), (4, &data));
    });
}

#[test]
fn thread_networks_take_a_dataset() {
    let key = core::array::from_fn(|i| u8::try_from(i).unwrap() * 0x11);
    let ext_pan_id = [0x11, 0x11, 0x22, 0x22, 0x33, 0x33, 0x44, 0x44];
    let dataset = ThreadDataset::minimal(15, ext_pan_id, &key, 0x51de);
    let bench = Bench::thread(Link::Nimble);
    let outcome = block_on(&bench.clock, bench.client().provision_thread(&dataset)).unwrap();
    let Outcome::Connected(attachment) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(attachment.name.to_string(), "HomeThread");
    assert_eq!(attachment.pan_id, 0x51de);
}

/// The link breaks under the status reply that would have said "connected", the n-th.
fn lose_the_good_news(nth: u32, stop_after: Duration) -> Outcome<espprov_core::WifiConnection, WifiFailure> {
    let bench = Bench::new(|scenario| {
        scenario.device.link = Link::Http;
        scenario.device.after_stop = AfterStop::Stop;
        scenario.device.stop_after = stop_after;
        scenario.delays.connect = Duration::from_millis(u64::from(nth - 1) * 300);
    });
    // After set and apply, the first status is the third request to prov-config, at once; the next half a second later.
    let plan = vec![Injection::at_endpoint("prov-config", 2 + nth, Fault::CloseAfter)];
    let link = FaultyTransport::new(bench.link(), bench.clock.clone(), plan, 1);
    let mut client = bench.client_over(link);
    let outcome = block_on(&bench.clock, client.provision_wifi(&home())).unwrap();
    assert_eq!(client.transport().injected(), 1);
    outcome
}

#[test]
fn a_device_that_vanishes_with_the_good_news_counts_as_likely_connected() {
    assert_eq!(lose_the_good_news(2, Duration::ZERO), Outcome::LikelyConnected);
    // One that never said that it is connecting may have lost its power.
    assert_eq!(lose_the_good_news(1, Duration::ZERO), Outcome::Unconfirmed);
    // One that stays a minute longer is asked again, after a reconnect and a new handshake.
    assert_online(&lose_the_good_news(2, Duration::from_secs(60)), "192.168.1.57");
}

#[test]
fn proto_ver_describes_the_flavour() {
    let bench = Bench::with_scheme(2, Link::Ideal);
    let mut client = bench.client();
    let info: DeviceInfo = block_on(&bench.clock, client.info()).unwrap().clone();
    assert_eq!(info.version, "netprov-v1.2");
    assert_eq!((info.security, info.patch), (Some(2), Some(1)));
    assert!(info.supports_wifi() && !info.supports_thread());
    assert_eq!(bench.clock.now(), Duration::ZERO);
}
