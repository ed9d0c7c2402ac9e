//! Errors of the serial console.

use super::{LinkError, lost};
use crate::Place;
use crate::error::{Class, Error, Stage};
use crate::serial::ConsoleError;
use alloc::format;
use alloc::string::ToString;
use espprov_core::Phase;
use espprov_transport::TransportError;

impl LinkError for ConsoleError {
    fn explain(&self, phase: Phase, place: &Place) -> Error {
        match self {
            Self::NoPrompt => Error::new(Class::Link, "no_prompt", format!("{}: {self}", place.label))
                .with_cause("no device is connected, it runs at another speed, or its firmware has no provisioning console")
                .advise(place.caller, "check the cable and {speed}; reset=hold suits boards that stay silent, prompt-wait=20s slow ones")
                .with_retry(Some(Stage::Early)),
            Self::Spoiled | Self::EchoMismatch => Error::new(
                Class::Link,
                "answer_spoiled",
                format!("an answer was lost while {phase}: {self}"),
            )
            .with_cause("the application prints a lot on the line of its console, or the cable or the speed loses characters")
            .advise(place.caller, "{again}; if it stays so, let the firmware print less, or log instead of printing (ESP_LOGI)"),
            Self::Restarted => {
                Error::new(Class::Link, "device_restarted", format!("{self} while {phase}"))
                    .with_cause("its supply is too weak for its radio (a brownout), its firmware crashed, or somebody reset it")
                    .advise(place.caller, "look at what it prints with a serial monitor, try another cable or supply, then {again}")
            }
            error => lost(phase, error.fault(), &error.to_string(), place),
        }
    }
}
