//! The other side: this image *is* the device. It serves security 1 on its UART, as vendor firmware's console does,
//! and "joins" a network called `Home`. Ends when a client has seen it online.
#![no_std]
#![no_main]

use core::net::Ipv4Addr;
use core::time::Duration;
use embassy_futures::{block_on, select::select};
use espprov_device::{Application, Device, Quirks, ScanProgress, WifiConfigRequest, WifiScanParams};
use espprov_security::sec1;
use espprov_services::console::{Console, serve};
use espprov_services::{Access, DeviceService, Local};
use espprov_transport::Clock;
use espprov_types::{
    AccessPoint, AuthMode, Bssid, Ssid, StatusCode, WifiConnection, WifiFailure, WifiStatus,
};
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

const BSSID: Bssid = Bssid::new([0x24, 0x0a, 0xc4, 0x51, 0xde, 0x7f]);

fn ssid() -> Option<Ssid> {
    Ssid::new(b"Home").ok()
}

/// A station that knows one network. A real firmware calls its Wi-Fi driver here.
#[derive(Default)]
struct Station {
    good: Option<bool>,
    status: Option<WifiStatus>,
    seen_online: bool,
}

impl Application for Station {
    fn start_wifi_scan(&mut self, _: WifiScanParams) -> Result<(), StatusCode> {
        Ok(())
    }

    fn wifi_scan_result(&mut self, index: u32) -> Option<AccessPoint> {
        let home = AccessPoint::new(ssid()?, BSSID, 6, -41, AuthMode::Wpa2Psk);
        (index == 0).then_some(home)
    }

    fn wifi_scan_progress(&mut self) -> Result<ScanProgress, StatusCode> {
        Ok(ScanProgress::new(true, 1))
    }

    fn set_wifi(&mut self, config: &WifiConfigRequest<'_>) -> Result<(), StatusCode> {
        self.good = Some(config.ssid.as_bytes() == b"Home" && config.passphrase == b"correct-horse");
        Ok(())
    }

    fn apply_wifi(&mut self) -> Result<(), StatusCode> {
        self.status = Some(match self.good.take().ok_or(StatusCode::InternalError)? {
            true => {
                report::text("joined Home");
                let mut connection = WifiConnection::new(ssid().ok_or(StatusCode::InternalError)?);
                connection.ip = Some(Ipv4Addr::new(192, 168, 1, 57));
                connection.bssid = Some(BSSID);
                WifiStatus::Connected(connection)
            }
            false => WifiStatus::Failed(WifiFailure::AuthError),
        });
        Ok(())
    }

    fn wifi_status(&mut self) -> Result<WifiStatus, StatusCode> {
        let status = self.status.clone().unwrap_or(WifiStatus::Disconnected);
        self.seen_online |= matches!(status, WifiStatus::Connected(_));
        Ok(status)
    }
}
