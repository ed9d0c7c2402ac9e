//! One line of console input.

use core::ops::Range;
use core::str;
use espprov_transport::Endpoint;

/// A request as typed: `<endpoint> <session id> <hex>`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line<'a> {
    /// Endpoint name.
    pub endpoint: &'a str,
    /// Session id, read as `atoi` would: `0..=i32::MAX`.
    pub session: u32,
    /// Pairs of characters, each a number.
    digits: &'a [u8],
}

impl Line<'_> {
    /// The bytes of the request.
    pub fn payload(&self) -> impl ExactSizeIterator<Item = u8> {
        self.digits
            .chunks_exact(2)
            .map(|text| pair(text).unwrap_or_default())
    }
}

/// Reads a line, its carriage return included. `None`: not a request; the device answers with a prompt.
///
/// As the firmware does it: words are separated by blanks alone, and what is beyond the third is ignored. The session id
/// stops at the first character that is no digit and is 0 if there is none. The payload is read in pairs of characters, each a
/// number of one or two hex digits of either case; a character that is left over is dropped, as the carriage return is.
/// A pair that is no number has no defined value there; here it makes the line no request.
///
/// ```
/// use espprov_services::console::parse_line;
///
/// let line = parse_line(b"proto-ver 7 2d2D2d\r").unwrap();
/// assert_eq!((line.endpoint, line.session), ("proto-ver", 7));
/// assert!(line.payload().eq(*b"---"));
/// // Two lines in one: no endpoint has a carriage return in its name.
/// assert_eq!(parse_line(b"\rproto-ver 7 2d2D2d\r"), None);
/// ```
#[must_use]
pub fn parse_line(line: &[u8]) -> Option<Line<'_>> {
    let parts = Parts::of(line)?;
    Some(Line {
        endpoint: str::from_utf8(line.get(parts.endpoint)?).ok()?,
        session: parts.session,
        digits: line.get(parts.digits)?,
    })
}

/// The same by its places in the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) endpoint: Range<usize>,
    pub(super) session: u32,
    digits: Range<usize>,
}

impl Parts {
    pub(super) fn of(line: &[u8]) -> Option<Self> {
        // Not text: no request.
        str::from_utf8(line).ok()?;
        let endpoint = word(line, 0)?;
        let id = word(line, endpoint.end)?;
        let digits = word(line, id.end)?;
        Endpoint::custom(str::from_utf8(line.get(endpoint.clone())?).ok()?).ok()?;
        let mut pairs = line.get(digits.clone())?.chunks_exact(2);
        pairs.all(|text| pair(text).is_some()).then_some(Self {
            session: atoi(line.get(id)?),
            endpoint,
            digits,
        })
    }

    /// Puts the payload at the beginning of the line that these are the parts of. How long it is: never longer than the
    /// digits that it is made of.
    pub(super) fn decode(&self, line: &mut [u8]) -> usize {
        let mut len = 0;
        let digits = self.digits.clone().step_by(2);
        for at in digits {
            // A byte takes the place of what has been read: the payload begins before the digits, and is half as long.
            let end = at.saturating_add(2).min(self.digits.end);
            let byte = line.get(at..end).and_then(pair);
            let (Some(byte), Some(place)) = (byte, line.get_mut(len)) else {
                break;
            };
            *place = byte;
            len = len.saturating_add(1);
        }
        len
    }
}

/// The first word from here on. Words are separated by blanks alone.
fn word(line: &[u8], from: usize) -> Option<Range<usize>> {
    let blank = |byte: &u8| *byte == b' ';
    let rest = line.get(from..)?;
    let start = from.checked_add(rest.iter().position(|byte| !blank(byte))?)?;
    let rest = line.get(start..)?;
    let len = rest.iter().position(blank).unwrap_or(rest.len());
    Some(start..start.checked_add(len)?)
}

/// One or two hex digits, as `scanf` reads them.
fn pair(text: &[u8]) -> Option<u8> {
    let &[first, second] = text else {
        return None;
    };
    let digit = |byte| char::from(byte).to_digit(16);
    let value = match (digit(first), digit(second)) {
        (Some(high), Some(low)) => high << 4 | low,
        (Some(only), None) => only,
        (None, _) => return None,
    };
    u8::try_from(value).ok()
}

/// Digits after an optional sign, up to the first other character. Stays within `0..=i32::MAX`: what is
/// beyond is undefined for `atoi`, and clients do not send it.
fn atoi(text: &[u8]) -> u32 {
    let text = text.strip_prefix(b"+").unwrap_or(text);
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    let value = digits.fold(0_u32, |value, digit| {
        value
            .saturating_mul(10)
            .saturating_add(u32::from(digit.wrapping_sub(b'0')))
    });
    value.min(i32::MAX.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    fn payload(line: &[u8]) -> Vec<u8> {
        parse_line(line).unwrap().payload().collect()
    }

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
            prop_assume!(endpoint != "." && endpoint != "..");
            let digits: String = payload.iter().map(|byte| format!("{byte:02x}")).collect();
            let mut typed = format!("{endpoint} {session} {digits}\r").into_bytes();
            let line = parse_line(&typed).unwrap();
            prop_assert_eq!((line.endpoint, line.session), (&endpoint[..], session));
            prop_assert!(line.payload().eq(payload.iter().copied()));
            // In place, it is the same.
            let parts = Parts::of(&typed).unwrap();
            let len = parts.decode(&mut typed);
            prop_assert_eq!(&typed[..len], &payload[..]);
        }

        #[test]
        fn any_bytes_are_survived(mut line in proptest::collection::vec(any::<u8>(), 0..300)) {
            let Some(request) = parse_line(&line) else { return Ok(()) };
            prop_assert!(request.payload().len() * 2 <= line.len());
            let payload: Vec<u8> = request.payload().collect();
            let len = Parts::of(&line).unwrap().decode(&mut line);
            prop_assert_eq!(&line[..len], &payload[..]);
        }
    }
}
