//! Running the cases, through the async driver, the blocking one, and clients of others.

use crate::bench::{Async, Bench, Blocking, Foreign};
use crate::case::{Case, Kind};
use crate::client::ClientLink;
use crate::{Failure, Verdict, bytes, provisioning};
use core::future::Future;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use espprov_transport::{Clock, Reconnect, Transport, blocking};

impl Case {
    /// Runs the case on a fresh link to a fresh device. Closes the link.
    ///
    /// # Errors
    /// [`Failure`]: the link, or the device, does not do what it must.
    pub async fn run<T: Reconnect, C: Clock>(&self, link: &mut T, clock: C) -> Result<Verdict, Failure> {
        let mut bench = Async::new(link, clock);
        let result = self.start(&mut bench).await;
        bench.link().close().await;
        result
    }

    /// The same on a blocking link, through the blocking driver.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    ///
    /// # Panics
    /// Never: a blocking link has nothing to wait for.
    pub fn run_blocking<L, C>(&self, link: &mut L, clock: C) -> Result<Verdict, Failure>
    where
        L: blocking::Link,
        C: blocking::Clock,
    {
        self.run_at_once(&mut Blocking::new(link, clock))
    }

    /// The same through a client that is no driver of `espprov-core`.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    ///
    /// # Panics
    /// Never, as [`run_blocking`](Self::run_blocking).
    pub fn run_client<L: ClientLink>(&self, link: &mut L) -> Result<Verdict, Failure> {
        self.run_at_once(&mut Foreign::new(link))
    }

    /// On a bench where nothing is ever pending.
    fn run_at_once<B: Bench>(&self, bench: &mut B) -> Result<Verdict, Failure> {
        let mut run = pin!(async {
            let result = self.start(bench).await;
            bench.link().close().await;
            result
        });
        match run.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result,
            Poll::Pending => unreachable!("a blocking link has nothing to wait for"),
        }
    }

    /// On the heap, and not where it is polled: the flows are some ten kilobytes each.
    fn start<'f, B: Bench>(&'f self, bench: &'f mut B) -> Run<'f> {
        match self.kind {
            Kind::Version => Box::pin(bytes::version(bench.link())),
            Kind::Echo => Box::pin(bytes::echo(bench.link(), self.request)),
            Kind::Many => Box::pin(bytes::many(bench.link())),
            Kind::Refused => Box::pin(bytes::refused(bench.link())),
            Kind::Unknown => Box::pin(bytes::unknown(bench.link())),
            Kind::SmallBuffer => Box::pin(bytes::small_buffer(bench.link())),
            Kind::Dropped => Box::pin(bytes::dropped(bench)),
            Kind::Closed => Box::pin(bytes::closed(bench.link())),
            Kind::Fresh => Box::pin(provisioning::fresh(self, bench)),
            Kind::Provision => Box::pin(provisioning::provision(self, bench)),
            Kind::Scan => Box::pin(provisioning::scan(self, bench)),
            Kind::WrongSecret => Box::pin(provisioning::wrong_secret(self, bench)),
            Kind::WrongPassphrase => Box::pin(provisioning::wrong_passphrase(self, bench)),
            Kind::Data => Box::pin(provisioning::data(self, bench)),
        }
    }
}

/// A case under way.
type Run<'f> = Pin<Box<dyn Future<Output = Result<Verdict, Failure>> + 'f>>;
