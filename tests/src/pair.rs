//! A client and a simulated device in virtual time: the main harness.

pub use espprov_conformance::Scheme;

use core::cell::RefCell;
use core::future::pending;
use core::time::Duration;
use espprov_conformance::SECRET;
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

/// How both sides are set up for a security scheme.
pub trait SetUp {
    /// The scenario with this scheme in force.
    ///
    /// # Panics
    /// On a scenario that does not parse.
    #[must_use]
    fn scenario(self, world: &str) -> Scenario;

    /// The right credentials.
    ///
    /// # Panics
    /// Never: they are short enough.
    #[must_use]
    fn auth(self) -> Auto;
}

impl SetUp for Scheme {
    fn scenario(self, world: &str) -> Scenario {
        let flavour = if self == Self::Sec2Patch0 {
            "flavour = \"idf-5.2\""
        } else {
            ""
        };
        let device = format!("{}[device]\n{flavour}", self.settings());
        let text = world.replacen("[device]", &device, 1);
        Scenario::parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"))
    }

    fn auth(self) -> Auto {
        let secret = SECRET.as_bytes();
        match self {
            Self::Sec0 => Auto::new().allow_plaintext(true),
            Self::Sec1 => Auto::new().with_pop(secret).expect("short"),
            Self::Sec2Patch0 | Self::Sec2Patch1 => Auto::new().with_password(secret).expect("short"),
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

/// Notes the endpoint of every exchange, and reconnects, in a log shared with the caller.
pub fn recorded<T: Reconnect>(link: T) -> (impl Reconnect<Error = T::Error>, Rc<RefCell<Vec<String>>>) {
    let log = Rc::new(RefCell::new(Vec::new()));
    let (asked, again) = (Rc::clone(&log), Rc::clone(&log));
    let link = Through::new(link, async move |link, endpoint, buf, len| {
        asked.borrow_mut().push(endpoint.as_str().to_owned());
        link.exchange(endpoint, buf, len).await
    });
    let link = link.on_reconnect(move |_| again.borrow_mut().push("reconnect".to_owned()));
    (link, log)
}

/// A link with a test in between: each exchange goes through a function, which has the link.
pub struct Through<T, F> {
    link: T,
    exchange: F,
    reconnecting: Box<dyn FnMut(&mut T)>,
    closes: bool,
}

impl<T: Reconnect, F> Through<T, F>
where
    F: AsyncFnMut(&mut T, Endpoint<'_>, &mut [u8], usize) -> Result<usize, T::Error>,
{
    /// Everything else is the link's own.
    pub fn new(link: T, exchange: F) -> Self {
        Self {
            link,
            exchange,
            reconnecting: Box::new(|_| ()),
            closes: true,
        }
    }

    /// Before each reconnect, this.
    #[must_use]
    pub fn on_reconnect(mut self, reconnecting: impl FnMut(&mut T) + 'static) -> Self {
        self.reconnecting = Box::new(reconnecting);
        self
    }

    /// Closing it comes to no end.
    #[must_use]
    pub fn that_never_closes(mut self) -> Self {
        self.closes = false;
        self
    }
}

impl<T: Reconnect, F> Transport for Through<T, F>
where
    F: AsyncFnMut(&mut T, Endpoint<'_>, &mut [u8], usize) -> Result<usize, T::Error>,
{
    type Error = T::Error;

    async fn exchange(
        &mut self,
        endpoint: Endpoint<'_>,
        buf: &mut [u8],
        len: usize,
    ) -> Result<usize, Self::Error> {
        (self.exchange)(&mut self.link, endpoint, buf, len).await
    }

    fn limits(&self) -> Limits {
        self.link.limits()
    }

    fn endpoints(&self, visit: &mut dyn FnMut(&str)) {
        self.link.endpoints(visit);
    }

    fn delivered(&self) -> bool {
        self.link.delivered()
    }

    async fn close(&mut self) {
        if self.closes {
            self.link.close().await;
        } else {
            pending().await
        }
    }
}

impl<T: Reconnect, F> Reconnect for Through<T, F>
where
    F: AsyncFnMut(&mut T, Endpoint<'_>, &mut [u8], usize) -> Result<usize, T::Error>,
{
    async fn reconnect(&mut self, intent: SessionIntent) -> Result<(), T::Error> {
        (self.reconnecting)(&mut self.link);
        self.link.reconnect(intent).await
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
