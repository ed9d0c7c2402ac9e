//! The table: every error of the driver in plain words. Those of the links are in `links`.

use super::{LinkError, missing};
use crate::error::{Class, Error, Stage};
use crate::{Caller, LinkKind, Place};
use alloc::format;
use alloc::string::ToString;
use espprov_core::auth::{PolicyError, SessionSecurity};
use espprov_core::{Phase, ProvisionError};
use espprov_security::HandshakeError;
use espprov_types::StatusCode;

/// Whether the command itself may have reached the device.
const fn stage(phase: Phase) -> Stage {
    match phase {
        Phase::Connect | Phase::Info | Phase::Handshake => Stage::Early,
        _ => Stage::Late,
    }
}

/// An error of the driver, over any link whose errors can be explained.
#[must_use]
pub fn provision<E: LinkError>(error: &ProvisionError<E>, place: &Place) -> Error {
    let said = error.to_string();
    let caller = place.caller;
    match error {
        ProvisionError::Link { phase, error } => error.explain(*phase, place).with_retry(Some(stage(*phase))),
        ProvisionError::Refused { phase: Phase::Info } => {
            place.hung_up(place.not_a_device("the device refused even to tell its version".into()))
        }
        ProvisionError::NoSuchEndpoint { phase: Phase::Info } => {
            place.not_a_device("there is no provisioning service at that address".into())
        }
        ProvisionError::Refused { phase } => {
            let failure = Error::new(Class::Refused, "refused", said)
                .with_cause(
                    "the request does not suit the device's state or firmware, or its session was taken over",
                )
                .advise(caller, "{again}; if it stays so, restart the device {supports}");
            if matches!(phase, Phase::Data | Phase::Control) {
                failure
            } else {
                failure.with_retry(Some(stage(*phase)))
            }
        }
        ProvisionError::NoSuchEndpoint { phase } => no_such_endpoint(caller, *phase),
        ProvisionError::Deadline { phase } => place.deadline(&phase.to_string()).with_retry(Some(stage(*phase))),
        ProvisionError::Policy(policy) => from_policy(caller, *policy),
        ProvisionError::PlaintextNotAllowed => Error::new(
            Class::Policy,
            "plaintext_not_allowed",
            "this device uses no encryption (security 0); nothing secret was sent",
        )
        .with_cause("whoever listens on the link would read the credentials")
        .advise(caller, "if that is acceptable, {plaintext}"),
        ProvisionError::SessionTaken { .. } => Error::new(Class::Link, "session_taken", said)
            .with_cause("a device serves one client at a time, and another program or phone uses it; this says nothing about the credentials")
            .advise(caller, "close other provisioning apps and browser pages, then {again}")
            .with_retry(Some(Stage::Early)),
        ProvisionError::WrongCredentials { security } => wrong_credentials(caller, *security),
        ProvisionError::Handshake(error) => from_handshake(caller, *error),
        ProvisionError::Status { phase, code } => from_status(caller, *phase, *code),
        ProvisionError::Reply {
            phase: Phase::Info, ..
        } => place.not_a_device("the answer is not that of a provisioning device".into()),
        ProvisionError::Reply { phase, .. } => Error::new(Class::Unexpected, "bad_reply", said)
            .with_cause("the session was disturbed, the firmware has a bug, or somebody interferes with the link")
            .advise(caller, "{again}; if it stays so, {trace}")
            .with_retry(Some(stage(*phase))),
        ProvisionError::RequestTooLarge { .. } if place.kind == LinkKind::Serial => {
            Error::new(Class::Link, "request_too_large", said)
                .with_cause("consoles of stock firmware read lines of 254 characters, and security 2 takes longer ones")
                .advise(caller, "if this firmware reads longer lines, {line-limit}; else provision it over Bluetooth or Wi-Fi, or build it with security 1")
        }
        ProvisionError::RequestTooLarge { .. } => Error::new(Class::Link, "request_too_large", said)
            .with_cause("links to small devices have a limit per request")
            .advise(caller, "{chunk}, or use another link (HTTP carries 4096 bytes)"),
        ProvisionError::ReplyTooLarge { .. } => Error::new(Class::Unexpected, "reply_too_large", said)
            .with_cause("no provisioning device sends that much")
            .with_help("check that this is the right device"),
        ProvisionError::EmptyRequest => Error::usage("empty_request", "there is nothing to send")
            .with_help("give at least one byte: devices do not answer empty requests"),
        _ => Error::new(Class::Unexpected, "unexpected", said)
            .advise(caller, "{verbose}"),
    }
}

fn no_such_endpoint(caller: Caller, phase: Phase) -> Error {
    let failure = Error::new(
        Class::Refused,
        "no_such_endpoint",
        format!("the device has no endpoint for {phase}"),
    );
    match phase {
        Phase::Data => failure
            .with_cause("the firmware registered no endpoint of that name")
            .with_help("check the name (it is case-sensitive); custom-data is the usual one"),
        Phase::Handshake => failure
            .with_cause("the firmware registered no security at all, or is not in provisioning mode")
            .advise(caller, "{info}"),
        _ => failure
            .with_cause("the firmware is older than this request, or was built without it")
            .advise(caller, "{info}"),
    }
}

