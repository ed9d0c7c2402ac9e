//! The system's Bluetooth service, as something that can go away and come back.
//!
//! On Linux it is a process of its own, `bluetoothd`, which may crash or be restarted at any moment. Whatever it knew
//! of devices and scans is gone then, and whoever waits for a word of the old process waits for ever. A [`Run`] is one
//! life of it. The other systems keep theirs out of sight: there a run never ends.

#[cfg(target_os = "linux")]
mod bluez;
#[cfg(target_os = "linux")]
pub(crate) use bluez::Service;

#[cfg(not(target_os = "linux"))]
mod opaque;
#[cfg(not(target_os = "linux"))]
pub(crate) use opaque::Service;

/// One life of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run(u64);

impl Run {
    pub(crate) const FIRST: Self = Self(0);

    #[cfg(test)]
    pub(crate) const fn of(number: u64) -> Self {
        Self(number)
    }
}
