//! The reader against `serde_json` as the referee.

use super::*;
use proptest::prelude::*;
use serde_json::Value;
use std::{format, string::String, vec, vec::Vec};

/// Builds the tree the events describe. Numbers become integers or, beyond those, their text.
fn tree(input: &[u8]) -> Result<Value, JsonError> {
    enum Open {
        Array(Vec<Value>),
        Object(serde_json::Map<String, Value>, Option<String>),
    }
    let mut reader = Reader::new(input);
    let mut open: Vec<Open> = vec![];
    let mut root = None;
    loop {
        let value = match reader.next_event()? {
            Event::ObjectStart => {
                open.push(Open::Object(serde_json::Map::new(), None));
                continue;
            }
            Event::ArrayStart => {
                open.push(Open::Array(vec![]));
                continue;
            }
            Event::Key(key) => {
                let Some(Open::Object(_, slot)) = open.last_mut() else {
                    panic!("a key outside an object")
                };
                *slot = Some(key.chars().collect());
                continue;
            }
            Event::ObjectEnd => match open.pop() {
                Some(Open::Object(map, None)) => Value::Object(map),
                _ => panic!("unbalanced object"),
            },
            Event::ArrayEnd => match open.pop() {
                Some(Open::Array(items)) => Value::Array(items),
                _ => panic!("unbalanced array"),
            },
            Event::String(text) => Value::String(text.chars().collect()),
            Event::Number(number) => number
                .as_i64()
                .map_or_else(|| Value::String(number.as_str().into()), Value::from),
            Event::Bool(value) => Value::Bool(value),
            Event::Null => Value::Null,
            Event::End => return Ok(root.expect("a document has a value")),
        };
        match open.last_mut() {
            Some(Open::Array(items)) => items.push(value),
            Some(Open::Object(map, key)) => {
                map.insert(key.take().expect("a key before the value"), value);
            }
            None => assert!(root.replace(value).is_none(), "two values"),
        }
    }
}

/// Equal, with numbers that are no 64-bit integers left to their text.
fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, v)| b.get(k).is_some_and(|w| same(v, w)))
        }
        (Value::String(text), Value::Number(n)) if n.as_i64().is_none() => {
            // serde_json's floats are off by a last digit here and there.
            let (a, b) = (text.parse::<f64>().unwrap(), n.as_f64().unwrap());
            a == b || (a - b).abs() <= b.abs() * 1e-14
        }
        // serde_json reads -0 as a float.
        (Value::Number(a), Value::Number(b)) => a == b || (a.as_i64() == Some(0) && b.as_f64() == Some(0.0)),
        (a, b) => a == b,
    }
}

/// Both accept with the same tree, or both refuse.
fn agree(input: &[u8]) -> Result<(), TestCaseError> {
    match (tree(input), serde_json::from_slice::<Value>(input)) {
        (Ok(ours), Ok(theirs)) => {
            prop_assert!(same(&ours, &theirs), "{ours} against {theirs}");
        }
        (Err(_), Err(_)) | (Err(JsonError::TooDeep), Ok(_)) => {}
        // It wants numbers to fit an f64; the grammar does not.
        (Ok(_), Err(e)) if format!("{e}").starts_with("number out of range") => {}
        (ours, theirs) => prop_assert!(false, "{:?}: {ours:?} against {theirs:?}", input.escape_ascii()),
    }
    Ok(())
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Pieces of JSON in any order: gets deep into the grammar, right and wrong.
fn fragments() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(
        &[
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"",
            "\"\"",
            "\"k\":",
            "\\",
            "\\u",
            "\\ud83d\\ude00",
            "\"\\u00e9\"",
            "\\udc00",
            "\"\\ud800\"",
            "-",
            "0",
            "1",
            "12",
            ".",
            ".5",
            "e",
            "E+3",
            "true",
            "false",
            "null",
            "nul",
            " ",
            "\n",
            "\t",
            "\u{1}",
            "é",
            "/",
            "\\/",
            "\\n",
            "1e5",
            "-0",
        ][..],
    );
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn any_bytes(input: Vec<u8>) {
        agree(&input)?;
    }

    #[test]
    fn any_pieces(input in fragments()) {
        agree(&input)?;
    }

    #[test]
    fn damaged_documents(doc in document(), pretty: bool, at: prop::sample::Index, byte: u8, cut: bool) {
        let mut text = if pretty { serde_json::to_vec_pretty(&doc) } else { serde_json::to_vec(&doc) }.unwrap();
        let ours = tree(&text);
        prop_assert!(ours.as_ref().is_ok_and(|ours| same(ours, &doc)), "{ours:?} against {doc}");
        let at = at.index(text.len());
        if cut { text.truncate(at) } else { text[at] = byte }
        agree(&text)?;
    }

    #[test]
    fn skipping_reads_the_same_bytes(doc in document()) {
        let text = format!("[{doc},7]");
        let mut reader = Reader::new(text.as_bytes());
        reader.next_event().unwrap();
        reader.skip_value().unwrap();
        prop_assert!(matches!(reader.next_event(), Ok(Event::Number(n)) if n.as_i64() == Some(7)));
    }
}

#[test]
fn depth_is_limited() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(tree(nested(MAX_DEPTH).as_bytes()).is_ok());
    assert_eq!(tree(nested(MAX_DEPTH + 1).as_bytes()), Err(JsonError::TooDeep));
    assert_eq!(tree("[".repeat(1_000_000).as_bytes()), Err(JsonError::TooDeep));
    let objects = "{\"a\":[".repeat(MAX_DEPTH / 2) + &"]}".repeat(MAX_DEPTH / 2);
    assert!(tree(objects.as_bytes()).is_ok());
}

#[test]
fn each_error_has_its_name() {
    for (input, error) in [
        (&b""[..], JsonError::UnexpectedEnd),
        (b"{\"a\"", JsonError::UnexpectedEnd),
        (b"tru", JsonError::UnexpectedEnd),
        (b"{a}", JsonError::Syntax),
        (b"[1,]", JsonError::Syntax),
        (b"{} x", JsonError::TrailingData),
        (b"01", JsonError::TrailingData),
        (b"\"\\x\"", JsonError::InvalidEscape),
        (b"\"\\ud800\"", JsonError::LoneSurrogate),
        (b"\"\n\"", JsonError::ControlCharacter),
        (b"\"\xff\"", JsonError::InvalidUtf8),
    ] {
        assert_eq!(tree(input), Err(error), "{}", input.escape_ascii());
    }
}

#[test]
fn a_failed_reader_stays_failed() {
    let mut reader = Reader::new(b"[x, 1]");
    reader.next_event().unwrap();
    assert!(matches!(reader.next_event(), Err(JsonError::Syntax)));
    assert!(matches!(reader.next_event(), Err(JsonError::Syntax)));
    assert_eq!(reader.skip_value(), Err(JsonError::Syntax));
}

#[test]
fn strings_are_cut_between_characters() {
    let mut reader = Reader::new(r#""aé\ud83d\ude00""#.as_bytes());
    let Ok(Event::String(text)) = reader.next_event() else {
        panic!("a string")
    };
    assert_eq!(text.decode::<7>().unwrap(), "aé😀");
    assert_eq!(text.decode::<6>(), None);
    assert_eq!(text.decode_cut::<6>(), "aé");
    assert_eq!(text.decode_cut::<2>(), "a");
    assert_eq!(text.decode_bytes(&mut [0; 6]), None);
    assert!(text.is("aé😀") && !text.is("aé"));
}
