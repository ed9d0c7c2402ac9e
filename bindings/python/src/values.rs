//! What calls return.

use crate::error::module;
use espprov::{Joined, SessionSecurity};
use espprov_local_ctrl::Value;
use espprov_types::hex::Hex;
use espprov_types::{ThreadFailure, WifiFailure};
use pyo3::PyClass;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyInt, PyList, PyString};

module!(module, "espprov._values");

/// A value of ours.
pub(crate) fn made<T: PyClass<BaseType = PyAny>>(py: Python<'_>, value: T) -> PyResult<Py<PyAny>>
where
    PyClassInitializer<T>: From<T>,
{
    Ok(Py::new(py, value)?.into_any())
}

/// A list of them.
pub(crate) fn list<T: PyClass<BaseType = PyAny>>(
    py: Python<'_>,
    values: impl Iterator<Item = T>,
) -> PyResult<Py<PyAny>>
where
    PyClassInitializer<T>: From<T>,
{
    let values = values
        .map(|value| Py::new(py, value))
        .collect::<PyResult<Vec<_>>>()?;
    Ok(PyList::new(py, values)?.into_any().unbind())
}

/// The number of a session's scheme; `None` without a handshake.
pub(crate) fn of_security(py: Python<'_>, security: SessionSecurity) -> PyResult<Py<PyAny>> {
    Ok(security.number().into_pyobject(py)?.into_any().unbind())
}

/// A network name as `espprov.Ssid`, which is `bytes` with a text.
fn ssid<'py>(py: Python<'py>, name: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    module(py)?.getattr("Ssid")?.call1((PyBytes::new(py, name),))
}

/// `Name(field=value, …)` of the fields as they are in Python.
fn shown(object: &Bound<'_, PyAny>, fields: &[&str]) -> PyResult<String> {
    let mut text = format!("{}(", object.get_type().name()?);
    for (at, field) in fields.iter().enumerate() {
        let value = object.getattr(*field)?.repr()?;
        text.push_str(&format!("{}{field}={value}", if at == 0 { "" } else { ", " }));
    }
    text.push(')');
    Ok(text)
}

/// `__repr__` and `__match_args__` of a value, and what methods it has beside.
macro_rules! fields {
    ($class:ident: $($field:literal),*; $($method:tt)*) => {
        #[pymethods]
        impl $class {
            #[classattr]
            fn __match_args__() -> [&'static str; [$($field),*].len()] {
                [$($field),*]
            }

            fn __repr__(this: &Bound<'_, Self>) -> PyResult<String> {
                shown(this.as_any(), &[$($field),*])
            }

            $($method)*
        }
    };
}

/// What a device says about itself.
#[pyclass(frozen, eq, get_all, module = "espprov")]
#[derive(PartialEq, Eq)]
pub(crate) struct DeviceInfo {
    version: String,
    security: Option<u8>,
    patch: Option<u8>,
    capabilities: Vec<&'static str>,
    apps: Vec<(String, String)>,
}
fields!(DeviceInfo: "version", "security", "patch", "capabilities", "apps";);

impl DeviceInfo {
    pub(crate) fn new(info: &espprov::DeviceInfo) -> Self {
        Self {
            version: info.version.to_string(),
            security: info.names_scheme().then(|| info.scheme().number()),
            patch: info.names_scheme().then(|| info.patch_level()),
            capabilities: info.capabilities.names().collect(),
            apps: info
                .apps
                .iter()
                .map(|app| (app.label.to_string(), app.version.to_string()))
                .collect(),
        }
    }
}

/// A Wi-Fi network that the device hears.
#[pyclass(frozen, eq, module = "espprov")]
#[derive(PartialEq, Eq)]
pub(crate) struct AccessPoint {
    ssid: Vec<u8>,
    #[pyo3(get)]
    bssid: String,
    #[pyo3(get)]
    channel: u32,
    #[pyo3(get)]
    rssi: i32,
    #[pyo3(get)]
    auth: String,
    #[pyo3(get)]
    private: bool,
    #[pyo3(get)]
    active: bool,
}
fields!(AccessPoint: "ssid", "bssid", "channel", "rssi", "auth", "private", "active";
    #[getter]
    fn ssid<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        ssid(py, &self.ssid)
    }
);

