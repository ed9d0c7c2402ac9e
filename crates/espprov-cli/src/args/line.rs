//! `qr`, `factory`, `batch`: the production line.

use super::{CredentialArgs, SecurityArg, heading, value};
use clap::{Args, Subcommand, ValueEnum};
use core::time::Duration;
use espprov_types::{SetupNetwork, SetupTransport};
use std::path::PathBuf;

/// `qr`
#[derive(Subcommand)]
pub(crate) enum QrCommand {
    /// Make the setup code of a device: shows its secrets, because that is its job
    #[command(after_long_help = super::help::QR)]
    Encode(QrEncodeArgs),
    /// Read a setup code, from its text or from a picture
    #[command(after_long_help = super::help::QR)]
    Decode(QrDecodeArgs),
}

/// `qr encode`
#[derive(Args)]
pub(crate) struct QrEncodeArgs {
    /// Name of the device, which it advertises
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,

    /// Proof of possession, or password of security 2; `-` = standard input [env: ESPPROV_POP]
    #[arg(long, value_name = "POP", allow_hyphen_values = true)]
    pub(crate) pop: Option<String>,

    /// How a phone reaches the device
    #[arg(long, value_enum, default_value_t = TransportArg::Ble)]
    pub(crate) transport: TransportArg,

    /// The security scheme; without it the device is asked
    #[arg(long, value_enum, default_value_t = SecurityArg::Auto)]
    pub(crate) security: SecurityArg,

    /// What the device is to join
    #[arg(long, value_enum, default_value_t = NetworkArg::Wifi)]
    pub(crate) network: NetworkArg,

    /// Username of security 2, if it is not the usual one
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,

    /// Passphrase of the device's own Wi-Fi network; `-` = standard input
    #[arg(long, value_name = "PASSPHRASE", allow_hyphen_values = true)]
    pub(crate) password: Option<String>,

    /// In which form [default: by the end of --out, else terminal]
    #[arg(long, value_enum)]
    pub(crate) format: Option<QrFormat>,

    /// The page that --format url links to
    #[arg(
        long,
        value_name = "URL",
        default_value = "https://espressif.github.io/esp-jumpstart/qrcode.html"
    )]
    pub(crate) page: String,

    /// The terminal is light, where no colours are set
    #[arg(long)]
    pub(crate) light: bool,

    /// Pixels of one module in a PNG
    #[arg(long, value_name = "PIXELS", default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) scale: u8,

    /// Write it here, for its owner only
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// `qr decode`
#[derive(Args)]
pub(crate) struct QrDecodeArgs {
    /// The text of a code, a picture (PNG, JPEG) or a file with the text; `-` = standard input
    #[arg(value_name = "TEXT|FILE|-")]
    pub(crate) code: String,

    /// Show the secrets in it, too
    #[arg(long)]
    pub(crate) show_secrets: bool,
}

/// Forms of a code.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum QrFormat {
    /// Half blocks, to scan off the screen
    Terminal,
    /// A drawing
    Svg,
    /// A picture
    Png,
    /// The text that is in it
    Text,
    /// A link to a page that shows it
    Url,
}

/// How a device is reached.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TransportArg {
    /// Bluetooth LE
    Ble,
    /// The device's own Wi-Fi network
    #[value(name = "softap")]
    SoftAp,
}

impl From<TransportArg> for SetupTransport {
    fn from(arg: TransportArg) -> Self {
        match arg {
            TransportArg::Ble => Self::Ble,
            TransportArg::SoftAp => Self::SoftAp,
        }
    }
}

/// What a device joins.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum NetworkArg {
    /// Wi-Fi
    Wifi,
    /// Thread
    Thread,
}

impl From<NetworkArg> for SetupNetwork {
    fn from(arg: NetworkArg) -> Self {
        match arg {
            NetworkArg::Wifi => Self::Wifi,
            NetworkArg::Thread => Self::Thread,
        }
    }
}

/// `factory`
#[derive(Subcommand)]
pub(crate) enum FactoryCommand {
    /// Make names, secrets, flash data and labels for devices that are to be built
    #[command(after_long_help = super::help::FACTORY)]
    New(FactoryNewArgs),
}

