//! `prov-session` messages, borrowed. All have one form: `SessionData { sec_ver, oneof { SecXPayload { msg, oneof
//! { up to three fields } } } }`.

use crate::wire::{Field, Item, Kind, Oneof, Rule, Shape, Table, read, write};
use crate::{EncodeError, Malformed};

/// A security scheme's number in `sec_ver`. Its case in `SessionData` is the field with this number plus 10.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Scheme {
    /// No security.
    Sec0 = 0,
    /// X25519 and AES-CTR.
    Sec1 = 1,
    /// SRP6a and AES-GCM.
    Sec2 = 2,
}

/// A message's number in `msg`, the same for all schemes (security 0 has only the first two). Its case in the
/// payload is the field with this number plus 20.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Step {
    /// The client's first message.
    Command0 = 0,
    /// The device's answer to it.
    Response0 = 1,
    /// The client's second message.
    Command1 = 2,
    /// The device's answer to it.
    Response1 = 3,
}

/// A handshake message as it is on the wire: nothing in it has been checked against anything.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SessionMessage<'b> {
    /// `sec_ver`.
    pub sec_ver: i32,
    /// Field number of the scheme's payload, 0 = none: 10 more than its `sec_ver` should be.
    pub proto: u32,
    /// `msg`.
    pub msg: i32,
    /// Field number of the message, 0 = none: 20 more than its `msg` should be.
    pub payload: u32,
    /// The device's `status`; 0 in commands.
    pub status: i32,
    /// The message's byte strings in the order of their numbers.
    pub fields: [&'b [u8]; 2],
}

impl<'b> SessionMessage<'b> {
    /// Reads a message of `scheme` that a device sends.
    ///
    /// # Errors
    /// [`Malformed`] for anything that is no `SessionData`. One of another scheme has `proto` set accordingly.
    #[inline]
    pub fn response(scheme: Scheme, message: &'b [u8]) -> Result<Self, Malformed> {
        Self::read(
            match scheme {
                Scheme::Sec0 => &SEC0_RESPONSE,
                Scheme::Sec1 => &SEC1_RESPONSE,
                Scheme::Sec2 => &SEC2_RESPONSE,
            },
            message,
        )
    }

    /// Reads a message of `scheme` that a client sends.
    ///
    /// # Errors
    /// As [`response`](Self::response).
    #[inline]
    pub fn command(scheme: Scheme, message: &'b [u8]) -> Result<Self, Malformed> {
        Self::read(
            match scheme {
                Scheme::Sec0 => &SEC0_COMMAND,
                Scheme::Sec1 => &SEC1_COMMAND,
                Scheme::Sec2 => &SEC2_COMMAND,
            },
            message,
        )
    }

    #[inline]
    fn read(table: &Table<7>, message: &'b [u8]) -> Result<Self, Malformed> {
        let [sec_ver, proto, msg, payload, status, first, second] = read(table, message)?;
        Ok(Self {
            sec_ver: sec_ver.signed(),
            proto: proto.int,
            msg: msg.signed(),
            payload: payload.int,
            status: status.signed(),
            fields: [first.bytes, second.bytes],
        })
    }
}

impl core::fmt::Debug for SessionMessage<'_> {
    /// Without the proofs.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SessionMessage")
            .field("proto", &self.proto)
            .field("payload", &self.payload)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// Writes a `SessionData` at the start of `out` and returns its length. `content` is what the message of this
/// scheme and step holds.
///
/// # Errors
/// [`EncodeError`] when `out` is too short; `out` is untouched then.
pub fn write_session(
    scheme: Scheme,
    step: Step,
    content: &[Field<'_>],
    out: &mut [u8],
) -> Result<usize, EncodeError> {
    let (scheme, step) = (u32::from(scheme as u8), u32::from(step as u8));
    let payload = [
        (1, Item::Uint(step)),
        (step.saturating_add(20), Item::Message(content)),
    ];
    let data = [
        (2, Item::Uint(scheme)),
        (scheme.saturating_add(10), Item::Message(&payload)),
    ];
    write(&data, out)
}

const fn rule(number: u8, kind: Kind) -> Rule {
    Rule { number, kind }
}

/// `SessionData`: slots 0 and 1.
macro_rules! envelope {
    ($proto:literal, $payload:expr) => {
        Shape {
            rules: &[rule(2, Kind::Int(0)), rule($proto, Kind::Message(&$payload))],
            oneof: Some(Oneof {
                first: 10,
                last: 12,
                slot: 1,
                end: 7,
            }),
        }
    };
}

/// The scheme's payload: slots 2 and 3; cases up to `$last`.
macro_rules! payload {
    ($last:literal: $($case:literal $content:expr),*) => {
        Shape {
            rules: &[rule(1, Kind::Int(2)), $(rule($case, Kind::Message(&$content))),*],
            oneof: Some(Oneof {
                first: 20,
                last: $last,
                slot: 3,
                end: 7,
            }),
        }
    };
}

/// The message itself: slots 4 to 6.
macro_rules! content {
    ($($number:literal $kind:expr),*) => {
        Shape { rules: &[$(rule($number, $kind)),*], oneof: None }
    };
}

static SEC0_COMMAND: Table<7> = Table::sparse(envelope!(10, payload!(21: 20 content!())));
static SEC0_RESPONSE: Table<7> = Table::sparse(envelope!(10, payload!(21: 21 content!(1 Kind::Int(4)))));

static SEC1_COMMAND: Table<7> = Table::sparse(envelope!(
    11,
    payload!(23: 20 content!(1 Kind::Bytes(5)), 22 content!(2 Kind::Bytes(5)))
));
/// As in the second command, the second answer's byte string has a number of its own: 3, not 2.
static SEC1_RESPONSE: Table<7> = Table::sparse(envelope!(
    11,
    payload!(23:
        21 content!(1 Kind::Int(4), 2 Kind::Bytes(5), 3 Kind::Bytes(6)),
        23 content!(1 Kind::Int(4), 3 Kind::Bytes(5)))
));

static SEC2_COMMAND: Table<7> = Table::sparse(envelope!(
    12,
    payload!(23:
        20 content!(1 Kind::Bytes(5), 2 Kind::Bytes(6)),
        22 content!(1 Kind::Bytes(5)))
));
static SEC2_RESPONSE: Table<7> = Table::sparse(envelope!(
    12,
    payload!(23:
        21 content!(1 Kind::Int(4), 2 Kind::Bytes(5), 3 Kind::Bytes(6)),
        23 content!(1 Kind::Int(4), 2 Kind::Bytes(5), 3 Kind::Bytes(6)))
));
