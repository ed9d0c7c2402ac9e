//! The table: every error of the driver in plain words. Those of the links are in `links`.

use super::{Exit, Failure, Stage, deadline, from_link};
use crate::link::LinkError;
use espprov_core::auth::{PolicyError, SessionSecurity};
use espprov_core::{Phase, ProvisionError};
use espprov_security::HandshakeError;
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
    pub(super) fn how_to_reach(&self) -> String {
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

    pub(super) fn not_a_device(&self, message: String) -> Failure {
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
