//! A property as a device told of it.

use crate::message::Info;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use espprov_core::ReplyError;
use espprov_types::StatusCode;

/// One property.
///
/// The name is what identifies it: the application may add and remove properties at run time, and then the later ones move
/// up. So an index is good for one session.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Property {
    /// Its place in the table.
    pub index: u32,
    /// Its name. Bytes that are not UTF-8 were replaced.
    pub name: String,
    /// `type`: what it means is the application's affair. See [`Convention`](crate::Convention).
    pub kind: u32,
    /// `flags`, as the type.
    pub flags: u32,
    /// Its value, as it came.
    pub value: Vec<u8>,
}

impl Property {
    /// The flag that says read-only in the vendor's example and in RainMaker.
    pub const READ_ONLY: u32 = 1;

    /// A property without flags.
    #[must_use]
    pub const fn new(index: u32, name: String, kind: u32, value: Vec<u8>) -> Self {
        Self {
            index,
            name,
            kind,
            flags: 0,
            value,
        }
    }

    /// Whether the flag [`READ_ONLY`](Self::READ_ONLY) is set. It means that only where the application follows the
    /// convention; no device enforces it by itself.
    #[must_use]
    pub const fn is_flagged_read_only(&self) -> bool {
        self.flags & Self::READ_ONLY != 0
    }

    /// From an entry of a reply.
    pub(crate) fn read(index: u32, entry: &[u8]) -> Result<Self, ReplyError> {
        let info = Info::read(entry)?;
        StatusCode::check(info.status)?;
        Ok(Self {
            index,
            name: text(info.name)?,
            kind: info.kind,
            flags: info.flags,
            value: copy(info.value)?,
        })
    }

    /// Whether the other is the same property, whatever its value.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.index == other.index && self.name == other.name && self.kind == other.kind
    }
}

impl fmt::Debug for Property {
    /// The value may be a secret of the application.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Property")
            .field("index", &self.index)
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("flags", &self.flags)
            .field("len", &self.value.len())
            .finish_non_exhaustive()
    }
}

fn copy(bytes: &[u8]) -> Result<Vec<u8>, ReplyError> {
    let mut copy = Vec::new();
    let room = copy.try_reserve_exact(bytes.len());
    room.map_err(|_| ReplyError::OutOfMemory)?;
    copy.extend_from_slice(bytes);
    Ok(copy)
}

/// As `String::from_utf8_lossy`, if there is room for it.
fn text(bytes: &[u8]) -> Result<String, ReplyError> {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        let len = chunk
            .valid()
            .len()
            .saturating_add(char::REPLACEMENT_CHARACTER.len_utf8());
        text.try_reserve(len).map_err(|_| ReplyError::OutOfMemory)?;
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn debug_shows_no_value() {
        let mut property = Property::new(3, "wifi password".into(), 3, b"hunter22".to_vec());
        property.flags = 5;
        let shown = std::format!("{property:?}");
        assert!(
            shown.contains("wifi password") && shown.contains("len: 8"),
            "{shown}"
        );
        assert!(!shown.contains("hunter22") && !shown.contains("104"), "{shown}");
        assert!(property.is_flagged_read_only());
    }

    #[test]
    fn an_entry_with_a_verdict_is_that() {
        // Name "a", and the status that devices never set.
        assert_eq!(
            Property::read(0, &[0x08, 4, 0x12, 1, b'a']),
            Err(ReplyError::Status(StatusCode::InvalidArgument))
        );
        assert_eq!(Property::read(7, &[]).map(|empty| empty.index), Ok(7));
        assert_eq!(Property::read(0, &[0x12]), Err(ReplyError::Malformed));
    }

    proptest! {
        #[test]
        fn names_are_read_as_the_standard_library_reads_them(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let expected = String::from_utf8_lossy(&bytes).into_owned();
            prop_assert_eq!(text(&bytes), Ok(expected));
        }
    }
}
