//! A serial port of this computer, and the device's console behind it.

use super::nobody_chooses;
use crate::TokioClock;
use crate::deadline::within;
use crate::error::Class;
use crate::explain::LinkError;
use crate::explain::io::os_reason;
use crate::serial::{SerialTarget, SerialTransport};
use crate::{Error, Place};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use espprov_core::Phase;
use espprov_transport::{Reconnect as _, SessionIntent};
use std::io;
use std::path::Path;

/// The ports there are.
///
/// # Errors
/// `no_port` if there is none, or the system does not tell.
pub fn ports() -> Result<Vec<String>, Error> {
    let ports = crate::serial::ports().map_err(|error| {
        Error::new(
            Class::Link,
            "no_port",
            format!("cannot list the serial ports: {}", os_reason(&error)),
        )
        .with_cause("the system does not tell which ports it has")
        .with_help("name the port: serial:/dev/ttyUSB0, serial:COM3")
    })?;
    if ports.is_empty() {
        return Err(
            Error::new(Class::Link, "no_port", "this computer has no serial port")
                .with_cause("no device is plugged in, its cable carries power only, or its driver is missing")
                .with_help("plug the device in with a data cable, or name the port: serial:/dev/ttyUSB0, serial:COM3"),
        );
    }
    Ok(ports)
}

/// The port of this name.
///
/// # Errors
/// `no_port` if its name holds characters that stand for options.
pub fn named(port: &str) -> Result<SerialTarget, Error> {
    port.parse().map_err(|_| {
        Error::new(Class::Link, "no_port", "the port's name cannot be read")
            .with_cause("it holds characters that stand for options")
            .with_help("name the port: serial:PORT")
    })
}

/// The only port there is.
pub(crate) async fn only(place: &Place) -> Result<SerialTarget, Error> {
    let listing = tokio::task::spawn_blocking(ports);
    let ports = listing.await.unwrap_or_else(|_| {
        Err(Error::new(
            Class::Unexpected,
            "unexpected",
            "listing the ports broke",
        ))
    })?;
    match &*ports {
        [port] => named(port),
        ports => Err(several(place, ports)),
    }
}

/// Several ports, and nobody who chooses.
#[must_use]
pub fn several(place: &Place, ports: &[String]) -> Error {
    let said = format!("there are several serial ports: {}", ports.join(", "));
    nobody_chooses(place, "several_ports", said).with_help("name the port: serial:PORT")
}

/// Opens the port, and waits for the device's prompt: as long as the target says, which may be longer than the driver
/// waits for an answer.
///
/// # Errors
/// `cannot_open_port`, `no_prompt` and others of the console; `deadline`.
pub async fn open(
    target: &SerialTarget,
    place: &Place,
    clock: TokioClock,
    until: Duration,
) -> Result<SerialTransport, Error> {
    let mut link = open_port(target, place, clock)?;
    let doing = "waiting for the device's prompt";
    within(clock, until, doing, place, link.reconnect(SessionIntent::Keep))
        .await?
        .map_err(|error| error.explain(Phase::Connect, place))?;
    Ok(link)
}

fn open_port(target: &SerialTarget, place: &Place, clock: TokioClock) -> Result<SerialTransport, Error> {
    crate::serial::open(target, clock).map_err(|error| {
        let why = if is_no_port(target.path()) {
            "it is not a serial port".to_owned()
        } else {
            os_reason(&error)
        };
        let failure = Error::new(
            Class::Link,
            "cannot_open_port",
            format!("cannot open {}: {why}", target.path()),
        );
        match error.kind() {
            io::ErrorKind::PermissionDenied => failure
                .with_cause("this user may not use serial ports")
                .with_help("on Linux, join the group that owns the port (dialout, uucp), then log in again"),
            _ if is_no_port(target.path()) => failure
                .with_cause("there is something of that name, but no device can be plugged in there")
                .with_help(
                    "give the name of the port: serial:/dev/ttyUSB0, serial:/dev/ttyACM0, serial:COM3",
                ),
            io::ErrorKind::NotFound => failure
                .with_cause("nothing is plugged in under that name")
                .advise(
                    place.caller,
                    "check the cable and the name ({find-port}), then {again}",
                ),
            _ => failure
                .with_cause("another program has the port open, or the port does not take this speed")
                .advise(
                    place.caller,
                    "close serial monitors, check the name and the speed, then {again}",
                ),
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
