//! Why it failed, in plain words: an [`Error`] for every error of the layers below. Written once, for every front end; what
//! the reader can do about it is said in the words of its [`Caller`].
//!
//! ```
//! use espprov::explain::{self, LinkError};
//! use espprov::{Caller, LinkKind, Place};
//! use espprov_core::ProvisionError;
//! use espprov_transport::{LinkFault, TransportError};
//!
//! /// A link of one's own.
//! #[derive(Debug)]
//! struct Torn;
//! # impl core::fmt::Display for Torn {
//! #     fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result { f.write_str("the wire is torn") }
//! # }
//! # impl core::error::Error for Torn {}
//! # impl TransportError for Torn { fn fault(&self) -> LinkFault { LinkFault::Lost { delivered: false } } }
//! impl LinkError for Torn {}
//!
//! let place = Place::new(Caller::Program, LinkKind::Other, "the wire");
//! let error = explain::provision::<Torn>(&ProvisionError::PlaintextNotAllowed, &place);
//! assert_eq!(error.code(), "plaintext_not_allowed");
//! assert_eq!(error.help(), "if that is acceptable, call allow_plaintext()");
//! ```

#[cfg(feature = "ble")]
mod ble;
mod diagnosis;
mod driver;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "tokio")]
pub mod io;
mod links;
mod local_ctrl;
mod outcome;
mod payload;
#[cfg(feature = "serial")]
mod serial;
#[cfg(feature = "simulator")]
mod sim;
#[cfg(feature = "tls")]
mod tls;

pub use diagnosis::{
    Heard, State, another_network, control_refused, earlier_attempt_stays, needs_restart, no_thread,
    no_thread_scan, no_wifi, not_trying, still_joining, with_hearing,
};
pub use driver::provision;
pub use links::{LinkError, lost};
pub use local_ctrl::{
    invalid_value, local_control, no_such_property, not_set, property_twice, read_only, unknown_type,
};
pub use outcome::{
    config, joined_incomplete, step_before, thread_outcome, too_long, unconfirmed, wifi_outcome,
};
pub use payload::payload;

use crate::{Caller, Error};
use alloc::format;

/// A value is missing and nobody can be asked for it: `missing_value`. `how` says where it goes, in the caller's words.
#[must_use]
pub fn missing(caller: Caller, what: &str, how: &str) -> Error {
    Error::usage("missing_value", format!("{what} is missing: give {how}"))
        .with_cause(caller.say("{missing}"))
        .with_help(format!("add {how} and {}", caller.say("{again}")))
}
