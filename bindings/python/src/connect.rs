//! From a target, or a link, to an open device.

use crate::arguments::{CALLER, TextOrBytes, seconds, wrong};
use crate::call::{Call, Value, Work};
use crate::cause::Cause;
use crate::device::{Device, Held, Open};
use crate::error::{Failure, usage};
use crate::event::Hearer;
use crate::local::LocalControl;
use crate::own::{PythonLink, Slot};
use crate::runtime::{Runtime, detached};
use crate::simulator::SimulatorLink;
use crate::values::made;
use core::time::Duration;
use espprov::link::AnyLink;
use espprov::{Connect, Fingerprint, Parsed, SecurityChoice, Tls};
use espprov_btleplug::Uuid;
use pyo3::prelude::*;
use pyo3::types::PyString;
use pyo3::{PyClass, PyClassInitializer};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Where the device is.
enum Place {
    /// A target, or the text of a setup code.
    Target(Zeroizing<String>),
    /// A simulated device in this process.
    Simulator(Py<SimulatorLink>),
    /// A link written in Python, by the name of its class. The link itself comes when it is opened.
    Own(String),
}

/// What is known of a device before it is opened. It may be opened several times.
#[pyclass(frozen, module = "espprov._espprov")]
pub(crate) struct Connector {
    place: Place,
    pop: Option<TextOrBytes>,
    username: Option<TextOrBytes>,
    password: Option<TextOrBytes>,
    security: SecurityChoice,
    deadline: Duration,
    allow_plaintext: bool,
    thread: bool,
    adapter: Option<String>,
    services: Vec<Uuid>,
    tls: Option<Tls>,
}

/// What has to stay with an opened device.
struct Kept {
    hearer: Arc<Hearer>,
    cause: Arc<Cause>,
    slot: Arc<Slot>,
    runtime: Arc<Runtime>,
}

#[pymethods]
impl Connector {
    #[new]
    #[pyo3(signature = (target, *, pop, username, password, security, deadline, allow_plaintext, thread, adapter, services, ca, pin, server_name, insecure))]
    #[expect(
        clippy::too_many_arguments,
        reason = "each is an argument of the package's connect()"
    )]
    fn new(
        target: &Bound<'_, PyAny>,
        pop: Option<TextOrBytes>,
        username: Option<TextOrBytes>,
        password: Option<TextOrBytes>,
        security: &Bound<'_, PyAny>,
        deadline: f64,
        allow_plaintext: bool,
        thread: bool,
        adapter: Option<String>,
        services: Vec<String>,
        ca: Option<TextOrBytes>,
        pin: Option<String>,
        server_name: Option<String>,
        insecure: bool,
    ) -> PyResult<Self> {
        let py = target.py();
        let tls = trust(py, ca, pin, server_name, insecure)?;
        let place = if let Ok(text) = target.cast::<PyString>() {
            let text = Zeroizing::new(text.to_str()?.to_owned());
            let parsed = Parsed::parse(&text, CALLER).map_err(|error| wrong(py, &error))?;
            if tls.is_some() {
                let what = "ca, pin, server_name or insecure";
                espprov::link::https::needs_tls(CALLER, parsed.target.kind(), what)
                    .map_err(|error| wrong(py, &error))?;
            }
            Place::Target(text)
        } else if let Ok(link) = target.cast::<SimulatorLink>() {
            Place::Simulator(link.clone().unbind())
        } else {
            Place::Own(target.get_type().name()?.to_string())
        };
        let services = services.iter().map(|text| {
            text.parse().map_err(|_| {
                usage(
                    py,
                    "invalid_service",
                    "a service is no UUID",
                    "give it like 1775244d-6b43-439b-877c-060f2d9bed07",
                )
            })
        });
        Ok(Self {
            place,
            pop,
            username,
            password,
            security: crate::arguments::security(security)?,
            deadline: seconds(py, "deadline", deadline)?,
            allow_plaintext,
            thread,
            adapter,
            services: services.collect::<PyResult<_>>()?,
            tls,
        })
    }

    /// Opens the device; `link` is the adapter of a link written in Python.
    #[pyo3(signature = (link=None))]
    fn open(&self, py: Python<'_>, link: Option<&Bound<'_, PyAny>>) -> PyResult<Call> {
        let open = |connect: Connect, link| async move {
            match link {
                None => connect.open().await,
                Some(link) => connect.open_over(link),
            }
        };
        self.opened(py, link, open, Device::new)
    }

    /// Opens a device on its network, for its properties.
    #[pyo3(signature = (link=None))]
    fn open_local_control(&self, py: Python<'_>, link: Option<&Bound<'_, PyAny>>) -> PyResult<Call> {
        let open = |connect: Connect, link| async move {
            match link {
                None => connect.open_local_control().await,
                Some(link) => connect.open_local_control_over(link),
            }
        };
        self.opened(py, link, open, LocalControl::new)
    }
}

