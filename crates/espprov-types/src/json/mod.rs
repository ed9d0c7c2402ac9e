//! JSON within bounds: what proto-ver answers and setup payloads need, without a heap.
//!
//! [`Reader`] pulls events from bytes, [`Writer`] writes documents. Strict RFC 8259, with these limits: at most
//! [`MAX_DEPTH`] levels, numbers are values only while they are 64-bit integers, strings come out in pieces of
//! the caller's size. Lone surrogates are refused, because they have no UTF-8 form.

mod reader;
mod text;
mod writer;

pub use reader::{Event, JsonError, MAX_DEPTH, Reader};
pub use text::{Chars, Number, Text};
pub use writer::{Layout, Writer, write_string};
