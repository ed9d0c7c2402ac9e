//! The device's side of a scenario.

use crate::link::{Ble, LinkModel};
use crate::named::by_name;
use crate::secret::{self, Secret};
use core::fmt;
use core::time::Duration;
use espprov_device::{BleStack, Firmware, GuessLimit, Quirks};
use espprov_types::hex;
use serde::{Deserialize, Deserializer};

/// The firmware the simulated device runs, by ESP-IDF generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[non_exhaustive]
pub enum Flavour {
    /// 4.0 to 4.4: security 0 and 1, proto-ver without `sec_ver`.
    #[serde(rename = "idf-4.4")]
    Idf44,
    /// 5.0 to 5.4 before the point releases of spring 2025: security 2 with the fixed nonce of patch level 0. With
    /// `patch = 1` it is one of those: 5.0.9, 5.1.7, 5.2.6, 5.3.3.
    #[serde(rename = "idf-5.2")]
    Idf52,
    /// 5.5 with network_provisioning 1.1: patch level 1.
    #[serde(rename = "idf-5.5")]
    Idf55,
    /// 5.5 with the component of its own, wifi_provisioning.
    #[serde(rename = "idf-5.5-wifi")]
    Idf55Wifi,
    /// 6.0.2 and 6.1 with network_provisioning 1.2.4.
    #[default]
    #[serde(rename = "idf-6")]
    Idf6,
}

impl Flavour {
    /// Every flavour, oldest first.
    pub const ALL: [Self; 5] = [Self::Idf44, Self::Idf52, Self::Idf55, Self::Idf55Wifi, Self::Idf6];

    /// What the device half calls it.
    #[must_use]
    pub const fn firmware(self) -> Firmware {
        match self {
            Self::Idf44 => Firmware::Idf44,
            Self::Idf52 => Firmware::Idf52,
            Self::Idf55 => Firmware::Idf55,
            Self::Idf55Wifi => Firmware::Idf55Wifi,
            Self::Idf6 => Firmware::Idf6,
        }
    }

    /// Whether its provisioning component has messages for Thread.
    #[must_use]
    pub const fn knows_thread(self) -> bool {
        self.firmware().is_network_provisioning()
    }

    /// The name in scenario files and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idf44 => "idf-4.4",
            Self::Idf52 => "idf-5.2",
            Self::Idf55 => "idf-5.5",
            Self::Idf55Wifi => "idf-5.5-wifi",
            Self::Idf6 => "idf-6",
        }
    }
}

impl fmt::Display for Flavour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

by_name!(Flavour, UnknownFlavour);

/// No firmware flavour of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownFlavour;

impl fmt::Display for UnknownFlavour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("firmware flavours are idf-4.4, idf-5.2, idf-5.5, idf-5.5-wifi and idf-6")
    }
}

/// The link of the in-process device (`espprov … sim`); servers on real links ignore it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Link {
    /// No cost, no limit.
    #[default]
    Ideal,
    /// Bluetooth LE as NimBLE firmware does it.
    Nimble,
    /// Bluetooth LE as Bluedroid firmware does it.
    Bluedroid,
    /// HTTP over a SoftAP.
    Http,
}

/// What the firmware was built to provision. Stock firmware has one radio's messages compiled in, and says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NetworkType {
    /// Wi-Fi.
    #[default]
    Wifi,
    /// Thread; network_provisioning only.
    Thread,
    /// Both: no stock firmware, but an application of one's own may.
    Both,
}

impl NetworkType {
    /// Every type.
    pub const ALL: [Self; 3] = [Self::Wifi, Self::Thread, Self::Both];

    /// The name in scenario files and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wifi => "wifi",
            Self::Thread => "thread",
            Self::Both => "both",
        }
    }

    /// Whether it takes Wi-Fi credentials.
    #[must_use]
    pub const fn has_wifi(self) -> bool {
        !matches!(self, Self::Thread)
    }

    /// Whether it takes Thread datasets.
    #[must_use]
    pub const fn has_thread(self) -> bool {
        !matches!(self, Self::Wifi)
    }
}

