//! Tests: what a link survives. The service ends, connections hang, attributes move; all in memory and paused time.

#[path = "../tests/common/mod.rs"]
mod common;
mod tables;

use crate::origin::{Later, Origin};
use crate::service::Run;
use crate::uuids::{DEFAULT_SERVICE, LOCAL_CONTROL_SERVICE};
use crate::{BleError, BleTransport, ConnectOptions};
use common::{Fake, Step};
use core::time::Duration;
use espprov_transport::{Endpoint, LinkFault, Reconnect, SessionIntent, Transport, TransportError};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

/// Where the peripheral comes from, and the service behind it.
struct Home {
    fake: Fake,
    life: watch::Sender<u64>,
    /// How long it is away when it ends; `None`: for good.
    away: Option<Duration>,
    /// It ends whenever somebody connects, so many times.
    fragile: watch::Sender<u32>,
    /// What is read afresh, if the platform remembers something else.
    whole: watch::Sender<Option<Table>>,
}

/// The endpoints' numbers and names.
type Table = Vec<(u16, Option<&'static str>)>;

impl Home {
    fn new(fake: &Fake, away: Option<Duration>) -> Arc<Self> {
        Arc::new(Self {
            fake: fake.clone(),
            life: watch::Sender::new(0),
            away,
            fragile: watch::Sender::new(0),
            whole: watch::Sender::new(None),
        })
    }

    fn end(&self) {
        self.life.send_modify(|life| *life += 1);
        self.fake.with(|s| s.connected = false);
    }

    fn end_in(self: &Arc<Self>, time: Duration) {
        let home = Arc::clone(self);
        tokio::spawn(async move {
            sleep(time).await;
            home.end();
        });
    }

    fn say(&self, call: &str) {
        self.fake.with(|s| s.calls.push(call.into()));
    }
}

impl Origin<Fake> for Home {
    fn run(&self) -> Run {
        Run::of(*self.life.borrow())
    }

    fn over(&self, run: Run) -> Later<'_, ()> {
        Box::pin(async move {
            let _ = self.life.subscribe().wait_for(|life| Run::of(*life) != run).await;
        })
    }

    fn recover(&self) -> Later<'_, Result<(), BleError>> {
        Box::pin(async move {
            self.say("recover");
            match self.away {
                Some(time) => sleep(time).await,
                None => {
                    sleep(Duration::from_secs(20)).await;
                    return Err(BleError::NoBluetoothService);
                }
            }
            Ok(())
        })
    }

    fn fetch(&self, forget: bool) -> Later<'_, Result<Fake, BleError>> {
        Box::pin(async move {
            if forget {
                self.say("forget");
                self.fake.with(|s| {
                    s.names = None;
                    if let Some(whole) = self.whole.borrow().clone() {
                        s.endpoints = whole;
                    }
                    s.connected = false;
                });
            }
            if *self.fragile.borrow() > 0 {
                self.fragile.send_modify(|left| *left -= 1);
                self.fake.with(|s| s.connects.insert(0, Step::Hangs));
                self.end();
            }
            Ok(self.fake.clone())
        })
    }
}

const MOMENT: Duration = Duration::from_secs(1);

async fn connect(home: &Arc<Home>) -> Result<BleTransport<Fake>, BleError> {
    let origin: Arc<dyn Origin<Fake>> = Arc::clone(home) as _;
    BleTransport::connect(origin, crate::lease::Ledger::new(), ConnectOptions::default()).await
}

async fn connected() -> (Fake, Arc<Home>, BleTransport<Fake>) {
    let fake = Fake::new(DEFAULT_SERVICE);
    let home = Home::new(&fake, Some(MOMENT));
    let link = connect(&home).await.unwrap();
    fake.with(|s| s.calls.clear());
    (fake, home, link)
}

