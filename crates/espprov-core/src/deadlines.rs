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

/// So many milliseconds. Firmware that has pauses grow as numbers and not as `Duration`s links no division of those.
pub(crate) const fn millis(millis: u32) -> Duration {
    Duration::new((millis / 1000) as u64, (millis % 1000).saturating_mul(1_000_000))
}

/// `time` after `from`, but `latest` at the latest. In one place: the carry over seconds is a lot of code in firmware.
#[inline(never)]
pub(crate) fn until(from: Duration, time: Duration, latest: Duration) -> Duration {
    from.saturating_add(time).min(latest)
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
