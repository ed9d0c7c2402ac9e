//! Which device, and how to be trusted by it.

use super::{heading, value};
use crate::errors::{Failure, missing};
use clap::{Args, ValueEnum};
use core::time::Duration;
use espprov_core::auth::SecurityChoice;
use espprov_types::SecurityScheme;

/// Options of every command that talks to a device.
#[derive(Args)]
pub(crate) struct DeviceArgs {
    /// The device: ble[:NAME], serial[:PORT], softap, http[s]://HOST[:PORT], sim, or the text of a setup QR code [env: ESPPROV_TARGET]
    pub(crate) target: Option<String>,

    #[command(flatten)]
    pub(crate) credentials: CredentialArgs,

    /// The security scheme the device must have
    #[arg(long, value_enum, default_value_t = SecurityArg::Auto, help_heading = heading::SECURITY)]
    pub(crate) security: SecurityArg,

    /// Let secrets travel unencrypted to a device without security
    #[arg(long, help_heading = heading::SECURITY)]
    pub(crate) allow_plaintext: bool,

    /// Limit for the whole run; the time that questions take does not count
    #[arg(long, value_name = "TIME", default_value = value::DEADLINE, value_parser = value::duration)]
    pub(crate) deadline: Duration,

    /// Try so many times more after a lost link or a passing failure
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u8).range(..=100))]
    pub(crate) retries: u8,

    #[cfg(feature = "tls")]
    #[command(flatten)]
    pub(crate) tls: super::tls::TlsArgs,
}

impl DeviceArgs {
    /// The target by argument, and after it by environment variable.
    pub(crate) fn target(&self) -> Result<String, Failure> {
        match &self.target {
            Some(target) => Ok(target.clone()),
            None => target_by_environment()?.ok_or_else(|| {
                missing("the device", "TARGET, such as ble or sim (or set ESPPROV_TARGET)")
                    .with_cause("the first argument says which device to talk to")
            }),
        }
    }
}

/// `ESPPROV_TARGET`, if it is set.
pub(crate) fn target_by_environment() -> Result<Option<String>, Failure> {
    const VARIABLE: &str = "ESPPROV_TARGET";
    match std::env::var(VARIABLE) {
        Ok(target) if target.is_empty() => Err(Failure::usage(
            "missing_value",
            format!("{VARIABLE} is set, but empty: no device is named"),
        )
        .with_cause("what should have filled it failed, or is not set here")
        .with_help("give TARGET, or unset the variable")),
        Ok(target) => Ok(Some(target)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Failure::usage("invalid_env", format!("{VARIABLE} is not UTF-8"))
                .with_cause("it holds bytes that are no text")
                .with_help("give TARGET"))
        }
    }
}

/// What the device wants to hear.
#[derive(Args)]
pub(crate) struct CredentialArgs {
    /// Proof of possession; on a security 2 device the password. `-` = standard input [env: ESPPROV_POP]
    #[arg(long, value_name = "POP", allow_hyphen_values = true, help_heading = heading::SECURITY)]
    pub(crate) pop: Option<String>,

    /// Username of a security 2 device; `-` = standard input [env: ESPPROV_USERNAME] [default: wifiprov, for Thread threadprov]
    #[arg(long, value_name = "NAME", allow_hyphen_values = true, help_heading = heading::SECURITY)]
    pub(crate) username: Option<String>,

    /// Password of a security 2 device; `-` = standard input [env: ESPPROV_PASSWORD]
    #[arg(long, value_name = "PASSWORD", allow_hyphen_values = true, help_heading = heading::SECURITY)]
    pub(crate) password: Option<String>,
}

/// Security schemes by name.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SecurityArg {
    /// What the device says, never weaker than the credentials given
    Auto,
    /// None
    #[value(name = "0")]
    None,
    /// X25519, AES-CTR and a proof of possession
    #[value(name = "1")]
    Pop,
    /// SRP6a, AES-GCM, username and password
    #[value(name = "2")]
    Srp,
}

impl SecurityArg {
    pub(crate) const fn choice(self) -> SecurityChoice {
        match self {
            Self::Auto => SecurityChoice::Auto,
            Self::None => SecurityChoice::Exactly(SecurityScheme::Sec0),
            Self::Pop => SecurityChoice::Exactly(SecurityScheme::Sec1),
            Self::Srp => SecurityChoice::Exactly(SecurityScheme::Sec2),
        }
    }
}