/// `factory new`
#[derive(Args)]
pub(crate) struct FactoryNewArgs {
    /// How many devices
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) count: u32,

    /// A folder that is not there yet, or is empty
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,

    /// What the devices' names begin with
    #[arg(long, value_name = "PREFIX", default_value = "PROV_")]
    pub(crate) prefix: String,

    /// The firmware's security scheme
    #[arg(long, value_name = "1|2", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=2))]
    pub(crate) security: u8,

    /// How a phone reaches the devices
    #[arg(long, value_enum, default_value_t = TransportArg::Ble)]
    pub(crate) transport: TransportArg,

    /// What the devices are to join
    #[arg(long, value_enum, default_value_t = NetworkArg::Wifi)]
    pub(crate) network: NetworkArg,

    /// Size of the labels on a roll in millimetres, across and along
    #[arg(long, value_name = "WxH", default_value = "62x29", value_parser = label)]
    pub(crate) label: espprov_line::factory::Paper,

    /// Username of security 2 [default: wifiprov, for Thread threadprov]
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
}

/// `62x29`
fn label(text: &str) -> Result<espprov_line::factory::Paper, String> {
    let numbers = text.split_once(['x', 'X']).and_then(|(width, height)| {
        let (width, height): (u16, u16) = (width.trim().parse().ok()?, height.trim().parse().ok()?);
        ((20..=300).contains(&width) && (10..=300).contains(&height)).then_some((width, height))
    });
    let (width, height) = numbers.ok_or("give millimetres such as 62x29, at least 20x10")?;
    Ok(espprov_line::factory::Paper::Roll { width, height })
}

/// `batch`
#[derive(Args)]
pub(crate) struct BatchArgs {
    /// The devices: CSV as spreadsheets write it, or TOML
    pub(crate) manifest: PathBuf,

    /// How many devices at a time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: u16,

    /// Where is written down what became of each: a file, or postgres://USER@HOST/DATABASE for several stations [env: ESPPROV_LEDGER]
    /// [default: MANIFEST.ledger.jsonl]
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) ledger: Option<PathBuf>,

    /// For how long a station that is not heard of keeps its devices, where several share a ledger
    #[cfg(feature = "postgres")]
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = value::lease)]
    pub(crate) lease: Duration,

    /// Try those again that failed
    #[arg(long)]
    pub(crate) retry_failed: bool,

    #[command(flatten)]
    pub(crate) credentials: CredentialArgs,

    /// The security scheme the devices must have, where the manifest says none
    #[arg(long, value_enum, default_value_t = SecurityArg::Auto, help_heading = heading::SECURITY)]
    pub(crate) security: SecurityArg,

    /// Let secrets travel unencrypted to devices without security
    #[arg(long, help_heading = heading::SECURITY)]
    pub(crate) allow_plaintext: bool,

    /// Name of the Wi-Fi network, where the manifest says none
    #[arg(long, value_name = "NAME", allow_hyphen_values = true, help_heading = heading::NETWORK)]
    pub(crate) ssid: Option<String>,

    /// Its passphrase; empty = open network, `-` = standard input [env: ESPPROV_PASSPHRASE]
    #[arg(long, value_name = "PASSPHRASE", allow_hyphen_values = true, help_heading = heading::NETWORK)]
    pub(crate) passphrase: Option<String>,

    /// The network is open
    #[arg(long, conflicts_with = "passphrase", help_heading = heading::NETWORK)]
    pub(crate) open: bool,

    /// Operational dataset of a Thread network; `-` = standard input
    #[arg(long, value_name = "HEX", conflicts_with_all = ["ssid", "passphrase", "open"], help_heading = heading::NETWORK)]
    pub(crate) dataset: Option<String>,

    /// Limit for each device
    #[arg(long, value_name = "TIME", default_value = value::DEADLINE, value_parser = value::duration)]
    pub(crate) deadline: Duration,

    /// Try each so many times more after a lost link or a passing failure
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u8).range(..=100))]
    pub(crate) retries: u8,
}
