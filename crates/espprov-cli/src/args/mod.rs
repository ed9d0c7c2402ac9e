//! The command line. Nothing here derives `Debug`: arguments hold secrets.
#![allow(
    rustdoc::broken_intra_doc_links,
    reason = "these comments are help texts, where brackets mean that something is optional"
)]

mod address;
mod device;
mod heading;
#[macro_use]
mod help;
#[cfg(feature = "line")]
mod line;
mod props;
mod provision;
mod simulate;
#[cfg(feature = "tls")]
mod tls;
mod value;

#[cfg(feature = "line")]
pub(crate) use device::SecurityArg;
pub(crate) use device::{CredentialArgs, DeviceArgs, target_by_environment};
#[cfg(feature = "line")]
pub(crate) use line::{
    BatchArgs, FactoryCommand, FactoryNewArgs, NetworkArg, QrCommand, QrDecodeArgs, QrEncodeArgs, QrFormat,
};
pub(crate) use props::PropsArgs;
pub(crate) use provision::ProvisionArgs;
pub(crate) use simulate::SimulateArgs;

#[cfg(feature = "ble")]
use crate::errors::Failure;
use clap::{ArgAction, Args, ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

/// Provision ESP32 devices: give them their Wi-Fi or Thread network.
#[derive(Parser)]
#[command(name = "espprov", version, arg_required_else_help = true, propagate_version = true, after_long_help = help::MAIN, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// One JSON object per line on stdout, the result last; never asks anything
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Record every exchange with the device in FILE, one JSON object per line
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,

    /// Let the trace hold secrets: what is needed to decrypt it, and unencrypted credentials
    #[arg(long, global = true, requires = "trace")]
    pub(crate) trace_secrets: bool,

    /// Bluetooth adapter, by name (hci1) or address; default: the first that is on
    #[cfg(feature = "ble")]
    #[arg(long, global = true, value_name = "ADAPTER")]
    pub(crate) adapter: Option<String>,

    /// Bluetooth service of the firmware instead of the usual ones; may be given several times
    #[cfg(feature = "ble")]
    #[arg(long, global = true, value_name = "UUID")]
    pub(crate) service: Vec<espprov_btleplug::Uuid>,

    /// No progress, no events: results and errors only
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,

    /// Say more on stderr; twice: every exchange
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Colours; auto: on a terminal, unless NO_COLOR or TERM=dumb says otherwise, or CLICOLOR_FORCE insists
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = ColorChoice::Auto, hide_possible_values = true)]
    pub(crate) color: ColorChoice,
}

impl Global {
    /// Options of Bluetooth mean nothing on another link: whoever gives them expects something else.
    #[cfg(feature = "ble")]
    pub(crate) fn refuse_bluetooth(&self) -> Result<(), Failure> {
        let given = match (&self.adapter, self.service.is_empty()) {
            (Some(_), _) => "--adapter",
            (None, false) => "--service",
            (None, true) => return Ok(()),
        };
        Err(Failure::usage(
            "not_bluetooth",
            format!("{given} means nothing here: this is not Bluetooth"),
        )
        .with_cause("the target, or the command, uses another link or none")
        .with_help(format!(
            "leave {given} out, or give a Bluetooth target such as ble:NAME"
        )))
    }

    /// For a command line that could not be read: what can be found in it by looking.
    pub(crate) fn bare(json: bool, words: &[OsString]) -> Self {
        Self {
            json,
            trace: None,
            trace_secrets: false,
            #[cfg(feature = "ble")]
            adapter: None,
            #[cfg(feature = "ble")]
            service: Vec::new(),
            quiet: false,
            verbose: 0,
            color: color(words),
        }
    }
}

/// The command line, read. Its first word is the program's name.
pub(crate) fn parse(words: &[OsString]) -> Result<Cli, clap::Error> {
    let matches = Cli::command().color(color(words)).try_get_matches_from(words)?;
    Cli::from_arg_matches(&matches)
}

