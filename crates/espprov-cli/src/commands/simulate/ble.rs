//! Being a Bluetooth LE peripheral.

use crate::args::SimulateArgs;
use crate::errors::{Class, Failure};
use crate::output::{Output, Report, Success};
use espprov::explain::io::os_reason;
use espprov_simulator::{Shared, SimDevice};
use espprov_simulator_ble::{BleEvent, Hci, Options, ServeError};

/// How the device shows itself.
pub(super) fn peripheral(args: &SimulateArgs, device: &SimDevice) -> Options {
    let mut options = Options::of(device);
    options.mtu = args.mtu;
    options
}

pub(super) async fn serve(
    out: &Output,
    hci: Option<&Hci>,
    device: &Shared<SimDevice>,
    options: &Options,
) -> Result<Success, Failure> {
    let Some(hci) = hci else {
        return core::future::pending().await;
    };
    let controller = hci.open().await.map_err(|error| {
        let why = os_reason(&error);
        Failure::new(
            Class::Unexpected,
            "hci",
            format!("cannot reach the controller at {hci}: {why}"),
        )
        .with_cause("no Bluetooth controller listens there")
        .with_help("start the controller (or the program that lends one) first")
    })?;
    let mut told = false;
    let mut observer = |event: BleEvent| {
        if event == BleEvent::Advertising && !core::mem::replace(&mut told, true) {
            out.event(&Report::Listening {
                transport: "ble",
                address: hci.to_string(),
            });
        }
        out.detail(1, &event.to_string());
    };
    match espprov_simulator_ble::serve(controller, device, options, &mut observer).await {
        // It was provisioned and has gone, as a device does.
        Ok(()) | Err(ServeError::SwitchedOff) => Ok(Success::done()),
        Err(error) => Err(Failure::new(Class::Unexpected, "ble", error.to_string())
            .with_cause("the controller went away, or is of a kind that cannot advertise this")
            .with_help("check the program that lends the controller")),
    }
}
