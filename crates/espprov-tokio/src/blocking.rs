//! Async links where a program waits for them.

use core::future::Future;
use espprov_transport::blocking::BlockOn;
use tokio::runtime::Runtime;

/// A runtime that async links run on, for the blocking driver.
///
/// ```
/// use espprov_tokio::{TokioClock, TokioRuntime};
/// use espprov_transport::Reconnect;
/// use espprov_transport::blocking::{Blocked, Link, Wait};
///
/// /// Any async link, for `espprov_core::blocking::Provisioner`.
/// fn blocking<T: Reconnect>(transport: T, runtime: &TokioRuntime) -> impl Link<Error = T::Error> {
///     Blocked::new(transport, Wait::new(TokioClock::new(), runtime))
/// }
/// ```
#[derive(Debug)]
pub struct TokioRuntime(Runtime);

impl TokioRuntime {
    /// This runtime. Its timers must be enabled, and its I/O for links that need it.
    #[must_use]
    pub const fn new(runtime: Runtime) -> Self {
        Self(runtime)
    }

    /// The runtime.
    #[must_use]
    pub const fn get(&self) -> &Runtime {
        &self.0
    }
}

impl BlockOn for TokioRuntime {
    /// # Panics
    /// Within async code, as [`Runtime::block_on`].
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }
}
