//! Networks in the air and what they lead to.

use super::settings::millis;
use crate::secret::{self, Secret};
use core::net::Ipv4Addr;
use core::time::Duration;
use espprov_types::{AuthMode, Bssid, Ssid, ThreadName, hex};
use serde::{Deserialize, Deserializer};

/// One Wi-Fi network: `[[network]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RawNetwork")]
#[non_exhaustive]
pub struct Network {
    /// Its name, also if it is hidden.
    pub ssid: Ssid,
    /// Address of the access point; made up from name and channel if the file has none.
    pub bssid: Bssid,
    /// Channel: 1 to 14, or one of 5 GHz (ESP32-C5).
    pub channel: u8,
    /// Signal strength in dBm.
    pub rssi: i8,
    /// Authentication mode.
    pub auth: AuthMode,
    /// Does not say its name: shows as empty in scans.
    pub hidden: bool,
    /// What joining takes. `None`: open, or any passphrase will do.
    pub passphrase: Option<Secret>,
    /// What joining leads to.
    pub outcome: Outcome,
}

/// What joining a network leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Online, if the passphrase is right.
    Ok {
        /// The address it gets.
        ip: Ipv4Addr,
        /// Time it takes; `None` = as the scenario's delays say.
        after: Option<Duration>,
    },
    /// The access point refuses whatever the passphrase.
    WrongPassphrase,
    /// Shows in scans, is gone when wanted.
    NotFound,
    /// The first attempts fail, counted over the device's life; then as `Ok`.
    Flaky {
        /// Attempts that fail before one succeeds.
        failures: u32,
        /// Attempts the firmware makes per apply.
        attempts: u32,
        /// The address it gets in the end.
        ip: Ipv4Addr,
        /// Time of each attempt; `None` = as the scenario's delays say.
        after: Option<Duration>,
    },
}

/// One Thread network: `[[thread_network]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RawThread")]
#[non_exhaustive]
pub struct ThreadNet {
    /// Network name, at most 16 bytes.
    pub name: ThreadName,
    /// PAN id.
    pub pan_id: u16,
    /// Extended PAN id.
    pub ext_pan_id: [u8; 8],
    /// Address of the router heard.
    pub ext_addr: [u8; 8],
    /// Channel, 11 to 26.
    pub channel: u8,
    /// Signal strength in dBm.
    pub rssi: i8,
    /// Link quality.
    pub lqi: u8,
    /// Network key a dataset must hold.
    pub network_key: Secret,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNetwork {
    ssid: Option<String>,
    ssid_hex: Option<String>,
    bssid: Option<String>,
    channel: u8,
    rssi: i8,
    #[serde(default = "open", deserialize_with = "auth_mode")]
    auth: AuthMode,
    #[serde(default)]
    hidden: bool,
    #[serde(default, deserialize_with = "secret::some_from_text")]
    passphrase: Option<Secret>,
    #[serde(default)]
    outcome: OutcomeName,
    ip: Option<Ipv4Addr>,
    #[serde(default, deserialize_with = "some_millis")]
    after_ms: Option<Duration>,
    failures: Option<u32>,
    attempts: Option<u32>,
}

#[derive(Deserialize, Default, Clone, Copy, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum OutcomeName {
    #[default]
    Ok,
    WrongPassphrase,
    NotFound,
    Flaky,
    Slow,
}

const fn open() -> AuthMode {
    AuthMode::Open
}

fn some_millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    millis(deserializer).map(Some)
}

/// A number, or a name as people write it.
fn auth_mode<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AuthMode, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Raw {
        Number(i32),
        Name(String),
    }
    let name = match Raw::deserialize(deserializer)? {
        Raw::Number(value) => return Ok(AuthMode::from_wire(value)),
        Raw::Name(name) => name,
    };
    Ok(match name.as_str() {
        "open" => AuthMode::Open,
        "wep" => AuthMode::Wep,
        "wpa" => AuthMode::WpaPsk,
        "wpa2" => AuthMode::Wpa2Psk,
        "wpa-wpa2" => AuthMode::WpaWpa2Psk,
        "wpa2-enterprise" => AuthMode::Wpa2Enterprise,
        "wpa3" => AuthMode::Wpa3Psk,
        "wpa2-wpa3" => AuthMode::Wpa2Wpa3Psk,
        _ => {
            return Err(serde::de::Error::custom(
                "auth is a number, or one of open, wep, wpa, wpa2, wpa-wpa2, wpa2-enterprise, wpa3, wpa2-wpa3",
            ));
        }
    })
}

impl TryFrom<RawNetwork> for Network {
    type Error = &'static str;