by_name!(NetworkType, UnknownNetworkType);

/// Not a kind of network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownNetworkType;

impl fmt::Display for UnknownNetworkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the network is wifi, thread or both")
    }
}

/// What becomes of the device after it stopped by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum AfterStop {
    /// Comes back after a moment, unprovisioned, ready for the next demonstration.
    #[default]
    Restart,
    /// Stays away, as a provisioned device does.
    Stop,
}

/// The device itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct DeviceSettings {
    /// Name it would advertise.
    pub name: String,
    /// Firmware.
    pub flavour: Flavour,
    /// Link of the in-process device.
    pub link: Link,
    /// What it provisions; not set: Wi-Fi, or what a client in the same process asks for.
    pub network: Option<NetworkType>,
    /// It is on its network and serves local control, no provisioning; not set: where it has properties, or where a client in
    /// the same process asks for them.
    pub local_ctrl: Option<bool>,
    /// Attempts the firmware makes to join a network before it gives up, 1 to 100. More than one: clients are told how
    /// many remain.
    pub attempts: u32,
    /// Results kept of one scan, 1 to 255.
    pub max_scan_results: u8,
    /// Stops by itself after a client was told of the success.
    pub auto_stop: bool,
    /// How long after that.
    #[serde(rename = "stop_after_ms", deserialize_with = "millis")]
    pub stop_after: Duration,
    /// What then.
    pub after_stop: AfterStop,
    /// How long a restart takes.
    #[serde(rename = "restart_ms", deserialize_with = "millis")]
    pub restart: Duration,
}

impl Default for DeviceSettings {
    fn default() -> Self {
        Self {
            name: "PROV_51DE01".to_owned(),
            flavour: Flavour::default(),
            link: Link::default(),
            network: None,
            local_ctrl: None,
            attempts: 1,
            max_scan_results: 16,
            auto_stop: true,
            stop_after: Duration::from_secs(1),
            after_stop: AfterStop::default(),
            restart: Duration::from_millis(1500),
        }
    }
}

impl DeviceSettings {
    /// How this firmware behaves on this link.
    #[must_use]
    pub fn quirks(&self) -> Quirks {
        let firmware = self.flavour.firmware();
        let mut quirks = match self.link {
            Link::Ideal | Link::Http => Quirks::vendor(firmware),
            Link::Nimble => Quirks::vendor_ble(firmware, BleStack::NimBle),
            Link::Bluedroid => Quirks::vendor_ble(firmware, BleStack::Bluedroid),
        };
        quirks.max_scan_results = u32::from(self.max_scan_results.max(1));
        quirks
    }

    /// The model of the in-process link, with this firmware's limits and manners.
    #[must_use]
    pub fn link_model(&self) -> LinkModel {
        let quirks = self.quirks();
        match self.link {
            Link::Ideal => LinkModel::Ideal,
            Link::Http => LinkModel::http(),
            Link::Nimble | Link::Bluedroid => LinkModel::Ble(Ble {
                connection_interval: Duration::from_millis(30),
                mtu: 256,
                value_limit: quirks.max_value.unwrap_or(512),
                drops_on_refusal: quirks.close_on_refusal,
                strict_values: quirks.strict_values,
            }),
        }
    }
}

/// Scheme and credentials. All of them have values, so that every scheme can be chosen without more ado.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SecuritySettings {
    /// 0, 1 or 2; not set: 2, or 1 on firmware without security 2.
    pub scheme: Option<u8>,
    /// Proof of possession for security 1; empty: the device says `no_pop`. Security 2 takes it for its password where none is set.
    #[serde(deserialize_with = "secret::from_text")]
    pub pop: Secret,
    /// User name for security 2; not set: that of the vendor's example for this kind of network.
    pub username: Option<String>,
    /// Password for security 2; not set: the PoP, as apps send it.
    #[serde(deserialize_with = "secret::some_from_text")]
    pub password: Option<Secret>,
    /// Security 2 patch level, 0 or 1; not set: as the firmware has it.
    pub patch: Option<u8>,
    /// Salt of security 2, 1 to 64 bytes; not set: made from the seed.
    #[serde(rename = "salt_hex", deserialize_with = "some_salt")]
    pub salt: Option<Vec<u8>>,
    /// After so many wrong proofs the service stops until the device restarts, as ESP RainMaker's does (5 there, at
    /// most 20); 0: no limit, as stock ESP-IDF.
    pub max_wrong_proofs: u32,
}

