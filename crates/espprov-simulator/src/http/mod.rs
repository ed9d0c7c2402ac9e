//! The device behind HTTP: `espprov_services::http` on a TCP port of this machine.

mod tcp;

pub use espprov_services::http::Patience;

use crate::service::{BUFFER, Service, Shared};
use core::net::SocketAddr;
use core::time::Duration;
use espprov_services::http::{self, BODY, HEAD};
use espprov_transport::Clock;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use std::io;
use tcp::Tcp;
use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::time::Instant;

/// A listening device.
///
/// ```no_run
/// use espprov_simulator::{HttpServer, Scenario, Shared, SimDevice};
///
/// # async fn serve() -> Result<(), Box<dyn core::error::Error>> {
/// let device = Shared::new(SimDevice::new(Scenario::builtin("default")?)?);
/// let server = HttpServer::bind("127.0.0.1:8080", device).await?;
/// println!("http://{}", server.local_addr()?);
/// server.run().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct HttpServer<S> {
    listener: TcpListener,
    device: Shared<S>,
    started: Instant,
    patience: Patience,
    cookies: ChaCha8Rng,
    page: Option<Vec<u8>>,
}

impl<S: Service> HttpServer<S> {
    /// Listens on `address`; port 0 takes any free one.
    ///
    /// # Errors
    /// As for binding a socket: address in use, not allowed, not of this machine.
    pub async fn bind(address: impl ToSocketAddrs, device: Shared<S>) -> io::Result<Self> {
        Ok(Self {
            listener: TcpListener::bind(address).await?,
            device,
            started: Instant::now(),
            patience: Patience::default(),
            cookies: ChaCha8Rng::seed_from_u64(0),
            page: None,
        })
    }

    /// Other time limits.
    #[must_use]
    pub const fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Another seed for the numbers in the cookies.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.cookies = ChaCha8Rng::seed_from_u64(seed);
        self
    }

    /// A page for browsers at `/`, as it is or compressed by gzip. Stock firmware has none.
    #[must_use]
    pub fn with_page(mut self, page: Vec<u8>) -> Self {
        self.page = Some(page);
        self
    }

    /// The moment from which the device's time is reckoned, where it is served elsewhere, too: it knows one time only.
    #[must_use]
    pub const fn with_start(mut self, started: Instant) -> Self {
        self.started = started;
        self
    }

    /// Where it listens.
    ///
    /// # Errors
    /// If the system cannot tell.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves one connection after the other, for ever; a new one evicts the one before. Drop the future to
    /// stop.
    ///
    /// # Errors
    /// Only if no connection can be accepted any more; what goes wrong on one connection ends that one.
    pub async fn run(self) -> io::Result<()> {
        let (mut head, mut body) = (vec![0; HEAD], vec![0; BODY + BUFFER]);
        let clock = Since(self.started);
        let mut server = http::HttpServer::new(self.device, clock, self.cookies, &mut head, &mut body);
        if let Some(page) = &self.page {
            server = server.with_page(page);
        }
        let mut port = Tcp(self.listener);
        Err(server.with_patience(self.patience).run(&mut port).await)
    }
}

/// Time since the server was made: the device's time.
#[derive(Debug, Clone, Copy)]
struct Since(Instant);

impl Clock for Since {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

#[cfg(test)]
mod tests;