    fn try_from(raw: RawNetwork) -> Result<Self, &'static str> {
        let ssid = match (&raw.ssid, &raw.ssid_hex) {
            (Some(text), None) => Ssid::new(text.as_bytes()).map_err(|_| "an SSID has at most 32 bytes")?,
            (None, Some(digits)) => {
                let mut bytes = [0; Ssid::MAX_LEN];
                let len = hex::decode(digits, &mut bytes).map_err(|_| "ssid_hex is 2 to 64 hex digits")?;
                Ssid::new(&bytes[..len]).map_err(|_| "an SSID has at most 32 bytes")?
            }
            _ => return Err("a network needs `ssid` or `ssid_hex`, not both"),
        };
        if ssid.is_hidden() {
            return Err("an SSID must not be empty; use `hidden = true` for a network without a name");
        }
        if !is_wifi_channel(raw.channel) {
            return Err("Wi-Fi channels are 1 to 14, and 36 to 177 as 5 GHz has them");
        }
        let bssid = match &raw.bssid {
            Some(text) => text
                .parse()
                .map_err(|_| "a bssid is six hex pairs such as 24:0A:C4:51:DE:7F")?,
            None => made_up_bssid(ssid.as_bytes(), raw.channel),
        };
        Ok(Self {
            ssid,
            bssid,
            channel: raw.channel,
            rssi: raw.rssi,
            auth: raw.auth,
            hidden: raw.hidden,
            outcome: outcome(&raw)?,
            passphrase: raw.passphrase,
        })
    }
}

fn outcome(raw: &RawNetwork) -> Result<Outcome, &'static str> {
    let flaky = raw.outcome == OutcomeName::Flaky;
    if !flaky && (raw.failures.is_some() || raw.attempts.is_some()) {
        return Err("`failures` and `attempts` belong to outcome = \"flaky\"");
    }
    let fails = matches!(raw.outcome, OutcomeName::WrongPassphrase | OutcomeName::NotFound);
    if fails && (raw.ip.is_some() || raw.after_ms.is_some()) {
        return Err("`ip` and `after_ms` belong to outcomes that connect");
    }
    let ip = raw.ip.unwrap_or(Ipv4Addr::new(192, 168, 1, 57));
    let after = raw.after_ms;
    Ok(match raw.outcome {
        OutcomeName::Ok => Outcome::Ok { ip, after },
        OutcomeName::Slow => Outcome::Ok {
            ip,
            after: after.or(Some(Duration::from_secs(20))),
        },
        OutcomeName::WrongPassphrase => Outcome::WrongPassphrase,
        OutcomeName::NotFound => Outcome::NotFound,
        OutcomeName::Flaky => Outcome::Flaky {
            failures: raw.failures.unwrap_or(2),
            attempts: raw.attempts.unwrap_or(5),
            ip,
            after,
        },
    })
}

/// 2.4 GHz, and the 20 MHz channels of 5 GHz.
const fn is_wifi_channel(channel: u8) -> bool {
    match channel {
        1..=14 => true,
        36..=64 | 100..=144 => channel.is_multiple_of(4),
        149..=177 => channel % 4 == 1,
        _ => false,
    }
}

/// A locally administered address without a 00 octet (which stock firmware mangles), the same for the same
/// network.
fn made_up_bssid(ssid: &[u8], channel: u8) -> Bssid {
    let mut hash: u32 = 0x811c_9dc5; // FNV-1a
    for byte in ssid.iter().chain([&channel]) {
        hash = (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    }
    let [a, b, c, d] = hash.to_be_bytes().map(|byte| byte | 1);
    Bssid::new([0x02, 0x51, a, b, c, d])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawThread {
    name: String,
    pan_id: u16,
    ext_pan_id: String,
    ext_addr: Option<String>,
    channel: u8,
    rssi: i8,
    #[serde(default = "good_lqi")]
    lqi: u8,
    #[serde(deserialize_with = "secret::from_text")]
    network_key: Secret,
}

const fn good_lqi() -> u8 {
    200
}

impl TryFrom<RawThread> for ThreadNet {
    type Error = &'static str;

    fn try_from(raw: RawThread) -> Result<Self, &'static str> {
        let ext_pan_id: [u8; 8] =
            hex::decode_array(&raw.ext_pan_id).map_err(|_| "ext_pan_id is 16 hex digits")?;
        let ext_addr = match &raw.ext_addr {
            Some(text) => hex::decode_array(text).map_err(|_| "ext_addr is 16 hex digits")?,
            None => ext_pan_id.map(|byte| !byte),
        };
        if !(11..=26).contains(&raw.channel) {
            return Err("Thread channels are 11 to 26");
        }
        let key = core::str::from_utf8(raw.network_key.expose()).unwrap_or_default();
        let key = hex::decode_array::<16>(key).map_err(|_| "network_key is 32 hex digits")?;
        Ok(Self {
            name: ThreadName::new(raw.name.as_bytes()).ok_or("a Thread name has at most 16 bytes")?,
            pan_id: raw.pan_id,
            ext_pan_id,
            ext_addr,
            channel: raw.channel,
            rssi: raw.rssi,
            lqi: raw.lqi,
            network_key: Secret::new(&key).unwrap_or_default(),
        })
    }
}
