//! Setup codes, credentials for firmware, Thread datasets.

use crate::arguments::{CALLER, TextOrBytes, check_scheme, wrong};
use crate::error::{raise, usage};
use crate::runtime::detached;
use core::fmt;
use espprov::explain;
use espprov_security::sec2::{Verifier, VerifierError};
use espprov_types::{Secret, SetupNetwork, SetupTransport, ShortStr};
use getrandom::SysRng;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use zeroize::Zeroizing;

/// What the code on a device says of it.
#[pyclass(frozen, module = "espprov")]
pub(crate) struct SetupPayload(espprov_types::SetupPayload);

fn too_long<T, E>(py: Python<'_>, what: &str, made: Result<T, E>) -> PyResult<T> {
    made.map_err(|_| {
        usage(
            py,
            "too_long",
            &format!("{what} is too long for a setup code"),
            "shorten it",
        )
    })
}

fn secret<const N: usize>(
    py: Python<'_>,
    what: &str,
    value: Option<TextOrBytes>,
) -> PyResult<Option<Secret<N>>> {
    let Some(value) = value else {
        return Ok(None);
    };
    if core::str::from_utf8(value.as_ref()).is_err() {
        return Err(usage(
            py,
            "invalid_payload",
            &format!("{what} is not UTF-8, which a setup code has to be"),
            "give text",
        ));
    }
    too_long(py, what, Secret::new(value.as_ref())).map(Some)
}

impl SetupPayload {
    fn written(
        &self,
        py: Python<'_>,
        write: impl FnOnce(&espprov_types::SetupPayload, &mut String) -> fmt::Result,
    ) -> PyResult<String> {
        let mut text = String::new();
        write(&self.0, &mut text).map_err(|_| {
            usage(
                py,
                "invalid_payload",
                "a secret is not UTF-8, which a setup code has to be",
                "give text",
            )
        })?;
        Ok(text)
    }
}

#[pymethods]
impl SetupPayload {
    #[new]
    #[pyo3(signature = (name, transport, *, pop=None, username=None, password=None, security=None, network="wifi"))]
    #[expect(clippy::too_many_arguments, reason = "the fields of the code")]
    fn new(
        py: Python<'_>,
        name: &str,
        transport: &str,
        pop: Option<TextOrBytes>,
        username: Option<String>,
        password: Option<TextOrBytes>,
        security: Option<u8>,
        network: &str,
    ) -> PyResult<Self> {
        let transport = match transport {
            "ble" => SetupTransport::Ble,
            "softap" => SetupTransport::SoftAp,
            _ => {
                return Err(usage(
                    py,
                    "invalid_payload",
                    "there is no such transport",
                    "give \"ble\" or \"softap\"",
                ));
            }
        };
        let mut payload = too_long(py, "name", espprov_types::SetupPayload::new(name, transport))?;
        payload.network = match network {
            "wifi" => SetupNetwork::Wifi,
            "thread" => SetupNetwork::Thread,
            _ => {
                return Err(usage(
                    py,
                    "invalid_payload",
                    "there is no such network",
                    "give \"wifi\" or \"thread\"",
                ));
            }
        };
        check_scheme(py, security)?;
        payload.security = security;
        payload.pop = secret(py, "pop", pop)?;
        payload.password = secret(py, "password", password)?;
        payload.username = match &username {
            Some(name) => Some(too_long(py, "username", ShortStr::try_from(name.as_str()))?),
            None => None,
        };
        Ok(Self(payload))
    }

    /// Finds and reads the code in any text that people have of it: the document, a link, a line of a log.
    #[staticmethod]
    fn parse(py: Python<'_>, text: &str) -> PyResult<Self> {
        let parsed = espprov_types::SetupPayload::parse(text);
        parsed
            .map(Self)
            .map_err(|error| wrong(py, &explain::payload(CALLER, &error)))
    }

    /// The document, as it goes into a QR code. It holds the secrets.
    fn text(&self, py: Python<'_>) -> PyResult<String> {
        self.written(py, |code, text| code.write_json(text))
    }

    /// A link to a page that shows the code.
    fn url(&self, py: Python<'_>, base: &str) -> PyResult<String> {
        self.written(py, |code, text| code.write_url(base, text))
    }

    #[getter]
    fn name(&self) -> &str {
        &self.0.name
    }

    #[getter]
    fn transport(&self) -> &'static str {
        match self.0.transport {
            SetupTransport::Ble => "ble",
            _ => "softap",
        }
    }

    #[getter]
    fn network(&self) -> &'static str {
        match self.0.network {
            SetupNetwork::Thread => "thread",
            _ => "wifi",
        }
    }

    #[getter]
    const fn security(&self) -> Option<u8> {
        self.0.security
    }

    #[getter]
    fn username(&self) -> Option<&str> {
        self.0.username.as_deref()
    }

    #[getter]
    fn pop(&self) -> Option<String> {
        self.0
            .pop
            .as_ref()
            .map(|pop| String::from_utf8_lossy(pop.expose()).into_owned())
    }

    #[getter]
    fn password(&self) -> Option<String> {
        let password = self.0.password.as_ref();
        password.map(|password| String::from_utf8_lossy(password.expose()).into_owned())
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    /// Without what is secret.
    fn __repr__(&self) -> String {
        format!(
            "SetupPayload(name={:?}, transport={:?}, network={:?})",
            &*self.0.name,
            self.transport(),
            self.network()
        )
    }
}

