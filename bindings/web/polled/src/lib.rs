//! Links that are told the time instead of asking for it.
//!
//! The console and the simulated device are written as async links over a clock. JavaScript has timers and promises of its own, so here
//! such a link becomes a thing that is given the time and says how long it can wait: no executor, no timer, and nothing of a promise in
//! WebAssembly. Must never contain protocol.

extern crate alloc;

mod clock;
pub mod fault;
mod link;

pub use clock::{ToldClock, time};
pub use link::PolledLink;