impl Default for SecuritySettings {
    fn default() -> Self {
        Self {
            scheme: None,
            pop: default_secret(),
            username: None,
            password: None,
            patch: None,
            salt: None,
            max_wrong_proofs: 0,
        }
    }
}

/// Longest salt: four times the usual one.
const SALT_MAX: usize = 64;

fn some_salt<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let mut bytes = [0; SALT_MAX];
    match hex::decode(&text, &mut bytes) {
        Ok(len) if len > 0 => Ok(Some(bytes[..len].to_vec())),
        _ => Err(serde::de::Error::custom("salt_hex is 2 to 128 hex digits")),
    }
}

/// The vendor's example credentials, which everybody knows.
fn default_secret() -> Secret {
    Secret::new(b"abcd1234").unwrap_or_default()
}

impl SecuritySettings {
    /// What becomes of clients that guess.
    #[must_use]
    pub const fn guess_limit(&self) -> GuessLimit {
        match self.max_wrong_proofs {
            0 => GuessLimit::Unlimited,
            most => GuessLimit::Stop(most),
        }
    }

    /// The error has the key that is to blame.
    pub(super) fn check(&self, flavour: Flavour) -> Result<(), (&'static str, &'static str)> {
        let salt_fits = |salt: &Vec<u8>| (1..=SALT_MAX).contains(&salt.len());
        match self.scheme {
            Some(2) if flavour == Flavour::Idf44 => Err(("scheme", "firmware idf-4.4 has no security 2")),
            Some(3..) => Err(("scheme", "security scheme is 0, 1 or 2")),
            _ if self.patch.is_some_and(|patch| patch > 1) => Err(("patch", "security patch is 0 or 1")),
            _ if self.max_wrong_proofs > 20 => {
                Err(("max_wrong_proofs", "security max_wrong_proofs is at most 20"))
            }
            _ if self.username.as_ref().is_some_and(String::is_empty) => {
                Err(("username", "security username must not be empty"))
            }
            _ if !self.salt.as_ref().is_none_or(salt_fits) => Err(("salt_hex", "a salt has 1 to 64 bytes")),
            _ => Ok(()),
        }
    }
}

/// How long things take.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Delays {
    /// A Wi-Fi scan.
    #[serde(rename = "scan_ms", deserialize_with = "millis")]
    pub scan: Duration,
    /// Joining a network, until it has an address.
    #[serde(rename = "connect_ms", deserialize_with = "millis")]
    pub connect: Duration,
    /// Noticing a wrong passphrase.
    #[serde(rename = "auth_fail_ms", deserialize_with = "millis")]
    pub auth_fail: Duration,
    /// Noticing that a network is not there.
    #[serde(rename = "not_found_ms", deserialize_with = "millis")]
    pub not_found: Duration,
    /// A Thread scan.
    #[serde(rename = "thread_scan_ms", deserialize_with = "millis")]
    pub thread_scan: Duration,
    /// Attaching to a Thread network, or failing to.
    #[serde(rename = "thread_attach_ms", deserialize_with = "millis")]
    pub thread_attach: Duration,
}

impl Default for Delays {
    fn default() -> Self {
        Self {
            scan: Duration::from_millis(1200),
            connect: Duration::from_millis(900),
            auth_fail: Duration::from_millis(700),
            not_found: Duration::from_millis(800),
            thread_scan: Duration::from_millis(800),
            thread_attach: Duration::from_millis(600),
        }
    }
}

pub(super) fn millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let value = u64::deserialize(deserializer)?;
    // A day: more is a typing error, and sums of a few can never overflow.
    if value > 86_400_000 {
        return Err(serde::de::Error::custom(
            "more than a day (times are in milliseconds)",
        ));
    }
    Ok(Duration::from_millis(value))
}
