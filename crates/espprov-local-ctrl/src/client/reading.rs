//! Properties read in groups that fit one reply.

use super::property::Property;
use super::requests::{decode_properties, encode_indices};
use alloc::vec::Vec;
use espprov_core::ReplyError;
use espprov_core::request::EncodeError;

/// Room that is planned for one property. The protocol has no paging, and nobody knows the length of a value before it was
/// read: over Bluetooth this makes it one at a time, over HTTP all that an ordinary device has.
const ENTRY: usize = 512;

/// Which properties are wanted, and which have come.
#[derive(Debug)]
pub(super) struct Reading {
    indices: Vec<u32>,
    /// How many are asked for at once.
    group: usize,
    /// The most that may be, after more turned out to be too many.
    most: usize,
    found: Vec<Property>,
}

impl Reading {
    pub(super) const fn new() -> Self {
        Self {
            indices: Vec::new(),
            group: 1,
            most: usize::MAX,
            found: Vec::new(),
        }
    }

    /// So much fits a reply.
    pub(super) fn fit(&mut self, room: usize) {
        let fitting = room.checked_div(ENTRY).unwrap_or_default();
        self.group = fitting.min(self.most).max(1);
    }

    /// Begins to read these.
    pub(super) fn begin(&mut self, indices: impl ExactSizeIterator<Item = u32>) -> Result<(), ReplyError> {
        self.indices.clear();
        self.found.clear();
        let len = indices.len();
        let room = self.indices.try_reserve_exact(len);
        room.and_then(|()| self.found.try_reserve_exact(len))
            .map_err(|_| ReplyError::OutOfMemory)?;
        self.indices.extend(indices);
        Ok(())
    }

    /// The indices to ask for next.
    fn next(&self) -> &[u32] {
        let rest = self.indices.get(self.found.len()..).unwrap_or_default();
        rest.get(..self.group).unwrap_or(rest)
    }

    pub(super) fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        encode_indices(self.next(), out)
    }

    /// Takes a reply; `true` when all have come.
    pub(super) fn handle(&mut self, reply: &[u8]) -> Result<bool, ReplyError> {
        let mut more = decode_properties(self.next(), reply)?;
        self.found.append(&mut more);
        Ok(self.is_over())
    }

    pub(super) const fn is_over(&self) -> bool {
        self.found.len() >= self.indices.len()
    }

    /// The reply was too long: whether fewer at once can help.
    pub(super) fn halve(&mut self) -> bool {
        self.most = self.next().len() / 2;
        self.most > 0
    }

    pub(super) fn found(&self) -> &[Property] {
        &self.found
    }

    pub(super) fn take(&mut self) -> Vec<Property> {
        core::mem::take(&mut self.found)
    }
}
