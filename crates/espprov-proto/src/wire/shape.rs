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

/// A [`Shape`] that fills `N` slots: no two fields share one unless they are cases of one oneof, whose slots are its own, and
/// none is beyond. Checked where the table is a constant, that is by the compiler.
///
/// ```compile_fail
/// # use espprov_proto::wire::{Kind, Rule, Shape, Table};
/// # const fn rule(number: u8, kind: Kind) -> Rule { Rule { number, kind } }
/// // Both fields in one slot.
/// static POINT: Table<2> = Table::new(Shape {
///     rules: &[rule(1, Kind::Int(0)), rule(2, Kind::Int(0))],
///     oneof: None,
/// });
/// ```
///
/// ```compile_fail
/// # use espprov_proto::wire::{Kind, Rule, Shape, Table};
/// # const fn rule(number: u8, kind: Kind) -> Rule { Rule { number, kind } }
/// // A slot that is not there.
/// static POINT: Table<2> = Table::new(Shape {
///     rules: &[rule(1, Kind::Int(0)), rule(2, Kind::Int(2))],
///     oneof: None,
/// });
/// ```
#[derive(Debug)]
pub struct Table<const N: usize>(Shape);

impl<const N: usize> Table<N> {
    /// The table of this shape, which has a use for every slot.
    ///
    /// # Panics
    /// When the slots do not fit, or one is left over.
    #[must_use]
    pub const fn new(shape: Shape) -> Self {
        assert!(shape.slots() == all(N), "the slots are not those from 0 to N");
        Self(shape)
    }

    /// The same for a shape that leaves slots empty: one of several that are read alike.
    ///
    /// # Panics
    /// When the slots do not fit.
    #[must_use]
    pub const fn sparse(shape: Shape) -> Self {
        assert!(shape.slots() & !all(N) == 0, "a slot is beyond N");
        Self(shape)
    }
}

/// The slots below `end`, a bit each.
const fn all(end: usize) -> u32 {
    assert!(end < 32, "more slots than bits");
    (1_u32.wrapping_shl(end as u32)).wrapping_sub(1)
}

impl Shape {
    /// The slots it uses, a bit each.
    const fn slots(&self) -> u32 {
        let (mut own, mut cases) = (0, 0);
        let mut rules = self.rules;
        while let [rule, rest @ ..] = rules {
            rules = rest;
            let slots = match rule.kind {
                Kind::Int(slot) | Kind::Bool(slot) | Kind::Bytes(slot) => {
                    assert!(slot < 32, "more slots than bits");
                    1_u32.wrapping_shl(slot as u32)
                }
                Kind::Message(shape) => shape.slots(),
            };
            match &self.oneof {
                // The content of one case may take the place of another's.
                Some(oneof) if oneof.first <= rule.number && rule.number <= oneof.last => cases |= slots,
                _ => {
                    assert!(own & slots == 0, "two fields share a slot");
                    own |= slots;
                }
            }
        }
        let Some(oneof) = &self.oneof else { return own };
        assert!(oneof.slot < oneof.end, "a oneof has a slot of its own");
        let emptied = all(oneof.end as usize) & !all(oneof.slot as usize);
        let case = emptied & !(emptied.wrapping_shl(1));
        assert!(own & emptied == 0, "a field is in the slots of a oneof");
        assert!(
            cases & !(emptied & !case) == 0,
            "a case is outside the slots of its oneof"
        );
        own | case | cases
    }
}

