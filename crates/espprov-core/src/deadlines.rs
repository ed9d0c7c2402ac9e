//! How long each step may take.

use core::time::Duration;

/// Time limits. Every wait of the driver ends by one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deadlines {
    /// Opening the link again.
    pub connect: Duration,
    /// One exchange of no special kind.
    pub exchange: Duration,
    /// One exchange of the handshake: SRP takes a small chip a second or two.
    pub handshake: Duration,
    /// A whole scan, from start to finished.
    pub scan: Duration,
    /// One status request while the device connects: short, because its radio may be elsewhere.
    pub poll: Duration,
    /// From a link loss after `apply` until giving up on getting it back.
    pub recover: Duration,
    /// From `apply` until an end state.
    pub connecting: Duration,
    /// For how long to try again when another client takes the session over.
    pub takeover: Duration,
}

/// A moment or a length of time in nanoseconds, which is what a [`Duration`] becomes at the border of the engine: 584 years,
/// and beyond them [`NEVER`](Self::NEVER). One number is added and compared in a few instructions where the two of a `Duration`,
/// with a carry between them, take five times as many, and firmware pays for each place.
#[expect(unnameable_types, reason = "as `Task`")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(u64);

impl Time {
    /// The beginning, or no time at all.
    pub(crate) const ZERO: Self = Self(0);
    /// No deadline.
    pub(crate) const NEVER: Self = Self(u64::MAX);

    /// So many milliseconds.
    pub(crate) const fn millis(millis: u32) -> Self {
        Self((millis as u64).saturating_mul(1_000_000))
    }

    /// This much later, or longer.
    #[inline(never)] // in twenty places
    pub(crate) const fn plus(self, time: Self) -> Self {
        Self(self.0.saturating_add(time.0))
    }

    /// The earlier of the two, or the shorter.
    #[inline(never)] // as above
    pub(crate) const fn min(self, other: Self) -> Self {
        if self.0 < other.0 { self } else { other }
    }

    /// What is left of it after that.
    pub(crate) const fn minus(self, time: Self) -> Self {
        Self(self.0.saturating_sub(time.0))
    }
}

impl From<Duration> for Time {
    #[inline(never)]
    fn from(time: Duration) -> Self {
        let seconds = time.as_secs().saturating_mul(1_000_000_000);
        Self(seconds.saturating_add(time.subsec_nanos().into()))
    }
}

impl From<Time> for Duration {
    #[inline(never)]
    fn from(time: Time) -> Self {
        match time {
            Time::NEVER => Self::MAX,
            Time(nanos) => Self::from_nanos(nanos),
        }
    }
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            exchange: Duration::from_secs(10),
            handshake: Duration::from_secs(20),
            scan: Duration::from_secs(40),
            poll: Duration::from_secs(5),
            recover: Duration::from_secs(15),
            connecting: Duration::from_secs(60),
            takeover: Duration::from_secs(60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_comes_back_as_it_was() {
        let odd = Duration::new(500_000_000, 999_999_999);
        for time in [
            Duration::ZERO,
            Duration::from_nanos(1),
            Duration::from_millis(1999),
            odd,
        ] {
            assert_eq!(Duration::from(Time::from(time)), time);
        }
        assert_eq!(Time::from(Duration::from_millis(1500)), Time::millis(1500));
        assert_eq!(
            Duration::from(Time::millis(u32::MAX)),
            Duration::from_millis(u32::MAX.into())
        );
    }

    /// Beyond 584 years there is no deadline, and none comes of adding to it.
    #[test]
    fn what_is_too_long_is_for_ever() {
        for long in [Duration::MAX, Duration::from_secs(u64::MAX / 1_000_000_000 + 1)] {
            assert_eq!(Time::from(long), Time::NEVER);
        }
        assert_eq!(Duration::from(Time::NEVER), Duration::MAX);
        assert_eq!(Time::NEVER.plus(Time::millis(1)), Time::NEVER);
        assert_eq!(Time::millis(2).minus(Time::millis(3)), Time::ZERO);
        assert!(Time::millis(2).plus(Time::millis(3)) < Time::millis(6).min(Time::NEVER));
    }
}
