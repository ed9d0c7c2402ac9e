//! What a failed run tells its user: what happened, why it probably did, what to do next, and a code and an
//! exit status for scripts. [`table`] fills these in for every error of the layers below.

mod cli;
mod diagnosis;
mod links;
mod payload;
mod table;
mod wifi;

pub(crate) use cli::from_clap;
pub(crate) use diagnosis::{
    Heard, State, another_network, control_refused, earlier_attempt_stays, needs_restart, no_thread,
    no_thread_scan, no_wifi, not_trying, still_joining, with_hearing,
};
pub(crate) use links::{from_ble, from_link};
pub(crate) use payload::from_payload;
pub(crate) use table::{Place, from_provision};
pub(crate) use wifi::{from_config, from_thread_outcome, from_wifi_outcome, unconfirmed};

use crate::signals::Signal;
use std::borrow::Cow;

/// The exit statuses, documented in the manual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Unexpected = 1,
    Usage = 2,
    Link = 3,
    Credentials = 4,
    Policy = 5,
    Refused = 6,
    AuthFailed = 7,
    NetworkNotFound = 8,
    Deadline = 9,
    Unconfirmed = 12,
    HungUp = 129,
    Interrupted = 130,
    Terminated = 143,
}

impl Exit {
    /// 128 and the number of a signal.
    pub(crate) const fn is_signal(self) -> bool {
        matches!(self, Self::HungUp | Self::Interrupted | Self::Terminated)
    }
}

/// How far a run had come when it failed, where running again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing of the command itself had been sent: any command may be run again.
    Early,
    /// The device may have acted: only commands that can be repeated may be run again.
    Late,
}

/// A failed run. Holds no secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// Stable, for scripts.
    pub(crate) code: &'static str,
    /// What happened.
    pub(crate) message: Cow<'static, str>,
    /// Why it probably did; may be empty.
    pub(crate) cause: Cow<'static, str>,
    /// What to do next.
    pub(crate) help: Cow<'static, str>,
    /// What the JSON result says.
    pub(crate) outcome: &'static str,
    /// Running again may help.
    pub(crate) retry: Option<Stage>,
    /// The cause lies on this computer and is put right by running again: that needs no `--retries`.
    pub(crate) mended: bool,
}

impl Failure {
    pub(crate) fn new(exit: Exit, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            exit,
            code,
            message: message.into(),
            cause: Cow::Borrowed(""),
            help: Cow::Borrowed(""),
            outcome: "failed",
            retry: None,
            mended: false,
        }
    }

    pub(crate) fn usage(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Exit::Usage, code, message)
    }

    #[must_use]
    pub(crate) fn cause(mut self, cause: impl Into<Cow<'static, str>>) -> Self {
        self.cause = cause.into();
        self
    }

    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<Cow<'static, str>>) -> Self {
        self.help = help.into();
        self
    }

    #[must_use]
    pub(crate) const fn outcome(mut self, outcome: &'static str) -> Self {
        self.outcome = outcome;
        self
    }

    #[must_use]
    pub(crate) const fn retry(mut self, stage: Stage) -> Self {
        self.retry = Some(stage);
        self
    }

    /// Message and cause in one sentence.
    pub(crate) fn sentence(&self) -> String {
        if self.cause.is_empty() {
            self.message.clone().into_owned()
        } else {
            format!("{} ({})", self.message, self.cause)
        }
    }
}

/// A value is missing and nobody can be asked for it.
pub(crate) fn missing(what: &str, flags: &str) -> Failure {
    Failure::usage("missing_value", format!("{what} is missing: give {flags}"))
        .cause("there is no terminal to ask on, or --json was given")
        .help(format!("add {flags} and run again"))
}

/// A signal came.
pub(crate) fn interrupted(signal: Signal) -> Failure {
    Failure::new(signal.exit(), "interrupted", "interrupted")
        .cause(signal.cause())
        .help("run again; a device that was left half-way is put in order by the next run")
        .outcome("interrupted")
}

/// The same for a command that runs until it is stopped.
pub(crate) fn stopped(signal: Signal) -> Failure {
    Failure::new(signal.exit(), "interrupted", "stopped")
        .cause(signal.cause())
        .help("start it again when it is needed")
        .outcome("interrupted")
}

/// Esc where there is no question to go back to.
pub(crate) fn cancelled() -> Failure {
    Failure::new(Exit::Interrupted, "interrupted", "nothing was chosen")
        .cause("Esc was pressed at the first question")
        .help("run again, or give the values by flags")
        .outcome("interrupted")
}

/// The overall deadline passed.
pub(crate) fn deadline(doing: &str, place: &Place) -> Failure {
    Failure::new(
        Exit::Deadline,
        "deadline",
        format!("deadline passed while {doing}"),
    )
    .cause(match place.transport {
        "serial" => "the device is slow or busy, or does not understand what it is sent",
        "sim" => "the simulated device takes longer than that",
        _ => "the device is slow, busy or out of reach",
    })
    .help(format!(
        "{}, or allow more time with --deadline, then run again",
        place.how_to_hear_better()
    ))
}

/// A file named on the command line.
pub(crate) fn file(what: &str, path: &std::path::Path, error: &std::io::Error) -> Failure {
    Failure::usage(
        "file",
        format!("cannot {what} {}: {}", path.display(), os_reason(error)),
    )
    .cause("the path is mistyped, or its permissions do not allow it")
    .help("check the path and its permissions")
}

/// An I/O error in plain words.
pub(crate) fn os_reason(error: &std::io::Error) -> String {
    let reason = io_reason(error.kind());
    if reason != UNNAMED {
        return reason;
    }
    // The system's own words, without the number it has for them.
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or_default();
    let mut chars = words.chars();
    chars
        .next()
        .map_or_else(|| reason, |first| first.to_lowercase().chain(chars).collect())
}

/// For kinds of errors that have no name of their own.
const UNNAMED: &str = "the system refused";

/// The kind of an I/O error in plain words.
pub(crate) fn io_reason(kind: std::io::ErrorKind) -> String {
    use std::io::ErrorKind as K;
    match kind {
        K::ConnectionRefused => "connection refused".to_owned(),
        K::HostUnreachable | K::NetworkUnreachable => "no route to that address".to_owned(),
        K::NetworkDown => "the network is down".to_owned(),
        K::NotFound => "not found".to_owned(),
        K::PermissionDenied => "permission denied".to_owned(),
        K::AddrInUse => "the address is already in use".to_owned(),
        K::AddrNotAvailable => "this machine does not have that address".to_owned(),
        other => match other.to_string().as_str() {
            "uncategorized error" | "other error" => UNNAMED.to_owned(),
            text => text.to_owned(),
        },
    }
}
