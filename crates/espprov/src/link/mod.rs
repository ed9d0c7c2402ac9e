//! The links of this build as one type. A further one is a file here, a variant of [`AnyLink`] and [`AnyLinkError`], one of
//! [`Target`](crate::Target), and its explanations in [`explain`](crate::explain).

#[cfg(feature = "ble")]
pub mod ble;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "tls")]
pub mod https;
pub mod own;
#[cfg(feature = "serial")]
pub mod serial;
#[cfg(feature = "simulator")]
pub mod sim;

use crate::explain::LinkError;
use crate::{Error, Place};
use alloc::boxed::Box;
#[cfg(any(feature = "ble", feature = "serial"))]
use alloc::string::String;
use core::convert::Infallible;
use core::fmt;
use espprov_core::Phase;
use espprov_transport::{Endpoint, Limits, LinkFault, Reconnect, SessionIntent, Transport, TransportError};

/// An open link to a device.
#[non_exhaustive]
pub enum AnyLink {
    /// To a device in this process.
    #[cfg(feature = "simulator")]
    Sim(Box<sim::SimLink>),
    /// Over HTTP.
    #[cfg(feature = "http")]
    Http(Box<espprov_http::HttpTransport>),
    /// Over HTTP and TLS.
    #[cfg(feature = "tls")]
    Https(Box<espprov_http::HttpTransport<espprov_http::Tls>>),
    /// Over Bluetooth LE.
    #[cfg(feature = "ble")]
    Ble(Box<espprov_btleplug::BleTransport>),
    /// On a serial port.
    #[cfg(feature = "serial")]
    Serial(Box<crate::serial::SerialTransport>),
    /// One that the program brings.
    Own(Box<dyn own::OwnLink>),
    /// None: what there is in a build without links.
    #[doc(hidden)]
    None(Infallible),
}

/// What went wrong on it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnyLinkError {
    /// With a device in this process.
    #[cfg(feature = "simulator")]
    Sim(espprov_simulator::MemoryError),
    /// Over HTTP, with TLS or without.
    #[cfg(feature = "http")]
    Http(espprov_http::HttpError),
    /// Over Bluetooth LE.
    #[cfg(feature = "ble")]
    Ble(espprov_btleplug::BleError),
    /// On a serial port.
    #[cfg(feature = "serial")]
    Serial(crate::serial::ConsoleError),
    /// On one that the program brought.
    Own(own::OwnError),
    /// None: what there is in a build without links.
    #[doc(hidden)]
    None(Infallible),
}

impl fmt::Debug for AnyLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            #[cfg(feature = "simulator")]
            Self::Sim(_) => "Sim",
            #[cfg(feature = "http")]
            Self::Http(_) => "Http",
            #[cfg(feature = "tls")]
            Self::Https(_) => "Https",
            #[cfg(feature = "ble")]
            Self::Ble(_) => "Ble",
            #[cfg(feature = "serial")]
            Self::Serial(_) => "Serial",
            Self::Own(_) => "Own",
            Self::None(none) => match *none {},
        };
        f.debug_tuple(name).finish_non_exhaustive()
    }
}

/// The same for every link, their errors made one.
macro_rules! each {
    ($self:expr, $link:ident => $body:expr) => {
        match $self {
            #[cfg(feature = "simulator")]
            Self::Sim($link) => $body.map_err(AnyLinkError::Sim),
            #[cfg(feature = "http")]
            Self::Http($link) => $body.map_err(AnyLinkError::Http),
            #[cfg(feature = "tls")]
            Self::Https($link) => $body.map_err(AnyLinkError::Http),
            #[cfg(feature = "ble")]
            Self::Ble($link) => $body.map_err(AnyLinkError::Ble),
            #[cfg(feature = "serial")]
            Self::Serial($link) => $body.map_err(AnyLinkError::Serial),
            Self::Own($link) => $body.map_err(AnyLinkError::Own),
            Self::None(none) => match *none {},
        }
    };
}

impl Transport for AnyLink {
    type Error = AnyLinkError;

    async fn exchange(
        &mut self,
        endpoint: Endpoint<'_>,
        buf: &mut [u8],
        len: usize,
    ) -> Result<usize, AnyLinkError> {
        each!(self, link => link.exchange(endpoint, buf, len).await)
    }

    fn limits(&self) -> Limits {
        match self {
            #[cfg(feature = "simulator")]
            Self::Sim(link) => link.limits(),
            #[cfg(feature = "http")]
            Self::Http(link) => link.limits(),
            #[cfg(feature = "tls")]
            Self::Https(link) => link.limits(),
            #[cfg(feature = "ble")]
            Self::Ble(link) => link.limits(),
            #[cfg(feature = "serial")]
            Self::Serial(link) => link.limits(),
            Self::Own(link) => link.limits(),
            Self::None(none) => match *none {},
        }
    }

