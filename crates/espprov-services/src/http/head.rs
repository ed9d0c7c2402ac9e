//! The head of a request, as the firmware's small HTTP server reads it.

use core::ops::Range;

/// Longest URI and longest block of header fields, in bytes.
const URI_MAX: usize = 512;
const FIELDS_MAX: usize = 1024;

/// Heads that are no heads end here.
const HEAD_MAX: usize = URI_MAX + FIELDS_MAX + 64;

/// Fields beyond this many make the head unreadable; 1024 bytes hold fewer than that of any use.
const FIELD_COUNT: usize = 128;

/// What matters of a request's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head<'a> {
    /// Bytes of the head, blank line included.
    pub(super) len: usize,
    pub(super) method: Method,
    /// Path without its slash.
    pub(super) endpoint: &'a str,
    /// A `?` and what follows it was there.
    pub(super) has_query: bool,
    /// Content-Length; 0 if there is none (chunked bodies have none).
    pub(super) body: usize,
    /// The value of the first Cookie field.
    pub(super) cookie: Option<&'a [u8]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Post,
    Get,
    Other,
}

/// What can be said about the bytes that have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parsed<'a> {
    Incomplete,
    Head(Head<'a>),
    /// Status code to answer before closing.
    Bad(u16),
}

/// Reads a head. `room`: how many bytes there can be at most.
#[inline(never)] // some kilobytes of stack, for as long as it takes
pub(super) fn parse(bytes: &[u8], room: usize) -> Parsed<'_> {
    let mut fields = [httparse::EMPTY_HEADER; FIELD_COUNT];
    let mut request = httparse::Request::new(&mut fields);
    let line = request_line(bytes);
    let fields_so_far = bytes.len().saturating_sub(line.end);
    let complete = match request.parse(bytes) {
        Ok(httparse::Status::Complete(len)) => Some(len),
        Ok(httparse::Status::Partial) => None,
        Err(httparse::Error::TooManyHeaders) => return Parsed::Bad(431),
        Err(_) => return Parsed::Bad(400),
    };
    if request.path.is_some_and(|path| path.len() > URI_MAX) {
        return Parsed::Bad(414);
    }
    let Some(len) = complete else {
        let in_fields = line.end > 0;
        return match bytes.len() {
            _ if in_fields && fields_so_far > FIELDS_MAX => Parsed::Bad(431),
            len if len > HEAD_MAX => Parsed::Bad(414),
            len if len >= room => Parsed::Bad(if in_fields { 431 } else { 414 }),
            _ => Parsed::Incomplete,
        };
    };
    if len.saturating_sub(line.end) > FIELDS_MAX {
        return Parsed::Bad(431);
    }
    let field = |name: &str| {
        let mut matching = request
            .headers
            .iter()
            .filter(|f| f.name.eq_ignore_ascii_case(name));
        matching.next().map(|f| f.value.trim_ascii())
    };
    let Ok(body) = content_length(field("content-length")) else {
        return Parsed::Bad(400);
    };
    let path = request.path.unwrap_or_default();
    let (path, has_query) = match path.split_once('?') {
        Some((path, _)) => (path, true),
        None => (path, false),
    };
    Parsed::Head(Head {
        len,
        method: match request.method {
            Some("POST") => Method::Post,
            Some("GET") => Method::Get,
            _ => Method::Other,
        },
        endpoint: path.strip_prefix('/').unwrap_or(path),
        has_query,
        body,
        cookie: field("cookie"),
    })
}

/// The request line with its line end, empty while it has not come whole.
fn request_line(bytes: &[u8]) -> Range<usize> {
    // Empty lines before it are allowed (RFC 9112 § 2.2).
    let start = bytes
        .iter()
        .take_while(|byte| matches!(byte, b'\r' | b'\n'))
        .count();
    let rest = bytes.get(start..).unwrap_or_default();
    match rest.iter().position(|&byte| byte == b'\n') {
        Some(end) => start..start.saturating_add(end).saturating_add(1),
        None => 0..0,
    }
}

/// Digits only; more than fits is as good as "too long".
fn content_length(value: Option<&[u8]>) -> Result<usize, ()> {
    let Some(value) = value else {
        return Ok(0);
    };
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(());
    }
    let digits = value.iter().map(|digit| usize::from(digit.wrapping_sub(b'0')));
    Ok(digits.fold(0, |n: usize, digit| n.saturating_mul(10).saturating_add(digit)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::format;

    fn bad(text: &str) -> Option<u16> {
        match parse(text.as_bytes(), HEAD_MAX + 64) {
            Parsed::Bad(code) => Some(code),
            _ => None,
        }
    }

    #[test]
    fn a_usual_request() {
        let text = "POST /prov-session?x HTTP/1.1\r\nHost: a\r\ncontent-LENGTH: 43\r\nCookie:  session=7 \r\n\r\nbody";
        let head = Head {
            len: text.len() - 4,
            method: Method::Post,
            endpoint: "prov-session",
            has_query: true,
            body: 43,
            cookie: Some(b"session=7"),
        };
        assert_eq!(parse(text.as_bytes(), 4096), Parsed::Head(head));
        for end in 0..text.len() - 4 {
            assert_eq!(parse(&text.as_bytes()[..end], 4096), Parsed::Incomplete, "{end}");
        }
    }

    #[test]
    fn field_bytes_are_limited_to_1024() {
        let request = |filler: usize| format!("POST /a HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(filler));
        // "X: " and two line ends are 7 bytes.
        assert!(matches!(parse(request(1017).as_bytes(), 4096), Parsed::Head(_)));
        assert_eq!(bad(&request(1018)), Some(431));
        let endless = format!("POST /a HTTP/1.1\r\nX: {}", "x".repeat(1030));
        assert_eq!(bad(&endless), Some(431), "not only once it is complete");
    }

    #[test]
    fn a_small_buffer_ends_heads_earlier() {
        let at = |text: &str, room| match parse(text.as_bytes(), room) {
            Parsed::Bad(code) => Some(code),
            _ => None,
        };
        assert_eq!(at("POST /prov-sess", 16), None);
        assert_eq!(at("POST /prov-sessi", 16), Some(414));
        assert_eq!(at("POST /a HTTP/1.1\r\nX", 19), Some(431));
    }

    #[test]
    fn bad_heads() {
        assert_eq!(bad("\u{1}\u{2}"), Some(400));
        assert_eq!(bad("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"), Some(400));
        assert_eq!(bad("POST / HTTP/1.1\r\nContent-Length: \r\n\r\n"), Some(400));
        let long = "a".repeat(513);
        assert_eq!(bad(&format!("POST /{long} HTTP/1.1\r\n\r\n")), Some(414));
        assert_eq!(bad(&format!("POST /{}", "a".repeat(5000))), Some(414));
        let huge = "POST /a HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n";
        assert!(matches!(
            parse(huge.as_bytes(), 4096),
            Parsed::Head(Head { body: usize::MAX, .. })
        ));
    }

    proptest! {
        #[test]
        fn any_bytes_end_somewhere(
            bytes in proptest::collection::vec(any::<u8>(), 0..3000), room in 0..3000_usize,
        ) {
            let parsed = parse(&bytes, room);
            prop_assert!(parsed != Parsed::Incomplete || bytes.len() <= HEAD_MAX.min(room));
        }
    }
}
