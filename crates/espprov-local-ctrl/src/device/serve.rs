//! A table as an application of `espprov-device`.

use super::{Properties, Refusal, Rules, Version, answer};
use crate::Protocol;
use espprov_device::{Application, Consequence, Device, HandlerFailed, Names, Quirks};
use espprov_security::DeviceHandshake;

/// The id of the control endpoint's BLE characteristic.
pub const CONTROL_ID: u16 = 0xff52;

/// What the device serves by itself, with the ids that stock firmware gives them.
#[must_use]
pub const fn names(protocol: &Protocol) -> Names {
    let endpoints = &protocol.endpoints;
    Names::new(
        (endpoints.session.as_str(), 0xff51),
        (endpoints.version.as_str(), 0xff50),
    )
}

/// A device that serves these properties.
pub fn device<S: DeviceHandshake, P: Properties>(
    protocol: &Protocol,
    version: Version,
    security: S,
    properties: P,
    quirks: Quirks,
) -> Device<S, LocalControl<P>> {
    let application = LocalControl::new(protocol, properties);
    Device::new(version.reply(protocol), security, application, quirks).with_names(names(protocol))
}

/// The application of such a device: its control endpoint, and those that the table has besides.
#[derive(Debug)]
pub struct LocalControl<P> {
    properties: P,
    control: &'static str,
    rules: Rules,
}

impl<P: Properties> LocalControl<P> {
    /// For [`Device::new`]; [`device`] does all of it.
    pub const fn new(protocol: &Protocol, properties: P) -> Self {
        Self {
            properties,
            control: protocol.control.as_str(),
            rules: Rules {
                counts_without_content: false,
            },
        }
    }

    /// As another firmware does it.
    #[must_use]
    pub fn with_rules(mut self, rules: Rules) -> Self {
        self.rules = rules;
        self
    }

    /// The table.
    pub const fn properties(&mut self) -> &mut P {
        &mut self.properties
    }

    /// The table's endpoint of this number, counted with the control.
    fn other(&self, index: usize) -> Option<(&str, u16)> {
        self.properties.endpoint(index.checked_sub(1)?)
    }
}

impl<P: Properties> Application for LocalControl<P> {
    /// The control comes first: an HTTP server of firmware has room for eight, and it must be among them.
    fn endpoint(&self, index: usize) -> Option<&str> {
        match index {
            0 => Some(self.control),
            _ => self.other(index).map(|(name, _)| name),
        }
    }

    fn endpoint_id(&self, index: usize) -> Option<u16> {
        match index {
            0 => Some(CONTROL_ID),
            _ => self.other(index).map(|(_, id)| id),
        }
    }

    fn custom(&mut self, endpoint: &str, request: &[u8], reply: &mut [u8]) -> Result<usize, HandlerFailed> {
        if endpoint != self.control {
            return self.properties.custom(endpoint, request, reply);
        }
        match answer(&mut self.properties, self.rules, request, reply) {
            Ok(len) => Ok(len),
            // Longer than there is room: the device knows what that means on its link.
            Err(Refusal::ReplyTooLong { needed }) => Ok(needed.max(reply.len().saturating_add(1))),
            Err(_) => Err(HandlerFailed),
        }
    }

    fn after_wrong_proof(&mut self, count: u32, consequence: Consequence) {
        self.properties.after_wrong_proof(count, consequence);
    }
}
