//! How a byte stream to the device comes about.

use crate::HttpTarget;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::io;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Opens byte streams to a target. [`Tcp`] does it over the network; an application brings its own to bind to
/// the interface that joined the device's SoftAP, for instance, and tests to do without a network.
pub trait Connect {
    /// An open stream.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// What is said on its streams is enciphered for the target: it is for `https` targets, and for no others. A transport
    /// refuses one that does not fit its target ([`HttpError::Scheme`](crate::HttpError::Scheme)).
    const IS_TLS: bool = false;

    /// How long opening a stream may take, unless the transport is told otherwise.
    const TIMEOUT: Duration = Duration::from_secs(5);

    /// Opens a stream. Dropped when the transport's connect timeout passes, so it must be cancel-safe.
    ///
    /// # Errors
    /// The reason there is no stream; its kind ends up in [`HttpError::Connect`](crate::HttpError::Connect).
    fn connect(&mut self, target: &HttpTarget) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// Plain TCP, names by the system's resolver, all addresses tried in turn.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tcp;

impl Connect for Tcp {
    type Stream = Prompt;

    async fn connect(&mut self, target: &HttpTarget) -> io::Result<Prompt> {
        let stream = TcpStream::connect((target.host(), target.port())).await?;
        Prompt::new(stream)
    }
}

/// A TCP stream on which nothing waits for more to come: neither what is written, nor (on Linux and Android) the
/// acknowledgement of what was read.
///
/// A device writes the head and the body of an answer apart, and its TCP sends the second only when the first has been
/// acknowledged. Linux delays that by 40 ms, in the hope of sending it along with data, of which there is none: every exchange
/// would take so much longer.
#[derive(Debug)]
pub struct Prompt(TcpStream);

impl Prompt {
    /// Takes a stream, connected by whatever means.
    ///
    /// # Errors
    /// The system does not let the stream be set up so: it is no longer connected.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        // One small request at a time: waiting to fill a segment only costs time.
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    /// The stream itself.
    #[must_use]
    pub const fn get_ref(&self) -> &TcpStream {
        &self.0
    }

    /// The system forgets it with whatever is written, so it is said before each look for an answer.
    fn acknowledge_at_once(&self) {
        // Where it is not to be had, everything still works.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ = socket2::SockRef::from(&self.0).set_tcp_quickack(true);
    }
}

impl AsyncRead for Prompt {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.acknowledge_at_once();
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Prompt {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
