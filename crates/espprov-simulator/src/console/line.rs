//! One line of console input.

use core::str;
use espprov_transport::Endpoint;
use espprov_types::hex;

/// A request as typed: `<endpoint> <session id> <hex>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'a> {
    /// Endpoint name.
    pub endpoint: &'a str,
    /// Session id, read as `atoi` would.
    pub session: u32,
    /// Request bytes.
    pub payload: Vec<u8>,
}

/// Reads a line (without its carriage return). `None`: not a request; the device answers with a prompt.
///
/// Words are separated by any white space, line feeds of a CR-LF terminal among it. The session id stops at
/// the first character that is no digit and is 0 if there is none; the payload must be whole pairs of hex
/// digits of either case.
///
/// ```
/// use espprov_simulator::console::parse_line;
///
/// let line = parse_line(b"proto-ver 7 2d2D2d").unwrap();
/// assert_eq!((line.endpoint, line.session, &line.payload[..]), ("proto-ver", 7, &b"---"[..]));
/// assert_eq!(parse_line(b"proto-ver 7 2d2"), None);
/// ```
#[must_use]
pub fn parse_line(line: &[u8]) -> Option<Line<'_>> {
    let line = str::from_utf8(line).ok()?;
    let mut words = line.split_ascii_whitespace();
    let (endpoint, id, digits) = (words.next()?, words.next()?, words.next()?);
    if words.next().is_some() || Endpoint::custom(endpoint).is_err() {
        return None;
    }
    let mut payload = vec![0; digits.len() / 2];
    let len = hex::decode(digits, &mut payload).ok()?;
    payload.truncate(len);
    Some(Line {
        endpoint,
        session: atoi(id),
        payload,
    })
}

/// Digits after an optional sign, up to the first other character. Stays within `0..=i32::MAX`: what is
/// beyond is undefined for `atoi`, and clients do not send it.
fn atoi(text: &str) -> u32 {
    let text = text.strip_prefix('+').unwrap_or(text);
    let digits = text.bytes().take_while(u8::is_ascii_digit);
    let value = digits.fold(0_u32, |value, digit| {
        value.saturating_mul(10).saturating_add(u32::from(digit - b'0'))
    });
    value.min(i32::MAX.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_as_atoi_reads_them() {
        for (text, id) in [
            ("0", 0),
            ("007", 7),
            ("+5", 5),
            ("12ab", 12),
            ("abc", 0),
            ("-3", 0),
            ("2147483647", i32::MAX as u32),
            ("99999999999999999999", i32::MAX as u32),
        ] {
            let line = format!("echo {text} 00");
            assert_eq!(parse_line(line.as_bytes()).unwrap().session, id, "{text}");
        }
    }

    #[test]
    fn what_is_no_request() {
        for bad in [
            &b""[..],
            b"   ",
            b"echo",
            b"echo 1",
            b"echo 1 ",
            b"echo 1 0",
            b"echo 1 0g",
            b"echo 1 00 00",
            b"ec/ho 1 00",
            b"echo 1 \xff\xff",
            b"\xffecho 1 00",
        ] {
            assert_eq!(parse_line(bad), None, "{}", bad.escape_ascii());
        }
        assert!(parse_line(b"\necho\t1  00\n").is_some());
    }

    proptest! {
        #[test]
        fn any_request_survives(
            endpoint in "[A-Za-z0-9_.-]{1,64}", session in 0..=i32::MAX as u32,
            payload in proptest::collection::vec(any::<u8>(), 1..300),
        ) {
            let digits: String = payload.iter().map(|byte| format!("{byte:02x}")).collect();
            let line = format!("{endpoint} {session} {digits}");
            let expected = Line { endpoint: &endpoint, session, payload };
            prop_assert_eq!(parse_line(line.as_bytes()), Some(expected));
        }

        #[test]
        fn any_bytes_are_survived(line in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Some(request) = parse_line(&line) {
                prop_assert!(request.payload.len() * 2 <= line.len());
            }
        }
    }
}
