//! Time for the driver and the transports: adapters from what a firmware has to [`Clock`].
//!
//! | the firmware has | adapter | how it waits |
//! |---|---|---|
//! | embassy-time | `EmbassyClock` (feature `embassy-time`) | sleeps on embassy's timer queue |
//! | a counter and an `embedded-hal-async` delay | `DelayClock` (feature `delay`) | sleeps in the delay |
//! | a counter only | [`PollClock`] | asks the executor to poll again |

use core::cell::Cell;
use core::future::poll_fn;
use core::task::Poll;
use core::time::Duration;
use espprov_transport::Clock;

/// A clock made of a counter: waiting means asking to be polled again until the time has come.
///
/// It needs no timer interrupt and works under any executor, down to a loop that polls one future, at the price of
/// a processor that never sleeps while it waits.
///
/// ```
/// use core::time::Duration;
/// use espprov_embedded::clock::PollClock;
/// # fn ticks_since_boot() -> u64 { 32_768 }
///
/// // A 64-bit counter at 32 768 Hz. A counter that wraps must be extended first.
/// let clock = PollClock::new(|| Duration::from_micros(ticks_since_boot() * 1_000_000 / 32_768));
/// # let _ = clock;
/// ```
#[derive(Debug, Clone, Copy)]
pub struct PollClock<F> {
    now: F,
}

impl<F: Fn() -> Duration> PollClock<F> {
    /// `now` gives the time since some fixed moment, and never goes back.
    pub const fn new(now: F) -> Self {
        Self { now }
    }
}

impl<F: Fn() -> Duration> Clock for PollClock<F> {
    fn now(&self) -> Duration {
        (self.now)()
    }

    async fn sleep(&self, duration: Duration) {
        self.sleep_until(self.now().saturating_add(duration)).await;
    }

