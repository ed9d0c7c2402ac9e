//! The device behind HTTP, exactly as the vendor's firmware serves it: one session, one client socket, its own
//! cookie rule, and closed sockets where other servers would send an error.
//!
//! Written on plain sockets because a well-behaved HTTP library answers where the device falls silent. The sockets are those of
//! your stack: implement [`Listener`] and [`Socket`] for it.
//!
//! ```
//! use espprov_services::Access;
//! use espprov_services::http::{BODY, HEAD, HttpServer, Listener};
//! use espprov_transport::Clock;
//! use rand_core::TryCryptoRng;
//!
//! /// Until the network is gone.
//! async fn http(device: impl Access, mut port: impl Listener, clock: impl Clock, rng: impl TryCryptoRng) {
//!     let (mut head, mut body) = ([0; HEAD], [0; BODY]);
//!     let mut server = HttpServer::new(device, clock, rng, &mut head, &mut body);
//!     server.run(&mut port).await;
//! }
//! ```

mod connection;
mod cookie;
mod head;
mod input;
mod reply;
mod session;
mod socket;

pub use socket::{Listener, Socket};

use crate::breathe::breathe;
use crate::{Access, Presence, Service};
use connection::{Busy, Connection, Server};
use core::fmt;
use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use espprov_transport::Clock;
use input::Input;
use rand_core::TryCryptoRng;
use session::Sessions;

/// Room for the longest head of a request that stock firmware takes.
pub const HEAD: usize = 1664;

/// Room for the longest body that stock firmware takes, and for the head of the answer.
pub const BODY: usize = 4096 + reply::HEAD_ROOM;

/// How long the server is patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Patience {
    /// For the next request on a connection.
    pub idle: Duration,
    /// For more of a request once it began, and for the client to take the answer.
    pub transfer: Duration,
    /// For the whole of a request once it began: who sends a byte now and then would keep all others waiting.
    pub request: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(120),
            transfer: Duration::from_secs(5),
            request: Duration::from_secs(30),
        }
    }
}

/// A device at a port: one client after the other, one request at a time.
///
/// `R` gives the numbers in the cookies.
pub struct HttpServer<'b, A, C, R> {
    device: A,
    clock: C,
    sessions: Sessions<R>,
    connections: u64,
    patience: Patience,
    page: Option<&'b [u8]>,
    head: &'b mut [u8],
    body: &'b mut [u8],
}

impl<'b, A: Access, C: Clock, R: TryCryptoRng> HttpServer<'b, A, C, R> {
    /// A server with the caller's memory, [`HEAD`] and [`BODY`] bytes of it. With less, long heads get an error sooner, and
    /// bodies that do not fit are refused; replies have the room of a body.
    pub fn new(device: A, clock: C, cookies: R, head: &'b mut [u8], body: &'b mut [u8]) -> Self {
        Self {
            device,
            clock,
            sessions: Sessions::new(cookies),
            connections: 0,
            patience: Patience::default(),
            page: None,
            head,
            body,
        }
    }

    /// Other time limits.
    #[must_use]
    pub const fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// A page for browsers at `/`, which stock firmware has not. It touches no session. One that is compressed by gzip is sent as it is: all
    /// browsers unpack it.
    #[must_use]
    pub const fn with_page(mut self, page: &'b [u8]) -> Self {
        self.page = Some(page);
        self
    }

    /// Serves one connection after the other, for ever; a new one evicts the one before. Drop the future to stop.
    ///
    /// Returns only if no connection can be accepted any more; what goes wrong on one connection ends that one.
    pub async fn run<L: Listener>(&mut self, listener: &mut L) -> L::Error {
        let mut waiting = None;
        loop {
            let socket = match waiting.take() {
                Some(socket) => socket,
                None => match listener.accept().await {
                    Ok(socket) => socket,
                    Err(error) => return error,
                },
            };
            match self.serve(socket, listener).await {
                Ok(next) => waiting = next,
                Err(error) => return error,
            }
            // Clients that come and go at once are as many as they like.
            breathe().await;
        }
    }

    /// Serves one connection until it ends or is evicted: by the next client, when what this one has sent is answered.
    async fn serve<L: Listener>(
        &mut self,
        mut socket: L::Socket,
        listener: &mut L,
    ) -> Result<Option<L::Socket>, L::Error> {
        let now = self.clock.now();
        let Presence::On { boot } = self.device.with(|device| device.presence(now)) else {
            // A device that is away accepts nobody. This is the nearest to an address where nobody is.
            socket.reset();
            return Ok(None);
        };
        self.connections = self.connections.wrapping_add(1);
        self.body.fill(0);
        let busy = Busy::default();
        let connection = Connection {
            socket,
            number: self.connections,
            boot,
            server: Server {
                device: &self.device,
                clock: &self.clock,
                patience: self.patience,
                page: self.page,
            },
            input: Input::new(self.head),
            body: self.body,
            busy: &busy,
        };
        let mut serving = pin!(connection.serve(&mut self.sessions));
        let mut accepting = pin!(listener.accept());
        let mut next = None;
        poll_fn(|cx| {
            if serving.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(next.take()));
            }
            if next.is_none()
                && let Poll::Ready(accepted) = accepting.as_mut().poll(cx)
            {
                next = Some(accepted?);
            }
            if next.is_some() && !busy.get() {
                return Poll::Ready(Ok(next.take()));
            }
            Poll::Pending
        })
        .await
    }
}

/// Neither cookies nor what clients sent.
impl<A, C, R> fmt::Debug for HttpServer<'_, A, C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpServer")
            .field("connections", &self.connections)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}