async fn ask(link: &mut BleTransport<Fake>, endpoint: Endpoint<'_>) -> Result<usize, BleError> {
    let mut buf = [7; 64];
    link.exchange(endpoint, &mut buf, 2).await
}

fn calls(fake: &Fake) -> Vec<String> {
    fake.with(|s| {
        let kept = s
            .calls
            .iter()
            .filter(|call| !call.starts_with("disc") && *call != "read_descriptor");
        kept.cloned().collect()
    })
}

#[tokio::test(start_paused = true)]
async fn the_service_ends_while_connecting() {
    let fake = Fake::new(DEFAULT_SERVICE);
    let home = Home::new(&fake, Some(3 * MOMENT));
    fake.with(|s| s.connects = vec![Step::Hangs]);
    home.end_in(MOMENT);
    let start = Instant::now();
    let mut link = connect(&home).await.unwrap();
    // Not by running into the limit of the attempt.
    assert!(start.elapsed() < 7 * MOMENT, "{:?}", start.elapsed());
    assert_eq!(calls(&fake), ["connect", "recover", "forget", "connect"]);
    assert_eq!(ask(&mut link, Endpoint::PROTO_VER).await, Ok(2));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_with_the_service_is_no_failed_attempt() {
    let fake = Fake::new(DEFAULT_SERVICE);
    let home = Home::new(&fake, Some(MOMENT));
    let gone = "Message recipient disconnected from message bus without replying";
    let absent = "The name org.bluez was not provided by any .service files";
    fake.with(|s| {
        s.connects = vec![
            Step::Fails(gone),
            Step::Fails(absent),
            Step::Fails("Not connected"),
        ]
    });
    connect(&home).await.unwrap();
    assert_eq!(fake.count("recover"), 2);
    assert_eq!(fake.count("connect"), 4);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_does_not_come_back_is_the_error() {
    let fake = Fake::new(DEFAULT_SERVICE);
    let home = Home::new(&fake, None);
    fake.with(|s| s.connects = vec![Step::Hangs]);
    home.end_in(MOMENT);
    assert_eq!(connect(&home).await.unwrap_err(), BleError::NoBluetoothService);
    // One that comes back and ends again, for ever: at some time it is enough.
    let home = Home::new(&fake, Some(MOMENT));
    home.fragile.send_replace(u32::MAX);
    let error = connect(&home).await.unwrap_err();
    assert_eq!(error, BleError::ServiceLost { delivered: false });
    home.fragile.send_replace(3);
    assert!(connect(&home).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_service_ends_in_the_session() {
    for (writes, reads, delivered) in [
        (vec![Step::Hangs], vec![], false),
        (vec![], vec![Step::Hangs], true),
    ] {
        let (fake, home, mut link) = connected().await;
        fake.with(|s| (s.writes, s.reads) = (writes, reads));
        home.end_in(MOMENT);
        let start = Instant::now();
        let error = ask(&mut link, Endpoint::PROV_CONFIG).await.unwrap_err();
        assert_eq!(error, BleError::ServiceLost { delivered });
        // No evidence of what the device did.
        assert_eq!(error.fault(), LinkFault::Lost { delivered: false });
        assert!(error.is_mended_by_reconnecting());
        assert!(start.elapsed() < 2 * MOMENT);
        assert_eq!(
            ask(&mut link, Endpoint::PROTO_VER).await,
            Err(BleError::NeedsReconnect)
        );
        // What it left is thrown away before the next connection is made.
        link.reconnect(SessionIntent::Fresh).await.unwrap();
        let calls = calls(&fake);
        assert_eq!(calls[calls.len() - 2..], ["forget", "connect"]);
        assert_eq!(ask(&mut link, Endpoint::PROTO_VER).await, Ok(2));
    }
}

#[tokio::test(start_paused = true)]
async fn errors_that_come_with_the_end_of_the_service() {
    for error in [
        "Not connected",
        "Message recipient disconnected from message bus without replying",
        "Method \"WriteValue\" with signature \"aya{sv}\" on interface \"org.bluez.GattCharacteristic1\" doesn't \
         exist (org.freedesktop.DBus.Error.UnknownObject)",
    ] {
        let (fake, home, mut link) = connected().await;
        fake.with(|s| s.writes = vec![Step::Fails(error)]);
        home.end();
        let error = ask(&mut link, Endpoint::PROV_CONFIG).await.unwrap_err();
        assert_eq!(error, BleError::ServiceLost { delivered: false });
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_says_goodbye_is_no_refusal() {
    // Told to stop, it disconnects the device first: that looks like a device that hangs up on a wrong proof.
    let hung_up = Step::FailsAndHangsUp("Operation failed with ATT error: 0x0e");
    let (fake, home, mut link) = connected().await;
    fake.with(|s| s.writes = vec![hung_up]);
    home.end_in(Duration::from_millis(500));
    let error = ask(&mut link, Endpoint::PROV_SESSION).await.unwrap_err();
    assert_eq!(error, BleError::ServiceLost { delivered: false });
    // Where it stays, it was the device.
    let (fake, _home, mut link) = connected().await;
    fake.with(|s| s.writes = vec![hung_up]);
    let error = ask(&mut link, Endpoint::PROV_SESSION).await.unwrap_err();
    assert_eq!(error.fault(), LinkFault::Refused { link_alive: false });
}

#[tokio::test(start_paused = true)]
async fn a_connection_stuck_half_way_is_removed() {
    let fake = Fake::new(DEFAULT_SERVICE);
    let home = Home::new(&fake, Some(MOMENT));
    fake.with(|s| s.connects = vec![Step::Hangs]);
    let mut link = connect(&home).await.unwrap();
    assert_eq!(calls(&fake), ["connect", "forget", "connect"]);
    // An attempt that somebody else had no more patience for leaves one, too.
    fake.with(|s| {
        s.calls.clear();
        s.connects = vec![Step::Hangs];
    });
    let cut = timeout(5 * MOMENT, link.reconnect(SessionIntent::Fresh)).await;
    assert!(cut.is_err());
    link.reconnect(SessionIntent::Fresh).await.unwrap();
    assert_eq!(calls(&fake), ["connect", "forget", "connect"]);
    // A failure that says what it is needs none of that.
    fake.with(|s| {
        s.calls.clear();
        s.connects = vec![Step::Fails("le-connection-abort-by-local")];
    });
    link.reconnect(SessionIntent::Fresh).await.unwrap();
    assert_eq!(calls(&fake), ["connect", "connect"]);
}

#[tokio::test(start_paused = true)]
async fn connections_are_made_one_after_the_other() {
    let (slow, quick) = (Fake::new(DEFAULT_SERVICE), Fake::new(DEFAULT_SERVICE));
    slow.with(|s| s.connects = vec![Step::Hangs, Step::Hangs]);
    let ledger = crate::lease::Ledger::new();
    let start = |fake: &Fake| {
        let origin: Arc<dyn Origin<Fake>> = Home::new(fake, Some(MOMENT));
        tokio::spawn(BleTransport::connect(
            origin,
            ledger.clone(),
            ConnectOptions::default(),
        ))
    };
    let (first, second) = (start(&slow), start(&quick));
    sleep(MOMENT).await;
    assert_eq!((slow.count("connect"), quick.count("connect")), (1, 0));
    // An attempt that hangs is given up in time, and the others are not held up by what follows it.
    sleep(12 * MOMENT).await;
    assert!(second.await.unwrap().is_ok());
    assert_eq!(first.await.unwrap().unwrap_err(), BleError::ConnectTimedOut);
    // A cancelled one gives its turn back.
    slow.with(|s| s.connects = vec![Step::Hangs]);
    let cancelled = start(&slow);
    sleep(MOMENT).await;
    cancelled.abort();
    assert!(start(&quick).await.unwrap().is_ok());
}
