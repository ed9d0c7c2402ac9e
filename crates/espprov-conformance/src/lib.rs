//! One conformance suite for every transport.
//!
//! The cases are generic over `espprov_transport::Transport` and a device under test; whoever has a link runs
//! them over it. This crate must never contain a `#[test]`, a transport or a device.
#![forbid(unsafe_code)]
