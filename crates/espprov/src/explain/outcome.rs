//! Ends of a provisioning that are no success, and values that cannot be one.

use crate::Caller;
use crate::error::{Class, Error, Stage};
use alloc::format;
use alloc::string::ToString;
use espprov_core::WifiConfigError;
use espprov_types::{ThreadFailure, WifiFailure};

/// The device says that it could not join.
#[must_use]
pub fn wifi_outcome(caller: Caller, why: WifiFailure, name: &str) -> Error {
    match why {
        WifiFailure::AuthError => Error::new(
            Class::AuthFailed,
            "auth_error",
            format!("the network \"{name}\" refused the device"),
        )
        .with_cause("nearly always a wrong passphrase")
        .with_help(caller.say("check the passphrase (upper and lower case count) and {again}"))
        .with_outcome("auth_error"),
        WifiFailure::NetworkNotFound => Error::new(
            Class::NetworkNotFound,
            "network_not_found",
            format!("the device does not find the network \"{name}\""),
        )
        .with_cause("out of reach, a typing error in the name, or a 5 GHz network: most of these devices hear 2.4 GHz only")
        .with_help(caller.say("{scan}, then {again}"))
        .with_outcome("network_not_found")
        .with_retry(Some(Stage::Late)),
        _ => Error::new(
            Class::Unexpected,
            "connect_failed",
            format!("the device could not join the network \"{name}\" and gives no reason this program knows"),
        )
        .with_cause("its firmware reports a failure of its own")
        .with_help(caller.say("see the device's log, or {again}"))
        .with_retry(Some(Stage::Late)),
    }
}

/// The device says that it could not attach.
#[must_use]
pub fn thread_outcome(caller: Caller, why: ThreadFailure) -> Error {
    match why {
        ThreadFailure::DatasetInvalid => Error::new(
            Class::Refused,
            "dataset_invalid",
            "the device cannot use the Thread dataset",
        )
        .with_cause("a part is missing (network key, channel, PAN id, extended PAN id) or wrong")
        .with_help(
            caller.say("take the active dataset of the border router (ot-ctl dataset active -x) and {again}"),
        ),
        ThreadFailure::NetworkNotFound => Error::new(
            Class::NetworkNotFound,
            "network_not_found",
            "the device does not find the Thread network",
        )
        .with_cause("out of reach, another channel, or a wrong network key")
        .with_help(caller.say("{scan-thread}, then {again}"))
        .with_outcome("network_not_found")
        .with_retry(Some(Stage::Late)),
        _ => Error::new(
            Class::Unexpected,
            "attach_failed",
            "the device could not attach to the Thread network and gives no reason this program knows",
        )
        .with_cause("its firmware reports a failure of its own")
        .with_help(caller.say("see the device's log, or {again}"))
        .with_retry(Some(Stage::Late)),
    }
}

/// The device was lost before it said what became of the credentials.
#[must_use]
pub fn unconfirmed(caller: Caller) -> Error {
    Error::new(
        Class::Unconfirmed,
        "unconfirmed",
        "the device may have taken the credentials, but went away before it said what became of them",
    )
    .with_cause("it lost power, restarted, went out of reach, or joined its network without a last word")
    .with_help(
        caller.say("look whether it is on its network now; if it is in provisioning mode again, {again}"),
    )
    .with_outcome("unconfirmed")
}

/// Wi-Fi credentials that break the rules.
#[must_use]
pub fn config(caller: Caller, error: WifiConfigError) -> Error {
    let (code, help) = match error {
        WifiConfigError::SsidEmpty | WifiConfigError::SsidTooLong => ("invalid_ssid", "{ssid}"),
        WifiConfigError::ContainsNul => (
            "invalid_ssid",
            "devices cut names and passphrases at a NUL: give values without one",
        ),
        _ => ("invalid_passphrase", "{passphrase}"),
    };
    Error::usage(code, error.to_string())
        .with_cause("Wi-Fi allows no such value; nothing was sent")
        .with_help(caller.say(help))
}

/// A credential that no firmware takes.
#[must_use]
pub fn too_long(caller: Caller) -> Error {
    Error::usage("too_long", "a credential has more bytes than any firmware takes")
        .with_cause("the value is not the one on the label")
        .with_help(caller.say("check {credentials} against the label on the device"))
}
