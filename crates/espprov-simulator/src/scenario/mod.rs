//! The world around the simulated device, read from TOML.
//!
//! ```
//! use espprov_simulator::Scenario;
//!
//! let scenario = Scenario::parse(r#"
//!     seed = 7
//!     [device]
//!     flavour = "idf-5.2"
//!     [[network]]
//!     ssid = "Home"
//!     channel = 6
//!     rssi = -40
//!     auth = "wpa2"
//!     passphrase = "correct-horse"
//! "#).unwrap();
//! assert_eq!(scenario.networks[0].ssid.as_bytes(), b"Home");
//! assert_eq!(Scenario::parse("sede = 7").unwrap_err().line(), Some(1));
//! ```

mod air;
mod settings;

pub use air::{Network, Outcome, ThreadNet};
pub use settings::{
    AfterStop, Delays, DeviceSettings, Flavour, Link, NetworkType, SecuritySettings, UnknownFlavour,
    UnknownNetworkType,
};

use crate::fault::{At, Injection};
use core::fmt;
use core::time::Duration;
use serde::Deserialize;

/// Everything the simulated device and its surroundings are made of. See `docs` for the file format;
/// [`Scenario::builtin`] for the two that are built in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Scenario {
    /// Seed of all randomness: same seed, same run.
    pub seed: u64,
    /// The device and its firmware.
    pub device: DeviceSettings,
    /// Its security scheme and credentials.
    pub security: SecuritySettings,
    /// How long things take.
    pub delays: Delays,
    /// Wi-Fi networks in reach.
    #[serde(rename = "network")]
    pub networks: Vec<Network>,
    /// Thread networks in reach.
    #[serde(rename = "thread_network")]
    pub thread_networks: Vec<ThreadNet>,
    /// Faults at chosen exchanges.
    #[serde(rename = "fault", deserialize_with = "injections")]
    pub faults: Vec<Injection>,
}

const DEFAULT: &str = include_str!("../../scenarios/default.toml");
const ZERO: &str = include_str!("../../scenarios/zero.toml");

impl Scenario {
    /// Names that [`Scenario::builtin`] knows.
    pub const BUILTIN: [&'static str; 2] = ["default", "zero"];

    /// A scenario that comes with this crate: `default`, pleasant for demonstrations, or `zero`, where nothing
    /// takes any time.
    ///
    /// # Errors
    /// [`ScenarioError`] for any other name.
    pub fn builtin(name: &str) -> Result<Self, ScenarioError> {
        match name {
            "default" => Self::parse(DEFAULT),
            "zero" => Self::parse(ZERO),
            _ => Err(ScenarioError {
                line: None,
                message: format!(
                    "no built-in scenario of this name; there are: {}",
                    Self::BUILTIN.join(", ")
                ),
            }),
        }
    }

    /// Reads a scenario file. What is not mentioned keeps its default; a device alone in the air is fine.
    ///
    /// # Errors
    /// [`ScenarioError`] with the line and what is wrong there: syntax, unknown keys, values out of range.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self = toml::from_str(text).map_err(|error| ScenarioError {
            line: error.span().map(|span| {
                text.as_bytes()[..span.start.min(text.len())]
                    .split(|&b| b == b'\n')
                    .count()
            }),
            // The message only: the excerpt that toml would print may hold a passphrase.
            message: error.message().trim().to_owned(),
        })?;
        scenario.check()?;
        Ok(scenario)
    }

    /// What can only be judged as a whole. Settings may be changed after parsing (command line options), so
    /// callers who do should check again.
    ///
    /// # Errors
    /// [`ScenarioError`] without a line.
    pub fn check(&self) -> Result<(), ScenarioError> {
        let verdict = self.security.check(self.device.flavour);
        verdict.map_err(ScenarioError::new)?;
        if self.network().has_thread() && !self.device.flavour.knows_thread() {
            return Err(ScenarioError::new(
                "this firmware knows no Thread; network_provisioning does (idf-5.5, idf-6)",
            ));
        }
        Ok(())
    }

    /// What the device provisions: as set, else Wi-Fi.
    #[must_use]
    pub fn network(&self) -> NetworkType {
        self.device.network.unwrap_or_default()
    }

    /// Makes it a Thread device, unless the file says what it is or the firmware knows no Thread: for a client in
    /// the same process that was asked for Thread.
    pub fn prefer_thread(&mut self) {
        if self.device.network.is_none() && self.device.flavour.knows_thread() {
            self.device.network = Some(NetworkType::Thread);
        }
    }

    /// User name of security 2 in force: as set, else that of the vendor's example for this kind of network.
    #[must_use]
    pub fn username(&self) -> &str {
        let by_network = match self.network() {
            NetworkType::Thread => "threadprov",
            _ => "wifiprov",
        };
        self.security.username.as_deref().unwrap_or(by_network)
    }

    /// Security scheme in force: as set, else what this firmware would have.
    #[must_use]
    pub fn scheme(&self) -> u8 {
        let by_flavour = if self.device.flavour == Flavour::Idf44 {
            1
        } else {
            2
        };
        self.security.scheme.unwrap_or(by_flavour)
    }

    /// Security 2 patch level in force: as set, else what this firmware would have.
    #[must_use]
    pub fn patch(&self) -> u8 {
        let by_flavour = match self.device.flavour {
            Flavour::Idf44 | Flavour::Idf52 => 0,
            Flavour::Idf55 | Flavour::Idf6 => 1,
        };
        self.security.patch.unwrap_or(by_flavour)
    }
}

/// A scenario that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioError {
    line: Option<usize>,
    message: String,
}

impl ScenarioError {
    pub(crate) fn new(message: &str) -> Self {
        Self {
            line: None,
            message: message.to_owned(),
        }
    }

    /// Line of the file, counted from 1, if one line is to blame.
    #[must_use]
    pub const fn line(&self) -> Option<usize> {
        self.line
    }

    /// What is wrong. Holds no passphrases.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl core::error::Error for ScenarioError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFault {
    kind: String,
    exchange: Option<u32>,
    endpoint: Option<String>,
    nth: Option<u32>,
    delay_ms: Option<u64>,
}

fn injections<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Injection>, D::Error> {
    let raw = Vec::<RawFault>::deserialize(deserializer)?;
    raw.into_iter()
        .map(|raw| injection(raw).map_err(serde::de::Error::custom))
        .collect()
}

fn injection(raw: RawFault) -> Result<Injection, String> {
    let fault = raw.kind.parse().map_err(|error| format!("{error}"))?;
    let at = match (raw.exchange, raw.endpoint, raw.nth) {
        (Some(0), ..) | (.., Some(0)) => return Err("exchanges are counted from 1".to_owned()),
        (Some(n), None, None) => At::Exchange(n),
        (None, Some(name), nth) => At::Endpoint {
            name,
            nth: nth.unwrap_or(1),
        },
        _ => return Err("a fault needs `exchange`, or `endpoint` with or without `nth`".to_owned()),
    };
    let delay = raw
        .delay_ms
        .map_or(Duration::from_secs(3600), Duration::from_millis);
    Ok(Injection { at, fault, delay })
}

#[cfg(test)]
mod tests;
