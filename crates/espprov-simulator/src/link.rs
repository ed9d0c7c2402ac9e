//! What a link costs and how it behaves, without any bytes.

use core::time::Duration;
use espprov_transport::Limits;

/// The link between client and simulated device: its sizes, its times, its manners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkModel {
    /// No cost, no limit; a refusal leaves the link alive.
    Ideal,
    /// Bluetooth LE: ATT packets, one per connection event.
    Ble(Ble),
    /// HTTP over a SoftAP: constant cost per exchange; a refusal closes the connection.
    Http(Http),
}

/// A GATT link. Every ATT packet waits for a connection event, so an exchange costs its packets times the
/// connection interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ble {
    /// Time between connection events; 7.5 ms to 4 s by the specification, 15 to 50 ms usual.
    pub connection_interval: Duration,
    /// ATT MTU in bytes, 23 at least.
    pub mtu: usize,
    /// Longest characteristic value in bytes, in both directions.
    pub value_limit: usize,
    /// The device drops the link when it refuses a request (Bluedroid), instead of answering with an ATT
    /// error only (NimBLE).
    pub drops_on_refusal: bool,
    /// ATT errors say what was wrong (newer firmware): a device that drops the link on a refusal says no first, and a
    /// write whose answer does not fit a value fails while the link stays.
    pub strict_values: bool,
}

/// An HTTP connection, as a price list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Http {
    /// Request out and reply back.
    pub round_trip: Duration,
}

/// What one direction or both of an exchange cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Cost {
    /// Request-response round trips on the link (ATT transactions; one per HTTP request).
    pub round_trips: u32,
    /// Time they take.
    pub time: Duration,
}

impl LinkModel {
    /// A NimBLE firmware: 512-byte values, MTU 256, 30 ms between connection events, refusals keep the link.
    #[must_use]
    pub const fn nimble() -> Self {
        Self::Ble(Ble {
            connection_interval: Duration::from_millis(30),
            mtu: 256,
            value_limit: 512,
            drops_on_refusal: false,
            strict_values: false,
        })
    }

    /// A Bluedroid firmware without security 2: 257-byte values; a refusal drops the link.
    #[must_use]
    pub const fn bluedroid() -> Self {
        Self::Ble(Ble {
            connection_interval: Duration::from_millis(30),
            mtu: 256,
            value_limit: 257,
            drops_on_refusal: true,
            strict_values: false,
        })
    }

    /// A Bluedroid firmware with security 2 compiled in: 481-byte values.
    #[must_use]
    pub const fn bluedroid_sec2() -> Self {
        Self::Ble(Ble {
            connection_interval: Duration::from_millis(30),
            mtu: 256,
            value_limit: 481,
            drops_on_refusal: true,
            strict_values: false,
        })
    }

    /// HTTP with 8 ms per exchange.
    #[must_use]
    pub const fn http() -> Self {
        Self::Http(Http {
            round_trip: Duration::from_millis(8),
        })
    }

    /// What a client on this link must respect.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        match self {
            Self::Ideal => Limits::UNKNOWN,
            Self::Http(_) => Limits::HTTP,
            Self::Ble(ble) => Limits::ble(ble.value_limit, ble.value_limit),
        }
    }

    /// Price of connecting. BLE pays for the MTU exchange and the discovery of service, characteristics and
    /// descriptors, roughly.
    #[must_use]
    pub fn connect_cost(&self) -> Cost {
        match self {
            Self::Ideal => Cost::default(),
            Self::Ble(ble) => ble.transactions(12),
            Self::Http(http) => Cost {
                round_trips: 1,
                time: http.round_trip,
            },
        }
    }

    /// Price of getting a request of `len` bytes to the device.
    #[must_use]
    pub fn request_cost(&self, len: usize) -> Cost {
        match self {
            Self::Ideal => Cost::default(),
            Self::Ble(ble) => ble.transactions(ble.write_transactions(len)),
            Self::Http(http) => Cost {
                round_trips: 1,
                time: http.round_trip / 2,
            },
        }
    }

    /// Price of getting a reply of `len` bytes back.
    #[must_use]
    pub fn reply_cost(&self, len: usize) -> Cost {
        match self {
            Self::Ideal => Cost::default(),
            Self::Ble(ble) => ble.transactions(ble.read_transactions(len)),
            Self::Http(http) => Cost {
                round_trips: 0,
                time: http.round_trip / 2,
            },
        }
    }

    /// Whether the link survives a refusal.
    #[must_use]
    pub const fn survives_refusal(&self) -> bool {
        match self {
            Self::Ideal => true,
            Self::Ble(ble) => !ble.drops_on_refusal,
            Self::Http(_) => false,
        }
    }

    /// Whether a new connection can go on with the session of the one before (HTTP's cookie).
    #[must_use]
    pub const fn can_keep_session(&self) -> bool {
        matches!(self, Self::Ideal | Self::Http(_))
    }
}

impl Ble {
    /// Write Request up to MTU − 3 bytes; longer values as Prepare Writes of MTU − 5 and one Execute Write
    /// (Bluetooth Core, Vol 3 Part F § 3.4.5 and § 3.4.6).
    fn write_transactions(&self, len: usize) -> usize {
        let mtu = self.mtu.max(23);
        if len <= mtu - 3 {
            1
        } else {
            len.div_ceil(mtu - 5) + 1
        }
    }

    /// Read Request, then Read Blob Requests for as long as a response comes full (MTU − 1 bytes).
    fn read_transactions(&self, len: usize) -> usize {
        len / (self.mtu.max(23) - 1) + 1
    }

    /// A transaction is two packets, request and response.
    fn transactions(&self, count: usize) -> Cost {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        Cost {
            round_trips: count,
            time: self.connection_interval.saturating_mul(count.saturating_mul(2)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ble(mtu: usize) -> LinkModel {
        LinkModel::Ble(Ble {
            connection_interval: Duration::from_millis(10),
            mtu,
            value_limit: 512,
            drops_on_refusal: false,
            strict_values: false,
        })
    }

    #[test]
    fn att_packets_are_counted() {
        // (MTU, bytes, write transactions, read transactions), by hand from the ATT packet layouts.
        let table = [
            (23, 0, 1, 1),
            (23, 20, 1, 1),
            (23, 21, 3, 1),
            (23, 22, 3, 2),
            (23, 36, 3, 2),
            (23, 37, 4, 2),
            (23, 406, 24, 19),
            (256, 253, 1, 1),
            (256, 254, 3, 1),
            (256, 255, 3, 2),
            (512, 512, 3, 2),
            (0, 21, 3, 1),
        ];
        for (mtu, len, write, read) in table {
            let link = ble(mtu);
            assert_eq!(link.request_cost(len).round_trips, write, "write {len} at {mtu}");
            assert_eq!(link.reply_cost(len).round_trips, read, "read {len} at {mtu}");
            assert_eq!(link.request_cost(len).time, Duration::from_millis(20) * write);
        }
    }

    #[test]
    fn limits_follow_the_link() {
        assert_eq!(LinkModel::bluedroid().limits().max_request, Some(257));
        assert_eq!(LinkModel::nimble().limits().scan.page, 4);
        assert_eq!(LinkModel::http().limits(), Limits::HTTP);
        assert!(LinkModel::nimble().survives_refusal());
        assert!(!LinkModel::bluedroid().survives_refusal());
        assert!(!LinkModel::http().survives_refusal());
    }
}
