//! Thread networks: scan results and status.

use crate::ssid::lossy;
use core::fmt;
use heapless::Vec;

/// A Thread network name: at most 16 bytes of UTF-8 by the specification, any bytes in practice.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct ThreadName(Vec<u8, 16>);

impl ThreadName {
    /// A name of at most 16 bytes; longer ones give `None`.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        Vec::from_slice(bytes).ok().map(Self)
    }

    /// The raw bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for ThreadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        lossy(&self.0, f)
    }
}

impl fmt::Debug for ThreadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ThreadName(\"{}\")", self.0.escape_ascii())
    }
}

/// One Thread network the device hears.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ThreadNetwork {
    /// Network name.
    pub name: ThreadName,
    /// PAN id.
    pub pan_id: u16,
    /// Extended PAN id.
    pub ext_pan_id: [u8; 8],
    /// Extended (IEEE 802.15.4) address of the router heard.
    pub ext_addr: [u8; 8],
    /// Channel, 11..=26.
    pub channel: u16,
    /// Signal strength in dBm.
    pub rssi: i32,
    /// Link quality indicator, 0..=255.
    pub lqi: u32,
}

impl ThreadNetwork {
    /// A network without a signal (−128 dBm, link quality 0), from a router whose address is not known.
    #[must_use]
    pub const fn new(name: ThreadName, pan_id: u16, ext_pan_id: [u8; 8], channel: u16) -> Self {
        Self {
            name,
            pan_id,
            ext_pan_id,
            ext_addr: [0; 8],
            channel,
            rssi: -128,
            lqi: 0,
        }
    }
}

/// State of the device's Thread interface.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ThreadStatus {
    /// Part of a network.
    Attached(ThreadAttachment),
    /// Trying.
    Attaching,
    /// Not trying.
    Detached,
    /// Gave up; stays so until reset.
    Failed(ThreadFailure),
}

/// Why the device could not attach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ThreadFailure {
    /// The dataset cannot be used.
    DatasetInvalid,
    /// No such network in the air.
    NetworkNotFound,
    /// A value this version does not know, or none at all (`None`).
    Unknown(Option<i32>),
}

/// Where the device is attached.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ThreadAttachment {
    /// Network name.
    pub name: ThreadName,
    /// PAN id.
    pub pan_id: u16,
    /// Extended PAN id, if reported whole.
    pub ext_pan_id: Option<[u8; 8]>,
    /// Channel.
    pub channel: u16,
}

impl ThreadAttachment {
    /// Attached to a network whose extended PAN id is not reported.
    #[must_use]
    pub const fn new(name: ThreadName, pan_id: u16, channel: u16) -> Self {
        Self {
            name,
            pan_id,
            ext_pan_id: None,
            channel,
        }
    }
}
