//! The fuzz targets: one function per reader of a peer's bytes. None may panic, hang or allocate without bound.
//!
//! They are plain functions so that two runners can call them: libFuzzer (`fuzz_targets/`) and the blind mutator
//! (`examples/blind.rs`), which needs nothing but a stable toolchain.

mod http;

pub use http::http_reply;

/// A target: takes any bytes, panics if something is wrong.
pub type Target = fn(&[u8]);

/// All targets by name.
pub const TARGETS: &[(&str, Target)] = &[("http_reply", http_reply)];
