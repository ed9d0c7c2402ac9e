//! The table: every error of the driver and its links, in plain words.

use super::{Exit, Failure, Stage, deadline, io_reason, os_reason};
use crate::link::LinkError;
use espprov_btleplug::BleError;
use espprov_core::auth::{PolicyError, SessionSecurity};
use espprov_core::{Phase, ProvisionError};
use espprov_http::HttpError;
use espprov_security::HandshakeError;
use espprov_serial::ConsoleError;
use espprov_transport::{LinkFault, TransportError};
use espprov_types::StatusCode;
use zeroize::Zeroizing;

/// Where the device is, for messages. No `Debug`: it may hold a passphrase.
#[derive(Clone)]
pub(crate) struct Place {
    /// `sim`, `http`, …
    pub(crate) transport: &'static str,
    /// The target without anything secret.
    pub(crate) label: String,
    /// Name of the device's own Wi-Fi network, if it may be shown.
    pub(crate) network: Option<String>,
    /// The passphrase of that network, if it may be shown.
    pub(crate) passphrase: Option<Zeroizing<String>>,
    /// The device's name is known from its label and must not be shown.
    pub(crate) anonymous: bool,
}

impl Place {
    /// What to do when nothing is there.
    fn how_to_reach(&self) -> String {
        match self.transport {
            "http" => {}
            "serial" => {
                return "check the cable and the speed (serial:PORT?baud=N), restart the device, then run again"
                    .to_owned();
            }
            _ => return "check that the device is on and in reach, then run again".to_owned(),
        }
        let name = self
            .network
            .as_ref()
            .map_or_else(|| "network".to_owned(), |name| format!("\"{name}\""));
        let passphrase = self.passphrase.as_ref().map_or_else(String::new, |passphrase| {
            format!(" (its passphrase: {})", **passphrase)
        });
        let mut help = format!("join the Wi-Fi {name} shown by the device{passphrase}, then run again");
        if ["127.", "localhost", "[::1]"]
            .iter()
            .any(|host| self.label.contains(host))
        {
            help.push_str("; for a simulated device start `espprov simulate --http HOST:PORT` first");
        }
        help
    }

    /// What helps a link that stands but carries little.
    pub(super) const fn how_to_hear_better(&self) -> &'static str {
        match self.transport.as_bytes() {
            b"ble" => "move this computer closer to the device",
            b"serial" => "check the cable and the speed (serial:PORT?baud=N)",
            b"http" => "stay on the device's own Wi-Fi network, close to it",
            _ => "look at the scenario's delays",
        }
    }

    fn not_a_device(&self, message: String) -> Failure {
        Failure::new(Exit::Link, "not_a_device", message)
            .cause(format!(
                "what answers at {} is not an ESP32 in provisioning mode",
                self.label
            ))
            .help(format!("check the target; {}", self.how_to_reach()))
    }
}

/// Whether the command itself may have reached the device.
const fn stage(phase: Phase) -> Stage {
    match phase {
        Phase::Connect | Phase::Info | Phase::Handshake => Stage::Early,
        _ => Stage::Late,
    }
}

