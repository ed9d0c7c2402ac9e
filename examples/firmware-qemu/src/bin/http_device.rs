//! The image is a device that is reached over a network: HTTP on port 80 of 10.0.2.15, the address that QEMU's user network
//! has for it. Security 1; "joins" a network called `Home`. Ends when a client has seen it online.
#![no_std]
#![no_main]

use core::time::Duration;
use embassy_futures::{block_on, select::select};
use espprov_device::{Device, Quirks};
use espprov_security::sec1;
use espprov_services::http::{HEAD, HttpServer};
use espprov_services::{Access, DeviceService, Local};
use espprov_transport::Clock;
use firmware_qemu::board::nic::Nic;
use firmware_qemu::net::Port;
use firmware_qemu::station::Station;
use firmware_qemu::{NotRandom, board, report};
use smoltcp::wire::{IpAddress, IpCidr};

#[board::entry]
fn main() -> ! {
    board::init();
    block_on(run());
    report::memory();
    report::exit(0)
}

/// What a browser sees.
const PAGE: &[u8] = b"<!doctype html><title>PROV_QEMU</title><p>Provision this device with espprov.";

async fn run() {
    let version = r#"{"prov":{"ver":"v1.1","sec_ver":1,"cap":["wifi_scan"]}}"#;
    let security = sec1::Device::new(b"abcd1234");
    let device = Device::new(version, security, Station::default(), Quirks::default());
    let device = Local::new(DeviceService::new(device, NotRandom(2)));
    let clock = board::clock();
    let Some(card) = Nic::find() else {
        report::text("no network card");
        report::exit(1)
    };
    let hardware = card.address();
    let address = IpCidr::new(IpAddress::v4(10, 0, 2, 15), 24);
    let port = Port::new(card, hardware, address, 80, &clock, board::sockets());
    // A page of networks is the longest answer.
    let (mut head, mut body) = ([0; HEAD], [0; 1536]);
    let server = HttpServer::new(&device, &clock, NotRandom(3), &mut head, &mut body);
    let mut server = server.with_page(PAGE);
    report::text("listening");
    let mut listener = &port;
    let serving = server.run(&mut listener);
    let provisioned = async {
        while !device.with(|device| device.device().app_ref().seen_online) {
            clock.sleep(Duration::from_millis(10)).await;
        }
        // Until the answer is out that says so, as vendor firmware does.
        clock.sleep(Duration::from_secs(1)).await;
    };
    select(serving, provisioned).await;
}
