//! The table of the recordings, with the habits of the vendor's example.

use crate::Protocol;
use crate::device::{Changes, Entry, Properties, Rejected, Rules, answer};
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use espprov_core::call::Dialogue;
use espprov_core::{ReplyError, StatusCode};

pub(crate) const LOCAL: Protocol = Protocol::ESP_LOCAL_CTRL;

/// Name, type, flags, fixed size, value.
pub(crate) type Row = (&'static str, u32, u32, Option<usize>, Vec<u8>);

pub(crate) struct Table(pub(crate) Vec<Row>);

impl Table {
    pub(crate) fn recorded() -> Self {
        Self(vec![
            (
                "timestamp (us)",
                0,
                1,
                Some(8),
                1_000_000_i64.to_le_bytes().to_vec(),
            ),
            ("property1", 1, 0, Some(4), 123_456_789_i32.to_le_bytes().to_vec()),
            ("property2", 2, 1, Some(1), vec![1]),
            ("property3", 3, 0, None, b"".to_vec()),
        ])
    }

    /// So many properties with values of so many bytes.
    pub(crate) fn large(count: usize, len: usize) -> Self {
        Self(
            (0..count)
                .map(|_| ("large", 3, 0, None, vec![b'x'; len]))
                .collect(),
        )
    }
}

impl Properties for Table {
    fn count(&self) -> u32 {
        self.0.len().try_into().unwrap()
    }

    fn read(&mut self, index: u32, give: &mut dyn FnMut(&Entry<'_>)) -> Result<(), Rejected> {
        let (name, kind, flags, _, value) = &self.0[index as usize];
        if value == b"UNREADABLE" {
            return Err(Rejected::Failed);
        }
        if value != b"NOTHING" {
            give(&Entry::new(name, *kind, value).with_flags(*flags));
        }
        Ok(())
    }

    fn size(&self, index: u32) -> Option<usize> {
        self.0[index as usize].3
    }

    /// One after the other, up to the first that cannot be.
    fn set(&mut self, changes: Changes<'_>) -> Result<(), Rejected> {
        for (index, value) in changes {
            let (_, _, flags, _, place) = &mut self.0[index as usize];
            match value {
                _ if *flags & 1 != 0 => return Err(Rejected::InvalidArgument),
                b"STATE" => return Err(Rejected::InvalidState),
                b"FAIL" => return Err(Rejected::Failed),
                value => *place = value.to_vec(),
            }
        }
        Ok(())
    }
}

/// Takes a dialogue to its end with a device that has this table; `room` is what a reply may have. Before each question the
/// table may change.
pub(crate) fn talk<D: Dialogue>(
    dialogue: &mut D,
    table: &mut Table,
    room: usize,
    mut before: impl FnMut(usize, &mut Table),
) -> (Vec<String>, Result<D::Output, ReplyError>) {
    let mut asked = vec![];
    let begun = dialogue.begin(room);
    assert_eq!(begun, Ok(()));
    loop {
        let mut request = [0; 4096];
        let len = dialogue.encode(&mut request).unwrap();
        assert_eq!(dialogue.endpoint(), LOCAL.control);
        let request = &request[..len];
        asked.push(request.iter().map(|byte| alloc::format!("{byte:02x}")).collect());
        before(asked.len(), table);
        let mut reply = vec![0; room];
        // What is no answer reads as nonsense.
        let len = answer(table, Rules::default(), request, &mut reply).unwrap_or(0);
        match dialogue.handle(&reply[..len]) {
            Ok(None) => {}
            Ok(Some(output)) => return (asked, Ok(output)),
            Err(error) => match dialogue.salvage() {
                Some(output) => return (asked, Ok(output)),
                None => return (asked, Err(error)),
            },
        }
    }
}

pub(crate) const INVALID: StatusCode = StatusCode::InvalidArgument;
