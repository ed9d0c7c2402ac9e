//! All properties of a device.

use super::property::Property;
use super::reading::Reading;
use super::requests::CountProperties;
use crate::Protocol;
use alloc::vec::Vec;
use espprov_core::call::{Dialogue, Setback};
use espprov_core::request::{EncodeError, Request};
use espprov_core::{Phase, ReplyError};
use espprov_transport::Endpoint;

/// Lists the properties of a device with their values: how many are there, then all of them in groups that fit one reply on
/// the link. If another client takes the session over meanwhile, all is read again.
///
/// A value that is too long for one reply of the link cannot be read: the protocol has no paging.
#[derive(Debug)]
pub struct List {
    count: CountProperties,
    /// Whether the device has said how many.
    counted: bool,
    reading: Reading,
}

impl List {
    /// For this kind of device.
    #[must_use]
    pub const fn new(protocol: &Protocol) -> Self {
        Self {
            count: CountProperties::new(protocol),
            counted: false,
            reading: Reading::new(),
        }
    }
}

impl Dialogue for List {
    type Output = Vec<Property>;

    fn begin(&mut self, room: usize) -> Result<(), ReplyError> {
        self.counted = false;
        self.reading.fit(room);
        Ok(())
    }

    fn endpoint(&self) -> Endpoint<'_> {
        Request::endpoint(&self.count)
    }

    fn phase(&self) -> Phase {
        Phase::Query
    }

    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        if self.counted {
            self.reading.encode(out)
        } else {
            self.count.encode(out)
        }
    }

    fn handle(&mut self, reply: &[u8]) -> Result<Option<Vec<Property>>, ReplyError> {
        let over = if self.counted {
            self.reading.handle(reply)?
        } else {
            self.reading.begin(0..self.count.decode(reply)?)?;
            self.counted = true;
            // None at all must not be asked for.
            self.reading.is_over()
        };
        Ok(over.then(|| self.reading.take()))
    }

    fn again(&mut self, setback: Setback) -> bool {
        match setback {
            Setback::ReplyTooLarge { .. } => self.counted && self.reading.halve(),
            _ => true,
        }
    }
}
