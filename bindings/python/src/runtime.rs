//! The one runtime that all calls of a process share, and attaching to an interpreter that may be ending.

use espprov::{Class, Error};
use pyo3::prelude::*;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::ThreadId;

/// Made by the first call, and kept. Touched only while attached: a thread that forks is, so that no fork finds it locked.
static CURRENT: Mutex<Option<Arc<Runtime>>> = Mutex::new(None);

/// The interpreter is ending: what still runs here must not attach to it any more.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Threads that are attached, or about to ask whether they may.
static ATTACHED: AtomicUsize = AtomicUsize::new(0);

/// How long an ending interpreter waits for them: what they do takes microseconds.
const PATIENCE: u32 = 2000;

/// A tokio runtime, and the process that it runs in: a fork has none of its threads.
pub(crate) struct Runtime {
    tokio: tokio::runtime::Runtime,
    process: u32,
}

impl Runtime {
    /// That of this process.
    pub(crate) fn current(py: Python<'_>) -> PyResult<Arc<Self>> {
        let mut current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = &*current
            && runtime.is_ours()
        {
            return Ok(Arc::clone(runtime));
        }
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("espprov")
            .enable_all()
            .build()
            .map_err(|error| crate::error::raise(py, &cannot_start(&error), None))?;
        if current.is_none() {
            let end = wrap_pyfunction!(end, py)?;
            py.import("atexit")?.call_method1("register", (end,))?;
        }
        let runtime = Arc::new(Self {
            tokio,
            process: std::process::id(),
        });
        // The parent's would wait for threads that are not here.
        core::mem::forget(current.replace(Arc::clone(&runtime)));
        Ok(runtime)
    }

    /// Made in this process, and not in the one that it was forked from.
    pub(crate) fn is_ours(&self) -> bool {
        self.process == std::process::id()
    }

    pub(crate) fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.tokio.block_on(work)
    }

    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        drop(self.tokio.spawn(work));
    }
}

fn cannot_start(error: &std::io::Error) -> Error {
    Error::new(Class::Unexpected, "runtime", format!("cannot start: {error}"))
        .with_cause("the system is out of file descriptors, threads or memory")
        .with_help("close other programs, or raise the limits (ulimit -a), then try again")
}

/// The thread that ends the interpreter. It alone may still wait for something.
static ENDER: OnceLock<ThreadId> = OnceLock::new();

/// Registered with `atexit`. A thread that is attached now, and wants the interpreter's lock back when that is no more, would be ended in the
/// middle of Rust.
#[pyfunction]
fn end(py: Python<'_>) {
    // Once in a process: what was set stays.
    let _ = ENDER.set(std::thread::current().id());
    ENDING.store(true, Ordering::SeqCst);
    py.detach(|| {
        for _ in 0..PATIENCE {
            if ATTACHED.load(Ordering::SeqCst) == 0 {
                return;
            }
            std::thread::sleep(core::time::Duration::from_millis(1));
        }
    });
}

/// Does something in Python from a thread of the runtime; nothing, if the interpreter is ending.
pub(crate) fn attached<T>(work: impl FnOnce(Python<'_>) -> T) -> Option<T> {
    ATTACHED.fetch_add(1, Ordering::SeqCst);
    let done = match ENDING.load(Ordering::SeqCst) {
        true => None,
        false => Python::try_attach(work),
    };
    ATTACHED.fetch_sub(1, Ordering::SeqCst);
    done
}

/// Does something with the interpreter's lock released. Where the interpreter began to end meanwhile, that does not return: whoever wants the
/// lock then is ended in the middle of Rust, which no Rust survives. Such threads are daemons, and go with the process.
pub(crate) fn detached<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> T {
    let done = py.detach(|| {
        let done = work();
        ATTACHED.fetch_add(1, Ordering::SeqCst);
        if ENDING.load(Ordering::SeqCst) && ENDER.get() != Some(&std::thread::current().id()) {
            ATTACHED.fetch_sub(1, Ordering::SeqCst);
            loop {
                std::thread::park();
            }
        }
        done
    });
    ATTACHED.fetch_sub(1, Ordering::SeqCst);
    done
}
