//! Network names.

use core::fmt;
use heapless::Vec;

/// A Wi-Fi network name: 0 to 32 raw bytes, not necessarily UTF-8 (IEEE 802.11 § 9.4.2.2). Hidden networks
/// show as empty. `Display` replaces what is not UTF-8; the bytes are the truth.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ssid(Vec<u8, 32>);

impl Ssid {
    /// Longest name in bytes.
    pub const MAX_LEN: usize = 32;

    /// A network name of at most 32 bytes.
    ///
    /// # Errors
    /// [`InvalidSsid`] when `bytes` is longer.
    pub fn new(bytes: &[u8]) -> Result<Self, InvalidSsid> {
        Vec::from_slice(bytes).map(Self).map_err(|_| InvalidSsid)
    }

    /// A name as scan results carry it: old firmware pads with NULs, which are cut.
    ///
    /// # Errors
    /// [`InvalidSsid`] when more than 32 bytes remain.
    pub fn from_scan(bytes: &[u8]) -> Result<Self, InvalidSsid> {
        let end = bytes
            .iter()
            .rposition(|&b| b != 0)
            .map_or(0, |last| last.saturating_add(1));
        Self::new(bytes.get(..end).unwrap_or_default())
    }

    /// The raw bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The name as text, if it is UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        core::str::from_utf8(&self.0).ok()
    }

    /// A hidden network: the access point does not say its name.
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Ssid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        lossy(&self.0, f)
    }
}

impl fmt::Debug for Ssid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ssid(\"{}\")", self.0.escape_ascii())
    }
}

/// Writes bytes as text, U+FFFD for what is not UTF-8; control characters are replaced too, because the
/// bytes come off the air and end up on terminals.
pub(crate) fn lossy(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            fmt::Write::write_char(
                f,
                if c.is_control() {
                    char::REPLACEMENT_CHARACTER
                } else {
                    c
                },
            )?;
        }
        if !chunk.invalid().is_empty() {
            fmt::Write::write_char(f, char::REPLACEMENT_CHARACTER)?;
        }
    }
    Ok(())
}

/// Longer than 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidSsid;

impl fmt::Display for InvalidSsid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an SSID has at most 32 bytes")
    }
}

impl core::error::Error for InvalidSsid {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn padding_is_cut_and_length_checked() {
        assert_eq!(Ssid::from_scan(b"Home\0\0\0").unwrap().as_bytes(), b"Home");
        assert_eq!(Ssid::from_scan(b"a\0b").unwrap().as_bytes(), b"a\0b");
        assert!(Ssid::from_scan(&[0; 33]).unwrap().is_hidden());
        assert_eq!(Ssid::new(&[b'x'; 33]), Err(InvalidSsid));
    }

    #[test]
    fn shown_safely() {
        assert_eq!(
            Ssid::new(b"a\x1b[2Jb\xff").unwrap().to_string(),
            "a\u{fffd}[2Jb\u{fffd}"
        );
    }
}
