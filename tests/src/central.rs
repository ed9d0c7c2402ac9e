//! A Bluetooth central whose every packet is a test's own, without a host above it; and a device it meets, with as little
//! memory as firmware has.

use crate::raw::{CONNECTION, Heard, Packet, listen, packets, send};
use bt_hci::cmd::le::{LeCreateConn, LeCreateConnCancel};
use bt_hci::cmd::link_control::Disconnect;
use bt_hci::cmd::{AsyncCmd as _, SyncCmd as _};
use bt_hci::param::{AddrKind, BdAddr, ConnHandle, DisconnectReason, Duration as Units};
use core::cell::Cell;
use core::pin::pin;
use core::time::Duration;
use embassy_futures::poll_once;
use embassy_futures::select::{Either4, select4};
use espprov_services::ble::{GattOptions, GattResources, GattServer, Guarded, attributes};
use espprov_services::{Local, Service};
use espprov_simulator_ble::air::{Air, AirController, AirOptions};
use espprov_transport::Clock;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use trouble_host::prelude::{Address, HostResources};
use trouble_host::{Packet as PoolPacket, PacketPool};

/// How long an answer may take.
pub const SOON: Duration = Duration::from_secs(1);

/// Endpoints there is memory for.
const ENDPOINTS: usize = 8;

/// Packets that there are at a time, and their length: for an MTU of 256.
const PACKETS: usize = 8;
const PACKET: usize = 256 + 4;

thread_local! {
    /// A test has a thread of its own.
    static TAKEN: Cell<usize> = const { Cell::new(0) };
    static THERE: Cell<usize> = const { Cell::new(PACKETS) };
    static RUNTIME: Runtime = paused();
}

/// A runtime in which time moves when everybody waits.
pub(crate) fn paused() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime")
}

/// From now on, the device has so many packets.
pub fn with_packets(packets: usize) {
    THERE.set(packets);
}

/// A pool as small as firmware's.
#[derive(Debug)]
pub struct Scarce;

/// One of its packets.
#[derive(Debug)]
pub struct ScarcePacket(Box<[u8; PACKET]>);

impl PacketPool for Scarce {
    type Packet = ScarcePacket;
    const MTU: usize = PACKET;

    fn allocate() -> Option<ScarcePacket> {
        let taken = TAKEN.get();
        (taken < THERE.get()).then(|| {
            TAKEN.set(taken + 1);
            ScarcePacket(Box::new([0; PACKET]))
        })
    }

    fn capacity() -> usize {
        THERE.get()
    }
}

impl PoolPacket for ScarcePacket {}

impl Drop for ScarcePacket {
    fn drop(&mut self) {
        TAKEN.set(TAKEN.get() - 1);
    }
}

impl AsRef<[u8]> for ScarcePacket {
    fn as_ref(&self) -> &[u8] {
        &self.0[..]
    }
}

impl AsMut<[u8]> for ScarcePacket {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.0[..]
    }
}

/// Virtual time, from the beginning of the run.
#[derive(Debug, Clone, Copy)]
pub struct Time(tokio::time::Instant);

impl Clock for Time {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// The central.
pub struct Central<'a> {
    controller: &'a AirController,
    heard: UnboundedReceiver<Heard>,
    message: Vec<u8>,
    /// The air.
    pub air: Air,
    /// The time.
    pub clock: Time,
}

