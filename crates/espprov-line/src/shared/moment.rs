//! A moment by two clocks.

use core::time::Duration;
use std::time::SystemTime;
use tokio::time::Instant;

/// When something was, by the clock that nobody sets, which stands still while some systems sleep, and by the one on the wall, which does
/// not, but which is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    steady: Instant,
    wall: SystemTime,
}

impl Moment {
    pub(super) fn now() -> Self {
        Self {
            steady: Instant::now(),
            wall: SystemTime::now(),
        }
    }

    /// How long ago that is, by the clock that says more.
    pub(super) fn elapsed(&self) -> Duration {
        // A clock on the wall that was set back says nothing.
        self.steady.elapsed().max(self.wall.elapsed().unwrap_or_default())
    }

    /// As after a sleep of so long, in which one clock stood still.
    #[cfg(test)]
    pub(super) fn slept(mut self, time: Duration) -> Self {
        self.wall -= time;
        self
    }

    /// As with a clock on the wall that was set back.
    #[cfg(test)]
    pub(super) fn set_back(mut self, time: Duration) -> Self {
        self.wall += time;
        self
    }
}
