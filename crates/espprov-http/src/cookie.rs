//! The device's session cookie.

use hyper::header::{HeaderMap, SET_COOKIE};

/// The number in `session=<n>`, by which a device recognises its one session.
///
/// Devices compare the whole `Cookie` header with the text they printed, so what goes back must be exactly
/// `session=<n>`: no attribute, no second cookie, no leading zero.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cookie(u32);

impl Cookie {
    /// The first `Set-Cookie` header of an answer that is a session cookie; other cookies do not matter.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        headers
            .get_all(SET_COOKIE)
            .iter()
            .find_map(|value| Self::parse(value.as_bytes()))
    }

    /// Reads `session=<u32>`, perhaps followed by `;` and attributes.
    fn parse(value: &[u8]) -> Option<Self> {
        let pair = value.split(|&b| b == b';').next().unwrap_or_default();
        let digits = pair.trim_ascii().strip_prefix(b"session=")?;
        let canonical =
            digits.iter().all(u8::is_ascii_digit) && (digits.len() == 1 || !digits.starts_with(b"0"));
        if !canonical {
            return None;
        }
        core::str::from_utf8(digits).ok()?.parse().ok().map(Self)
    }

    /// The value of the `Cookie` header.
    pub(crate) fn header(self) -> String {
        format!("session={}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(value: &str) -> Option<String> {
        Cookie::parse(value.as_bytes()).map(Cookie::header)
    }

    #[test]
    fn strictly_a_session_number() {
        for (value, cookie) in [
            ("session=0", "session=0"),
            ("session=4294967295", "session=4294967295"),
            ("session=17; Path=/; HttpOnly", "session=17"),
            (" session=17 ;x", "session=17"),
        ] {
            assert_eq!(parsed(value).as_deref(), Some(cookie), "{value}");
        }
        for value in [
            "",
            ";",
            "session",
            "session=",
            "session=+1",
            "session=-1",
            "session=01",
            "session=1x",
            "session= 1",
            "session=4294967296",
            "Session=1",
            "xsession=1",
            "a=b; session=1",
            "session=\"1\"",
        ] {
            assert_eq!(parsed(value), None, "{value:?}");
        }
        assert!(Cookie::parse(b"session=\xff").is_none());
    }

    #[test]
    fn first_session_cookie_of_several() {
        let mut headers = HeaderMap::new();
        assert!(Cookie::from_headers(&headers).is_none());
        for value in ["lang=en", "session=oops", "session=5", "session=6"] {
            headers.append(SET_COOKIE, value.parse().unwrap());
        }
        assert!(Cookie::from_headers(&headers) == Some(Cookie(5)));
    }
}
