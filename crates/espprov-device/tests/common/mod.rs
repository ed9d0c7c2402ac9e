//! A small device for tests: the networks of the recorded scenario, and a radio that follows a script.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]

mod air;
mod radios;

pub(crate) use air::networks;

use air::connection;
use core::convert::Infallible;
use core::time::Duration;
use espprov_device::{
    Application, AutoStop, Device, HandlerFailed, NoSecurity, Outcome, Quirks, Refusal, ScanProgress,
    ThreadProvisioning, ThreadScanParams, WifiConfigRequest, WifiProvisioning, WifiScanParams,
};
use espprov_security::{Channel, ChannelError, DeviceHandshake, HandshakeError};
use espprov_types::{
    AccessPoint, Bssid, Ssid, StatusCode, ThreadAttachment, ThreadName, ThreadNetwork, ThreadStatus,
    WifiFailure, WifiStatus,
};
use radios::by_the_radios;
use std::collections::VecDeque;

/// When nothing depends on time.
pub const NOW: Duration = Duration::ZERO;

/// What the radio does at the next poll.
#[derive(Clone)]
pub enum Step {
    Nothing,
    AttemptFailed(u32),
    Failed(WifiFailure),
    Connected,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Stored {
    pub ssid: Vec<u8>,
    pub passphrase: Vec<u8>,
    pub bssid: Option<Bssid>,
    pub channel: i32,
}

/// One radio script per applied SSID; a step is taken after each status.
pub struct TestApp {
    pub networks: Vec<AccessPoint>,
    pub thread_networks: Vec<ThreadNetwork>,
    pub wifi: WifiProvisioning<Stored>,
    pub thread: ThreadProvisioning<Vec<u8>>,
    pub script: VecDeque<Step>,
    pub applied: Option<Stored>,
    pub stop_scheduled: usize,
    pub last_scan: Option<WifiScanParams>,
    pub last_thread_scan: Option<ThreadScanParams>,
    /// Progress calls until a scan is over.
    pub scan_takes: u32,
    thread_polls: u32,
}

impl TestApp {
    pub fn new(auto_stop: AutoStop) -> Self {
        Self {
            networks: networks(),
            thread_networks: Vec::new(),
            wifi: WifiProvisioning::new(auto_stop),
            thread: ThreadProvisioning::new(auto_stop),
            script: VecDeque::new(),
            applied: None,
            stop_scheduled: 0,
            last_scan: None,
            last_thread_scan: None,
            scan_takes: 0,
            thread_polls: 0,
        }
    }

    fn progress(&mut self, count: usize) -> ScanProgress {
        let finished = self.scan_takes == 0;
        self.scan_takes = self.scan_takes.saturating_sub(1);
        ScanProgress::new(finished, count as u32)
    }

    fn step(&mut self) {
        match self.script.pop_front() {
            None | Some(Step::Nothing) => {}
            Some(Step::AttemptFailed(remaining)) => self.wifi.on_attempt_failed(remaining),
            Some(Step::Failed(reason)) => self.wifi.on_failed(reason),
            Some(Step::Connected) => {
                let ssid = Ssid::new(&self.applied.as_ref().unwrap().ssid).unwrap();
                self.wifi.on_connected(connection(&self.networks, &ssid));
            }
        }
    }
}

impl Application for TestApp {
    by_the_radios!(heard);
    by_the_radios!(reset and reprov);

