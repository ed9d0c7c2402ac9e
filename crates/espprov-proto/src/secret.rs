//! The two messages that carry secrets: redacted `Debug`, and wiped when dropped.

use crate::config::{CmdSetThreadConfig, CmdSetWifiConfig};
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
        let text = std::format!("{wifi:?} {thread:?}");
        assert!(!text.contains("hunter22") && !text.contains("104"), "{text}");
    }
}
