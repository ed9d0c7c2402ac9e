//! Events in plain words.

use super::style::Paint;
use super::{Report, Success, clean};

/// What to show beside the spinner from this event on.
pub(super) fn progress(report: &Report) -> Option<&'static str> {
    Some(match report {
        Report::Connected { .. } => "asking the device what it is",
        Report::Info { .. } => "establishing a session",
        Report::Session { .. } => "session established",
        Report::ConfigSent => "credentials handed over",
        Report::ConfigApplied | Report::Connecting { .. } => "the device is joining the network",
        _ => return None,
    })
}

/// The lines of an event. Networks, device information and answers are laid out by their commands.
pub(super) fn lines(report: &Report, paint: &Paint) -> Vec<String> {
    let line = match report {
        Report::Connected { transport, target } => labelled(
            "Device",
            &format!("{} ({})", clean(target), transport_name(transport)),
            paint,
        ),
        Report::Session { security } => labelled("Session", security_name(*security), paint),
        Report::ConfigSent => labelled("Sent", "the device has the credentials", paint),
        Report::ConfigApplied => labelled("Applied", "the device is joining the network", paint),
        Report::Connecting {
            attempts_remaining: Some(left),
        } => labelled("Trying", &format!("an attempt failed, {left} left"), paint),
        Report::Listening { transport, address } => labelled(
            "Listening",
            &format!("{address} ({})", transport_name(transport)),
            paint,
        ),
        _ => return Vec::new(),
    };
    vec![line]
}

/// A label in a column of its own.
pub(super) fn labelled(label: &str, text: &str, paint: &Paint) -> String {
    format!("{} {text}", paint.strong(&format!("{label:<10}")))
}

pub(super) fn summary(success: &Success, paint: &Paint) -> String {
    if success.outcome == "connected" {
        paint.success(&success.summary)
    } else {
        success.summary.clone()
    }
}

/// What a security scheme is made of.
pub(crate) const fn security_name(security: Option<u8>) -> &'static str {
    match security {
        Some(0) => "security 0: not encrypted",
        Some(1) => "security 1: X25519, AES-CTR",
        Some(2) => "security 2: SRP6a, AES-GCM",
        Some(_) => "of its own kind",
        None => "none: not encrypted",
    }
}

fn transport_name(transport: &str) -> &str {
    match transport {
        "sim" => "simulated",
        "http" => "HTTP",
        "https" => "HTTPS",
        "ble" => "Bluetooth LE",
        "serial" => "serial port",
        other => other,
    }
}
