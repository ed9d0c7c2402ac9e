//! The links' part of the table: what keeps this computer from a device, or parts them.

use super::{Exit, Failure, Place, Stage, io_reason, os_reason};
use crate::link::LinkError;
use espprov_btleplug::BleError;
use espprov_core::Phase;
use espprov_http::HttpError;
use espprov_serial::ConsoleError;
use espprov_transport::{LinkFault, TransportError};

/// An error of a link, with no driver above it: opening it failed.
pub(crate) fn from_link(phase: Phase, error: &LinkError, place: &Place) -> Failure {
    match error {
        LinkError::Http(error) => from_http(phase, error, place),
        LinkError::Ble(error) => from_ble(phase, error, place),
        LinkError::Serial(ConsoleError::NoPrompt) => Failure::new(Exit::Link, "no_prompt", format!("{}: {error}", place.label))
            .cause("no device is connected, it runs at another speed, or its firmware has no provisioning console")
            .help("check the cable and the speed (serial:PORT?baud=N); reset=hold suits boards that stay silent, prompt-wait=20s slow ones")
            .retry(Stage::Early),
        LinkError::Serial(error @ (ConsoleError::Spoiled | ConsoleError::EchoMismatch)) => Failure::new(
            Exit::Link,
            "answer_spoiled",
            format!("an answer was lost while {phase}: {error}"),
        )
        .cause("the application prints a lot on the line of its console, or the cable or the speed loses characters")
        .help("run again; if it stays so, let the firmware print less, or log instead of printing (ESP_LOGI)"),
        LinkError::Serial(error @ ConsoleError::Restarted) => {
            Failure::new(Exit::Link, "device_restarted", format!("{error} while {phase}"))
                .cause("its supply is too weak for its radio (a brownout), its firmware crashed, or somebody reset it")
                .help("look at what it prints with a serial monitor, try another cable or supply, then run again")
        }
        LinkError::Serial(error) => lost(phase, error.fault(), &error.to_string(), place),
        LinkError::Sim(_) => lost(phase, error.fault(), &error.to_string(), place),
    }
}

/// An error of the HTTP link.
fn from_http(phase: Phase, error: &HttpError, place: &Place) -> Failure {
    let at = &place.label;
    let unreachable = |why: String| {
        Failure::new(Exit::Link, "unreachable", format!("cannot reach {at}: {why}"))
            .cause("the device is off, or this computer is not on the device's own Wi-Fi network")
            .help(place.how_to_reach())
            .retry(Stage::Early)
    };
    match error {
        HttpError::Connect(kind) => unreachable(io_reason(*kind)),
        HttpError::ConnectTimedOut => unreachable("no answer".to_owned()),
        HttpError::UnknownHost => Failure::new(
            Exit::Link,
            "unknown_host",
            format!("cannot reach {at}: no such name"),
        )
        .cause("the name is mistyped, or nobody on this network answers for it (.local names need mDNS)")
        .help("check the name, or give the device's address: http://192.168.4.1")
        .retry(Stage::Early),
        HttpError::System(code) => Failure::new(
            Exit::Link,
            "no_socket",
            format!(
                "cannot reach {at}: {}",
                os_reason(&std::io::Error::from_raw_os_error(*code))
            ),
        )
        .cause("this computer, not the device, is in the way")
        .help("close other programs, or raise the limits (ulimit -n), then run again")
        .retry(Stage::Early),
        HttpError::NotHttp | HttpError::TooMuchFraming | HttpError::UnexpectedStatus { .. } => {
            place.not_a_device(error.to_string())
        }
        HttpError::Gateway { .. } => Failure::new(Exit::Link, "gateway", error.to_string())
            .cause("a proxy stands between this computer and the device")
            .help("go round the proxy, or wait until the device is back, then run again"),
        other => lost(phase, other.fault(), &other.to_string(), place),
    }
}

/// An error of the Bluetooth link, or of this computer's Bluetooth.
pub(crate) fn from_ble(phase: Phase, error: &BleError, place: &Place) -> Failure {
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
    let mut failure = Failure::new(Exit::Link, code, said).cause(cause).help(
        error
            .help()
            .unwrap_or("switch Bluetooth off and on, then run again"),
    );
    failure.mended = error.is_mended_by_reconnecting();
    match error {
        BleError::DeviceNotFound
        | BleError::ConnectFailed
        | BleError::ConnectTimedOut
        | BleError::ClassicTried
        | BleError::ServiceLost { .. }
        | BleError::TableChanged { .. }
        | BleError::Platform(_) => failure.retry(Stage::Early),
        _ => failure,
    }
}

fn lost(phase: Phase, fault: LinkFault, said: &str, place: &Place) -> Failure {
    let better = place.how_to_hear_better();
    match fault {
        LinkFault::Garbled => place.not_a_device(said.to_owned()),
        LinkFault::TimedOut { .. } => Failure::new(Exit::Link, "no_answer", format!("no answer while {phase}"))
            .cause(match place.transport {
                "serial" => "the device is busy, has restarted, or lost what it was sent",
                _ => "the device is busy (joining a network on another channel) or out of reach",
            })
            .help(format!("{better} and run again; --retries N does that by itself")),
        LinkFault::NeedsPairing => Failure::new(Exit::Link, "needs_pairing", "the device asks for pairing first")
            .cause("its firmware was built to demand it")
            .help("pair with the device in the system settings, then run again"),
        _ => Failure::new(Exit::Link, "link_lost", format!("the link failed while {phase}: {said}"))
            .cause(match place.transport {
                "serial" => "the device restarted, the cable came off, or another program reads from the port",
                _ => "the device went out of reach, restarted, or closed its provisioning service",
            })
            .help(format!("{better}, check that the device is still in provisioning mode, and run again; --retries N does that by itself")),
    }
}
