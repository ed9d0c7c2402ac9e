//! One field after the other.

use crate::Malformed;

/// The value of a field, by its wire type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'b> {
    /// Integers, enums and booleans.
    Varint(u64),
    /// 4 or 8 bytes, little-endian. No message of this protocol has such a field.
    Fixed(&'b [u8]),
    /// Byte strings, text and embedded messages.
    Bytes(&'b [u8]),
}

/// The fields of one message, in the order of the wire: field number and value.
///
/// ```
/// use espprov_proto::wire::{Fields, Value};
///
/// let fields: Result<Vec<_>, _> = Fields::new(&[0x08, 0x05, 0x7a, 0x00]).collect();
/// assert_eq!(fields, Ok(vec![(1, Value::Varint(5)), (15, Value::Bytes(&[]))]));
/// ```
///
/// After an error there is nothing more.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'b> {
    rest: &'b [u8],
}

impl<'b> Fields<'b> {
    /// The fields of `message`.
    #[must_use]
    pub const fn new(message: &'b [u8]) -> Self {
        Self { rest: message }
    }

    /// What has not been read yet: begins with a field, or is empty.
    #[must_use]
    pub const fn rest(&self) -> &'b [u8] {
        self.rest
    }

    fn field(&mut self) -> Result<(u32, Value<'b>), Malformed> {
        let key = u32::try_from(self.varint()?).map_err(|_| Malformed)?;
        let number = key >> 3;
        if number == 0 {
            return Err(Malformed);
        }
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed(self.take(8)?),
            2 => {
                let len = self.varint()?;
                Value::Bytes(self.take(len)?)
            }
            5 => Value::Fixed(self.take(4)?),
            // Groups, and two wire types that do not exist.
            _ => return Err(Malformed),
        };
        Ok((number, value))
    }

    #[inline(never)]
    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let (byte, rest) = self.rest.split_first().ok_or(Malformed)?;
            self.rest = rest;
            // The tenth byte has one bit left to give.
            if shift == 63 && *byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f).wrapping_shl(shift);
            if *byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    fn take(&mut self, len: u64) -> Result<&'b [u8], Malformed> {
        let len = usize::try_from(len).map_err(|_| Malformed)?;
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }
}

impl<'b> Iterator for Fields<'b> {
    type Item = Result<(u32, Value<'b>), Malformed>;

    #[inline(never)]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

impl core::iter::FusedIterator for Fields<'_> {}

/// The numbers of a packed repeated field, one by one.
///
/// ```
/// use espprov_proto::wire::Packed;
///
/// let numbers: Result<Vec<_>, _> = Packed::new(&[0x01, 0xac, 0x02]).collect();
/// assert_eq!(numbers, Ok(vec![1, 300]));
/// ```
///
/// After an error there is nothing more.
#[derive(Debug, Clone, Copy)]
pub struct Packed<'b>(Fields<'b>);

impl<'b> Packed<'b> {
    /// The numbers in the field's bytes.
    #[must_use]
    pub const fn new(bytes: &'b [u8]) -> Self {
        Self(Fields::new(bytes))
    }
}

impl Iterator for Packed<'_> {
    type Item = Result<u64, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.rest.is_empty() {
            return None;
        }
        let number = self.0.varint();
        if number.is_err() {
            self.0.rest = &[];
        }
        Some(number)
    }
}

impl core::iter::FusedIterator for Packed<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_ends_with_one_error() {
        for bad in [
            &[0x00][..],                                                      // field 0
            &[0x7a],                                                          // no length
            &[0x7a, 2, 0],                                                    // too long
            &[0x7a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], // far too long
            &[0x7b, 0x7c],                                                    // a group
            &[0x0e],                                                          // no such wire type
            &[0x0d, 0, 0, 0],                                                 // 4 bytes announced
            &[0x09, 0, 0, 0, 0, 0, 0, 0],                                     // 8 bytes announced
            &[0x08],                                                          // no value
            &[0x08, 0x80],                                                    // half a value
            &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2], // 65 bits
            &[0x88, 0x80, 0x80, 0x80, 0x10, 0],                               // a field number of 30 bits
        ] {
            let mut fields = Fields::new(bad);
            assert_eq!(fields.next(), Some(Err(Malformed)), "{bad:02x?}");
            assert_eq!(fields.next(), None, "{bad:02x?}");
        }
    }

    #[test]
    fn packed_numbers_end_where_they_cannot_be_read() {
        let mut numbers = Packed::new(&[0x05, 0x80]);
        assert_eq!(numbers.next(), Some(Ok(5)));
        assert_eq!(numbers.next(), Some(Err(Malformed)));
        assert_eq!(numbers.next(), None);
        assert_eq!(Packed::new(&[]).next(), None);
    }

    #[test]
    fn the_largest_that_is_allowed() {
        let most = &[
            0xf8, 0xff, 0xff, 0xff, 0x0f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,
        ];
        let field = Fields::new(most).next();
        assert_eq!(field, Some(Ok((0x1fff_ffff, Value::Varint(u64::MAX)))));
        // Longer than it need be is no fault.
        let field = Fields::new(&[0x88, 0x00, 0x81, 0x00]).next();
        assert_eq!(field, Some(Ok((1, Value::Varint(1)))));
    }
}
