//! Wi-Fi credentials on their way to a device.

use core::fmt;
use espprov_types::Bssid;

/// Credentials for one Wi-Fi network, borrowed from the caller. `Debug` shows no secret.
///
/// [`new`](Self::new) applies the rules a person's input should meet; the device itself accepts more and fails
/// later, so [`unchecked`](Self::unchecked) sends what the caller insists on.
///
/// ```
/// use espprov_core::{WifiConfig, WifiConfigError};
/// assert!(WifiConfig::new(b"Home", b"correct-horse").is_ok());
/// assert_eq!(WifiConfig::new(b"Home", b"short").unwrap_err(), WifiConfigError::PassphraseTooShort);
/// ```
#[derive(Clone, Copy)]
pub struct WifiConfig<'a> {
    ssid: &'a [u8],
    passphrase: &'a [u8],
    bssid: Option<Bssid>,
    channel: Option<u8>,
}

impl<'a> WifiConfig<'a> {
    /// Checked credentials: SSID of 1 to 32 bytes; passphrase empty (open network), of 8 to 63 bytes, or 64
    /// hex digits (a raw key; stock firmware refuses it).
    ///
    /// # Errors
    /// Which rule is broken.
    pub fn new(ssid: &'a [u8], passphrase: &'a [u8]) -> Result<Self, WifiConfigError> {
        match ssid.len() {
            0 => return Err(WifiConfigError::SsidEmpty),
            1..=32 => {}
            _ => return Err(WifiConfigError::SsidTooLong),
        }
        match passphrase.len() {
            0 | 8..=63 => {}
            1..=7 => return Err(WifiConfigError::PassphraseTooShort),
            64 if passphrase.iter().all(u8::is_ascii_hexdigit) => {}
            64 => return Err(WifiConfigError::KeyNotHex),
            _ => return Err(WifiConfigError::PassphraseTooLong),
        }
        // Not `contains`: firmware would link a fast search for a few bytes.
        if ssid.iter().chain(passphrase).any(|&byte| byte == 0) {
            return Err(WifiConfigError::ContainsNul);
        }
        Ok(Self::unchecked(ssid, passphrase))
    }

    /// Whatever the caller insists on.
    #[must_use]
    pub const fn unchecked(ssid: &'a [u8], passphrase: &'a [u8]) -> Self {
        Self {
            ssid,
            passphrase,
            bssid: None,
            channel: None,
        }
    }

    /// Asks for one access point. Stock firmware ignores it.
    #[must_use]
    pub const fn with_bssid(mut self, bssid: Bssid) -> Self {
        self.bssid = Some(bssid);
        self
    }

    /// Hints at the channel. Stock firmware ignores it.
    #[must_use]
    pub const fn with_channel(mut self, channel: u8) -> Self {
        self.channel = Some(channel);
        self
    }

    /// Network name.
    #[must_use]
    pub const fn ssid(&self) -> &'a [u8] {
        self.ssid
    }

    /// A raw 64-digit key instead of a passphrase: stock firmware refuses it with "invalid argument".
    #[must_use]
    pub const fn is_raw_key(&self) -> bool {
        self.passphrase.len() == 64
    }

    /// No passphrase: an open network.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.passphrase.is_empty()
    }

    pub(crate) const fn passphrase(&self) -> &'a [u8] {
        self.passphrase
    }

    pub(crate) const fn bssid(&self) -> Option<Bssid> {
        self.bssid
    }

    pub(crate) const fn channel(&self) -> Option<u8> {
        self.channel
    }
}

impl fmt::Debug for WifiConfig<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WifiConfig")
            .field("ssid_len", &self.ssid.len())
            .field("bssid", &self.bssid)
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

/// Which rule the credentials break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WifiConfigError {
    /// An SSID needs at least one byte.
    SsidEmpty,
    /// An SSID has at most 32 bytes.
    SsidTooLong,
    /// A passphrase has at least 8 characters.
    PassphraseTooShort,
    /// A passphrase has at most 63 characters.
    PassphraseTooLong,
    /// 64 characters are a raw key, which is hex digits only.
    KeyNotHex,
    /// Devices cut SSID and passphrase at a NUL.
    ContainsNul,
}

impl fmt::Display for WifiConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SsidEmpty => "the SSID is empty; it has 1 to 32 bytes",
            Self::SsidTooLong => "the SSID is longer than 32 bytes",
            Self::PassphraseTooShort => "the passphrase is shorter than 8 characters",
            Self::PassphraseTooLong => "the passphrase is longer than 63 characters",
            Self::KeyNotHex => "64 characters are a raw key, and this one has others than hex digits",
            Self::ContainsNul => "a NUL byte: the device would cut the text there",
        })
    }
}

impl core::error::Error for WifiConfigError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_at_their_edges() {
        let check =
            |ssid: usize, pass: usize| WifiConfig::new(&[b's'; 40][..ssid], &[b'p'; 80][..pass]).err();
        assert_eq!(check(0, 8), Some(WifiConfigError::SsidEmpty));
        assert_eq!((check(1, 8), check(32, 63), check(5, 0)), (None, None, None));
        assert_eq!(check(33, 8), Some(WifiConfigError::SsidTooLong));
        assert_eq!(
            (check(1, 1), check(1, 7)),
            (
                Some(WifiConfigError::PassphraseTooShort),
                Some(WifiConfigError::PassphraseTooShort)
            )
        );
        assert_eq!(check(1, 64), Some(WifiConfigError::KeyNotHex));
        assert_eq!(check(1, 65), Some(WifiConfigError::PassphraseTooLong));
        assert!(WifiConfig::new(b"a", &[b'f'; 64]).unwrap().is_raw_key());
        assert_eq!(
            WifiConfig::new(b"a\0b", b"").err(),
            Some(WifiConfigError::ContainsNul)
        );
    }

    #[test]
    fn what_was_given_is_what_is_there() {
        let bssid = Bssid::new([1, 2, 3, 4, 5, 6]);
        let plain = WifiConfig::new(b"Home", b"correct-horse").unwrap();
        assert_eq!(
            (plain.ssid(), plain.passphrase()),
            (&b"Home"[..], &b"correct-horse"[..])
        );
        assert_eq!((plain.bssid(), plain.channel()), (None, None));
        assert!(!plain.is_open() && !plain.is_raw_key());
        let pinned = plain.with_bssid(bssid).with_channel(11);
        assert_eq!((pinned.bssid(), pinned.channel()), (Some(bssid), Some(11)));
        assert_eq!(pinned.ssid(), b"Home");
        assert!(WifiConfig::new(b"Guests", b"").unwrap().is_open());
        assert_eq!(
            std::format!("{}", WifiConfigError::PassphraseTooLong),
            "the passphrase is longer than 63 characters"
        );
    }

    #[test]
    fn debug_shows_no_secret() {
        let text = std::format!("{:?}", WifiConfig::new(b"Home", b"correct-horse").unwrap());
        assert!(!text.contains("horse"), "{text}");
    }
}
