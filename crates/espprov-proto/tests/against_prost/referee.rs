//! What the generated decoder makes of a message, where the hand-written reader deliberately does not look.

use core::ops::RangeInclusive;
use espprov_proto::Decode;
use prost::Message;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, encode_varint, skip_field};

/// The messages a reader looks into, by the field numbers that lead there, with the range of their oneof. The first
/// is the outermost.
pub(crate) type Looks = [(&'static [u32], RangeInclusive<u32>)];

/// For a message without oneof.
pub(crate) const NONE: RangeInclusive<u32> = RangeInclusive::new(1, 0);

/// A group: the one thing that prost takes and the reader does not.
struct Group;

/// Decodes with prost; `None` if it is malformed. Cases of a oneof that are not looked into are emptied first, and
/// the text at `text` is made ASCII.
pub(crate) fn decode<M: Decode>(looks: &Looks, text: &[u32], message: &[u8]) -> Option<M> {
    let bytes = neutral(looks, text, &mut Vec::new(), message).ok()?;
    let decoded = espprov_proto::decode::<M>(&bytes).ok();
    // Where prost takes the message as it is, it reads the same out of it.
    if let Ok(original) = espprov_proto::decode::<M>(message) {
        let bytes = neutral(looks, text, &mut Vec::new(), &original.encode_to_vec()).ok();
        let again = bytes.and_then(|bytes| espprov_proto::decode::<M>(&bytes).ok());
        let encoded = |message: &Option<M>| message.as_ref().map(Message::encode_to_vec);
        assert_eq!(encoded(&decoded), encoded(&again));
    }
    decoded
}

/// Bytes that are not ASCII become question marks.
pub(crate) fn ascii(text: &[u8]) -> Vec<u8> {
    text.iter()
        .map(|byte| if byte.is_ascii() { *byte } else { b'?' })
        .collect()
}

fn neutral(looks: &Looks, text: &[u32], path: &mut Vec<u32>, message: &[u8]) -> Result<Vec<u8>, Group> {
    let (_, oneof) = looks
        .iter()
        .find(|(to, _)| *to == path.as_slice())
        .expect("a path");
    let mut out = Vec::new();
    let mut rest = message;
    while !rest.is_empty() {
        let from = rest;
        // Malformed from here on: prost shall see it as it is.
        let malformed = |mut out: Vec<u8>| {
            out.extend(from);
            Ok(out)
        };
        let Ok((number, wire)) = decode_key(&mut rest) else {
            return malformed(out);
        };
        match wire {
            WireType::StartGroup => return Err(Group),
            WireType::LengthDelimited => {
                let Some((content, after)) = decode_varint(&mut rest)
                    .ok()
                    .and_then(|len| rest.split_at_checked(usize::try_from(len).ok()?))
                else {
                    return malformed(out);
                };
                rest = after;
                path.push(number);
                let content = if looks.iter().any(|(to, _)| *to == path.as_slice()) {
                    neutral(looks, text, path, content)?
                } else if oneof.contains(&number) {
                    Vec::new()
                } else if text == path.as_slice() {
                    ascii(content)
                } else {
                    content.to_vec()
                };
                path.pop();
                encode_varint(u64::from(number) << 3 | 2, &mut out);
                encode_varint(content.len() as u64, &mut out);
                out.extend(content);
            }
            wire => {
                if skip_field(wire, number, &mut rest, DecodeContext::default()).is_err() {
                    return malformed(out);
                }
                out.extend(&from[..from.len() - rest.len()]);
            }
        }
    }
    Ok(out)
}

/// The field number of an encoded oneof's case, 0 for none.
pub(crate) fn case(encoded: &[u8]) -> u32 {
    decode_key(&mut &*encoded).map_or(0, |(number, _)| number)
}

/// [`case`] of an `Option<Payload>`.
macro_rules! case_of {
    ($payload:expr) => {{
        let mut bytes = Vec::new();
        if let Some(payload) = &$payload {
            payload.encode(&mut bytes);
        }
        crate::referee::case(&bytes)
    }};
}
pub(crate) use case_of;
