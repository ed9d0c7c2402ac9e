//! An open device.

use crate::arguments::TextOrBytes;
use crate::call::{Call, Holder, Value, Work};
use crate::cause::Cause;
use crate::codes::ThreadDataset;
use crate::error::Failure;
use crate::event::Hearer;
use crate::own::Slot;
use crate::runtime::{Runtime, attached};
use crate::values::{
    AccessPoint, DeviceInfo, Provisioned, ThreadNetwork, ThreadProvisioned, ThreadStatus, WifiStatus, list,
    made, of_security,
};
use core::pin::Pin;
use espprov::{Class, ControlAction, Error};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use pyo3::{PyTraverseError, PyVisit};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Mutex;

/// What opening a target gives, and how it is closed.
pub(crate) trait Open: Send + 'static {
    /// Ends its link in an orderly way.
    fn end(self) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

impl Open for espprov::Device {
    fn end(self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(self.close())
    }
}

impl Open for espprov::LocalControl {
    fn end(self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(self.close())
    }
}

/// What a call that goes on makes of a device.
pub(crate) type Asked<'d, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'd>>;

/// An open device, shared by its Python object and the call under way. Calls from several threads come one after the other.
pub(crate) struct Held<D: Open> {
    /// `None`: closed.
    device: Mutex<Option<D>>,
    hearer: Arc<Hearer>,
    cause: Arc<Cause>,
    /// Of a link written in Python.
    slot: Arc<Slot>,
    runtime: Arc<Runtime>,
}

impl<D: Open> Held<D> {
    pub(crate) fn new(
        device: D,
        hearer: Arc<Hearer>,
        cause: Arc<Cause>,
        slot: Arc<Slot>,
        runtime: Arc<Runtime>,
    ) -> Arc<Self> {
        Arc::new(Self {
            device: Mutex::new(Some(device)),
            hearer,
            cause,
            slot,
            runtime,
        })
    }

