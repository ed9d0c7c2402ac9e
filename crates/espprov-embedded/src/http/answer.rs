//! The head of an answer, byte by byte: status, length, cookie, whether the connection stays. Sans-IO.

/// Longest header line kept; longer ones are cut, which no header of interest reaches.
const MAX_LINE: usize = 96;
/// Largest head. Devices send about 150 bytes.
const MAX_HEAD: usize = 2048;

/// Reads the head of an answer. Constant memory.
#[derive(Debug, Clone)]
pub(super) struct HeadReader {
    line: [u8; MAX_LINE],
    len: usize,
    total: usize,
    head: Head,
    first: bool,
}

/// What the head says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Head {
    pub(super) status: u16,
    /// `None`: until the connection ends.
    pub(super) length: Option<usize>,
    pub(super) cookie: Option<u32>,
    pub(super) closes: bool,
    chunked: bool,
}

/// Not a head that a device sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

impl HeadReader {
    pub(super) fn new() -> Self {
        Self {
            line: [0; MAX_LINE],
            len: 0,
            total: 0,
            head: Head::default(),
            first: true,
        }
    }

    /// Takes a byte; the head when it is complete.
    pub(super) fn push(&mut self, byte: u8) -> Result<Option<Head>, Malformed> {
        self.total = self.total.saturating_add(1);
        if self.total > MAX_HEAD {
            return Err(Malformed);
        }
        if byte != b'\n' {
            if let Some(place) = self.line.get_mut(self.len) {
                *place = byte;
                self.len = self.len.saturating_add(1);
            }
            // Binary noise is found out at once, not at its first line end.
            let expected = b"HTTP/1.".get(..self.len.min(7)).unwrap_or_default();
            if self.first && !self.line.starts_with(expected) {
                return Err(Malformed);
            }
            return Ok(None);
        }
        let line = self.line.get(..self.len).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let ended = line.is_empty() && !self.first;
        if self.first {
            self.head.status = status(line).ok_or(Malformed)?;
            self.head.closes = line.starts_with(b"HTTP/1.0");
            self.first = false;
        } else if !line.is_empty() {
            header(line, &mut self.head)?;
        }
        self.len = 0;
        if !ended {
            return Ok(None);
        }
        if (100..200).contains(&self.head.status) {
            // An interim answer: the real one follows.
            self.first = true;
            self.head = Head::default();
            return Ok(None);
        }
        if self.head.chunked {
            Err(Malformed)
        } else {
            Ok(Some(self.head))
        }
    }

    /// Whether a byte has come.
    pub(super) const fn has_begun(&self) -> bool {
        self.total > 0
    }
}

fn status(line: &[u8]) -> Option<u16> {
    let rest = line.strip_prefix(b"HTTP/1.")?;
    let code = rest.get(2..5)?;
    let ends = rest.get(5).is_none_or(|&b| b == b' ');
    (rest.get(1) == Some(&b' ') && ends).then_some(())?;
    number(code)
        .and_then(|code| u16::try_from(code).ok())
        .filter(|code| *code >= 100)
}

fn header(line: &[u8], head: &mut Head) -> Result<(), Malformed> {
    let colon = line.iter().position(|&b| b == b':').ok_or(Malformed)?;
    let (name, value) = line.split_at_checked(colon).ok_or(Malformed)?;
    let value = value.get(1..).unwrap_or_default().trim_ascii();
    if name.eq_ignore_ascii_case(b"content-length") {
        let length = number(value)
            .and_then(|n| usize::try_from(n).ok())
            .ok_or(Malformed)?;
        // Two different lengths: no way to know where the next answer begins.
        if head.length.replace(length).is_some_and(|other| other != length) {
            return Err(Malformed);
        }
    } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
        head.chunked = !value.eq_ignore_ascii_case(b"identity");
    } else if name.eq_ignore_ascii_case(b"connection") {
        head.closes |= value.eq_ignore_ascii_case(b"close");
    } else if name.eq_ignore_ascii_case(b"set-cookie") {
        // The first session cookie counts; other cookies do not matter.
        head.cookie = head.cookie.or_else(|| cookie(value));
    }
    Ok(())
}

/// `session=<u32>`, perhaps followed by `;` and attributes; without leading zeros, because the device compares
/// text.
fn cookie(value: &[u8]) -> Option<u32> {
    let pair = value.split(|&b| b == b';').next().unwrap_or_default();
    let digits = pair.trim_ascii().strip_prefix(b"session=")?;
    if digits.len() > 1 && digits.starts_with(b"0") {
        return None;
    }
    number(digits).and_then(|n| u32::try_from(n).ok())
}

