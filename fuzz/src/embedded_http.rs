//! What an HTTP server sends to the reader for microcontrollers.

use crate::console::now;
use core::convert::Infallible;
use core::future::pending;
use core::net::SocketAddr;
use core::time::Duration;
use embedded_io_async::{ErrorType, Read, Write};
use embedded_nal_async::TcpConnect;
use espprov_embedded::http::{HttpError, HttpTransport};
use espprov_transport::{Clock, Endpoint, Reconnect, SessionIntent, Transport};

/// The bytes of [`http_reply`](crate::http_reply), for the other client: three exchanges, each connection answering the
/// same.
pub fn embedded_http_reply(data: &[u8]) {
    let Some((&size, reply)) = data.split_first() else {
        return;
    };
    let mut buf = vec![0_u8; usize::from(size) * 8 + 1];
    let stack = Replies(reply);
    type Link<'a, 'b> = HttpTransport<'a, Replies<'b>, Still>;
    let mut client = Link::new(&stack, Link::SOFTAP, Still);
    for _ in 0..3 {
        match now(client.exchange(Endpoint::PROV_CONFIG, &mut buf, 1)) {
            Ok(len) => assert!(len <= buf.len(), "a reply longer than its buffer"),
            Err(HttpError::NeedsReconnect) => {
                now(client.reconnect(SessionIntent::Keep)).expect("memory connects");
            }
            Err(_) => {}
        }
    }
}

/// A network on which everybody answers the first write with fixed bytes, and then closes.
struct Replies<'b>(&'b [u8]);

impl<'b> TcpConnect for Replies<'b> {
    type Error = Infallible;
    type Connection<'a>
        = Reply<'b>
    where
        Self: 'a;

    async fn connect<'a>(&'a self, _: SocketAddr) -> Result<Reply<'b>, Infallible> {
        Ok(Reply {
            bytes: self.0,
            asked: false,
        })
    }
}

struct Reply<'b> {
    bytes: &'b [u8],
    asked: bool,
}

impl ErrorType for Reply<'_> {
    type Error = Infallible;
}

impl Read for Reply<'_> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Infallible> {
        if !self.asked {
            // Nothing comes unasked: whoever looks gives up looking.
            pending::<()>().await;
        }
        // Pieces of 1 to 32 bytes, their sizes given by the bytes themselves.
        let piece = self.bytes.first().map_or(0, |byte| usize::from(byte % 32) + 1);
        let (now, later) = self.bytes.split_at(piece.min(self.bytes.len()).min(buf.len()));
        buf[..now.len()].copy_from_slice(now);
        self.bytes = later;
        Ok(now.len())
    }
}

impl Write for Reply<'_> {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Infallible> {
        self.asked = true;
        Ok(buf.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Time stands still: no answer may need a timeout, for every connection ends.
struct Still;

impl Clock for Still {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    async fn sleep(&self, _: Duration) {
        pending().await
    }
}
