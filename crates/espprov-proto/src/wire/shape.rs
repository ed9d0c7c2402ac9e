//! Whole messages, read by a table of their fields.

use super::{Fields, Value};
use crate::Malformed;

/// A message type, as far as its reader is interested.
#[derive(Debug)]
pub struct Shape {
    /// The fields to keep. All others are skipped.
    pub rules: &'static [Rule],
    /// The oneof among them, if there is one.
    pub oneof: Option<Oneof>,
}

/// What to do with one field.
#[derive(Debug)]
pub struct Rule {
    /// Field number.
    pub number: u8,
    /// What the field holds; anything else is malformed.
    pub kind: Kind,
}

/// What a field holds and where it goes.
#[derive(Debug)]
pub enum Kind {
    /// An integer of 32 bits or an enum, into this slot. Larger ones lose their upper bits, as in protobuf.
    Int(u8),
    /// A boolean, into this slot: 0 or 1.
    Bool(u8),
    /// A byte string or text, into this slot.
    Bytes(u8),
    /// An embedded message, whose fields have slots of their own.
    Message(&'static Shape),
}

/// A oneof: of its cases only the last on the wire counts. A case that has no rule must be an embedded message
/// and is not looked into.
#[derive(Debug)]
pub struct Oneof {
    /// Lowest field number of a case.
    pub first: u8,
    /// Highest field number of a case; all between belong to the oneof.
    pub last: u8,
    /// The slot for the case: its field number, and the message's bytes from that field on.
    pub slot: u8,
    /// The slots of all cases' contents follow, up to here (exclusive): emptied when the case changes.
    pub end: u8,
}

/// What has been read. Absent fields read as 0 and as no bytes, as proto3 has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Slot<'b> {
    /// The value of an integer, enum or boolean; for a oneof the field number of its case, 0 = none.
    pub int: u32,
    /// The value of a byte string.
    pub bytes: &'b [u8],
}

impl Slot<'_> {
    /// The integer as protobuf's `int32`, enums included.
    #[must_use]
    pub const fn signed(&self) -> i32 {
        self.int.cast_signed()
    }
}

/// Reads a message into `N` slots.
///
/// ```
/// use espprov_proto::wire::{Kind, Rule, Shape, read};
///
/// // message Point { int32 x = 1; int32 y = 2; }
/// const POINT: Shape = Shape {
///     rules: &[Rule { number: 1, kind: Kind::Int(0) }, Rule { number: 2, kind: Kind::Int(1) }],
///     oneof: None,
/// };
/// let [x, y] = read(&POINT, &[0x10, 0x07]).unwrap();
/// assert_eq!((x.signed(), y.signed()), (0, 7));
/// ```
///
/// # Errors
/// [`Malformed`] for anything that is not such a message.
#[inline]
pub fn read<'b, const N: usize>(shape: &Shape, message: &'b [u8]) -> Result<[Slot<'b>; N], Malformed> {
    let mut slots = [Slot::default(); N];
    merge(shape, message, &mut slots)?;
    Ok(slots)
}

/// Reads on into slots that may be filled already. Recurses as deep as the table is nested.
#[inline(never)]
fn merge<'b>(shape: &Shape, message: &'b [u8], slots: &mut [Slot<'b>]) -> Result<(), Malformed> {
    let mut fields = Fields::new(message);
    loop {
        let from = fields.rest();
        let Some(field) = fields.next() else {
            return Ok(());
        };
        let (number, value) = field?;
        let is_case = match &shape.oneof {
            Some(oneof) if (u32::from(oneof.first)..=u32::from(oneof.last)).contains(&number) => {
                oneof.choose(number, from, slots);
                true
            }
            _ => false,
        };
        let rule = shape.rules.iter().find(|rule| u32::from(rule.number) == number);
        let (slot, content) = match (rule.map(|rule| &rule.kind), value) {
            (Some(Kind::Message(shape)), Value::Bytes(bytes)) => {
                merge(shape, bytes, slots)?;
                continue;
            }
            (Some(Kind::Bytes(slot)), Value::Bytes(bytes)) => (*slot, Slot { int: 0, bytes }),
            (Some(Kind::Int(slot)), Value::Varint(int)) => (*slot, number_slot(int as u32)),
            (Some(Kind::Bool(slot)), Value::Varint(int)) => (*slot, number_slot(u32::from(int != 0))),
            (None, value) if !is_case || matches!(value, Value::Bytes(_)) => continue,
            _ => return Err(Malformed),
        };
        if let Some(place) = slots.get_mut(usize::from(slot)) {
            *place = content;
        }
    }
}

fn number_slot(int: u32) -> Slot<'static> {
    Slot { int, bytes: &[] }
}

impl Oneof {
    /// Notes the case; another one than before empties the slots of the oneof.
    fn choose<'b>(&self, number: u32, from: &'b [u8], slots: &mut [Slot<'b>]) {
        let range = usize::from(self.slot)..usize::from(self.end);
        let slots = slots.get_mut(range).unwrap_or_default();
        if slots.first().is_none_or(|case| case.int == number) {
            return;
        }
        slots.fill(Slot::default());
        if let Some(case) = slots.first_mut() {
            *case = Slot {
                int: number,
                bytes: from,
            };
        }
    }
}
