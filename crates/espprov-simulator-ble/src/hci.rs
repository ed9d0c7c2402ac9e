//! The way to a Bluetooth controller.

use bt_hci::controller::ExternalController;
use bt_hci_serial::SerialTransport;
use core::fmt;
use core::str::FromStr;
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embedded_io_adapters::tokio_1::FromTokio;
use std::io;
use std::path::PathBuf;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

/// A controller that speaks H4 over a byte stream.
pub type Controller = ExternalController<SerialTransport<NoopRawMutex, Reader, Writer>, 10>;

type Reader = FromTokio<Box<dyn AsyncRead + Unpin>>;
type Writer = FromTokio<Box<dyn AsyncWrite + Unpin>>;

/// Where a controller listens for its host: `tcp:HOST:PORT` or `unix:PATH`.
///
/// ```
/// use espprov_simulator_ble::Hci;
/// assert!(matches!("unix:/tmp/hci".parse(), Ok(Hci::Unix(_))));
/// assert!("127.0.0.1:9000".parse::<Hci>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hci {
    /// Host and port.
    Tcp(String),
    /// A socket in the file system.
    Unix(PathBuf),
}

/// Not the address of a controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidHci;

impl fmt::Display for InvalidHci {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a controller is tcp:HOST:PORT or unix:PATH")
    }
}

impl core::error::Error for InvalidHci {}

impl FromStr for Hci {
    type Err = InvalidHci;

    fn from_str(text: &str) -> Result<Self, InvalidHci> {
        let (kind, place) = text.split_once(':').ok_or(InvalidHci)?;
        match kind {
            "tcp"
                if place.rsplit_once(':').is_some_and(|(host, port)| {
                    !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port != 0)
                }) =>
            {
                Ok(Self::Tcp(place.to_owned()))
            }
            "unix" if !place.is_empty() => Ok(Self::Unix(place.into())),
            _ => Err(InvalidHci),
        }
    }
}

impl fmt::Display for Hci {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(place) => write!(f, "tcp:{place}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Hci {
    /// Connects to the controller.
    ///
    /// # Errors
    /// Nobody listens there, or this system has no such sockets.
    pub async fn open(&self) -> io::Result<Controller> {
        match self {
            Self::Tcp(place) => {
                let stream = TcpStream::connect(place).await?;
                stream.set_nodelay(true)?;
                let (reader, writer) = stream.into_split();
                Ok(over(reader, writer))
            }
            #[cfg(not(unix))]
            Self::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
            #[cfg(unix)]
            Self::Unix(path) => {
                let (reader, writer) = UnixStream::connect(path).await?.into_split();
                Ok(over(reader, writer))
            }
        }
    }
}

/// A controller at the other end of a byte stream.
pub(crate) fn over(
    reader: impl AsyncRead + Unpin + 'static,
    writer: impl AsyncWrite + Unpin + 'static,
) -> Controller {
    let reader: Box<dyn AsyncRead + Unpin> = Box::new(reader);
    let writer: Box<dyn AsyncWrite + Unpin> = Box::new(writer);
    ExternalController::new(SerialTransport::new(
        FromTokio::new(reader),
        FromTokio::new(writer),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(
            "tcp:localhost:9000".parse(),
            Ok(Hci::Tcp("localhost:9000".into()))
        );
        assert_eq!("unix:a:b".parse(), Ok(Hci::Unix("a:b".into())));
        for bad in [
            "",
            "tcp:",
            "tcp:host",
            "tcp:host:0",
            "tcp::1",
            "tcp:host:65536",
            "unix:",
            "usb:0",
        ] {
            assert_eq!(bad.parse::<Hci>(), Err(InvalidHci), "{bad}");
        }
    }
}
