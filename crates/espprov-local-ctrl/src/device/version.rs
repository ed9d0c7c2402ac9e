//! What a device says of itself.

use crate::Protocol;
use alloc::format;
use espprov_device::VersionReply;

/// The answer on the version endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Version {
    /// A document, as firmware has it since March 2025 (ESP-IDF 5.0.9, 5.1.7, 5.2.6, 5.3.3, 5.4.1, 5.5).
    Json {
        /// `sec_ver`: the scheme.
        security: u8,
        /// `sec_patch_ver`: the patch level of security 2, 0 for the others.
        patch: u8,
    },
    /// `v1.0` and nothing else, as before.
    Bare,
}

impl Version {
    /// The bytes, as firmware writes them: one line, without `cap`.
    #[must_use]
    pub fn reply(self, protocol: &Protocol) -> VersionReply {
        let root = protocol.endpoints.root;
        match self {
            Self::Json { security, patch } => VersionReply::from(
                format!(r#"{{"{root}":{{"ver":"v1.0","sec_ver":{security},"sec_patch_ver":{patch}}}}}"#)
                    .as_str(),
            ),
            Self::Bare => VersionReply::from("v1.0"),
        }
    }
}
