//! What keeps this side from a device, or parts them, whatever the link.

use crate::error::{Class, Error};
use crate::{LinkKind, Place};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::ToString;
use espprov_core::Phase;
use espprov_transport::{LinkFault, TransportError};

/// An error of a link that can be explained. A link of one's own needs no more than `impl LinkError for MyError {}`.
pub trait LinkError: TransportError {
    /// What it means while `phase` was under way. As long as nothing is known of the link but its
    /// [`fault`](TransportError::fault), that: [`lost`].
    fn explain(&self, phase: Phase, place: &Place) -> Error {
        lost(phase, self.fault(), &self.to_string(), place)
    }
}

/// A link that failed, by what is left of it; `said` is what it says itself.
#[must_use]
pub fn lost(phase: Phase, fault: LinkFault, said: &str, place: &Place) -> Error {
    let better = place.how_to_hear_better();
    match fault {
        LinkFault::Garbled => place.not_a_device(said.to_owned()),
        LinkFault::TimedOut { .. } => {
            Error::new(Class::Link, "no_answer", format!("no answer while {phase}"))
                .with_cause(match place.kind {
                    LinkKind::Serial => "the device is busy, has restarted, or lost what it was sent",
                    _ => "the device is busy (joining a network on another channel) or out of reach",
                })
                .with_help(format!("{better} {}", place.say("and {again}; {retries}")))
        }
        LinkFault::NeedsPairing => {
            Error::new(Class::Link, "needs_pairing", "the device asks for pairing first")
                .with_cause("its firmware was built to demand it")
                .advise(
                    place.caller,
                    "pair with the device in the system settings, then {again}",
                )
        }
        _ => Error::new(
            Class::Link,
            "link_lost",
            format!("the link failed while {phase}: {said}"),
        )
        .with_cause(match place.kind {
            LinkKind::Serial => {
                "the device restarted, the cable came off, or another program reads from the port"
            }
            _ => "the device went out of reach, restarted, or closed its provisioning service",
        })
        .with_help(format!(
            "{better}, {}",
            place.say("check that the device is still in provisioning mode, and {again}; {retries}")
        )),
    }
}
