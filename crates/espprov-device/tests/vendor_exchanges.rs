//! The recorded plaintext exchanges of vendor firmware, request by request: our replies must be the recorded
//! bytes. The directory comes from `ESPPROV_VECTORS`, or is `tests/vectors/vendor`.

mod common;

use common::{TestApp, exchange, script_for};
use espprov_device::{AutoStop, Device, Firmware, NoSecurity, Quirks};
use espprov_proto::config::network_config_payload::Payload;
use espprov_types::{Capabilities, DeviceInfo, SecurityScheme};
use std::path::PathBuf;

/// `strndup` on a BSSID with a 00 octet: what follows in the recording is leftover heap. Ours sends zeros.
fn without_leftovers(mut reply: Vec<u8>) -> Vec<u8> {
    let corrupted = [0x22, 0x06, 0x24, 0x0a, 0xc4, 0x00];
    if let Some(at) = reply.windows(6).position(|w| w == corrupted) {
        reply[at + 6..at + 8].fill(0);
    }
    reply
}

/// What the recorded device was built as, out of what the file says of it.
fn recorded_info(vector: &serde_json::Value) -> DeviceInfo {
    let scheme = SecurityScheme::from_number(vector["security"].as_u64().expect("security") as u8);
    let thread = vector["exchange"].as_array().unwrap().iter().any(|step| {
        step["request_plain"]
            .as_str()
            .is_some_and(|hex| step["endpoint"] == "prov-config" && hex.starts_with("0806"))
    });
    let capabilities = Capabilities {
        no_pop: scheme == SecurityScheme::Sec1 && vector["pop"].as_str().is_none_or(str::is_empty),
        wifi_prov: !thread,
        wifi_scan: !thread,
        thread_prov: thread,
        thread_scan: thread,
        ..Capabilities::default()
    };
    let mut info = Firmware::Idf6.device_info(scheme, capabilities);
    if vector["device"]
        .as_str()
        .is_some_and(|device| device.contains("5.2"))
    {
        // network_provisioning on an older ESP-IDF: its names, without the patch key.
        info.patch = None;
    }
    info
}

#[test]
fn vendor_application_exchanges_byte_for_byte() {
    let dir = std::env::var_os("ESPPROV_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/vendor"),
        PathBuf::from,
    );
    let mut files: Vec<_> = std::fs::read_dir(&dir)
        .expect("vector directory")
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "json"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no vectors in {}", dir.display());
    let mut replayed = 0;
    for path in &files {
        let vector: serde_json::Value =
            serde_json::from_slice(&std::fs::read(path).unwrap()).expect("vector is JSON");
        let mut quirks = Quirks::default();
        quirks.bssid_cut_at_nul = true;
        let mut device = Device::new(
            recorded_info(&vector),
            NoSecurity::default(),
            TestApp::new(AutoStop::Enabled),
            quirks,
        );
        for step in vector["exchange"].as_array().expect("exchange list") {
            let endpoint = step["endpoint"].as_str().expect("endpoint");
            if endpoint == "prov-session" {
                continue; // handshakes have tests of their own
            }
            let bytes = |key: &str| hex::decode(step[key].as_str().expect(key)).expect("hex");
            let (request, recorded) = (bytes("request_plain"), bytes("response_plain"));
            if let Ok(message) =
                espprov_proto::decode::<espprov_proto::config::NetworkConfigPayload>(&request)
                && let Some(Payload::CmdSetWifiConfig(config)) = &message.payload
                && endpoint == "prov-config"
            {
                device.app().script = script_for(&config.ssid);
            }
            let reply = exchange(&mut device, endpoint, &request).expect("the recorded device answered");
            assert_eq!(
                hex::encode(without_leftovers(reply)),
                hex::encode(without_leftovers(recorded)),
                "{} {endpoint} {}",
                path.display(),
                hex::encode(&request),
            );
            replayed += 1;
        }
    }
    println!(
        "vendor vectors: {} files from {}, {replayed} application exchanges",
        files.len(),
        dir.display()
    );
    assert!(replayed > 0, "nothing replayed");
}