fn from_policy(caller: Caller, policy: PolicyError) -> Error {
    let said = policy.to_string();
    let refuse = |code, cause: &'static str, help: &'static str| {
        Error::new(Class::Policy, code, said.clone())
            .with_cause(caller.say(cause))
            .advise(caller, help)
    };
    match policy {
        PolicyError::SecurityDowngrade { .. } => refuse(
            "security_downgrade",
            "somebody may pose as the device to get the credentials, or its firmware was built without security",
            "if the device really has no security, {no-proof}",
        ),
        PolicyError::SecurityFall { offered, .. } => Error::new(Class::Policy, "security_fall", said)
            .with_cause("somebody may pose as the device to find out the credentials, or its firmware was replaced")
            .with_help(format!(
                "make sure that this is your device; if it really has security {offered} now, say so with {}{offered}",
                security(caller)
            )),
        PolicyError::PopNotWanted => refuse(
            "pop_not_wanted",
            "somebody may pose as the device, or its firmware was built without a PoP",
            "if the device really has no PoP, {no-pop}",
        ),
        PolicyError::PasswordForSecurity1 => refuse(
            "password_for_security1",
            "a security 2 password must not be tried on a weaker scheme: whoever poses as the device could guess it",
            "if this is a security 1 device, {pop-instead}",
        ),
        PolicyError::SchemeMismatch { .. } => refuse(
            "scheme_mismatch",
            "the firmware was built with another scheme than {security} or the setup payload says",
            "check the device, or {security-auto}",
        ),
        PolicyError::UnknownScheme(_) => refuse(
            "unknown_scheme",
            "the firmware is newer than this program, or what answers is no provisioning device",
            "check the address, or look for a newer espprov",
        ),
        PolicyError::PopMissing => missing(caller, "the proof of possession (PoP)", &caller.say("{pop-flag}")),
        PolicyError::PasswordMissing => missing(caller, "the password of this security 2 device", &caller.say("{password-flag}")),
        PolicyError::Handshake(error) => from_handshake(caller, error),
        _ => Error::new(Class::Unexpected, "entropy", said)
            .with_help("the operating system gives no random numbers: restart it"),
    }
}

fn wrong_credentials(caller: Caller, security: SessionSecurity) -> Error {
    match security {
        SessionSecurity::Sec2 => Error::new(Class::Credentials, "wrong_password", "wrong username or password")
            .with_cause("the device could not confirm them: they are not the ones its firmware was built with (the link is fine)")
            .advise(caller, "{login}, or the label on the device, and {again}"),
        _ => Error::new(Class::Credentials, "wrong_pop", "wrong proof of possession (PoP)")
            .with_cause("the device could not confirm it: it is not the one its firmware was built with (the link is fine)")
            .advise(caller, "check {pop} against the label on the device, and {again}"),
    }
}

fn from_handshake(caller: Caller, error: HandshakeError) -> Error {
    let said = format!("handshake failed: {error}");
    match error {
        HandshakeError::NonceDowngrade => Error::new(Class::Policy, "nonce_downgrade", said)
            .with_cause("somebody may interfere with the link: the device claims the newer encryption and used the weaker one")
            .with_help("check that this is the right device; update its firmware"),
        HandshakeError::DeviceStatus(_) => Error::new(Class::Refused, "handshake_refused", said)
            .with_cause("the device is busy with another client, or its security settings are incomplete")
            .advise(caller, "close other provisioning apps, restart the device, and {again}"),
        HandshakeError::EmptyUsername => Error::usage("empty_username", "the username is empty")
            .advise(caller, "{username}"),
        _ => Error::new(Class::Unexpected, "bad_handshake", said)
            .with_cause("the link was disturbed, the firmware has a bug, or somebody interferes with the link")
            .advise(caller, "{again}; if it stays so, {trace}")
            .with_retry(Some(Stage::Early)),
    }
}

fn from_status(caller: Caller, phase: Phase, code: StatusCode) -> Error {
    let (cause, help) = match (phase, code) {
        (Phase::Set, StatusCode::InvalidArgument) => (
            "the firmware accepts an SSID of at most 32 bytes, a passphrase of at most 63 and a dataset of at most 254",
            "check the values; a key of 64 hex digits is refused by stock firmware: give the passphrase",
        ),
        (Phase::Control, _) => (
            "reset needs a failed attempt before it, reprov a success",
            "{status}",
        ),
        (Phase::Apply, _) => (
            "an earlier attempt is still in the way",
            "{reset}, or restart the device, then {again}",
        ),
        (Phase::Scan, _) => (
            "the radio is busy, or another scan is under way",
            "wait a few seconds and {again}",
        ),
        _ => (
            "the device is in another state than the request needs",
            "{status}",
        ),
    };
    Error::new(
        Class::Refused,
        "device_status",
        format!("the device refused while {phase}: {code}"),
    )
    .with_cause(cause)
    .advise(caller, help)
}

/// What goes before the number of a scheme.
const fn security(caller: Caller) -> &'static str {
    match caller {
        Caller::Command => "--security ",
        Caller::Program => "security(), as security ",
        Caller::Python => "security=",
        Caller::JavaScript => "the option security, as ",
        Caller::Page => "the choice of security ",
        Caller::C => "EspprovConfig.security, as security ",
    }
}