/// Which colours are asked for, before anything is parsed: help and errors of the parser heed it, too.
fn color(words: &[OsString]) -> ColorChoice {
    let mut args = words
        .iter()
        .skip(1)
        .take_while(|word| *word != "--")
        .filter_map(|word| word.to_str());
    while let Some(arg) = args.next() {
        let value = match arg.strip_prefix("--color") {
            Some("") => args.next(),
            Some(value) => value.strip_prefix('='),
            None => continue,
        };
        if let Some(Ok(choice)) = value.map(|value| ColorChoice::from_str(value, false)) {
            return choice;
        }
    }
    ColorChoice::Auto
}

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// List the devices in reach of Bluetooth that wait for their network, or those on this network
    #[command(after_long_help = help::DISCOVER)]
    Discover(DiscoverArgs),
    /// Show what a device says about itself: version, security, capabilities
    #[command(after_long_help = help::INFO)]
    Info(InfoArgs),
    /// List the networks a device hears
    #[command(after_long_help = help::SCAN)]
    Scan(ScanArgs),
    /// Give a device its network, and follow it until it is online
    #[command(after_long_help = help::PROVISION)]
    Provision(Box<ProvisionArgs>),
    /// Show what became of a device's network configuration
    #[command(after_long_help = help::STATUS)]
    Status(StateArgs),
    /// Clear a failed attempt, so that the device takes other credentials
    #[command(after_long_help = help::RESET)]
    Reset(StateArgs),
    /// After a success: make the device take new credentials
    #[command(after_long_help = help::REPROV)]
    Reprov(StateArgs),
    /// Send data to any endpoint of a device and show the answer
    #[command(after_long_help = help::SEND)]
    Send(SendArgs),
    /// List, read and set the properties of a device that is on its network
    #[command(after_long_help = help::PROPS)]
    Props(PropsArgs),
    /// Make salt and verifier for security 2 firmware
    #[command(after_long_help = help::CREDENTIALS)]
    Credentials(MakeCredentialsArgs),
    /// Make and read setup codes, as text and as pictures
    #[cfg(feature = "line")]
    #[command(subcommand)]
    Qr(QrCommand),
    /// Prepare devices that are to be built
    #[cfg(feature = "line")]
    #[command(subcommand)]
    Factory(FactoryCommand),
    /// Provision many devices, and keep a record of each
    #[cfg(feature = "line")]
    #[command(after_long_help = help::BATCH)]
    Batch(Box<BatchArgs>),
    /// Be a simulated ESP32, for tests, apps and CI
    #[command(after_long_help = help::SIMULATE)]
    Simulate(SimulateArgs),
    /// Print a shell completion script
    #[command(after_long_help = help::COMPLETIONS)]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write one per command into a directory
    #[command(after_long_help = help::MAN)]
    Man {
        /// Write the pages here instead of printing the main one
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

/// `discover`
#[derive(Args)]
pub(crate) struct DiscoverArgs {
    /// Only devices whose names begin like this
    #[arg(long, value_name = "PREFIX")]
    pub(crate) prefix: Option<String>,

    /// Devices that are online already and announce themselves on this computer's network, instead of Bluetooth
    #[cfg(feature = "network")]
    #[arg(long)]
    pub(crate) network: bool,

    /// Search on this network interface only, by its name or address; default: on all
    #[cfg(feature = "network")]
    #[arg(long, value_name = "INTERFACE", requires = "network")]
    pub(crate) interface: Option<String>,

    /// How long to listen
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = value::duration)]
    pub(crate) timeout: core::time::Duration,
}

/// `info`
#[derive(Args)]
pub(crate) struct InfoArgs {
    #[command(flatten)]
    pub(crate) device: DeviceArgs,
}

/// `scan`
#[derive(Args)]
pub(crate) struct ScanArgs {
    #[command(flatten)]
    pub(crate) device: DeviceArgs,

    /// Thread networks instead of Wi-Fi
    #[arg(long)]
    pub(crate) thread: bool,

    /// Listen only, send no probes
    #[arg(long)]
    pub(crate) passive: bool,

    /// Networks per request; default: what the link carries safely
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) page: Option<u8>,
}

/// `status`, `reset`, `reprov`
#[derive(Args)]
pub(crate) struct StateArgs {
    #[command(flatten)]
    pub(crate) device: DeviceArgs,

    /// The Thread interface instead of Wi-Fi
    #[arg(long)]
    pub(crate) thread: bool,
}

/// `send`
#[derive(Args)]
#[command(group = clap::ArgGroup::new("data"), override_usage = "espprov send [OPTIONS] [TARGET] <ENDPOINT> <--text <TEXT>|--hex <HEX>|--file <FILE>|->")]
pub(crate) struct SendArgs {
    #[command(flatten)]
    pub(crate) device: DeviceArgs,

    /// Name of the endpoint, such as custom-data
    pub(crate) endpoint: Option<String>,

    /// Send this text
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, group = "data")]
    pub(crate) text: Option<String>,

    /// Send these bytes
    #[arg(long, value_name = "HEX", group = "data")]
    pub(crate) hex: Option<String>,

    /// Send what is in FILE
    #[arg(long, value_name = "FILE", group = "data")]
    pub(crate) file: Option<PathBuf>,

    /// Send what comes on standard input
    #[arg(value_name = "-", value_parser = ["-"])]
    pub(crate) stdin: Option<String>,

    /// Bytes per exchange; 0 = all at once [default: 256, or what the link carries]
    #[arg(long, value_name = "BYTES")]
    pub(crate) chunk: Option<usize>,

    /// Write the answer to FILE, as it came; `-` = standard output
    #[arg(long, value_name = "FILE", conflicts_with = "raw")]
    pub(crate) out: Option<PathBuf>,

    /// Print the answer as it came, and nothing else
    #[arg(long, conflicts_with = "json")]
    pub(crate) raw: bool,
}

/// `credentials`
#[derive(Args)]
pub(crate) struct MakeCredentialsArgs {
    /// Username; `-` = standard input [env: ESPPROV_USERNAME] [default: wifiprov]
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    pub(crate) username: Option<String>,

    /// Password; `-` = standard input [env: ESPPROV_PASSWORD]
    #[arg(long, value_name = "PASSWORD", allow_hyphen_values = true)]
    pub(crate) password: Option<String>,

    /// Bytes of random salt
    #[arg(long, value_name = "BYTES", default_value_t = 16, value_parser = clap::value_parser!(u8).range(1..=128))]
    pub(crate) salt_len: u8,

    /// This salt instead of a random one
    #[arg(long, value_name = "HEX", conflicts_with = "salt_len")]
    pub(crate) salt: Option<String>,

    /// How to print them
    #[arg(long, value_enum, default_value_t = CredentialFormat::C)]
    pub(crate) format: CredentialFormat,
}

/// Forms of salt and verifier.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CredentialFormat {
    /// C arrays to compile in
    C,
    /// Two lines of hex
    Hex,
    /// One JSON object
    Json,
    /// A CSV file for ESP-IDF's NVS partition generator
    NvsCsv,
}
