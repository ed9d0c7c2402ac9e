//! What the devices of the recordings hear, and what they say once they are on.
//!
//! The vectors' device in `tests` uses this file, too.

use espprov_types::{AccessPoint, AuthMode, Bssid, Ssid, WifiConnection};

/// The networks of the recordings, strongest first: hidden, 32 bytes, UTF-8 and not, two with one name, high
/// channels.
pub(crate) fn networks() -> Vec<AccessPoint> {
    let ap = |ssid: &[u8], channel, rssi, bssid, auth| {
        let ssid = Ssid::new(ssid).unwrap_or_default();
        AccessPoint::new(ssid, Bssid::new(bssid), channel, rssi, AuthMode::from_wire(auth))
    };
    let many = |last| [0x10, 0x20, 0x30, 0x40, 0x50, last];
    let vendor = |a, b, c| [0x24, 0x0a, 0xc4, a, b, c];
    let longest = b"abcdefghijklmnopqrstuvwxyz012345";
    vec![
        ap(b"good", 6, -38, vendor(0, 0x11, 0x22), 3),
        ap(b"flaky", 1, -45, vendor(0, 0x11, 0x23), 7),
        ap(b"badpass", 11, -51, vendor(1, 2, 3), 6),
        ap(b"", 6, -55, [0, 0, 0x5e, 0, 0x53, 1], 3),
        ap(longest, 13, -60, [0xfe, 0xff, 0xff, 0xff, 0xff, 0xfe], 0),
        ap("Café 日本 😀".as_bytes(), 9, -66, many(0x60), 4),
        ap(b"raw\xff\xfe\x80", 3, -70, many(0x61), 1),
        ap(b"corp", 36, -71, many(0x62), 5),
        ap(b"good", 149, -77, vendor(0, 0x11, 0x24), 3),
        ap(b"owe net", 5, -84, many(0x63), 0),
        ap(b"wpa", 14, -93, many(0x64), 2),
    ]
}

/// Online through the first of these that has the name, or through one that nobody heard.
pub(crate) fn connection(networks: &[AccessPoint], ssid: &Ssid) -> WifiConnection {
    let mut connection = WifiConnection::new(ssid.clone());
    connection.ip = Some([192, 168, 1, 77].into());
    if let Some(ap) = networks.iter().find(|ap| ap.ssid == *ssid) {
        connection.bssid = Some(ap.bssid);
        connection.channel = i32::try_from(ap.channel).ok();
        connection.auth = ap.auth;
    }
    connection
}
