//! What can be reported. This type *is* the JSON schema: one variant per `event`, one field per key.

use crate::errors::Failure;
use core::net::Ipv4Addr;
use espprov_core::auth::SessionSecurity;
use espprov_local_ctrl::{Property, Value};
use espprov_types::hex::Hex;
use espprov_types::{
    AccessPoint, AuthMode, DeviceInfo, ThreadNetwork, ThreadStatus, WifiFailure, WifiStatus,
};
use serde::{Serialize, Serializer};

/// Something worth a line.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Report {
    /// The link is open.
    Connected { transport: &'static str, target: String },
    /// What the device says about itself.
    Info {
        version: String,
        /// `null` = it says nothing of it.
        security: Option<u8>,
        patch: Option<u8>,
        capabilities: Vec<&'static str>,
        /// Entries of the application beside the protocol's.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        apps: Vec<App>,
        /// Where the link can list them.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        endpoints: Vec<String>,
    },
    /// A session is established; `null` = without a handshake.
    Session { security: Option<u8> },
    /// Something a person should know.
    Warning { code: &'static str, message: String },
    /// A Wi-Fi network.
    Network {
        #[serde(flatten)]
        ssid: SsidFields,
        bssid: String,
        channel: u32,
        rssi: i32,
        #[serde(serialize_with = "auth_name")]
        auth: AuthMode,
        /// The one the device is on.
        #[serde(skip_serializing_if = "core::ops::Not::not")]
        active: bool,
    },
    /// A Thread network.
    ThreadNetwork {
        name: String,
        pan_id: u16,
        ext_pan_id: String,
        channel: u16,
        rssi: i32,
        lqi: u32,
    },
    /// A device in reach of Bluetooth.
    #[cfg(feature = "ble")]
    Device {
        /// `null` until it said its name.
        name: Option<String>,
        address: String,
        rssi: i16,
        service: String,
    },
    /// A device that announces itself on the network.
    #[cfg(feature = "network")]
    #[serde(rename = "device")]
    Announced {
        name: String,
        address: String,
        service: &'static str,
        host: String,
        addresses: Vec<String>,
        port: u16,
        /// What to give as the target.
        target: String,
        txt: std::collections::BTreeMap<String, String>,
    },
    /// A simulated device is ready.
    Listening {
        transport: &'static str,
        address: String,
    },
    /// One of many simulated devices, with what a client needs; nobody's secrets, they come from the scenario.
    Simulated {
        target: String,
        name: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        pop: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        username: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        password: Option<String>,
    },
    /// The device has the credentials.
    ConfigSent,
    /// The device began to use them.
    ConfigApplied,
    /// The device is still trying.
    Connecting {
        #[serde(skip_serializing_if = "Option::is_none")]
        attempts_remaining: Option<u32>,
    },
    /// State of the device's network interface.
    Status {
        network: &'static str,
        state: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        attempts_remaining: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// A property of a device on its network.
    Property {
        name: String,
        #[serde(rename = "type")]
        kind: u32,
        flags: u32,
        value_hex: String,
        /// Where it is known how to read it.
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<PropertyValue>,
    },
    /// An application's answer.
    Reply { endpoint: String, hex: String },
    /// What a setup code says. Secrets only where somebody asked for them.
    #[cfg(feature = "line")]
    Payload {
        name: String,
        transport: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        security: Option<u8>,
        network: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        username: Option<String>,
        has_pop: bool,
        has_password: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        pop: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        password: Option<String>,
    },
    /// What became of one device of a batch.
    #[cfg(feature = "line")]
    DeviceResult {
        /// Its number in the manifest, from 1.
        row: usize,
        key: String,
        target: String,
        ok: bool,
        outcome: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        ip: Option<Ipv4Addr>,
        /// It was not sent anything: an earlier run had done it.
        #[serde(skip_serializing_if = "core::ops::Not::not")]
        found: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<ErrorFields>,
        ms: u64,
    },
    /// Salt and verifier.
    Credentials {
        username: String,
        salt: String,
        verifier: String,
    },
    /// The end; always the last line.
    Result {
        ok: bool,
        outcome: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        ip: Option<Ipv4Addr>,
        #[serde(flatten, skip_serializing_if = "Option::is_none")]
        ssid: Option<SsidFields>,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<ErrorFields>,
    },
}

/// What a property's value means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum PropertyValue {
    Number(i64),
    Bool(bool),
    Text(String),
}

/// A network name as text, as far as it is text, and as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct SsidFields {
    ssid: String,
    ssid_hex: String,
}

