//! Failures whose cause the device's own words tell: what was seen of it before, after, or in the air around it.

use crate::Caller;
use crate::error::{Class, Error, Stage};
use crate::text::{quoted, shown};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use espprov_core::request::ControlAction;
use espprov_core::{Phase, ProvisionError};
use espprov_types::{AccessPoint, AuthMode, WifiStatus};

/// A failed attempt stays with this firmware until it is restarted.
#[must_use]
pub fn needs_restart(failure: Error) -> Error {
    let help = format!(
        "restart the device (this firmware cannot clear a failed attempt), then {}",
        failure.help()
    );
    failure.with_help(help)
}

/// The attempt of an earlier run stands in the way, and nothing clears it.
#[must_use]
pub fn earlier_attempt_stays(caller: Caller) -> Error {
    Error::new(
        Class::Refused,
        "needs_restart",
        "the device still holds the failed attempt of an earlier run",
    )
    .with_cause("its firmware has no endpoint to clear it (ESP-IDF before 5.0 has none)")
    .advise(caller, "restart the device, then {again}")
}

/// A Wi-Fi network for a Thread device.
#[must_use]
pub fn no_wifi(caller: Caller) -> Error {
    Error::new(
        Class::Refused,
        "no_wifi",
        "this device takes no Wi-Fi network; nothing secret was sent",
    )
    .with_cause("its firmware was built for Thread, and says so")
    .advise(caller, "{dataset}")
}

/// A Thread network for a Wi-Fi device.
#[must_use]
pub fn no_thread(caller: Caller) -> Error {
    Error::new(
        Class::Refused,
        "no_thread",
        "this device takes no Thread network; nothing secret was sent",
    )
    .with_cause("its firmware was built for Wi-Fi: it does not announce Thread")
    .advise(caller, "{wifi}, or build the firmware for Thread")
}

/// The device cannot look for the Thread network that was named by its key.
#[must_use]
pub fn no_thread_scan<E>(caller: Caller, error: &ProvisionError<E>, failure: Error) -> Error {
    match error {
        ProvisionError::NoSuchEndpoint { phase: Phase::Scan }
        | ProvisionError::Refused { phase: Phase::Scan }
        | ProvisionError::Status {
            phase: Phase::Scan, ..
        } => failure.advise(
            caller,
            "{whole-dataset}: then the device need not look for the network",
        ),
        _ => failure,
    }
}

/// The device is on a network that another run, or another client, gave it.
#[must_use]
pub fn another_network(caller: Caller, ssid: &[u8]) -> Error {
    let name = if ssid.is_empty() {
        "a network".to_owned()
    } else {
        format!("the network {}", quoted(ssid))
    };
    Error::new(
        Class::Refused,
        "other_network",
        format!("the device is on {name} already and takes no other one now"),
    )
    .with_cause("an earlier run or another app gave it that network, and its firmware ends provisioning after a success")
    .advise(caller, "put the device into provisioning mode anew (its button, or erase its settings), then {again}")
}

/// Time is up, and the device had said that it was trying. `ours`: with what it was given in this run.
#[must_use]
pub fn still_joining(caller: Caller, name: &str, ours: bool) -> Error {
    let failure = if ours {
        Error::new(
            Class::Deadline,
            "deadline",
            format!("the device was still trying to join {name} when the time was up"),
        )
        .with_cause("the network is weak or slow where the device is, or the firmware tries many times before it gives up")
    } else {
        Error::new(
            Class::Deadline,
            "deadline",
            format!("the device was still trying to join the network of an earlier run, not {name}, when the time was up"),
        )
        .with_cause("an earlier run or another app gave it that network; until that attempt ends nothing else is taken")
    };
    failure
        .advise(caller, "{much-more-time}, or {status-later}")
        .with_retry(Some(Stage::Late))
}

/// Time is up, and the device had said that it was doing nothing.
#[must_use]
pub fn not_trying(caller: Caller, name: &str) -> Error {
    Error::new(
        Class::Deadline,
        "deadline",
        format!(
            "the device took the configuration, but reports \"disconnected\": it did not try to join {name}"
        ),
    )
    .with_cause("its firmware does not begin to join, or lost the network at once")
    .advise(
        caller,
        "look at the device's log; restart the device, then {again}",
    )
    .with_retry(Some(Stage::Late))
}

