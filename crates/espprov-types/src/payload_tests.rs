//! Setup payloads in every form in use.

use super::*;
use crate::json::JsonError;
use proptest::prelude::*;
use std::{borrow::ToOwned, format, string::String as Text};

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
    let endless = format!("https://x/?data={}", "a".repeat(2000));
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
fn logs_of_several_lines() {
    // What the vendor's component prints: the mark stands in both lines.
    let two = format!(
        "I (1152) QRCODE: Encoding below text with ECC LVL 0 & QR Code Version 10\nI (1162) QRCODE: {FULL}\n"
    );
    let more = format!("{{\"temperature\":21.5}}\n{two}I (1170) app: {{\"more\":1}}\n");
    let coloured = FULL.replace(':', "\u{1b}[33m:\u{1b}[0m");
    // Broken at the edge of a terminal, in the middle of a word.
    let (first, rest) = FULL.split_at(30);
    let broken = format!("I (1162) QRCODE: {first}\r\n{rest}\u{1b}[0m\r\nI (1170) app: more");
    let spread = FULL.replace(',', ",\r\n    ");
    let in_quotes = format!("payload = '{FULL}'; // from the log");
    for text in [two, more, coloured, broken, spread, in_quotes] {
        assert_eq!(SetupPayload::parse(&text), Ok(full()), "{text}");
    }
    // The reason is that of the part that looks like a payload.
    assert_eq!(
        SetupPayload::parse(r#"log: {"name":"a"} and {"x":1}"#),
        Err(PayloadError::Missing(PayloadField::Transport))
    );
}

#[test]
fn compact_codes() {
    let wanted = |pop: &[u8], transport| SetupPayload {
        pop: (!pop.is_empty()).then(|| Secret::new(pop).unwrap()),
        ..SetupPayload::new("PROV_ab12cd", transport).unwrap()
    };
    for (text, pop, transport) in [
        ("NP:PROV_ab12cd|abcd1234|b", &b"abcd1234"[..], SetupTransport::Ble),
        ("NP:PROV_ab12cd|abcd1234|s", b"abcd1234", SetupTransport::SoftAp),
        ("NP:PROV_ab12cd||b", b"", SetupTransport::Ble),
        ("NP:PROV_ab12cd|a|b|c|s", b"a|b|c", SetupTransport::SoftAp),
        (
            "\u{1b}[0;32mI (99) app: NP:PROV_ab12cd|abcd1234|b\u{1b}[0m\r\nI (100) app: on",
            b"abcd1234",
            SetupTransport::Ble,
        ),
        (
            "https://x.example/qr?data=NP:PROV_ab12cd|abcd1234|b",
            b"abcd1234",
            SetupTransport::Ble,
        ),
        (
            "https://x.example/qr?data=NP%3APROV_ab12cd%7Cabcd1234%7Cb&lang=de",
            b"abcd1234",
            SetupTransport::Ble,
        ),
    ] {
        assert_eq!(SetupPayload::parse(text), Ok(wanted(pop, transport)), "{text}");
    }
    let long = "x".repeat(MAX_CREDENTIAL + 1);
    for (text, error) in [
        ("NP:P|abcd|q".to_owned(), PayloadError::UnknownTransport),
        ("NP:P|abcd|".to_owned(), PayloadError::UnknownTransport),
        ("NP:P|abcd|bs".to_owned(), PayloadError::UnknownTransport),
        ("NP:|abcd|b".to_owned(), PayloadError::Missing(PayloadField::Name)),
        (format!("NP:P|{long}|b"), PayloadError::TooLong(PayloadField::Pop)),
        (
            format!("NP:{long}|p|b"),
            PayloadError::TooLong(PayloadField::Name),
        ),
    ] {
        assert_eq!(SetupPayload::parse(&text), Err(error), "{text}");
    }
}

#[test]
fn long_credentials() {
    // Firmware takes a hundred bytes and more.
    let long = "p".repeat(MAX_CREDENTIAL);
    let document =
        format!(r#"{{"name":"a","transport":"ble","pop":"{long}","username":"{long}","security":"2"}}"#);
    let payload = SetupPayload::parse(&document).unwrap();
    assert_eq!(payload.pop.as_ref().unwrap().len(), MAX_CREDENTIAL);
    assert_eq!(payload.username().len(), MAX_CREDENTIAL);
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
    for (text, error) in [
        (
            "https://x.example/qrcode.html?data=MT%3AY.K9042C00KA0648G00",
            PayloadError::Matter,
        ),
        (
            "I (12) chip: SetupQRCode: [MT:Y.K9042C00KA0648G00]",
            PayloadError::Matter,
        ),
        ("3497-011-2332", PayloadError::Matter),
        ("34970112332", PayloadError::Matter),
        ("749701123365521327694", PayloadError::Matter),
        ("WIFI:S:Home;T:WPA;P:correct-horse;;", PayloadError::Wifi),
        ("wifi:T:WPA;S:Home;P:correct-horse;;", PayloadError::Wifi),
        ("https://x/?data=dpp%3AC:81/1;;", PayloadError::Dpp),
    ] {
        assert_eq!(SetupPayload::parse(text), Err(error), "{text}");
    }
    for text in [
        "",
        "hello",
        "FORMAT: none",
        "http://192.168.4.1",
        "3497",
        "NP:x",
        "NP:|",
    ] {
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
    let long = "x".repeat(MAX_CREDENTIAL + 1);
    for (member, error) in [
        (r#""ver":"v2""#, PayloadError::UnknownVersion),
        (r#""ver":1"#, PayloadError::WrongType(PayloadField::Version)),
        (r#""transport":"sms""#, PayloadError::UnknownTransport),
        (r#""security":3"#, PayloadError::UnknownSecurity),
        (r#""security":"""#, PayloadError::UnknownSecurity),
        (r#""security":"20000""#, PayloadError::UnknownSecurity),
        (
            r#""security":true"#,
            PayloadError::WrongType(PayloadField::Security),
        ),
        (r#""network":"zigbee""#, PayloadError::UnknownNetwork),
        (r#""pop":12345678"#, PayloadError::WrongType(PayloadField::Pop)),
        (
            &format!(r#""pop":"{long}""#),
            PayloadError::TooLong(PayloadField::Pop),
        ),
        (
            &format!(r#""password":"{long}""#),
            PayloadError::TooLong(PayloadField::Password),
        ),
        (
            &format!(r#""username":"{long}""#),
            PayloadError::TooLong(PayloadField::Username),
        ),
        (
            &format!(r#""name":"{long}""#),
            PayloadError::TooLong(PayloadField::Name),
        ),
    ] {
        assert_eq!(with(member), Err(error), "{member}");
    }
    assert_eq!(
        SetupPayload::parse(r#"{"transport":"ble"}"#),
        Err(PayloadError::Missing(PayloadField::Name))
    );
    assert_eq!(
        SetupPayload::parse(r#"{"name":"a"}"#),
        Err(PayloadError::Missing(PayloadField::Transport))
    );
    assert_eq!(
        SetupPayload::parse("{"),
        Err(PayloadError::Json(JsonError::UnexpectedEnd))
    );
    // What stands behind the document is none of its business.
    assert_eq!(SetupPayload::parse(&format!("{FULL} x")), Ok(full()));
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

fn text<const N: usize>() -> impl Strategy<Value = ShortStr<N>> {
    any::<Text>().prop_map(|text| {
        let mut out = ShortStr::default();
        let _ = text.chars().try_for_each(|c| out.push(c));
        out
    })
}

fn secret<const N: usize>() -> impl Strategy<Value = Option<Secret<N>>> {
    prop::option::of(text::<N>().prop_map(|text| Secret::new(text.as_bytes()).unwrap()))
}

fn payload() -> impl Strategy<Value = SetupPayload> {
    (
        text::<32>(),
        prop::option::of(text::<MAX_CREDENTIAL>()),
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
    fn any_text_is_survived(text: Text, prefix in prop::sample::select(&["", "{", "{\"", "QRCODE:", "x?data=", "x?data=%7b%22", "NP:", "x NP:a|", "MT:"][..])) {
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
