//! How a byte stream to the device comes about.

use crate::HttpTarget;
use core::future::Future;
use core::time::Duration;
use std::io;
use tokio::io::{AsyncRead, AsyncWrite};
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
    type Stream = TcpStream;

    async fn connect(&mut self, target: &HttpTarget) -> io::Result<TcpStream> {
        let stream = TcpStream::connect((target.host(), target.port())).await?;
        // One small request at a time: waiting to fill a segment only costs time.
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}
