//! A serial port of this computer, and the device's console behind it.

use super::LinkError;
use crate::errors::{self, Exit, Failure, Place, from_link, os_reason};
use crate::output::Output;
use crate::prompt::{self, Answer};
use crate::signals::unblock;
use core::time::Duration;
use espprov_core::Phase;
use espprov_serial::{SerialTarget, SerialTransport};
use espprov_tokio::TokioClock;
use espprov_transport::{Clock, Reconnect as _, SessionIntent, with_deadline};
use std::io;
use std::path::Path;

/// The only port, or the one that a person chooses. Also returns how long the question took: that time does not
/// count.
pub(super) async fn choose(out: &Output, clock: TokioClock) -> Result<(SerialTarget, Duration), Failure> {
    let ports = unblock(|| {
        espprov_serial::ports().map_err(|error| {
            Failure::new(
                Exit::Link,
                "no_port",
                format!("cannot list the serial ports: {}", os_reason(&error)),
            )
            .cause("the system does not tell which ports it has")
            .help("name the port: serial:/dev/ttyUSB0, serial:COM3")
        })
    });
    let mut ports = ports.await?;
    let mut asked = Duration::ZERO;
    let index = match ports.len() {
        0 => {
            return Err(
                Failure::new(Exit::Link, "no_port", "this computer has no serial port")
                    .cause("no device is plugged in, its cable carries power only, or its driver is missing")
                    .help("plug the device in with a data cable, or name the port: serial:/dev/ttyUSB0, serial:COM3"),
            );
        }
        1 => 0,
        _ if !out.may_ask() => {
            return Err(Failure::usage(
                "several_ports",
                format!("there are several serial ports: {}", ports.join(", ")),
            )
            .cause("there is no terminal to ask on, or --json was given")
            .help("name the port: serial:PORT"));
        }
        _ => {
            let labels = ports.clone();
            out.stop_progress();
            let asked_at = clock.now();
            let answer = prompt::ask(move || prompt::one_of("Which serial port?", &labels)).await?;
            asked = clock.now().saturating_sub(asked_at);
            match answer {
                Answer::Given(index) => index,
                Answer::Back => return Err(errors::cancelled()),
            }
        }
    };
    let port = ports.swap_remove(index);
    let target = port.parse().map_err(|_| {
        Failure::new(Exit::Link, "no_port", "the port's name cannot be read")
            .cause("it holds characters that stand for options")
            .help("name the port: serial:PORT")
    })?;
    Ok((target, asked))
}

/// Opens the port, and waits for the device's prompt: as long as the target says, which may be longer than the driver
/// waits for an answer.
pub(super) async fn open(
    target: &SerialTarget,
    place: &Place,
    clock: TokioClock,
    until: Duration,
) -> Result<SerialTransport, Failure> {
    let mut link = open_port(target, clock)?;
    let prompt = with_deadline(&clock, until, link.reconnect(SessionIntent::Keep)).await;
    prompt
        .map_err(|_| errors::deadline("waiting for the device's prompt", place))?
        .map_err(|error| from_link(Phase::Connect, &LinkError::Serial(error), place))?;
    Ok(link)
}

fn open_port(target: &SerialTarget, clock: TokioClock) -> Result<SerialTransport, Failure> {
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
                .help("check the cable and the name (espprov info serial finds the ports), then run again"),
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
