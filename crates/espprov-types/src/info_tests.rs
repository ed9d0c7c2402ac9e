//! proto-ver replies: what vendor firmware was recorded to say, older forms, and hostile ones.

use super::*;
use proptest::prelude::*;
use serde_json::Value;
use std::{format, string::String as Text, string::ToString, vec::Vec as List};

fn written(info: &DeviceInfo) -> Text {
    let mut text = Text::new();
    info.write(&mut text).unwrap();
    text
}

/// What vendor firmware was recorded to say; `tests/tests/vendor_types.rs` holds them to the recordings.
const RECORDED: [&[u8]; 3] = [
    b"{\n\t\"prov\":\t{\n\t\t\"ver\":\t\"netprov-v1.2\",\n\t\t\"sec_ver\":\t0,\n\t\t\"sec_patch_ver\":\t0,\n\t\t\"cap\":\t[\"no_sec\", \"wifi_prov\", \"wifi_scan\"]\n\t}\n}",
    b"{\n\t\"prov\":\t{\n\t\t\"ver\":\t\"netprov-v1.2\",\n\t\t\"sec_ver\":\t1,\n\t\t\"sec_patch_ver\":\t0,\n\t\t\"cap\":\t[\"thread_prov\", \"thread_scan\"]\n\t}\n}",
    b"{\n\t\"prov\":\t{\n\t\t\"ver\":\t\"netprov-v1.2\",\n\t\t\"sec_ver\":\t2,\n\t\t\"cap\":\t[\"wifi_prov\", \"wifi_scan\"]\n\t}\n}",
];

