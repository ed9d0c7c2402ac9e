//! espprov for C, and for everything that can call C.
//!
//! A mapping and nothing more: each function of `include/espprov.h` is one call of the engine of `espprov-core`, each action
//! a step of it, each error the explanation that the crate `espprov` gives for every front end. There is no protocol in here,
//! and no I/O either: no socket, clock, thread or callback. Whoever calls it does what [`espprov_poll`] says and tells what came of it.
//!
//! | module | what |
//! |---|---|
//! | `ffi` | the functions: one `extern "C"` each, all of the same shape |
//! | `border` | what is unsafe about them: pointers in, structs out, panics caught |
//! | `types` | structs and numbers of the header |
//! | `device` | a handle: the engine, the call under way, what is to be done on the link |
//! | `config` | from the caller's configuration to an engine |
//! | `job` | calls that own what they send |
//! | `results` | what came of the last one |
//! | `failure` | errors as text for C |
//! | `fault`, `events`, `entropy` | what the engine wants of its surroundings |
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod border;
mod config;
mod device;
mod entropy;
mod events;
mod failure;
mod fault;
pub mod ffi;
mod job;
mod results;
pub mod types;

pub use ffi::*;
pub use types::*;
