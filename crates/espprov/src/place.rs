//! Where a device is, for messages.

use crate::Caller;
use crate::error::{Class, Error};
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use zeroize::Zeroizing;

/// The kind of link a device is reached over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LinkKind {
    /// A simulated device in this process.
    Sim,
    /// HTTP, over the device's own Wi-Fi network or any other.
    Http,
    /// HTTP over TLS.
    Https,
    /// Bluetooth LE.
    Ble,
    /// A serial console.
    Serial,
    /// Something else.
    Other,
}

impl LinkKind {
    /// Its name in targets and events: `sim`, `http`, `https`, `ble`, `serial`, `other`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sim => "sim",
            Self::Http => "http",
            Self::Https => "https",
            Self::Ble => "ble",
            Self::Serial => "serial",
            Self::Other => "other",
        }
    }
}

/// Where the device is and who asks: what an error needs to say where to look. No `Debug`: it may hold a passphrase.
#[derive(Clone)]
#[non_exhaustive]
pub struct Place {
    /// Whom the help is for.
    pub caller: Caller,
    /// The kind of link.
    pub kind: LinkKind,
    /// The target without anything secret.
    pub label: String,
    /// Name of the device's own Wi-Fi network, if it may be shown.
    pub network: Option<String>,
    /// The passphrase of that network, if it may be shown.
    pub passphrase: Option<Zeroizing<String>>,
    /// The device's name is known from its label and must not be shown.
    pub anonymous: bool,
}

impl Place {
    /// A device at `label`, with nothing known of its own network.
    #[must_use]
    pub fn new(caller: Caller, kind: LinkKind, label: impl Into<String>) -> Self {
        Self {
            caller,
            kind,
            label: label.into(),
            network: None,
            passphrase: None,
            anonymous: false,
        }
    }

    pub(crate) fn say(&self, text: &'static str) -> Cow<'static, str> {
        self.caller.say(text)
    }

    /// What to do when nothing is there.
    pub(crate) fn how_to_reach(&self) -> String {
        match self.kind {
            LinkKind::Http => {}
            // Only a device that is on a network already has a certificate.
            LinkKind::Https => {
                return self
                    .say(
                        "check that the device is on, and that this computer is on its network, then {again}",
                    )
                    .into_owned();
            }
            LinkKind::Serial => {
                return self
                    .say("check the cable and {speed}, restart the device, then {again}")
                    .into_owned();
            }
            _ => {
                return self
                    .say("check that the device is on and in reach, then {again}")
                    .into_owned();
            }
        }
        let name = self
            .network
            .as_ref()
            .map_or_else(|| "network".into(), |name| format!("\"{name}\""));
        let passphrase = self.passphrase.as_ref().map_or_else(String::new, |passphrase| {
            format!(" (its passphrase: {})", **passphrase)
        });
        let mut help = format!(
            "join the Wi-Fi {name} shown by the device{passphrase}, {}",
            self.say("then {again}")
        );
        if ["127.", "localhost", "[::1]"].iter().any(|host| self.names(host)) {
            help.push_str(&self.say("; for a simulated device {simulate}"));
        }
        help
    }

    /// The label has this in it. By hand: the library's search through text is several KB of a page's download.
    fn names(&self, host: &str) -> bool {
        let mut places = self.label.as_bytes().windows(host.len());
        places.any(|place| place == host.as_bytes())
    }

    /// What helps a link that stands but carries little.
    pub(crate) fn how_to_hear_better(&self) -> Cow<'static, str> {
        self.say(match self.kind {
            LinkKind::Ble => "move this computer closer to the device",
            LinkKind::Serial => "check the cable and {speed}",
            LinkKind::Http => "stay on the device's own Wi-Fi network, close to it",
            LinkKind::Https => "stay on the device's network",
            LinkKind::Sim => "look at the scenario's delays",
            LinkKind::Other => "look at the link",
        })
    }

    pub(crate) fn not_a_device(&self, message: String) -> Error {
        Error::new(Class::Link, "not_a_device", message)
            .with_cause(format!(
                "what answers at {} is not an ESP32 in provisioning mode",
                self.label
            ))
            .with_help(format!("check the target; {}", self.how_to_reach()))
    }

    /// Refused without a word or an alert, the first time it was asked: some servers that speak TLS alone do that when
    /// asked in plain HTTP, and an ESP32 does it to what it does not understand.
    pub(crate) fn hung_up(&self, failure: Error) -> Error {
        match self.kind {
            LinkKind::Http => {
                let cause = format!("{}, or it speaks TLS only", failure.cause());
                let help = format!(
                    "{}; a device that is reached over TLS is named https://HOST",
                    failure.help()
                );
                failure.with_cause(cause).with_help(help)
            }
            _ => failure,
        }
    }

    /// The overall deadline passed while `doing` something.
    #[must_use]
    pub fn deadline(&self, doing: &str) -> Error {
        Error::new(
            Class::Deadline,
            "deadline",
            format!("deadline passed while {doing}"),
        )
        .with_cause(match self.kind {
            LinkKind::Serial => "the device is slow or busy, or does not understand what it is sent",
            LinkKind::Sim => "the simulated device takes longer than that",
            _ => "the device is slow, busy or out of reach",
        })
        .with_help(format!(
            "{}, {}",
            self.how_to_hear_better(),
            self.say("or {more-time}, then {again}")
        ))
    }
}
