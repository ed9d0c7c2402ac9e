//! A simulated device in this process, for tests.

use crate::arguments::{TextOrBytes, check_scheme, seconds, wrong};
use crate::call::{Call, Value, Work};
use crate::error::{Failure, module, usage};
use crate::runtime::{Runtime, detached};
use core::time::Duration;
use espprov::TokioClock;
use espprov::link::AnyLink;
use espprov::target::{World, sim_device};
use espprov_simulator::{
    Fault, HttpServer, Injection, LinkModel, MemoryTransport, Scenario, Secret, Shared, SimDevice, SimEvent,
};
use espprov_transport::{Endpoint, LinkFault, Reconnect as _, SessionIntent, Transport as _};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// How many events are kept; older ones are dropped.
const EVENTS: usize = 10_000;

module!(faults, "espprov.fault");

type Events = Arc<Mutex<VecDeque<SimulatorEvent>>>;

/// Something happened on a simulated device.
#[pyclass(frozen, eq, get_all, module = "espprov")]
#[derive(Clone, PartialEq)]
pub(crate) struct SimulatorEvent {
    /// Seconds of the device's time.
    at: f64,
    /// A word for programs.
    name: &'static str,
    /// For people.
    text: String,
}

#[pymethods]
impl SimulatorEvent {
    fn __repr__(&self) -> String {
        format!(
            "SimulatorEvent(at={:.3}, name={:?}, text={:?})",
            self.at, self.name, self.text
        )
    }
}

impl SimulatorEvent {
    fn new(at: Duration, event: &SimEvent) -> Self {
        let name = match event {
            SimEvent::SessionOpened => "session_opened",
            SimEvent::Request { .. } => "request",
            SimEvent::FaultInjected(_) => "fault_injected",
            SimEvent::WifiScan(_) => "wifi_scan",
            SimEvent::ThreadScan(_) => "thread_scan",
            SimEvent::WifiSet(_) => "wifi_set",
            SimEvent::ThreadSet(_) => "thread_set",
            SimEvent::WifiApplied(_) => "wifi_applied",
            SimEvent::ThreadApplied => "thread_applied",
            SimEvent::AttemptFailed(_) => "attempt_failed",
            SimEvent::WifiConnected(..) => "wifi_connected",
            SimEvent::WifiFailed(_) => "wifi_failed",
            SimEvent::ThreadAttached(_) => "thread_attached",
            SimEvent::ThreadFailed(_) => "thread_failed",
            SimEvent::Reset => "reset",
            SimEvent::PropertySet(_) => "property_set",
            SimEvent::Custom { .. } => "custom",
            SimEvent::Stopped => "stopped",
            SimEvent::Booted(_) => "booted",
            _ => "other",
        };
        Self {
            at: at.as_secs_f64(),
            name,
            text: event.to_string(),
        }
    }
}

/// A simulated ESP32. Leaving its `with` block, or `close()`, stops its servers.
#[pyclass(frozen, module = "espprov")]
pub(crate) struct Simulator {
    device: Shared<SimDevice>,
    scenario: Scenario,
    clock: TokioClock,
    started: Instant,
    events: Events,
    /// Dropping one stops a server.
    servers: Mutex<Vec<oneshot::Sender<()>>>,
}