fn number(digits: &[u8]) -> Option<u64> {
    let plain = !digits.is_empty() && digits.len() <= 19 && digits.iter().all(u8::is_ascii_digit);
    plain.then(|| core::str::from_utf8(digits).ok()?.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &[u8]) -> Result<Option<Head>, Malformed> {
        let mut reader = HeadReader::new();
        for &byte in text {
            if let Some(head) = reader.push(byte)? {
                return Ok(Some(head));
            }
        }
        Ok(None)
    }

    #[test]
    fn as_a_device_answers() {
        let head = read(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 7\r\nSet-Cookie: session=4711\r\n\r\n");
        let expected = Head {
            status: 200,
            length: Some(7),
            cookie: Some(4711),
            ..Head::default()
        };
        assert_eq!(head, Ok(Some(expected)));
        let head = read(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 404 x\ncontent-length:0\n\n")
            .unwrap()
            .unwrap();
        assert_eq!((head.status, head.length, head.closes), (404, Some(0), true));
        assert_eq!(read(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n"), Ok(None));
    }

    #[test]
    fn whether_the_connection_ends() {
        for (lines, closes) in [
            ("HTTP/1.1 200 OK\r\n", false),
            ("HTTP/1.0 200 OK\r\n", true),
            ("HTTP/1.1 200 OK\r\nConnection: close\r\n", true),
            ("HTTP/1.1 200 OK\r\nconnection:  Close \r\n", true),
            ("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n", false),
            (
                "HTTP/1.1 200 OK\r\nConnection: close\r\nConnection: keep-alive\r\n",
                true,
            ),
        ] {
            let head = read(std::format!("{lines}\r\n").as_bytes()).unwrap().unwrap();
            assert_eq!(head.closes, closes, "{lines}");
        }
    }

    #[test]
    fn what_is_not_a_device() {
        for text in [
            &b"SSH-2.0-x\r\n"[..],
            b"\n",
            b"HTTP/1.1 20\r\n",
            b"HTTP/2 200 OK\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n", // digits only (RFC 9110)
            b"HTTP/1.1 200 OK\r\nno colon\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        ] {
            assert_eq!(read(text), Err(Malformed), "{}", text.escape_ascii());
        }
        let endless = [&b"HTTP/1.1 200 OK\r\nx: "[..], &[b'y'; 3000]].concat();
        assert_eq!(read(&endless), Err(Malformed));
    }

    #[test]
    fn heads_at_their_limits() {
        let head = |text: &str| read(text.as_bytes()).map(|head| head.unwrap());
        // Exactly as long as a head may be, and a byte more.
        let padded = |len: usize| {
            let filler = "y".repeat(len - "HTTP/1.1 200 OK\r\nx: \r\n\r\n".len());
            std::format!("HTTP/1.1 200 OK\r\nx: {filler}\r\n\r\n")
        };
        assert_eq!(padded(MAX_HEAD).len(), MAX_HEAD);
        assert_eq!(head(&padded(MAX_HEAD)).map(|head| head.status), Ok(200));
        assert_eq!(read(padded(MAX_HEAD + 1).as_bytes()), Err(Malformed));
        // A line is cut, not refused: what counts stands at its beginning.
        let long = std::format!("Set-Cookie: session=7; Path={}", "/".repeat(200));
        let cookie = head(&std::format!("HTTP/1.1 200 OK\r\n{long}\r\n\r\n"))
            .unwrap()
            .cookie;
        assert_eq!(cookie, Some(7));
        // The same length twice says nothing new, and 19 digits are a number.
        let twice = head("HTTP/1.1 200 OK\r\nContent-Length: 12\r\ncontent-length: 12\r\n\r\n");
        assert_eq!(twice.unwrap().length, Some(12));
        let digits = "1234567890123456789";
        let long = head(&std::format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {digits}\r\n\r\n"
        ));
        assert_eq!(long.unwrap().length, Some(1_234_567_890_123_456_789));
        let plain = head("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n");
        assert_eq!(plain.unwrap().status, 200);
    }

    #[test]
    fn status_lines() {
        for (line, expected) in [
            ("HTTP/1.1 200 OK", Some(200)),
            ("HTTP/1.1 200", Some(200)),
            ("HTTP/1.0 599 x", Some(599)),
            ("HTTP/1.1 100 Continue", Some(100)),
            ("HTTP/1.1 099 x", None),
            ("HTTP/1.1 2000 x", None),
            ("HTTP/1.1x200 OK", None),
            ("HTTP/1.1 2x0 OK", None),
            ("HTTP/2.0 200 OK", None),
        ] {
            assert_eq!(status(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn cookies_exactly() {
        for (value, expected) in [
            ("session=0", Some(0)),
            ("session=4294967295; Path=/", Some(u32::MAX)),
            (" session=17 ;x", Some(17)),
            ("session=01", None),
            ("session=", None),
            ("session=4294967296", None),
            ("session=+1", None),
            ("a=b; session=1", None),
            ("Session=1", None),
        ] {
            assert_eq!(cookie(value.as_bytes()), expected, "{value}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes(mut bytes: std::vec::Vec<u8>, status_line: bool) {
            if status_line {
                bytes.splice(0..0, *b"HTTP/1.1 200 OK\r\n");
            }
            let _ = read(&bytes);
        }
    }
}
