//! Texts and small binary documents. What was read and written again must read back to the same value.

use espprov_types::{DeviceInfo, SetupPayload, ThreadDataset};

/// The reply to `proto-ver`.
pub fn proto_ver(data: &[u8]) {
    let Ok(info) = DeviceInfo::parse(data) else {
        return;
    };
    let _ = (
        info.scheme(),
        info.patch_level(),
        info.supports_wifi(),
        info.supports_thread(),
    );
    let mut text = String::new();
    info.write(&mut text).expect("a String takes everything");
    assert_eq!(DeviceInfo::parse(text.as_bytes()).as_ref(), Ok(&info), "{text}");
}

/// The text of a QR code, in any of its forms.
pub fn setup_payload(data: &[u8]) {
    let Ok(payload) = core::str::from_utf8(data)
        .map_err(drop)
        .and_then(|text| SetupPayload::parse(text).map_err(drop))
    else {
        return;
    };
    let mut text = String::new();
    // Secrets that are not UTF-8 cannot be written.
    if payload.write_json(&mut text).is_ok() {
        assert!(
            SetupPayload::parse(&text).as_ref() == Ok(&payload),
            "JSON does not read back"
        );
        let mut link = String::new();
        payload
            .write_url("https://example.org/qr.html", &mut link)
            .expect("it has just been written");
        assert!(
            SetupPayload::parse(&link).as_ref() == Ok(&payload),
            "the link does not read back"
        );
    }
}

/// Thread dataset: as bytes, and as the hex text of the command line.
pub fn thread_dataset(data: &[u8]) {
    if let Ok(dataset) = ThreadDataset::from_bytes(data) {
        assert!(dataset.expose() == data);
    }
    if let Ok(raw) = ThreadDataset::from_raw(data) {
        let _ = (
            raw.channel(),
            raw.pan_id(),
            raw.ext_pan_id(),
            raw.network_name(),
            raw.has_network_key(),
        );
        let shown = format!("{raw:?}");
        assert!(shown.len() < 1000, "Debug output is bounded");
    }
    if let Ok(text) = core::str::from_utf8(data) {
        let _ = ThreadDataset::from_hex(text);
    }
}