#[test]
fn older_firmware() {
    // ESP-IDF 4.4: no sec_ver.
    let idf44 =
        "{\n\t\"prov\":\t{\n\t\t\"ver\":\t\"v1.1\",\n\t\t\"cap\":\t[\"no_pop\", \"wifi_scan\"]\n\t}\n}";
    let info = DeviceInfo::parse(idf44.as_bytes()).unwrap();
    assert_eq!((info.scheme(), info.patch_level()), (SecurityScheme::Sec1, 0));
    assert!(info.capabilities.no_pop && info.supports_wifi() && !info.supports_thread());
    assert_eq!(written(&info), idf44);
    // ESP-IDF 5.2: no sec_patch_ver.
    let idf52 = "{\n\t\"prov\":\t{\n\t\t\"ver\":\t\"v1.1\",\n\t\t\"sec_ver\":\t2,\n\t\t\"cap\":\t[\"wifi_scan\"]\n\t}\n}";
    let info = DeviceInfo::parse(idf52.as_bytes()).unwrap();
    assert_eq!(
        (info.scheme(), info.patch, info.patch_level()),
        (SecurityScheme::Sec2, None, 0)
    );
    assert_eq!(written(&info), idf52);
    // no_sec without sec_ver is security 0; with it, sec_ver counts.
    let no_sec = DeviceInfo::parse(br#"{"prov":{"cap":["no_sec"]}}"#).unwrap();
    assert_eq!(no_sec.scheme(), SecurityScheme::Sec0);
    let said = DeviceInfo::parse(br#"{"prov":{"sec_ver":1,"cap":["no_sec"]}}"#).unwrap();
    assert_eq!(said.scheme(), SecurityScheme::Sec1);
}

#[test]
fn bare_version() {
    for reply in [&b"v1.1"[..], b"v1.1\0", b"v1.1\r\n", b"  v1.1\0\0"] {
        let info = DeviceInfo::parse(reply).unwrap();
        assert!(info.bare);
        assert_eq!(info.version, "v1.1");
        assert_eq!(info.scheme(), SecurityScheme::Sec1);
        assert!(!info.names_scheme(), "that is a guess");
        assert!(info.supports_wifi());
        assert_eq!(written(&info), "v1.1");
    }
}

#[test]
fn unknown_things_are_ignored() {
    let info = DeviceInfo::parse(
        b"{\"x\":[1,{\"y\":null}],\"prov\":{\"new\":{\"a\":[]},\"ver\":\"v9\",\"sec_ver\":7,\
          \"cap\":[\"fly\",3,{\"wifi_scan\":1},[\"no_sec\"],\"wifi_prov\"]},\"my app\":{\"cap\":[\"a\"],\"ver\":\"1.2\"}}\0\0",
    )
    .unwrap();
    assert_eq!(info.version, "v9");
    assert_eq!(info.scheme(), SecurityScheme::Unknown(7));
    assert!(info.capabilities.names().eq(["wifi_prov"]));
    assert_eq!(info.apps.len(), 1);
    assert_eq!((&*info.apps[0].label, &*info.apps[0].version), ("my app", "1.2"));
}

#[test]
fn odd_scheme_numbers_do_not_pass_for_known_ones() {
    for (value, expected) in [
        ("256", Some(255)),
        ("-1", Some(255)),
        ("1.0", Some(255)),
        ("\"two\"", Some(255)),
        ("\"\"", Some(255)),
        ("\"-1\"", Some(255)),
        ("\"256\"", Some(255)),
        ("\" 2\"", Some(255)),
        ("\"00002\"", Some(255)),
        ("[2]", Some(255)),
        ("true", Some(255)),
        ("{\"a\":0}", Some(255)),
        ("null", None),
        ("2", Some(2)),
    ] {
        let reply = format!("{{\"prov\":{{\"sec_ver\":{value},\"sec_patch_ver\":{value},\"ver\":\"v1\"}}}}");
        let info = DeviceInfo::parse(reply.as_bytes()).unwrap();
        assert_eq!((info.security, info.patch), (expected, expected), "{value}");
        assert_eq!(info.version, "v1");
    }
}

#[test]
fn numbers_in_quotes_are_numbers() {
    for (value, scheme) in [
        ("\"0\"", SecurityScheme::Sec0),
        ("\"1\"", SecurityScheme::Sec1),
        ("\"2\"", SecurityScheme::Sec2),
        ("\"\\u0032\"", SecurityScheme::Sec2),
        ("\"9\"", SecurityScheme::Unknown(9)),
    ] {
        let reply = format!("{{\"prov\":{{\"sec_ver\":{value},\"sec_patch_ver\":\"1\"}}}}");
        let info = DeviceInfo::parse(reply.as_bytes()).unwrap();
        assert_eq!((info.scheme(), info.patch_level()), (scheme, 1), "{value}");
        assert!(info.names_scheme());
    }
}

#[test]
fn the_last_list_of_capabilities_counts() {
    let twice = br#"{"prov":{"cap":["no_pop","no_sec"],"ver":"v1.1","cap":["wifi_scan"]}}"#;
    let info = DeviceInfo::parse(twice).unwrap();
    assert!(info.capabilities.names().eq(["wifi_scan"]));
    assert_eq!(info.scheme(), SecurityScheme::Sec1);
}

#[test]
fn the_last_version_counts() {
    let twice = br#"{"app":{"ver":"v10.0","ver":"v2"},"prov":{"ver":"v10.0","ver":"v1"}}"#;
    let info = DeviceInfo::parse(twice).unwrap();
    assert_eq!(
        (info.version.as_str(), info.apps[0].version.as_str()),
        ("v1", "v2")
    );
}

#[test]
fn a_description_takes_the_place_of_another() {
    let first = br#"{"app":{"ver":"1"},"prov":{"ver":"v1.1","sec_patch_ver":1,"cap":["no_pop"]}}"#;
    let mut info = DeviceInfo::parse(first).unwrap();
    for next in [&b"v1.0"[..], br#"{"prov":{"sec_ver":2}}"#] {
        info.read("prov", next).unwrap();
        assert_eq!(info, DeviceInfo::parse(next).unwrap());
    }
}

#[test]
fn long_values_are_cut() {
    let long = "é".repeat(40);
    let apps: List<_> = (0..6)
        .map(|i| format!("\"{i}{long}\":{{\"ver\":\"{long}\"}}"))
        .collect();
    let reply = format!("{{{},\"prov\":{{\"ver\":\"{long}\"}}}}", apps.join(","));
    let info = DeviceInfo::parse(reply.as_bytes()).unwrap();
    assert_eq!(info.version, "é".repeat(16).as_str());
    assert_eq!(info.apps.len(), 4);
    assert_eq!(info.apps[3].label, format!("3{}", "é".repeat(15)).as_str());
    assert_eq!(DeviceInfo::new(&"v".repeat(50)).version.len(), 32);
    assert_eq!(
        DeviceInfo::parse("v".repeat(64).as_bytes())
            .unwrap()
            .version
            .len(),
        32
    );
}

#[test]
fn what_is_no_device_is_refused() {
    for (reply, error) in [
        (&b""[..], InfoError::Empty),
        (b"\0 \n", InfoError::Empty),
        (b"\xff\xfe\x01", InfoError::NotText),
        (b"v1\x01.1", InfoError::NotText),
        (b"<html><body>It works!</body></html>", InfoError::NotProvisioning),
        (b"\"v1.1\"", InfoError::NotProvisioning),
        (b"not found", InfoError::NotProvisioning),
        (&[b'v'; 65], InfoError::NotProvisioning),
        (b"{}", InfoError::NotProvisioning),
        (b"{\"prov\":1}", InfoError::NotProvisioning),
        (b"{\"prov\":{}", InfoError::Json(JsonError::UnexpectedEnd)),
        (b"{\"prov\":{}} x", InfoError::Json(JsonError::TrailingData)),
    ] {
        assert_eq!(DeviceInfo::parse(reply), Err(error), "{}", reply.escape_ascii());
    }
}

#[test]
fn thread_only_and_both() {
    let caps = |text: &str| {
        let info = DeviceInfo::parse(format!("{{\"prov\":{{\"cap\":[{text}]}}}}").as_bytes()).unwrap();
        (info.supports_wifi(), info.supports_thread())
    };
    assert_eq!(caps(""), (true, false));
    assert_eq!(caps("\"thread_prov\""), (false, true));
    assert_eq!(caps("\"thread_prov\",\"wifi_prov\""), (true, true));
}

fn info() -> impl Strategy<Value = DeviceInfo> {
    let word = "[ -~é\u{1}\t]{0,12}";
    (
        word,
        any::<[bool; 6]>(),
        any::<(Option<u8>, Option<u8>)>(),
        prop::collection::vec((word, word), 0..4),
    )
        .prop_map(|(version, caps, (security, patch), apps)| DeviceInfo {
            security,
            patch,
            capabilities: Capabilities {
                no_sec: caps[0],
                no_pop: caps[1],
                wifi_scan: caps[2],
                wifi_prov: caps[3],
                thread_scan: caps[4],
                thread_prov: caps[5],
            },
            apps: apps
                .iter()
                .filter(|(label, _)| label != "prov")
                .map(|(label, version)| AppInfo {
                    label: ShortStr::cut(label.chars()),
                    version: ShortStr::cut(version.chars()),
                })
                .collect(),
            ..DeviceInfo::new(&version)
        })
}

proptest! {
    #[test]
    fn what_is_written_reads_back(info in info()) {
        let text = written(&info);
        prop_assert_eq!(DeviceInfo::parse(text.as_bytes()), Ok(info.clone()));
        let referee: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(referee["prov"]["ver"].as_str().unwrap().to_string(), info.version.as_str());
    }

    #[test]
    fn any_bytes_are_survived(reply: List<u8>) {
        let _ = DeviceInfo::parse(&reply);
    }

    #[test]
    fn damaged_replies_are_survived(which: prop::sample::Index, at: prop::sample::Index, byte: u8) {
        let mut reply = which.get(&RECORDED).to_vec();
        let at = at.index(reply.len());
        reply[at] = byte;
        let _ = DeviceInfo::parse(&reply);
    }
}
