//! Setup payloads in every form in use.

use super::*;
use proptest::prelude::*;
use std::{format, string::String as Text};

const FULL: &str = r#"{"ver":"v1","name":"PROV_ABC123","username":"wifiprov","pop":"abcd1234","transport":"ble","security":"2","network":"wifi"}"#;

fn full() -> SetupPayload {
    SetupPayload {
        username: Some("wifiprov".try_into().unwrap()),
        pop: Some(Secret::new(b"abcd1234").unwrap()),
        security: Some(2),
        ..SetupPayload::new("PROV_ABC123", SetupTransport::Ble).unwrap()
    }
}

fn json(payload: &SetupPayload) -> Text {
    let mut text = Text::new();
    payload.write_json(&mut text).unwrap();
    text
}

#[test]
fn the_document_itself() {
    assert_eq!(SetupPayload::parse(FULL), Ok(full()));
    assert_eq!(json(&full()), FULL);
    assert_eq!(SetupPayload::parse(&format!("\n {FULL} ")), Ok(full()));
}

#[test]
fn links() {
    let quoted = FULL.replace('"', "%22");
    let encoded = quoted
        .replace('{', "%7b")
        .replace('}', "%7D")
        .replace(':', "%3A")
        .replace(',', "%2c");
    for link in [
        format!("https://example.org/qrcode.html?data={FULL}"),
        format!("https://example.org/qrcode.html?data={FULL}&x=1#top"),
        format!("https://example.org/qrcode.html?data={quoted}"),
        format!("https://example.org/qrcode.html?data={encoded}"),
        format!("https://example.org/qrcode.html?data={encoded}&x=1"),
        format!("https://example.org/?lang=de&data={encoded}#top"),
    ] {
        assert_eq!(SetupPayload::parse(&link), Ok(full()), "{link}");
    }
    // As it stands means as it stands: nothing is decoded in a document with quotation marks.
    let raw = r#"https://example.org/?data={"name":"a","transport":"ble","pop":"a%20b&c#d+e"}"#;
    assert_eq!(
        SetupPayload::parse(raw).unwrap().pop.unwrap().expose(),
        b"a%20b&c#d+e"
    );
    assert_eq!(
        SetupPayload::parse("https://x/?data=%7"),
        Err(PayloadError::InvalidEncoding)
    );
    assert_eq!(
        SetupPayload::parse("https://x/?data=%+1"),
        Err(PayloadError::InvalidEncoding)
    );
    let endless = format!("https://x/?data={}", "a".repeat(MAX_DECODED + 1));
    assert_eq!(SetupPayload::parse(&endless), Err(PayloadError::InvalidEncoding));
    assert_eq!(
        SetupPayload::parse("https://x/?data=1"),
        Err(PayloadError::NotAPayload)
    );
}

#[test]
fn log_lines() {
    for line in [
        format!("QRCODE:{FULL}"),
        format!("\u{1b}[0;32mI (1234) app: QRCODE: {FULL}\u{1b}[0m\r\nI (1240) app: more"),
        format!("QRCODE: https://example.org/?data={FULL}"),
    ] {
        assert_eq!(SetupPayload::parse(&line), Ok(full()), "{line}");
    }
}

#[test]
fn other_systems_are_named() {
    assert_eq!(SetupPayload::parse("DPP:C:81/1;K:MDkw;;"), Err(PayloadError::Dpp));
    assert_eq!(
        SetupPayload::parse("MT:Y.K9042C00KA0648G00"),
        Err(PayloadError::Matter)
    );
    assert_eq!(
        SetupPayload::parse("QRCODE:MT:Y.K9042C00KA0648G00"),
        Err(PayloadError::Matter)
    );
    for text in ["", "hello", "WIFI:S:Home;;", "http://192.168.4.1"] {
        assert_eq!(
            SetupPayload::parse(text),
            Err(PayloadError::NotAPayload),
            "{text}"
        );
    }
}

