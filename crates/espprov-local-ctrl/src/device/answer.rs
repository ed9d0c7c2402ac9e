//! From a request to its answer, as plaintext.

use super::{Properties, Rejected};
use crate::message::{Message, Values, kind};
use core::fmt;
use espprov_proto::wire::{Item, List, write};
use espprov_proto::{EncodeError, Malformed};
use espprov_types::StatusCode;

/// How one firmware differs from another here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Rules {
    /// Firmware of before 2026 counts its properties also for a request that lacks its content. (For the other two it
    /// crashes; here they are refused all the same.)
    pub counts_without_content: bool,
}

/// Why a request gets no answer: the link refuses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// No message of this endpoint.
    Malformed,
    /// A message type that is unknown, or a reply.
    UnknownMessage,
    /// The content that goes with the type is absent.
    MissingContent,
    /// A request for nothing.
    Nothing,
    /// The answer does not fit.
    ReplyTooLong {
        /// Bytes it takes, as far as that is known.
        needed: usize,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not a message of this endpoint",
            Self::UnknownMessage => "unknown message type",
            Self::MissingContent => "content absent",
            Self::Nothing => "a request for no property",
            Self::ReplyTooLong { needed } => return write!(f, "reply of {needed} bytes too long"),
        })
    }
}

impl core::error::Error for Refusal {}

impl From<Malformed> for Refusal {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

impl From<EncodeError> for Refusal {
    fn from(error: EncodeError) -> Self {
        Self::ReplyTooLong { needed: error.needed }
    }
}

/// The changes of a request: index and new value. Every index is in the table, and every value has the length that the table
/// wants.
#[derive(Debug, Clone)]
pub struct Changes<'b>(Values<'b>);

impl<'b> Iterator for Changes<'b> {
    type Item = (u32, &'b [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        // All have been read before: there is no error among them.
        self.0.next()?.ok()
    }
}

/// Answers one request on the control endpoint: reads it, asks the application, writes the reply into `reply` and returns its
/// length. What a peer sends chooses no memory.
///
/// # Errors
/// [`Refusal`]: there is no answer, and the link says so in its own way.
pub fn answer<P: Properties + ?Sized>(
    properties: &mut P,
    rules: Rules,
    request: &[u8],
    reply: &mut [u8],
) -> Result<usize, Refusal> {
    let message = Message::read(request)?;
    let content = kind::content(message.msg).ok_or(Refusal::UnknownMessage)?;
    let counts = message.msg == kind::GET_COUNT && rules.counts_without_content;
    if message.case != content && !counts {
        return Err(Refusal::MissingContent);
    }
    match message.msg {
        kind::GET_COUNT => {
            let count = [(2, Item::Uint(properties.count()))];
            Ok(write(&[(1, Item::Uint(1)), (11, Item::Message(&count))], reply)?)
        }
        kind::GET_VALUES => get(properties, &message, reply),
        _ => set(properties, &message, reply),
    }
}

/// A reply that is a status and nothing else.
fn verdict(msg: u32, status: StatusCode, reply: &mut [u8]) -> Result<usize, Refusal> {
    let content = kind::content(msg).unwrap_or_default().saturating_add(1);
    let status = [(1, Item::Int(status.to_wire()))];
    Ok(write(
        &[
            (1, Item::Uint(msg.saturating_add(1))),
            (content, Item::Message(&status)),
        ],
        reply,
    )?)
}

fn get<P: Properties + ?Sized>(
    properties: &mut P,
    message: &Message<'_>,
    reply: &mut [u8],
) -> Result<usize, Refusal> {
    let (mut asked, mut all_there) = (false, true);
    for index in message.indices() {
        asked = true;
        all_there &= index? < properties.count();
    }
    if !asked {
        return Err(Refusal::Nothing);
    }
    if !all_there {
        return verdict(kind::GET_VALUES, StatusCode::InvalidArgument, reply);
    }
    let written = write_all(properties, message, reply);
    match written {
        Ok(len) => Ok(len?),
        Err(rejected) => verdict(kind::GET_VALUES, rejected.status(), reply),
    }
}

/// The reply with all properties that are asked for, unless the application rejects one.
fn write_all<P: Properties + ?Sized>(
    properties: &mut P,
    message: &Message<'_>,
    reply: &mut [u8],
) -> Result<Result<usize, EncodeError>, Rejected> {
    let mut list = List::new(reply);
    for index in message.indices().flatten() {
        let mut pushed = None;
        properties.read(index, &mut |entry| {
            pushed.get_or_insert_with(|| {
                list.push(
                    2,
                    &[
                        (2, Item::Bytes(entry.name.as_bytes())),
                        (3, Item::Uint(entry.kind)),
                        (4, Item::Uint(entry.flags)),
                        (5, Item::Bytes(entry.value)),
                    ],
                )
            });
        })?;
        // An application that gives nothing has failed.
        if let Err(error) = pushed.ok_or(Rejected::Failed)? {
            return Ok(Err(error));
        }
    }
    Ok(list.finish(&[(1, Item::Uint(kind::GET_VALUES.saturating_add(1)))], 13))
}

fn set<P: Properties + ?Sized>(
    properties: &mut P,
    message: &Message<'_>,
    reply: &mut [u8],
) -> Result<usize, Refusal> {
    let (mut asked, mut suits) = (false, true);
    for change in message.values() {
        let (index, value) = change?;
        asked = true;
        suits &= index < properties.count() && properties.size(index).is_none_or(|size| size == value.len());
    }
    if !asked {
        return Err(Refusal::Nothing);
    }
    let done = if suits {
        properties.set(Changes(message.values()))
    } else {
        Err(Rejected::InvalidArgument)
    };
    match done {
        Ok(()) => Ok(write(&[(1, Item::Uint(7)), (15, Item::Message(&[]))], reply)?),
        Err(rejected) => verdict(kind::SET_VALUES, rejected.status(), reply),
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