/// An error of the driver.
pub(crate) fn from_provision(error: &ProvisionError<LinkError>, place: &Place) -> Failure {
    let said = error.to_string();
    match error {
        ProvisionError::Link { phase, error } => from_link(*phase, error, place).retry(stage(*phase)),
        ProvisionError::Refused { phase: Phase::Info } => {
            place.not_a_device("the device refused even to tell its version".to_owned())
        }
        ProvisionError::NoSuchEndpoint { phase: Phase::Info } => {
            place.not_a_device("there is no provisioning service at that address".to_owned())
        }
        ProvisionError::Refused { phase } => {
            let failure = Failure::new(Exit::Refused, "refused", said)
                .cause(
                    "the request does not suit the device's state or firmware, or its session was taken over",
                )
                .help("run again; if it stays so, restart the device (espprov info shows what it supports)");
            if matches!(phase, Phase::Data | Phase::Control) {
                failure
            } else {
                failure.retry(stage(*phase))
            }
        }
        ProvisionError::NoSuchEndpoint { phase } => no_such_endpoint(*phase),
        ProvisionError::Deadline { phase } => deadline(&phase.to_string(), place).retry(stage(*phase)),
        ProvisionError::Policy(policy) => from_policy(*policy),
        ProvisionError::PlaintextNotAllowed => Failure::new(
            Exit::Policy,
            "plaintext_not_allowed",
            "this device uses no encryption (security 0); nothing secret was sent",
        )
        .cause("whoever listens on the link would read the credentials")
        .help("if that is acceptable, add --allow-plaintext"),
        ProvisionError::SessionTaken { .. } => Failure::new(Exit::Link, "session_taken", said)
            .cause("a device serves one client at a time, and another program or phone uses it; this says nothing about the credentials")
            .help("close other provisioning apps and browser pages, then run again")
            .retry(Stage::Early),
        ProvisionError::WrongCredentials { security } => wrong_credentials(*security),
        ProvisionError::Handshake(error) => from_handshake(*error),
        ProvisionError::Status { phase, code } => from_status(*phase, *code),
        ProvisionError::Reply {
            phase: Phase::Info, ..
        } => place.not_a_device("the answer is not that of a provisioning device".to_owned()),
        ProvisionError::Reply { phase, .. } => Failure::new(Exit::Unexpected, "bad_reply", said)
            .cause("the session was disturbed, the firmware has a bug, or somebody interferes with the link")
            .help("run again; if it stays so, record an exchange with --trace FILE and report it")
            .retry(stage(*phase)),
        ProvisionError::RequestTooLarge { .. } if place.transport == "serial" => {
            Failure::new(Exit::Link, "request_too_large", said)
                .cause("consoles of stock firmware read lines of 254 characters, and security 2 takes longer ones")
                .help("if this firmware reads longer lines, add ?line-limit=0 to the target; else provision it over Bluetooth or Wi-Fi, or build it with security 1")
        }
        ProvisionError::RequestTooLarge { .. } => Failure::new(Exit::Link, "request_too_large", said)
            .cause("links to small devices have a limit per request")
            .help("cut the data into pieces with --chunk, or use another link (HTTP carries 4096 bytes)"),
        ProvisionError::ReplyTooLarge { .. } => Failure::new(Exit::Unexpected, "reply_too_large", said)
            .cause("no provisioning device sends that much")
            .help("check that this is the right device"),
        ProvisionError::EmptyRequest => Failure::usage("empty_request", "there is nothing to send")
            .help("give at least one byte: devices do not answer empty requests"),
        _ => Failure::new(Exit::Unexpected, "unexpected", said)
            .help("run again with -v, and report this if it stays"),
    }
}

