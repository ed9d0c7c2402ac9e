//! What a link written in Python raised, on its way past the protocol.

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use std::sync::{Mutex, PoisonError};

/// Holds the last exception of a device's link. The errors of the layers between know its meaning only.
#[derive(Default)]
pub(crate) struct Cause(Mutex<Option<PyErr>>);

impl Cause {
    pub(crate) fn set(&self, raised: Option<PyErr>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = raised;
    }

    pub(crate) fn take(&self) -> Option<PyErr> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Neither an error nor anything that a link means: `KeyboardInterrupt`, `SystemExit` and the like, which pass as they are.
pub(crate) fn passes(py: Python<'_>, raised: &PyErr) -> bool {
    !raised.is_instance_of::<PyException>(py)
}
