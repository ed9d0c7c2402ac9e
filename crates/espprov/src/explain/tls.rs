//! Errors of TLS: what is wrong with a certificate, and which way to trust would do all the same.

use super::lost;
use crate::error::{Class, Error, Stage};
use crate::text::clean;
use crate::{Caller, Place};
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use espprov_core::Phase;
use espprov_http::tls::{Distrust, Fingerprint, Reason, TlsError};
use espprov_transport::TransportError;

pub(super) fn explain(phase: Phase, error: &TlsError, place: &Place) -> Error {
    let at = &place.label;
    let link = |code, message: String| Error::new(Class::Link, code, message);
    match error {
        TlsError::Distrusted(distrust) => distrusted(distrust, place),
        TlsError::PinMismatch { seen } => Error::new(
            Class::Policy,
            "tls_pin_mismatch",
            format!("the certificate of {at} is not the pinned one; nothing was sent to it"),
        )
        .with_cause("the device has a new certificate, or something else answers in its place")
        .with_help(format!(
            "compare the fingerprint it showed with that of the device's certificate; if they agree, {}",
            pin(place.caller, *seen)
        )),
        TlsError::NotTls => link("not_tls", format!("what answers at {at} does not speak TLS"))
            .with_cause("a device is reached either over HTTP or over HTTPS, and this one over HTTP, or another service has that port")
            .advise(place.caller, "check the port; for a device on plain HTTP {again} with the target http://HOST"),
        TlsError::Closed => link("tls_closed", format!("{at} closed the connection in the TLS handshake"))
            .with_cause("it speaks plain HTTP and does not understand TLS, or serves as many clients as it can")
            .advise(place.caller, "check the port, wait a moment, then {again}; for a device on plain HTTP give the target http://HOST")
            .with_retry(Some(Stage::Early)),
        TlsError::TimedOut => link("tls_timeout", format!("{at} did not finish the TLS handshake in time"))
            .with_cause("the device is busy with other clients, or what answers there is no TLS server")
            .advise(place.caller, "check the port, wait a moment, then {again}; {retries}")
            .with_retry(Some(Stage::Early)),
        error if error.wants_client_certificate() => link("tls_client_certificate", format!("{at} wants a client certificate"))
            .with_cause("its firmware was built to ask clients for a certificate, which this program has none of")
            .with_help("build the firmware without client verification: the session proves who the client is"),
        TlsError::Refused { .. } => link("tls_refused", format!("cannot talk to {at}: {error}"))
            .with_cause("the device has no version or cipher in common with this program, or wants a client certificate")
            .with_help("let the firmware offer TLS 1.2 or 1.3 with ECDHE and AES-GCM, and no client verification"),
        TlsError::Incompatible => link("tls_refused", format!("cannot talk to {at}: {error}"))
            .with_cause("it offers only what is not safe any more: TLS 1.0 or 1.1, or RSA key exchange")
            .with_help("let the firmware offer TLS 1.2 or 1.3 with ECDHE and AES-GCM"),
        TlsError::Broken => link("tls_broken", format!("cannot talk to {at}: {error}"))
            .with_cause("it does not have the key of its certificate, or somebody changes what is said")
            .advise(place.caller, "look at the way to the device; {verbose}"),
        TlsError::NoRoots => Error::usage("no_roots", "the system's root certificates cannot be read")
            .with_cause("this system has none installed, or does not let this user read them")
            .advise(place.caller, "install them (the package ca-certificates), or say whom to trust: {ca}"),
        TlsError::NoProvider => Error::usage("no_crypto_provider", "this program has no cryptography for TLS")
            .with_cause("it was built without one, and has not installed one in rustls")
            .with_help("build it with the feature `https` of the crate espprov, or install a provider"),
        _ => lost(phase, error.fault(), &error.to_string(), place),
    }
}

/// A certificate, by the gravest of what speaks against it.
fn distrusted(distrust: &Distrust, place: &Place) -> Error {
    let reasons: Vec<String> = distrust
        .reasons
        .iter()
        .map(|reason| clean(&reason.to_string()))
        .collect();
    let message = format!(
        "the certificate of {} is not trusted: {}; nothing was sent to it",
        place.label,
        reasons.join("; ")
    );
    let pin_it = format!(
        "compare its fingerprint with the device's, which its maker or its log can tell, and if they agree {}",
        pin(place.caller, distrust.fingerprint)
    );
    let (code, cause, help): (_, Cow<'_, str>, String) = match distrust.reasons.first() {
        Some(Reason::Expired { .. }) => (
            "tls_expired",
            "nobody gave the device a new certificate, or this computer's clock is wrong".into(),
            format!("check this computer's clock, give the device a new certificate; or {pin_it}"),
        ),
        Some(Reason::NotYetValid { .. }) => (
            "tls_not_yet_valid",
            "this computer's clock is wrong, or that of whoever made the certificate".into(),
            format!("check this computer's clock; or {pin_it}"),
        ),
        Some(Reason::NoName) => (
            "tls_no_name",
            "it has no subjectAltName: the name in its subject does not count any more".into(),
            format!(
                "give the device a certificate with its name; or {}; or {pin_it}",
                place.say("{any-name}")
            ),
        ),
        Some(Reason::WrongName { names, .. }) => (
            "tls_wrong_name",
            format!(
                "it is for {}: the device is called by another name or address than it was made for, or another one answers",
                list(names)
            )
            .into(),
            format!(
                "if that is the device, {}; or {pin_it}",
                place.say("{server-name}")
            ),
        ),
        Some(Reason::UnknownIssuer) => (
            "tls_unknown_issuer",
            "the device's maker has a root of its own, the device has signed itself, or something else answers in its place".into(),
            format!("{}; or {pin_it}", place.say("if you have that root, say so: {ca}")),
        ),
        Some(Reason::OldVersion) => (
            "tls_old_certificate",
            "it was made without extensions, so that it is of version 1 and names no server".into(),
            format!("give the device a certificate of version 3; or {pin_it}"),
        ),
        _ => (
            "tls_bad_certificate",
            "it was made to sign others or for something else, or was spoilt".into(),
            format!("give the device a server's certificate; or {pin_it}"),
        ),
    };
    Error::new(Class::Policy, code, message)
        .with_cause(cause.into_owned())
        .with_help(help)
}

/// How to trust just this certificate.
fn pin(caller: Caller, seen: Fingerprint) -> String {
    format!("{} {seen}", caller.say("{pin}"))
}

/// The names in a certificate, which its owner chose.
fn list(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(4).map(|name| clean(name)).collect();
    let more = if names.len() > shown.len() {
        " and others"
    } else {
        ""
    };
    format!("{}{more}", shown.join(", "))
}
