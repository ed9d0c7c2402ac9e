//! A device and a client with the air between them: both ends are whole Bluetooth hosts, in this thread, on a
//! clock that only moves when everybody waits.

use embassy_futures::select::{Either, select};
use espprov::TokioClock;
use espprov_embedded::ble::{BleError, BleOptions, BleTransport, Filter, Finder, LongWrite, Name, Prepared};
use espprov_simulator::{Service, Shared};
use espprov_simulator_ble::air::{Air, AirController, AirOptions};
use espprov_simulator_ble::pool::Heap;
use espprov_simulator_ble::{Options, serve};
use trouble_host::prelude::{Address, HostResources};

/// Packets of a client that offers an MTU of 517.
pub type Pool = Heap<521>;

/// Bytes of stack.
const STACK: usize = 16 << 20;

/// The client's end.
pub type Link<'a, 's, 'p> = BleTransport<'a, 's, 'p, AirController, Pool, TokioClock>;

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
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let (air, near, far) = Air::new(air_options);
        let around = Surroundings {
            air,
            device: Shared::new(device),
            clock: TokioClock::new(),
        };
        let mut silent = |_| {};
        let serving = serve(far, &around.device, options, &mut silent);
        let prepared = Prepared::new();
        let mut resources: HostResources<Pool, 1, 2> = HostResources::new();
        let stack = trouble_host::new(LongWrite::new(near, &prepared), &mut resources)
            .set_random_address(Address::random([1, 2, 3, 4, 5, 0xc6]))
            .build();
        let mut runner = stack.runner();
        let finder = Finder::new(Filter::any().with_name(Name::Exact(&options.name)));
        let work = async {
            let limit = core::time::Duration::from_secs(5);
            let found = finder.find(&stack, &around.clock, limit).await?;
            let options = BleOptions::default();
            let link = BleTransport::connect(&stack, &prepared, around.clock, found.address, options).await?;
            Ok::<R, BleError>(client(&around, link).await)
        };
        let hosts = select(runner.run_with_handler(&finder), serving);
        match select(work, hosts).await {
            Either::First(result) => result.expect("a connection"),
            Either::Second(Either::First(_)) => panic!("the client's host stopped"),
            Either::Second(Either::Second(end)) => panic!("the device's host stopped: {end:?}"),
        }
    })
}
