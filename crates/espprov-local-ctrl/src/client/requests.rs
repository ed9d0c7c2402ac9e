//! The three questions.

use super::property::Property;
use crate::message::{Message, kind};
use crate::{MAX_PROPERTIES, Protocol};
use alloc::vec::Vec;
use core::fmt;
use espprov_core::request::{EncodeError, Request};
use espprov_core::{Phase, ReplyError};
use espprov_proto::wire::{Item, List, write};
use espprov_transport::Endpoint;
use espprov_types::StatusCode;

/// How many properties does the device have?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountProperties(Endpoint<'static>);

/// Asks for properties by their indices, in any order. The answer has them in that order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GetProperties<'a> {
    control: Endpoint<'static>,
    indices: &'a [u32],
}

/// Sets properties by their indices: one call to the device's application, whatever that makes of it.
///
/// After a refusal some may have their new values and others not: [`Set`](crate::Set) looks after that.
#[derive(Clone, Copy)]
pub struct SetProperties<'a> {
    control: Endpoint<'static>,
    values: &'a [(u32, &'a [u8])],
}

/// Nothing to ask for: devices refuse an empty list without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoProperties;

impl fmt::Display for NoProperties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no property is named: devices do not answer that")
    }
}

impl core::error::Error for NoProperties {}

impl CountProperties {
    /// The question to this kind of device.
    #[must_use]
    pub const fn new(protocol: &Protocol) -> Self {
        Self(protocol.control)
    }
}

impl<'a> GetProperties<'a> {
    /// The question to this kind of device.
    ///
    /// # Errors
    /// [`NoProperties`] for no index at all.
    pub const fn new(protocol: &Protocol, indices: &'a [u32]) -> Result<Self, NoProperties> {
        if indices.is_empty() {
            return Err(NoProperties);
        }
        Ok(Self {
            control: protocol.control,
            indices,
        })
    }
}

impl<'a> SetProperties<'a> {
    /// The request to this kind of device.
    ///
    /// # Errors
    /// [`NoProperties`] for no value at all.
    pub const fn new(protocol: &Protocol, values: &'a [(u32, &'a [u8])]) -> Result<Self, NoProperties> {
        if values.is_empty() {
            return Err(NoProperties);
        }
        Ok(Self {
            control: protocol.control,
            values,
        })
    }
}

impl fmt::Debug for SetProperties<'_> {
    /// The values may be secrets of the application.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let indices = self.values.iter().map(|(index, _)| index);
        f.debug_list().entries(indices).finish()
    }
}

/// The reply to `msg`, if it is one. Its verdict has been looked at.
fn answer(msg: u32, reply: &[u8]) -> Result<Message<'_>, ReplyError> {
    let message = Message::read(reply)?;
    if message.msg != msg.saturating_add(1) {
        return Err(ReplyError::UnexpectedMessage);
    }
    let content = kind::content(msg).unwrap_or_default();
    if message.case != content.saturating_add(1) {
        return Err(ReplyError::MissingPayload);
    }
    StatusCode::check(message.status)?;
    Ok(message)
}

impl Request for CountProperties {
    type Response<'b> = u32;

    fn endpoint(&self) -> Endpoint<'_> {
        self.0
    }

    fn phase(&self) -> Phase {
        Phase::Query
    }

    /// `52 00`: without the content there would be no byte at all.
    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        write(&[(1, Item::Uint(kind::GET_COUNT)), (10, Item::Message(&[]))], out)
    }

    fn decode(&self, reply: &[u8]) -> Result<u32, ReplyError> {
        let count = answer(kind::GET_COUNT, reply)?.count;
        if count > MAX_PROPERTIES {
            return Err(ReplyError::FieldOutOfRange);
        }
        Ok(count)
    }
}

impl Request for GetProperties<'_> {
    type Response<'b> = Vec<Property>;

    fn endpoint(&self) -> Endpoint<'_> {
        self.control
    }

    fn phase(&self) -> Phase {
        Phase::Query
    }

    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        encode_indices(self.indices, out)
    }

    fn decode(&self, reply: &[u8]) -> Result<Vec<Property>, ReplyError> {
        decode_properties(self.indices, reply)
    }
}

/// `08 04 62 …`: the indices are packed.
pub(super) fn encode_indices(indices: &[u32], out: &mut [u8]) -> Result<usize, EncodeError> {
    let mut list = List::new(out);
    list.pack(1, indices)?;
    list.finish(&[(1, Item::Uint(kind::GET_VALUES))], 12)
}

/// One property for each index, in that order.
pub(super) fn decode_properties(indices: &[u32], reply: &[u8]) -> Result<Vec<Property>, ReplyError> {
    let message = answer(kind::GET_VALUES, reply)?;
    let mut properties = Vec::new();
    let room = properties.try_reserve_exact(indices.len());
    room.map_err(|_| ReplyError::OutOfMemory)?;
    let mut entries = message.properties();
    for index in indices {
        let entry = entries.next().ok_or(ReplyError::MissingPayload)??;
        properties.push(Property::read(*index, entry)?);
    }
    match entries.next() {
        None => Ok(properties),
        Some(Ok(_)) => Err(ReplyError::TooManyEntries),
        Some(Err(malformed)) => Err(malformed.into()),
    }
}

impl Request for SetProperties<'_> {
    type Response<'b> = ();

    fn endpoint(&self) -> Endpoint<'_> {
        self.control
    }

    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        encode_values(self.values.iter().copied(), out)
    }

    fn decode(&self, reply: &[u8]) -> Result<(), ReplyError> {
        decode_verdict(reply)
    }
}

/// `08 06 72 …`: an entry for each value, index 0 and empty values left out as usual.
pub(super) fn encode_values<'v>(
    values: impl Iterator<Item = (u32, &'v [u8])>,
    out: &mut [u8],
) -> Result<usize, EncodeError> {
    let mut list = List::new(out);
    for (index, value) in values {
        list.push(1, &[(1, Item::Uint(index)), (2, Item::Bytes(value))])?;
    }
    list.finish(&[(1, Item::Uint(kind::SET_VALUES))], 14)
}

pub(super) fn decode_verdict(reply: &[u8]) -> Result<(), ReplyError> {
    answer(kind::SET_VALUES, reply).map(drop)
}

#[cfg(test)]
#[path = "requests_tests.rs"]
mod tests;
