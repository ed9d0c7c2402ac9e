//! The links this build has. A further one is a file here, a variant of [`Link`] and [`LinkError`], one of
//! `Target`, and a line in `errors::table`.

pub(crate) mod ble;
mod http;
mod serial;
mod sim;

use crate::errors::{self, Failure, Place, from_link};
use crate::output::Output;
use crate::target::{Aim, Target};
use core::fmt;
use core::time::Duration;
use espprov_btleplug::{BleError, BleTransport};
use espprov_core::Phase;
use espprov_http::{HttpError, HttpTransport};
use espprov_serial::{ConsoleError, SerialTransport};
use espprov_simulator::{MemoryError, Scenario};
use espprov_tokio::TokioClock;
use espprov_transport::{
    Endpoint, Limits, LinkFault, Reconnect, SessionIntent, Transport, TransportError, with_deadline,
};
pub(crate) use sim::{device as sim_device, own_credentials};

/// An open link to a device.
pub(crate) enum Link {
    Sim(Box<sim::SimLink>),
    Http(HttpTransport),
    Ble(Box<BleTransport>),
    Serial(Box<SerialTransport>),
}

/// What went wrong on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LinkError {
    Sim(MemoryError),
    Http(HttpError),
    Ble(BleError),
    Serial(ConsoleError),
}

impl Link {
    /// Opens the link to the device before `until`: when this returns, something answers there.
    pub(crate) async fn open(
        aim: &Aim,
        place: &Place,
        out: &Output,
        clock: TokioClock,
        until: Duration,
    ) -> Result<Opened, Failure> {
        let link = match &aim.target {
            Target::Sim(_) => Self::Sim(Box::new(sim::open(
                aim.scenario().unwrap_or(&Scenario::default()),
                clock,
            )?)),
            Target::Http(target) => {
                let opening = http::open(target.clone());
                let opened = with_deadline(&clock, until, opening).await;
                opened
                    .map_err(|_| errors::deadline("connecting", place))?
                    .map(Self::Http)
                    .map_err(|error| from_link(Phase::Connect, &LinkError::Http(error), place))?
            }
            Target::Serial(target) => {
                Self::Serial(Box::new(serial::open(target, place, clock, until).await?))
            }
            Target::SomePort => {
                let (target, asked) = serial::choose(out, clock).await?;
                let until = until.saturating_add(asked);
                return Ok(Opened {
                    link: Self::Serial(Box::new(serial::open(&target, place, clock, until).await?)),
                    asked,
                    found: Some(target.to_string()),
                });
            }
            Target::Ble(target) => {
                let (link, asked) = ble::open(target, place, out, clock, until).await?;
                return Ok(Opened {
                    link: Self::Ble(Box::new(link)),
                    asked,
                    found: None,
                });
            }
        };
        Ok(Opened {
            link,
            asked: Duration::ZERO,
            found: None,
        })
    }
}

/// An open link, and how it came about.
pub(crate) struct Opened {
    pub(crate) link: Link,
    /// How long a question took; that time does not count.
    pub(crate) asked: Duration,
    /// The target that was found or chosen, where none was named.
    pub(crate) found: Option<String>,
}

/// The same for every link, their errors made one.
macro_rules! each {
    ($self:expr, $link:ident => $body:expr) => {
        match $self {
            Self::Sim($link) => $body.map_err(LinkError::Sim),
            Self::Http($link) => $body.map_err(LinkError::Http),
            Self::Ble($link) => $body.map_err(LinkError::Ble),
            Self::Serial($link) => $body.map_err(LinkError::Serial),
        }
    };
}

impl Transport for Link {
    type Error = LinkError;

    async fn exchange(
        &mut self,
        endpoint: Endpoint<'_>,
        buf: &mut [u8],
        len: usize,
    ) -> Result<usize, LinkError> {
        each!(self, link => link.exchange(endpoint, buf, len).await)
    }

    fn limits(&self) -> Limits {
        match self {
            Self::Sim(link) => link.limits(),
            Self::Http(link) => link.limits(),
            Self::Ble(link) => link.limits(),
            Self::Serial(link) => link.limits(),
        }
    }

    fn delivered(&self) -> bool {
        match self {
            Self::Sim(link) => link.delivered(),
            Self::Http(link) => link.delivered(),
            Self::Ble(link) => link.delivered(),
            Self::Serial(link) => link.delivered(),
        }
    }

    fn endpoints(&self, visit: &mut dyn FnMut(&str)) {
        match self {
            Self::Sim(link) => link.endpoints(visit),
            Self::Http(link) => link.endpoints(visit),
            Self::Ble(link) => link.endpoints(visit),
            Self::Serial(link) => link.endpoints(visit),
        }
    }

    async fn close(&mut self) {
        match self {
            Self::Sim(link) => link.close().await,
            Self::Http(link) => link.close().await,
            Self::Ble(link) => link.close().await,
            Self::Serial(link) => link.close().await,
        }
    }
}

impl Reconnect for Link {
    async fn reconnect(&mut self, intent: SessionIntent) -> Result<(), LinkError> {
        each!(self, link => link.reconnect(intent).await)
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sim(error) => error.fmt(f),
            Self::Http(error) => error.fmt(f),
            Self::Ble(error) => error.fmt(f),
            Self::Serial(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for LinkError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        // Its text is this error's text: what follows is what lies under it.
        match self {
            Self::Sim(error) => error.source(),
            Self::Http(error) => error.source(),
            Self::Ble(error) => error.source(),
            Self::Serial(error) => error.source(),
        }
    }
}

impl TransportError for LinkError {
    fn fault(&self) -> LinkFault {
        match self {
            Self::Sim(error) => error.fault(),
            Self::Http(error) => error.fault(),
            Self::Ble(error) => error.fault(),
            Self::Serial(error) => error.fault(),
        }
    }
}
