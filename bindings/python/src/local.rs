//! A device on its network, with properties.

use crate::arguments::TextOrBytes;
use crate::call::Call;
use crate::device::Held;
use crate::values::{DeviceInfo, Property, list, made, of_security};
use espprov::NewValue;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyInt, PyString};
use pyo3::{PyTraverseError, PyVisit};
use std::sync::Arc;

/// A device that lets clients list, read and set its properties. Each method gives a [`Call`].
#[pyclass(frozen, module = "espprov._espprov")]
pub(crate) struct LocalControl(Arc<Held<espprov::LocalControl>>);

impl LocalControl {
    pub(crate) const fn new(held: Arc<Held<espprov::LocalControl>>) -> Self {
        Self(held)
    }
}

#[pymethods]
impl LocalControl {
    fn info(&self) -> Call {
        self.0.call(
            |device| Box::pin(device.info()),
            |py, info| made(py, DeviceInfo::new(&info)),
        )
    }

    fn authenticate(&self) -> Call {
        self.0.call(|device| Box::pin(device.authenticate()), of_security)
    }

    fn props(&self) -> Call {
        self.0.call(
            |device| Box::pin(device.list()),
            |py, properties| list(py, properties.iter().map(Property::new)),
        )
    }

    fn get(&self, name: String) -> Call {
        self.0.call(
            move |device| Box::pin(async move { device.get(&name).await }),
            |py, property| made(py, Property::new(&property)),
        )
    }

    fn set(&self, values: &Bound<'_, PyDict>) -> PyResult<Call> {
        let mut wanted = Vec::with_capacity(values.len());
        for (name, value) in values {
            wanted.push((name.extract::<String>()?, new_value(&value)?));
        }
        Ok(self.0.call(
            move |device| {
                Box::pin(async move {
                    let wanted = wanted.iter().map(|(name, value)| (name.as_str(), value.clone()));
                    device.set(wanted.collect::<Vec<_>>()).await
                })
            },
            |py, ()| Ok(py.None()),
        ))
    }

    fn close(&self) -> Call {
        self.0.close()
    }

    /// What `__del__` of the device around it calls.
    fn abandon(&self) {
        self.0.abandon();
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.0.traverse(&visit)
    }

    fn __clear__(&self) {
        self.0.clear();
    }

    #[getter]
    fn closed(&self) -> bool {
        self.0.is_closed()
    }
}

/// Numbers and truth values as their text, which the property's type reads.
fn new_value(value: &Bound<'_, PyAny>) -> PyResult<NewValue> {
    if let Ok(truth) = value.cast::<PyBool>() {
        return Ok(NewValue::Text(truth.is_true().to_string()));
    }
    if value.is_instance_of::<PyInt>() {
        return Ok(NewValue::Text(value.str()?.to_string()));
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(NewValue::Text(text.to_str()?.to_owned()));
    }
    Ok(NewValue::Bytes(value.extract::<TextOrBytes>()?.0.to_vec()))
}
