//! The recorded application exchanges of vendor firmware against the device half, as plaintext.
//!
//! Twice: with an application that behaves as the recorded device did by its own rules (only for the recordings
//! in this repository, whose world is known), and with one that takes what the radios did from the recording,
//! for any recording: then dispatch, step rules and encoding are what is checked.

#[path = "../../crates/espprov-device/tests/common/radios.rs"]
mod radios;

use core::time::Duration;
use espprov_device::{
    Application, AutoStop, Device, Firmware, HandlerFailed, NoSecurity, Outcome, Quirks, Refusal,
    ScanProgress, ThreadProvisioning, ThreadScanParams, VersionReply, WifiConfigRequest, WifiProvisioning,
    WifiScanParams,
};
use espprov_proto::config::{
    NetworkConfigPayload, RespGetThreadStatus, RespGetWifiStatus, network_config_payload as config,
    resp_get_thread_status as thread_status, resp_get_wifi_status as wifi_status,
};
use espprov_proto::ctrl::NetworkCtrlPayload;
use espprov_proto::scan::{NetworkScanPayload, network_scan_payload as scan};
use espprov_tests::rng::Script;
use espprov_tests::vendor::{self, Exchange, Vector};
use espprov_tests::world::World;
use espprov_types::{
    AccessPoint, AuthMode, Bssid, Capabilities, DeviceInfo, SecurityScheme, Ssid, StatusCode,
    ThreadAttachment, ThreadFailure, ThreadName, ThreadNetwork, ThreadStatus, WifiConnection, WifiFailure,
    WifiStatus,
};
use radios::by_the_radios;
use std::path::Path;

/// Nothing here depends on time.
const NOW: Duration = Duration::ZERO;

fn send<A: Application>(
    device: &mut Device<NoSecurity, A>,
    endpoint: &str,
    request: &[u8],
) -> Result<Vec<u8>, Refusal> {
    let mut buf = vec![0; 4096];
    buf[..request.len()].copy_from_slice(request);
    let mut outcome = device.handle(endpoint, &mut buf, request.len(), NOW, &mut Script::new(&[]));
    while outcome == Outcome::Pending {
        outcome = device.resume(&mut buf, NOW);
    }
    match outcome {
        Outcome::Reply(len) => Ok(buf[..len].to_vec()),
        Outcome::Refused(refusal) => Err(refusal),
        other => panic!("{endpoint}: {other:?}"),
    }
}

/// Exchanges that the device answered, as plaintext; handshakes have tests of their own.
fn answered(vector: &Vector) -> impl Iterator<Item = (&Exchange, &[u8], &[u8])> {
    vector.exchange.iter().filter_map(|exchange| {
        let request = exchange.request_plain.as_ref()?;
        let response = exchange.response_plain.as_ref()?;
        (exchange.endpoint != "prov-session").then_some((exchange, &request.0[..], &response.0[..]))
    })
}

// ---- a device that behaves by rules of its own ----

/// `strndup` on a BSSID with a 00 octet: what follows in the recording is leftover heap. Ours sends zeros.
fn without_leftovers(reply: &[u8]) -> Vec<u8> {
    let mut reply = reply.to_vec();
    let corrupted = [0x22, 0x06, 0x24, 0x0a, 0xc4, 0x00];
    if let Some(at) = reply.windows(6).position(|window| window == corrupted) {
        reply[at + 6..at + 8].fill(0);
    }
    reply
}

/// What the recorded device was built as.
fn built_as(vector: &Vector) -> DeviceInfo {
    let scheme = SecurityScheme::from_number(vector.security);
    let thread = vector.name.contains("thread");
    let mut capabilities = Capabilities::default();
    capabilities.no_pop = scheme == SecurityScheme::Sec1 && vector.pop.as_deref() == Some("");
    capabilities.wifi_prov = !thread;
    capabilities.wifi_scan = !thread;
    capabilities.thread_prov = thread;
    capabilities.thread_scan = thread;
    let mut info = Firmware::Idf6.device_info(scheme, capabilities);
    let on_older_idf =
        vector.name.contains("v52") || (scheme == SecurityScheme::Sec2 && vector.sec_patch_ver == Some(0));
    if on_older_idf {
        // network_provisioning on ESP-IDF 5.2: its names, without the patch key.
        info.patch = None;
    }
    info
}

