//! What the application adds: endpoints of its own, entries in proto-ver.

use espprov_transport::Endpoint;
use espprov_types::{AppInfo, hex};
use serde::Deserialize;

/// The vendor example's answer to custom data, with its NUL.
const CUSTOM_REPLY: &[u8] = b"SUCCESS\0";

/// Longest answer of an own endpoint; the device's buffer has room for it under every scheme.
const REPLY_MAX: usize = 4096;

/// An endpoint of the application and how it answers: `[[endpoint]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RawEndpoint")]
#[non_exhaustive]
pub struct OwnEndpoint {
    /// Its name.
    pub name: String,
    /// What it answers.
    pub answer: OwnAnswer,
}

/// What an own endpoint answers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OwnAnswer {
    /// Always these bytes; may be none.
    Bytes(Vec<u8>),
    /// What it was sent.
    Echo,
    /// Nothing: its handler fails.
    Refuse,
}

impl OwnEndpoint {
    /// An endpoint of this name with this answer.
    #[must_use]
    pub fn new(name: &str, answer: OwnAnswer) -> Self {
        Self {
            name: name.to_owned(),
            answer,
        }
    }

    /// Those every simulated device has, with those of the scenario: one of the same name takes the place of a
    /// built-in one, the others follow in their order.
    pub(crate) fn all(more: &[Self]) -> Vec<Self> {
        let mut all = vec![
            Self::new("custom-data", OwnAnswer::Bytes(CUSTOM_REPLY.to_vec())),
            Self::new("echo", OwnAnswer::Echo),
        ];
        for endpoint in more {
            match all.iter_mut().find(|known| known.name == endpoint.name) {
                Some(known) => known.answer = endpoint.answer.clone(),
                None => all.push(endpoint.clone()),
            }
        }
        all
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEndpoint {
    name: String,
    reply: Option<String>,
    reply_hex: Option<String>,
    #[serde(default)]
    echo: bool,
    #[serde(default)]
    refuse: bool,
}

impl TryFrom<RawEndpoint> for OwnEndpoint {
    type Error = &'static str;

    fn try_from(raw: RawEndpoint) -> Result<Self, &'static str> {
        if Endpoint::custom(&raw.name).is_err() {
            return Err("an endpoint's name is 1 to 64 of A-Z a-z 0-9 _ . -, with / between its parts");
        }
        if STANDARD.iter().chain(&LOCAL).any(|name| *name == raw.name) {
            return Err("an endpoint of the firmware itself cannot be given another answer");
        }
        let answer = match (raw.reply, raw.reply_hex, raw.echo, raw.refuse) {
            (Some(text), None, false, false) => OwnAnswer::Bytes(text.into_bytes()),
            (None, Some(digits), false, false) => {
                let mut bytes = vec![0; digits.len() / 2];
                let len = hex::decode(&digits, &mut bytes).map_err(|_| "reply_hex is pairs of hex digits")?;
                bytes.truncate(len);
                OwnAnswer::Bytes(bytes)
            }
            (None, None, true, false) => OwnAnswer::Echo,
            (None, None, false, true) => OwnAnswer::Refuse,
            _ => return Err("an endpoint needs one of `reply`, `reply_hex`, `echo = true`, `refuse = true`"),
        };
        if matches!(&answer, OwnAnswer::Bytes(bytes) if bytes.len() > REPLY_MAX) {
            return Err("an endpoint's reply has at most 4096 bytes");
        }
        Ok(Self {
            name: raw.name,
            answer,
        })
    }
}

/// The endpoints of the firmware itself.
pub(super) const STANDARD: [&str; 5] = [
    "prov-ctrl",
    "prov-scan",
    "prov-session",
    "prov-config",
    "proto-ver",
];

/// The same of a device that serves local control.
pub(super) const LOCAL: [&str; 3] = [
    "esp_local_ctrl/version",
    "esp_local_ctrl/session",
    "esp_local_ctrl/control",
];

/// An entry of the application in proto-ver, ahead of the firmware's own: `[[label]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Label {
    /// Its key, 1 to 32 bytes.
    pub name: String,
    /// Its `ver`, at most 32 bytes.
    #[serde(default)]
    pub version: String,
}

impl Label {
    /// Most entries of a device.
    pub(super) const MAX: usize = 4;

    /// As proto-ver has it, if it fits.
    pub(crate) fn info(&self) -> Option<AppInfo> {
        let mut info = AppInfo::default();
        info.label = self.name.parse().ok()?;
        info.version = self.version.parse().ok()?;
        (!self.name.is_empty() && self.name != "prov").then_some(info)
    }
}
