//! Time as an argument: deadlines without a runtime.

use core::fmt;
use core::future::Future;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;

/// A monotonic clock that can also wait. Adapters: `espprov_tokio::TokioClock` on the desktop, embassy-time
/// and embedded-hal delays in `espprov-embedded`, virtual time in `espprov-simulator`.
#[expect(
    async_fn_in_trait,
    reason = "no Send bound in generic code; the concrete edge asserts Send"
)]
pub trait Clock {
    /// Time since an arbitrary fixed moment; never goes back.
    fn now(&self) -> Duration;

    /// Waits. Cancel-safe: dropping the future has no effect.
    async fn sleep(&self, duration: Duration);
}

impl<C: Clock + ?Sized> Clock for &C {
    fn now(&self) -> Duration {
        (**self).now()
    }

    async fn sleep(&self, duration: Duration) {
        (**self).sleep(duration).await;
    }
}

/// The deadline of [`with_deadline`] passed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elapsed;

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("deadline passed")
    }
}

impl core::error::Error for Elapsed {}

/// Runs `future` until it ends or `deadline` (in `clock` time) passes, whichever comes first; `future` wins a
/// tie. The loser is dropped, so this is cancel-safe exactly if `future` is.
///
/// # Errors
/// [`Elapsed`] when the deadline passed first. A deadline already in the past still polls `future` once.
pub async fn with_deadline<C: Clock, F: Future>(
    clock: &C,
    deadline: Duration,
    future: F,
) -> Result<F::Output, Elapsed> {
    let mut future = pin!(future);
    let mut timer = pin!(clock.sleep(deadline.saturating_sub(clock.now())));
    core::future::poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        timer.as_mut().poll(cx).map(|()| Err(Elapsed))
    })
    .await
}
