//! Arguments, as Python gives them.

use crate::error::{raise, usage};
use core::time::Duration;
use espprov::{Caller, SecurityChoice, SecurityScheme};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyString};
use zeroize::Zeroizing;

/// Whom help is for.
pub(crate) const CALLER: Caller = Caller::Python;

/// Text or bytes. The copy here is wiped; Python's own cannot be. No `Debug`: it may be a secret.
pub(crate) struct TextOrBytes(pub(crate) Zeroizing<Vec<u8>>);

impl AsRef<[u8]> for TextOrBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl<'py> FromPyObject<'_, 'py> for TextOrBytes {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let bytes = if let Ok(text) = object.cast::<PyString>() {
            text.encode_utf8()?.as_bytes().to_vec()
        } else if let Ok(bytes) = object.cast::<PyBytes>() {
            bytes.as_bytes().to_vec()
        } else if let Ok(bytes) = object.cast::<PyByteArray>() {
            bytes.to_vec()
        } else {
            let kind = object.get_type().name()?.to_string();
            return Err(PyTypeError::new_err(format!(
                "str or bytes are needed, not {kind}"
            )));
        };
        Ok(Self(Zeroizing::new(bytes)))
    }
}

/// `"auto"`, or the number of a scheme.
pub(crate) fn security(value: &Bound<'_, PyAny>) -> PyResult<SecurityChoice> {
    let py = value.py();
    if let Ok(text) = value.cast::<PyString>() {
        if text.to_str()? == "auto" {
            return Ok(SecurityChoice::Auto);
        }
    } else if let Ok(number @ 0..=2) = value.extract::<u8>() {
        return Ok(SecurityChoice::Exactly(SecurityScheme::from_number(number)));
    } else if value.extract::<i64>().is_err() {
        let kind = value.get_type().name()?.to_string();
        return Err(PyTypeError::new_err(format!(
            "security must be \"auto\", 0, 1 or 2, not {kind}"
        )));
    }
    Err(usage(
        py,
        "invalid_security",
        "there is no such security scheme",
        "leave security at \"auto\", or give 0, 1 or 2",
    ))
}

/// The number of a scheme, where one is named.
pub(crate) fn check_scheme(py: Python<'_>, security: Option<u8>) -> PyResult<()> {
    if security.is_some_and(|number| number > 2) {
        return Err(usage(
            py,
            "invalid_security",
            "there is no such security scheme",
            "give 0, 1 or 2",
        ));
    }
    Ok(())
}

/// Seconds.
pub(crate) fn seconds(py: Python<'_>, name: &str, value: f64) -> PyResult<Duration> {
    match Duration::try_from_secs_f64(value) {
        // More than a year is no time limit, and sums of such would overflow.
        Ok(time) if !time.is_zero() && time.as_secs() < 366 * 24 * 3600 => Ok(time),
        _ => Err(usage(
            py,
            "invalid_time",
            &format!("{name} must be more than 0 seconds, and at most a year"),
            &format!("give {name} in seconds, such as 60.0"),
        )),
    }
}

/// An error of the front door for a wrong value.
pub(crate) fn wrong(py: Python<'_>, error: &espprov::Error) -> PyErr {
    raise(py, error, None)
}
