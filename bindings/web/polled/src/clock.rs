//! Time as it was told.

use alloc::rc::Rc;
use core::cell::Cell;
use core::future::poll_fn;
use core::task::Poll;
use core::time::Duration;
use espprov_transport::Clock;

/// JavaScript's milliseconds. What is no time is none.
#[must_use]
pub fn time(millis: f64) -> Duration {
    // What is no number, or less than nothing, becomes 0, and what is too large the largest there is.
    // Rounded, so that what `millis` gave comes back as it was: who asks again at that very moment is not too early.
    match (millis * 1000.0).round() as u64 {
        u64::MAX => Duration::MAX,
        micros => Duration::from_micros(micros),
    }
}

/// The same for JavaScript.
#[must_use]
pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[derive(Default)]
struct Times {
    now: Cell<Duration>,
    /// The earliest moment that somebody waits for.
    until: Cell<Option<Duration>>,
}

/// Says the time that it was told last. Clones are the same clock.
#[derive(Clone, Default)]
pub struct ToldClock(Rc<Times>);

impl ToldClock {
    /// It is so late now. Time does not go back.
    pub(crate) fn tell(&self, now: Duration) {
        self.0.now.set(self.0.now.get().max(now));
        self.0.until.set(None);
    }

    /// When whoever waits wants to be asked again; `None`: not for the time's sake.
    pub(crate) fn until(&self) -> Option<Duration> {
        self.0.until.get()
    }
}

impl Clock for ToldClock {
    fn now(&self) -> Duration {
        self.0.now.get()
    }

    async fn sleep(&self, duration: Duration) {
        let end = self.now().saturating_add(duration);
        poll_fn(|_| {
            if self.now() >= end {
                return Poll::Ready(());
            }
            let earliest = self.0.until.get().map_or(end, |until| until.min(end));
            self.0.until.set(Some(earliest));
            Poll::Pending
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_comes_back_as_it_was() {
        for micros in (0..5_000_000_000_u64).step_by(999_983) {
            let moment = Duration::from_micros(micros);
            assert_eq!(time(millis(moment)), moment);
        }
        // A browser's clock, in steps of a tenth of a millisecond.
        assert_eq!(time(132_998.3), Duration::from_micros(132_998_300));
        for nothing in [f64::NAN, -0.1, f64::NEG_INFINITY] {
            assert_eq!(time(nothing), Duration::ZERO);
        }
        assert_eq!(time(f64::INFINITY), Duration::MAX);
    }
}
