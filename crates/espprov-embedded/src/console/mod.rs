//! The device's UART console as a transport.
//!
//! A console device prints a prompt `>> `, echoes what it reads, and answers a line
//! `<endpoint> <session id> <hex>\r` with a line of lower-case hex, or, if it refuses, with nothing but the next
//! prompt. Its log goes to the same UART, so log lines, colours and boot messages may come in between anywhere.
//! [`Parser`] finds the answer in that stream, and says so when it cannot; [`Console`] drives it.

mod answer;
mod echo;
mod error;
mod lexer;
mod line;
mod parser;
mod restart;
mod talk;
mod transport;

pub use error::ConsoleError;
pub use line::{Line, max_payload};
pub use parser::{Echo, Found, Parser, Verdict};
pub use transport::Console;