/// An error of a link, with no driver above it: opening it failed.
pub(crate) fn from_link(phase: Phase, error: &LinkError, place: &Place) -> Failure {
    match error {
        LinkError::Http(error) => from_http(phase, error, place),
        LinkError::Ble(error) => from_ble(phase, error, place),
        LinkError::Serial(ConsoleError::NoPrompt) => Failure::new(Exit::Link, "no_prompt", format!("{}: {error}", place.label))
            .cause("no device is connected, it runs at another speed, or its firmware has no provisioning console")
            .help("check the cable and the speed (serial:PORT?baud=N), restart the device, then run again")
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
        BleError::Platform(_) => (
            "bluetooth",
            "the system's Bluetooth is confused, or another program uses it",
        ),
        other => return lost(phase, other.fault(), &said, place),
    };
    let failure = Failure::new(Exit::Link, code, said).cause(cause).help(
        error
            .help()
            .unwrap_or("switch Bluetooth off and on, then run again"),
    );
    match error {
        BleError::DeviceNotFound
        | BleError::ConnectFailed
        | BleError::ConnectTimedOut
        | BleError::ClassicTried
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

fn no_such_endpoint(phase: Phase) -> Failure {
    let failure = Failure::new(
        Exit::Refused,
        "no_such_endpoint",
        format!("the device has no endpoint for {phase}"),
    );
    match phase {
        Phase::Data => failure
            .cause("the firmware registered no endpoint of that name")
            .help("check the name (it is case-sensitive); custom-data is the usual one"),
        Phase::Handshake => failure
            .cause("the firmware registered no security at all, or is not in provisioning mode")
            .help("check with espprov info what the device offers"),
        _ => failure
            .cause("the firmware is older than this request, or was built without it")
            .help("check with espprov info what the device offers"),
    }
}

fn from_policy(policy: PolicyError) -> Failure {
    let said = policy.to_string();
    let refuse = |code, cause: &'static str, help: &'static str| {
        Failure::new(Exit::Policy, code, said.clone())
            .cause(cause)
            .help(help)
    };
    match policy {
        PolicyError::SecurityDowngrade { .. } => refuse(
            "security_downgrade",
            "somebody may pose as the device to get the credentials, or its firmware was built without security",
            "if the device really has no security, leave --pop and --password out and add --allow-plaintext",
        ),
        PolicyError::SecurityFall { offered, .. } => Failure::new(Exit::Policy, "security_fall", said)
            .cause("somebody may pose as the device to find out the credentials, or its firmware was replaced")
            .help(format!(
                "make sure that this is your device; if it really has security {offered} now, say so with --security {offered}"
            )),
        PolicyError::PopNotWanted => refuse(
            "pop_not_wanted",
            "somebody may pose as the device, or its firmware was built without a PoP",
            "if the device really has no PoP, give --pop ''",
        ),
        PolicyError::PasswordForSecurity1 => refuse(
            "password_for_security1",
            "a security 2 password must not be tried on a weaker scheme: whoever poses as the device could guess it",
            "if this is a security 1 device, give its proof of possession with --pop instead of --password",
        ),
        PolicyError::SchemeMismatch { .. } => refuse(
            "scheme_mismatch",
            "the firmware was built with another scheme than --security or the setup payload says",
            "check the device, or leave --security at auto",
        ),
        PolicyError::UnknownScheme(_) => refuse(
            "unknown_scheme",
            "the firmware is newer than this program, or what answers is no provisioning device",
            "check the address, or look for a newer espprov",
        ),
        PolicyError::PopMissing => super::missing("the proof of possession (PoP)", "--pop (empty: --pop '')"),
        PolicyError::PasswordMissing => super::missing(
            "the password of this security 2 device",
            "--password (or --pop) and, if it is not the usual one, --username",
        ),
        PolicyError::Handshake(error) => from_handshake(error),
        _ => Failure::new(Exit::Unexpected, "entropy", said)
            .help("the operating system gives no random numbers: restart it"),
    }
}

fn wrong_credentials(security: SessionSecurity) -> Failure {
    match security {
        SessionSecurity::Sec2 => Failure::new(Exit::Credentials, "wrong_password", "wrong username or password")
            .cause("the device could not confirm them: they are not the ones its firmware was built with (the link is fine)")
            .help("check --username (usually wifiprov, on Thread devices threadprov) and --password, or the label on the device, and run again"),
        _ => Failure::new(Exit::Credentials, "wrong_pop", "wrong proof of possession (PoP)")
            .cause("the device could not confirm it: it is not the one its firmware was built with (the link is fine)")
            .help("check --pop against the label on the device, and run again"),
    }
}

fn from_handshake(error: HandshakeError) -> Failure {
    let said = format!("handshake failed: {error}");
    match error {
        HandshakeError::NonceDowngrade => Failure::new(Exit::Policy, "nonce_downgrade", said)
            .cause("somebody may interfere with the link: the device claims the newer encryption and used the weaker one")
            .help("check that this is the right device; update its firmware"),
        HandshakeError::DeviceStatus(_) => Failure::new(Exit::Refused, "handshake_refused", said)
            .cause("the device is busy with another client, or its security settings are incomplete")
            .help("close other provisioning apps, restart the device, and run again"),
        HandshakeError::EmptyUsername => Failure::usage("empty_username", "the username is empty")
            .help("give --username NAME, or leave it out for wifiprov"),
        _ => Failure::new(Exit::Unexpected, "bad_handshake", said)
            .cause("the link was disturbed, the firmware has a bug, or somebody interferes with the link")
            .help("run again; if it stays so, record an exchange with --trace FILE and report it")
            .retry(Stage::Early),
    }
}

fn from_status(phase: Phase, code: StatusCode) -> Failure {
    let (cause, help) = match (phase, code) {
        (Phase::Set, StatusCode::InvalidArgument) => (
            "the firmware accepts an SSID of at most 32 bytes, a passphrase of at most 63 and a dataset of at most 254",
            "check the values; a key of 64 hex digits is refused by stock firmware: give the passphrase",
        ),
        (Phase::Control, _) => (
            "reset needs a failed attempt before it, reprov a success",
            "look at the state with espprov status",
        ),
        (Phase::Apply, _) => (
            "an earlier attempt is still in the way",
            "run espprov reset, or restart the device, then run again",
        ),
        (Phase::Scan, _) => (
            "the radio is busy, or another scan is under way",
            "wait a few seconds and run again",
        ),
        _ => (
            "the device is in another state than the request needs",
            "look at the state with espprov status",
        ),
    };
    Failure::new(
        Exit::Refused,
        "device_status",
        format!("the device refused while {phase}: {code}"),
    )
    .cause(cause)
    .help(help)
}