#[test]
fn members_may_be_missing() {
    let least =
        SetupPayload::parse(r#"{"name":"a","transport":"SoftAP","extra":[1,{"x":2}],"pop":null}"#).unwrap();
    assert_eq!(least, SetupPayload::new("a", SetupTransport::SoftAp).unwrap());
    assert_eq!((least.username(), least.scheme()), (DEFAULT_USERNAME, None));
    assert_eq!(
        json(&least),
        r#"{"ver":"v1","name":"a","transport":"softap","network":"wifi"}"#
    );
    let empty = SetupPayload::parse(r#"{"name":"a","transport":"ble","pop":"","security":1}"#).unwrap();
    assert!(empty.pop.is_some_and(|pop| pop.is_empty()));
    assert_eq!(empty.security, Some(1));
}

#[test]
fn mistakes_are_named() {
    let with = |member: &str| SetupPayload::parse(&format!(r#"{{"name":"a","transport":"ble",{member}}}"#));
    let long = "x".repeat(65);
    for (member, error) in [
        (r#""ver":"v2""#, PayloadError::UnknownVersion),
        (r#""ver":1"#, PayloadError::WrongType(Field::Version)),
        (r#""transport":"sms""#, PayloadError::UnknownTransport),
        (r#""security":3"#, PayloadError::UnknownSecurity),
        (r#""security":"""#, PayloadError::UnknownSecurity),
        (r#""security":"20000""#, PayloadError::UnknownSecurity),
        (r#""security":true"#, PayloadError::WrongType(Field::Security)),
        (r#""network":"zigbee""#, PayloadError::UnknownNetwork),
        (r#""pop":12345678"#, PayloadError::WrongType(Field::Pop)),
        (&format!(r#""pop":"{long}""#), PayloadError::TooLong(Field::Pop)),
        (
            &format!(r#""password":"{long}""#),
            PayloadError::TooLong(Field::Password),
        ),
        (
            &format!(r#""username":"{long}""#),
            PayloadError::TooLong(Field::Username),
        ),
        (&format!(r#""name":"{long}""#), PayloadError::TooLong(Field::Name)),
    ] {
        assert_eq!(with(member), Err(error), "{member}");
    }
    assert_eq!(
        SetupPayload::parse(r#"{"transport":"ble"}"#),
        Err(PayloadError::Missing(Field::Name))
    );
    assert_eq!(
        SetupPayload::parse(r#"{"name":"a"}"#),
        Err(PayloadError::Missing(Field::Transport))
    );
    assert_eq!(
        SetupPayload::parse("{"),
        Err(PayloadError::Json(JsonError::UnexpectedEnd))
    );
    assert_eq!(
        SetupPayload::parse(&format!("{FULL} x")),
        Err(PayloadError::Json(JsonError::TrailingData))
    );
}

#[test]
fn debug_shows_no_secret() {
    let payload = SetupPayload {
        password: Some(Secret::new(b"correct-horse").unwrap()),
        ..full()
    };
    let shown = format!("{payload:?}");
    assert!(
        shown.contains("PROV_ABC123") && !shown.contains("abcd") && !shown.contains("correct"),
        "{shown}"
    );
}

#[test]
fn what_json_cannot_carry_is_an_error() {
    let payload = SetupPayload {
        pop: Some(Secret::new(b"\xff").unwrap()),
        ..full()
    };
    assert!(payload.write_json(&mut Text::new()).is_err());
}

fn text<const N: usize>() -> impl Strategy<Value = String<N>> {
    any::<Text>().prop_map(|text| {
        let mut out = String::new();
        let _ = text.chars().try_for_each(|c| out.push(c));
        out
    })
}

fn secret() -> impl Strategy<Value = Option<Secret<64>>> {
    prop::option::of(text::<64>().prop_map(|text| Secret::new(text.as_bytes()).unwrap()))
}

fn payload() -> impl Strategy<Value = SetupPayload> {
    (
        text::<32>(),
        prop::option::of(text::<64>()),
        secret(),
        secret(),
        any::<[bool; 2]>(),
        prop::option::of(0..3_u8),
    )
        .prop_map(
            |(name, username, pop, password, [ble, wifi], security)| SetupPayload {
                name,
                username,
                pop,
                password,
                transport: if ble {
                    SetupTransport::Ble
                } else {
                    SetupTransport::SoftAp
                },
                security,
                network: if wifi {
                    SetupNetwork::Wifi
                } else {
                    SetupNetwork::Thread
                },
            },
        )
}

proptest! {
    #[test]
    fn every_payload_survives_both_forms(payload in payload()) {
        let document = json(&payload);
        prop_assert_eq!(SetupPayload::parse(&document), Ok(payload.clone()));
        let referee: serde_json::Value = serde_json::from_str(&document).unwrap();
        prop_assert_eq!(referee["name"].as_str(), Some(payload.name.as_str()));
        for base in ["https://example.org/qrcode.html", "https://example.org/?a=b"] {
            let mut link = Text::new();
            payload.write_url(base, &mut link).unwrap();
            let plain = link.bytes().all(|b| b.is_ascii_graphic() && !b"\"{}<>".contains(&b));
            prop_assert!(plain, "{}", link);
            prop_assert_eq!(SetupPayload::parse(&link), Ok(payload.clone()));
        }
        let logged = format!("I (1) app: QRCODE:{document}");
        prop_assert_eq!(SetupPayload::parse(&logged), Ok(payload));
    }

    #[test]
    fn any_text_is_survived(text: Text, prefix in prop::sample::select(&["", "{", "QRCODE:", "x?data=", "x?data=%7b%22"][..])) {
        let _ = SetupPayload::parse(&format!("{prefix}{text}"));
    }

    #[test]
    fn damaged_payloads_are_survived(at: prop::sample::Index, c: char) {
        let mut damaged: std::vec::Vec<char> = FULL.chars().collect();
        let at = at.index(damaged.len());
        damaged[at] = c;
        let _ = SetupPayload::parse(&damaged.into_iter().collect::<Text>());
    }
}
