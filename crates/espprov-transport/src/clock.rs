//! Time as an argument: deadlines without a runtime.

use core::fmt;
use core::future::Future;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;

/// A monotonic clock that can also wait. Adapters: `espprov::TokioClock` on the desktop, embassy-time
/// and embedded-hal delays in `espprov-embedded`, virtual time in `espprov-simulator`.
#[expect(
    async_fn_in_trait,
    reason = "no Send bound in generic code; the concrete edge asserts Send"
)]
pub trait Clock {
    /// Time since a fixed moment, any within the last 500 years; never goes back.
    fn now(&self) -> Duration;

    /// Waits. Cancel-safe: dropping the future has no effect.
    async fn sleep(&self, duration: Duration);

    /// Waits until then, which may be past. Cancel-safe. For clocks that are set to a time and not to a length of time.
    async fn sleep_until(&self, time: Duration) {
        self.sleep(time.saturating_sub(self.now())).await;
    }
}

impl<C: Clock + ?Sized> Clock for &C {
    fn now(&self) -> Duration {
        (**self).now()
    }

    async fn sleep(&self, duration: Duration) {
        (**self).sleep(duration).await;
    }

    async fn sleep_until(&self, time: Duration) {
        (**self).sleep_until(time).await;
    }
}

/// The deadline of [`with_deadline`] passed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
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
    let mut timer = pin!(clock.sleep_until(deadline));
    core::future::poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        timer.as_mut().poll(cx).map(|()| Err(Elapsed))
    })
    .await
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use core::cell::Cell;
    use core::future::{pending, poll_fn, ready};
    use core::task::{Context, Waker};

    /// Time that stands still until it is set; polling has no other effect.
    struct Stopped(Cell<Duration>);

    impl Clock for Stopped {
        fn now(&self) -> Duration {
            self.0.get()
        }

        async fn sleep(&self, duration: Duration) {
            let until = self.now().saturating_add(duration);
            poll_fn(|_| match self.now() >= until {
                true => Poll::Ready(()),
                false => Poll::Pending,
            })
            .await;
        }
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Polls at these times, and says what came at the last one that was needed.
    fn polled<F: Future>(
        deadline: Duration,
        times: &[Duration],
        future: F,
    ) -> Poll<Result<F::Output, Elapsed>> {
        let clock = Stopped(Cell::new(Duration::ZERO));
        let mut waiting = pin!(with_deadline(&clock, deadline, future));
        let mut end = Poll::Pending;
        for &time in times {
            clock.0.set(time);
            end = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            if end.is_ready() {
                break;
            }
        }
        end
    }

    /// Ready from the second poll on.
    async fn second_poll() -> u8 {
        let mut polls = 0;
        poll_fn(|_| {
            polls += 1;
            if polls < 2 { Poll::Pending } else { Poll::Ready(7) }
        })
        .await
    }

    #[test]
    fn the_deadline_ends_a_future_that_does_not() {
        assert_eq!(polled(at(2), &[at(0), at(1)], pending::<u8>()), Poll::Pending);
        assert_eq!(
            polled(at(2), &[at(0), at(2)], pending::<u8>()),
            Poll::Ready(Err(Elapsed))
        );
        assert_eq!(std::format!("{Elapsed}"), "deadline passed");
    }

    #[test]
    fn the_future_wins_a_tie() {
        // Both are ready when polled: an answer that is there counts, however late one looks.
        assert_eq!(polled(at(2), &[at(0), at(2)], second_poll()), Poll::Ready(Ok(7)));
        assert_eq!(polled(at(2), &[at(0), at(9)], second_poll()), Poll::Ready(Ok(7)));
        assert_eq!(polled(at(0), &[at(0)], ready(7)), Poll::Ready(Ok(7)));
    }

    #[test]
    fn a_borrowed_clock_is_the_clock() {
        let clock = Stopped(Cell::new(at(3)));
        let borrowed = &clock;
        assert_eq!(Clock::now(&borrowed), at(3));
        let mut sleeping = pin!(Clock::sleep(&borrowed, at(2)));
        let mut poll = || sleeping.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(poll(), Poll::Pending);
        clock.0.set(at(5));
        assert_eq!(poll(), Poll::Ready(()));

        let mut waiting = pin!(Clock::sleep_until(&borrowed, at(6)));
        let mut poll = || waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(poll(), Poll::Pending);
        clock.0.set(at(6));
        assert_eq!(poll(), Poll::Ready(()));
    }

    #[test]
    fn a_deadline_in_the_past_still_polls_once() {
        assert_eq!(polled(at(1), &[at(5)], ready(7)), Poll::Ready(Ok(7)));
        assert_eq!(polled(at(1), &[at(5)], second_poll()), Poll::Ready(Err(Elapsed)));
    }
}
