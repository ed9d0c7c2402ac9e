//! A client and a simulated device in virtual time: the main harness.

use core::cell::RefCell;
use core::time::Duration;
use espprov_core::auth::Auto;
use espprov_core::{Event, Provisioner};
use espprov_device::AnySecurity;
use espprov_simulator::time::{VirtualClock, block_on};
use espprov_simulator::{LinkModel, MemoryTransport, Scenario, Shared, SimDevice};
use espprov_transport::{Endpoint, Limits, Reconnect, SessionIntent, Transport};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use std::rc::Rc;

/// The world of most tests: some networks, a second to scan, two to connect.
pub const WORLD: &str = r#"
seed = 11
[device]
name = "PROV_TEST"
[delays]
scan_ms = 900
connect_ms = 1800
auth_fail_ms = 1200
not_found_ms = 1500
[[network]]
ssid = "Home"
bssid = "24:0a:c4:51:de:7f"
channel = 6
rssi = -41
auth = "wpa2"
passphrase = "correct-horse"
ip = "192.168.1.57"
[[network]]
ssid = "Cafe"
bssid = "24:0a:c4:51:de:80"
channel = 11
rssi = -60
auth = 9
[[network]]
ssid = "Shy"
hidden = true
bssid = "24:0a:c4:51:de:81"
channel = 1
rssi = -70
auth = "wpa3"
passphrase = "hidden-one"
[[thread_network]]
name = "HomeThread"
pan_id = 0x51de
ext_pan_id = "1111222233334444"
channel = 15
rssi = -48
network_key = "00112233445566778899aabbccddeeff"
"#;

/// A security scheme and how both sides are set up for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Security 0, plaintext allowed by the client.
    Sec0,
    /// Security 1 with PoP.
    Sec1,
    /// Security 2 with the fixed nonce.
    Sec2Patch0,
    /// Security 2 with the counter nonce.
    Sec2Patch1,
}

impl Scheme {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Sec0, Self::Sec1, Self::Sec2Patch0, Self::Sec2Patch1];

    /// The scenario with this scheme in force.
    ///
    /// # Panics
    /// On a scenario that does not parse.
    #[must_use]
    pub fn scenario(self, world: &str) -> Scenario {
        let security = match self {
            Self::Sec0 => "scheme = 0",
            Self::Sec1 => "scheme = 1\npop = \"abcd1234\"",
            Self::Sec2Patch0 => "scheme = 2\npatch = 0\nusername = \"wifiprov\"\npassword = \"abcd1234\"",
            Self::Sec2Patch1 => "scheme = 2\npatch = 1\nusername = \"wifiprov\"\npassword = \"abcd1234\"",
        };
        let flavour = if self == Self::Sec2Patch0 {
            "flavour = \"idf-5.2\""
        } else {
            ""
        };
        let text = world.replacen(
            "[device]",
            &format!("[security]\n{security}\n[device]\n{flavour}"),
            1,
        );
        Scenario::parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"))
    }

    /// The right credentials.
    ///
    /// # Panics
    /// Never: they are short enough.
    #[must_use]
    pub fn auth(self) -> Auto {
        match self {
            Self::Sec0 => Auto::new().allow_plaintext(true),
            Self::Sec1 => Auto::new().with_pop(b"abcd1234").expect("short"),
            Self::Sec2Patch0 | Self::Sec2Patch1 => Auto::new().with_password(b"abcd1234").expect("short"),
        }
    }
}

/// A device that several clients can use one after the other.
pub type Device = Shared<SimDevice<AnySecurity>>;

/// The plain link to it.
pub type Memory = MemoryTransport<SimDevice<AnySecurity>, VirtualClock>;

/// One device, one clock.
#[derive(Clone)]
pub struct Pair {
    /// Virtual time, shared by both sides.
    pub clock: VirtualClock,
    /// The device.
    pub device: Device,
}

impl Pair {
    /// A fresh device in `scenario`.
    #[must_use]
    pub fn new(scenario: Scenario) -> Self {
        Self {
            clock: VirtualClock::new(),
            device: Shared::new(SimDevice::new(scenario).expect("a valid scenario")),
        }
    }

    /// A fresh link to the device.
    #[must_use]
    pub fn link(&self, model: LinkModel) -> Memory {
        MemoryTransport::new(self.device.clone(), self.clock.clone(), model)
    }

    /// Runs `future` in virtual time and says how long it took there.
    pub fn run<F: Future>(&self, future: F) -> (F::Output, Duration) {
        use espprov_transport::Clock as _;
        let start = self.clock.now();
        let output = block_on(&self.clock, future);
        (output, self.clock.now().saturating_sub(start))
    }
}

/// A client with seeded entropy and a roomy buffer.
pub fn client<T: Reconnect>(
    transport: T,
    auth: Auto,
    clock: &VirtualClock,
    seed: u64,
) -> Provisioner<T, Auto, ChaCha20Rng, VirtualClock, Vec<u8>> {
    Provisioner::new(
        transport,
        auth,
        ChaCha20Rng::seed_from_u64(seed),
        clock.clone(),
        vec![0; 16 * 1024],
    )
}

/// Notes the endpoint of every exchange.
pub struct Recorder<T> {
    inner: T,
    log: Rc<RefCell<Vec<String>>>,
}

impl<T> Recorder<T> {
    /// Wraps `inner`; the log is shared with the caller.
    pub fn new(inner: T) -> (Self, Rc<RefCell<Vec<String>>>) {
        let log = Rc::new(RefCell::new(Vec::new()));
        (
            Self {
                inner,
                log: Rc::clone(&log),
            },
            log,
        )
    }
}

impl<T: Transport> Transport for Recorder<T> {
    type Error = T::Error;

    async fn exchange(
        &mut self,
        endpoint: Endpoint<'_>,
        buf: &mut [u8],
        len: usize,
    ) -> Result<usize, T::Error> {
        self.log.borrow_mut().push(endpoint.as_str().to_owned());
        self.inner.exchange(endpoint, buf, len).await
    }

    fn limits(&self) -> Limits {
        self.inner.limits()
    }

    fn delivered(&self) -> bool {
        self.inner.delivered()
    }

    async fn close(&mut self) {
        self.inner.close().await;
    }
}

impl<T: Reconnect> Reconnect for Recorder<T> {
    async fn reconnect(&mut self, intent: SessionIntent) -> Result<(), T::Error> {
        self.log.borrow_mut().push("reconnect".to_owned());
        self.inner.reconnect(intent).await
    }
}

/// Collects events as text, for assertions.
pub fn collect(log: &Rc<RefCell<Vec<String>>>) -> impl FnMut(&Event<'_>) + use<> {
    let log = Rc::clone(log);
    move |event| {
        log.borrow_mut().push(match event {
            Event::Info(info) => format!("info {}", info.version),
            Event::Connecting { attempts_remaining } => format!("connecting {attempts_remaining:?}"),
            other => format!("{other:?}"),
        });
    }
}
