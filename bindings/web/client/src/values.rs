//! What calls return, in JSON. Names of networks are bytes, so they travel in hex.

use crate::json::Json;
use alloc::string::ToString;
use espprov::{Class, Error};
use espprov_types::hex::Hex;
use espprov_types::{
    AccessPoint, DeviceInfo, ThreadAttachment, ThreadFailure, ThreadNetwork, ThreadStatus, WifiConnection,
    WifiFailure, WifiStatus,
};

pub(crate) fn info(json: &mut Json, info: &DeviceInfo) {
    json.text("version", &info.version);
    if info.names_scheme() {
        json.plain("security", info.scheme().number())
            .plain("patch", info.patch_level());
    }
    json.key("capabilities").array(|json| {
        for name in info.capabilities.names() {
            json.string(name);
        }
    });
    json.key("apps").array(|json| {
        for app in info.apps.iter() {
            json.object(|json| {
                json.text("label", &app.label).text("version", &app.version);
            });
        }
    });
}

pub(crate) fn access_point(json: &mut Json, network: &AccessPoint) {
    // As in the lines of the command.
    let auth = network.auth.to_string().to_ascii_lowercase().replace('/', "-");
    json.bytes("ssid", network.ssid.as_bytes())
        .text("bssid", &network.bssid.to_string())
        .plain("channel", network.channel)
        .plain("rssi", network.rssi)
        .text("auth", &auth)
        .plain("private", network.is_private())
        .plain("active", network.active);
}

pub(crate) fn thread_network(json: &mut Json, network: &ThreadNetwork) {
    json.text("name", &network.name.to_string())
        .plain("panId", network.pan_id)
        .text("extPanId", &Hex(&network.ext_pan_id).to_string())
        .plain("channel", network.channel)
        .plain("rssi", network.rssi)
        .plain("lqi", network.lqi);
}

pub(crate) fn connection(json: &mut Json, on: &WifiConnection) {
    json.bytes("ssid", on.ssid.as_bytes());
    if let Some(ip) = on.ip {
        json.text("ip", &ip.to_string());
    }
    json.maybe("channel", on.channel);
}

pub(crate) fn attachment(json: &mut Json, on: &ThreadAttachment) {
    json.text("networkName", &on.name.to_string())
        .plain("panId", on.pan_id)
        .plain("channel", on.channel);
}

pub(crate) fn wifi_status(json: &mut Json, status: &WifiStatus) {
    match status {
        WifiStatus::Connected(on) => connection(json.text("state", "connected"), on),
        WifiStatus::Connecting { attempts_remaining } => {
            json.text("state", "connecting")
                .maybe("attemptsRemaining", *attempts_remaining);
        }
        WifiStatus::Failed(why) => {
            let reason = match why {
                WifiFailure::AuthError => "auth_error",
                WifiFailure::NetworkNotFound => "network_not_found",
                _ => "unknown",
            };
            json.text("state", "failed").text("reason", reason);
        }
        _ => {
            json.text("state", "disconnected");
        }
    }
}

pub(crate) fn thread_status(json: &mut Json, status: &ThreadStatus) {
    match status {
        ThreadStatus::Attached(on) => attachment(json.text("state", "connected"), on),
        ThreadStatus::Attaching => {
            json.text("state", "connecting");
        }
        ThreadStatus::Failed(why) => {
            let reason = match why {
                ThreadFailure::DatasetInvalid => "dataset_invalid",
                ThreadFailure::NetworkNotFound => "network_not_found",
                _ => "unknown",
            };
            json.text("state", "failed").text("reason", reason);
        }
        _ => {
            json.text("state", "disconnected");
        }
    }
}

/// An error of the front door.
pub(crate) fn error(json: &mut Json, error: &Error) {
    let kind = match error.class() {
        Class::Usage => "usage",
        Class::Link => "link",
        Class::Credentials => "credentials",
        Class::Policy => "policy",
        Class::Refused => "refused",
        Class::AuthFailed => "auth_failed",
        Class::NetworkNotFound => "network_not_found",
        Class::Deadline => "deadline",
        Class::Unconfirmed => "unconfirmed",
        Class::Interrupted => "interrupted",
        _ => "unexpected",
    };
    json.text("code", error.code())
        .text("kind", kind)
        .text("message", error.message())
        .text("likelyCause", error.cause())
        .text("help", error.help())
        .plain("retry", error.retry().is_some());
}
