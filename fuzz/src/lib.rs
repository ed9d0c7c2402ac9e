//! The fuzz targets: one function per reader of a peer's bytes. None may panic, hang or allocate without bound.
//!
//! They are plain functions so that two runners can call them: libFuzzer (`fuzz_targets/`) and the blind mutator
//! (`examples/blind.rs`), which needs nothing but a stable toolchain.

mod c;
mod console;
mod device;
mod documents;
mod driver;
mod embedded_http;
mod entropy;
mod gatt;
mod guard;
mod http;
mod link;
mod local_ctrl;
mod replies;
mod services;
mod session;

// Of the integration tests, and compiled here from their source: a crate with all that they need is no business of a fuzzer.
#[path = "../../crates/espprov-http/tests/common/canned.rs"]
mod canned;
#[expect(dead_code, reason = "the tests use all of it")]
#[path = "../../tests/src/central.rs"]
mod central;
#[path = "../../crates/espprov-device/tests/common/radios.rs"]
mod radios;
#[path = "../../tests/src/raw.rs"]
mod raw;

pub use c::c_boundary;
pub use console::{console_line, console_reply};
pub use device::device_request;
pub use documents::{proto_ver, setup_payload, thread_dataset};
pub use driver::driver_hostile;
pub use embedded_http::embedded_http_reply;
pub use gatt::gatt_server;
pub use guard::att_guard;
pub use http::http_reply;
pub use link::device_link;
pub use local_ctrl::{local_ctrl_reply, local_ctrl_request};
pub use replies::{config_reply, scan_reply};
pub use services::{console_server, http_request};
pub use session::{session_data_client, session_data_device, srp_client, srp_device};

/// A target: takes any bytes, panics if something is wrong.
pub type Target = fn(&[u8]);

/// All targets by name.
pub const TARGETS: &[(&str, Target)] = &[
    ("att_guard", att_guard),
    ("c_boundary", c_boundary),
    ("config_reply", config_reply),
    ("console_line", console_line),
    ("console_reply", console_reply),
    ("console_server", console_server),
    ("device_link", device_link),
    ("device_request", device_request),
    ("driver_hostile", driver_hostile),
    ("embedded_http_reply", embedded_http_reply),
    ("gatt_server", gatt_server),
    ("http_reply", http_reply),
    ("http_request", http_request),
    ("local_ctrl_reply", local_ctrl_reply),
    ("local_ctrl_request", local_ctrl_request),
    ("proto_ver", proto_ver),
    ("scan_reply", scan_reply),
    ("session_data_client", session_data_client),
    ("session_data_device", session_data_device),
    ("setup_payload", setup_payload),
    ("srp_client", srp_client),
    ("srp_device", srp_device),
    ("thread_dataset", thread_dataset),
];

/// Cuts an input into messages: each is a length byte, or `ff` and two length bytes (low one first), and that many
/// bytes; the last one takes what is there.
struct Messages<'a>(&'a [u8]);

impl<'a> Iterator for Messages<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (len, rest) = match *self.0 {
            [] => return None,
            [0xff, low, high, ref rest @ ..] => (usize::from(u16::from_le_bytes([low, high])), rest),
            [len, ref rest @ ..] => (usize::from(len), rest),
        };
        let (message, rest) = rest.split_at(len.min(rest.len()));
        self.0 = rest;
        Some(message)
    }
}
