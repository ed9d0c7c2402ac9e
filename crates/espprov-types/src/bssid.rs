//! Access point addresses.

use core::fmt;
use core::str::FromStr;

/// The MAC address of an access point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bssid([u8; 6]);

impl Bssid {
    /// From its six octets.
    #[must_use]
    pub const fn new(octets: [u8; 6]) -> Self {
        Self(octets)
    }

    /// From a slice of exactly six octets.
    ///
    /// # Errors
    /// [`InvalidBssid`] for any other length.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, InvalidBssid> {
        bytes.try_into().map(Self).map_err(|_| InvalidBssid)
    }

    /// The six octets.
    #[must_use]
    pub const fn octets(&self) -> [u8; 6] {
        self.0
    }

    /// The octets as a slice.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Bssid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02X}:{b:02X}:{c:02X}:{d:02X}:{e:02X}:{g:02X}")
    }
}

impl FromStr for Bssid {
    type Err = InvalidBssid;

    /// Six pairs of hex digits, separated by `:` or `-`.
    fn from_str(text: &str) -> Result<Self, InvalidBssid> {
        let mut octets = [0; 6];
        let mut parts = text.split([':', '-']);
        for octet in &mut octets {
            let part = parts
                .next()
                .filter(|p| p.len() == 2 && p.bytes().all(|b| b.is_ascii_hexdigit()));
            *octet = part
                .and_then(|p| u8::from_str_radix(p, 16).ok())
                .ok_or(InvalidBssid)?;
        }
        if parts.next().is_some() {
            Err(InvalidBssid)
        } else {
            Ok(Self(octets))
        }
    }
}

/// Not an address of six octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidBssid;

impl fmt::Display for InvalidBssid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a BSSID is six hex pairs such as 24:0A:C4:00:14:7F")
    }
}

impl core::error::Error for InvalidBssid {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn text_forms() {
        let bssid = Bssid::new([0x24, 0x0a, 0xc4, 0, 0x14, 0x7f]);
        assert_eq!("24:0a:C4-00:14:7f".parse(), Ok(bssid));
        assert_eq!(bssid.to_string(), "24:0A:C4:00:14:7F");
        for bad in [
            "",
            "24:0a:c4:00:14",
            "24:0a:c4:00:14:7f:00",
            "24:0a:c4:00:14:+f",
            "240ac400147f",
            "2:0a:c4:00:14:7f",
        ] {
            assert_eq!(bad.parse::<Bssid>(), Err(InvalidBssid), "{bad}");
        }
        assert_eq!(Bssid::from_slice(&[0; 5]), Err(InvalidBssid));
    }
}