#[test]
fn recorded_device_byte_for_byte() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/vendor");
    let mut replayed = 0;
    for vector in vendor::load_from(&directory) {
        let mut quirks = Quirks::default();
        quirks.bssid_cut_at_nul = true;
        let world = World::new(AutoStop::Enabled);
        let mut device = Device::new(built_as(&vector), NoSecurity::default(), world, quirks);
        for (exchange, request, recorded) in answered(&vector) {
            let reply = send(&mut device, &exchange.endpoint, request)
                .unwrap_or_else(|refusal| panic!("{}: {refusal}", vector.name));
            assert_eq!(
                hex::encode(without_leftovers(&reply)),
                hex::encode(without_leftovers(recorded)),
                "{} {} {}",
                vector.name,
                exchange.endpoint,
                hex::encode(request),
            );
            replayed += 1;
        }
    }
    assert!(replayed > 100, "{replayed} exchanges");
}

// ---- a device whose radios do what the recording says ----

/// Radios that replay: before each request they are told what the recorded answer needs of them. What follows
/// from the protocol's own rules (apply, set, reset, refusals, encoding) is not told.
struct Replay {
    endpoints: Vec<String>,
    wifi: WifiProvisioning<()>,
    thread: ThreadProvisioning<()>,
    start: Result<(), StatusCode>,
    progress: ScanProgress,
    first: u32,
    networks: Vec<AccessPoint>,
    thread_networks: Vec<ThreadNetwork>,
    custom: Vec<u8>,
}

impl Application for Replay {
    by_the_radios!(apply and status);
    by_the_radios!(reset and reprov);

    fn start_wifi_scan(&mut self, _: WifiScanParams) -> Result<(), StatusCode> {
        self.start
    }
    fn wifi_scan_progress(&mut self) -> Result<ScanProgress, StatusCode> {
        Ok(self.progress)
    }
    fn wifi_scan_result(&mut self, index: u32) -> Option<AccessPoint> {
        self.networks
            .get(index.checked_sub(self.first)? as usize)
            .cloned()
    }
    fn start_thread_scan(&mut self, _: ThreadScanParams) -> Result<(), StatusCode> {
        self.start
    }
    fn thread_scan_progress(&mut self) -> Result<ScanProgress, StatusCode> {
        Ok(self.progress)
    }
    fn thread_scan_result(&mut self, index: u32) -> Option<ThreadNetwork> {
        self.thread_networks
            .get(index.checked_sub(self.first)? as usize)
            .cloned()
    }
    fn set_wifi(&mut self, _: &WifiConfigRequest<'_>) -> Result<(), StatusCode> {
        self.wifi.set(());
        Ok(())
    }
    fn set_thread(&mut self, _: &[u8]) -> Result<(), StatusCode> {
        self.thread.set(());
        Ok(())
    }
    fn endpoint(&self, index: usize) -> Option<&str> {
        self.endpoints.get(index).map(String::as_str)
    }
    fn custom(&mut self, _: &str, _: &[u8], reply: &mut [u8]) -> Result<usize, HandlerFailed> {
        let out = reply.get_mut(..self.custom.len()).ok_or(HandlerFailed)?;
        out.copy_from_slice(&self.custom);
        Ok(self.custom.len())
    }
}

const STANDARD: [&str; 5] = [
    "prov-session",
    "proto-ver",
    "prov-scan",
    "prov-config",
    "prov-ctrl",
];

