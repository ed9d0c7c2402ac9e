//! Ends of a provisioning that are no success, and values that cannot be one.

use crate::Caller;
use crate::error::{Class, Error, Stage};
use alloc::format;
use alloc::string::ToString;
use espprov_core::WifiConfigError;
use espprov_core::call::{StepFailure, StepFault};
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
        .advise(caller, "check the passphrase (upper and lower case count) and {again}")
        .with_outcome("auth_error"),
        WifiFailure::NetworkNotFound => Error::new(
            Class::NetworkNotFound,
            "network_not_found",
            format!("the device does not find the network \"{name}\""),
        )
        .with_cause("out of reach, a typing error in the name, or a 5 GHz network: most of these devices hear 2.4 GHz only")
        .advise(caller, "{scan}, then {again}")
        .with_outcome("network_not_found")
        .with_retry(Some(Stage::Late)),
        _ => Error::new(
            Class::Unexpected,
            "connect_failed",
            format!("the device could not join the network \"{name}\" and gives no reason this program knows"),
        )
        .with_cause("its firmware reports a failure of its own")
        .advise(caller, "see the device's log, or {again}")
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
        .advise(
            caller,
            "take the active dataset of the border router (ot-ctl dataset active -x) and {again}",
        ),
        ThreadFailure::NetworkNotFound => Error::new(
            Class::NetworkNotFound,
            "network_not_found",
            "the device does not find the Thread network",
        )
        .with_cause("out of reach, another channel, or a wrong network key")
        .advise(caller, "{scan-thread}, then {again}")
        .with_outcome("network_not_found")
        .with_retry(Some(Stage::Late)),
        _ => Error::new(
            Class::Unexpected,
            "attach_failed",
            "the device could not attach to the Thread network and gives no reason this program knows",
        )
        .with_cause("its firmware reports a failure of its own")
        .advise(caller, "see the device's log, or {again}")
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
    .advise(
        caller,
        "look whether it is on its network now; if it is in provisioning mode again, {again}",
    )
    .with_outcome("unconfirmed")
}

/// An application's data was not taken ahead of the credentials: what the driver said of it, which step it was of how many, on
/// which endpoint, and what the device has by then.
#[must_use]
pub fn step_before(error: Error, at: StepFailure, count: usize, endpoint: &str) -> Error {
    let step = at.index.saturating_add(1);
    let sent = match at.fault {
        StepFault::Unanswered { delivered: true } => "may have got this one",
        _ => "has not got this one",
    };
    let had = match at.index {
        0 => "".into(),
        1 => "took the step before, ".to_string(),
        n => format!("took the {n} steps before, "),
    };
    let message = format!(
        "step {step} of {count} before the credentials ({endpoint}): {}",
        error.message()
    );
    let cause = format!(
        "{}; the device {had}{sent} and was not given its network",
        error.cause()
    );
    error.with_message(message).with_cause(cause)
}

/// The device is on its network, and an application's data that was to follow was not taken.
#[must_use]
pub fn joined_incomplete(caller: Caller, at: StepFailure, count: usize, endpoint: &str) -> Error {
    let step = at.index.saturating_add(1);
    let cause = match at.fault {
        StepFault::NoSuchEndpoint => "the firmware registered no endpoint of that name",
        StepFault::NotSent => {
            "it was not sent: it is longer than this link carries, or may not travel unencrypted"
        }
        StepFault::NotReached => "the device left before it was this step's turn; it has not got it",
        StepFault::Unanswered { delivered: true } => {
            "it was sent and not answered in time: the device may have got it, or not"
        }
        _ => "the device could not be reached in time; it has not got it",
    };
    Error::new(
        Class::Incomplete,
        "joined_incomplete",
        format!("the device joined its network, but step {step} of {count} after it ({endpoint}) is not done"),
    )
    .with_cause(cause)
    .advise(caller, "hand over what is missing in another way, or bring the device back into provisioning mode and {again}")
    .with_outcome("joined_incomplete")
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
        .advise(caller, help)
}

/// A credential that no firmware takes.
#[must_use]
pub fn too_long(caller: Caller) -> Error {
    Error::usage("too_long", "a credential has more bytes than any firmware takes")
        .with_cause("the value is not the one on the label")
        .advise(caller, "check {credentials} against the label on the device")
}
