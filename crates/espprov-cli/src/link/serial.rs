//! A serial port of this computer, and the device's console behind it.

use crate::errors::{Exit, Failure, os_reason};
use espprov_serial::{SerialTarget, SerialTransport};
use espprov_tokio::TokioClock;
use std::io;
use std::path::Path;

/// Opens the port. Whether a device answers there shows at the first question.
pub(super) fn open(target: &SerialTarget, clock: TokioClock) -> Result<SerialTransport, Failure> {
    espprov_serial::open(target, clock).map_err(|error| {
        let why = if is_no_port(target.path()) {
            "it is not a serial port".to_owned()
        } else {
            os_reason(&error)
        };
        let failure = Failure::new(
            Exit::Link,
            "cannot_open_port",
            format!("cannot open {}: {why}", target.path()),
        );
        match error.kind() {
            io::ErrorKind::PermissionDenied => failure
                .cause("this user may not use serial ports")
                .help("on Linux, join the group that owns the port (dialout, uucp), then log in again"),
            _ if is_no_port(target.path()) => failure
                .cause("there is something of that name, but no device can be plugged in there")
                .help("give the name of the port: serial:/dev/ttyUSB0, serial:/dev/ttyACM0, serial:COM3"),
            io::ErrorKind::NotFound => failure
                .cause("nothing is plugged in under that name")
                .help("check the cable and the name (espprov info serial lists the ports), then run again"),
            _ => failure
                .cause("another program has the port open, or the port does not take this speed")
                .help("close serial monitors, check the name and the speed, then run again"),
        }
    })
}

/// Something that exists and is no terminal device: a file, a directory, `/dev/null`.
#[cfg(unix)]
fn is_no_port(path: &str) -> bool {
    use std::io::IsTerminal;
    use std::os::unix::fs::FileTypeExt;
    let Ok(meta) = Path::new(path).metadata() else {
        return false;
    };
    // What opens at once and is no terminal; a port that is in use does not open, or is one.
    !meta.file_type().is_char_device() || std::fs::File::open(path).is_ok_and(|file| !file.is_terminal())
}

#[cfg(not(unix))]
fn is_no_port(path: &str) -> bool {
    Path::new(path).is_dir()
}