#[pymethods]
impl Simulator {
    #[new]
    #[pyo3(signature = (scenario=None, *, toml=None, security=None, pop=None, username=None, password=None, flavour=None, network=None, local_control=None, seed=None))]
    #[expect(clippy::too_many_arguments, reason = "what may differ from the scenario")]
    fn new(
        py: Python<'_>,
        scenario: Option<PathBuf>,
        toml: Option<&str>,
        security: Option<u8>,
        pop: Option<TextOrBytes>,
        username: Option<String>,
        password: Option<TextOrBytes>,
        flavour: Option<&str>,
        network: Option<&str>,
        local_control: Option<bool>,
        seed: Option<u64>,
    ) -> PyResult<Self> {
        let mut scenario = load(py, scenario, toml)?;
        check_scheme(py, security)?;
        let secret = |value: &TextOrBytes| {
            Secret::new(value.as_ref()).map_err(|_| {
                usage(
                    py,
                    "too_long",
                    "a credential is longer than the simulated device keeps",
                    "shorten it",
                )
            })
        };
        scenario.security.scheme = security.or(scenario.security.scheme);
        if let Some(pop) = &pop {
            scenario.set_proof(secret(pop)?);
        }
        if let Some(password) = &password {
            scenario.security.password = Some(secret(password)?);
        }
        scenario.security.username = username.or(scenario.security.username.take());
        if let Some(name) = flavour {
            scenario.device.flavour = named(py, "flavour", name)?;
        }
        if let Some(name) = network {
            scenario.device.network = Some(named(py, "network", name)?);
        }
        scenario.device.local_ctrl = local_control.or(scenario.device.local_ctrl);
        scenario.seed = seed.unwrap_or(scenario.seed);
        // Both reckon from the same moment: the device knows one time only.
        let (clock, started) = (TokioClock::new(), Instant::now());
        let mut device = sim_device(scenario.clone()).map_err(|error| wrong(py, &error))?;
        let events = Events::default();
        let told = Arc::clone(&events);
        device.observe(move |at, event| {
            let mut events = told.lock().unwrap_or_else(PoisonError::into_inner);
            if events.len() == EVENTS {
                events.pop_front();
            }
            events.push_back(SimulatorEvent::new(at, event));
        });
        Ok(Self {
            device: Shared::new(device),
            scenario,
            clock,
            started,
            events,
            servers: Mutex::default(),
        })
    }

    /// A link to it, for `connect()`. Its `exchange()` may be called from Python, too.
    fn link(&self) -> SimulatorLink {
        SimulatorLink {
            device: self.device.clone(),
            clock: self.clock,
            model: self.scenario.device.link_model(),
            exchanged: Arc::default(),
        }
    }

    /// Serves it over HTTP, on any free port if none is given; the target to connect to.
    #[pyo3(signature = (host="127.0.0.1", port=0))]
    fn http(&self, py: Python<'_>, host: &str, port: u16) -> PyResult<String> {
        let runtime = Runtime::current(py)?;
        let bound = detached(py, || {
            runtime.block_on(async {
                let server = HttpServer::bind((host, port), self.device.clone()).await?;
                let server = server.with_seed(self.scenario.seed).with_start(self.started);
                let address = server.local_addr()?;
                Ok::<_, std::io::Error>((server, address))
            })
        });
        let (server, address) = bound?;
        self.serve(&runtime, async move {
            // It ends where no connection can be accepted any more; whoever connects sees that.
            let _ = server.run().await;
        });
        Ok(format!("http://{address}"))
    }

    /// Serves its console on a pseudo-terminal; the target to connect to. `line_limit` is that of the firmware's console, 0 for none:
    /// security 2 needs longer lines than stock firmware reads.
    #[cfg(unix)]
    #[pyo3(signature = (*, line_limit=None))]
    fn pty(&self, py: Python<'_>, line_limit: Option<usize>) -> PyResult<String> {
        let runtime = Runtime::current(py)?;
        let mut pty = detached(py, || runtime.block_on(async { espprov::serial::Pty::new() }))?;
        let path = pty.path()?;
        let mut console = espprov_simulator::Console::new(self.device.clone());
        if let Some(limit) = line_limit {
            // It counts the carriage return.
            console = console.with_line_limit(if limit == 0 { 0 } else { limit.saturating_add(1) });
        }
        let clock = self.clock;
        self.serve(&runtime, async move {
            let (input, output) = tokio::io::split(pty.stream());
            let _ = console.serve(input, output, &clock).await;
        });
        Ok(match line_limit {
            Some(limit) => format!("serial:{path}?line-limit={limit}"),
            None => format!("serial:{path}"),
        })
    }

