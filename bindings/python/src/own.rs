//! A link written in Python. Its methods run where `espprov._own` runs them, never on a thread of the runtime: they may block, and may use
//! this package themselves.

use crate::cause::{Cause, passes};
use crate::runtime::attached;
use core::time::Duration;
use espprov::link::own::{Answer, OwnError, OwnLink};
use espprov_transport::{Endpoint, Limits, LinkFault, SessionIntent};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyTuple};
use pyo3::{PyTraverseError, PyVisit};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How long closing waits for a link that is busy, as with one over Bluetooth.
const CLOSING: Duration = Duration::from_secs(2);

/// What a method of the link came to.
type Came = PyResult<Option<Vec<u8>>>;

/// Where the answer of one call of a link goes.
#[pyclass(frozen, module = "espprov._espprov")]
pub(crate) struct Reply {
    to: Mutex<Option<oneshot::Sender<Came>>>,
}

impl Reply {
    fn send(&self, came: Came) {
        if let Some(to) = self.to.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // Nobody waits any more: the deadline has passed, or the call was given up.
            let _ = to.send(came);
        }
    }
}

#[pymethods]
impl Reply {
    /// It returned this.
    fn done(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let came = if value.is_none() {
            Ok(None)
        } else if let Ok(bytes) = value.cast::<PyBytes>() {
            Ok(Some(bytes.as_bytes().to_vec()))
        } else if let Ok(bytes) = value.cast::<PyByteArray>() {
            Ok(Some(bytes.to_vec()))
        } else {
            let kind = value.get_type().name()?.to_string();
            Err(PyTypeError::new_err(format!(
                "exchange() must return bytes, not {kind}"
            )))
        };
        self.send(came);
        Ok(())
    }

    /// It raised this.
    fn failed(&self, raised: Bound<'_, PyAny>) {
        self.send(Err(PyErr::from_value(raised)));
    }

    /// Nobody waits for it any more.
    #[getter]
    fn is_over(&self) -> bool {
        let to = self.to.lock().unwrap_or_else(PoisonError::into_inner);
        to.as_ref().is_none_or(oneshot::Sender::is_closed)
    }
}

/// Holds the adapter of `espprov._own` around a link, so that the garbage collector can be shown it: a link may know the device that it
/// carries, and that is a cycle.
#[derive(Default)]
pub(crate) struct Slot {
    adapter: Mutex<Option<Py<PyAny>>>,
    /// The link is being closed in the background, which needs it.
    closing: AtomicBool,
}

impl Slot {
    fn get(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        let adapter = self.adapter.lock().unwrap_or_else(PoisonError::into_inner);
        adapter.as_ref().map(|adapter| adapter.clone_ref(py))
    }

    /// Shows it. What is used at this very moment, or closed, is no garbage.
    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self.adapter.try_lock() {
            Ok(adapter) if !self.closing.load(Ordering::SeqCst) => visit.call(adapter.as_ref()),
            _ => Ok(()),
        }
    }

    /// From now on it is no garbage until it is cleared.
    pub(crate) fn keep(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }

    /// Lets go of it; the link has ended.
    pub(crate) fn clear(&self) {
        let adapter = self.adapter.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(adapter);
    }
}

/// A link written in Python.
pub(crate) struct PythonLink {
    adapter: Arc<Slot>,
    limits: Limits,
    cause: Arc<Cause>,
    usable: bool,
}

impl PythonLink {
    /// Takes a link that is open. `slot` is where the device keeps its adapter.
    pub(crate) fn new(adapter: &Bound<'_, PyAny>, slot: Arc<Slot>, cause: Arc<Cause>) -> PyResult<Self> {
        let (request, response): (Option<usize>, Option<usize>) =
            adapter.call_method0("limits")?.extract()?;
        *slot.adapter.lock().unwrap_or_else(PoisonError::into_inner) = Some(adapter.clone().unbind());
        Ok(Self {
            adapter: slot,
            limits: Limits::new(request, response),
            cause,
            usable: true,
        })
    }

