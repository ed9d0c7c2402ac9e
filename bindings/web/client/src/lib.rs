//! The WebAssembly module of the npm package `espprov`: the engine (`espprov-core`) and the errors of the front door (`espprov`), for
//! JavaScript.
//!
//! It must never contain protocol, and neither may the TypeScript around it. Nothing in here waits: JavaScript asks what to do next
//! ([`client::Client::step`]), does that on its link, and says what came of it. So there is no promise on this side, and each wait has its
//! deadline and its `AbortSignal` in one place, `device.ts`.

extern crate alloc;

mod client;
mod entropy;
mod events;
mod fault;
mod json;
mod order;
mod payload;
mod serial;
mod values;
