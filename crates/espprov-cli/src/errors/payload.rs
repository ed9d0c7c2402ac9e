//! Text that is no setup payload.

use super::Failure;
use espprov_types::{PayloadError, PayloadField};

/// Why it is none. The text may hold credentials: nothing of it is repeated.
pub(crate) fn from_payload(error: &PayloadError) -> Failure {
    let failure = Failure::usage("invalid_payload", error.to_string());
    match error {
        PayloadError::Matter => failure
            .cause("Matter devices are commissioned in another way: this program cannot open them with that code")
            .help("use a Matter commissioner (chip-tool, or the app of a Matter hub), or look for another code on the device"),
        PayloadError::Dpp => failure
            .cause("Wi-Fi Easy Connect is another way of provisioning, which phones have built in")
            .help("scan it with the Wi-Fi settings of a phone, or look for another code on the device"),
        PayloadError::Wifi => failure
            .cause("it says how to join a Wi-Fi network, and nothing about a device")
            .help("give the code on the device; the network goes with --ssid and --passphrase"),
        PayloadError::NotAPayload => failure
            .cause("it has neither the JSON document of a setup code nor a link or a log line with one in it")
            .help("copy the whole text of the code on the device or from its log, and put it between single quotes"),
        PayloadError::Json(_) => failure
            .cause("the text is cut off, or the shell took the quotation marks away")
            .help("put the whole text of the code between single quotes"),
        PayloadError::InvalidEncoding => failure
            .cause("a link with percent signs in it was cut off or changed on its way")
            .help("copy the link again, or give the JSON document itself between single quotes"),
        PayloadError::Missing(PayloadField::Name | PayloadField::Transport) => failure
            .cause("the code was made incompletely: without it nobody knows where the device is")
            .help("give the target itself, such as ble:NAME or softap, with --pop from the code"),
        PayloadError::Missing(_) | PayloadError::WrongType(_) => failure
            .cause("the code was made by a tool that does not follow the format")
            .help("give the target itself, such as ble:NAME or softap, with --pop, --username and --password"),
        PayloadError::TooLong(_) => failure
            .cause("no device has a name, or takes credentials, of that length")
            .help("check that this is the code of an ESP32 in provisioning mode"),
        PayloadError::UnknownVersion => failure
            .cause("the code is in a newer format than this program knows, or belongs to something else")
            .help("look for a newer espprov, or give the target itself, such as ble:NAME"),
        PayloadError::UnknownTransport => failure
            .cause("setup codes name Bluetooth (ble) or the device's own Wi-Fi network (softap)")
            .help("give the target itself, such as serial:PORT or http://HOST, with --pop from the code"),
        PayloadError::UnknownSecurity => failure
            .cause("the device has a scheme that this program does not know, or the code is wrong")
            .help("look for a newer espprov, or give the target itself, such as ble:NAME"),
        PayloadError::UnknownNetwork => failure
            .cause("the device joins a kind of network that this program does not know, or the code is wrong")
            .help("look for a newer espprov, or give the target itself, such as ble:NAME"),
        _ => failure
            .cause("the code belongs to another system, or was changed on its way")
            .help("look for another code on the device, or give the target itself, such as ble:NAME"),
    }
}