impl Central<'_> {
    /// Asks for a connection with whoever advertises.
    async fn wish(&mut self) {
        while self.heard.try_recv().is_ok() {}
        self.message.clear();
        let wish = LeCreateConn::new(
            Units::from_u16(16),
            Units::from_u16(16),
            true,
            AddrKind::PUBLIC,
            BdAddr::default(),
            AddrKind::PUBLIC,
            Units::from_u16(24),
            Units::from_u16(24),
            0,
            Units::from_u16(72),
            Units::from_u16(0),
            Units::from_u16(0),
        );
        wish.exec(self.controller).await.expect("a wish to connect");
    }

    /// Connects with whoever advertises. `false`: nobody does, for `limit`.
    pub async fn connect(&mut self, limit: Duration) -> bool {
        self.wish().await;
        let connected = async { while !matches!(self.heard.recv().await, Some(Heard::Connected)) {} };
        let connected = tokio::time::timeout(limit, connected).await.is_ok();
        if !connected {
            let _ = LeCreateConnCancel::new().exec(self.controller).await;
        }
        connected
    }

    /// Connects with a device that advertises, and is gone before its host has looked.
    ///
    /// # Panics
    /// None does.
    pub async fn touch(&mut self) {
        let air = self.air.clone();
        let mut wish = pin!(self.wish());
        let _ = poll_once(wish.as_mut());
        assert!(air.is_connected(), "nobody advertises");
        air.sever();
        wish.await;
    }

    /// Disconnects.
    pub async fn leave(&self) {
        let reason = DisconnectReason::RemoteUserTerminatedConn;
        let end = Disconnect::new(ConnHandle::new(CONNECTION), reason);
        let _ = end.exec(self.controller).await;
    }

    /// Sends packets as they are.
    pub async fn send(&self, packets: &[Packet]) {
        send(self.controller, packets).await;
    }

    /// Sends an ATT PDU.
    pub async fn pdu(&self, pdu: &[u8]) {
        self.send(&packets(4, pdu)).await;
    }

    /// The next ATT PDU from the device. `None`: it hung up, or says nothing for `limit`.
    pub async fn hear(&mut self, limit: Duration) -> Option<Vec<u8>> {
        let next = async {
            loop {
                match self.heard.recv().await {
                    Some(Heard::Packet(first, data)) => {
                        if first {
                            self.message.clear();
                        }
                        self.message.extend_from_slice(&data);
                    }
                    _ => return None,
                }
                if let [l0, l1, 4, 0, pdu @ ..] = &self.message[..]
                    && pdu.len() == usize::from(u16::from_le_bytes([*l0, *l1]))
                {
                    return Some(pdu.to_vec());
                }
            }
        };
        tokio::time::timeout(limit, next).await.ok().flatten()
    }

    /// Sends a request and hears the answer.
    pub async fn ask(&mut self, pdu: &[u8]) -> Option<Vec<u8>> {
        self.pdu(pdu).await;
        self.hear(SOON).await
    }

    /// How long it takes the device to hang up, whatever else it says; at most `limit`.
    pub async fn sent_away(&mut self, limit: Duration) -> Option<Duration> {
        let start = tokio::time::Instant::now();
        let gone = async { while !matches!(self.heard.recv().await, Some(Heard::Gone) | None) {} };
        tokio::time::timeout(limit, gone).await.ok()?;
        Some(start.elapsed())
    }
}

/// Serves `device`, and runs `client`.
///
/// # Panics
/// The device's host or server stops.
pub fn run<S: Service, R>(
    device: S,
    options: &GattOptions<'_>,
    client: impl for<'a> AsyncFnOnce(&mut Central<'a>, &Local<S>) -> R,
) -> R {
    // trouble-host never drops what it has in its resources, wakers among it, and with each a runtime would stay.
    RUNTIME.with(|runtime| runtime.block_on(served(device, options, client)))
}

async fn served<S: Service, R>(
    device: S,
    options: &GattOptions<'_>,
    client: impl for<'a> AsyncFnOnce(&mut Central<'a>, &Local<S>) -> R,
) -> R {
    TAKEN.set(0);
    let mut air_options = AirOptions::default();
    (air_options.acl_len, air_options.acl_count) = (251, 4);
    let (air, near, far) = Air::new(air_options);
    let (heard, news) = unbounded_channel();
    let device = Local::new(device);
    let clock = Time(tokio::time::Instant::now());
    let mut resources: HostResources<Scarce, 1, 1> = HostResources::new();
    let stack = trouble_host::new(Guarded::new(far), &mut resources)
        .set_random_address(Address::random([1, 2, 3, 4, 5, 0xc6]))
        .build();
    let mut runner = stack.runner();
    let mut buf = [0; 640];
    let mut memory: GattResources<'_, ENDPOINTS, { attributes(ENDPOINTS) }> = GattResources::new(&mut buf);
    let server = GattServer::new(&device, clock, *options);
    let mut silent = |_| {};
    let serving = server.serve(&stack, &mut memory, &mut silent);
    let mut central = Central {
        controller: &near,
        heard: news,
        message: Vec::new(),
        air,
        clock,
    };
    let work = client(&mut central, &device);
    match select4(work, listen(&near, heard), runner.run(), serving).await {
        Either4::First(result) => result,
        Either4::Second(()) => panic!("the central stopped"),
        Either4::Third(end) => panic!("the device's host stopped: {end:?}"),
        Either4::Fourth(end) => panic!("the device's server stopped: {end}"),
    }
}
