//! The application's properties, where the device is on its network.

use crate::scenario::{Scenario, SimProperty};
use core::time::Duration;
use espprov_local_ctrl::device::{Changes, Entry, Properties, Rejected};

/// The table, and its values now.
#[derive(Debug)]
pub(super) struct Table {
    rows: Vec<SimProperty>,
    /// Time since power-up.
    pub(super) now: Duration,
    /// The names of those that were set, until somebody asks.
    pub(super) changed: Vec<String>,
}

impl Table {
    pub(super) fn new(scenario: &Scenario) -> Self {
        Self {
            rows: scenario.properties(),
            now: Duration::ZERO,
            changed: Vec::new(),
        }
    }

    fn row(&self, index: u32) -> Option<&SimProperty> {
        self.rows.get(usize::try_from(index).ok()?)
    }
}

impl Properties for Table {
    fn count(&self) -> u32 {
        u32::try_from(self.rows.len()).unwrap_or(u32::MAX)
    }

    fn read(&mut self, index: u32, give: &mut dyn FnMut(&Entry<'_>)) -> Result<(), Rejected> {
        let row = self.row(index).ok_or(Rejected::InvalidArgument)?;
        let clock = i64::try_from(self.now.as_micros())
            .unwrap_or(i64::MAX)
            .to_le_bytes();
        let value = row.value.as_deref().unwrap_or(&clock);
        give(&Entry::new(&row.name, row.kind, value).with_flags(row.flags));
        Ok(())
    }

    fn size(&self, index: u32) -> Option<usize> {
        self.row(index)?.size
    }

    /// As the vendor's example does it: one after the other, up to the first that cannot be set.
    fn set(&mut self, changes: Changes<'_>) -> Result<(), Rejected> {
        for (index, value) in changes {
            let row = usize::try_from(index)
                .ok()
                .and_then(|index| self.rows.get_mut(index));
            let row = row.ok_or(Rejected::InvalidArgument)?;
            if let Some(refusal) = row.refuses {
                return Err(refusal);
            }
            if row.is_read_only() {
                return Err(Rejected::InvalidArgument);
            }
            row.value = Some(value.to_vec());
            self.changed.push(row.name.clone());
        }
        Ok(())
    }
}
