//! What an HTTP server sends back.

use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use espprov_http::{Connect, HttpError, HttpTarget, HttpTransport};
use espprov_transport::{Endpoint, Reconnect, SessionIntent, Transport};
use std::io;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
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
    let mut client = HttpTransport::with_connector(HttpTarget::SOFTAP, Replies(reply.to_vec()));
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

/// Makes streams that answer the first write with fixed bytes.
struct Replies(Vec<u8>);

impl Connect for Replies {
    type Stream = Reply;

    async fn connect(&mut self, _: &HttpTarget) -> io::Result<Reply> {
        Ok(Reply {
            bytes: self.0.clone(),
            at: 0,
            asked: false,
            waker: None,
        })
    }
}

struct Reply {
    bytes: Vec<u8>,
    at: usize,
    asked: bool,
    waker: Option<Waker>,
}

impl AsyncRead for Reply {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.asked {
            self.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        // Pieces of 1 to 32 bytes, their sizes given by the bytes themselves.
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let piece = rest.first().map_or(0, |byte| usize::from(byte % 32) + 1);
        let piece = piece.min(rest.len()).min(buf.remaining());
        buf.put_slice(&rest[..piece]);
        self.at += piece;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Reply {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.asked = true;
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
