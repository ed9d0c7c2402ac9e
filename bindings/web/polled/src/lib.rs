//! Links that are told the time instead of asking for it.
//!
//! The console and the simulated device are written as async links over a clock. JavaScript has timers and promises of its own, so here
//! such a link becomes a thing that is given the time and says how long it can wait: no executor, no timer, and nothing of a promise in
//! WebAssembly. Must never contain protocol.

extern crate alloc;

mod clock;
pub mod fault;
mod link;

pub use clock::{ToldClock, millis, time};
pub use link::PolledLink;

/// Takes 1 KB of what a page downloads; that of the standard library takes five.
#[cfg(target_family = "wasm")]
#[global_allocator]
static MEMORY: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
