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
mod error;
mod faults;
mod own;
mod property;
mod settings;
mod value;

pub use air::{Network, Outcome, ThreadNet};
pub use error::ScenarioError;
pub use own::{Label, OwnAnswer, OwnEndpoint};
pub use property::SimProperty;
pub use settings::{
    AfterStop, Delays, DeviceSettings, Flavour, Link, NetworkType, SecuritySettings, UnknownFlavour,
    UnknownNetworkType,
};

use crate::Secret;
use crate::fault::{self, Injection};
use error::{At, Complaint};
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use value::Value;

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
    /// Endpoints of the application, besides `custom-data` and `echo`.
    #[serde(rename = "endpoint")]
    pub endpoints: Vec<OwnEndpoint>,
    /// Properties of a device on its network. [`Scenario::properties`] are those it has.
    #[serde(rename = "property")]
    pub property: Vec<SimProperty>,
    /// Entries of the application in proto-ver.
    #[serde(rename = "label")]
    pub labels: Vec<Label>,
    /// Faults at chosen exchanges.
    #[serde(rename = "fault", deserialize_with = "faults::injections")]
    pub faults: Vec<Injection>,
}

/// Attempts of one round, and failures a flaky network has in store: a few times what makes sense.
const ATTEMPTS_MAX: u32 = 100;
const FAILURES_MAX: u32 = 1000;

/// Endpoints of the application that a scenario can add.
const ENDPOINTS_MAX: usize = 16;

