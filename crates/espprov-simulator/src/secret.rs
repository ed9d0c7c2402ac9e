//! Secrets of the simulated world, as files hold them.

use serde::{Deserialize, Deserializer};

/// A passphrase, password, PoP or key of the simulated world, treated like a real one. Room for the longest of
/// them, a Thread dataset.
pub type Secret = espprov_types::Secret<254>;

/// What a device would compare: false for anything longer than a secret can be.
pub(crate) fn matches(secret: &Secret, bytes: &[u8]) -> bool {
    Secret::new(bytes).is_ok_and(|other| *secret == other)
}

pub(crate) fn from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    let text = zeroize::Zeroizing::new(String::deserialize(deserializer)?);
    Secret::new(text.as_bytes()).map_err(|_| serde::de::Error::custom("longer than 254 bytes"))
}

pub(crate) fn some_from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    from_text(deserializer).map(Some)
}