    fn delivered(&self) -> bool {
        match self {
            #[cfg(feature = "simulator")]
            Self::Sim(link) => link.delivered(),
            #[cfg(feature = "http")]
            Self::Http(link) => link.delivered(),
            #[cfg(feature = "tls")]
            Self::Https(link) => link.delivered(),
            #[cfg(feature = "ble")]
            Self::Ble(link) => link.delivered(),
            #[cfg(feature = "serial")]
            Self::Serial(link) => link.delivered(),
            Self::Own(link) => link.delivered(),
            Self::None(none) => match *none {},
        }
    }

    fn endpoints(&self, visit: &mut dyn FnMut(&str)) {
        match self {
            #[cfg(feature = "simulator")]
            Self::Sim(link) => link.endpoints(visit),
            #[cfg(feature = "http")]
            Self::Http(link) => link.endpoints(visit),
            #[cfg(feature = "tls")]
            Self::Https(link) => link.endpoints(visit),
            #[cfg(feature = "ble")]
            Self::Ble(link) => link.endpoints(visit),
            #[cfg(feature = "serial")]
            Self::Serial(link) => link.endpoints(visit),
            Self::Own(_) => {
                let _ = visit; // without any other link, nobody takes it
            }
            Self::None(none) => match *none {},
        }
    }

    async fn close(&mut self) {
        match self {
            #[cfg(feature = "simulator")]
            Self::Sim(link) => link.close().await,
            #[cfg(feature = "http")]
            Self::Http(link) => link.close().await,
            #[cfg(feature = "tls")]
            Self::Https(link) => link.close().await,
            #[cfg(feature = "ble")]
            Self::Ble(link) => link.close().await,
            #[cfg(feature = "serial")]
            Self::Serial(link) => link.close().await,
            Self::Own(link) => link.close().await,
            Self::None(none) => match *none {},
        }
    }
}

impl Reconnect for AnyLink {
    async fn reconnect(&mut self, intent: SessionIntent) -> Result<(), AnyLinkError> {
        each!(self, link => link.reconnect(intent).await)
    }
}

impl fmt::Display for AnyLinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "simulator")]
            Self::Sim(error) => error.fmt(f),
            #[cfg(feature = "http")]
            Self::Http(error) => error.fmt(f),
            #[cfg(feature = "ble")]
            Self::Ble(error) => error.fmt(f),
            #[cfg(feature = "serial")]
            Self::Serial(error) => error.fmt(f),
            Self::Own(error) => error.fmt(f),
            Self::None(none) => match *none {},
        }
    }
}

impl core::error::Error for AnyLinkError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        // Its text is this error's text: what follows is what lies under it.
        match self {
            #[cfg(feature = "simulator")]
            Self::Sim(error) => error.source(),
            #[cfg(feature = "http")]
            Self::Http(error) => error.source(),
            #[cfg(feature = "ble")]
            Self::Ble(error) => error.source(),
            #[cfg(feature = "serial")]
            Self::Serial(error) => error.source(),
            Self::Own(error) => error.source(),
            Self::None(none) => match *none {},
        }
    }
}

impl TransportError for AnyLinkError {
    fn fault(&self) -> LinkFault {
        match self {
            #[cfg(feature = "simulator")]
            Self::Sim(error) => error.fault(),
            #[cfg(feature = "http")]
            Self::Http(error) => error.fault(),
            #[cfg(feature = "ble")]
            Self::Ble(error) => error.fault(),
            #[cfg(feature = "serial")]
            Self::Serial(error) => error.fault(),
            Self::Own(error) => error.fault(),
            Self::None(none) => match *none {},
        }
    }
}

impl LinkError for AnyLinkError {
    fn explain(&self, phase: Phase, place: &Place) -> Error {
        match self {
            #[cfg(feature = "simulator")]
            Self::Sim(error) => error.explain(phase, place),
            #[cfg(feature = "http")]
            Self::Http(error) => error.explain(phase, place),
            #[cfg(feature = "ble")]
            Self::Ble(error) => error.explain(phase, place),
            #[cfg(feature = "serial")]
            Self::Serial(error) => error.explain(phase, place),
            Self::Own(error) => error.explain(phase, place),
            Self::None(none) => match *none {},
        }
    }
}

/// Several things are meant by a target, and there is nobody to ask.
#[cfg(any(feature = "ble", feature = "serial"))]
fn nobody_chooses(place: &Place, code: &'static str, message: String) -> Error {
    Error::usage(code, message).with_cause(place.say("{nobody-chooses}"))
}
