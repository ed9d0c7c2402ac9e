//! The request line: `<endpoint> <session id> <hex>\r`.

use crate::whole::write_whole;
use embedded_io_async::{Error as _, ErrorKind, Write};
use espprov_transport::Endpoint;
use zeroize::Zeroize;

/// Decimal digits of the largest session id, 2147483647.
const MAX_DIGITS: usize = 10;

/// A request as it goes over the wire, without ever being in memory as a whole.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    endpoint: &'a [u8],
    id: Id,
    payload: &'a [u8],
}

/// A session id in decimal, right-aligned. (Aligning it otherwise would link `memmove`.)
#[derive(Debug, Clone, Copy)]
struct Id {
    digits: [u8; MAX_DIGITS],
    len: usize,
}

impl Id {
    fn new(id: u32) -> Self {
        let mut digits = [0; MAX_DIGITS];
        let mut rest = id;
        let mut len = 0_usize;
        for digit in digits.iter_mut().rev() {
            *digit = hex_digit((rest % 10) as u8);
            rest /= 10;
            len = len.saturating_add(1);
            if rest == 0 {
                break;
            }
        }
        Self { digits, len }
    }

    fn as_bytes(&self) -> &[u8] {
        let start = MAX_DIGITS.saturating_sub(self.len);
        self.digits.get(start..).unwrap_or_default()
    }
}

/// Longest request in bytes that fits a line of `line_limit` characters (`\r` included) to an endpoint whose name
/// has `endpoint_len` characters, in a session of this id. Stock firmware: a limit of 255, so 120 bytes to
/// `prov-config` with a one-digit id.
#[must_use]
pub fn max_payload(line_limit: usize, endpoint_len: usize, session_id: u32) -> usize {
    // Two spaces and the carriage return.
    line_limit
        .saturating_sub(endpoint_len)
        .saturating_sub(Id::new(session_id).len)
        .saturating_sub(3)
        / 2
}

impl Line<'static> {
    /// The line that asks for nothing but a prompt.
    pub(super) const EMPTY: Self = Self {
        endpoint: &[],
        id: Id {
            digits: [0; MAX_DIGITS],
            len: 0,
        },
        payload: &[],
    };
}

impl<'a> Line<'a> {
    /// The line that sends `payload` to `endpoint`.
    #[must_use]
    pub fn new(endpoint: Endpoint<'a>, session_id: u32, payload: &'a [u8]) -> Self {
        Self {
            endpoint: endpoint.as_str().as_bytes(),
            id: Id::new(session_id),
            payload,
        }
    }

    /// Characters before the hex digits.
    fn head_len(&self) -> usize {
        self.endpoint.len().saturating_add(self.id.len).saturating_add(2)
    }

    /// Characters the device will echo.
    pub(super) fn len(&self) -> usize {
        self.head_len()
            .saturating_add(self.payload.len().saturating_mul(2))
    }

    /// The character at `index` of what the device will echo (the carriage return is not part of it).
    pub(super) fn char_at(&self, index: usize) -> Option<u8> {
        if let Some(&c) = self.endpoint.get(index) {
            return Some(c);
        }
        if self.endpoint.is_empty() {
            return None;
        }
        let after_name = index.checked_sub(self.endpoint.len())?;
        if after_name == 0 {
            return Some(b' ');
        }
        if let Some(&digit) = self.id.as_bytes().get(after_name.checked_sub(1)?) {
            return Some(digit);
        }
        let Some(nibble) = index.checked_sub(self.head_len()) else {
            return Some(b' ');
        };
        let byte = *self.payload.get(nibble / 2)?;
        Some(hex_digit(if nibble % 2 == 0 { byte >> 4 } else { byte & 15 }))
    }

    /// Writes the whole line, `\r` included, a small piece at a time, and flushes.
    pub(super) async fn write_to<W: Write>(&self, tx: &mut W) -> Result<(), ErrorKind> {
        let mut piece = [0_u8; 64];
        let mut index = 0_usize;
        let mut ended = false;
        while !ended {
            let mut len = 0_usize;
            for place in &mut piece {
                let c = self.char_at(index);
                *place = c.unwrap_or(b'\r');
                len = len.saturating_add(1);
                index = index.saturating_add(1);
                if c.is_none() {
                    ended = true;
                    break;
                }
            }
            let sent = write_whole(tx, piece.get(..len).unwrap_or_default()).await;
            // Under security 0 this was a passphrase.
            piece.zeroize();
            sent?;
        }
        tx.flush().await.map_err(|error| error.kind())
    }
}

const fn hex_digit(nibble: u8) -> u8 {
    match nibble {
        0..=9 => nibble | b'0',
        // 10..=15: the letters from 'a' on.
        _ => nibble.wrapping_add(b'a' - 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    fn text(line: &Line<'_>) -> String {
        (0..).map_while(|i| line.char_at(i).map(char::from)).collect()
    }

    #[test]
    fn as_the_firmware_reads_it() {
        let line = Line::new(Endpoint::PROV_SESSION, 0, &[0x52, 0x00, 0xaf]);
        assert_eq!(text(&line), "prov-session 0 5200af");
        let line = Line::new(Endpoint::PROTO_VER, 2_147_483_647, b"---");
        assert_eq!(text(&line), "proto-ver 2147483647 2d2d2d");
        assert_eq!(
            text(&Line::new(Endpoint::PROV_CTRL, 4_294_967_295, &[])),
            "prov-ctrl 4294967295 "
        );
        for id in [0, 9, 10, 99, 100, 1_000_000_000] {
            assert_eq!(
                text(&Line::new(Endpoint::PROV_CTRL, id, &[])),
                std::format!("prov-ctrl {id} ")
            );
        }
    }

    /// Takes so many bytes at a time.
    struct Port(usize, Vec<u8>);

    impl embedded_io_async::ErrorType for Port {
        type Error = ErrorKind;
    }

    impl Write for Port {
        async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
            let taken = bytes.len().min(self.0);
            self.1.extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }
        async fn flush(&mut self) -> Result<(), ErrorKind> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn it_is_written_however_little_the_port_takes() {
        let payload = [0x5a; 100];
        let line = Line::new(Endpoint::PROV_CONFIG, 0, &payload);
        for most in [1, 7, 64, 1000] {
            let mut port = Port(most, Vec::new());
            assert_eq!(line.write_to(&mut port).await, Ok(()));
            assert_eq!(String::from_utf8(port.1).unwrap(), text(&line) + "\r");
        }
        let stuck = line.write_to(&mut Port(0, Vec::new())).await;
        assert_eq!(stuck, Err(ErrorKind::WriteZero));
    }

    #[test]
    fn stock_limit() {
        assert_eq!(max_payload(255, "prov-config".len(), 0), 120);
        assert_eq!(max_payload(255, "prov-session".len(), 9), 119);
        assert_eq!(max_payload(255, "prov-session".len(), 10), 119);
        assert_eq!(max_payload(255, "prov-session".len(), 100), 118);
        assert_eq!(max_payload(10, 11, 0), 0);
        // The longest payload makes a line of at most 254 characters and the carriage return; one more does not.
        for id in [0, 17, 123_456] {
            let limit = max_payload(255, "prov-scan".len(), id);
            let payload = std::vec![0; limit + 1];
            assert!(text(&Line::new(Endpoint::PROV_SCAN, id, &payload[1..])).len() <= 254);
            assert!(text(&Line::new(Endpoint::PROV_SCAN, id, &payload)).len() > 254);
        }
    }
}