    async fn sleep_until(&self, time: Duration) {
        poll_fn(|cx| {
            if self.now() >= time {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

/// Extends a counter of up to 32 bits that wraps to 64 bits.
///
/// It must be read at least once per round of the counter; the driver does so all the time while it waits.
///
/// ```
/// use espprov_embedded::clock::WideCounter;
///
/// let wide = WideCounter::new(24); // a 24-bit counter
/// assert_eq!(wide.extend(0x00ff_fff0), 0x00ff_fff0);
/// assert_eq!(wide.extend(0x0000_0010), 0x0100_0010);
/// ```
#[derive(Debug)]
pub struct WideCounter {
    total: Cell<u64>,
    mask: u32,
}

impl WideCounter {
    /// For a counter of `bits` bits (1 to 32) that counts up.
    #[must_use]
    pub const fn new(bits: u32) -> Self {
        let mask = match u32::MAX.checked_shr(32_u32.saturating_sub(bits)) {
            Some(mask) => mask,
            None => 0,
        };
        Self {
            total: Cell::new(0),
            mask,
        }
    }

    /// The count in 64 bits, from the counter's present value.
    pub fn extend(&self, value: u32) -> u64 {
        let total = self.total.get();
        let low = total as u32 & self.mask;
        let step = (value & self.mask).wrapping_sub(low) & self.mask;
        let total = total.wrapping_add(u64::from(step));
        self.total.set(total);
        total
    }
}

/// A clock made of a counter and an `embedded-hal-async` delay.
///
/// Two waits can be under way at once (a transport's time limit within the driver's), so the delay must be
/// `Clone`: a handle, as `embassy_time::Delay` is, not the timer itself. With a timer that cannot be cloned,
/// [`PollClock`] serves.
#[cfg(feature = "delay")]
#[derive(Debug, Clone, Copy)]
pub struct DelayClock<F, D> {
    now: F,
    delay: D,
}

#[cfg(feature = "delay")]
impl<F, D> DelayClock<F, D>
where
    F: Fn() -> Duration,
    D: embedded_hal_async::delay::DelayNs + Clone,
{
    /// `now` gives the time since some fixed moment, and never goes back.
    pub const fn new(now: F, delay: D) -> Self {
        Self { now, delay }
    }
}

#[cfg(feature = "delay")]
impl<F, D> Clock for DelayClock<F, D>
where
    F: Fn() -> Duration,
    D: embedded_hal_async::delay::DelayNs + Clone,
{
    fn now(&self) -> Duration {
        (self.now)()
    }

    async fn sleep(&self, duration: Duration) {
        let mut delay = self.delay.clone();
        // In pieces of at most a second: `delay_us` takes 71 minutes, but some timers behind it much less.
        let mut rest = duration;
        while !rest.is_zero() {
            let piece = rest.min(Duration::from_secs(1));
            // Rounded up: never early.
            let us = piece.as_nanos().div_ceil(1000);
            delay.delay_us(u32::try_from(us).unwrap_or(u32::MAX)).await;
            rest = rest.saturating_sub(piece);
        }
    }
}

/// Embassy's time. The firmware chooses the driver and tick rate as usual.
#[cfg(feature = "embassy-time_05")]
#[derive(Debug, Clone, Copy, Default)]
pub struct EmbassyClock;

#[cfg(feature = "embassy-time_05")]
impl Clock for EmbassyClock {
    fn now(&self) -> Duration {
        Duration::from_micros(embassy_time::Instant::now().as_micros())
    }

    async fn sleep(&self, duration: Duration) {
        let until = ticks(duration, embassy_time::TICK_HZ).and_then(|ticks| {
            embassy_time::Instant::now().checked_add(embassy_time::Duration::from_ticks(ticks))
        });
        match until {
            Some(until) => embassy_time::Timer::at(until).await,
            // Longer than the clock can count: for ever.
            None => core::future::pending().await,
        }
    }
}

/// So many ticks at `hz`, rounded up, so that nothing waits too short; `None` if they cannot be counted. Embassy's own
/// conversions overflow.
#[cfg(feature = "embassy-time_05")]
fn ticks(duration: Duration, hz: u64) -> Option<u64> {
    const NANOS: u128 = 1_000_000_000;
    let ticks = duration.as_nanos().checked_mul(hz.into())?.div_ceil(NANOS);
    u64::try_from(ticks).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use espprov_transport::{Elapsed, with_deadline};

    #[tokio::test]
    async fn polls_until_the_time_has_come() {
        let count = Cell::new(0_u64);
        let clock = PollClock::new(|| {
            count.set(count.get() + 1);
            Duration::from_millis(count.get())
        });
        clock.sleep(Duration::from_millis(50)).await;
        assert!((50..60).contains(&count.get()), "{}", count.get());
        let deadline = clock.now() + Duration::from_millis(20);
        assert_eq!(
            with_deadline(&clock, deadline, core::future::pending::<()>()).await,
            Err(Elapsed)
        );
        // Nested waits share it.
        let inner = with_deadline(
            &clock,
            Duration::from_secs(9),
            clock.sleep(Duration::from_millis(5)),
        );
        assert_eq!(
            with_deadline(&clock, Duration::from_secs(10), inner).await,
            Ok(Ok(()))
        );
    }

    #[test]
    fn counters_wrap() {
        for bits in [1, 8, 16, 24, 31, 32] {
            let wide = WideCounter::new(bits);
            let step = (1_u64 << bits) / 2;
            for round in 0..10 {
                let count = round * step;
                assert_eq!(wide.extend(count as u32), count, "{bits} bits");
            }
        }
        let clock = WideCounter::new(32);
        assert_eq!(clock.extend(5), 5);
        assert_eq!(clock.extend(5), 5);
    }

    #[cfg(feature = "delay")]
    #[tokio::test(start_paused = true)]
    async fn delays_as_long_as_asked() {
        #[derive(Clone)]
        struct TokioDelay;
        impl embedded_hal_async::delay::DelayNs for TokioDelay {
            async fn delay_ns(&mut self, ns: u32) {
                tokio::time::sleep(Duration::from_nanos(ns.into())).await;
            }
        }
        let start = tokio::time::Instant::now();
        let clock = DelayClock::new(move || start.elapsed(), TokioDelay);
        for wait in [
            Duration::ZERO,
            Duration::from_nanos(1500),
            Duration::from_millis(3001),
        ] {
            let before = clock.now();
            clock.sleep(wait).await;
            let waited = clock.now() - before;
            assert!(
                waited >= wait && waited < wait + Duration::from_millis(10),
                "{wait:?}: {waited:?}"
            );
        }
    }

    #[cfg(feature = "embassy-time_05")]
    #[test]
    fn ticks_of_every_length_at_every_rate() {
        let second = Duration::from_secs(1);
        for hz in [1000, 32_768, 1_000_000, 1_000_000_000] {
            assert_eq!(ticks(Duration::ZERO, hz), Some(0));
            assert_eq!(ticks(second, hz), Some(hz));
            assert_eq!(ticks(Duration::from_nanos(1), hz), Some(1), "never early");
            assert_eq!(ticks(second + Duration::from_nanos(1), hz), Some(hz + 1));
            // The longest that can be counted, and a tick more.
            let most = Duration::from_secs(u64::MAX / hz);
            assert!(ticks(most, hz).is_some_and(|ticks| ticks > u64::MAX - hz));
            assert_eq!(ticks(most + second, hz), None);
            assert_eq!(ticks(Duration::MAX, hz), None);
        }
        assert_eq!(ticks(Duration::from_millis(1), 32_768), Some(33));
        assert_eq!(ticks(Duration::from_micros(1), 1000), Some(1));
    }

    /// By the real clock, at the rate that the tests are built with.
    #[cfg(feature = "embassy-time_05")]
    #[tokio::test]
    async fn embassy_waits_as_long_as_asked_and_for_ever() {
        for wait in [
            Duration::ZERO,
            Duration::from_micros(1500),
            Duration::from_millis(20),
        ] {
            let before = std::time::Instant::now();
            EmbassyClock.sleep(wait).await;
            assert!(before.elapsed() >= wait);
        }
        for ever in [
            Duration::MAX,
            Duration::from_secs(u64::MAX),
            Duration::from_micros(u64::MAX),
        ] {
            let deadline = EmbassyClock.now() + Duration::from_millis(5);
            let waited = with_deadline(&EmbassyClock, deadline, EmbassyClock.sleep(ever)).await;
            assert_eq!(waited, Err(Elapsed));
        }
        let deadline = with_deadline(&EmbassyClock, Duration::MAX, core::future::ready(7)).await;
        assert_eq!(deadline, Ok(7));
    }
}
