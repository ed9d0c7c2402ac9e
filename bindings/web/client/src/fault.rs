//! The error of a link in JavaScript.

use alloc::string::String;
use core::fmt;
use espprov::explain::LinkError;
use espprov_transport::{LinkFault, TransportError};

/// What it means, and what the link says itself. Not the text of a stranger's exception: that may hold anything, and JavaScript keeps it
/// as the error's `cause`.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) fault: LinkFault,
    pub(crate) said: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said)
    }
}

impl core::error::Error for Fault {}

impl TransportError for Fault {
    fn fault(&self) -> LinkFault {
        self.fault
    }
}

impl LinkError for Fault {}