/// What `reset` and `reprov` were refused for, by the state the device reports.
#[must_use]
pub fn control_refused(caller: Caller, failure: Error, action: ControlAction, state: Option<State>) -> Error {
    let is_reset = matches!(action, ControlAction::ResetWifi | ControlAction::ResetThread);
    match (is_reset, state) {
        (true, Some(State::Idle)) => failure
            .with_cause("there is no failed attempt to clear: the device waits for credentials (older firmware calls that an error)")
            .advise(caller, "there is nothing to do: {provision}"),
        (true, Some(State::Online(name))) => failure
            .with_cause(format!("the device is online{}: there is no failed attempt to clear", on(&name)))
            .advise(caller, "to give it another network {reprov}"),
        (true, Some(State::Failed)) => failure
            .with_cause("the device reports a failed attempt and does not clear it all the same")
            .advise(caller, "restart the device, then {provision}"),
        (false, Some(State::Online(name))) => failure
            .with_cause(format!("the device is online{}, and its firmware ends provisioning after a success (auto-stop is not disabled)", on(&name)))
            .advise(caller, "put the device into provisioning mode anew (its button, or erase its settings), then {provision}"),
        (false, Some(State::Idle)) => failure
            .with_cause("the device has no network yet: there is nothing to replace")
            .advise(caller, "there is nothing to do: {provision}"),
        (false, Some(State::Failed)) => failure
            .with_cause("the attempt before has failed: reprov is for devices that are online")
            .advise(caller, "{provision}: it clears the failed attempt by itself"),
        (_, Some(State::Joining)) => failure
            .with_cause("the device reports \"connecting\": it is trying to join a network, or it has not been given one yet (older firmware says the same then)")
            .advise(caller, "{provision}: it waits for an attempt that is under way, and clears it if it fails"),
        (_, None) => failure,
    }
}

fn on(name: &str) -> String {
    if name.is_empty() {
        String::new()
    } else {
        format!(" on {name}")
    }
}

/// What a device says it is doing, of Wi-Fi or of Thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Nothing, and nothing failed.
    Idle,
    /// It is trying.
    Joining,
    /// It is online; on this network, as shown.
    Online(String),
    /// It gave up.
    Failed,
}

impl From<&WifiStatus> for State {
    fn from(status: &WifiStatus) -> Self {
        match status {
            WifiStatus::Connected(on) if on.ssid.is_hidden() => Self::Online(String::new()),
            WifiStatus::Connected(on) => Self::Online(quoted(on.ssid.as_bytes())),
            WifiStatus::Connecting { .. } => Self::Joining,
            WifiStatus::Failed(_) => Self::Failed,
            _ => Self::Idle,
        }
    }
}

impl From<&espprov_types::ThreadStatus> for State {
    fn from(status: &espprov_types::ThreadStatus) -> Self {
        use espprov_types::ThreadStatus as S;
        match status {
            S::Attached(on) => Self::Online(quoted(on.name.as_bytes())),
            S::Attaching => Self::Joining,
            S::Failed(_) => Self::Failed,
            _ => Self::Idle,
        }
    }
}

/// A failure to join, with what the device hears of that network.
#[must_use]
pub fn with_hearing(caller: Caller, failure: Error, ssid: &[u8], heard: &Heard) -> Error {
    match heard {
        Heard::As(auth) if auth.is_enterprise() => {
            failure
                .with_code("enterprise_network")
                .with_message(format!("the network {} is one with user accounts ({auth})", quoted(ssid)))
                .with_cause("this protocol carries a name and a passphrase: enterprise networks cannot be provisioned this way")
                .with_help("use a network with a passphrase: many routers have a second one for such devices")
                .with_retry(None)
        }
        Heard::As(AuthMode::Open | AuthMode::Owe) if failure.code() == "auth_error" => {
            failure.with_cause("the device hears the network as one without a passphrase, and a passphrase was given")
                .advise(caller, "if the network is open, {open}")
        }
        Heard::As(_) if failure.code() == "network_not_found" => failure
            .with_cause("the device hears the network now: its signal comes and goes, or its security is one that the firmware refuses")
            .advise(caller, "{again} ({retries}); if it stays so, look at the network's security settings"),
        Heard::Similar(name) => failure
            .with_cause(format!("the device hears no such network, but {}: upper and lower case and spaces count", quoted(name)))
            .with_help(format!("{} with the name as it is heard: {}", caller.say("{again}"), shown(name))),
        Heard::Nothing(count) if failure.code() == "network_not_found" => failure.with_cause(format!(
            "the device hears {}, and this one is not among them: out of reach, a typing error in the name, or a 5 GHz network (most of these devices hear 2.4 GHz only)",
            Networks(*count)
        )),
        _ => failure,
    }
}

struct Networks(usize);

impl fmt::Display for Networks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("no network at all"),
            1 => f.write_str("1 network"),
            n => write!(f, "{n} networks"),
        }
    }
}

/// What the device hears of one network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// The network, of this kind.
    As(AuthMode),
    /// One whose name differs in case or spaces only.
    Similar(Vec<u8>),
    /// So many others.
    Nothing(usize),
}

impl Heard {
    /// Looks for `ssid` in a scan.
    #[must_use]
    pub fn of(ssid: &[u8], networks: &[AccessPoint]) -> Self {
        let plain = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).to_lowercase();
            text.split_whitespace().collect::<String>()
        };
        let same = networks.iter().filter(|network| network.ssid.as_bytes() == ssid);
        if let Some(best) = same.max_by_key(|network| network.rssi) {
            return Self::As(best.auth);
        }
        let similar = networks
            .iter()
            .find(|network| !network.ssid.is_hidden() && plain(network.ssid.as_bytes()) == plain(ssid));
        match similar {
            Some(network) => Self::Similar(network.ssid.as_bytes().to_vec()),
            None => Self::Nothing(networks.len()),
        }
    }
}
