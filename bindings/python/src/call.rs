//! A call that is under way: waited for by a thread, or awaited by an event loop.

use crate::error::Failure;
use crate::event::Event;
use crate::runtime::{Runtime, attached, detached};
use core::pin::Pin;
use core::time::Duration;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

/// How often a waiting thread looks for signals.
const TICK: Duration = Duration::from_millis(50);

/// How long an interrupted call waits for its link to be let go of. What takes longer goes on in the background.
const LETTING_GO: Duration = Duration::from_millis(100);

/// Makes the Python value of what came.
pub(crate) type Value = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// What is waited for.
pub(crate) type Work = Pin<Box<dyn Future<Output = Result<Value, Failure>> + Send>>;

/// What a call may hold on to, and has to be let go of when it is cut short.
pub(crate) trait Holder: Send + Sync {
    /// Ends the link.
    fn let_go(self: Arc<Self>) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

struct Parts {
    runtime: Arc<Runtime>,
    work: Work,
    events: UnboundedReceiver<Event>,
    holder: Option<Arc<dyn Holder>>,
    begun: Arc<AtomicBool>,
}

impl Parts {
    /// The work is given up, and its link is closed if it was the one to use it.
    async fn abandon(self) {
        let Self {
            work, holder, begun, ..
        } = self;
        drop(work);
        if let Some(holder) = holder
            && begun.load(Ordering::Relaxed)
        {
            holder.let_go().await;
        }
    }

    /// The same for a thread, which waits for it for a moment only.
    fn abandon_from(self, py: Python<'_>) {
        let runtime = Arc::clone(&self.runtime);
        let (tell, hear) = oneshot::channel::<()>();
        runtime.spawn(async move {
            self.abandon().await;
            drop(tell);
        });
        detached(py, || {
            runtime.block_on(async { timeout(LETTING_GO, hear).await.ok() })
        });
    }
}

/// Something that a device was asked for. It begins when it is waited for, or started; once.
#[pyclass(frozen, module = "espprov._espprov")]
pub(crate) struct Call {
    parts: Mutex<Option<Parts>>,
    /// As long as a started call can be given up.
    cancel: Arc<Mutex<Option<Canceller>>>,
}

/// Takes what is to be called when the link is closed.
type Canceller = oneshot::Sender<Py<PyAny>>;

impl Call {
    /// `begun` is set by the work when the holder is its own to use.
    pub(crate) fn new(
        runtime: Arc<Runtime>,
        work: Work,
        events: UnboundedReceiver<Event>,
        holder: Option<Arc<dyn Holder>>,
        begun: Arc<AtomicBool>,
    ) -> Self {
        let parts = Parts {
            runtime,
            work,
            events,
            holder,
            begun,
        };
        Self {
            parts: Mutex::new(Some(parts)),
            cancel: Arc::default(),
        }
    }

    /// One without events, that holds nothing.
    pub(crate) fn of(runtime: Arc<Runtime>, work: Work) -> Self {
        let (_, events) = tokio::sync::mpsc::unbounded_channel();
        Self::new(runtime, work, events, None, Arc::default())
    }

    fn take(&self) -> PyResult<Parts> {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner).take();
        parts.ok_or_else(|| PyRuntimeError::new_err("a call can be made once"))
    }
}

/// What a thread or task wakes for.
enum Woken {
    End(Result<Value, Failure>),
    Event(Event),
    Tick,
    Cancelled(Py<PyAny>),
}

fn tell(py: Python<'_>, hearer: Option<&Py<PyAny>>, event: Event) -> PyResult<()> {
    match hearer {
        Some(hearer) => hearer.call1(py, (event,)).map(drop),
        None => Ok(()),
    }
}

