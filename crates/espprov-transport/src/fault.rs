//! What a transport error means to the provisioning flow.

/// The meaning of a transport error. Every transport maps its own errors onto these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkFault {
    /// The device answered with a transport-level refusal (ATT error, closed socket without a byte, HTTP
    /// 500, a console prompt without a hex line). At the second handshake step this means wrong credentials.
    Refused {
        /// The link survived the refusal: the next exchange can go out at once.
        link_alive: bool,
    },
    /// The device has no such endpoint (HTTP 404, no such characteristic).
    NoSuchEndpoint,
    /// The link broke: reset, disconnect, out of range, unreachable.
    Lost {
        /// The request was handed over completely before (write acknowledged, body sent): the device may
        /// have acted on it.
        delivered: bool,
    },
    /// No answer within the transport's own time limit.
    TimedOut {
        /// As for [`LinkFault::Lost`].
        delivered: bool,
    },
    /// The link demands pairing or encryption first (BLE).
    NeedsPairing,
    /// The request is longer than this link can carry; nothing was sent.
    RequestTooLarge {
        /// Longest request in bytes.
        limit: usize,
    },
    /// The reply is longer than the caller's buffer; it is lost, and the session with it.
    ReplyTooLarge {
        /// Bytes the buffer should have had.
        need: usize,
    },
    /// An earlier exchange failed or was dropped: reconnect first.
    NeedsReconnect,
    /// The bytes that came back are not of this transport's protocol (not an ESP32 at that address?).
    Garbled,
}

/// An error of a transport, classified.
pub trait TransportError: core::error::Error {
    /// What this error means to the provisioning flow.
    fn fault(&self) -> LinkFault;
}

impl LinkFault {
    /// The request may have reached the device, so it must not be repeated blindly.
    #[must_use]
    pub const fn may_have_been_delivered(&self) -> bool {
        match self {
            Self::Lost { delivered } | Self::TimedOut { delivered } => *delivered,
            Self::ReplyTooLarge { .. } | Self::Garbled => true,
            Self::Refused { .. }
            | Self::NoSuchEndpoint
            | Self::NeedsPairing
            | Self::RequestTooLarge { .. }
            | Self::NeedsReconnect => false,
        }
    }
}
