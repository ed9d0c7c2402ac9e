//! The headings of the help texts.

pub(super) const SECURITY: &str = "Security";
pub(super) const WIFI: &str = "Wi-Fi";
pub(super) const THREAD: &str = "Thread";
pub(super) const APPLICATION: &str = "Data of the application";
#[cfg(feature = "line")]
pub(super) const NETWORK: &str = "Network";
#[cfg(feature = "tls")]
pub(super) const HTTPS: &str = "HTTPS";

/// What `simulate` offers the device on, and what the device is.
pub(super) const LINKS: &str = "Links";
pub(super) const DEVICE: &str = "Device";
