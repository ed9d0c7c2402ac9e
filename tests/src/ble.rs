//! A device and a client with the air between them: both ends are whole Bluetooth hosts, in this thread, on a
//! clock that only moves when everybody waits.

use crate::central::paused;
use bt_hci::cmd::le::LeSetScanParams;
use bt_hci::controller::ControllerCmdSync;
use core::time::Duration;
use embassy_futures::select::{Either, select};
use espprov::TokioClock;
use espprov_embedded::ble::{BleError, BleOptions, BleTransport, Filter, Finder, LongWrite, Name, Prepared};
use espprov_simulator::{Service, Shared};
use espprov_simulator_ble::air::{Air, AirController, AirOptions};
use espprov_simulator_ble::pool::Heap;
use espprov_simulator_ble::{Options, serve};
use trouble_host::prelude::{Address, Controller, HostResources, Stack};

/// Packets of a client that offers an MTU of 517.
pub type Pool = Heap<521>;

/// Bytes of stack.
const STACK: usize = 16 << 20;

/// The client's end.
pub type Link<'a, 's, 'p, C = AirController> = BleTransport<'a, 's, 'p, C, Pool, TokioClock>;

/// A client's host.
pub struct Host<'a, 's, 'p, C = AirController> {
    stack: &'a Stack<'s, LongWrite<'p, C>, Pool>,
    prepared: &'p Prepared,
    finder: &'a Finder<'a>,
    /// The time.
    pub clock: TokioClock,
}

impl<'a, 's, 'p, C: Controller + ControllerCmdSync<LeSetScanParams>> Host<'a, 's, 'p, C> {
    /// Finds the peripheral, for which there is so much time, and connects to it.
    ///
    /// # Errors
    /// Those of the transport.
    pub async fn connect(&self, limit: Duration) -> Result<Link<'a, 's, 'p, C>, BleError> {
        let found = self.finder.find(self.stack, &self.clock, limit).await?;
        let options = BleOptions::default();
        BleTransport::connect(self.stack, self.prepared, self.clock, found.address, options).await
    }
}

/// Runs a client's host on this controller while `client` works, which wants a device that `whom` lets through.
///
/// # Errors
/// The host stopped.
pub async fn hosted<C: Controller + ControllerCmdSync<LeSetScanParams>, R>(
    controller: C,
    whom: Filter<'_>,
    client: impl for<'a, 's, 'p> AsyncFnOnce(Host<'a, 's, 'p, C>) -> R,
) -> Result<R, String> {
    let prepared = Prepared::new();
    let mut resources: HostResources<Pool, 1, 2> = HostResources::new();
    let stack = trouble_host::new(LongWrite::new(controller, &prepared), &mut resources)
        .set_random_address(Address::random([1, 2, 3, 4, 5, 0xc6]))
        .build();
    let mut runner = stack.runner();
    let finder = Finder::new(whom);
    let host = Host {
        stack: &stack,
        prepared: &prepared,
        finder: &finder,
        clock: TokioClock::new(),
    };
    match select(client(host), runner.run_with_handler(&finder)).await {
        Either::First(result) => Ok(result),
        Either::Second(end) => Err(format!("the client's host stopped: {end:?}")),
    }
}

/// What surrounds a client.
pub struct Surroundings<S> {
    /// The air.
    pub air: Air,
    /// The device.
    pub device: Shared<S>,
    /// The time.
    pub clock: TokioClock,
}

/// Serves `device` with `options`, finds it, connects, and runs `client`.
///
/// # Panics
/// The device cannot be found, connected to or served.
pub fn run<S: Service + Send, R: Send>(
    device: S,
    options: &Options,
    air_options: AirOptions,
    client: impl for<'a, 's, 'p> AsyncFnOnce(&Surroundings<S>, Link<'a, 's, 'p>) -> R + Send,
) -> R {
    // Unoptimised, the layers of two Bluetooth hosts need more stack than a test has.
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let work = move || run_here(device, options, air_options, client);
        let thread = thread.spawn_scoped(scope, work).expect("a thread");
        thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn run_here<S: Service, R>(
    device: S,
    options: &Options,
    air_options: AirOptions,
    client: impl for<'a, 's, 'p> AsyncFnOnce(&Surroundings<S>, Link<'a, 's, 'p>) -> R,
) -> R {
    paused().block_on(async {
        let (air, near, far) = Air::new(air_options);
        let around = Surroundings {
            air,
            device: Shared::new(device),
            clock: TokioClock::new(),
        };
        let mut silent = |_| {};
        let serving = serve(far, &around.device, options, &mut silent);
        let whom = Filter::any().with_name(Name::Exact(&options.name));
        let work = hosted(near, whom, async |host: Host<'_, '_, '_>| {
            let link = host.connect(Duration::from_secs(5)).await;
            client(&around, link.expect("a connection")).await
        });
        match select(work, serving).await {
            Either::First(result) => result.unwrap_or_else(|end| panic!("{end}")),
            Either::Second(end) => panic!("the device's host stopped: {end:?}"),
        }
    })
}
