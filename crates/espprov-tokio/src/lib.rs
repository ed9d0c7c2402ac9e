//! espprov on tokio: the clock that the provisioning flow asks for, and a runtime for the blocking driver.
//!
//! The place for small adapters between the runtime-free core and tokio. It must never contain protocol, I/O
//! or entropy.
//!
//! ```
//! use core::time::Duration;
//! use espprov_tokio::TokioClock;
//! use espprov_transport::{Clock, Elapsed, with_deadline};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
//! let clock = TokioClock::new();
//! let deadline = clock.now() + Duration::from_secs(3);
//! assert_eq!(with_deadline(&clock, deadline, core::future::pending::<()>()).await, Err(Elapsed));
//! # });
//! ```

mod blocking;
mod clock;

pub use blocking::TokioRuntime;
pub use clock::TokioClock;
