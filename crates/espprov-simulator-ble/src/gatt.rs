//! The simulated device's end of the link: the GATT server of firmware, and a Bluetooth host of the wanted MTU below it.

use crate::options::{Mtu, Options};
use crate::pool::Heap;
use embassy_futures::select::{Either, select};
use espprov_services::ble::{BleEvent, GattResources, GattServer, Guarded, ServeError, attributes};
use espprov_simulator::service::BUFFER;
use espprov_simulator::{Service, Shared};
use espprov_tokio::TokioClock;
use trouble_host::prelude::{Address, Controller, HostResources, PacketPool};

/// Endpoints there is room for.
const ENDPOINTS: usize = 32;

/// Advertises the device and serves one client after the other.
///
/// A session lasts as long as its connection. Runs until the controller fails or the device is off for good;
/// dropping the future leaves the controller as it is.
///
/// # Errors
/// See [`ServeError`].
pub async fn serve<C: Controller, S: Service>(
    controller: C,
    device: &Shared<S>,
    options: &Options,
    observer: &mut dyn FnMut(BleEvent),
) -> Result<(), ServeError> {
    // On the heap: a Bluetooth host is some ten kilobytes of state, and the device's values as many.
    let end = match options.mtu {
        Mtu::Least => {
            Box::pin(run::<C, S, Heap<{ 23 + 4 }>>(
                controller, device, options, observer,
            ))
            .await
        }
        Mtu::NimBle => {
            Box::pin(run::<C, S, Heap<{ 256 + 4 }>>(
                controller, device, options, observer,
            ))
            .await
        }
        Mtu::Most => {
            Box::pin(run::<C, S, Heap<{ 517 + 4 }>>(
                controller, device, options, observer,
            ))
            .await
        }
    };
    Err(end)
}

async fn run<C: Controller, S: Service, P: PacketPool>(
    controller: C,
    device: &Shared<S>,
    options: &Options,
    observer: &mut dyn FnMut(BleEvent),
) -> ServeError {
    let mut resources: HostResources<P, 1, 3> = HostResources::new();
    let mut address = options.static_address();
    address.reverse();
    let stack = trouble_host::new(Guarded::new(controller), &mut resources)
        .set_random_address(Address::random(address))
        .build();
    let mut runner = stack.runner();
    let mut buf = vec![0; BUFFER];
    let mut memory: GattResources<'_, ENDPOINTS, { attributes(ENDPOINTS) }> = GattResources::new(&mut buf);
    let server = GattServer::new(device, TokioClock::new(), options.gatt());
    match select(runner.run(), server.serve(&stack, &mut memory, observer)).await {
        Either::First(_) => ServeError::Controller,
        Either::Second(end) => end,
    }
}