impl SsidFields {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self {
            ssid: String::from_utf8_lossy(bytes).into_owned(),
            ssid_hex: Hex(bytes).to_string(),
        }
    }
}

/// Why there is no success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ErrorFields {
    code: &'static str,
    message: String,
    cause: String,
    help: String,
}

impl ErrorFields {
    pub(crate) fn new(failure: &Failure) -> Self {
        Self {
            code: failure.code(),
            message: failure.message().to_owned(),
            cause: failure.cause().to_owned(),
            help: failure.help().to_owned(),
        }
    }
}

/// An application's entry in what the device says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct App {
    label: String,
    version: String,
}

/// How a run succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Success {
    pub(crate) outcome: &'static str,
    pub(crate) ip: Option<Ipv4Addr>,
    pub(crate) ssid: Option<Vec<u8>>,
    /// For people; may be empty.
    pub(crate) summary: String,
}

impl Success {
    /// The command did its job, and there is nothing more to say.
    pub(crate) const fn done() -> Self {
        Self {
            outcome: "done",
            ip: None,
            ssid: None,
            summary: String::new(),
        }
    }
}

impl Report {
    /// A step on the way, as opposed to what comes of it.
    pub(super) const fn is_chatter(&self) -> bool {
        matches!(
            self,
            Self::Connected { .. }
                | Self::Info { .. }
                | Self::Session { .. }
                | Self::ConfigSent
                | Self::ConfigApplied
                | Self::Connecting { .. }
        )
    }

    /// What the device says about itself.
    pub(super) const fn is_info(&self) -> bool {
        matches!(self, Self::Info { .. })
    }

    /// A step that says something new each time.
    pub(super) const fn may_repeat(&self) -> bool {
        matches!(self, Self::Connecting { .. })
    }

    pub(crate) fn info(info: &DeviceInfo, endpoints: &[String]) -> Self {
        Self::Info {
            version: info.version.to_string(),
            security: info.names_scheme().then(|| info.scheme().number()),
            patch: info.names_scheme().then(|| info.patch_level()),
            capabilities: info.capabilities.names().collect(),
            apps: info
                .apps
                .iter()
                .map(|app| App {
                    label: app.label.to_string(),
                    version: app.version.to_string(),
                })
                .collect(),
            endpoints: endpoints.to_vec(),
        }
    }

    pub(crate) fn property(property: &Property) -> Self {
        Self::Property {
            name: property.name.clone(),
            kind: property.kind,
            flags: property.flags,
            value_hex: Hex(&property.value).to_string(),
            value: property.typed().and_then(|value| {
                Some(match value {
                    Value::Timestamp(number) => PropertyValue::Number(number),
                    Value::Int(number) => PropertyValue::Number(number.into()),
                    Value::Bool(value) => PropertyValue::Bool(value),
                    Value::Text(text) => PropertyValue::Text(text.to_owned()),
                    _ => return None,
                })
            }),
        }
    }

    pub(crate) const fn session(security: SessionSecurity) -> Self {
        Self::Session {
            security: security.number(),
        }
    }

    pub(crate) fn network(network: &AccessPoint) -> Self {
        Self::Network {
            ssid: SsidFields::new(network.ssid.as_bytes()),
            bssid: network.bssid.to_string(),
            channel: network.channel,
            rssi: network.rssi,
            auth: network.auth,
            active: network.active,
        }
    }

    pub(crate) fn thread_network(network: &ThreadNetwork) -> Self {
        Self::ThreadNetwork {
            name: String::from_utf8_lossy(network.name.as_bytes()).into_owned(),
            pan_id: network.pan_id,
            ext_pan_id: Hex(&network.ext_pan_id).to_string(),
            channel: network.channel,
            rssi: network.rssi,
            lqi: network.lqi,
        }
    }

