//! A device's UART console over a serial port of this computer.
//!
//! Glue only: the port comes from `tokio-serial`, the conversation from `espprov_embedded::console`, which is the
//! code that firmware uses. Never in here: a protocol, a user interface.
//!
//! ```no_run
//! # async fn f() -> std::io::Result<()> {
//! use espprov::TokioClock;
//! use espprov::serial::{SerialTarget, open};
//! use espprov_transport::{Endpoint, Transport};
//!
//! let target: SerialTarget = "/dev/ttyUSB0?baud=115200".parse().expect("a port");
//! let mut link = open(&target, TokioClock::new())?;
//! let mut buf = [b'-'; 512]; // proto-ver wants a byte, any byte
//! let len = link.exchange(Endpoint::PROTO_VER, &mut buf, 1).await.expect("a device");
//! println!("{}", String::from_utf8_lossy(&buf[..len]));
//! # Ok(()) }
//! ```
//!
//! A port that goes, because its board has USB of its own and restarts, is opened again when it is back.
//!
//! Stock firmware reads lines of 255 characters: security 1 and Wi-Fi fit, security 2 does not. For firmware
//! without that limit, add `line-limit=0` to the target. `reset=hold` and `reset=none` are for boards that reset or fall silent
//! when their port is opened, `prompt-wait=20s` for such that take long to start: see [`SerialTarget`].

mod lines;
#[cfg(unix)]
mod pty;
mod target;
mod transport;

pub use lines::Reset;
#[cfg(unix)]
pub use pty::Pty;
pub use target::{InvalidSerialTarget, SerialTarget};
pub use transport::SerialTransport;

pub use espprov_embedded::console::ConsoleError;

use crate::TokioClock;
use std::io;
use std::string::String;
use std::vec::Vec;

/// The serial ports of this computer that something may be plugged into, by name: those on USB first.
///
/// # Errors
/// The system does not tell.
pub fn ports() -> io::Result<Vec<String>> {
    // A container may be without it, and the listing below takes it for granted.
    #[cfg(target_os = "linux")]
    if !std::path::Path::new("/sys/class/tty").is_dir() {
        return Ok(Vec::new());
    }
    let mut found = tokio_serial::available_ports()?;
    found.sort_by_key(|port| {
        let on_usb = matches!(port.port_type, tokio_serial::SerialPortType::UsbPort(_));
        (!on_usb, port.port_name.clone())
    });
    Ok(found.into_iter().map(|port| port.port_name).collect())
}

/// Opens the port: 8 data bits, no parity, 1 stop bit, no flow control, for this process alone. Nothing is sent
/// before the first exchange or reconnect. What it does to the lines that reset boards is the target's [`Reset`]; a board that
/// resets all the same is waited for.
///
/// Needs a tokio runtime with I/O enabled.
///
/// # Errors
/// There is no such port, it is in use, or this user may not open it.
pub fn open(target: &SerialTarget, clock: TokioClock) -> io::Result<SerialTransport> {
    SerialTransport::open(target, clock)
}
