//! HTTP, as one opens it for a program.

use crate::TokioClock;
use crate::deadline::within;
use crate::explain::LinkError;
use crate::{Error, Place};
use core::time::Duration;
use espprov_core::Phase;
use espprov_http::{HttpTarget, HttpTransport};
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
    let mut link = HttpTransport::new(target);
    within(
        clock,
        until,
        "connecting",
        place,
        link.reconnect(SessionIntent::Fresh),
    )
    .await?
    .map_err(|error| error.explain(Phase::Connect, place))?;
    Ok(link)
}
