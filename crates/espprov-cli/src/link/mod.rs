//! From a target to an open link, with somebody to ask where several devices or ports could be meant.

#[cfg(feature = "ble")]
pub(crate) mod ble;
#[cfg(feature = "serial")]
mod serial;

use crate::errors::{Failure, Place};
use crate::output::Output;
use crate::target::Aim;
use core::time::Duration;
#[cfg(feature = "tls")]
use espprov::link::https;
#[cfg(feature = "serial")]
use espprov::link::serial as port;
use espprov::link::{AnyLink, http, sim};
use espprov::{Target, TokioClock};
use espprov_simulator::Scenario;

/// An open link, and how it came about.
pub(crate) struct Opened {
    pub(crate) link: AnyLink,
    /// How long a question took; that time does not count.
    pub(crate) asked: Duration,
    /// The target that was found or chosen, where none was named.
    pub(crate) found: Option<String>,
}

impl From<AnyLink> for Opened {
    fn from(link: AnyLink) -> Self {
        Self {
            link,
            asked: Duration::ZERO,
            found: None,
        }
    }
}

/// Opens the link to the device before `until`: when this returns, something answers there.
pub(crate) async fn open(
    aim: &Aim,
    place: &Place,
    out: &Output,
    clock: TokioClock,
    until: Duration,
) -> Result<Opened, Failure> {
    #[cfg(not(any(feature = "ble", feature = "serial")))]
    let _ = out; // nobody to be asked
    Ok(match &aim.target {
        Target::Sim(_) => {
            let scenario = aim.scenario().cloned().unwrap_or_else(Scenario::default);
            AnyLink::Sim(sim::open(&scenario, clock)?.into()).into()
        }
        #[cfg(feature = "tls")]
        Target::Http(target) if target.is_https() => {
            let tls = aim.tls.clone().unwrap_or_else(espprov::Tls::system);
            AnyLink::Https(
                https::open(target.clone(), tls, place, clock, until)
                    .await?
                    .into(),
            )
            .into()
        }
        Target::Http(target) => {
            AnyLink::Http(http::open(target.clone(), place, clock, until).await?.into()).into()
        }
        #[cfg(feature = "serial")]
        Target::Serial(target) => {
            AnyLink::Serial(port::open(target, place, clock, until).await?.into()).into()
        }
        #[cfg(feature = "serial")]
        Target::AnyPort => {
            let (target, asked) = serial::choose(place, out, clock).await?;
            let until = until.saturating_add(asked);
            Opened {
                link: AnyLink::Serial(port::open(&target, place, clock, until).await?.into()),
                asked,
                found: Some(target.to_string()),
            }
        }
        #[cfg(feature = "ble")]
        Target::Ble(target) => {
            let (link, asked) = ble::open(target, place, out, clock, until).await?;
            Opened {
                link: AnyLink::Ble(link.into()),
                asked,
                found: None,
            }
        }
        _ => {
            return Err(Failure::usage(
                "transport_not_built",
                "this program has no such link",
            ));
        }
    })
}

/// After an interruption: waits until the device was let go.
pub(crate) async fn let_go() {
    #[cfg(feature = "ble")]
    ble::let_go().await;
}