#[pymethods]
impl Call {
    /// Waits in this thread, and hears signals meanwhile.
    #[pyo3(signature = (on_event=None))]
    pub(crate) fn wait(&self, py: Python<'_>, on_event: Option<Py<PyAny>>) -> PyResult<Py<PyAny>> {
        let mut parts = self.take()?;
        let hearer = on_event.as_ref();
        loop {
            // The runtime is left before anything of Python runs: that may use it itself.
            let woken = detached(py, || {
                let Parts {
                    runtime,
                    work,
                    events,
                    ..
                } = &mut parts;
                runtime.block_on(async {
                    tokio::select! {
                        biased;
                        Some(event) = events.recv() => Woken::Event(event),
                        end = work => Woken::End(end),
                        () = sleep(TICK) => Woken::Tick,
                    }
                })
            });
            let heard = match woken {
                Woken::End(end) => {
                    let mut heard = Ok(());
                    while let (Ok(()), Ok(event)) = (&heard, parts.events.try_recv()) {
                        heard = tell(py, hearer, event);
                    }
                    match (heard, end) {
                        (Ok(()), Ok(value)) => return value(py),
                        (Ok(()), Err(failure)) => {
                            if failure.ends_the_link(py) {
                                parts.work = Box::pin(core::future::pending());
                                parts.abandon_from(py);
                            }
                            return Err(failure.raise(py));
                        }
                        (Err(raised), _) => {
                            parts.work = Box::pin(core::future::pending());
                            Err(raised)
                        }
                    }
                }
                Woken::Event(event) => tell(py, hearer, event),
                Woken::Tick | Woken::Cancelled(_) => Ok(()),
            };
            if let Err(raised) = heard.and_then(|()| py.check_signals()) {
                parts.abandon_from(py);
                return Err(raised);
            }
        }
    }

    /// Begins in the background. `done(value, exception)` is called on a thread of ours, and so is `on_event`.
    #[pyo3(signature = (done, on_event=None))]
    fn start(&self, done: Py<PyAny>, on_event: Option<Py<PyAny>>) -> PyResult<()> {
        let mut parts = self.take()?;
        let (cancel, cancelled) = oneshot::channel();
        *self.cancel.lock().unwrap_or_else(PoisonError::into_inner) = Some(cancel);
        let runtime = Arc::clone(&parts.runtime);
        let canceller = Arc::clone(&self.cancel);
        runtime.spawn(async move {
            let mut cancelled = core::pin::pin!(async {
                match cancelled.await {
                    Ok(closed) => closed,
                    // Without its `Call`, nobody can cancel it any more.
                    Err(_) => core::future::pending().await,
                }
            });
            loop {
                let mut woken = tokio::select! {
                    biased;
                    closed = &mut cancelled => Woken::Cancelled(closed),
                    Some(event) = parts.events.recv() => Woken::Event(event),
                    end = &mut parts.work => Woken::End(end),
                };
                // From here on it is over for whoever wants to give it up, unless somebody just has.
                if matches!(woken, Woken::End(_))
                    && canceller.lock().unwrap_or_else(PoisonError::into_inner).take().is_none()
                {
                    woken = Woken::Cancelled((&mut cancelled).await);
                    parts.work = Box::pin(core::future::pending());
                }
                match woken {
                    Woken::End(end) => {
                        while let Ok(event) = parts.events.try_recv() {
                            attached(|py| report(py, tell(py, on_event.as_ref(), event)));
                        }
                        parts.work = Box::pin(core::future::pending());
                        let ends = matches!(&end, Err(failure) if attached(|py| failure.ends_the_link(py)) == Some(true));
                        if ends {
                            let _ = timeout(LETTING_GO, parts.abandon()).await;
                        }
                        attached(|py| {
                            let (value, raised) = match end.map_err(|failure| failure.raise(py)).and_then(|value| value(py)) {
                                Ok(value) => (value, py.None()),
                                Err(raised) => (py.None(), raised.into_value(py).into_any()),
                            };
                            report(py, done.call1(py, (value, raised)).map(drop));
                        });
                        return;
                    }
                    Woken::Event(event) => {
                        attached(|py| report(py, tell(py, on_event.as_ref(), event)));
                    }
                    Woken::Cancelled(closed) => {
                        // Spawned below what is left of this task: too long a wait must not cut it short.
                        let (tell, hear) = oneshot::channel::<()>();
                        let again = Arc::clone(&parts.runtime);
                        again.spawn(async move {
                            parts.abandon().await;
                            drop(tell);
                        });
                        let _ = timeout(LETTING_GO, hear).await;
                        attached(|py| report(py, closed.call0(py).map(drop)));
                        return;
                    }
                    Woken::Tick => {}
                }
            }
        });
        Ok(())
    }

    /// Gives a started call up and closes its link, then calls `closed()` on a thread of ours. Whether there was anything to
    /// give up; without, `closed` is not called.
    fn cancel(&self, closed: Py<PyAny>) -> bool {
        let cancel = self.cancel.lock().unwrap_or_else(PoisonError::into_inner).take();
        cancel.is_some_and(|cancel| cancel.send(closed).is_ok())
    }
}

/// An event loop that is closed cannot be told anything: that is said where Python says such things, and is no end of ours.
fn report(py: Python<'_>, told: PyResult<()>) {
    if let Err(raised) = told {
        raised.write_unraisable(py, None);
    }
}
