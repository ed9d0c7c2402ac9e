//! The device behind HTTP, exactly as the vendor's firmware serves it: one session, one client socket, its own
//! cookie rule, and closed sockets where other servers would send an error.
//!
//! Written on plain sockets because a well-behaved HTTP library answers where the device falls silent.

mod connection;
mod cookie;
mod head;

use crate::service::{self, Access, Presence, Service, Shared};
use connection::Connection;
use cookie::HttpSession;
use core::future::{Future, poll_fn};
use core::net::SocketAddr;
use core::pin::pin;
use core::task::{Context, Poll};
use core::time::Duration;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use std::io;
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::time::Instant;

/// How long the server is patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Patience {
    /// For the next request on a connection.
    pub idle: Duration,
    /// For the rest of a request once it began, and for the client to take the answer.
    pub transfer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(120),
            transfer: Duration::from_secs(5),
        }
    }
}

/// How often, and how far apart, accepting a connection is tried again after an error.
const ACCEPT_TRIES: u32 = 300;
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

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
    patience: Patience,
    state: State<S>,
}

/// What outlives a connection.
#[derive(Debug)]
struct State<S> {
    device: Shared<S>,
    started: Instant,
    session: Option<Opened>,
    connections: u64,
    cookies: ChaCha8Rng,
}

/// The session, and how to tell that it is gone.
#[derive(Debug, Clone, Copy)]
struct Opened {
    http: HttpSession,
    /// Number by which the device knows it: another front end may have opened one since.
    number: u64,
    boot: u32,
}

impl<S: Service> HttpServer<S> {
    /// Listens on `address`; port 0 takes any free one.
    ///
    /// # Errors
    /// As for binding a socket: address in use, not allowed, not of this machine.
    pub async fn bind(address: impl ToSocketAddrs, device: Shared<S>) -> io::Result<Self> {
        Ok(Self {
            listener: TcpListener::bind(address).await?,
            patience: Patience::default(),
            state: State {
                device,
                started: Instant::now(),
                session: None,
                connections: 0,
                cookies: ChaCha8Rng::seed_from_u64(0),
            },
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
        self.state.cookies = ChaCha8Rng::seed_from_u64(seed);
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
    pub async fn run(mut self) -> io::Result<()> {
        let mut waiting: Option<TcpStream> = None;
        loop {
            let stream = match waiting.take() {
                Some(stream) => stream,
                None => accept(|cx| self.listener.poll_accept(cx), ACCEPT_PAUSE).await?.0,
            };
            let Some(connection) = self.admit(stream) else {
                continue;
            };
            waiting = self.serve(connection).await?;
        }
    }

    /// Serves one connection until it ends or is evicted: by the next client, when what this one has sent is answered.
    async fn serve(&mut self, connection: Connection) -> io::Result<Option<TcpStream>> {
        let busy = connection.busy();
        let mut serving = pin!(connection.serve(&mut self.state));
        let mut accepting = pin!(accept(|cx| self.listener.poll_accept(cx), ACCEPT_PAUSE));
        let mut next = None;
        poll_fn(|cx| {
            if serving.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(next.take()));
            }
            if next.is_none()
                && let Poll::Ready(accepted) = accepting.as_mut().poll(cx)
            {
                next = Some(accepted?.0);
            }
            if next.is_some() && !busy.get() {
                return Poll::Ready(Ok(next.take()));
            }
            Poll::Pending
        })
        .await
    }

    /// A device that is away accepts nobody.
    fn admit(&mut self, stream: TcpStream) -> Option<Connection> {
        let Presence::On { boot } = self.state.presence() else {
            // A reset, the nearest to an address where nobody is. If it fails, the close will do.
            let _ = stream.set_zero_linger();
            return None;
        };
        self.state.connections += 1;
        // Delayed small packets would be charged to the device.
        let _ = stream.set_nodelay(true);
        Some(Connection::new(
            stream,
            self.state.connections,
            boot,
            self.patience,
        ))
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

impl<S: Service> State<S> {
    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn presence(&self) -> Presence {
        let now = self.now();
        self.device.with(|device| device.presence(now))
    }

    /// Puts the request into its session, opening one if need be. Returns the number for `Set-Cookie` then.
    fn enter(&mut self, cookie: Option<&[u8]>, connection: u64, boot: u32) -> Option<u32> {
        let number = self.device.state(|state| state.session());
        let alive = self.session.as_mut();
        let alive = alive.filter(|opened| opened.boot == boot && opened.number == number);
        if cookie::continues(alive.map(|opened| &mut opened.http), cookie, connection) {
            return None;
        }
        let id = self.cookies.next_u32();
        self.session = Some(Opened {
            http: HttpSession {
                id,
                opener: connection,
                matched: false,
            },
            number: self.device.state(service::State::open_session),
            boot,
        });
        Some(id)
    }
}

#[cfg(test)]
mod tests;
