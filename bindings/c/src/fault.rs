//! What the caller says of its link, as the engine understands it.

use core::fmt;
use espprov::explain::LinkError;
use espprov_transport::{LinkFault, TransportError};

/// The caller's link failed. What exactly happened is the caller's to know; what it means is this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault(pub(crate) LinkFault);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            LinkFault::Lost { .. } => "the connection broke",
            LinkFault::NeedsReconnect => "the link is not open",
            LinkFault::Spoiled => "other text came in place of the answer",
            LinkFault::Restarted => "the device restarted",
            LinkFault::RequestTooLarge { .. } => "the request is longer than the link carries",
            _ => "the link reported a failure",
        })
    }
}

impl core::error::Error for Fault {}

impl TransportError for Fault {
    fn fault(&self) -> LinkFault {
        self.0
    }
}

impl LinkError for Fault {}
