//! A serial port of this computer, and the device's console behind it.

use crate::errors::{Exit, Failure, io_reason};
use espprov_serial::{SerialTarget, SerialTransport};
use espprov_tokio::TokioClock;
use std::io;

/// Opens the port. Whether a device answers there shows at the first question.
pub(super) fn open(target: &SerialTarget, clock: TokioClock) -> Result<SerialTransport, Failure> {
    espprov_serial::open(target, clock).map_err(|error| {
        let failure = Failure::new(
            Exit::Link,
            "cannot_open_port",
            format!("cannot open {}: {}", target.path(), io_reason(error.kind())),
        );
        match error.kind() {
            io::ErrorKind::PermissionDenied => failure
                .cause("this user may not use serial ports")
                .help("on Linux, join the group that owns the port (dialout, uucp), then log in again"),
            _ => failure
                .cause("nothing is plugged in under that name, or another program has the port open")
                .help("check the cable and the name, and close serial monitors, then run again"),
        }
    })
}
