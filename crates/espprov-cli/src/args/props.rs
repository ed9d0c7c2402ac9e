//! `props`

use super::DeviceArgs;
use clap::Args;

/// `props`
#[derive(Args)]
#[command(
    override_usage = "espprov props [OPTIONS] [TARGET] [list]\n       espprov props [OPTIONS] [TARGET] get <NAME>...\n       espprov props [OPTIONS] [TARGET] set <NAME=VALUE>..."
)]
pub(crate) struct PropsArgs {
    #[command(flatten)]
    pub(crate) device: DeviceArgs,

    /// What to do: list, get or set [default: list]
    #[arg(value_name = "ACTION")]
    pub(crate) action: Option<String>,

    /// The properties: names, or for set NAME=VALUE (`\=` for an equals sign in the name). VALUE is read as the property's type says; hex:… and @FILE give bytes
    #[arg(value_name = "PROPERTY")]
    pub(crate) properties: Vec<String>,
}