    fn start_wifi_scan(&mut self, params: WifiScanParams) -> Result<(), StatusCode> {
        self.last_scan = Some(params);
        Ok(())
    }
    fn start_thread_scan(&mut self, params: ThreadScanParams) -> Result<(), StatusCode> {
        self.last_thread_scan = Some(params);
        Ok(())
    }
    fn set_wifi(&mut self, config: &WifiConfigRequest<'_>) -> Result<(), StatusCode> {
        self.wifi.set(Stored {
            ssid: config.ssid.as_bytes().to_vec(),
            passphrase: config.passphrase.to_vec(),
            bssid: config.bssid,
            channel: config.channel,
        });
        Ok(())
    }
    fn apply_wifi(&mut self) -> Result<(), StatusCode> {
        self.applied = Some(self.wifi.apply()?);
        Ok(())
    }
    fn wifi_status(&mut self) -> Result<WifiStatus, StatusCode> {
        let status = self.wifi.status();
        self.step();
        Ok(status)
    }
    fn set_thread(&mut self, dataset: &[u8]) -> Result<(), StatusCode> {
        self.thread.set(dataset.to_vec());
        Ok(())
    }
    fn apply_thread(&mut self) -> Result<(), StatusCode> {
        self.thread.apply().map(drop)
    }
    fn thread_status(&mut self) -> Result<ThreadStatus, StatusCode> {
        self.thread_polls += 1;
        if self.thread_polls == 3 {
            let name = ThreadName::new(b"OpenThread-1").unwrap();
            let mut attached = ThreadAttachment::new(name, 0x1234, 15);
            attached.ext_pan_id = Some([0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x22, 0x22]);
            self.thread.on_connected(attached);
        }
        Ok(self.thread.status())
    }
    fn after_connected_status(&mut self) {
        self.stop_scheduled += 1;
    }
    fn endpoint(&self, index: usize) -> Option<&str> {
        ["custom-data", "broken", "huge"].get(index).copied()
    }
    fn custom(&mut self, endpoint: &str, request: &[u8], reply: &mut [u8]) -> Result<usize, HandlerFailed> {
        match endpoint {
            "broken" => Err(HandlerFailed),
            "huge" => Ok(usize::MAX),
            _ if request == b"nothing" => Ok(0),
            _ => {
                reply
                    .get_mut(..8)
                    .ok_or(HandlerFailed)?
                    .copy_from_slice(b"SUCCESS\0");
                Ok(8)
            }
        }
    }
}

pub fn thread_network(name: &[u8]) -> ThreadNetwork {
    let mut network = ThreadNetwork::new(ThreadName::new(name).unwrap(), 0xffff, [0xff; 8], 26);
    network.ext_addr = [0xee; 8];
    network.rssi = -100;
    network.lqi = 255;
    network
}

pub fn script_for(ssid: &[u8]) -> VecDeque<Step> {
    use Step::*;
    match ssid {
        b"flaky" => [AttemptFailed(2), AttemptFailed(1), Connected].into(),
        b"badpass" => [Failed(WifiFailure::AuthError)].into(),
        b"absent" => [Failed(WifiFailure::NetworkNotFound)].into(),
        _ => [Nothing, Connected].into(),
    }
}

/// A device without security and with the recorded networks.
pub fn plain(quirks: Quirks) -> Device<NoSecurity, TestApp> {
    Device::new(
        "v1.1",
        NoSecurity::default(),
        TestApp::new(AutoStop::Enabled),
        quirks,
    )
}

/// One exchange; the reply as bytes.
pub fn exchange<S: DeviceHandshake, A: Application>(
    device: &mut Device<S, A>,
    endpoint: &str,
    request: &[u8],
) -> Result<Vec<u8>, Refusal> {
    let mut buf = vec![0; 4096];
    buf[..request.len()].copy_from_slice(request);
    match device.handle(endpoint, &mut buf, request.len(), NOW, &mut NoEntropy) {
        Outcome::Reply(len) => Ok(buf[..len].to_vec()),
        Outcome::Refused(refusal) => {
            assert!(buf.iter().all(|&b| b == 0), "a refusal leaves nothing behind");
            Err(refusal)
        }
        other => panic!("{endpoint}: {other:?}"),
    }
}

/// Not random: only handshakes need entropy.
pub struct NoEntropy;
impl rand_core::TryRng for NoEntropy {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(4)
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(4)
    }
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Infallible> {
        dest.fill(4);
        Ok(())
    }
}
impl rand_core::TryCryptoRng for NoEntropy {}

/// Deterministic, and different at every call, as handshakes need.
pub struct Counter(pub u64);
impl rand_core::TryRng for Counter {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(self.try_next_u64()? as u32)
    }
    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        Ok(self.0)
    }
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Self::Error> {
        for byte in dest {
            *byte = (self.try_next_u64()? >> 33) as u8;
        }
        Ok(())
    }
}
impl rand_core::TryCryptoRng for Counter {}

/// A scheme whose cipher state can be seen: the handshake is `hello` then the proof `right`, and every record
/// carries the operation count as its last byte.
#[derive(Default)]
pub struct Counting {
    greeted: bool,
    channel: Option<CountingChannel>,
}

#[derive(Default)]
pub struct CountingChannel {
    pub count: u8,
}

impl DeviceHandshake for Counting {
    type Channel = CountingChannel;
    fn handle_request<R: rand_core::TryCryptoRng>(
        &mut self,
        request: &[u8],
        _: &mut R,
        out: &mut [u8],
    ) -> Result<usize, HandshakeError> {
        out[0] = b'!';
        match request {
            b"hello" => {
                self.greeted = true;
                self.channel = None;
                Ok(1)
            }
            b"right" if self.greeted => {
                self.channel = Some(CountingChannel::default());
                Ok(1)
            }
            _ => Err(HandshakeError::NotFinished),
        }
    }
    fn channel(&mut self) -> Option<&mut CountingChannel> {
        self.channel.as_mut()
    }
    fn reset(&mut self) {
        *self = Self::default();
    }
}

impl Channel for CountingChannel {
    fn overhead(&self) -> usize {
        1
    }
    fn seal(&mut self, buf: &mut [u8], len: usize) -> Result<usize, ChannelError> {
        *buf.get_mut(len)
            .ok_or(ChannelError::BufferTooShort { needed: len + 1 })? = self.count;
        self.count += 1;
        Ok(len + 1)
    }
    fn open<'b>(&mut self, buf: &'b mut [u8]) -> Result<&'b [u8], ChannelError> {
        let (&mut tag, plain) = buf.split_last_mut().ok_or(ChannelError::RecordTooShort)?;
        if tag != self.count {
            return Err(ChannelError::Forged);
        }
        self.count += 1;
        Ok(plain)
    }
}
