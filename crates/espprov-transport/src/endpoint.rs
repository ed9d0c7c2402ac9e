//! Endpoint names.

use core::fmt;

/// The name of a protocomm endpoint: one of the standard five, or an application's own.
///
/// ```
/// use espprov_transport::Endpoint;
/// assert_eq!(Endpoint::PROV_SESSION.as_str(), "prov-session");
/// assert!(Endpoint::custom("cloud-assoc").is_ok());
/// assert!(Endpoint::custom("no spaces").is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Endpoint<'a>(&'a str);

impl Endpoint<'static> {
    /// The handshake; never encrypted.
    pub const PROV_SESSION: Self = Self("prov-session");
    /// Version and capabilities; never encrypted.
    pub const PROTO_VER: Self = Self("proto-ver");
    /// Network scans.
    pub const PROV_SCAN: Self = Self("prov-scan");
    /// Credentials, apply and status.
    pub const PROV_CONFIG: Self = Self("prov-config");
    /// Reset and reprov.
    pub const PROV_CTRL: Self = Self("prov-ctrl");
    /// The usual name of an application's first own endpoint.
    pub const CUSTOM_DATA: Self = Self("custom-data");
}

impl<'a> Endpoint<'a> {
    /// Longest name accepted by [`Endpoint::custom`].
    pub const MAX_LEN: usize = 64;

    /// An endpoint by name: 1..=64 characters of `A-Za-z0-9_.-`, because the name ends up in URLs and on
    /// console lines.
    ///
    /// # Errors
    /// [`InvalidEndpoint`] for any other name.
    pub fn custom(name: &'a str) -> Result<Self, InvalidEndpoint> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
        if name.is_empty() || name.len() > Self::MAX_LEN || !name.bytes().all(allowed) {
            return Err(InvalidEndpoint);
        }
        Ok(Self(name))
    }

    /// The name as it goes over the wire.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.0
    }

    /// Whether requests to this endpoint are sealed by the session cipher: all but the handshake itself
    /// and proto-ver.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        !matches!(self.0, "prov-session" | "proto-ver")
    }
}

impl fmt::Display for Endpoint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Not an endpoint name: empty, longer than 64 characters, or with characters outside `A-Za-z0-9_.-`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidEndpoint;

impl fmt::Display for InvalidEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an endpoint name is 1 to 64 characters of A-Z a-z 0-9 _ . -")
    }
}

impl core::error::Error for InvalidEndpoint {}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::string::ToString;

    #[test]
    fn names() {
        let long = core::str::from_utf8(&[b'a'; 65]).unwrap();
        for bad in ["", "a b", "a/b", "a?b", "a\r", "ä", long] {
            assert_eq!(Endpoint::custom(bad), Err(InvalidEndpoint), "{bad}");
        }
        for good in ["a", "custom-data", "My_ep.2", &long[..64]] {
            assert_eq!(Endpoint::custom(good).map(|e| e.as_str()), Ok(good));
        }
        assert_eq!(Endpoint::PROV_SCAN.to_string(), "prov-scan");
        assert_eq!(
            InvalidEndpoint.to_string(),
            "an endpoint name is 1 to 64 characters of A-Z a-z 0-9 _ . -"
        );
        assert_eq!(Endpoint::custom("proto-ver"), Ok(Endpoint::PROTO_VER));
        assert!(!Endpoint::PROTO_VER.is_encrypted() && !Endpoint::PROV_SESSION.is_encrypted());
        assert!(Endpoint::PROV_CTRL.is_encrypted() && Endpoint::CUSTOM_DATA.is_encrypted());
    }
}
