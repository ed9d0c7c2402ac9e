//! Sizes and habits of a link.

use core::time::Duration;

/// What the core must know of a link before it asks for more than the link can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Largest request in bytes (after encryption), if the link has a known limit.
    pub max_request: Option<usize>,
    /// Largest reply in bytes (before decryption), if the link has a known limit.
    pub max_response: Option<usize>,
    /// How scans should be asked for on this link.
    pub scan: ScanHint,
    /// For how long a device's service must be out of reach on this link until it counts as gone rather than
    /// disturbed. A radio that follows an access point to another channel loses answers for seconds.
    pub gone_after: Duration,
}

/// How scans should be asked for on a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScanHint {
    /// Channels per group for a blocking scan, so that a SoftAP keeps beaconing in between; 0 = no groups.
    pub group_channels: u8,
    /// Network entries that safely fit one reply: 4 on BLE (257-byte values exist), 16 where a reply can
    /// hold the device's whole list.
    pub page: u8,
}

impl Limits {
    /// A link with no known limit of its own.
    pub const UNKNOWN: Self = Self {
        max_request: None,
        max_response: None,
        scan: ScanHint {
            group_channels: 0,
            page: 16,
        },
        gone_after: Duration::from_secs(12),
    };

    /// HTTP: bodies of 1..=4096 bytes, scans in groups of five channels.
    pub const HTTP: Self = Self {
        max_request: Some(4096),
        max_response: None,
        scan: ScanHint {
            group_channels: 5,
            page: 16,
        },
        ..Self::UNKNOWN
    };

    /// A link with these size limits, everything else as for [`Limits::UNKNOWN`].
    #[must_use]
    pub const fn new(max_request: Option<usize>, max_response: Option<usize>) -> Self {
        Self {
            max_request,
            max_response,
            ..Self::UNKNOWN
        }
    }

    /// Bluetooth LE: values of this size at most in each direction, four network entries per reply, and a device that
    /// cannot be connected to for three seconds is gone.
    #[must_use]
    pub const fn ble(max_request: usize, max_response: usize) -> Self {
        Self::new(Some(max_request), Some(max_response))
            .with_scan(0, 4)
            .with_gone_after(Duration::from_secs(3))
    }

    /// The same limits with another patience towards a service out of reach.
    #[must_use]
    pub const fn with_gone_after(mut self, time: Duration) -> Self {
        self.gone_after = time;
        self
    }

    /// The same limits with another scan habit.
    #[must_use]
    pub const fn with_scan(mut self, group_channels: u8, page: u8) -> Self {
        self.scan = ScanHint { group_channels, page };
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Request and response in bytes, channels of a group, entries of a page, seconds.
    fn all(limits: Limits) -> (Option<usize>, Option<usize>, u8, u8, u64) {
        let ScanHint { group_channels, page } = limits.scan;
        let seconds = limits.gone_after.as_secs();
        (
            limits.max_request,
            limits.max_response,
            group_channels,
            page,
            seconds,
        )
    }

    #[test]
    fn links() {
        assert_eq!(all(Limits::UNKNOWN), (None, None, 0, 16, 12));
        assert_eq!(all(Limits::HTTP), (Some(4096), None, 5, 16, 12));
        assert_eq!(all(Limits::ble(257, 512)), (Some(257), Some(512), 0, 4, 3));
        let own = Limits::new(Some(1), Some(2))
            .with_scan(3, 4)
            .with_gone_after(Duration::from_secs(5));
        assert_eq!(all(own), (Some(1), Some(2), 3, 4, 5));
    }
}
