//! What the cases run on: a link, and a driver over it. The async and the blocking ones, so that each case is written once.

use crate::Failure;
use crate::client::{ClientLink, Credentials, Driver, OfCore, Takes};
use core::fmt;
use core::future::Future;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use espprov_core::auth::Auto;
use espprov_core::call::{Call, IntoResult};
use espprov_core::{ProvisionError, Provisioner, blocking as driver};
use espprov_transport::blocking::{self, Link, Stopped};
use espprov_transport::{
    Clock, Endpoint, Limits, LinkFault, Reconnect, SessionIntent, Transport, TransportError,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

/// Time for one exchange past the driver, and for closing. Nothing here takes as long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Too short for what a device needs time for.
const HASTE: Duration = Duration::from_millis(1);

/// A link under test.
pub(crate) trait Bench {
    type Link: Reconnect;

    fn link(&mut self) -> &mut Self::Link;

    /// A driver over it.
    fn driver(&mut self, credentials: Credentials) -> Result<impl Driver, Failure>;

    /// Begins an exchange that takes time, and gives it up.
    async fn give_up(&mut self, endpoint: Endpoint<'_>, buf: &mut [u8], len: usize) -> Result<(), Failure>;
}

fn entropy() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(2)
}

fn buffer() -> Vec<u8> {
    vec![0; 16 * 1024]
}

/// An async link.
pub(crate) struct Async<'l, T, C> {
    link: &'l mut T,
    clock: C,
}

impl<'l, T, C> Async<'l, T, C> {
    pub(crate) const fn new(link: &'l mut T, clock: C) -> Self {
        Self { link, clock }
    }
}

impl<T: Reconnect, C: Clock> Bench for Async<'_, T, C> {
    type Link = T;

    fn link(&mut self) -> &mut T {
        self.link
    }

    fn driver(&mut self, credentials: Credentials) -> Result<impl Driver, Failure> {
        let auth = credentials.auth()?;
        let driver = Provisioner::new(&mut *self.link, auth, entropy(), &self.clock, buffer());
        Ok(OfCore(driver))
    }

    async fn give_up(&mut self, endpoint: Endpoint<'_>, buf: &mut [u8], len: usize) -> Result<(), Failure> {
        let mut exchange = pin!(self.link.exchange(endpoint, buf, len));
        let polled = core::future::poll_fn(|cx| Poll::Ready(exchange.as_mut().poll(cx))).await;
        match polled {
            Poll::Pending => Ok(()),
            Poll::Ready(result) => Err(Failure::new("an exchange that takes time", &result)),
        }
    }
}

impl<T: Reconnect, C: Clock> Takes for Provisioner<&mut T, Auto, ChaCha20Rng, &C, Vec<u8>> {
    type Error = T::Error;

    async fn take<K: Call<T::Error> + IntoResult>(
        &mut self,
        call: K,
    ) -> Result<K::Output, ProvisionError<T::Error>> {
        self.run(call).await
    }

    async fn close(&mut self) {
        self.close().await;
    }
}

/// A blocking link.
pub(crate) struct Blocking<'l, L, C> {
    link: Immediate<'l, L>,
    clock: C,
}

impl<'l, L, C> Blocking<'l, L, C> {
    pub(crate) const fn new(link: &'l mut L, clock: C) -> Self {
        let link = Immediate(link);
        Self { link, clock }
    }
}

impl<'l, L: Link, C: blocking::Clock> Bench for Blocking<'l, L, C> {
    type Link = Immediate<'l, L>;

    fn link(&mut self) -> &mut Immediate<'l, L> {
        &mut self.link
    }

    fn driver(&mut self, credentials: Credentials) -> Result<impl Driver, Failure> {
        let auth = credentials.auth()?;
        let driver = driver::Provisioner::new(&mut *self.link.0, auth, entropy(), &self.clock, buffer());
        Ok(OfCore(driver))
    }

    async fn give_up(&mut self, endpoint: Endpoint<'_>, buf: &mut [u8], len: usize) -> Result<(), Failure> {
        give_up(self.link.0, endpoint, buf, len)
    }
}

fn give_up<L: Link>(link: &mut L, endpoint: Endpoint<'_>, buf: &mut [u8], len: usize) -> Result<(), Failure> {
    match link.exchange(endpoint, buf, len, HASTE) {
        Err(Stopped::Elapsed | Stopped::Unanswered) => Ok(()),
        result => Err(Failure::new("an exchange that takes time", &result)),
    }
}

/// A blocking link with a client of its own.
pub(crate) struct Foreign<'l, L>(Immediate<'l, L>);

impl<'l, L> Foreign<'l, L> {
    pub(crate) const fn new(link: &'l mut L) -> Self {
        Self(Immediate(link))
    }
}

impl<'l, L: ClientLink> Bench for Foreign<'l, L> {
    type Link = Immediate<'l, L>;

    fn link(&mut self) -> &mut Immediate<'l, L> {
        &mut self.0
    }

    fn driver(&mut self, credentials: Credentials) -> Result<impl Driver, Failure> {
        Ok(self.0.0.client(credentials))
    }

    async fn give_up(&mut self, endpoint: Endpoint<'_>, buf: &mut [u8], len: usize) -> Result<(), Failure> {
        give_up(self.0.0, endpoint, buf, len)
    }
}

impl<L: Link, C: blocking::Clock> Takes for driver::Provisioner<&mut L, Auto, ChaCha20Rng, &C, Vec<u8>> {
    type Error = L::Error;

    async fn take<K: Call<L::Error> + IntoResult>(
        &mut self,
        call: K,
    ) -> Result<K::Output, ProvisionError<L::Error>> {
        self.run(call)
    }

    async fn close(&mut self) {
        self.close();
    }
}

/// A blocking link where an async one is asked for: nothing it does is ever pending.
pub(crate) struct Immediate<'l, L>(&'l mut L);

impl<L: Link> Transport for Immediate<'_, L> {
    type Error = Ended<L::Error>;

    async fn exchange(
        &mut self,
        endpoint: Endpoint<'_>,
        buf: &mut [u8],
        len: usize,
    ) -> Result<usize, Self::Error> {
        self.0.exchange(endpoint, buf, len, PATIENCE).map_err(Ended)
    }

    fn limits(&self) -> Limits {
        self.0.limits()
    }

    async fn close(&mut self) {
        self.0.close(PATIENCE);
    }
}

impl<L: Link> Reconnect for Immediate<'_, L> {
    async fn reconnect(&mut self, intent: SessionIntent) -> Result<(), Self::Error> {
        self.0.reconnect(intent, PATIENCE).map_err(Ended)
    }
}

/// Why it did not do what it was asked.
#[derive(Debug)]
pub(crate) struct Ended<E>(Stopped<E>);

impl<E: fmt::Debug> fmt::Display for Ended<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl<E: fmt::Debug> core::error::Error for Ended<E> {}

impl<E: TransportError> TransportError for Ended<E> {
    fn fault(&self) -> LinkFault {
        match &self.0 {
            Stopped::Fault(error) => error.fault(),
            stopped => LinkFault::TimedOut {
                delivered: matches!(stopped, Stopped::Unanswered),
            },
        }
    }
}