impl Replay {
    fn new(vector: &Vector) -> Self {
        let mut endpoints: Vec<String> = vector.exchange.iter().map(|e| e.endpoint.clone()).collect();
        endpoints.sort();
        endpoints.dedup();
        endpoints.retain(|name| !STANDARD.contains(&name.as_str()));
        let reprov = answered(vector).any(|(exchange, request, response)| {
            let message = espprov_proto::decode::<NetworkCtrlPayload>(response);
            let asks = matches!(request.get(..2), Some([0x08, 3 | 7]));
            exchange.endpoint == "prov-ctrl" && asks && message.is_ok_and(|message| message.status == 0)
        });
        let auto_stop = if reprov {
            AutoStop::Disabled
        } else {
            AutoStop::Enabled
        };
        Self {
            endpoints,
            wifi: WifiProvisioning::new(auto_stop),
            thread: ThreadProvisioning::new(auto_stop),
            start: Ok(()),
            progress: ScanProgress::new(true, 0),
            first: 0,
            networks: Vec::new(),
            thread_networks: Vec::new(),
            custom: Vec::new(),
        }
    }

    /// Brings the radios into the state that the answer tells of. `None`: it holds what the vocabulary of
    /// this project cannot say, such as an SSID of 33 bytes, and is left out.
    fn prepare(&mut self, endpoint: &str, request: &[u8], response: &[u8]) -> Option<()> {
        match endpoint {
            "prov-scan" => self.prepare_scan(request, response),
            "prov-config" => {
                let reply: NetworkConfigPayload = espprov_proto::decode(response).ok()?;
                match reply.payload? {
                    config::Payload::RespGetWifiStatus(status) => self.prepare_wifi(status),
                    config::Payload::RespGetThreadStatus(status) => self.prepare_thread(status),
                    _ => Some(()),
                }
            }
            "prov-ctrl" => Some(()),
            _ => {
                self.custom = response.to_vec();
                Some(())
            }
        }
    }

    fn prepare_scan(&mut self, request: &[u8], response: &[u8]) -> Option<()> {
        let reply: NetworkScanPayload = espprov_proto::decode(response).ok()?;
        let page = match espprov_proto::decode::<NetworkScanPayload>(request).ok()?.payload {
            Some(scan::Payload::CmdScanWifiResult(page)) => (page.start_index, page.count),
            Some(scan::Payload::CmdScanThreadResult(page)) => (page.start_index, page.count),
            _ => (0, 0),
        };
        self.first = page.0;
        self.start = StatusCode::check(reply.status);
        self.progress = ScanProgress::new(true, page.0.saturating_add(page.1));
        match reply.payload? {
            scan::Payload::RespScanWifiStatus(status) => {
                self.progress = ScanProgress::new(status.scan_finished, status.result_count);
            }
            scan::Payload::RespScanThreadStatus(status) => {
                self.progress = ScanProgress::new(status.scan_finished, status.result_count);
            }
            scan::Payload::RespScanWifiResult(result) => {
                let entries = result.entries.into_iter().map(|entry| {
                    let ssid = without_nul(&entry.ssid).and_then(|ssid| Ssid::new(ssid).ok())?;
                    let bssid = Bssid::from_slice(&entry.bssid).ok()?;
                    let auth = AuthMode::from_wire(entry.auth);
                    Some(AccessPoint::new(ssid, bssid, entry.channel, entry.rssi, auth))
                });
                self.networks = entries.collect::<Option<_>>()?;
            }
            scan::Payload::RespScanThreadResult(result) => {
                let entries = result.entries.into_iter().map(|entry| {
                    let mut network = ThreadNetwork::new(
                        without_nul(&entry.network_name).and_then(ThreadName::new)?,
                        entry.pan_id.try_into().ok()?,
                        entry.ext_pan_id.try_into().ok()?,
                        entry.channel.try_into().ok()?,
                    );
                    network.ext_addr = entry.ext_addr.try_into().ok()?;
                    network.rssi = entry.rssi;
                    network.lqi = entry.lqi;
                    Some(network)
                });
                self.thread_networks = entries.collect::<Option<_>>()?;
            }
            _ => {}
        }
        Some(())
    }

