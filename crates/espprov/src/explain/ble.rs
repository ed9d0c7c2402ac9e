//! Errors of the Bluetooth link, and of this computer's Bluetooth.

use super::{LinkError, lost};
use crate::Place;
use crate::error::{Class, Error, Stage};
use alloc::borrow::Cow;
use alloc::string::ToString;
use espprov_btleplug::BleError;
use espprov_core::Phase;
use espprov_transport::TransportError;

impl LinkError for BleError {
    fn explain(&self, phase: Phase, place: &Place) -> Error {
        explain(phase, self, place)
    }
}

fn explain(phase: Phase, error: &BleError, place: &Place) -> Error {
    let said = error.to_string();
    let (code, cause) = match error {
        BleError::NoAdapter | BleError::NoSuchAdapter => ("no_adapter", "this computer cannot send"),
        BleError::AdapterOff => ("adapter_off", "it was switched off, or is blocked"),
        BleError::NoPermission => ("no_permission", "the system keeps Bluetooth from this program"),
        BleError::NoBluetoothService => (
            "no_bluetooth",
            "the system's Bluetooth service is not installed or not running",
        ),
        BleError::DeviceNotFound => (
            "device_not_found",
            "no device in reach advertises provisioning under that name, address and service",
        ),
        BleError::ConnectFailed | BleError::ConnectTimedOut => (
            "cannot_connect",
            "it has just gone, is at the edge of reach, or serves another client",
        ),
        BleError::ClassicTried => (
            "classic_bluetooth",
            "the device offers both kinds of Bluetooth, and the system chose the one without provisioning",
        ),
        BleError::NotProvisionable => (
            "not_a_device",
            "it is another kind of device, or its firmware has a service UUID of its own",
        ),
        BleError::NeedsPairing => ("needs_pairing", "its firmware was built to demand it"),
        BleError::ServiceLost { .. } => (
            "bluetooth",
            "bluetoothd crashed, or somebody restarted it; the device is not to blame",
        ),
        BleError::TableChanged { .. } => (
            "cannot_connect",
            "its firmware was replaced, and the system remembers the old one's endpoints",
        ),
        BleError::Platform(_) => (
            "bluetooth",
            "the system's Bluetooth is confused, or another program uses it",
        ),
        other => return lost(phase, other.fault(), &said, place),
    };
    // The platform's own advice: where its settings are.
    let help = advice(error, place);
    let failure = Error::new(Class::Link, code, said)
        .with_cause(cause)
        .with_help(help)
        .with_mended(error.is_mended_by_reconnecting());
    match error {
        BleError::DeviceNotFound
        | BleError::ConnectFailed
        | BleError::ConnectTimedOut
        | BleError::ClassicTried
        | BleError::ServiceLost { .. }
        | BleError::TableChanged { .. }
        | BleError::Platform(_) => failure.with_retry(Some(Stage::Early)),
        _ => failure,
    }
}

fn advice(error: &BleError, place: &Place) -> Cow<'static, str> {
    match error.help() {
        Some(help) => Cow::Borrowed(help),
        None => place.say("switch Bluetooth off and on, then {again}"),
    }
}
