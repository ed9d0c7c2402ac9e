//! Questions on the terminal. Callers make sure that there is one.

use crate::errors::{Class, Failure, interrupted};
use crate::output::{padded, quoted, shown, width};
use crate::secret_input::SecretBytes;
use crate::signals::{Signal, unblock};
use core::time::Duration;
use espprov_types::AccessPoint;
use inquire::{InquireError, Password, PasswordDisplayMode, Select, Text};
use std::io::{IsTerminal, Write};
use zeroize::Zeroizing;

/// How often is looked whether the terminal is still there.
const LOOK: Duration = Duration::from_millis(500);

/// What came of a question.
pub(crate) enum Answer<T> {
    /// This.
    Given(T),
    /// Esc: one question back.
    Back,
}

/// Runs a question on a thread of its own, so that the link and signals are served meanwhile.
pub(crate) async fn ask<T: Send + 'static>(
    question: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::select! {
        biased;
        answer = unblock(question) => answer,
        () = terminal_gone() => Err(interrupted(Signal::HangUp)),
    }
}

/// Waits until nobody can answer any more. The system says so by a signal, but not to a program that is to outlive its
/// terminal (`nohup`): there the question would be read from nowhere, again and again.
async fn terminal_gone() {
    while std::io::stdin().is_terminal() {
        tokio::time::sleep(LOOK).await;
    }
}

/// Puts the terminal in order that a question left in its own mode because a signal came.
pub(crate) fn restore_terminal() {
    if crossterm::terminal::is_raw_mode_enabled().unwrap_or_default() {
        // There is nothing to do if the terminal has gone.
        let _ = crossterm::terminal::disable_raw_mode();
        let _ = crossterm::execute!(std::io::stderr(), crossterm::cursor::Show);
        let _ = writeln!(std::io::stderr());
    }
}

/// An answer, Esc, or the end.
fn answered<T>(answer: Result<T, InquireError>) -> Result<Answer<T>, Failure> {
    match answer {
        Ok(answer) => Ok(Answer::Given(answer)),
        Err(InquireError::OperationCanceled) => Ok(Answer::Back),
        Err(InquireError::OperationInterrupted) => Err(interrupted(Signal::Interrupt)),
        Err(_) => Err(
            Failure::new(Class::Unexpected, "prompt", "the question could not be asked")
                .with_cause("the terminal does not work as expected, or has gone")
                .with_help("give all values by flags (espprov provision --help)"),
        ),
    }
}

/// A secret, shown as asterisks. Nothing typed is no answer.
pub(crate) fn secret(text: &str) -> Result<Answer<SecretBytes>, Failure> {
    loop {
        let answer = Password::new(text)
            .without_confirmation()
            .with_display_mode(PasswordDisplayMode::Masked)
            .prompt();
        match answered(answer)? {
            Answer::Given(answer) if answer.is_empty() => {
                remark("Nothing was typed; Esc goes back, Ctrl-C ends.");
            }
            Answer::Given(answer) => return Ok(Answer::Given(Zeroizing::new(answer.into_bytes()))),
            Answer::Back => return Ok(Answer::Back),
        }
    }
}

fn remark(text: &str) {
    // Without a terminal to write to the next question fails anyway.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// The passphrase of a network; asks until it could be one.
pub(crate) fn passphrase(
    ssid: &[u8],
    check: impl Fn(&[u8]) -> Result<(), String>,
) -> Result<Answer<SecretBytes>, Failure> {
    let text = format!("Passphrase of {}:", quoted(ssid));
    loop {
        let Answer::Given(answer) = secret(&text)? else {
            return Ok(Answer::Back);
        };
        match check(&answer) {
            Ok(()) => return Ok(Answer::Given(answer)),
            Err(why) => remark(&why),
        }
    }
}

/// Lets a person choose one of several. Returns its index.
pub(crate) fn one_of(text: &str, labels: &[String]) -> Result<Answer<usize>, Failure> {
    let answer = Select::new(text, labels.to_vec()).with_page_size(16).raw_prompt();
    Ok(match answered(answer)? {
        Answer::Given(answer) => Answer::Given(answer.index),
        Answer::Back => Answer::Back,
    })
}

/// What somebody chose from a scan.
pub(crate) enum Choice {
    /// The n-th of those offered.
    Listed(usize),
    /// One that is not listed.
    Named {
        ssid: Vec<u8>,
        /// It takes a passphrase.
        private: bool,
    },
    /// Look again.
    Again,
}

/// The networks to choose from, one line per name, the strongest access point standing for it.
pub(crate) fn choices(networks: &[AccessPoint]) -> Vec<(String, AccessPoint)> {
    let mut seen = std::collections::HashSet::new();
    let named: Vec<_> = networks
        .iter()
        .filter(|network| !network.ssid.is_hidden() && seen.insert(network.ssid.as_bytes()))
        .collect();
    let widest = named
        .iter()
        .map(|network| width(&shown(network.ssid.as_bytes())))
        .max()
        .unwrap_or_default();
    named
        .into_iter()
        .map(|network| {
            let name = padded(&shown(network.ssid.as_bytes()), widest);
            let label = format!("{name}  {:>4} dBm  {}", network.rssi, network.auth);
            (label, network.clone())
        })
        .collect()
}

/// Lets a person choose a network. With `known` the passphrase is known already, and nobody is asked whether there
/// is one.
pub(crate) fn network(labels: &[String], known: bool) -> Result<Answer<Choice>, Failure> {
    const AGAIN: &str = "(scan again)";
    const HIDDEN: &str = "(another network, not listed)";
    let text = if labels.is_empty() {
        "The device hears no network."
    } else {
        "Which network is the device to join?"
    };
    loop {
        let mut lines: Vec<String> = labels.to_vec();
        lines.extend([AGAIN, HIDDEN].map(str::to_owned));
        let Answer::Given(index) = one_of(text, &lines)? else {
            return Ok(Answer::Back);
        };
        if index < labels.len() {
            return Ok(Answer::Given(Choice::Listed(index)));
        }
        if index == labels.len() {
            return Ok(Answer::Given(Choice::Again));
        }
        if let Answer::Given(choice) = hidden(known)? {
            return Ok(Answer::Given(choice));
        }
    }
}

/// The name of a network that nobody listed, and whether it takes a passphrase.
pub(crate) fn hidden(known: bool) -> Result<Answer<Choice>, Failure> {
    const KINDS: [&str; 2] = ["takes a passphrase", "open"];
    loop {
        let ssid = loop {
            let Answer::Given(name) = answered(Text::new("Name of the network:").prompt())? else {
                return Ok(Answer::Back);
            };
            match espprov_core::WifiConfig::new(name.as_bytes(), b"") {
                Ok(_) => break name.into_bytes(),
                Err(error) => remark(&error.to_string()),
            }
        };
        if known {
            return Ok(Answer::Given(Choice::Named { ssid, private: true }));
        }
        if let Answer::Given(kind) = one_of("The network", &KINDS.map(str::to_owned))? {
            return Ok(Answer::Given(Choice::Named {
                ssid,
                private: kind == 0,
            }));
        }
    }
}
