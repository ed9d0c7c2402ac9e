//! The other side: this image *is* the device. It serves security 1 on its UART, as vendor firmware's console does,
//! and "joins" a network called `Home`. Ends when a client has seen it online.
#![no_std]
#![no_main]

use core::time::Duration;
use embassy_futures::{block_on, select::select};
use espprov_device::{Device, Quirks};
use espprov_security::sec1;
use espprov_services::console::{Console, serve};
use espprov_services::{Access, DeviceService, Local};
use espprov_transport::Clock;
use firmware_qemu::station::Station;
use firmware_qemu::{NotRandom, board, report};

#[board::entry]
fn main() -> ! {
    board::init();
    block_on(run());
    report::memory();
    report::exit(0)
}

async fn run() {
    let version = r#"{"prov":{"ver":"v1.1","sec_ver":1,"cap":["wifi_scan"]}}"#;
    let security = sec1::Device::new(b"abcd1234");
    let device = Device::new(version, security, Station::default(), Quirks::default());
    let device = Local::new(DeviceService::new(device, NotRandom(2)));
    let clock = board::clock();
    let (rx, tx) = board::uart();
    // A line, and the answer to it.
    let mut console = Console::new(&device, [0; 512]);
    let console = serve(&mut console, rx, tx, &clock);
    let provisioned = async {
        while !device.with(|device| device.device().app_ref().seen_online) {
            clock.sleep(Duration::from_millis(10)).await;
        }
        // Until the answer is out that says so, as vendor firmware does.
        clock.sleep(Duration::from_secs(1)).await;
    };
    select(console, provisioned).await;
}
