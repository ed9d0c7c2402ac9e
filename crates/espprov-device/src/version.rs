//! The answer to proto-ver.

use crate::Firmware;
use alloc::string::String;
use alloc::vec::Vec;
use espprov_types::{Capabilities, DeviceInfo, SecurityScheme};

/// What the device answers on `proto-ver`, ready as bytes: nearly always the JSON document of a
/// [`DeviceInfo`], for very old firmware a bare version string.
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

impl From<&DeviceInfo> for VersionReply {
    fn from(info: &DeviceInfo) -> Self {
        let mut text = String::new();
        // Writing to a String cannot fail, and `DeviceInfo` reports no errors of its own.
        let _ = info.write(&mut text);
        Self {
            bytes: text.into_bytes(),
        }
    }
}

impl From<DeviceInfo> for VersionReply {
    fn from(info: DeviceInfo) -> Self {
        Self::from(&info)
    }
}

impl Firmware {
    /// What this generation says of itself on proto-ver: which keys there are, and the version's name.
    ///
    /// `capabilities` are those the application is built with. Generations that do not announce one
    /// (`wifi_prov` and Thread before network_provisioning) leave it out.
    #[must_use]
    pub fn device_info(self, scheme: SecurityScheme, capabilities: Capabilities) -> DeviceInfo {
        let network_provisioning = self.is_network_provisioning();
        let mut info = DeviceInfo::new(if network_provisioning {
            "netprov-v1.2"
        } else {
            "v1.1"
        });
        info.capabilities = capabilities;
        info.capabilities.no_sec = scheme == SecurityScheme::Sec0;
        info.capabilities.no_pop &= scheme == SecurityScheme::Sec1;
        info.security = (self != Self::Idf44).then_some(scheme.number());
        if self.counts_nonce() {
            info.patch = Some(u8::from(scheme == SecurityScheme::Sec2));
        }
        if !network_provisioning {
            info.capabilities.wifi_prov = false;
            info.capabilities.thread_prov = false;
            info.capabilities.thread_scan = false;
        }
        info
    }
}
