//! What a failed run comes to: the explanations of the crate `espprov`, in the words of a command line, those that
//! only a command line needs, and an exit status for scripts.

mod cli;

pub(crate) use cli::from_clap;
pub(crate) use espprov::explain;
#[cfg(feature = "ble")]
pub(crate) use espprov::explain::LinkError as Explained;
pub(crate) use espprov::explain::io::file;
pub(crate) use espprov::{Caller, Class, Error as Failure, Place, Stage};

use crate::signals::{self, Signal};

/// Whom help is for: whoever typed the command line.
pub(crate) const CALLER: Caller = Caller::Command;

/// The exit status of a failed run; the manual has the table.
pub(crate) fn exit_status(failure: &Failure) -> u8 {
    match failure.class() {
        Class::Usage => 2,
        Class::Link => 3,
        Class::Credentials => 4,
        Class::Policy => 5,
        Class::Refused => 6,
        Class::AuthFailed => 7,
        Class::NetworkNotFound => 8,
        Class::Deadline => 9,
        Class::Unconfirmed => 12,
        Class::SomeFailed => 10,
        Class::Incomplete => 13,
        // By Esc, where no signal came.
        Class::Interrupted => signals::ending().exit(),
        _ => UNEXPECTED,
    }
}

/// The status of what should not happen.
pub(crate) const UNEXPECTED: u8 = 1;

/// A value is missing and nobody can be asked for it.
pub(crate) fn missing(what: &str, flags: &str) -> Failure {
    explain::missing(CALLER, what, flags)
}

/// A signal came.
pub(crate) fn interrupted(signal: Signal) -> Failure {
    signals::end_by(signal);
    Failure::new(Class::Interrupted, "interrupted", "interrupted")
        .with_cause(signal.cause())
        .with_help("run again; a device that was left half-way is put in order by the next run")
        .with_outcome("interrupted")
}

/// The same for a command that runs until it is stopped.
pub(crate) fn stopped(signal: Signal) -> Failure {
    signals::end_by(signal);
    Failure::new(Class::Interrupted, "interrupted", "stopped")
        .with_cause(signal.cause())
        .with_help("start it again when it is needed")
        .with_outcome("interrupted")
}

/// Esc where there is no question to go back to.
pub(crate) fn cancelled() -> Failure {
    Failure::new(Class::Interrupted, "interrupted", "nothing was chosen")
        .with_cause("Esc was pressed at the first question")
        .with_help("run again, or give the values by flags")
        .with_outcome("interrupted")
}
