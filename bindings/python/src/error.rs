//! Errors of the front door as exceptions of the package.

use crate::cause::passes;
use espprov::{Class, Error, Stage};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Why a call failed.
pub(crate) enum Failure {
    /// As the front door says it, with what a link written in Python raised.
    Error(Box<Error>, Option<PyErr>),
    /// The device was closed.
    Closed,
    /// It was opened in the process that this one was forked from.
    Forked,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(Box::new(error), None)
    }
}

impl Failure {
    pub(crate) fn raise(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Error(_, Some(raised)) if passes(py, &raised) => raised,
            Self::Error(error, cause) => raise(py, &error, cause),
            Self::Closed => raise(py, &closed(), None),
            Self::Forked => raise(py, &forked(), None),
        }
    }

    /// The link has to be let go of: somebody wants everything to end.
    pub(crate) fn ends_the_link(&self, py: Python<'_>) -> bool {
        match self {
            Self::Error(_, Some(raised)) => passes(py, raised),
            _ => false,
        }
    }
}

fn closed() -> Error {
    Error::usage("closed", "this device is closed")
        .with_cause("it was closed, its `with` block has ended, or a call was interrupted")
        .with_help("connect again")
}

fn forked() -> Error {
    Error::usage("forked", "this device was opened before the process was forked")
        .with_cause("a link cannot be used by two processes")
        .with_help("connect in the process that uses the device")
}

/// The class of `espprov` that stands for a kind of failure.
const fn class_name(class: Class) -> &'static str {
    match class {
        Class::Usage => "UsageError",
        Class::Link => "LinkFailed",
        Class::Credentials => "WrongCredentials",
        Class::Policy => "PolicyRefused",
        Class::Refused => "DeviceRefused",
        Class::AuthFailed => "NetworkRefused",
        Class::NetworkNotFound => "NetworkNotFound",
        Class::Deadline => "DeadlinePassed",
        _ => "Unexpected",
    }
}

/// A module of the package, imported once.
macro_rules! module {
    ($name:ident, $path:literal) => {
        pub(crate) fn $name(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
            static MODULE: pyo3::sync::PyOnceLock<Py<PyModule>> = pyo3::sync::PyOnceLock::new();
            let module = MODULE.get_or_try_init(py, || py.import($path).map(Bound::unbind))?;
            Ok(module.bind(py))
        }
    };
}
pub(crate) use module;

module!(errors, "espprov._errors");

/// The exception; `cause` is what a link written in Python raised.
pub(crate) fn raise(py: Python<'_>, error: &Error, cause: Option<PyErr>) -> PyErr {
    let made = (|| {
        let fields = PyDict::new(py);
        fields.set_item("code", error.code())?;
        fields.set_item("cause", error.cause())?;
        fields.set_item("help", error.help())?;
        fields.set_item(
            "retry",
            error.retry().map(|stage| match stage {
                Stage::Early => "early",
                _ => "late",
            }),
        )?;
        let class = errors(py)?.getattr(class_name(error.class()))?;
        class.call((error.message(),), Some(&fields))
    })();
    match made {
        Ok(exception) => {
            let exception = PyErr::from_value(exception);
            if cause.is_some() {
                exception.set_cause(py, cause);
            }
            exception
        }
        Err(error) => error,
    }
}

/// A wrong argument.
pub(crate) fn usage(py: Python<'_>, code: &'static str, message: &str, help: &str) -> PyErr {
    let error = Error::usage(code, message.to_owned())
        .with_cause("no such value is taken; nothing was sent")
        .with_help(help.to_owned());
    raise(py, &error, None)
}
