//! Where in a text the payload is: people paste logs, links and codes of all kinds.

use super::read::document;
use super::{PayloadError, SetupPayload, SetupTransport};
use crate::Secret;
use zeroize::Zeroizing;

/// Longest document that may come percent-encoded or broken into lines, in bytes without that.
const MAX_DECODED: usize = 1024;

/// How many places where a document could begin are looked at: logs have JSON of others in them, too.
const MAX_PLACES: usize = 32;

/// Finds the payload.
pub(super) fn find(text: &str) -> Result<SetupPayload, PayloadError> {
    // The first reason is kept: it is about the part that most looks like a payload.
    let mut why = None;
    for place in places(text).take(MAX_PLACES) {
        match document(place.as_bytes()) {
            Ok(payload) => return Ok(payload),
            Err(error) => {
                if let Some(payload) = unbroken(place) {
                    return Ok(payload);
                }
                why.get_or_insert(error);
            }
        }
    }
    if let Some(data) = parameter(text) {
        match of_parameter(data) {
            Ok(payload) => return Ok(payload),
            Err(error) => {
                why.get_or_insert(error);
            }
        }
    }
    if let Some(code) = compact(text) {
        return code;
    }
    Err(why
        .or_else(|| other_system(text))
        .unwrap_or(PayloadError::NotAPayload))
}

/// Where a character stands. The library's own search for one is 1 KB of a page's download.
fn marked(text: &str, mark: char) -> impl Iterator<Item = (usize, char)> {
    text.char_indices().filter(move |(_, c)| *c == mark)
}

/// The text from each brace on that could open a document.
fn places(text: &str) -> impl Iterator<Item = &str> {
    let from = |(at, _)| text.get(at..).unwrap_or_default();
    marked(text, '{').map(from).filter(|place| {
        let next = place.chars().skip(1).find(|c| !c.is_whitespace());
        next.is_none_or(|c| matches!(c, '"' | '}' | '\u{1b}'))
    })
}

/// The document without line breaks and colour codes, which terminals put into it.
fn unbroken(place: &str) -> Option<SetupPayload> {
    let mut plain = Zeroizing::new([0; MAX_DECODED]);
    let mut len = 0_usize;
    let mut in_code = false;
    for byte in place.bytes() {
        match byte {
            0x1b => in_code = true,
            // A colour code ends with its letter.
            _ if in_code => in_code = !byte.is_ascii_alphabetic(),
            b'\r' | b'\n' => {}
            _ => {
                let Some(slot) = plain.get_mut(len) else { break };
                *slot = byte;
                len = len.saturating_add(1);
            }
        }
    }
    document(plain.get(..len)?).ok()
}

/// The value of the link's parameter `data`.
fn parameter(text: &str) -> Option<&str> {
    let behind = |mark: char| {
        let mut places = marked(text, mark).filter_map(|(at, _)| text.get(at..)?.get(1..));
        places.find_map(|rest| rest.strip_prefix("data="))
    };
    let rest = behind('?').or_else(|| behind('&'))?;
    rest.split(|c: char| c.is_whitespace() || matches!(c, '&' | '#' | '"' | '\'' | '<' | '>' | '\u{1b}'))
        .next()
}

fn of_parameter(data: &str) -> Result<SetupPayload, PayloadError> {
    let mut buf = Zeroizing::new([0; MAX_DECODED]);
    let len = percent_decode(data, &mut *buf)?;
    let decoded = buf.get(..len).unwrap_or_default();
    let text = core::str::from_utf8(decoded).map_err(|_| PayloadError::InvalidEncoding)?;
    if text.trim_start().starts_with('{') {
        return document(text.trim_start().as_bytes());
    }
    match compact(text) {
        Some(code) => code,
        None => Err(other_system(text).unwrap_or(PayloadError::NotAPayload)),
    }
}

/// A function, for the same reason.
fn is_bar(c: char) -> bool {
    c == '|'
}

/// `NP:<name>|<pop>|b`, the vendor's compact code. It escapes nothing and says neither scheme nor username.
fn compact(text: &str) -> Option<Result<SetupPayload, PayloadError>> {
    let code = after_mark(text, "NP:")?;
    let code = code.split(['\n', '\r', '\u{1b}']).next()?;
    let (name, rest) = code.split_once(is_bar)?;
    let (pop, transport) = rest.rsplit_once(is_bar)?;
    Some(of_compact(name, pop, transport))
}

fn of_compact(name: &str, pop: &str, transport: &str) -> Result<SetupPayload, PayloadError> {
    let mut letters = transport.trim_start().chars();
    let transport = match letters.next() {
        Some('b' | 'B') => SetupTransport::Ble,
        Some('s' | 'S') => SetupTransport::SoftAp,
        _ => return Err(PayloadError::UnknownTransport),
    };
    if letters.next().is_some_and(|c| c.is_ascii_alphanumeric()) {
        return Err(PayloadError::UnknownTransport);
    }
    if name.is_empty() {
        return Err(PayloadError::Missing(super::PayloadField::Name));
    }
    let mut payload = SetupPayload::new(name, transport)?;
    if !pop.is_empty() {
        let secret = Secret::new(pop.as_bytes());
        payload.pop = Some(secret.map_err(|_| PayloadError::TooLong(super::PayloadField::Pop))?);
    }
    Ok(payload)
}

/// Whose code it is, if it is one of another system.
fn other_system(text: &str) -> Option<PayloadError> {
    [
        ("DPP:", PayloadError::Dpp),
        ("MT:", PayloadError::Matter),
        ("WIFI:", PayloadError::Wifi),
    ]
    .into_iter()
    .find_map(|(mark, error)| after_mark(text, mark).map(|_| error))
    .or_else(|| is_matter_digits(text).then_some(PayloadError::Matter))
}

/// Matter's manual pairing code: 11 digits, or 21, usually in groups.
fn is_matter_digits(text: &str) -> bool {
    let text = text.trim();
    let plain = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | ' '));
    let digits = text.chars().filter(char::is_ascii_digit).count();
    plain && matches!(digits, 11 | 21)
}

/// What stands behind a mark that is not a part of a longer word. Of ASCII only: tables of all letters take 3 KB.
fn after_mark<'t>(text: &'t str, mark: &str) -> Option<&'t str> {
    let mut before = None;
    for (at, c) in text.char_indices() {
        let rest = text.get(at..)?;
        let is_start = !before.is_some_and(|c: char| c.is_ascii_alphanumeric());
        if is_start
            && rest
                .get(..mark.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(mark))
        {
            return rest.get(mark.len()..);
        }
        before = Some(c);
    }
    None
}

fn percent_decode(text: &str, out: &mut [u8]) -> Result<usize, PayloadError> {
    let mut bytes = text.bytes();
    let mut len = 0_usize;
    while let Some(byte) = bytes.next() {
        let byte = if byte == b'%' {
            let mut digit = || {
                char::from(bytes.next()?)
                    .to_digit(16)
                    .and_then(|d| u8::try_from(d).ok())
            };
            let (Some(high), Some(low)) = (digit(), digit()) else {
                return Err(PayloadError::InvalidEncoding);
            };
            high << 4 | low
        } else {
            byte
        };
        *out.get_mut(len).ok_or(PayloadError::InvalidEncoding)? = byte;
        len = len.saturating_add(1);
    }
    Ok(len)
}
