//! A system that does not show its Bluetooth service.

use super::Run;
use crate::BleError;

/// Nothing is known of it.
#[derive(Debug, Clone)]
pub(crate) struct Service;

impl Service {
    pub(crate) async fn watch(_: Run) -> Result<Self, BleError> {
        Ok(Self)
    }

    pub(crate) const fn run(&self) -> Run {
        Run::FIRST
    }

    pub(crate) async fn over(&self, _: Run) {
        core::future::pending().await
    }

    pub(crate) const fn is_cut_off(&self) -> bool {
        false
    }

    /// Neither macOS nor Windows has a way to say it.
    pub(crate) async fn forget(&self, _: &str) {}
}
