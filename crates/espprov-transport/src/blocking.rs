//! Links and clocks without async: for threads, and for programs that wait in one place only.
//!
//! [`Blocked`] makes one of any async transport, with whatever runs futures to their end.

use crate::{Endpoint, Limits, Reconnect, SessionIntent, TransportError, with_deadline};
use core::future::Future;
use core::time::Duration;

/// Why a link did not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
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
    /// Time since a fixed moment, any within the last 500 years; never goes back.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LinkFault, Transport};
    use core::cell::Cell;
    use core::fmt;
    use core::future::{pending, poll_fn};
    use core::pin::pin;
    use core::task::{Context, Poll, Waker};

    const SECOND: Duration = Duration::from_secs(1);

    /// Time that goes on by a second whenever somebody looks whether it is late enough.
    struct Ticking(Cell<Duration>);

    impl crate::Clock for &Ticking {
        fn now(&self) -> Duration {
            self.0.get()
        }

        async fn sleep(&self, duration: Duration) {
            let until = self.0.get() + duration;
            poll_fn(|_| {
                if self.0.get() >= until {
                    return Poll::Ready(());
                }
                self.0.set(self.0.get() + SECOND);
                Poll::Pending
            })
            .await;
        }
    }

    /// Polls until it is done.
    struct Spin;

    impl BlockOn for Spin {
        fn block_on<F: Future>(&self, future: F) -> F::Output {
            let mut future = pin!(future);
            loop {
                if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                    return output;
                }
            }
        }
    }

    #[derive(Debug, PartialEq)]
    struct Broken;

    impl fmt::Display for Broken {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("broken")
        }
    }

    impl core::error::Error for Broken {}

    impl TransportError for Broken {
        fn fault(&self) -> LinkFault {
            LinkFault::Garbled
        }
    }

    /// Does this, whatever it is asked for.
    #[derive(Clone, Copy)]
    enum Does {
        Work,
        Break,
        /// Hangs; the request was handed over, or not.
        Hang(bool),
    }

    struct Fake {
        does: Does,
        fresh: Option<bool>,
        closed: u32,
    }

    impl Transport for Fake {
        type Error = Broken;

        async fn exchange(&mut self, _: Endpoint<'_>, buf: &mut [u8], len: usize) -> Result<usize, Broken> {
            match self.does {
                Does::Work => {
                    buf[0] = 0xaa;
                    Ok(len + 1)
                }
                Does::Break => Err(Broken),
                Does::Hang(_) => pending().await,
            }
        }

        fn limits(&self) -> Limits {
            Limits::HTTP
        }

        fn delivered(&self) -> bool {
            matches!(self.does, Does::Hang(true))
        }

        async fn close(&mut self) {
            self.closed += 1;
            if let Does::Hang(_) = self.does {
                pending().await
            }
        }
    }

    impl Reconnect for Fake {
        async fn reconnect(&mut self, intent: SessionIntent) -> Result<(), Broken> {
            self.fresh = Some(intent == SessionIntent::Fresh);
            match self.does {
                Does::Work => Ok(()),
                Does::Break => Err(Broken),
                Does::Hang(_) => pending().await,
            }
        }
    }

    /// What came of an exchange, of a reconnect and of a close, and the seconds that each took.
    type Story = (
        Result<usize, Stopped<Broken>>,
        Result<(), Stopped<Broken>>,
        [u64; 3],
    );

    fn story(does: Does) -> Story {
        let time = Ticking(Cell::new(5 * SECOND));
        let fake = Fake {
            does,
            fresh: None,
            closed: 0,
        };
        let mut blocked = Blocked::new(fake, Wait::new(&time, Spin));
        let link = &mut &mut blocked;
        assert_eq!(Link::limits(link), Limits::HTTP);
        let mut moments = [Duration::ZERO; 4];
        moments[0] = time.0.get();
        let mut buf = [0; 8];
        let exchanged = Link::exchange(link, Endpoint::PROV_SCAN, &mut buf, 3, 7 * SECOND);
        moments[1] = time.0.get();
        let reconnected = Link::reconnect(link, SessionIntent::Fresh, 4 * SECOND);
        moments[2] = time.0.get();
        Link::close(link, 2 * SECOND);
        moments[3] = time.0.get();
        assert_eq!(buf[0] == 0xaa, exchanged.is_ok());
        assert_eq!(blocked.transport_mut().fresh, Some(true));
        assert_eq!(blocked.into_inner().closed, 1);
        let took = |n: usize| (moments[n + 1] - moments[n]).as_secs();
        (exchanged, reconnected, [took(0), took(1), took(2)])
    }

    #[test]
    fn what_works_and_what_breaks_is_told_at_once() {
        assert_eq!(story(Does::Work), (Ok(4), Ok(()), [0, 0, 0]));
        let fault = || Stopped::Fault(Broken);
        assert_eq!(story(Does::Break), (Err(fault()), Err(fault()), [0, 0, 0]));
    }

    #[test]
    fn what_hangs_ends_by_its_time_and_says_whether_the_request_went_out() {
        let lost = (Err(Stopped::Elapsed), Err(Stopped::Elapsed), [7, 4, 2]);
        assert_eq!(story(Does::Hang(false)), lost);
        let unanswered = (Err(Stopped::Unanswered), Err(Stopped::Elapsed), [7, 4, 2]);
        assert_eq!(story(Does::Hang(true)), unanswered);
    }

    #[test]
    fn waiting_is_sleeping() {
        let time = Ticking(Cell::new(SECOND));
        let wait = Wait::new(&time, &Spin);
        let clock = &&wait;
        assert_eq!(Clock::now(clock), SECOND);
        Clock::sleep(clock, 3 * SECOND);
        assert_eq!(Clock::now(clock), 4 * SECOND);
    }
}
