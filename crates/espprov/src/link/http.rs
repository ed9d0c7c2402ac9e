//! HTTP, as one opens it for a program.

use crate::TokioClock;
use crate::deadline::within;
use crate::explain::LinkError;
use crate::{Error, Place};
use core::time::Duration;
use espprov_core::Phase;
use espprov_http::{Connect, HttpTarget, HttpTransport};
use espprov_transport::{Reconnect, SessionIntent};

/// Connects now, so that "nobody there" is told from "refused" before anything is sent.
///
/// # Errors
/// `unreachable`, `unknown_host`, `not_a_device` and others of the link; `deadline`.
pub async fn open(
    target: HttpTarget,
    place: &Place,
    clock: TokioClock,
    until: Duration,
) -> Result<HttpTransport, Error> {
    connected(HttpTransport::new(target), place, clock, until).await
}

pub(super) async fn connected<C: Connect>(
    mut link: HttpTransport<C>,
    place: &Place,
    clock: TokioClock,
    until: Duration,
) -> Result<HttpTransport<C>, Error> {
    let connecting = link.reconnect(SessionIntent::Fresh);
    within(clock, until, "connecting", place, connecting)
        .await?
        .map_err(|error| error.explain(Phase::Connect, place))?;
    Ok(link)
}
