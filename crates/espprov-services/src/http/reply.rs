//! What the server answers, and how it is worded.

/// Room for the head of an answer: the longest is some 140 bytes.
pub(super) const HEAD_ROOM: usize = 160;

/// An answer with a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) set_cookie: Option<u32>,
    /// Length of the body.
    pub(super) body: usize,
    /// The body is compressed.
    pub(super) gzip: bool,
}

impl Head {
    /// Writes the head, its blank line included. How long it is.
    pub(super) fn write(&self, place: &mut [u8; HEAD_ROOM]) -> usize {
        let mut digits = [0; 20];
        let mut out = Out { place, len: 0 };
        out.put(b"HTTP/1.1 ");
        out.put(decimal(u64::from(self.status), &mut digits));
        out.put(b" ");
        out.put(reason(self.status));
        out.put(b"\r\nContent-Type: text/html\r\nContent-Length: ");
        out.put(decimal(u64::try_from(self.body).unwrap_or(u64::MAX), &mut digits));
        out.put(b"\r\n");
        if self.gzip {
            out.put(b"Content-Encoding: gzip\r\n");
        }
        if let Some(id) = self.set_cookie {
            out.put(b"Set-Cookie: session=");
            out.put(decimal(u64::from(id), &mut digits));
            out.put(b"\r\n");
        }
        out.put(b"\r\n");
        out.len
    }
}

struct Out<'a> {
    place: &'a mut [u8; HEAD_ROOM],
    len: usize,
}

impl Out<'_> {
    /// There is room for all that is written: see the test.
    fn put(&mut self, text: &[u8]) {
        for (place, byte) in self.place.iter_mut().skip(self.len).zip(text) {
            *place = *byte;
            self.len = self.len.saturating_add(1);
        }
    }
}

/// The digits of a number.
pub(super) fn decimal(mut number: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut used = 0;
    for place in digits.iter_mut().rev() {
        // A remainder of ten is a digit.
        *place = b'0'.saturating_add(u8::try_from(number % 10).unwrap_or(0));
        number /= 10;
        used = usize::saturating_add(used, 1);
        if number == 0 {
            break;
        }
    }
    digits.get(20_usize.saturating_sub(used)..).unwrap_or_default()
}

/// The body that comes with an error, as the firmware's server words it.
pub(super) const fn explanation(status: u16) -> &'static [u8] {
    match status {
        404 => b"Nothing matches the given URI",
        405 => b"Specified method is invalid for this resource",
        414 => b"URI is too long",
        431 => b"Header fields are too long",
        _ => b"Bad request syntax",
    }
}

const fn reason(status: u16) -> &'static [u8] {
    match status {
        200 => b"OK",
        404 => b"Not Found",
        405 => b"Method Not Allowed",
        414 => b"URI Too Long",
        431 => b"Request Header Fields Too Large",
        _ => b"Bad Request",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(head: Head) -> std::string::String {
        let mut place = [0; HEAD_ROOM];
        let len = head.write(&mut place);
        core::str::from_utf8(&place[..len]).unwrap().into()
    }

    #[test]
    fn heads_are_worded_as_the_firmware_does() {
        let head = Head {
            status: 200,
            set_cookie: Some(1_234_567_890),
            body: 61,
            gzip: false,
        };
        assert_eq!(
            written(head),
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 61\r\n\
             Set-Cookie: session=1234567890\r\n\r\n"
        );
        let head = Head {
            status: 404,
            set_cookie: None,
            body: 0,
            gzip: false,
        };
        assert_eq!(
            written(head),
            "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n"
        );
    }

    #[test]
    fn a_compressed_body_is_named_so() {
        let head = Head {
            status: 200,
            set_cookie: None,
            body: 95_000,
            gzip: true,
        };
        assert_eq!(
            written(head),
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 95000\r\n\
             Content-Encoding: gzip\r\n\r\n"
        );
    }

    #[test]
    fn the_longest_head_fits() {
        for status in [200, 400, 404, 405, 414, 431] {
            let head = Head {
                status,
                set_cookie: Some(u32::MAX),
                body: usize::MAX,
                // Only the page is.
                gzip: status == 200,
            };
            assert!(written(head).ends_with("\r\n\r\n"), "{status}");
        }
    }

    #[test]
    fn numbers() {
        for (number, text) in [
            (0, &b"0"[..]),
            (7, b"7"),
            (10, b"10"),
            (u64::MAX, b"18446744073709551615"),
        ] {
            assert_eq!(decimal(number, &mut [0; 20]), text);
        }
    }
}
