//! Connections that need no socket.
//!
//! The fuzz targets use this file, too.

use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use espprov_http::{Connect, HttpTarget};
use std::io;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Makes connections that swallow requests. What can be read from this is the answer to the first write on each, and all there is.
pub(crate) struct Canned<R>(pub(crate) R);

impl<R: AsyncRead + Clone + Unpin + Send + 'static> Connect for Canned<R> {
    type Stream = Connection<R>;

    async fn connect(&mut self, _: &HttpTarget) -> io::Result<Connection<R>> {
        Ok(Connection {
            reply: self.0.clone(),
            written: false,
            waker: None,
        })
    }
}

pub(crate) struct Connection<R> {
    reply: R,
    written: bool,
    waker: Option<Waker>,
}

impl<R: AsyncRead + Unpin> AsyncRead for Connection<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.written {
            self.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Pin::new(&mut self.reply).poll_read(cx, buf)
    }
}

impl<R: Unpin> AsyncWrite for Connection<R> {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.written = true;
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
