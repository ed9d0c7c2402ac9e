//! Sockets of this machine.

use core::future::poll_fn;
use core::task::{Context, Poll};
use core::time::Duration;
use embedded_io_adapters::tokio_1::FromTokio;
use embedded_io_async::{ErrorType, Read, Write};
use espprov_services::http::{Listener, Socket};
use std::io;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

/// How often, and how far apart, accepting a connection is tried again after an error.
const ACCEPT_TRIES: u32 = 300;
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

pub(super) struct Tcp(pub(super) TcpListener);

impl Listener for Tcp {
    type Socket = Client;
    type Error = io::Error;

    async fn accept(&mut self) -> io::Result<Client> {
        let (stream, _) = accept(|cx| self.0.poll_accept(cx), ACCEPT_PAUSE).await?;
        // Delayed small packets would be charged to the device.
        let _ = stream.set_nodelay(true);
        Ok(Client(FromTokio::new(stream)))
    }
}

/// Accepts a connection. What goes wrong with one client (it left at once), or for a while (no file descriptors
/// left), is waited out; what goes on for half a minute is an error.
async fn accept<T>(
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<io::Result<T>>,
    pause: Duration,
) -> io::Result<T> {
    let mut patience = ACCEPT_TRIES;
    loop {
        match poll_fn(&mut poll).await {
            Err(_) if patience > 0 => {
                patience -= 1;
                tokio::time::sleep(pause).await;
            }
            end => return end,
        }
    }
}

pub(super) struct Client(FromTokio<TcpStream>);

impl ErrorType for Client {
    type Error = io::Error;
}

impl Read for Client {
    async fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf).await
    }
}

impl Write for Client {
    async fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf).await
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.0.flush().await
    }
}

impl Socket for Client {
    async fn shutdown(&mut self) -> io::Result<()> {
        self.0.inner_mut().shutdown().await
    }

    fn reset(&mut self) {
        // If this fails, an ordinary close will have to do.
        let _ = self.0.inner().set_zero_linger();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn accepting_goes_on_after_errors() {
        let mut left = 5;
        let accepted = accept(
            |_| {
                if left == 0 {
                    return Poll::Ready(Ok("client"));
                }
                left -= 1;
                Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()))
            },
            Duration::from_millis(1),
        );
        assert_eq!(accepted.await.unwrap(), "client");
        let mut tries = 0;
        let broken = accept(
            |_| {
                tries += 1;
                Poll::<io::Result<()>>::Ready(Err(io::Error::other("no listener")))
            },
            Duration::ZERO,
        );
        assert_eq!(broken.await.unwrap_err().to_string(), "no listener");
        assert_eq!(tries, ACCEPT_TRIES + 1);
    }
}