impl AccessPoint {
    pub(crate) fn new(network: &espprov::AccessPoint) -> Self {
        Self {
            ssid: network.ssid.as_bytes().to_vec(),
            bssid: network.bssid.to_string(),
            channel: network.channel,
            rssi: network.rssi,
            // As in the lines of the command.
            auth: network.auth.to_string().to_ascii_lowercase().replace('/', "-"),
            private: network.is_private(),
            active: network.active,
        }
    }
}

/// A Thread network that the device hears.
#[pyclass(frozen, eq, get_all, module = "espprov")]
#[derive(PartialEq, Eq)]
pub(crate) struct ThreadNetwork {
    name: String,
    pan_id: u16,
    ext_pan_id: String,
    channel: u16,
    rssi: i32,
    lqi: u32,
}
fields!(ThreadNetwork: "name", "pan_id", "ext_pan_id", "channel", "rssi", "lqi";);

impl ThreadNetwork {
    pub(crate) fn new(network: &espprov::ThreadNetwork) -> Self {
        Self {
            name: network.name.to_string(),
            pan_id: network.pan_id,
            ext_pan_id: Hex(&network.ext_pan_id).to_string(),
            channel: network.channel,
            rssi: network.rssi,
            lqi: network.lqi,
        }
    }
}

/// How provisioning ended; `joined` is `None` if the device did not say.
const fn outcome<C>(joined: Option<&Joined<C>>) -> &'static str {
    match joined {
        Some(Joined::Confirmed(_)) => "connected",
        Some(_) => "likely_connected",
        None => "unconfirmed",
    }
}

/// What became of a device that was given a Wi-Fi network.
#[pyclass(frozen, eq, module = "espprov")]
#[derive(PartialEq, Eq)]
pub(crate) struct Provisioned {
    #[pyo3(get)]
    outcome: &'static str,
    #[pyo3(get)]
    ip: Option<String>,
    ssid: Vec<u8>,
    #[pyo3(get)]
    channel: Option<i32>,
}
fields!(Provisioned: "outcome", "ip", "ssid", "channel";
    #[getter]
    fn ssid<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        ssid(py, &self.ssid)
    }
);

impl Provisioned {
    pub(crate) fn new(joined: Option<Joined<espprov::WifiConnection>>, asked: &[u8]) -> Self {
        let outcome = outcome(joined.as_ref());
        let on = joined.and_then(Joined::confirmed);
        Self {
            outcome,
            ip: on.as_ref().and_then(|on| on.ip).map(|ip| ip.to_string()),
            ssid: on
                .as_ref()
                .map_or_else(|| asked.to_vec(), |on| on.ssid.as_bytes().to_vec()),
            channel: on.and_then(|on| on.channel),
        }
    }
}

/// What became of a device that was given a Thread network.
#[pyclass(frozen, eq, get_all, module = "espprov")]
#[derive(PartialEq, Eq)]
pub(crate) struct ThreadProvisioned {
    outcome: &'static str,
    name: Option<String>,
    pan_id: Option<u16>,
    channel: Option<u16>,
}
fields!(ThreadProvisioned: "outcome", "name", "pan_id", "channel";);

impl ThreadProvisioned {
    pub(crate) fn new(joined: Option<Joined<espprov::ThreadAttachment>>) -> Self {
        let outcome = outcome(joined.as_ref());
        let on = joined.and_then(Joined::confirmed);
        Self {
            outcome,
            name: on.as_ref().map(|on| on.name.to_string()),
            pan_id: on.as_ref().map(|on| on.pan_id),
            channel: on.map(|on| on.channel),
        }
    }
}