    /// Has a method of the link called, and waits for what comes of it.
    async fn call(
        &self,
        method: &str,
        arguments: impl for<'py> FnOnce(Python<'py>) -> PyResult<Bound<'py, PyTuple>>,
    ) -> Result<Option<Vec<u8>>, OwnError> {
        let (to, from) = oneshot::channel();
        let reply = Reply {
            to: Mutex::new(Some(to)),
        };
        let submitted = attached(|py| {
            let adapter = self.adapter.get(py).ok_or_else(ended)?;
            let submit = || adapter.call_method1(py, "submit", (method, arguments(py)?, reply));
            submit().map(drop).map_err(|raised| self.fault(py, raised))
        });
        submitted.unwrap_or_else(|| Err(ended()))?;
        match from.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(raised)) => Err(attached(|py| self.fault(py, raised)).unwrap_or_else(ended)),
            Err(_) => Err(ended()),
        }
    }

    /// What an exception means; it is kept, to be the cause of ours.
    fn fault(&self, py: Python<'_>, raised: PyErr) -> OwnError {
        let value = raised.value(py);
        let flag = |name: &str, default: bool| {
            let found = value.getattr(name).and_then(|found| found.is_truthy());
            found.unwrap_or(default)
        };
        let named = value
            .getattr("fault")
            .and_then(|name| name.extract::<String>())
            .unwrap_or_default();
        let fault = match named.as_str() {
            "refused" => LinkFault::Refused {
                link_alive: flag("link_alive", true),
            },
            "timed_out" => LinkFault::TimedOut {
                delivered: flag("delivered", true),
            },
            "no_such_endpoint" => LinkFault::NoSuchEndpoint,
            // A request that went unanswered is evidence of a device that is online: nobody's unless it says so.
            _ => LinkFault::Lost {
                delivered: flag("delivered", false),
            },
        };
        // Not its text: that may hold anything, and stands in the cause.
        let name = value
            .get_type()
            .name()
            .map_or_else(|_| "exception".into(), |name| name.to_string());
        let said = if passes(py, &raised) {
            format!("the link was ended by {name}")
        } else {
            format!("the link raised {name}")
        };
        self.cause.set(Some(raised));
        OwnError::new(fault, said)
    }
}

fn ended() -> OwnError {
    OwnError::new(LinkFault::Lost { delivered: false }, "the link has ended")
}

impl OwnLink for PythonLink {
    fn exchange<'a>(
        &'a mut self,
        endpoint: Endpoint<'a>,
        buf: &'a mut [u8],
        len: usize,
    ) -> Answer<'a, Result<usize, OwnError>> {
        Box::pin(async move {
            if !self.usable {
                return Err(OwnError::new(
                    LinkFault::NeedsReconnect,
                    "the link has to be opened again",
                ));
            }
            let Some(request) = buf.get(..len) else {
                let limit = buf.len();
                return Err(OwnError::new(
                    LinkFault::RequestTooLarge { limit },
                    "the request is too long",
                ));
            };
            if let Some(limit) = self.limits.max_request.filter(|&limit| len > limit) {
                return Err(OwnError::new(
                    LinkFault::RequestTooLarge { limit },
                    "the request is too long for this link",
                ));
            }
            self.usable = false;
            let came = self
                .call("exchange", |py| {
                    (endpoint.as_str(), PyBytes::new(py, request)).into_pyobject(py)
                })
                .await;
            let reply = match came {
                Ok(Some(reply)) => reply,
                Ok(None) => {
                    let raised = PyTypeError::new_err("exchange() must return bytes, not None");
                    return Err(attached(|py| self.fault(py, raised)).unwrap_or_else(ended));
                }
                Err(error) => {
                    use espprov_transport::TransportError as _;
                    self.usable = matches!(
                        error.fault(),
                        LinkFault::Refused { link_alive: true } | LinkFault::NoSuchEndpoint
                    );
                    return Err(error);
                }
            };
            let need = reply.len();
            let Some(room) = buf.get_mut(..need) else {
                return Err(OwnError::new(
                    LinkFault::ReplyTooLarge { need },
                    "the reply is too long",
                ));
            };
            room.copy_from_slice(&reply);
            self.usable = true;
            Ok(need)
        })
    }

    fn reconnect(&mut self, _: SessionIntent) -> Answer<'_, Result<(), OwnError>> {
        Box::pin(async move {
            self.usable = false;
            self.call("reconnect", |py| Ok(PyTuple::empty(py))).await?;
            self.usable = true;
            Ok(())
        })
    }

    fn close(&mut self) -> Answer<'_, ()> {
        Box::pin(async move {
            self.usable = false;
            // What it raises is kept nowhere: there is nobody left to be told. A link that still blocks is closed when it no longer does.
            let _ = timeout(CLOSING, self.call("close", |py| Ok(PyTuple::empty(py)))).await;
        })
    }

    fn limits(&self) -> Limits {
        self.limits
    }
}
