//! A stream that remembers what passed through it.
//!
//! hyper reports "connection closed before the message completed" both for a socket closed without a byte
//! (a refusal) and for an answer cut off in the middle (a lost link), and cannot tell whether the request had
//! left. So the stream below it keeps count.

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What happened on the stream since [`Meter::start`]. Cheap to clone; all clones share the figures.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter(Arc<Mutex<Figures>>);

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Figures {
    /// Bytes received.
    pub(crate) read: usize,
    /// Most bytes one exchange may receive, framing included.
    budget: usize,
    /// More than that came.
    pub(crate) over_budget: bool,
    /// The peer closed its side.
    pub(crate) eof: bool,
    /// The first error the stream reported.
    pub(crate) error: Option<io::ErrorKind>,
    /// The alert with which the peer ended TLS.
    #[cfg(feature = "tls")]
    pub(crate) alert: Option<u8>,
    /// The first two bytes received.
    first: [u8; 2],
    /// hyper took the request's body.
    taken: bool,
    /// … and everything was handed to the operating system.
    pub(crate) delivered: bool,
}

impl Figures {
    /// What came begins like a record of TLS (RFC 8446 § 5.1): an alert, or a message of the handshake. Its first
    /// byte begins nothing else that is known.
    pub(crate) const fn looks_like_tls(&self) -> bool {
        matches!(
            (self.first, self.read),
            ([0x15 | 0x16, 3], _) | ([0x15 | 0x16, _], 1)
        )
    }

    /// The peer is no more. That it did not take leave of TLS first is no news: whether all of an answer is there, HTTP
    /// knows, and a refusal has nothing to take leave of. Devices just close.
    fn note(&mut self, error: &io::Error) {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            self.eof = true;
            return;
        }
        self.error.get_or_insert(error.kind());
        #[cfg(feature = "tls")]
        if self.alert.is_none() {
            self.alert = crate::TlsError::late_alert(error);
        }
    }

    fn received(&mut self, bytes: &[u8]) {
        for (place, &byte) in self.first.iter_mut().skip(self.read).zip(bytes) {
            *place = byte;
        }
        self.read = self.read.saturating_add(bytes.len());
    }
}

impl Meter {
    /// A new exchange begins, in which at most `budget` bytes may be received.
    pub(crate) fn start(&self, budget: usize) {
        *self.lock() = Figures {
            budget,
            ..Figures::default()
        };
    }

    /// The request's body was taken: the next completed flush delivers it.
    pub(crate) fn body_taken(&self) {
        self.lock().taken = true;
    }

    pub(crate) fn figures(&self) -> Figures {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Figures> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result {
            self.lock().note(error);
        }
        result
    }
}

/// The stream itself.
#[derive(Debug)]
pub(crate) struct Tap<S> {
    inner: S,
    meter: Meter,
}

impl<S> Tap<S> {
    pub(crate) const fn new(inner: S, meter: Meter) -> Self {
        Self { inner, meter }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let room = buf.remaining();
        let result = ready!(Pin::new(&mut self.inner).poll_read(cx, buf));
        self.meter.note(result)?;
        let got = buf.filled().get(before..).unwrap_or_default();
        let mut figures = self.meter.lock();
        figures.eof |= got.is_empty() && room > 0;
        figures.received(got);
        if figures.read > figures.budget {
            figures.over_budget = true;
            return Poll::Ready(Err(io::ErrorKind::FileTooLarge.into()));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.inner).poll_write(cx, buf));
        Poll::Ready(self.meter.note(result))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.inner).poll_write_vectored(cx, bufs));
        Poll::Ready(self.meter.note(result))
    }

    // Vectored writes also keep hyper from copying the body into a buffer of its own.
    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = ready!(Pin::new(&mut self.inner).poll_flush(cx));
        let result = self.meter.note(result);
        if result.is_ok() {
            let mut figures = self.meter.lock();
            figures.delivered |= figures.taken;
        }
        Poll::Ready(result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
