//! The messages that carry secrets: redacted `Debug`, and credentials are wiped when dropped. What a property holds is the
//! application's business.

use crate::config::{CmdSetThreadConfig, CmdSetWifiConfig};
use crate::local_ctrl::{PropertyInfo, PropertyValue};
use core::fmt;
use zeroize::Zeroize;

impl fmt::Debug for CmdSetWifiConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CmdSetWifiConfig")
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

impl Drop for CmdSetWifiConfig {
    fn drop(&mut self) {
        self.passphrase.zeroize();
    }
}

impl fmt::Debug for CmdSetThreadConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CmdSetThreadConfig").finish_non_exhaustive()
    }
}

impl Drop for CmdSetThreadConfig {
    fn drop(&mut self) {
        self.dataset.zeroize();
    }
}

impl fmt::Debug for PropertyInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PropertyInfo")
            .field("name", &self.name)
            .field("type", &self.r#type)
            .field("flags", &self.flags)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for PropertyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PropertyValue")
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn debug_shows_no_secret() {
        let mut wifi = CmdSetWifiConfig::default();
        wifi.passphrase = b"hunter22".to_vec();
        let thread = CmdSetThreadConfig {
            dataset: Vec::from(*b"hunter22"),
        };
        let value = b"hunter22".to_vec();
        let info = PropertyInfo {
            value: value.clone(),
            ..PropertyInfo::default()
        };
        let set = PropertyValue { index: 0, value };
        let text = std::format!("{wifi:?} {thread:?} {info:?} {set:?}");
        assert!(!text.contains("hunter22") && !text.contains("104"), "{text}");
    }
}
