//! The small world of the vectors: a device that hears the recorded networks, and radios that follow a
//! script. Every status request sees the state first and then lets the script take one step.

#[path = "../../crates/espprov-device/tests/common/air.rs"]
mod air;
#[path = "../../crates/espprov-device/tests/common/radios.rs"]
mod radios;

use air::{connection, networks};
use espprov_device::{
    Application, AutoStop, HandlerFailed, ScanProgress, ThreadProvisioning, ThreadScanParams,
    WifiConfigRequest, WifiProvisioning, WifiScanParams,
};
use espprov_types::{
    AccessPoint, Ssid, StatusCode, ThreadAttachment, ThreadFailure, ThreadName, ThreadNetwork, ThreadStatus,
    WifiFailure, WifiStatus,
};
use radios::by_the_radios;
use std::collections::VecDeque;

/// What a radio does after a status request.
#[derive(Debug, Clone, Copy)]
enum Step<F> {
    Nothing,
    AttemptFailed(u32),
    Failed(F),
    Connected,
}

/// The application of the vectors' device. What a network leads to depends on its name: `flaky` fails twice
/// and then works, `badpass` always refuses, `absent` is not in the air, everything heard connects at the third
/// poll.
pub struct World {
    networks: Vec<AccessPoint>,
    thread_networks: Vec<ThreadNetwork>,
    wifi: WifiProvisioning<Ssid>,
    thread: ThreadProvisioning<Vec<u8>>,
    joining: Ssid,
    wifi_script: VecDeque<Step<WifiFailure>>,
    thread_script: VecDeque<Step<ThreadFailure>>,
    scan_polls_left: u32,
}

impl World {
    /// Nothing set, nothing scanned.
    #[must_use]
    pub fn new(auto_stop: AutoStop) -> Self {
        Self {
            networks: networks(),
            thread_networks: thread_networks(),
            wifi: WifiProvisioning::new(auto_stop),
            thread: ThreadProvisioning::new(auto_stop),
            joining: Ssid::default(),
            wifi_script: VecDeque::new(),
            thread_script: VecDeque::new(),
            scan_polls_left: 0,
        }
    }

    /// A scan is over at the third look.
    fn progress(&mut self, found: usize) -> ScanProgress {
        let finished = self.scan_polls_left == 0;
        self.scan_polls_left = self.scan_polls_left.saturating_sub(1);
        ScanProgress::new(finished, if finished { found as u32 } else { 0 })
    }

    fn wifi_step(&mut self) {
        match self.wifi_script.pop_front() {
            None | Some(Step::Nothing) => {}
            Some(Step::AttemptFailed(remaining)) => self.wifi.on_attempt_failed(remaining),
            Some(Step::Failed(reason)) => self.wifi.on_failed(reason),
            Some(Step::Connected) => {
                let connection = connection(&self.networks, &self.joining);
                self.wifi.on_connected(connection);
            }
        }
    }

    fn thread_step(&mut self) {
        match self.thread_script.pop_front() {
            None | Some(Step::Nothing | Step::AttemptFailed(_)) => {}
            Some(Step::Failed(reason)) => self.thread.on_failed(reason),
            Some(Step::Connected) => {
                let heard = &self.thread_networks[0];
                let mut attached = ThreadAttachment::new(heard.name.clone(), heard.pan_id, heard.channel);
                attached.ext_pan_id = Some(heard.ext_pan_id);
                self.thread.on_connected(attached);
            }
        }
    }
}

impl Application for World {
    by_the_radios!(heard);
    by_the_radios!(reset and reprov);

    fn start_wifi_scan(&mut self, _: WifiScanParams) -> Result<(), StatusCode> {
        self.scan_polls_left = 2;
        Ok(())
    }

    fn start_thread_scan(&mut self, _: ThreadScanParams) -> Result<(), StatusCode> {
        self.scan_polls_left = 2;
        Ok(())
    }

    fn set_wifi(&mut self, config: &WifiConfigRequest<'_>) -> Result<(), StatusCode> {
        self.wifi.set(config.ssid.clone());
        Ok(())
    }

    fn apply_wifi(&mut self) -> Result<(), StatusCode> {
        self.joining = self.wifi.apply()?;
        self.wifi_script = match self.joining.as_bytes() {
            b"flaky" => [Step::AttemptFailed(2), Step::AttemptFailed(1), Step::Connected].into(),
            b"badpass" => [Step::Failed(WifiFailure::AuthError)].into(),
            _ if self.networks.iter().any(|ap| ap.ssid == self.joining) => {
                [Step::Nothing, Step::Connected].into()
            }
            _ => [Step::Failed(WifiFailure::NetworkNotFound)].into(),
        };
        Ok(())
    }

    fn wifi_status(&mut self) -> Result<WifiStatus, StatusCode> {
        let status = self.wifi.status();
        self.wifi_step();
        Ok(status)
    }

    fn set_thread(&mut self, dataset: &[u8]) -> Result<(), StatusCode> {
        self.thread.set(dataset.to_vec());
        Ok(())
    }

    fn apply_thread(&mut self) -> Result<(), StatusCode> {
        let dataset = self.thread.apply()?;
        let heard = |network: &ThreadNetwork| dataset.windows(8).any(|window| window == network.ext_pan_id);
        self.thread_script = if dataset.first() != Some(&0) {
            [Step::Failed(ThreadFailure::DatasetInvalid)].into()
        } else if self.thread_networks.iter().any(heard) {
            [Step::Nothing, Step::Connected].into()
        } else {
            [Step::Failed(ThreadFailure::NetworkNotFound)].into()
        };
        Ok(())
    }

    fn thread_status(&mut self) -> Result<ThreadStatus, StatusCode> {
        let status = self.thread.status();
        self.thread_step();
        Ok(status)
    }

    fn endpoint(&self, index: usize) -> Option<&str> {
        ["custom-data", "echo", "broken"].get(index).copied()
    }

    fn custom(&mut self, endpoint: &str, request: &[u8], reply: &mut [u8]) -> Result<usize, HandlerFailed> {
        let answer: &[u8] = match endpoint {
            "custom-data" => b"SUCCESS\0",
            "echo" if request == b"say nothing" => b"",
            "echo" => request,
            _ => return Err(HandlerFailed),
        };
        reply
            .get_mut(..answer.len())
            .ok_or(HandlerFailed)?
            .copy_from_slice(answer);
        Ok(answer.len())
    }
}

fn thread_networks() -> Vec<ThreadNetwork> {
    let network = |name: &[u8], pan_id, ext_pan_id, channel, rssi, lqi| {
        let name = ThreadName::new(name).unwrap_or_default();
        let mut network = ThreadNetwork::new(name, pan_id, ext_pan_id, channel);
        network.ext_addr = [0xb2, 0x10, 0x40, 0x60, 0x80, 0xa0, 0xc0, lqi as u8];
        network.rssi = rssi;
        network.lqi = lqi;
        network
    };
    let ours = [0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x22, 0x22];
    vec![
        network(b"OpenThread-1", 0x1234, ours, 15, -40, 255),
        network(b"sixteen bytes ok", 0xfffe, [0xff; 8], 26, -97, 3),
    ]
}
