//! What an HTTP server sends back.

use crate::canned::Canned;
use core::pin::Pin;
use core::task::{Context, Poll};
use espprov_http::{HttpError, HttpTarget, HttpTransport};
use espprov_transport::{Endpoint, Reconnect, SessionIntent, Transport};
use std::io;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::runtime::{Builder, Runtime};

/// Bytes a device's HTTP server answers: the first byte chooses the buffer's size, the rest is what arrives after
/// the request, cut into small pieces, until the server closes. Three exchanges, so that cookies, kept
/// connections and reopened ones are all met.
pub fn http_reply(data: &[u8]) {
    thread_local! {
        static RUNTIME: Runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime without I/O starts");
    }
    let Some((&size, reply)) = data.split_first() else {
        return;
    };
    let mut buf = vec![0_u8; usize::from(size) * 8 + 1];
    let mut client = HttpTransport::with_connector(HttpTarget::SOFTAP, Canned(Pieces(reply.to_vec(), 0)));
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            for _ in 0..3 {
                match client.exchange(Endpoint::PROV_CONFIG, &mut buf, 1).await {
                    Ok(len) => assert!(len <= buf.len(), "a reply longer than its buffer"),
                    Err(HttpError::NeedsReconnect) => {
                        client
                            .reconnect(SessionIntent::Keep)
                            .await
                            .expect("memory connects");
                    }
                    Err(_) => {}
                }
            }
        });
    });
}

/// Reads in pieces of 1 to 32 bytes, their sizes given by the bytes themselves.
#[derive(Clone)]
struct Pieces(Vec<u8>, usize);

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let rest = self.0.get(self.1..).unwrap_or_default();
        let piece = rest.first().map_or(0, |byte| usize::from(byte % 32) + 1);
        let piece = piece.min(rest.len()).min(buf.remaining());
        buf.put_slice(&rest[..piece]);
        self.1 += piece;
        Poll::Ready(Ok(()))
    }
}