    pub(crate) fn wifi_status(status: &WifiStatus) -> Self {
        let (state, reason, attempts_remaining) = match status {
            WifiStatus::Connected(_) => ("connected", None, None),
            WifiStatus::Connecting { attempts_remaining } => ("connecting", None, *attempts_remaining),
            WifiStatus::Failed(WifiFailure::AuthError) => ("failed", Some("auth_error"), None),
            WifiStatus::Failed(WifiFailure::NetworkNotFound) => ("failed", Some("network_not_found"), None),
            WifiStatus::Failed(_) => ("failed", Some("unknown"), None),
            _ => ("disconnected", None, None),
        };
        Self::Status {
            network: "wifi",
            state,
            reason,
            attempts_remaining,
            name: None,
        }
    }

    pub(crate) fn thread_status(status: &ThreadStatus) -> Self {
        use espprov_types::ThreadFailure as F;
        let (state, reason, name) = match status {
            ThreadStatus::Attached(on) => (
                "connected",
                None,
                Some(String::from_utf8_lossy(on.name.as_bytes()).into_owned()),
            ),
            ThreadStatus::Attaching => ("connecting", None, None),
            ThreadStatus::Failed(F::DatasetInvalid) => ("failed", Some("dataset_invalid"), None),
            ThreadStatus::Failed(F::NetworkNotFound) => ("failed", Some("network_not_found"), None),
            ThreadStatus::Failed(_) => ("failed", Some("unknown"), None),
            _ => ("disconnected", None, None),
        };
        Self::Status {
            network: "thread",
            state,
            reason,
            attempts_remaining: None,
            name,
        }
    }

    pub(crate) fn result(end: &Result<Success, Failure>) -> Self {
        match end {
            Ok(success) => Self::Result {
                ok: true,
                outcome: success.outcome,
                ip: success.ip,
                ssid: success.ssid.as_deref().map(SsidFields::new),
                error: None,
            },
            Err(failure) => Self::Result {
                ok: false,
                outcome: failure.outcome(),
                ip: None,
                ssid: None,
                error: Some(ErrorFields::new(failure)),
            },
        }
    }
}

/// Lower case and without spaces or slashes, for scripts.
fn auth_name<S: Serializer>(mode: &AuthMode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&mode.to_string().to_ascii_lowercase().replace('/', "-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(report: &Report) -> String {
        serde_json::to_string(report).unwrap()
    }

    #[test]
    fn lines_as_documented() {
        assert_eq!(json(&Report::ConfigSent), r#"{"event":"config_sent"}"#);
        assert_eq!(
            json(&Report::Connecting {
                attempts_remaining: None
            }),
            r#"{"event":"connecting"}"#
        );
        let network = AccessPoint::new(
            espprov_types::Ssid::new(b"Caf\xe9").unwrap(),
            espprov_types::Bssid::new([1, 2, 3, 4, 5, 6]),
            6,
            -41,
            AuthMode::WpaWpa2Psk,
        );
        assert_eq!(
            json(&Report::network(&network)),
            "{\"event\":\"network\",\"ssid\":\"Caf\u{fffd}\",\"ssid_hex\":\"436166e9\",\
             \"bssid\":\"01:02:03:04:05:06\",\"channel\":6,\"rssi\":-41,\"auth\":\"wpa-wpa2\"}"
        );
        let success = Success {
            outcome: "connected",
            ip: Some(Ipv4Addr::new(10, 0, 0, 1)),
            ssid: Some(b"Home".to_vec()),
            summary: String::new(),
        };
        assert_eq!(
            json(&Report::result(&Ok(success))),
            r#"{"event":"result","ok":true,"outcome":"connected","ip":"10.0.0.1","ssid":"Home","ssid_hex":"486f6d65"}"#
        );
        let failure = Failure::usage("bad", "no good")
            .with_cause("why")
            .with_help("do it");
        assert_eq!(
            json(&Report::result(&Err(failure))),
            r#"{"event":"result","ok":false,"outcome":"failed","error":{"code":"bad","message":"no good","cause":"why","help":"do it"}}"#
        );
    }
}
