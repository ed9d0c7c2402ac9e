//! What the images that are devices do with credentials.

use crate::report;
use core::net::Ipv4Addr;
use espprov_device::{Application, ScanProgress, WifiConfigRequest, WifiScanParams};
use espprov_types::{
    AccessPoint, AuthMode, Bssid, Ssid, StatusCode, WifiConnection, WifiFailure, WifiStatus,
};

const BSSID: Bssid = Bssid::new([0x24, 0x0a, 0xc4, 0x51, 0xde, 0x7f]);

fn ssid() -> Option<Ssid> {
    Ssid::new(b"Home").ok()
}

/// A station that knows one network. A real firmware calls its Wi-Fi driver here.
#[derive(Default)]
pub struct Station {
    good: Option<bool>,
    status: Option<WifiStatus>,
    /// A client has asked for the state and was told of the connection.
    pub seen_online: bool,
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
