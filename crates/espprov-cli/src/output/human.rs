//! Events in plain words.

use super::{Report, Success, clean};
use espprov_types::Ssid;

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

/// Steps on the way, as opposed to what comes of them.
pub(super) const fn is_chatter(report: &Report) -> bool {
    matches!(
        report,
        Report::Connected { .. }
            | Report::Session { .. }
            | Report::ConfigSent
            | Report::ConfigApplied
            | Report::Connecting { .. }
    )
}

/// The lines of an event. Networks, device information and answers are laid out by their commands.
pub(super) fn lines(report: &Report, colour: bool) -> Vec<String> {
    let line = match report {
        Report::Connected { transport, target } => labelled(
            "Device",
            &format!("{} ({})", clean(target), transport_name(transport)),
            colour,
        ),
        Report::Session { security } => labelled("Session", security_name(*security), colour),
        Report::ConfigSent => labelled("Sent", "the device has the credentials", colour),
        Report::ConfigApplied => labelled("Applied", "the device is joining the network", colour),
        Report::Connecting {
            attempts_remaining: Some(left),
        } => labelled("Trying", &format!("an attempt failed, {left} left"), colour),
        Report::Listening { transport, address } => labelled(
            "Listening",
            &format!("{address} ({})", transport_name(transport)),
            colour,
        ),
        _ => return Vec::new(),
    };
    vec![line]
}

/// A label in a column of its own.
pub(crate) fn labelled(label: &str, text: &str, colour: bool) -> String {
    if colour {
        format!("\u{1b}[1m{label:<10}\u{1b}[0m {text}")
    } else {
        format!("{label:<10} {text}")
    }
}

pub(super) fn summary(success: &Success, colour: bool) -> String {
    if colour && success.outcome == "connected" {
        format!("\u{1b}[32m{}\u{1b}[0m", success.summary)
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
        "ble" => "Bluetooth LE",
        other => other,
    }
}

/// A network name between quotation marks.
pub(crate) fn quoted(ssid: &[u8]) -> String {
    match Ssid::new(ssid) {
        Ok(ssid) if ssid.is_hidden() => "(hidden)".to_owned(),
        Ok(ssid) => format!("\"{ssid}\""),
        Err(_) => format!("\"{}\"", clean(&String::from_utf8_lossy(ssid))),
    }
}

/// Rows with aligned columns; the last column is not padded.
pub(crate) fn table(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    rows.iter()
        .map(|row| {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell);
                line.extend(core::iter::repeat_n(' ', width - cell.chars().count() + 2));
            }
            line.truncate(line.trim_end().len());
            line
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align() {
        let rows = [
            vec!["a".to_owned(), "Café".to_owned(), "1".to_owned()],
            vec!["bb".to_owned(), "x".to_owned(), String::new()],
        ];
        assert_eq!(table(&rows), ["a   Café  1", "bb  x"]);
    }

    #[test]
    fn names_off_the_air_cannot_move_the_cursor() {
        assert_eq!(quoted(b"a\x1b[2Jb"), "\"a\u{fffd}[2Jb\"");
        assert_eq!(quoted(b""), "(hidden)");
    }
}
