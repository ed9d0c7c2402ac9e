//! Links and clocks without async: for threads, and for programs that wait in one place only.
//!
//! [`Blocked`] makes one of any async transport, with whatever runs futures to their end.

use crate::{Endpoint, Limits, Reconnect, SessionIntent, TransportError, with_deadline};
use core::future::Future;
use core::time::Duration;

/// Why a link did not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stopped<E> {
    /// The link failed.
    Fault(E),
    /// The time was up.
    Elapsed,
    /// The time was up after the request had been handed over completely (write acknowledged, body sent).
    Unanswered,
}

/// A link to one device whose methods return when they are done; [`Transport`](crate::Transport) without async.
///
/// A failed exchange poisons the link, as there: until [`reconnect`](Self::reconnect) succeeded every call fails with
/// [`LinkFault::NeedsReconnect`](crate::LinkFault::NeedsReconnect). One whose time was up counts as failed.
pub trait Link {
    /// What can go wrong on this link.
    type Error: TransportError;

    /// Sends `buf[..len]` to `endpoint`, then overwrites `buf` with the reply and returns its length.
    ///
    /// # Errors
    /// As [`Transport::exchange`](crate::Transport::exchange), or the time was up.
    fn exchange(
        &mut self,
        endpoint: Endpoint<'_>,
        buf: &mut [u8],
        len: usize,
        timeout: Duration,
    ) -> Result<usize, Stopped<Self::Error>>;

    /// Drops what is left of the link and establishes it anew.
    ///
    /// # Errors
    /// The link's own error, or the time was up; the link stays poisoned then.
    fn reconnect(&mut self, intent: SessionIntent, timeout: Duration) -> Result<(), Stopped<Self::Error>>;

    /// Sizes the core must respect on this link.
    fn limits(&self) -> Limits;

    /// Ends the link in an orderly way, or gives up on that. Harmless when called twice or on a broken link.
    fn close(&mut self, timeout: Duration);
}

impl<L: Link + ?Sized> Link for &mut L {
    type Error = L::Error;

    fn exchange(
        &mut self,
        endpoint: Endpoint<'_>,
        buf: &mut [u8],
        len: usize,
        timeout: Duration,
    ) -> Result<usize, Stopped<L::Error>> {
        (**self).exchange(endpoint, buf, len, timeout)
    }

    fn reconnect(&mut self, intent: SessionIntent, timeout: Duration) -> Result<(), Stopped<L::Error>> {
        (**self).reconnect(intent, timeout)
    }

    fn limits(&self) -> Limits {
        (**self).limits()
    }

    fn close(&mut self, timeout: Duration) {
        (**self).close(timeout);
    }
}

/// A monotonic clock that can also wait; [`crate::Clock`] without async.
pub trait Clock {
    /// Time since an arbitrary fixed moment; never goes back.
    fn now(&self) -> Duration;

    /// Waits.
    fn sleep(&self, duration: Duration);
}

impl<C: Clock + ?Sized> Clock for &C {
    fn now(&self) -> Duration {
        (**self).now()
    }

    fn sleep(&self, duration: Duration) {
        (**self).sleep(duration);
    }
}

/// Runs futures to their end on the calling thread: a runtime's `block_on`.
pub trait BlockOn {
    /// Runs this one.
    fn block_on<F: Future>(&self, future: F) -> F::Output;
}

impl<X: BlockOn> BlockOn for &X {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        (**self).block_on(future)
    }
}

/// The time of an async clock, waited for by `block_on`.
#[derive(Debug, Clone, Copy)]
pub struct Wait<C, X> {
    clock: C,
    executor: X,
}

impl<C: crate::Clock, X: BlockOn> Wait<C, X> {
    /// This clock's time, waited for with this.
    pub const fn new(clock: C, executor: X) -> Self {
        Self { clock, executor }
    }
}

impl<C: crate::Clock, X: BlockOn> Clock for Wait<C, X> {
    fn now(&self) -> Duration {
        self.clock.now()
    }

    fn sleep(&self, duration: Duration) {
        self.executor.block_on(self.clock.sleep(duration));
    }
}

/// An async transport, waited for by `block_on`.
///
/// ```
/// use core::future::Future;
/// use espprov_transport::blocking::{BlockOn, Blocked, Link, Wait};
/// use espprov_transport::{Clock, Reconnect};
///
/// /// Of a runtime, this is all that is needed.
/// struct Runtime;
/// impl BlockOn for Runtime {
///     fn block_on<F: Future>(&self, future: F) -> F::Output {
///         # let _ = future;
///         unimplemented!("the runtime's own")
///     }
/// }
///
/// fn blocking<T: Reconnect, C: Clock>(transport: T, clock: C) -> impl Link<Error = T::Error> {
///     Blocked::new(transport, Wait::new(clock, Runtime))
/// }
/// ```
#[derive(Debug)]
pub struct Blocked<T, C, X> {
    transport: T,
    time: Wait<C, X>,
}

impl<T: Reconnect, C: crate::Clock, X: BlockOn> Blocked<T, C, X> {
    /// This transport, waited for in this time.
    pub const fn new(transport: T, time: Wait<C, X>) -> Self {
        Self { transport, time }
    }

    /// The transport.
    pub const fn transport_mut(&mut self) -> &mut T {
        &mut self.transport
    }

    /// The transport back.
    pub fn into_inner(self) -> T {
        self.transport
    }
}

impl<T: Reconnect, C: crate::Clock, X: BlockOn> Link for Blocked<T, C, X> {
    type Error = T::Error;

    fn exchange(
        &mut self,
        endpoint: Endpoint<'_>,
        buf: &mut [u8],
        len: usize,
        timeout: Duration,
    ) -> Result<usize, Stopped<T::Error>> {
        let until = self.time.now().saturating_add(timeout);
        let exchange = self.transport.exchange(endpoint, buf, len);
        let ended = with_deadline(&self.time.clock, until, exchange);
        match self.time.executor.block_on(ended) {
            Ok(ended) => ended.map_err(Stopped::Fault),
            Err(_) if self.transport.delivered() => Err(Stopped::Unanswered),
            Err(_) => Err(Stopped::Elapsed),
        }
    }

    fn reconnect(&mut self, intent: SessionIntent, timeout: Duration) -> Result<(), Stopped<T::Error>> {
        let until = self.time.now().saturating_add(timeout);
        let ended = with_deadline(&self.time.clock, until, self.transport.reconnect(intent));
        match self.time.executor.block_on(ended) {
            Ok(ended) => ended.map_err(Stopped::Fault),
            Err(_) => Err(Stopped::Elapsed),
        }
    }

    fn limits(&self) -> Limits {
        self.transport.limits()
    }

    fn close(&mut self, timeout: Duration) {
        let until = self.time.now().saturating_add(timeout);
        let ended = with_deadline(&self.time.clock, until, self.transport.close());
        // Whether it ended in time or not: there is nothing more to do about it.
        let _ = self.time.executor.block_on(ended);
    }
}
