//! Text that is no setup payload.

use crate::{Caller, Error};
use alloc::string::ToString;
use espprov_types::{PayloadError, PayloadField};

/// Why it is none. The text may hold credentials: nothing of it is repeated.
#[must_use]
pub fn payload(caller: Caller, error: &PayloadError) -> Error {
    let failure = Error::usage("invalid_payload", error.to_string());
    match error {
        PayloadError::Matter => failure
            .with_cause("Matter devices are commissioned in another way: this program cannot open them with that code")
            .with_help("use a Matter commissioner (chip-tool, or the app of a Matter hub), or look for another code on the device"),
        PayloadError::Dpp => failure
            .with_cause("Wi-Fi Easy Connect is another way of provisioning, which phones have built in")
            .with_help("scan it with the Wi-Fi settings of a phone, or look for another code on the device"),
        PayloadError::Wifi => failure
            .with_cause("it says how to join a Wi-Fi network, and nothing about a device")
            .advise(caller, "{network-flags}"),
        PayloadError::NotAPayload => failure
            .with_cause("it has neither the JSON document of a setup code nor a link or a log line with one in it")
            .advise(caller, "copy the whole text of the code on the device or from its log{quoted}"),
        PayloadError::Json(_) => failure
            .with_cause(caller.say("the text is cut off{shell}"))
            .advise(caller, "{quotes}"),
        PayloadError::InvalidEncoding => failure
            .with_cause("a link with percent signs in it was cut off or changed on its way")
            .advise(caller, "copy the link again, or {json}"),
        PayloadError::Missing(PayloadField::Name | PayloadField::Transport) => failure
            .with_cause("the code was made incompletely: without it nobody knows where the device is")
            .advise(caller, "{target-pop}"),
        PayloadError::Missing(_) | PayloadError::WrongType(_) => failure
            .with_cause("the code was made by a tool that does not follow the format")
            .advise(caller, "{target-login}"),
        PayloadError::TooLong(_) => failure
            .with_cause("no device has a name, or takes credentials, of that length")
            .with_help("check that this is the code of an ESP32 in provisioning mode"),
        PayloadError::UnknownVersion => failure
            .with_cause("the code is in a newer format than this program knows, or belongs to something else")
            .advise(caller, "look for a newer espprov, or {target}"),
        PayloadError::UnknownTransport => failure
            .with_cause("setup codes name Bluetooth (ble) or the device's own Wi-Fi network (softap)")
            .advise(caller, "{other-target}"),
        PayloadError::UnknownSecurity => failure
            .with_cause("the device has a scheme that this program does not know, or the code is wrong")
            .advise(caller, "look for a newer espprov, or {target}"),
        PayloadError::UnknownNetwork => failure
            .with_cause("the device joins a kind of network that this program does not know, or the code is wrong")
            .advise(caller, "look for a newer espprov, or {target}"),
        _ => failure
            .with_cause("the code belongs to another system, or was changed on its way")
            .advise(caller, "look for another code on the device, or {target}"),
    }
}
