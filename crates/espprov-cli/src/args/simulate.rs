//! `simulate`: be a device.

use super::{CredentialArgs, address, heading};
use clap::Args;
use core::net::SocketAddr;
use espprov_simulator::scenario::{Flavour, NetworkType};
#[cfg(feature = "ble")]
use espprov_simulator_ble::{Hci, Mtu};
use std::path::PathBuf;

/// `simulate`
#[derive(Args)]
pub(crate) struct SimulateArgs {
    /// Serve HTTP on this address: 8080, localhost:8080, 0.0.0.0:80; port 0 = any free one [default: 127.0.0.1:8080 unless --console, --pty or --ble]
    #[arg(long, value_name = "ADDR", value_parser = address::listen, help_heading = heading::LINKS)]
    pub(crate) http: Option<SocketAddr>,

    /// Be so many devices over HTTP: ports from the given one upward, names and credentials ending in the device's number; a manifest for `batch` goes to standard output
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), conflicts_with = "console", help_heading = heading::LINKS)]
    pub(crate) count: Option<u16>,

    /// With HTTP: show browsers this page at /, as it is or compressed by gzip; stock firmware has none
    #[arg(long, value_name = "FILE", conflicts_with = "count", help_heading = heading::LINKS)]
    pub(crate) page: Option<PathBuf>,

    /// Serve a console on standard input and output; events go to stderr
    #[arg(long, help_heading = heading::LINKS)]
    pub(crate) console: bool,

    /// Serve a console on a new pseudo-terminal; its path is in the event `listening`
    #[cfg(all(unix, feature = "serial"))]
    #[arg(long, conflicts_with = "count", help_heading = heading::LINKS)]
    pub(crate) pty: bool,

    /// Be a Bluetooth LE peripheral on this controller, which speaks H4: tcp:HOST:PORT or unix:PATH
    #[cfg(feature = "ble")]
    #[arg(long, value_name = "HCI", conflicts_with = "count", help_heading = heading::LINKS)]
    pub(crate) ble: Option<Hci>,

    /// Largest Bluetooth MTU to grant: 23, 256 or 517
    #[cfg(feature = "ble")]
    #[arg(long, value_name = "MTU", requires = "ble", default_value = "256", help_heading = heading::LINKS)]
    pub(crate) mtu: Mtu,

    #[command(flatten)]
    pub(crate) credentials: CredentialArgs,

    /// Security scheme of the device; default: as the scenario says
    #[arg(long, value_name = "SCHEME", value_parser = clap::value_parser!(u8).range(0..=2), help_heading = heading::SECURITY)]
    pub(crate) security: Option<u8>,

    /// Patch level of security 2
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(0..=1), help_heading = heading::SECURITY)]
    pub(crate) patch: Option<u8>,

    /// Firmware generation: idf-4.4, idf-5.2, idf-5.5, idf-5.5-wifi, idf-6
    #[arg(long, value_name = "NAME", help_heading = heading::DEVICE)]
    pub(crate) flavour: Option<Flavour>,

    /// What it provisions: wifi, thread, or both (no stock firmware does) [default: as the scenario says, else wifi]
    #[arg(long, value_name = "KIND", help_heading = heading::DEVICE)]
    pub(crate) network: Option<NetworkType>,

    /// Seed of all randomness: same seed, same run
    #[arg(long, value_name = "N", help_heading = heading::DEVICE)]
    pub(crate) seed: Option<u64>,

    /// The world: default, zero, or a TOML file
    #[arg(long, value_name = "FILE", default_value = "default", help_heading = heading::DEVICE)]
    pub(crate) scenario: String,

    /// Longest console line in characters, without its end; 0 = none [default: 254]
    #[arg(long, value_name = "N", help_heading = heading::LINKS)]
    pub(crate) line_limit: Option<usize>,
}