/// Properties that a scenario can have.
const PROPERTIES_MAX: usize = 64;

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
            _ => Err(ScenarioError::new(format!(
                "no built-in scenario of this name; there are: {}",
                Self::BUILTIN.join(", ")
            ))),
        }
    }

    /// Reads a scenario file. What is not mentioned keeps its default; a device alone in the air is fine.
    ///
    /// # Errors
    /// [`ScenarioError`] with line and column and what is wrong there: syntax, unknown keys, values out of range.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let document = DeTable::parse(text).map_err(|error| ScenarioError::from_toml(&error, text))?;
        let document = Spanned::new(document.span(), DeValue::Table(document.into_inner()));
        let scenario = Self::deserialize(Value(&document)).map_err(|wrong| wrong.in_file(text))?;
        match scenario.complaint() {
            Some(complaint) => Err(complaint.in_file(text)),
            None => Ok(scenario),
        }
    }

    /// What can only be judged as a whole. Settings may be changed after parsing (command line options), so
    /// callers who do should check again.
    ///
    /// # Errors
    /// [`ScenarioError`] without a place.
    pub fn check(&self) -> Result<(), ScenarioError> {
        self.complaint().map_or(Ok(()), |complaint| Err(complaint.into()))
    }

    fn complaint(&self) -> Option<Complaint> {
        let flavour = self.device.flavour;
        if let Err((key, message)) = self.security.check(flavour) {
            return Some(Complaint::new(At::Key("security", key), message));
        }
        if self.network().has_thread() && !flavour.knows_thread() {
            let message = "this firmware knows no Thread; network_provisioning does (idf-5.5, idf-6)";
            return Some(Complaint::new(At::Key("device", "network"), message));
        }
        if !(1..=ATTEMPTS_MAX).contains(&self.device.attempts) {
            return Some(Complaint::new(
                At::Key("device", "attempts"),
                "attempts are 1 to 100",
            ));
        }
        self.complaint_about_networks()
            .or_else(|| self.complaint_about_application())
    }

    fn complaint_about_networks(&self) -> Option<Complaint> {
        self.networks.iter().enumerate().find_map(|(index, network)| {
            let at = |key| At::Item("network", index, key);
            match network.outcome {
                Outcome::Flaky { failures, .. } if failures > FAILURES_MAX => {
                    Some(Complaint::new(at("failures"), "failures are 0 to 1000"))
                }
                Outcome::Flaky { attempts, .. } if !(1..=ATTEMPTS_MAX).contains(&attempts) => {
                    Some(Complaint::new(at("attempts"), "attempts are 1 to 100"))
                }
                _ => None,
            }
        })
    }

    fn complaint_about_application(&self) -> Option<Complaint> {
        if self.labels.len() > Label::MAX {
            return Some(Complaint::new(
                At::Item("label", Label::MAX, "name"),
                "a device has at most four labels",
            ));
        }
        if let Some(index) = self.labels.iter().position(|label| label.info().is_none()) {
            let message = "a label has a name of 1 to 32 bytes, other than prov, and a version of at most 32";
            return Some(Complaint::new(At::Item("label", index, "name"), message));
        }
        if self.endpoints.len() > ENDPOINTS_MAX {
            return Some(Complaint::new(
                At::Item("endpoint", ENDPOINTS_MAX, "name"),
                "a device has at most 16 endpoints of its own",
            ));
        }
        if let Some(complaint) = self.complaint_about_properties() {
            return Some(complaint);
        }
        let own = OwnEndpoint::all(&self.endpoints);
        let mut known: Vec<&str> = match self.is_local_ctrl() {
            true => own::LOCAL.to_vec(),
            false => own::STANDARD.to_vec(),
        };
        known.extend(own.iter().map(|endpoint| endpoint.name.as_str()));
        self.faults.iter().enumerate().find_map(|(index, injection)| {
            let fault::At::Endpoint { name, .. } = &injection.at else {
                return None;
            };
            let message = || {
                format!(
                    "the device has no endpoint `{}`; it has {}",
                    name.escape_debug(),
                    known.join(", ")
                )
            };
            (!known.contains(&name.as_str()))
                .then(|| Complaint::new(At::Item("fault", index, "endpoint"), message()))
        })
    }

    fn complaint_about_properties(&self) -> Option<Complaint> {
        if self.property.len() > PROPERTIES_MAX {
            let at = At::Item("property", PROPERTIES_MAX, "name");
            return Some(Complaint::new(at, "a device has at most 64 properties"));
        }
        let mut names = std::collections::BTreeSet::new();
        let twice = self
            .property
            .iter()
            .position(|property| !names.insert(&property.name));
        twice.map(|index| {
            let message = "two properties have this name: clients tell them apart by it";
            Complaint::new(At::Item("property", index, "name"), message)
        })
    }

    /// Whether the device is on its network already and serves local control instead of provisioning: as set, else when it has
    /// properties.
    #[must_use]
    pub fn is_local_ctrl(&self) -> bool {
        self.device.local_ctrl.unwrap_or(!self.property.is_empty())
    }

    /// The properties it serves then: those of the file, else those of the vendor's example.
    #[must_use]
    pub fn properties(&self) -> Vec<SimProperty> {
        match self.property.as_slice() {
            [] => SimProperty::example(),
            properties => properties.to_vec(),
        }
    }

    /// Puts the device on its network, unless the file says that it is not: for a client in the same process that was asked for
    /// properties.
    pub fn prefer_local_ctrl(&mut self) {
        self.device.local_ctrl.get_or_insert(true);
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
            _ => espprov_types::DEFAULT_USERNAME,
        };
        self.security.username.as_deref().unwrap_or(by_network)
    }

    /// What opens the device: the PoP of security 1 (empty: it wants none), the password of security 2; nothing with security 0.
    #[must_use]
    pub fn proof(&self) -> Option<&Secret> {
        match self.scheme() {
            0 => None,
            1 => Some(&self.security.pop),
            _ => Some(self.security.password.as_ref().unwrap_or(&self.security.pop)),
        }
    }

    /// Sets what opens the device, for whichever scheme it runs.
    pub fn set_proof(&mut self, proof: Secret) {
        self.security.password = None;
        self.security.pop = proof;
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
            Flavour::Idf55 | Flavour::Idf55Wifi | Flavour::Idf6 => 1,
        };
        self.security.patch.unwrap_or(by_flavour)
    }
}

#[cfg(test)]
mod tests;
