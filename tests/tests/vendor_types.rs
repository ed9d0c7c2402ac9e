//! What `espprov-types` reads and writes, held to what vendor firmware and clients were recorded to say.

use espprov_tests::vendor;
use espprov_types::{DeviceInfo, ThreadDataset};
use serde_json::Value;
use std::collections::BTreeSet;

/// The proto-ver replies of all recorded exchanges, each once.
fn replies() -> BTreeSet<Vec<u8>> {
    vendor::load()
        .iter()
        .flat_map(|vector| &vector.exchange)
        .filter(|exchange| exchange.endpoint == "proto-ver")
        .filter_map(|exchange| exchange.response_plain.as_ref())
        .map(|reply| reply.0.clone())
        .collect()
}

#[test]
fn version_replies_are_read_and_written_byte_for_byte() {
    let replies = replies();
    assert!(replies.len() >= 7, "the recorded replies are gone");
    for reply in replies {
        let info = DeviceInfo::parse(&reply).unwrap();
        let mut written = String::new();
        info.write(&mut written).unwrap();
        assert_eq!(written.as_bytes(), reply);
        // What was read is what serde_json reads.
        let prov = &serde_json::from_slice::<Value>(&reply).unwrap()["prov"];
        assert_eq!(info.version, prov["ver"].as_str().unwrap());
        assert_eq!(info.security.map(u64::from), prov["sec_ver"].as_u64());
        assert_eq!(info.patch.map(u64::from), prov["sec_patch_ver"].as_u64());
        let names: Vec<_> = prov["cap"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c.as_str().unwrap())
            .collect();
        assert!(info.capabilities.names().eq(names));
    }
}

/// The unit tests of `espprov-types` have some of them as literals, for a package brings no recordings.
#[test]
fn literals_are_recorded() {
    let literals = include_str!("../../crates/espprov-types/src/info_tests.rs");
    let recorded: Vec<_> = replies()
        .iter()
        .map(|reply| format!("b{:?}", String::from_utf8_lossy(reply)))
        .collect();
    let found: Vec<_> = literals
        .lines()
        .map(|line| line.trim().trim_end_matches(','))
        .filter(|line| line.starts_with("b\"{") && line.contains("netprov-v1.2"))
        .collect();
    assert_eq!(found.len(), 3);
    for literal in found {
        assert!(recorded.iter().any(|one| one == literal), "{literal}");
    }
}

/// TypeCmdSetThreadConfig: 08 08, field 18 (92 01) of 39 bytes, field 1 (0a) of 37 bytes: the dataset.
#[test]
fn a_minimal_dataset_is_what_the_vendor_client_sends() {
    let vectors = vendor::load();
    let sent = vectors
        .iter()
        .flat_map(|vector| &vector.exchange)
        .filter_map(|exchange| exchange.request_plain.as_ref())
        .find_map(|request| {
            request
                .0
                .strip_prefix(&[0x08, 0x08, 0x92, 0x01, 0x27, 0x0a, 0x25])
        })
        .expect("a recording that sets a dataset");
    let key = *b"\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef";
    let dataset = ThreadDataset::minimal(15, [0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x22, 0x22], &key, 0x1234);
    assert_eq!(dataset.expose(), sent);
}
