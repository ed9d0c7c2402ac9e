//! Decrypted requests to a device.

use crate::Messages;
use crate::entropy::Counting;
use crate::radios::by_the_radios;
use core::time::Duration;
use espprov_device::{
    Application, AutoStop, BleStack, Device, Firmware, HandlerFailed, NoSecurity, Outcome, Quirks,
    ScanProgress, ThreadProvisioning, ThreadScanParams, WifiConfigRequest, WifiProvisioning, WifiScanParams,
};
use espprov_types::{
    AccessPoint, AuthMode, Bssid, Ssid, StatusCode, ThreadFailure, ThreadStatus, WifiConnection, WifiFailure,
    WifiStatus,
};

const ENDPOINTS: [&str; 7] = [
    "prov-scan",
    "prov-config",
    "prov-ctrl",
    "custom-data",
    "proto-ver",
    "prov-session",
    "unknown",
];

/// Requests to a device without a cipher. The first byte chooses the firmware; in each message the first byte
/// chooses the endpoint, and its top bit lets a connection attempt end before.
pub fn device_request(data: &[u8]) {
    let Some((&firmware, rest)) = data.split_first() else {
        return;
    };
    let quirks = match firmware % 4 {
        0 => Quirks::vendor_ble(Firmware::Idf44, BleStack::Bluedroid),
        1 => Quirks::vendor_ble(Firmware::Idf52, BleStack::NimBle),
        2 => Quirks::vendor(Firmware::Idf6),
        _ => Quirks::default(),
    };
    let limit = quirks.max_value.unwrap_or(ROOM);
    let mut device = Device::new("v1.1", NoSecurity::default(), App::default(), quirks);
    let mut buf = vec![0; ROOM];
    let mut entropy = Counting(0);
    let mut now = Duration::ZERO;
    for message in Messages(rest).take(32) {
        now += Duration::from_millis(700);
        let Some((&choice, request)) = message.split_first() else {
            continue;
        };
        if choice & 0x80 != 0 {
            device.app().radio_answers();
        }
        let request = &request[..request.len().min(ROOM)];
        buf[..request.len()].copy_from_slice(request);
        let endpoint = ENDPOINTS[usize::from(choice & 0x7f) % ENDPOINTS.len()];
        let mut outcome = device.handle(endpoint, &mut buf, request.len(), now, &mut entropy);
        for _ in 0..4 {
            if outcome != Outcome::Pending {
                break;
            }
            device.app().radio_answers();
            outcome = device.resume(&mut buf, now);
        }
        match outcome {
            Outcome::Reply(len) => assert!(len <= limit, "a reply longer than the link carries"),
            Outcome::Refused(_) => assert!(buf.iter().all(|&byte| byte == 0), "a refused request is wiped"),
            Outcome::NoSuchEndpoint | Outcome::Pending => {}
        }
    }
}

const ROOM: usize = 4096;

/// A device with five networks around it.
struct App {
    wifi: WifiProvisioning<()>,
    thread: ThreadProvisioning<()>,
    scanned: bool,
    answers: u8,
}

impl Default for App {
    fn default() -> Self {
        Self {
            wifi: WifiProvisioning::new(AutoStop::Enabled),
            thread: ThreadProvisioning::new(AutoStop::Disabled),
            scanned: false,
            answers: 0,
        }
    }
}

impl App {
    /// What was begun ends, differently each time.
    fn radio_answers(&mut self) {
        self.scanned = true;
        self.answers = self.answers.wrapping_add(1);
        if self.wifi.is_trying() {
            match self.answers % 3 {
                0 => self.wifi.on_attempt_failed(2),
                1 => self.wifi.on_connected(WifiConnection::new(Ssid::default())),
                _ => self.wifi.on_failed(WifiFailure::AuthError),
            }
        }
        if self.thread.is_trying() {
            self.thread.on_failed(ThreadFailure::NetworkNotFound);
        }
    }

    const fn progress(&self) -> ScanProgress {
        ScanProgress::new(self.scanned, 5)
    }
}

impl Application for App {
    by_the_radios!(apply and status);
    by_the_radios!(reset and reprov);

    fn start_wifi_scan(&mut self, _: WifiScanParams) -> Result<(), StatusCode> {
        self.scanned = false;
        Ok(())
    }

    fn wifi_scan_progress(&mut self) -> Result<ScanProgress, StatusCode> {
        Ok(self.progress())
    }

    fn wifi_scan_result(&mut self, index: u32) -> Option<AccessPoint> {
        (index < 5)
            .then(|| AccessPoint::new(Ssid::default(), Bssid::new([7; 6]), 13, -90, AuthMode::Unknown(9)))
    }

    fn start_thread_scan(&mut self, _: ThreadScanParams) -> Result<(), StatusCode> {
        Err(StatusCode::InternalError)
    }

    fn set_wifi(&mut self, config: &WifiConfigRequest<'_>) -> Result<(), StatusCode> {
        assert!(config.passphrase.len() <= 64);
        self.wifi.set(());
        Ok(())
    }

    fn set_thread(&mut self, dataset: &[u8]) -> Result<(), StatusCode> {
        assert!(dataset.len() <= 254);
        self.thread.set(());
        Ok(())
    }

    fn endpoint(&self, index: usize) -> Option<&str> {
        ["custom-data"].get(index).copied()
    }

    fn custom(&mut self, _: &str, request: &[u8], reply: &mut [u8]) -> Result<usize, HandlerFailed> {
        let len = request.len();
        reply
            .get_mut(..len)
            .ok_or(HandlerFailed)?
            .copy_from_slice(request);
        Ok(len)
    }
}