/// State of a device's Wi-Fi station.
#[pyclass(frozen, eq, module = "espprov")]
#[derive(PartialEq, Eq)]
pub(crate) struct WifiStatus {
    #[pyo3(get)]
    state: &'static str,
    #[pyo3(get)]
    reason: Option<&'static str>,
    #[pyo3(get)]
    attempts_remaining: Option<u32>,
    #[pyo3(get)]
    ip: Option<String>,
    ssid: Option<Vec<u8>>,
    #[pyo3(get)]
    channel: Option<i32>,
}
fields!(WifiStatus: "state", "reason", "attempts_remaining", "ip", "ssid", "channel";
    #[getter]
    fn ssid<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.ssid.as_deref().map(|name| ssid(py, name)).transpose()
    }
);

impl WifiStatus {
    pub(crate) fn new(status: &espprov::WifiStatus) -> Self {
        use espprov::WifiStatus as Status;
        let mut value = Self {
            state: "disconnected",
            reason: None,
            attempts_remaining: None,
            ip: None,
            ssid: None,
            channel: None,
        };
        match status {
            Status::Connected(on) => {
                value.state = "connected";
                value.ip = on.ip.map(|ip| ip.to_string());
                value.ssid = Some(on.ssid.as_bytes().to_vec());
                value.channel = on.channel;
            }
            Status::Connecting { attempts_remaining } => {
                value.state = "connecting";
                value.attempts_remaining = *attempts_remaining;
            }
            Status::Failed(why) => {
                value.state = "failed";
                value.reason = Some(match why {
                    WifiFailure::AuthError => "auth_error",
                    WifiFailure::NetworkNotFound => "network_not_found",
                    _ => "unknown",
                });
            }
            _ => {}
        }
        value
    }
}

/// State of a device's Thread interface.
#[pyclass(frozen, eq, get_all, module = "espprov")]
#[derive(PartialEq, Eq)]
pub(crate) struct ThreadStatus {
    state: &'static str,
    reason: Option<&'static str>,
    name: Option<String>,
    pan_id: Option<u16>,
    channel: Option<u16>,
}
fields!(ThreadStatus: "state", "reason", "name", "pan_id", "channel";);

impl ThreadStatus {
    pub(crate) fn new(status: &espprov::ThreadStatus) -> Self {
        use espprov::ThreadStatus as Status;
        let state = |state| Self {
            state,
            reason: None,
            name: None,
            pan_id: None,
            channel: None,
        };
        match status {
            Status::Attached(on) => Self {
                name: Some(on.name.to_string()),
                pan_id: Some(on.pan_id),
                channel: Some(on.channel),
                ..state("connected")
            },
            Status::Attaching => state("connecting"),
            Status::Failed(why) => Self {
                reason: Some(match why {
                    ThreadFailure::DatasetInvalid => "dataset_invalid",
                    ThreadFailure::NetworkNotFound => "network_not_found",
                    _ => "unknown",
                }),
                ..state("failed")
            },
            _ => state("disconnected"),
        }
    }
}

/// A property of a device on its network.
#[pyclass(frozen, eq, module = "espprov")]
#[derive(PartialEq, Eq)]
pub(crate) struct Property(espprov::Property);
fields!(Property: "name", "type", "flags", "value", "raw";
    #[getter]
    fn name(&self) -> &str {
        &self.0.name
    }

    #[getter]
    fn r#type(&self) -> u32 {
        self.0.kind
    }

    #[getter]
    fn flags(&self) -> u32 {
        self.0.flags
    }

    /// As its type says it: a number, a truth value, text; the bytes, where the type is the application's own.
    #[getter]
    fn value<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        match self.0.typed() {
            Some(Value::Timestamp(number)) => PyInt::new(py, number).into_any(),
            Some(Value::Int(number)) => PyInt::new(py, number).into_any(),
            Some(Value::Bool(truth)) => PyBool::new(py, truth).to_owned().into_any(),
            Some(Value::Text(text)) => PyString::new(py, text).into_any(),
            _ => self.raw(py).into_any(),
        }
    }

    #[getter]
    fn raw<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.value)
    }
);

impl Property {
    pub(crate) fn new(property: &espprov::Property) -> Self {
        Self(property.clone())
    }
}
