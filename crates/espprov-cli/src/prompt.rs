//! Questions on the terminal. Callers make sure that there is one.

use crate::errors::{Exit, Failure, interrupted};
use crate::output::human::quoted;
use crate::secret_input::SecretBytes;
use espprov_types::AccessPoint;
use inquire::{InquireError, Password, PasswordDisplayMode, Select, Text};
use std::io::Write;
use zeroize::Zeroizing;

/// Runs a question on a thread of its own, so that the link and Ctrl-C are served meanwhile.
pub(crate) async fn ask<T: Send + 'static>(
    question: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(question).await.unwrap_or_else(|_| {
        Err(Failure::new(
            Exit::Unexpected,
            "prompt",
            "the question could not be asked",
        ))
    })
}

fn from_inquire(error: InquireError) -> Failure {
    match error {
        InquireError::OperationCanceled | InquireError::OperationInterrupted => interrupted(),
        _ => Failure::new(Exit::Unexpected, "prompt", "the question could not be asked")
            .cause("the terminal does not work as expected")
            .help("give all values by flags (espprov provision --help)"),
    }
}

/// A secret, shown as asterisks.
pub(crate) fn secret(text: &str) -> Result<SecretBytes, Failure> {
    let answer = Password::new(text)
        .without_confirmation()
        .with_display_mode(PasswordDisplayMode::Masked)
        .prompt()
        .map_err(from_inquire)?;
    Ok(Zeroizing::new(answer.into_bytes()))
}

fn remark(error: &espprov_core::WifiConfigError) {
    // Without a terminal to write to the next question fails anyway.
    let _ = writeln!(std::io::stderr().lock(), "{error}");
}

/// The passphrase of a network; asks until it could be one.
pub(crate) fn passphrase(ssid: &[u8]) -> Result<SecretBytes, Failure> {
    let text = format!("Passphrase of {}:", quoted(ssid));
    loop {
        let answer = secret(&text)?;
        match espprov_core::WifiConfig::new(ssid, &answer) {
            Ok(_) => return Ok(answer),
            Err(error) => remark(&error),
        }
    }
}

/// Lets a person choose a device. Returns its index.
pub(crate) fn device(labels: &[String]) -> Result<usize, Failure> {
    let answer = Select::new("Which device?", labels.to_vec())
        .with_page_size(16)
        .raw_prompt()
        .map_err(from_inquire)?;
    Ok(answer.index)
}

/// What somebody chose from a scan.
pub(crate) enum Choice {
    /// This one, and whether it takes a passphrase.
    Network { ssid: Vec<u8>, private: bool },
    /// Look again.
    Again,
}

/// The networks to choose from: one line per name, the strongest access point standing for it.
pub(crate) fn choices(networks: &[AccessPoint]) -> Vec<(String, Vec<u8>, bool)> {
    let mut seen = std::collections::HashSet::new();
    let named: Vec<_> = networks
        .iter()
        .filter(|network| !network.ssid.is_hidden() && seen.insert(network.ssid.as_bytes()))
        .collect();
    let width = named
        .iter()
        .map(|network| network.ssid.to_string().chars().count())
        .max()
        .unwrap_or_default();
    named
        .into_iter()
        .map(|network| {
            let name = network.ssid.to_string();
            let label = format!("{name:<width$}  {:>4} dBm  {}", network.rssi, network.auth);
            (label, network.ssid.as_bytes().to_vec(), network.is_private())
        })
        .collect()
}

/// Lets a person choose a network.
pub(crate) fn network(choices: Vec<(String, Vec<u8>, bool)>) -> Result<Choice, Failure> {
    const AGAIN: &str = "(scan again)";
    const HIDDEN: &str = "(another network, not listed)";
    let text = if choices.is_empty() {
        "The device hears no network."
    } else {
        "Which network is the device to join?"
    };
    let mut labels: Vec<&str> = choices.iter().map(|(label, ..)| label.as_str()).collect();
    labels.extend([AGAIN, HIDDEN]);
    let answer = Select::new(text, labels)
        .with_page_size(16)
        .raw_prompt()
        .map_err(from_inquire)?;
    if let Some((_, ssid, private)) = choices.get(answer.index) {
        return Ok(Choice::Network {
            ssid: ssid.clone(),
            private: *private,
        });
    }
    if answer.value == AGAIN {
        return Ok(Choice::Again);
    }
    hidden()
}

fn hidden() -> Result<Choice, Failure> {
    let ssid = loop {
        let name = Text::new("Name of the network:").prompt().map_err(from_inquire)?;
        match espprov_core::WifiConfig::new(name.as_bytes(), b"") {
            Ok(_) => break name.into_bytes(),
            Err(error) => remark(&error),
        }
    };
    const KINDS: [&str; 2] = ["takes a passphrase", "open"];
    let kind = Select::new("The network", KINDS.to_vec())
        .raw_prompt()
        .map_err(from_inquire)?;
    Ok(Choice::Network {
        ssid,
        private: kind.index == 0,
    })
}