    /// Asks the device for something, and makes a Python value of what comes.
    pub(crate) fn call<T: Send + 'static>(
        self: &Arc<Self>,
        ask: impl for<'d> FnOnce(&'d mut D) -> Asked<'d, T> + Send + 'static,
        value: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
    ) -> Call {
        let (hearer, events) = tokio::sync::mpsc::unbounded_channel();
        let begun = Arc::new(AtomicBool::new(false));
        let (held, begins) = (Arc::clone(self), Arc::clone(&begun));
        let work: Work = Box::pin(async move {
            if !held.runtime.is_ours() {
                return Err(Failure::Forked);
            }
            let mut device = held.device.lock().await;
            let device = device.as_mut().ok_or(Failure::Closed)?;
            begins.store(true, Ordering::Relaxed);
            held.cause.set(None);
            held.hearer.set(Some(hearer));
            let came = ask(device).await;
            held.hearer.set(None);
            // Not kept beyond the call, whatever came of it: its traceback knows half the program.
            let cause = held.cause.take();
            match came {
                Ok(came) => Ok(Box::new(|py: Python<'_>| value(py, came)) as Value),
                Err(error) => Err(Failure::Error(Box::new(error), cause)),
            }
        });
        Call::new(
            Arc::clone(&self.runtime),
            work,
            events,
            Some(Arc::clone(self) as _),
            begun,
        )
    }

    /// Ends the link; nothing, if that has happened.
    pub(crate) fn close(self: &Arc<Self>) -> Call {
        let held = Arc::clone(self);
        let work: Work = Box::pin(async move {
            if held.runtime.is_ours() {
                held.let_go().await;
            }
            Ok(Box::new(|py: Python<'_>| Ok(py.None())) as Value)
        });
        Call::of(Arc::clone(&self.runtime), work)
    }

    /// Ends the link in the background, if there is one and nobody uses it: nobody knows the device any more.
    pub(crate) fn abandon(&self) {
        if !self.runtime.is_ours() {
            return;
        }
        let device = self.device.try_lock().ok().and_then(|mut device| device.take());
        if let Some(device) = device {
            // The collector calls this on what it is about to clear; it looks again afterwards.
            self.slot.keep();
            let slot = Arc::clone(&self.slot);
            self.runtime.spawn(async move {
                device.end().await;
                attached(|_| slot.clear());
            });
        }
    }

    /// Shows the garbage collector what is held of Python, unless a call is under way: that holds it, too, and is out of the
    /// collector's sight.
    pub(crate) fn traverse(self: &Arc<Self>, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match Arc::strong_count(self) {
            1 => self.slot.traverse(visit),
            _ => Ok(()),
        }
    }

    /// Breaks a cycle that goes through the link.
    pub(crate) fn clear(&self) {
        self.slot.clear();
    }

    /// Closed, or about to be.
    pub(crate) fn is_closed(&self) -> bool {
        // Whoever holds it uses it.
        self.device.try_lock().is_ok_and(|device| device.is_none())
    }
}

impl<D: Open> Holder for Held<D> {
    fn let_go(self: Arc<Self>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            let device = self.device.lock().await.take();
            if let Some(device) = device {
                device.end().await;
                attached(|_| self.slot.clear());
            }
        })
    }
}

impl<D: Open> Drop for Held<D> {
    fn drop(&mut self) {
        let Some(device) = self.device.get_mut().take() else {
            return;
        };
        if self.runtime.is_ours() {
            // A link may have something to say on its end.
            self.runtime.spawn(device.end());
        } else {
            // The parent's descriptors are shared with it: closing the link here would disturb it there.
            core::mem::forget(device);
        }
    }
}

/// A device that may be provisioned. Each method gives a [`Call`].
#[pyclass(frozen, module = "espprov._espprov")]
pub(crate) struct Device(Arc<Held<espprov::Device>>);

impl Device {
    pub(crate) const fn new(held: Arc<Held<espprov::Device>>) -> Self {
        Self(held)
    }
}

#[pymethods]
impl Device {
    fn info(&self) -> Call {
        self.0.call(
            |device| Box::pin(device.info()),
            |py, info| made(py, DeviceInfo::new(&info)),
        )
    }

    fn authenticate(&self) -> Call {
        self.0.call(|device| Box::pin(device.authenticate()), of_security)
    }

    fn scan(&self) -> Call {
        self.0.call(
            |device| Box::pin(device.scan()),
            |py, networks| list(py, networks.iter().map(AccessPoint::new)),
        )
    }

    fn scan_thread(&self) -> Call {
        self.0.call(
            |device| Box::pin(device.scan_thread()),
            |py, networks| list(py, networks.iter().map(ThreadNetwork::new)),
        )
    }

    fn provision(&self, ssid: TextOrBytes, passphrase: TextOrBytes) -> Call {
        let name = ssid.0.to_vec();
        self.0.call(
            |device| Box::pin(async move { unless_unconfirmed(device.provision(ssid, passphrase).await) }),
            move |py, joined| made(py, Provisioned::new(joined, &name)),
        )
    }

    fn provision_thread(&self, dataset: &ThreadDataset) -> Call {
        let dataset = dataset.0.clone();
        self.0.call(
            move |device| {
                Box::pin(async move { unless_unconfirmed(device.provision_thread(&dataset).await) })
            },
            |py, joined| made(py, ThreadProvisioned::new(joined)),
        )
    }

    fn status(&self) -> Call {
        self.0.call(
            |device| Box::pin(device.status()),
            |py, status| made(py, WifiStatus::new(&status)),
        )
    }

    fn status_thread(&self) -> Call {
        self.0.call(
            |device| Box::pin(device.thread_status()),
            |py, status| made(py, ThreadStatus::new(&status)),
        )
    }

    #[pyo3(signature = (thread=false))]
    fn reset(&self, thread: bool) -> Call {
        self.control(match thread {
            false => ControlAction::ResetWifi,
            true => ControlAction::ResetThread,
        })
    }

    #[pyo3(signature = (thread=false))]
    fn reprov(&self, thread: bool) -> Call {
        self.control(match thread {
            false => ControlAction::ReprovWifi,
            true => ControlAction::ReprovThread,
        })
    }

    #[pyo3(signature = (endpoint, data, chunk=None))]
    fn send(&self, endpoint: String, data: TextOrBytes, chunk: Option<usize>) -> Call {
        // Pieces of nothing would never end.
        let chunk = chunk.filter(|&chunk| chunk > 0);
        self.0.call(
            move |device| Box::pin(async move { device.send_pieces(&endpoint, data, chunk).await }),
            |py, answer| Ok(PyBytes::new(py, &answer).into_any().unbind()),
        )
    }

    fn send_raw(&self, endpoint: String, data: TextOrBytes) -> Call {
        self.0.call(
            move |device| Box::pin(async move { device.send_raw(&endpoint, data).await }),
            |py, answer| Ok(PyBytes::new(py, &answer).into_any().unbind()),
        )
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

impl Device {
    fn control(&self, action: ControlAction) -> Call {
        self.0.call(
            move |device| Box::pin(device.control(action)),
            |py, ()| Ok(py.None()),
        )
    }
}

/// A device that went away before it said what became of the credentials is a result in Python: `None` here.
fn unless_unconfirmed<T>(came: Result<T, Error>) -> Result<Option<T>, Error> {
    match came {
        Err(error) if error.class() == Class::Unconfirmed => Ok(None),
        came => came.map(Some),
    }
}
