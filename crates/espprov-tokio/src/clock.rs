//! Tokio's monotonic time as a [`Clock`].

use core::time::Duration;
use espprov_transport::Clock;
use tokio::time::Instant;

/// Time since this clock was made, on tokio's timer. It follows `tokio::time::pause` in tests.
///
/// Waiting needs a runtime with its time driver enabled.
#[derive(Debug, Clone, Copy)]
pub struct TokioClock {
    start: Instant,
}

impl TokioClock {
    /// A clock that reads zero now. Copies of it agree with each other; clocks made at other moments do not.
    #[must_use]
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Default for TokioClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use espprov_transport::{Elapsed, with_deadline};

    const fn assert_send<T: Send>(value: T) -> T {
        value
    }

    #[tokio::test(start_paused = true)]
    async fn follows_tokio_time() {
        let clock = TokioClock::new();
        let copy = clock;
        assert_eq!(clock.now(), Duration::ZERO);
        assert_send(clock.sleep(Duration::from_millis(1500))).await;
        assert_eq!(clock.now(), Duration::from_millis(1500));
        assert_eq!(copy.now(), clock.now());
        assert_eq!(TokioClock::default().now(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn bounds_a_future() {
        let clock = TokioClock::new();
        let slow = clock.sleep(Duration::from_secs(2));
        assert_eq!(
            with_deadline(&clock, Duration::from_secs(1), slow).await,
            Err(Elapsed)
        );
        assert_eq!(clock.now(), Duration::from_secs(1));
        let quick = clock.sleep(Duration::from_millis(10));
        assert_eq!(with_deadline(&clock, Duration::from_secs(2), quick).await, Ok(()));
        // Already past: the future is still polled once.
        assert_eq!(with_deadline(&clock, Duration::ZERO, async { 7 }).await, Ok(7));
    }
}
