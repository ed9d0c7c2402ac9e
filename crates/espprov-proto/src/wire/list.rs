//! A message that holds a list, written entry by entry.

use super::write::Writer;
use super::{Field, Item, write};
use crate::EncodeError;

/// Collects the entries of a repeated field, so that they need not all be in memory at once: each goes into the
/// caller's buffer as it comes.
///
/// ```
/// use espprov_proto::wire::{Item, List};
///
/// let mut out = [0; 16];
/// let mut list = List::new(&mut out);
/// list.push(1, &[(2, Item::Uint(6))])?;
/// list.push(1, &[])?;
/// let len = list.finish(&[(1, Item::Uint(5))], 15)?;
/// assert_eq!(out[..len], [0x08, 0x05, 0x7a, 0x06, 0x0a, 0x02, 0x10, 0x06, 0x0a, 0x00]);
/// # Ok::<(), espprov_proto::EncodeError>(())
/// ```
pub struct List<'o> {
    out: &'o mut [u8],
    /// What the entries take so far, at the start of `out`.
    len: usize,
}

impl<'o> List<'o> {
    /// An empty list.
    #[must_use]
    pub const fn new(out: &'o mut [u8]) -> Self {
        Self { out, len: 0 }
    }

    /// Appends an entry to the repeated field `number`.
    ///
    /// # Errors
    /// [`EncodeError`] when there is no room for it; the list stays as it was.
    pub fn push(&mut self, number: u32, entry: &[Field<'_>]) -> Result<(), EncodeError> {
        let available = self.out.len();
        let rest = self.out.get_mut(self.len..).unwrap_or_default();
        let len = write(&[(number, Item::Message(entry))], rest).map_err(|error| EncodeError {
            needed: self.len.saturating_add(error.needed),
            available,
        })?;
        self.len = self.len.saturating_add(len);
        Ok(())
    }

    /// Appends numbers as the packed repeated field `number`; none at all leave it absent.
    ///
    /// ```
    /// use espprov_proto::wire::{Item, List};
    ///
    /// let mut out = [0; 16];
    /// let mut list = List::new(&mut out);
    /// list.pack(1, &[1, 300])?;
    /// let len = list.finish(&[(1, Item::Uint(4))], 12)?;
    /// assert_eq!(out[..len], [0x08, 0x04, 0x62, 0x05, 0x0a, 0x03, 0x01, 0xac, 0x02]);
    /// # Ok::<(), espprov_proto::EncodeError>(())
    /// ```
    ///
    /// # Errors
    /// [`EncodeError`] when there is no room for them; the list stays as it was.
    pub fn pack(&mut self, number: u32, values: &[u32]) -> Result<(), EncodeError> {
        if values.is_empty() {
            return Ok(());
        }
        let packed = |out: &mut [u8]| {
            let mut writer = Writer { out, len: 0 };
            values.iter().for_each(|value| writer.varint((*value).into()));
            writer.len
        };
        let content = packed(&mut []);
        let head = |out: &mut [u8]| {
            let mut writer = Writer { out, len: 0 };
            writer.head(number, content);
            writer.len
        };
        let start = self.len.saturating_add(head(&mut []));
        let needed = start.saturating_add(content);
        let available = self.out.len();
        if needed > available {
            return Err(EncodeError { needed, available });
        }
        head(self.out.get_mut(self.len..).unwrap_or_default());
        packed(self.out.get_mut(start..).unwrap_or_default());
        self.len = needed;
        Ok(())
    }

    /// Makes the list the embedded message `number` of a message that begins with `before`, and returns the
    /// message's length.
    ///
    /// # Errors
    /// [`EncodeError`] when that does not fit.
    pub fn finish(self, before: &[Field<'_>], number: u32) -> Result<usize, EncodeError> {
        let head = |out: &mut [u8]| {
            let mut head = Writer { out, len: 0 };
            head.fields(before);
            head.head(number, self.len);
            head.len
        };
        let start = head(&mut []);
        let (needed, available) = (start.saturating_add(self.len), self.out.len());
        if needed > available {
            return Err(EncodeError { needed, available });
        }
        self.out.copy_within(..self.len, start);
        head(self.out.get_mut(..start).unwrap_or_default());
        Ok(needed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_leaves_the_list_alone() {
        let mut out = [0; 8];
        let mut list = List::new(&mut out);
        list.pack(1, &[7]).unwrap();
        let error = EncodeError {
            needed: 10,
            available: 8,
        };
        assert_eq!(list.pack(1, &[1, 2, 3, 300]), Err(error));
        list.pack(1, &[]).unwrap();
        list.pack(1, &[8]).unwrap();
        assert_eq!(list.finish(&[], 12), Ok(8));
        assert_eq!(out, [0x62, 6, 0x0a, 1, 7, 0x0a, 1, 8]);
    }

    #[test]
    fn entries_follow_one_another() {
        let mut out = [0; 8];
        let mut list = List::new(&mut out);
        list.push(1, &[(2, Item::Uint(6))]).unwrap();
        let error = EncodeError {
            needed: 10,
            available: 8,
        };
        assert_eq!(list.push(1, &[(2, Item::Bytes(b"ab"))]), Err(error));
        list.push(3, &[]).unwrap();
        assert_eq!(list.finish(&[], 15), Ok(8));
        assert_eq!(out, [0x7a, 6, 0x0a, 2, 0x10, 6, 0x1a, 0]);
    }

    /// A list that ends where its room does is one; the head of the whole then finds none.
    #[test]
    fn what_fits_exactly_fits() {
        let mut out = [0; 3];
        let mut list = List::new(&mut out);
        list.pack(1, &[7]).unwrap();
        let (needed, available) = (5, 3);
        assert_eq!(list.finish(&[], 2), Err(EncodeError { needed, available }));
        assert_eq!(out, [0x0a, 1, 7]);
    }
}