/// Salt and verifier for security 2 firmware.
#[pyclass(frozen, module = "espprov")]
pub(crate) struct Credentials(Verifier);

#[pymethods]
impl Credentials {
    #[getter]
    fn salt<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.salt())
    }

    #[getter]
    fn verifier<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.verifier())
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    /// Both are as good as a password's hash, and not shown.
    fn __repr__(&self) -> String {
        "Credentials(..)".to_owned()
    }
}

/// How much salt is made where none is given.
const SALT: usize = 16;

/// Makes salt and verifier from user name and password.
#[pyfunction]
#[pyo3(signature = (username, password, salt=None))]
pub(crate) fn credentials(
    py: Python<'_>,
    username: TextOrBytes,
    password: TextOrBytes,
    salt: Option<TextOrBytes>,
) -> PyResult<Credentials> {
    let salt = match salt {
        Some(salt) => Zeroizing::new(salt.as_ref().to_vec()),
        None => {
            let made = Verifier::generate_salt(SALT, &mut SysRng);
            Zeroizing::new(made.map_err(|_| {
                let error = espprov::Error::new(
                    espprov::Class::Unexpected,
                    "entropy",
                    "the operating system gives no random numbers",
                );
                raise(py, &error.with_help("restart the system, then try again"), None)
            })?)
        }
    };
    // An exponentiation of 3072 bits.
    let made = detached(py, || {
        Verifier::generate(username.as_ref(), password.as_ref(), &salt)
    });
    made.map(Credentials).map_err(|error| match error {
        VerifierError::EmptyUsername => usage(
            py,
            "empty_username",
            &error.to_string(),
            "give a username, usually wifiprov",
        ),
        VerifierError::SaltLength => usage(
            py,
            "invalid_salt",
            &error.to_string(),
            "give salt= with 1 to 128 bytes, or leave it out",
        ),
        _ => usage(
            py,
            "invalid_verifier",
            &error.to_string(),
            "give another salt, or leave it out",
        ),
    })
}

/// A Thread operational dataset. It holds the network key, and shows nothing of itself.
#[pyclass(frozen, module = "espprov")]
pub(crate) struct ThreadDataset(pub(crate) espprov_types::ThreadDataset);

fn dataset_error(py: Python<'_>, error: espprov_types::DatasetError) -> PyErr {
    usage(
        py,
        "invalid_dataset",
        &format!("this is no Thread dataset: {error}"),
        "give what the border router prints: ot-ctl dataset active -x",
    )
}

#[pymethods]
impl ThreadDataset {
    #[new]
    fn new(py: Python<'_>, tlvs: TextOrBytes) -> PyResult<Self> {
        let made = espprov_types::ThreadDataset::from_bytes(tlvs.as_ref());
        made.map(Self).map_err(|error| dataset_error(py, error))
    }

    /// Reads the text that tools print and people copy.
    #[staticmethod]
    fn parse(py: Python<'_>, text: &str) -> PyResult<Self> {
        let made = espprov_types::ThreadDataset::parse(text);
        made.map(Self).map_err(|error| dataset_error(py, error))
    }

    /// The least that a device can attach with.
    #[staticmethod]
    #[pyo3(signature = (*, channel, pan_id, ext_pan_id, network_key))]
    fn minimal(
        py: Python<'_>,
        channel: u16,
        pan_id: u16,
        ext_pan_id: TextOrBytes,
        network_key: TextOrBytes,
    ) -> PyResult<Self> {
        let wrong = |what: &str, len: usize| {
            usage(
                py,
                "invalid_dataset",
                &format!("{what} must have {len} bytes"),
                "give it as bytes",
            )
        };
        let ext: [u8; 8] = ext_pan_id
            .as_ref()
            .try_into()
            .map_err(|_| wrong("ext_pan_id", 8))?;
        let key: &[u8; 16] = network_key
            .as_ref()
            .try_into()
            .map_err(|_| wrong("network_key", 16))?;
        if !(11..=26).contains(&channel) {
            return Err(usage(
                py,
                "invalid_dataset",
                "there is no such channel",
                "give one from 11 to 26",
            ));
        }
        Ok(Self(espprov_types::ThreadDataset::minimal(
            channel, ext, key, pan_id,
        )))
    }

    /// The TLVs in hex. They hold the network key.
    fn text(&self) -> String {
        espprov_types::hex::Hex(self.0.expose()).to_string()
    }

    fn __bytes__<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.expose())
    }

    #[getter]
    fn channel(&self) -> Option<u16> {
        self.0.channel()
    }

    #[getter]
    fn pan_id(&self) -> Option<u16> {
        self.0.pan_id()
    }

    #[getter]
    fn ext_pan_id<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.0.ext_pan_id().map(|id| PyBytes::new(py, &id))
    }

    #[getter]
    fn network_name(&self) -> Option<String> {
        self.0.network_name().map(|name| name.to_string())
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    fn __repr__(&self) -> String {
        "ThreadDataset(..)".to_owned()
    }
}

/// Bytes off the air as text that moves nothing on a terminal.
#[pyfunction]
pub(crate) fn shown(bytes: &[u8]) -> String {
    espprov::text::shown(bytes)
}
