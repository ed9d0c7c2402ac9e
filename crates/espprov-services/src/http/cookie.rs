//! Which session a request belongs to: the cookie rule of the vendor's HTTP transport.

use super::reply::decimal;

/// Longest Cookie header that is compared with the session's. A longer one does not fit the firmware's buffer and
/// counts as none. One of exactly the buffer's size (20) is cut by a character and so compared in vain: in every
/// release up to 6.1; it was mended on the branches in July 2026.
const COOKIE_MAX: usize = 20;

/// The session the device keeps for HTTP, and who may use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HttpSession {
    /// The number in the cookie.
    pub(super) id: u32,
    /// The connection whose request opened the session.
    pub(super) opener: u64,
    /// A request has come with the right cookie: from then on the connection alone is not enough.
    pub(super) matched: bool,
}

/// Whether a request with this Cookie header (value only), on this connection, goes on with `session`. `false`:
/// the session is closed and the request opens a new one.
///
/// A right cookie is remembered in [`HttpSession::matched`].
pub(super) fn continues(session: Option<&mut HttpSession>, cookie: Option<&[u8]>, connection: u64) -> bool {
    let Some(session) = session else {
        return false;
    };
    match cookie.filter(|value| value.len() <= COOKIE_MAX) {
        Some(value) => {
            let number = value.strip_prefix(b"session=");
            let right = number == Some(decimal(u64::from(session.id), &mut [0; 20]));
            session.matched |= right;
            right
        }
        None => session.opener == connection && !session.matched,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    const HERE: u64 = 3;
    const ELSEWHERE: u64 = 4;

    #[test]
    fn the_rule_as_a_table() {
        let right = "session=1234567890";
        let long = "session=1234567890; a=b";
        let rows = [
            // (what, Cookie, connection, a cookie matched before, goes on)
            ("none, opener", None, HERE, false, true),
            ("none, opener, once matched", None, HERE, true, false),
            ("none, other socket", None, ELSEWHERE, false, false),
            ("right, opener", Some(right), HERE, false, true),
            ("right, other socket", Some(right), ELSEWHERE, false, true),
            ("right, once matched", Some(right), ELSEWHERE, true, true),
            ("wrong number", Some("session=1234567891"), HERE, false, false),
            ("leading zero", Some("session=01234567890"), HERE, false, false),
            ("something else", Some("a=b"), HERE, false, false),
            ("empty", Some(""), HERE, false, false),
            (
                "20 characters: compared, and in vain",
                Some("session=1234567890;;"),
                HERE,
                false,
                false,
            ),
            (
                "21 characters: as none",
                Some("session=1234567890;;;"),
                HERE,
                false,
                true,
            ),
            (
                "19 characters: still compared",
                Some("session=1234567890;"),
                HERE,
                false,
                false,
            ),
            ("too long counts as none", Some(long), HERE, false, true),
            ("too long, other socket", Some(long), ELSEWHERE, false, false),
        ];
        for (what, cookie, connection, matched, expected) in rows {
            let mut session = HttpSession {
                id: 1_234_567_890,
                opener: HERE,
                matched,
            };
            let cookie_bytes = cookie.map(str::as_bytes);
            assert_eq!(
                continues(Some(&mut session), cookie_bytes, connection),
                expected,
                "{what}"
            );
            assert_eq!(session.matched, matched || cookie == Some(right), "{what}");
            assert!(!continues(None, cookie_bytes, connection), "{what}, no session");
        }
    }

    #[test]
    fn the_longest_cookie_still_fits() {
        let cookie = format!("session={}", u32::MAX);
        assert!(cookie.len() <= COOKIE_MAX);
    }
}
