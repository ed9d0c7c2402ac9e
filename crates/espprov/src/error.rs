//! The error of every front end: what happened, why it probably did, what to do next, and a code for programs.

use crate::Caller;
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use core::fmt;

/// What kind of failure it was: what a program decides by. The command's exit statuses are these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// Something that should not happen: report it.
    Unexpected,
    /// What was asked for cannot be meant: nothing was sent.
    Usage,
    /// No device there, or the link to it failed.
    Link,
    /// A wrong proof of possession, username or password.
    Credentials,
    /// Refused on this side: what the device offers is less than what was allowed.
    Policy,
    /// The device refused a request.
    Refused,
    /// The network did not let the device in.
    AuthFailed,
    /// The device does not find the network.
    NetworkNotFound,
    /// Time was up.
    Deadline,
    /// The device may have taken the credentials, and was lost before it said so.
    Unconfirmed,
    /// The device has its network, and what was to follow in the same session is missing.
    Incomplete,
    /// Of many devices some are not done; each has an error of its own.
    SomeFailed,
    /// Somebody wanted it to end.
    Interrupted,
}

/// How far a run had come when it failed, where running again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Nothing of the request itself had been sent: anything may be done again.
    Early,
    /// The device may have acted: only what can be repeated may be done again.
    Late,
}

/// A failure, for people and programs. Holds no secret.
///
/// `Display` says what happened; [`cause`](Self::cause) and [`help`](Self::help) go with it, [`code`](Self::code) is for
/// programs and stays the same from release to release.
///
/// ```
/// use espprov::{Class, Error};
///
/// let error = Error::new(Class::Link, "no_bus", "the sensor bus is off")
///     .with_cause("its supply is switched off between measurements")
///     .with_help("try again during a measurement");
/// assert_eq!(error.to_string(), "the sensor bus is off");
/// assert_eq!((error.class(), error.code()), (Class::Link, "no_bus"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Box<Parts>);

/// Kept apart: an error is handed on far more often than it is looked at, and every result that might be one has its size.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts {
    class: Class,
    code: &'static str,
    message: Cow<'static, str>,
    cause: Cow<'static, str>,
    help: Cow<'static, str>,
    outcome: &'static str,
    retry: Option<Stage>,
    mended: bool,
}

impl Error {
    /// A failure without a cause or help yet, which no second try mends.
    #[must_use]
    pub fn new(class: Class, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Parts {
            class,
            code,
            message: message.into(),
            cause: Cow::Borrowed(""),
            help: Cow::Borrowed(""),
            outcome: "failed",
            retry: None,
            mended: false,
        }))
    }

    /// One of [`Class::Usage`].
    #[must_use]
    pub fn usage(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Class::Usage, code, message)
    }

    /// Another kind.
    #[must_use]
    pub fn with_class(mut self, class: Class) -> Self {
        self.0.class = class;
        self
    }

    /// Another message.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.0.message = message.into();
        self
    }

    /// Another code.
    #[must_use]
    pub fn with_code(mut self, code: &'static str) -> Self {
        self.0.code = code;
        self
    }

    /// Why it probably happened.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<Cow<'static, str>>) -> Self {
        self.0.cause = cause.into();
        self
    }

    /// What to do next.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<Cow<'static, str>>) -> Self {
        self.0.help = help.into();
        self
    }

    /// The same, with what stands in braces said to this caller. A function of its own, since nearly every error takes this way.
    #[inline(never)]
    pub(crate) fn advise(mut self, caller: Caller, help: &'static str) -> Self {
        self.0.help = caller.say(help);
        self
    }

    /// What the result of the whole is called: see [`outcome`](Self::outcome).
    #[must_use]
    pub fn with_outcome(mut self, outcome: &'static str) -> Self {
        self.0.outcome = outcome;
        self
    }

    /// Trying again may help, or (`None`) it cannot.
    #[must_use]
    pub fn with_retry(mut self, stage: Option<Stage>) -> Self {
        self.0.retry = stage;
        self
    }

    /// The cause lies on this computer and is put right by trying again.
    #[must_use]
    pub fn with_mended(mut self, mended: bool) -> Self {
        self.0.mended = mended;
        self
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn class(&self) -> Class {
        self.0.class
    }

    /// A word for programs: `wrong_pop`, `device_not_found`, `auth_error` …
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// What happened.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Why it probably did; empty where nobody knows.
    #[must_use]
    pub fn cause(&self) -> &str {
        &self.0.cause
    }

    /// What to do next, in words for the [`Caller`].
    #[must_use]
    pub fn help(&self) -> &str {
        &self.0.help
    }

    /// How a provisioning ended: `auth_error`, `network_not_found`, `unconfirmed`, `interrupted`, else `failed`.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        self.0.outcome
    }

    /// Whether trying again may help, and what may be.
    #[must_use]
    pub fn retry(&self) -> Option<Stage> {
        self.0.retry
    }

    /// The cause lies on this computer (its Bluetooth service restarted) and trying again puts it right: that says nothing
    /// about the device and costs it nothing.
    #[must_use]
    pub fn is_mended(&self) -> bool {
        self.0.mended
    }

    /// Message and cause in one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        if self.0.cause.is_empty() {
            self.0.message.clone().into_owned()
        } else {
            format!("{} ({})", self.0.message, self.0.cause)
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl core::error::Error for Error {}
