//! The other side: this image *is* the device. It serves security 1 on its UART, as vendor firmware's console does,
//! and "joins" a network called `Home`. Ends when a client has seen it online.
#![no_std]
#![no_main]

use core::net::Ipv4Addr;
use embassy_futures::block_on;
use embedded_io_async::{Read as _, Write as _};
use espprov_device::{Application, Device, Outcome, Quirks, ScanProgress, WifiConfigRequest, WifiScanParams};
use espprov_security::sec1;
use espprov_transport::Clock;
use espprov_types::{
    AccessPoint, AuthMode, Bssid, Ssid, StatusCode, WifiConnection, WifiFailure, WifiStatus,
};
use firmware_qemu::{NotRandom, board, report};

/// Characters of a line, as on stock firmware.
const LINE: usize = 255;

#[board::entry]
fn main() -> ! {
    board::init();
    block_on(serve());
    report::memory();
    report::exit(0)
}

async fn serve() {
    let (mut rx, mut tx) = board::uart();
    let security = sec1::Device::new(b"abcd1234");
    let version = r#"{"prov":{"ver":"v1.1","sec_ver":1,"cap":["wifi_scan"]}}"#;
    let mut device = Device::new(version, security, Station::default(), Quirks::default());
    let (mut line, mut len) = ([0; LINE], 0);
    let mut session = None;
    let clock = board::clock();
    let _ = tx.write_all(b"\n>> ").await;
    loop {
        let mut byte = [0];
        let _ = rx.read(&mut byte).await;
        if byte[0] != b'\r' {
            let _ = tx.write_all(&byte).await;
            if len < LINE - 1 {
                line[len] = byte[0];
                len += 1;
            }
            continue;
        }
        let _ = tx.write_all(b"\r\n").await;
        let mut buf = [0; 512];
        let request = parse(&line[..len], &mut buf);
        len = 0;
        if let Some((endpoint, id, request)) = request {
            if session.replace(id) != Some(id) {
                device.new_session();
            }
            let mut outcome = device.handle(endpoint, &mut buf, request, clock.now(), &mut NotRandom(2));
            while outcome == Outcome::Pending {
                outcome = device.resume(&mut buf, clock.now());
            }
            if let Outcome::Reply(reply) = outcome {
                let _ = tx.write_all(b"\r\n").await;
                for byte in &buf[..reply] {
                    let digits = [hex_digit(byte >> 4), hex_digit(byte & 15)];
                    let _ = tx.write_all(&digits).await;
                }
                let _ = tx.write_all(b"\r\n").await;
            }
        }
        let _ = tx.write_all(b"\n>> ").await;
        if device.app_ref().seen_online {
            return;
        }
    }
}

/// `<endpoint> <session id> <hex>`: the request's bytes go into `buf`.
fn parse<'l>(line: &'l [u8], buf: &mut [u8]) -> Option<(&'l str, u32, usize)> {
    let mut words = core::str::from_utf8(line).ok()?.split(' ');
    let (endpoint, id, hex) = (
        words.next()?,
        words.next()?.parse().ok()?,
        words.next()?.as_bytes(),
    );
    let mut len = 0;
    for (place, pair) in buf.iter_mut().zip(hex.chunks_exact(2)) {
        *place = u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok()?;
        len += 1;
    }
    Some((endpoint, id, len))
}

fn hex_digit(nibble: u8) -> u8 {
    b"0123456789abcdef"[usize::from(nibble)]
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
