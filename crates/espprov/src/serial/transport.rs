//! The console on a port that may go and come back.

use super::lines::open;
use super::{ConsoleError, SerialTarget};
use crate::TokioClock;
use core::fmt;
use core::time::Duration;
use embedded_io_adapters::tokio_1::FromTokio;
use embedded_io_async::ErrorKind;
use espprov_embedded::console::Console;
use espprov_transport::{Clock, Endpoint, Limits, Reconnect, SessionIntent, Transport};
use std::io;
use tokio::io::{ReadHalf, WriteHalf};
use tokio_serial::SerialStream;

/// How long between two attempts to open a port that has gone.
const PAUSE: Duration = Duration::from_millis(100);

type Link = Console<FromTokio<ReadHalf<SerialStream>>, FromTokio<WriteHalf<SerialStream>>, TokioClock>;

/// A link to a device's console over a serial port.
///
/// **A port that goes.** A board with USB of its own takes its port with it when it restarts, and brings it back. An exchange
/// fails then with [`ConsoleError::Port`], and [`reconnect`](Reconnect::reconnect) opens the port anew, by the same
/// name, as soon as there is one, for as long as a [prompt](SerialTarget::prompt_wait) may take.
pub struct SerialTransport {
    target: SerialTarget,
    clock: TokioClock,
    /// `None` while the port is gone.
    link: Option<Link>,
    session_id: u32,
    limits: Limits,
}

impl SerialTransport {
    pub(crate) fn open(target: &SerialTarget, clock: TokioClock) -> io::Result<Self> {
        let link = connect(target, clock, 0)?;
        Ok(Self {
            target: target.clone(),
            clock,
            limits: link.limits(),
            session_id: link.session_id(),
            link: Some(link),
        })
    }

    /// Gives up a port that has failed: until it is closed, the system keeps its name for it.
    fn note<T>(&mut self, result: Result<T, ConsoleError>) -> Result<T, ConsoleError> {
        if let Err(ConsoleError::Port { .. }) = result {
            self.link = None;
        }
        result
    }

    /// Opens the port again, now or as soon as it is back.
    async fn reopen(&mut self) -> Result<&mut Link, ConsoleError> {
        let end = self.clock.now().saturating_add(self.target.prompt_wait());
        while self.link.is_none() {
            match connect(&self.target, self.clock, self.session_id) {
                Ok(link) => self.link = Some(link),
                Err(error) if self.clock.now() >= end => return Err(gone(error.kind())),
                Err(_) => self.clock.sleep(PAUSE).await,
            }
        }
        self.link.as_mut().ok_or(ConsoleError::NeedsReconnect)
    }
}

fn connect(target: &SerialTarget, clock: TokioClock, session_id: u32) -> io::Result<Link> {
    let (rx, tx) = tokio::io::split(open(target)?);
    Ok(Console::new(FromTokio::new(rx), FromTokio::new(tx), clock)
        .with_line_limit(target.line_limit())
        .with_prompt_timeout(target.prompt_wait())
        .with_session_id(session_id))
}

const fn gone(kind: io::ErrorKind) -> ConsoleError {
    let kind = match kind {
        io::ErrorKind::PermissionDenied => ErrorKind::PermissionDenied,
        _ => ErrorKind::NotFound,
    };
    ConsoleError::Port {
        kind,
        delivered: false,
    }
}

impl Transport for SerialTransport {
    type Error = ConsoleError;

    async fn exchange(
        &mut self,
        endpoint: Endpoint<'_>,
        buf: &mut [u8],
        len: usize,
    ) -> Result<usize, ConsoleError> {
        let Some(link) = &mut self.link else {
            return Err(ConsoleError::NeedsReconnect);
        };
        let result = link.exchange(endpoint, buf, len).await;
        self.note(result)
    }

    fn limits(&self) -> Limits {
        self.link.as_ref().map_or(self.limits, Transport::limits)
    }

    fn delivered(&self) -> bool {
        self.link.as_ref().is_some_and(Transport::delivered)
    }

    async fn close(&mut self) {
        if let Some(link) = &mut self.link {
            link.close().await;
        }
    }
}

impl Reconnect for SerialTransport {
    async fn reconnect(&mut self, intent: SessionIntent) -> Result<(), ConsoleError> {
        let link = self.reopen().await?;
        let result = link.reconnect(intent).await;
        self.session_id = link.session_id();
        self.note(result)
    }
}

impl fmt::Debug for SerialTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SerialTransport")
            .field("target", &self.target)
            .field("link", &self.link)
            .finish_non_exhaustive()
    }
}
