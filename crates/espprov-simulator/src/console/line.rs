//! One line of console input.

use core::str;
use espprov_transport::Endpoint;

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

/// Reads a line, its carriage return included. `None`: not a request; the device answers with a prompt.
///
/// As the firmware does it: words are separated by blanks alone, and what is beyond the third is ignored. The session id
/// stops at the first character that is no digit and is 0 if there is none. The payload is read in pairs of characters, each a
/// number of one or two hex digits of either case; a character that is left over is dropped, as the carriage return is.
/// A pair that is no number has no defined value there; here it makes the line no request.
///
/// ```
/// use espprov_simulator::console::parse_line;
///
/// let line = parse_line(b"proto-ver 7 2d2D2d\r").unwrap();
/// assert_eq!((line.endpoint, line.session, &line.payload[..]), ("proto-ver", 7, &b"---"[..]));
/// // Two lines in one: no endpoint has a carriage return in its name.
/// assert_eq!(parse_line(b"\rproto-ver 7 2d2D2d\r"), None);
/// ```
#[must_use]
pub fn parse_line(line: &[u8]) -> Option<Line<'_>> {
    let line = str::from_utf8(line).ok()?;
    let mut words = line.split(' ').filter(|word| !word.is_empty());
    let (endpoint, id, digits) = (words.next()?, words.next()?, words.next()?);
    if Endpoint::custom(endpoint).is_err() {
        return None;
    }
    let payload = digits
        .as_bytes()
        .chunks_exact(2)
        .map(pair)
        .collect::<Option<_>>()?;
    Some(Line {
        endpoint,
        session: atoi(id),
        payload,
    })
}

/// One or two hex digits, as `scanf` reads them.
fn pair(text: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(text[at]).to_digit(16);
    let value = match (digit(0), digit(1)) {
        (Some(high), Some(low)) => high << 4 | low,
        (Some(only), None) => only,
        (None, _) => return None,
    };
    u8::try_from(value).ok()
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
            b"\r",
            b"   \r",
            b"echo\r",
            b"echo 1\r",
            b"echo 1 \xff\xff\r",
            b"echo 1 g0\r",
            b"ec//ho 1 00\r",
            b"\xffecho 1 00\r",
            // Carriage returns and line feeds are no blanks.
            b"\recho 1 00\r",
            b"\necho 1 00\r",
            b"echo\t1\t00\r",
            b"echo 1 00\recho 1 00\r",
        ] {
            assert_eq!(parse_line(bad), None, "{}", bad.escape_ascii());
        }
    }

    #[test]
    fn what_is_one_all_the_same() {
        let payload = |line: &'static [u8]| parse_line(line).unwrap().payload;
        assert_eq!(payload(b"ec/ho 1 00\r"), [0]);
        assert_eq!(payload(b" echo  1  00"), [0]);
        assert_eq!(payload(b"echo 1 00 00\r"), [0]);
        assert_eq!(payload(b"echo 1 001"), [0]);
        assert_eq!(payload(b"echo 1 00f\r"), [0, 15]);
        assert_eq!(payload(b"echo 1 \r"), []);
    }

    proptest! {
        #[test]
        fn any_request_survives(
            endpoint in "[A-Za-z0-9_.-]{1,64}", session in 0..=i32::MAX as u32,
            payload in proptest::collection::vec(any::<u8>(), 1..300),
        ) {
            let digits: String = payload.iter().map(|byte| format!("{byte:02x}")).collect();
            let line = format!("{endpoint} {session} {digits}\r");
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
