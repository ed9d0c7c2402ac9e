//! The device's UART console as a transport.
//!
//! A console device prints a prompt `>> `, echoes what it reads, and answers a line
//! `<endpoint> <session id> <hex>\r` with a line of lower-case hex, or, if it refuses, with nothing but the next
//! prompt. Its log goes to the same UART, so log lines, colours and boot messages may come in between anywhere.
//! [`Parser`] finds the answer in that stream; [`Console`] drives it.

mod error;
mod lexer;
mod line;
mod parser;
mod talk;
mod transport;

pub use error::ConsoleError;
pub use line::{Line, max_payload};
pub use parser::{Echo, Parser, Verdict};
pub use transport::Console;
