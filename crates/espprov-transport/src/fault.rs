//! What a transport error means to the provisioning flow.

/// The meaning of a transport error. Every transport maps its own errors onto these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum LinkFault {
    /// The device answered with a transport-level refusal (ATT error, closed socket without a byte, HTTP
    /// 500, a console prompt without a hex line). At the second handshake step this means wrong credentials.
    Refused {
        /// The link survived the refusal: the next exchange can go out at once.
        link_alive: bool,
    },
    /// The device refused, and there is a sign that the session it keeps is no longer this client's: another client
    /// came in between (HTTP: the connection was closed on us since the session began, or the session's cookie is
    /// lost). No word on credentials: start anew after a while.
    SessionTaken,
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
    /// Foreign text came among the answer, or in its place: the device prints its log on the same line (a console).
    /// What the answer was, even whether there was one, cannot be told. The device and the link are well.
    Spoiled,
    /// The device restarted before its answer was complete: it printed its boot messages, or why it went down (a
    /// panic, a brownout). It has forgotten the session; whether it acted on the request is not known.
    Restarted,
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
            Self::ReplyTooLarge { .. } | Self::Garbled | Self::Spoiled | Self::Restarted => true,
            Self::Refused { .. }
            | Self::SessionTaken
            | Self::NoSuchEndpoint
            | Self::NeedsPairing
            | Self::RequestTooLarge { .. }
            | Self::NeedsReconnect => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_been_delivered() {
        for (fault, delivered) in [
            (LinkFault::Refused { link_alive: true }, false),
            (LinkFault::Refused { link_alive: false }, false),
            (LinkFault::NoSuchEndpoint, false),
            (LinkFault::Lost { delivered: true }, true),
            (LinkFault::Lost { delivered: false }, false),
            (LinkFault::TimedOut { delivered: true }, true),
            (LinkFault::TimedOut { delivered: false }, false),
            (LinkFault::NeedsPairing, false),
            (LinkFault::RequestTooLarge { limit: 1 }, false),
            (LinkFault::ReplyTooLarge { need: 1 }, true),
            (LinkFault::NeedsReconnect, false),
            (LinkFault::Garbled, true),
            (LinkFault::Spoiled, true),
            (LinkFault::Restarted, true),
        ] {
            assert_eq!(fault.may_have_been_delivered(), delivered, "{fault:?}");
        }
    }
}
