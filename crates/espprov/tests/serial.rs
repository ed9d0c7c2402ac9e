//! The serial transport over a pseudo-terminal, against the simulator's console: the same code that runs on a
//! real port.
#![cfg(unix)]

use core::future::{Future, pending};
use core::time::Duration;
use espprov::TokioClock;
use espprov::serial::{ConsoleError, Pty, SerialTarget, SerialTransport, open};
use espprov_core::auth::{Sec1Only, Sec2Only};
use espprov_core::{Event, Outcome, ProvisionError, Provisioner, ScanOptions, WifiConfig};
use espprov_simulator::{Console, Scenario, Shared, SimDevice};
use espprov_transport::{
    Endpoint, LinkFault, Reconnect as _, SessionIntent, Transport as _, TransportError as _,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use tokio::sync::Notify;

/// Serves a simulated device on a pseudo-terminal for as long as `client` runs.
async fn with_device<T>(scheme: u8, options: &str, client: impl AsyncFnOnce(SerialTarget) -> T) -> T {
    let mut scenario = Scenario::builtin("zero").unwrap();
    scenario.security.scheme = Some(scheme);
    let device = Shared::new(SimDevice::new(scenario).unwrap());
    let limit = if options.contains("line-limit=0") { 0 } else { 255 };
    let console = Console::new(device).with_line_limit(limit).with_log_noise(11);
    let mut pty = Pty::new().unwrap();
    let target = format!("{}{options}", pty.path().unwrap()).parse().unwrap();
    let clock = TokioClock::new();
    let (input, output) = tokio::io::split(pty.stream());
    tokio::select! {
        result = client(target) => result,
        end = console.serve(input, output, &clock) => panic!("the console ended: {end:?}"),
    }
}

#[tokio::test]
async fn provisions_with_security_1() {
    with_device(1, "?baud=921600", async |target| {
        let clock = TokioClock::new();
        let link = open(&target, clock).unwrap();
        let auth = Sec1Only::new(b"abcd1234").unwrap();
        let mut device = Provisioner::new(link, auth, ChaCha20Rng::seed_from_u64(1), clock, vec![0; 2048]);
        let networks = device.scan_wifi(&ScanOptions::default()).await.unwrap();
        assert!(networks.iter().any(|network| network.ssid.as_bytes() == b"Home"));
        let config = WifiConfig::new(b"Home", b"correct-horse").unwrap();
        let outcome = device.provision_wifi(&config).await.unwrap();
        assert!(matches!(outcome, Outcome::Connected(on) if on.ip.is_some()));
        device.close().await;
    })
    .await;
}

#[tokio::test]
async fn security_2_needs_longer_lines() {
    let run = async |target: SerialTarget| {
        let clock = TokioClock::new();
        let link = open(&target, clock).unwrap();
        let auth = Sec2Only::new(b"wifiprov", b"abcd1234").unwrap();
        let mut device = Provisioner::new(link, auth, ChaCha20Rng::seed_from_u64(2), clock, vec![0; 2048]);
        device
            .provision_wifi(&WifiConfig::new(b"Home", b"correct-horse").unwrap())
            .await
    };
    let outcome = with_device(2, "?line-limit=0", run).await.unwrap();
    assert!(matches!(outcome, Outcome::Connected(_)));
    // Stock firmware's limit: refused before anything of it is sent, by name.
    let error = with_device(2, "", run).await.unwrap_err();
    assert!(
        matches!(error, ProvisionError::RequestTooLarge { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_wrong_pop_is_told_apart_from_a_broken_line() {
    with_device(1, "", async |target| {
        let clock = TokioClock::new();
        let link = open(&target, clock).unwrap();
        let auth = Sec1Only::new(b"wrong").unwrap();
        let mut device = Provisioner::new(link, auth, ChaCha20Rng::seed_from_u64(3), clock, vec![0; 2048]);
        let error = device.connect().await.unwrap_err();
        assert!(
            matches!(error, ProvisionError::WrongCredentials { .. }),
            "{error:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn no_such_port() {
    let target: SerialTarget = "/dev/does-not-exist".parse().unwrap();
    assert!(open(&target, TokioClock::new()).is_err());
}

/// A name for a port that can come to mean another one, as the system's does for a board with USB of its own.
struct Name(std::path::PathBuf);

impl Name {
    fn new(test: &str) -> Self {
        let name = format!("espprov-{test}-{}", std::process::id());
        let name = Self(std::env::temp_dir().join(name));
        name.remove();
        name
    }

    fn points_to(&self, pty: &Pty) {
        self.remove();
        std::os::unix::fs::symlink(pty.path().unwrap(), &self.0).unwrap();
    }

    fn remove(&self) {
        let _ = std::fs::remove_file(&self.0);
    }

    fn target(&self, options: &str) -> SerialTarget {
        format!("{}{options}", self.0.display()).parse().unwrap()
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        self.remove();
    }
}

/// A board that can be unplugged: serves the device on a pseudo-terminal of this name, until `unplug`.
async fn plugged_in(name: &Name, device: &Shared<SimDevice>, clock: TokioClock, unplug: impl Future) {
    let mut pty = Pty::new().unwrap();
    name.points_to(&pty);
    let (input, output) = tokio::io::split(pty.stream());
    let serving = Console::new(device.clone()).serve(input, output, &clock);
    tokio::select! { end = serving => panic!("the console ended: {end:?}"), _ = unplug => {} }
    name.remove();
}

fn sec1_device(connect: Duration) -> Shared<SimDevice> {
    let mut scenario = Scenario::builtin("zero").unwrap();
    scenario.security.scheme = Some(1);
    scenario.delays.connect = connect;
    Shared::new(SimDevice::new(scenario).unwrap())
}

/// Opens a port that is about to be plugged in.
async fn open_soon(target: &SerialTarget) -> SerialTransport {
    loop {
        match open(target, TokioClock::new()) {
            Ok(link) => return link,
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

#[tokio::test]
async fn a_port_that_goes_is_opened_again_when_it_is_back() {
    let name = Name::new("back");
    let (device, clock) = (sec1_device(Duration::ZERO), TokioClock::new());
    let (unplug, unplugged, plug) = (Notify::new(), Notify::new(), Notify::new());
    let board = async {
        plugged_in(&name, &device, clock, unplug.notified()).await;
        unplugged.notify_one();
        plug.notified().await;
        tokio::time::sleep(Duration::from_millis(250)).await;
        plugged_in(&name, &device, clock, pending::<()>()).await;
    };
    let client = async {
        let mut link = open_soon(&name.target("")).await;
        let mut buf = [b'-'; 512];
        assert!(link.exchange(Endpoint::PROTO_VER, &mut buf, 3).await.unwrap() > 10);
        unplug.notify_one();
        unplugged.notified().await;
        let error = link.exchange(Endpoint::PROTO_VER, &mut buf, 3).await.unwrap_err();
        assert!(matches!(error.fault(), LinkFault::Lost { .. }), "{error:?}");
        assert_eq!(
            link.exchange(Endpoint::PROTO_VER, &mut buf, 3).await,
            Err(ConsoleError::NeedsReconnect)
        );
        // It is waited for.
        plug.notify_one();
        link.reconnect(SessionIntent::Fresh).await.unwrap();
        assert!(link.exchange(Endpoint::PROTO_VER, &mut buf, 3).await.unwrap() > 10);
        link.close().await;
    };
    tokio::select! { () = client => {}, () = board => panic!("the board left") }
}

#[tokio::test]
async fn a_port_that_stays_away_is_given_up_in_time() {
    let name = Name::new("away");
    let (device, clock) = (sec1_device(Duration::ZERO), TokioClock::new());
    let (unplug, unplugged) = (Notify::new(), Notify::new());
    let board = async {
        plugged_in(&name, &device, clock, unplug.notified()).await;
        unplugged.notify_one();
        pending::<()>().await;
    };
    let client = async {
        let mut link = open_soon(&name.target("?prompt-wait=1500ms")).await;
        link.reconnect(SessionIntent::Keep).await.unwrap();
        unplug.notify_one();
        unplugged.notified().await;
        let mut buf = [b'-'; 512];
        assert!(link.exchange(Endpoint::PROTO_VER, &mut buf, 3).await.is_err());
        let begin = std::time::Instant::now();
        let error = link.reconnect(SessionIntent::Fresh).await.unwrap_err();
        assert_eq!(error.fault(), LinkFault::Lost { delivered: false });
        assert!(
            begin.elapsed() >= Duration::from_millis(1500),
            "{:?}",
            begin.elapsed()
        );
        assert_eq!(
            link.exchange(Endpoint::PROTO_VER, &mut buf, 3).await,
            Err(ConsoleError::NeedsReconnect)
        );
    };
    tokio::select! { () = client => {}, () = board => unreachable!() }
}

/// The board's port goes while it joins the network, and the board is found on it when the port is back.
#[tokio::test]
async fn provisioning_survives_a_port_that_goes() {
    let name = Name::new("apply");
    let (device, clock) = (sec1_device(Duration::from_millis(1500)), TokioClock::new());
    let connecting = Notify::new();
    let board = async {
        plugged_in(&name, &device, clock, connecting.notified()).await;
        tokio::time::sleep(Duration::from_millis(700)).await;
        plugged_in(&name, &device, clock, pending::<()>()).await;
    };
    let mut lost = 0;
    let client = async {
        let link = open_soon(&name.target("")).await;
        let auth = Sec1Only::new(b"abcd1234").unwrap();
        let rng = ChaCha20Rng::seed_from_u64(4);
        let mut device =
            Provisioner::new(link, auth, rng, clock, vec![0; 2048]).with_observer(|event: &Event<'_>| {
                match event {
                    Event::Connecting { .. } => connecting.notify_one(),
                    Event::LinkLost { .. } => lost += 1,
                    _ => {}
                }
            });
        let config = WifiConfig::new(b"Home", b"correct-horse").unwrap();
        let outcome = device.provision_wifi(&config).await.unwrap();
        assert!(matches!(outcome, Outcome::Connected(_)), "{outcome:?}");
    };
    tokio::select! { () = client => {}, () = board => panic!("the board left") }
    assert_eq!(lost, 1);
}
