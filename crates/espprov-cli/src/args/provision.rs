//! `provision`: which network.

use super::{DeviceArgs, heading, value};
use clap::Args;

/// Wi-Fi and Thread exclude each other.
const THREAD: [&str; 4] = ["dataset", "network_name", "ext_pan_id", "network_key"];

/// `provision`
#[derive(Args)]
pub(crate) struct ProvisionArgs {
    #[command(flatten)]
    pub(crate) device: DeviceArgs,

    /// Name of the Wi-Fi network; without it the device scans and you choose
    #[arg(long, value_name = "NAME", allow_hyphen_values = true, conflicts_with_all = THREAD, help_heading = heading::WIFI)]
    pub(crate) ssid: Option<String>,

    /// Name of the Wi-Fi network as raw bytes
    #[arg(long, value_name = "HEX", conflicts_with = "ssid", conflicts_with_all = THREAD, help_heading = heading::WIFI)]
    pub(crate) ssid_hex: Option<String>,

    /// Passphrase; empty = open network, `-` = standard input [env: ESPPROV_PASSPHRASE]
    #[arg(long, value_name = "PASSPHRASE", allow_hyphen_values = true, conflicts_with_all = THREAD, help_heading = heading::WIFI)]
    pub(crate) passphrase: Option<String>,

    /// The network is open
    #[arg(long, conflicts_with = "passphrase", conflicts_with_all = THREAD, help_heading = heading::WIFI)]
    pub(crate) open: bool,

    /// Send name and passphrase as they are, though no WPA network can have them (WEP keys)
    #[arg(long, conflicts_with_all = THREAD, help_heading = heading::WIFI)]
    pub(crate) unchecked: bool,

    /// Ask for this access point (ignored by stock firmware)
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = THREAD, help_heading = heading::WIFI)]
    pub(crate) bssid: Option<espprov_types::Bssid>,

    /// Hint at the channel (ignored by stock firmware)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..), conflicts_with_all = THREAD, help_heading = heading::WIFI)]
    pub(crate) channel: Option<u8>,

    /// Send VALUE to an endpoint of the application ahead of the credentials, in the same session; may be given several times.
    /// VALUE is text, @FILE, hex:…, or `-`; \= is an equals sign in EP
    #[arg(long, value_name = "EP=VALUE", allow_hyphen_values = true, help_heading = heading::APPLICATION)]
    pub(crate) before: Vec<String>,

    /// The same once the device began to join, until it answers: what cannot be handed over is exit status 13
    #[arg(long, value_name = "EP=VALUE", allow_hyphen_values = true, help_heading = heading::APPLICATION)]
    pub(crate) after: Vec<String>,

    /// How long each --after is tried
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = value::duration, help_heading = heading::APPLICATION)]
    pub(crate) after_timeout: core::time::Duration,

    /// Operational dataset of a Thread network; `-` = standard input
    #[arg(long, value_name = "HEX", conflicts_with_all = ["network_name", "ext_pan_id", "network_key"], help_heading = heading::THREAD)]
    pub(crate) dataset: Option<String>,

    /// Name of the Thread network; the device scans for the rest
    #[arg(long, value_name = "NAME", requires = "network_key", help_heading = heading::THREAD)]
    pub(crate) network_name: Option<String>,

    /// Extended PAN id of the Thread network; the device scans for the rest
    #[arg(long, value_name = "HEX", requires = "network_key", help_heading = heading::THREAD)]
    pub(crate) ext_pan_id: Option<String>,

    /// Key of the Thread network, 32 hex digits; `-` = standard input
    #[arg(long, value_name = "HEX", help_heading = heading::THREAD)]
    pub(crate) network_key: Option<String>,
}
