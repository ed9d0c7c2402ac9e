//! Ends of a provisioning that are no success, and values that cannot be one.

use super::{Exit, Failure, Stage};
use espprov_core::WifiConfigError;
use espprov_types::{ThreadFailure, WifiFailure};

/// The device says that it could not join.
pub(crate) fn from_wifi_outcome(why: WifiFailure, name: &str) -> Failure {
    match why {
        WifiFailure::AuthError => Failure::new(
            Exit::AuthFailed,
            "auth_error",
            format!("the network \"{name}\" refused the device"),
        )
        .cause("nearly always a wrong passphrase")
        .help("check the passphrase (upper and lower case count) and run again")
        .outcome("auth_error"),
        WifiFailure::NetworkNotFound => Failure::new(
            Exit::NetworkNotFound,
            "network_not_found",
            format!("the device does not find the network \"{name}\""),
        )
        .cause("out of reach, a typing error in the name, or a 5 GHz network: most of these devices hear 2.4 GHz only")
        .help("see with espprov scan what the device hears, then run again")
        .outcome("network_not_found")
        .retry(Stage::Late),
        _ => Failure::new(
            Exit::Unexpected,
            "connect_failed",
            format!("the device could not join the network \"{name}\" and gives no reason this program knows"),
        )
        .cause("its firmware reports a failure of its own")
        .help("see the device's log, or run again")
        .retry(Stage::Late),
    }
}

/// The device says that it could not attach.
pub(crate) fn from_thread_outcome(why: ThreadFailure) -> Failure {
    match why {
        ThreadFailure::DatasetInvalid => Failure::new(
            Exit::Refused,
            "dataset_invalid",
            "the device cannot use the Thread dataset",
        )
        .cause("a part is missing (network key, channel, PAN id, extended PAN id) or wrong")
        .help("take the active dataset of the border router (ot-ctl dataset active -x) and run again"),
        ThreadFailure::NetworkNotFound => Failure::new(
            Exit::NetworkNotFound,
            "network_not_found",
            "the device does not find the Thread network",
        )
        .cause("out of reach, another channel, or a wrong network key")
        .help("see with espprov scan --thread what the device hears, then run again")
        .outcome("network_not_found")
        .retry(Stage::Late),
        _ => Failure::new(
            Exit::Unexpected,
            "attach_failed",
            "the device could not attach to the Thread network and gives no reason this program knows",
        )
        .cause("its firmware reports a failure of its own")
        .help("see the device's log, or run again")
        .retry(Stage::Late),
    }
}

/// The device was lost before it said what became of the credentials.
pub(crate) fn unconfirmed() -> Failure {
    Failure::new(
        Exit::Unconfirmed,
        "unconfirmed",
        "the device may have taken the credentials, but went away before it said what became of them",
    )
    .cause("it lost power, restarted, went out of reach, or joined its network without a last word")
    .help("look whether it is on its network now; if it is in provisioning mode again, run again")
    .outcome("unconfirmed")
}

/// Wi-Fi credentials that break the rules.
pub(crate) fn from_config(error: WifiConfigError) -> Failure {
    let (code, help) = match error {
        WifiConfigError::SsidEmpty | WifiConfigError::SsidTooLong => (
            "invalid_ssid",
            "give --ssid with 1 to 32 bytes (letters beyond ASCII take two to four), or raw bytes with --ssid-hex",
        ),
        WifiConfigError::ContainsNul => (
            "invalid_ssid",
            "devices cut names and passphrases at a NUL: give values without one",
        ),
        _ => (
            "invalid_passphrase",
            "give --passphrase with 8 to 63 bytes (or 64 hex digits for a raw key), --open for an open network, or --unchecked for a WEP key",
        ),
    };
    Failure::usage(code, error.to_string())
        .cause("Wi-Fi allows no such value; nothing was sent")
        .help(help)
}
