//! The error of a link in JavaScript.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;
use espprov::explain::LinkError;
use espprov_transport::{LinkFault, TransportError};

/// What it means, and what the link says itself. Not the text of a stranger's exception: that may hold anything, and JavaScript keeps it
/// as the error's `cause`. In one place: an error is handed on far more often than it is looked at.
#[derive(Debug, Clone)]
pub(crate) struct Fault(Box<(LinkFault, String)>);

impl Fault {
    pub(crate) fn new(fault: LinkFault, said: String) -> Self {
        Self(Box::new((fault, said)))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.1)
    }
}

impl core::error::Error for Fault {}

impl TransportError for Fault {
    fn fault(&self) -> LinkFault {
        self.0.0
    }
}

impl LinkError for Fault {}