    fn prepare_wifi(&mut self, status: RespGetWifiStatus) -> Option<()> {
        match (status.wifi_sta_state, status.state) {
            (0, Some(wifi_status::State::WifiConnected(state))) => {
                let ssid = without_nul(&state.ssid).and_then(|ssid| Ssid::new(ssid).ok())?;
                let mut connection = WifiConnection::new(ssid);
                connection.ip = Some(state.ip4_addr.parse().ok()?);
                connection.bssid = Some(Bssid::from_slice(&state.bssid).ok()?);
                connection.channel = Some(state.channel);
                connection.auth = AuthMode::from_wire(state.auth_mode);
                self.wifi.on_connected(connection);
            }
            (1, Some(wifi_status::State::AttemptFailed(attempt))) => {
                self.wifi.on_attempt_failed(attempt.attempts_remaining);
            }
            (3, Some(wifi_status::State::WifiFailReason(reason))) => self.wifi.on_failed(match reason {
                0 => WifiFailure::AuthError,
                1 => WifiFailure::NetworkNotFound,
                other => WifiFailure::Unknown(Some(other)),
            }),
            (1, None) => {}
            _ => return None,
        }
        Some(())
    }

    fn prepare_thread(&mut self, status: RespGetThreadStatus) -> Option<()> {
        match (status.thread_state, status.state) {
            (0, Some(thread_status::State::ThreadAttached(state))) => {
                let mut attached = ThreadAttachment::new(
                    without_nul(&state.name).and_then(ThreadName::new)?,
                    state.pan_id.try_into().ok()?,
                    state.channel.try_into().ok()?,
                );
                attached.ext_pan_id = Some(state.ext_pan_id.try_into().ok()?);
                self.thread.on_connected(attached);
            }
            (3, Some(thread_status::State::ThreadFailReason(reason))) => {
                self.thread.on_failed(match reason {
                    0 => ThreadFailure::DatasetInvalid,
                    1 => ThreadFailure::NetworkNotFound,
                    other => ThreadFailure::Unknown(Some(other)),
                })
            }
            (1, None) => {}
            _ => return None,
        }
        Some(())
    }
}

fn without_nul(bytes: &[u8]) -> Option<&[u8]> {
    (!bytes.contains(&0)).then_some(bytes)
}

/// The version document, if ours can say all that the recorded one does.
fn version(vector: &Vector) -> VersionReply {
    let recorded = answered(vector).find(|(exchange, ..)| exchange.endpoint == "proto-ver");
    match recorded.map(|(.., response)| DeviceInfo::parse(response)) {
        Some(Ok(info)) => info.into(),
        _ => "v1.1".into(),
    }
}

#[test]
fn vendor_application_exchanges() {
    let (mut replayed, mut left_out) = (0, 0);
    for vector in vendor::load() {
        let mut device = Device::new(
            version(&vector),
            NoSecurity::default(),
            Replay::new(&vector),
            Quirks::default(),
        );
        for (exchange, request, recorded) in answered(&vector) {
            let endpoint = exchange.endpoint.as_str();
            let told = device.app().prepare(endpoint, request, recorded).is_some();
            let foreign_version = endpoint == "proto-ver"
                && !DeviceInfo::parse(recorded).is_ok_and(|info| info.apps.is_empty());
            if exchange.status.is_some_and(|status| status != 200) || !told || foreign_version {
                left_out += 1;
                continue;
            }
            let reply = send(&mut device, endpoint, request)
                .unwrap_or_else(|refusal| panic!("{} {endpoint}: {refusal}", vector.name));
            assert_eq!(
                hex::encode(reply),
                hex::encode(recorded),
                "{} {endpoint} {}",
                vector.name,
                hex::encode(request),
            );
            replayed += 1;
        }
    }
    println!("{replayed} application exchanges replayed, {left_out} left out");
}
