//! A pseudo-terminal: a serial port that another program opens.

use alloc::string::String;
use std::io;
use tokio_serial::{SerialPort, SerialStream};

/// One end is ours, the other has a path like `/dev/pts/4` that any program can open as a serial port.
#[derive(Debug)]
pub struct Pty {
    ours: SerialStream,
    /// Kept open, so that our end does not break when the other program closes its own.
    theirs: SerialStream,
}

impl Pty {
    /// A new pseudo-terminal. Needs a tokio runtime with I/O enabled.
    ///
    /// # Errors
    /// The system has no more of them.
    pub fn new() -> io::Result<Self> {
        // Neither end is locked: the other program can open it beside us.
        let (ours, theirs) = SerialStream::pair()?;
        Ok(Self { ours, theirs })
    }

    /// Where the other program finds it.
    ///
    /// # Errors
    /// The system gave it no name.
    pub fn path(&self) -> io::Result<String> {
        self.theirs.name().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Our end of the line.
    pub const fn stream(&mut self) -> &mut SerialStream {
        &mut self.ours
    }
}