    /// Has a fault strike an exchange that is still to come: the `nth` from now, of all or of those with this endpoint.
    #[pyo3(signature = (fault, *, endpoint=None, nth=1, delay=None))]
    fn inject(
        &self,
        py: Python<'_>,
        fault: &str,
        endpoint: Option<&str>,
        nth: u32,
        delay: Option<f64>,
    ) -> PyResult<()> {
        let fault: Fault = named(py, "fault", fault)?;
        if nth == 0 {
            return Err(usage(
                py,
                "invalid_nth",
                "exchanges are counted from 1",
                "give nth=1 for the next one",
            ));
        }
        let mut injection = match endpoint {
            Some(name) => Injection::at_endpoint(name, nth, fault),
            None => Injection::at_exchange(nth, fault),
        };
        if let Some(delay) = delay {
            injection.delay = seconds(py, "delay", delay)?;
        }
        self.device.with(|device| device.inject(injection));
        Ok(())
    }

    /// What happened so far.
    #[getter]
    fn events(&self) -> Vec<SimulatorEvent> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.iter().cloned().collect()
    }

    /// What the device is called.
    #[getter]
    fn name(&self) -> &str {
        &self.scenario.device.name
    }

    /// Its security scheme.
    #[getter]
    fn security(&self) -> u8 {
        self.scenario.scheme()
    }

    /// What opens it: the proof of possession, or the password of security 2; empty without.
    #[getter]
    fn pop(&self) -> String {
        let proof = self.scenario.proof().map_or(&[][..], |proof| proof.expose());
        String::from_utf8_lossy(proof).into_owned()
    }

    /// The user name of security 2.
    #[getter]
    fn username(&self) -> &str {
        self.scenario.username()
    }

    /// Stops its servers. Links in memory go on.
    fn close(&self) {
        self.servers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    const fn __enter__(this: Py<Self>) -> Py<Self> {
        this
    }

    #[pyo3(signature = (*_raised))]
    fn __exit__(&self, _raised: &Bound<'_, PyTuple>) {
        self.close();
    }

    fn __repr__(&self) -> String {
        format!("Simulator(name={:?}, security={})", self.name(), self.security())
    }
}

impl Simulator {
    fn serve(&self, runtime: &Runtime, server: impl Future<Output = ()> + Send + 'static) {
        let (stop, stopped) = oneshot::channel();
        self.servers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(stop);
        runtime.spawn(async move {
            tokio::select! {
                () = server => {}
                _ = stopped => {}
            }
        });
    }
}

fn load(py: Python<'_>, scenario: Option<PathBuf>, toml: Option<&str>) -> PyResult<Scenario> {
    let world = match (scenario, toml) {
        (Some(_), Some(_)) => {
            return Err(usage(
                py,
                "invalid_scenario",
                "a scenario and the text of another one were given",
                "give scenario or toml",
            ));
        }
        (None, Some(text)) => {
            return Scenario::parse(text).map_err(|error| {
                let message = format!("the scenario cannot be read: {error}");
                usage(
                    py,
                    "invalid_scenario",
                    &message,
                    "the manual describes its format",
                )
            });
        }
        (None, None) => World::parse(""),
        (Some(path), None) => World::parse(&path.to_string_lossy()),
    };
    detached(py, || world.load()).map_err(|error| wrong(py, &error))
}

/// One of several, by its name.
fn named<T: core::str::FromStr>(py: Python<'_>, what: &str, name: &str) -> PyResult<T>
where
    T::Err: core::fmt::Display,
{
    name.parse().map_err(|error| {
        usage(
            py,
            "unknown_name",
            &format!("there is no such {what}: {error}"),
            "give one of these",
        )
    })
}

/// The way to a simulated device in this process.
#[pyclass(frozen, module = "espprov")]
pub(crate) struct SimulatorLink {
    device: Shared<SimDevice>,
    clock: TokioClock,
    model: LinkModel,
    /// What `exchange` uses; made by the first.
    exchanged: Arc<tokio::sync::Mutex<Option<Memory>>>,
}

type Memory = MemoryTransport<SimDevice, TokioClock>;

impl SimulatorLink {
    /// A new link to the device, which evicts earlier ones as with a real one.
    pub(crate) fn open(&self) -> AnyLink {
        AnyLink::Sim(Box::new(self.opener()()))
    }

    fn opener(&self) -> impl FnOnce() -> Memory + Send + 'static + use<> {
        let (device, clock, model) = (self.device.clone(), self.clock, self.model);
        move || MemoryTransport::new(device, clock, model)
    }
}

