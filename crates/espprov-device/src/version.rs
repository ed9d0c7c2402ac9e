//! The answer to proto-ver.

use alloc::vec::Vec;

/// What the device answers on `proto-ver`, ready as bytes: nearly always the JSON document of a
/// `DeviceInfo`, for very old firmware a bare version string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionReply {
    bytes: Vec<u8>,
}

impl VersionReply {
    /// Any bytes: a document of the application's own making.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.to_vec(),
        }
    }

    /// The bytes sent.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl From<&str> for VersionReply {
    fn from(text: &str) -> Self {
        Self::from_bytes(text.as_bytes())
    }
}
