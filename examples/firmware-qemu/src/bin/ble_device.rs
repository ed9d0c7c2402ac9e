//! A device on Bluetooth LE: its controller is at the other end of a UART, as a chip of its own would be. It serves security 1,
//! "joins" a network called `Home`, and ends when the client that has seen it online has gone.
#![no_std]
#![no_main]

use bt_hci::controller::ExternalController;
use bt_hci_serial::SerialTransport;
use core::pin::pin;
use embassy_futures::select::{Either, select};
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use espprov_device::{Device, Quirks};
use espprov_embedded::clock::EmbassyClock;
use espprov_security::sec1;
use espprov_services::ble::{
    BleEvent, GattOptions, GattResources, GattServer, Guarded, ServeError, attributes,
};
use espprov_services::{Access, DeviceService, Local};
use firmware_qemu::station::Station;
use firmware_qemu::{NotRandom, board, report};
use trouble_host::prelude::{Address, DefaultPacketPool, HostResources};

/// The firmware's own endpoints.
const ENDPOINTS: usize = 5;

#[board::entry]
fn main() -> ! {
    board::init();
    let end = board::block_on(pin!(serve()));
    report::memory();
    report::exit(match end {
        ServeError::SwitchedOff => 0,
        _ => 1,
    })
}

async fn serve() -> ServeError {
    let (rx, tx) = board::hci();
    let transport: SerialTransport<NoopRawMutex, _, _> = SerialTransport::new(rx, tx);
    let controller: ExternalController<_, 4> = ExternalController::new(transport);
    let mut resources: HostResources<DefaultPacketPool, 1, 1> = HostResources::new();
    let stack = trouble_host::new(Guarded::new(controller), &mut resources)
        .set_random_address(Address::random([0x01, 0xde, 0x51, 0xc4, 0x0a, 0xe4]))
        .build();
    let mut runner = stack.runner();

    let version = r#"{"prov":{"ver":"v1.1","sec_ver":1,"cap":["wifi_scan"]}}"#;
    let security = sec1::Device::new(b"abcd1234");
    let device = Device::new(version, security, Station::default(), Quirks::default());
    let device = Local::new(DeviceService::new(device, NotRandom(2)));
    let options = GattOptions::new("PROV_QEMU", &Quirks::default());
    let server = GattServer::new(&device, EmbassyClock, options);
    let mut memory: GattResources<'_, ENDPOINTS, { attributes(ENDPOINTS) }> =
        GattResources::new(board::buffer());
    let mut observer = |event| {
        let joined = |service: &mut DeviceService<_, Station, _>| service.device().app().seen_online;
        if event == BleEvent::Disconnected && device.with(joined) {
            device.with(DeviceService::stop);
        }
    };
    match select(runner.run(), server.serve(&stack, &mut memory, &mut observer)).await {
        Either::First(_) => ServeError::Controller,
        Either::Second(end) => end,
    }
}
