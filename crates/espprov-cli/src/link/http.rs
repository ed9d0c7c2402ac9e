//! HTTP.

use espprov_http::{HttpError, HttpTarget, HttpTransport};
use espprov_transport::{Reconnect, SessionIntent};

/// Connects now, so that "nobody there" is told from "refused" before anything is sent.
pub(super) async fn open(target: HttpTarget) -> Result<HttpTransport, HttpError> {
    let mut transport = HttpTransport::new(target);
    transport.reconnect(SessionIntent::Fresh).await?;
    Ok(transport)
}
