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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// Bytes of the head, blank line included.
    pub(super) len: usize,
    pub(super) is_post: bool,
    /// Path without its slash.
    pub(super) endpoint: String,
    /// A `?` and what follows it was there.
    pub(super) has_query: bool,
    /// Content-Length; 0 if there is none (chunked bodies have none).
    pub(super) body: usize,
    /// The value of the first Cookie field.
    pub(super) cookie: Option<Vec<u8>>,
}

/// What can be said about the bytes that have come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Parsed {
    Incomplete,
    Head(Head),
    /// Status code to answer before closing.
    Bad(u16),
}

pub(super) fn parse(bytes: &[u8]) -> Parsed {
    let mut fields = [httparse::EMPTY_HEADER; FIELD_COUNT];
    let mut request = httparse::Request::new(&mut fields);
    let line = request_line(bytes);
    let fields_so_far = bytes.len() - line.end;
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
        return match fields_so_far {
            n if n > FIELDS_MAX && line.end > 0 => Parsed::Bad(431),
            _ if bytes.len() > HEAD_MAX => Parsed::Bad(414),
            _ => Parsed::Incomplete,
        };
    };
    if len - line.end > FIELDS_MAX {
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
    let (path, query) = match path.split_once('?') {
        Some((path, _)) => (path, true),
        None => (path, false),
    };
    Parsed::Head(Head {
        len,
        is_post: request.method == Some("POST"),
        endpoint: path.strip_prefix('/').unwrap_or(path).to_owned(),
        has_query: query,
        body,
        cookie: field("cookie").map(<[u8]>::to_vec),
    })
}

/// The request line with its line end, empty while it has not come whole.
fn request_line(bytes: &[u8]) -> Range<usize> {
    // Empty lines before it are allowed (RFC 9112 § 2.2).
    let start = bytes
        .iter()
        .take_while(|byte| matches!(byte, b'\r' | b'\n'))
        .count();
    match bytes[start..].iter().position(|&byte| byte == b'\n') {
        Some(end) => start..start + end + 1,
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
    let digits = value.iter().map(|digit| usize::from(digit - b'0'));
    Ok(digits.fold(0, |n: usize, digit| n.saturating_mul(10).saturating_add(digit)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bad(text: &str) -> Option<u16> {
        match parse(text.as_bytes()) {
            Parsed::Bad(code) => Some(code),
            _ => None,
        }
    }

    #[test]
    fn a_usual_request() {
        let text = "POST /prov-session?x HTTP/1.1\r\nHost: a\r\ncontent-LENGTH: 43\r\nCookie:  session=7 \r\n\r\nbody";
        let head = Head {
            len: text.len() - 4,
            is_post: true,
            endpoint: "prov-session".to_owned(),
            has_query: true,
            body: 43,
            cookie: Some(b"session=7".to_vec()),
        };
        assert_eq!(parse(text.as_bytes()), Parsed::Head(head));
        for end in 0..text.len() - 4 {
            assert_eq!(parse(&text.as_bytes()[..end]), Parsed::Incomplete, "{end}");
        }
    }

    #[test]
    fn field_bytes_are_limited_to_1024() {
        let request = |filler: usize| format!("POST /a HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(filler));
        // "X: " and two line ends are 7 bytes.
        assert!(matches!(parse(request(1017).as_bytes()), Parsed::Head(_)));
        assert_eq!(bad(&request(1018)), Some(431));
        let endless = format!("POST /a HTTP/1.1\r\nX: {}", "x".repeat(1030));
        assert_eq!(bad(&endless), Some(431), "not only once it is complete");
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
            parse(huge.as_bytes()),
            Parsed::Head(Head { body: usize::MAX, .. })
        ));
    }

    proptest! {
        #[test]
        fn any_bytes_end_somewhere(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
            let parsed = parse(&bytes);
            prop_assert!(parsed != Parsed::Incomplete || bytes.len() <= HEAD_MAX);
        }
    }
}