/// Reads a message into `N` slots.
///
/// ```
/// use espprov_proto::wire::{Kind, Rule, Shape, Table, read};
///
/// // message Point { int32 x = 1; int32 y = 2; }
/// static POINT: Table<2> = Table::new(Shape {
///     rules: &[Rule { number: 1, kind: Kind::Int(0) }, Rule { number: 2, kind: Kind::Int(1) }],
///     oneof: None,
/// });
/// let [x, y] = read(&POINT, &[0x10, 0x07]).unwrap();
/// assert_eq!((x.signed(), y.signed()), (0, 7));
/// ```
///
/// # Errors
/// [`Malformed`] for anything that is not such a message.
#[inline]
pub fn read<'b, const N: usize>(table: &Table<N>, message: &'b [u8]) -> Result<[Slot<'b>; N], Malformed> {
    let mut slots = [Slot::default(); N];
    merge(&table.0, message, &mut slots)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    const fn rule(number: u8, kind: Kind) -> Rule {
        Rule { number, kind }
    }

    /// message { oneof { int32 number = 10; Two two = 11; bytes text = 12; Unknown 13 } } with Two { int32 = 1; bytes = 2 }
    static CHOICE: Table<3> = Table::new(Shape {
        rules: &[
            rule(10, Kind::Int(1)),
            rule(
                11,
                Kind::Message(&Shape {
                    rules: &[rule(1, Kind::Int(1)), rule(2, Kind::Bytes(2))],
                    oneof: None,
                }),
            ),
            rule(12, Kind::Bytes(2)),
        ],
        oneof: Some(Oneof {
            first: 10,
            last: 13,
            slot: 0,
            end: 3,
        }),
    });

    const NUMBER: &[u8] = &[0x50, 0x07];
    const TWO: &[u8] = &[0x5a, 0x05, 0x08, 0x09, 0x12, 0x01, b'x'];
    const TEXT: &[u8] = &[0x62, 0x01, b'y'];
    const UNKNOWN: &[u8] = &[0x6a, 0x00];

    /// Case, number and bytes.
    fn choice(fields: &[&[u8]]) -> (u32, u32, std::vec::Vec<u8>) {
        let message = fields.concat();
        let [case, number, text] = read(&CHOICE, &message).unwrap();
        (case.int, number.int, text.bytes.to_vec())
    }

    #[test]
    fn of_a_oneof_the_last_case_counts_and_leaves_nothing_of_the_others() {
        assert_eq!(choice(&[]), (0, 0, b"".to_vec()));
        assert_eq!(choice(&[NUMBER]), (10, 7, b"".to_vec()));
        assert_eq!(choice(&[TWO]), (11, 9, b"x".to_vec()));
        assert_eq!(choice(&[TWO, NUMBER]), (10, 7, b"".to_vec()));
        assert_eq!(choice(&[TWO, TEXT]), (12, 0, b"y".to_vec()));
        assert_eq!(choice(&[NUMBER, TEXT]), (12, 0, b"y".to_vec()));
        assert_eq!(choice(&[TWO, UNKNOWN]), (13, 0, b"".to_vec()));
        // The same case again is merged.
        let other = [0x5a, 0x02, 0x08, 0x05];
        assert_eq!(choice(&[TWO, &other]), (11, 5, b"x".to_vec()));
        assert_eq!(choice(&[TWO, NUMBER, &other]), (11, 5, b"".to_vec()));
    }

    /// What the compiler would say to a constant, asked at run time.
    #[test]
    fn tables_that_do_not_fit() {
        fn refused<const N: usize>(shape: fn() -> Shape) -> bool {
            std::panic::catch_unwind(|| Table::<N>::new(shape())).is_err()
        }
        const fn oneof(slot: u8, end: u8) -> Option<Oneof> {
            Some(Oneof {
                first: 10,
                last: 12,
                slot,
                end,
            })
        }
        let plain = || Shape {
            rules: &[const { rule(1, Kind::Int(0)) }, const { rule(2, Kind::Bytes(1)) }],
            oneof: None,
        };
        assert!(!refused::<2>(plain));
        assert!(refused::<1>(plain), "a slot beyond");
        assert!(refused::<3>(plain), "one left over");
        assert!(std::panic::catch_unwind(|| Table::<3>::sparse(plain())).is_ok());
        assert!(std::panic::catch_unwind(|| Table::<1>::sparse(plain())).is_err());
        assert!(refused::<1>(|| Shape {
            rules: &[const { rule(1, Kind::Int(0)) }, const { rule(2, Kind::Bytes(0)) }],
            oneof: None,
        }));
        // A case in the slot of the case's number, a case outside, a field inside, no slot at all.
        assert!(refused::<2>(|| Shape {
            rules: &[const { rule(10, Kind::Int(0)) }],
            oneof: oneof(0, 2),
        }));
        assert!(refused::<2>(|| Shape {
            rules: &[const { rule(10, Kind::Int(1)) }],
            oneof: oneof(0, 1),
        }));
        assert!(refused::<2>(|| Shape {
            rules: &[const { rule(1, Kind::Int(1)) }],
            oneof: oneof(0, 2),
        }));
        assert!(refused::<1>(|| Shape {
            rules: &[],
            oneof: oneof(1, 1),
        }));
    }
}
