//! Deadlines on tokio.

use crate::TokioClock;
use crate::{Error, Place};
use core::future::Future;
use core::time::Duration;
use espprov_transport::with_deadline;

/// Does something until `until`; too late is the error that says what was being done.
pub(crate) async fn within<T>(
    clock: TokioClock,
    until: Duration,
    doing: &str,
    place: &Place,
    work: impl Future<Output = T>,
) -> Result<T, Error> {
    with_deadline(&clock, until, work)
        .await
        .map_err(|_| place.deadline(doing))
}
