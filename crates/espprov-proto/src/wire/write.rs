//! Whole messages, written from a list of their fields.

use crate::EncodeError;

/// A field to write: its number and its value. Fields go out in the order they are listed.
pub type Field<'a> = (u32, Item<'a>);

/// The value of a field. As proto3 has it, zeros and empty byte strings stay absent.
#[derive(Clone, Copy)]
pub enum Item<'a> {
    /// `uint32`, an enum, or a boolean as 0 or 1.
    Uint(u32),
    /// `int32`: ten bytes when negative.
    Int(i32),
    /// An enum or integer as the case of a oneof: present even as 0.
    Case(i32),
    /// A byte string or text.
    Bytes(&'a [u8]),
    /// An embedded message: present even when empty.
    Message(&'a [Field<'a>]),
}

/// Writes a message at the start of `out` and returns its length.
///
/// ```
/// use espprov_proto::wire::{Item, write};
///
/// let mut out = [0; 16];
/// let len = write(&[(1, Item::Uint(2)), (12, Item::Message(&[(1, Item::Bytes(b"ab"))]))], &mut out)?;
/// assert_eq!(out[..len], [0x08, 0x02, 0x62, 0x04, 0x0a, 0x02, b'a', b'b']);
/// # Ok::<(), espprov_proto::EncodeError>(())
/// ```
///
/// # Errors
/// [`EncodeError`] when `out` is too short; `out` is untouched then.
#[inline(never)]
pub fn write(fields: &[Field<'_>], out: &mut [u8]) -> Result<usize, EncodeError> {
    let needed = Writer::measure(fields);
    let available = out.len();
    let out = out.get_mut(..needed).ok_or(EncodeError { needed, available })?;
    Writer { out, len: 0 }.fields(fields);
    Ok(needed)
}

/// Counts what it is given, and keeps what fits.
pub(super) struct Writer<'a> {
    pub(super) out: &'a mut [u8],
    pub(super) len: usize,
}

impl Writer<'_> {
    /// The length of a message.
    fn measure(fields: &[Field<'_>]) -> usize {
        let mut writer = Writer { out: &mut [], len: 0 };
        writer.fields(fields);
        writer.len
    }

    /// Recurses as deep as the list is nested.
    #[inline(never)]
    pub(super) fn fields(&mut self, fields: &[Field<'_>]) {
        for &(number, item) in fields {
            let (value, case) = match item {
                Item::Uint(value) => (u64::from(value), false),
                // A negative number is ten bytes, as protobuf sign-extends int32.
                Item::Int(value) => (i64::from(value).cast_unsigned(), false),
                Item::Case(value) => (i64::from(value).cast_unsigned(), true),
                Item::Bytes([]) => continue,
                Item::Bytes(bytes) => {
                    self.head(number, bytes.len());
                    self.put(bytes);
                    continue;
                }
                Item::Message(fields) => {
                    self.head(number, Self::measure(fields));
                    self.fields(fields);
                    continue;
                }
            };
            if value != 0 || case {
                self.varint(u64::from(number) << 3);
                self.varint(value);
            }
        }
    }

    /// Key and length of a length-delimited field.
    pub(super) fn head(&mut self, number: u32, len: usize) {
        self.varint(u64::from(number) << 3 | 2);
        self.varint(len as u64);
    }

    #[inline(never)]
    pub(super) fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.put(&[value as u8 | 0x80]);
            value >>= 7;
        }
        self.put(&[value as u8]);
    }

    #[inline(never)]
    fn put(&mut self, bytes: &[u8]) {
        let end = self.len.saturating_add(bytes.len());
        let places = self.out.get_mut(self.len..end).unwrap_or_default();
        for (place, byte) in places.iter_mut().zip(bytes) {
            *place = *byte;
        }
        self.len = end;
    }
}