#[pymethods]
impl SimulatorLink {
    /// One request and its reply, as a link carries them.
    fn exchange<'py>(
        &self,
        py: Python<'py>,
        endpoint: String,
        data: TextOrBytes,
    ) -> PyResult<Bound<'py, PyAny>> {
        let exchanged = Arc::clone(&self.exchanged);
        let open = self.opener();
        let work: Work = Box::pin(async move {
            let mut link = exchanged.lock().await;
            let link = link.get_or_insert_with(open);
            let request = data.as_ref();
            let mut buf = vec![0; espprov_simulator::service::BUFFER.max(request.len())];
            buf[..request.len()].copy_from_slice(request);
            let name = Endpoint::custom(&endpoint).map_err(|error| {
                Failure::from(espprov::Error::usage("invalid_endpoint", error.to_string()))
            })?;
            match link.exchange(name, &mut buf, request.len()).await {
                Ok(len) => {
                    Ok(
                        Box::new(move |py: Python<'_>| Ok(PyBytes::new(py, &buf[..len]).into_any().unbind()))
                            as Value,
                    )
                }
                Err(error) => {
                    Ok(Box::new(move |py: Python<'_>| Err(fault(py, error.0, &error.to_string()))) as Value)
                }
            }
        });
        let came = Call::of(Runtime::current(py)?, work).wait(py, None)?;
        Ok(came.into_bound(py))
    }

    /// Opens the link again.
    fn reconnect(&self, py: Python<'_>) -> PyResult<()> {
        let exchanged = Arc::clone(&self.exchanged);
        let open = self.opener();
        let work: Work = Box::pin(async move {
            let mut link = exchanged.lock().await;
            let came = link
                .get_or_insert_with(open)
                .reconnect(SessionIntent::Fresh)
                .await;
            Ok(Box::new(move |py: Python<'_>| match came {
                Ok(()) => Ok(py.None()),
                Err(error) => Err(fault(py, error.0, &error.to_string())),
            }) as Value)
        });
        Call::of(Runtime::current(py)?, work).wait(py, None).map(drop)
    }

    /// Ends it.
    fn close(&self) {
        if let Ok(mut link) = self.exchanged.try_lock() {
            *link = None;
        }
    }

    /// The sizes that it carries.
    #[getter]
    fn limits<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let limits = self.model.limits();
        let found = PyDict::new(py);
        found.set_item("max_request", limits.max_request)?;
        found.set_item("max_response", limits.max_response)?;
        Ok(found)
    }
}

/// What a link of one's own would raise.
fn fault(py: Python<'_>, fault: LinkFault, message: &str) -> PyErr {
    let (class, flag) = match fault {
        LinkFault::Refused { link_alive } => ("Refused", Some(("link_alive", link_alive))),
        LinkFault::NoSuchEndpoint => ("NoSuchEndpoint", None),
        LinkFault::TimedOut { delivered } => ("TimedOut", Some(("delivered", delivered))),
        other => ("Lost", Some(("delivered", other.may_have_been_delivered()))),
    };
    let made = (|| {
        let fields = PyDict::new(py);
        if let Some((name, value)) = flag {
            fields.set_item(name, value)?;
        }
        faults(py)?.getattr(class)?.call((message,), Some(&fields))
    })();
    match made {
        Ok(raised) => PyErr::from_value(raised),
        Err(error) => error,
    }
}