impl Connector {
    /// What `open` opens, as `shown` to Python.
    fn opened<D, F, P>(
        &self,
        py: Python<'_>,
        link: Option<&Bound<'_, PyAny>>,
        open: impl FnOnce(Connect, Option<AnyLink>) -> F + Send + 'static,
        shown: fn(Arc<Held<D>>) -> P,
    ) -> PyResult<Call>
    where
        D: Open,
        F: Future<Output = Result<D, espprov::Error>> + Send,
        P: PyClass<BaseType = PyAny> + Send + 'static,
        PyClassInitializer<P>: From<P>,
    {
        let (connect, link, kept) = self.begin(py, link)?;
        let runtime = Arc::clone(&kept.runtime);
        let work: Work = Box::pin(async move {
            let opened = open(connect, link).await;
            let device = opened.map_err(|error| Failure::Error(Box::new(error), kept.cause.take()))?;
            let device = shown(Held::new(
                device,
                kept.hearer,
                kept.cause,
                kept.slot,
                kept.runtime,
            ));
            Ok(Box::new(|py: Python<'_>| made(py, device)) as Value)
        });
        Ok(Call::of(runtime, work))
    }

    fn begin(
        &self,
        py: Python<'_>,
        link: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<(Connect, Option<AnyLink>, Kept)> {
        let kept = Kept {
            hearer: Arc::default(),
            cause: Arc::default(),
            slot: Arc::default(),
            runtime: Runtime::current(py)?,
        };
        let (target, link) = match (&self.place, link) {
            (Place::Target(text), _) => (text.as_str(), None),
            (Place::Simulator(simulator), _) => ("the simulated device", Some(simulator.get().open())),
            (Place::Own(name), Some(adapter)) => {
                let link = PythonLink::new(adapter, Arc::clone(&kept.slot), Arc::clone(&kept.cause))?;
                (name.as_str(), Some(AnyLink::Own(Box::new(link))))
            }
            (Place::Own(name), None) => (name.as_str(), None),
        };
        let hearer = Arc::clone(&kept.hearer);
        let mut connect = espprov::connect(target)
            .caller(CALLER)
            .security(self.security)
            .deadline(self.deadline)
            .observe(move |happened| hearer.tell(happened));
        if let Some(pop) = &self.pop {
            connect = connect.pop(pop);
        }
        if let Some(username) = &self.username {
            connect = connect.username(username);
        }
        if let Some(password) = &self.password {
            connect = connect.password(password);
        }
        if self.allow_plaintext {
            connect = connect.allow_plaintext();
        }
        if self.thread {
            connect = connect.thread();
        }
        if let Some(adapter) = &self.adapter {
            connect = connect.adapter(adapter);
        }
        for service in &self.services {
            connect = connect.service(*service);
        }
        if let Some(tls) = &self.tls {
            connect = connect.tls(tls.clone());
        }
        Ok((connect, link, kept))
    }
}

/// Whom to trust over HTTPS.
fn trust(
    py: Python<'_>,
    ca: Option<TextOrBytes>,
    pin: Option<String>,
    server_name: Option<String>,
    insecure: bool,
) -> PyResult<Option<Tls>> {
    let given = usize::from(ca.is_some()) + usize::from(pin.is_some()) + usize::from(insecure);
    if given > 1 {
        return Err(usage(
            py,
            "invalid_trust",
            "ca, pin and insecure contradict each other",
            "give one of them",
        ));
    }
    let tls = match (&ca, &pin, insecure, &server_name) {
        (None, None, false, None) => return Ok(None),
        (Some(pem), ..) => Tls::ca(pem.as_ref()).map_err(|error| {
            usage(
                py,
                "invalid_ca",
                &format!("ca cannot be used: {error}"),
                "give certificates in PEM",
            )
        })?,
        (_, Some(pin), ..) => {
            let fingerprint: Fingerprint = pin.parse().map_err(|_| {
                usage(
                    py,
                    "invalid_pin",
                    "pin is no fingerprint",
                    "give the SHA-256 of the certificate: 64 hex digits",
                )
            })?;
            Tls::pin(fingerprint)
        }
        (_, _, true, _) => Tls::insecure(),
        _ => Tls::system(),
    };
    match server_name.as_deref() {
        None => Ok(Some(tls)),
        Some("") => Ok(Some(tls.any_name())),
        Some(name) => tls.server_name(name).map(Some).map_err(|_| {
            usage(
                py,
                "invalid_server_name",
                "server_name is neither a name nor an address",
                "give the name in the device's certificate",
            )
        }),
    }
}

/// The serial ports of this computer.
#[pyfunction]
pub(crate) fn serial_ports(py: Python<'_>) -> PyResult<Vec<String>> {
    let ports = detached(py, espprov::serial::ports);
    Ok(ports.unwrap_or_default())
}
