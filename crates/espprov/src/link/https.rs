//! HTTP over TLS, as one opens it for a program.

use super::http::connected;
use crate::{Caller, Error, LinkKind, Place, TokioClock};
use core::time::Duration;
use espprov_http::{HttpTarget, HttpTransport, Tls};

/// Connects now; nothing is said to a device whose certificate is not trusted.
///
/// # Errors
/// Those of [`http::open`](super::http::open), and what is wrong with the certificate or the handshake: `tls_unknown_issuer`,
/// `tls_expired`, `tls_no_name`, `tls_wrong_name`, `tls_pin_mismatch`, `not_tls` …
pub async fn open(
    target: HttpTarget,
    tls: Tls,
    place: &Place,
    clock: TokioClock,
    until: Duration,
) -> Result<HttpTransport<Tls>, Error> {
    connected(HttpTransport::with_connector(target, tls), place, clock, until).await
}

/// Whom to trust means nothing on a link without TLS: whoever says it expects something else.
///
/// # Errors
/// `not_https`, unless the link has TLS. `what` was said.
pub fn needs_tls(caller: Caller, kind: LinkKind, what: &str) -> Result<(), Error> {
    if kind == LinkKind::Https {
        return Ok(());
    }
    let message = alloc::format!("{what} means nothing here: this is not HTTPS");
    Err(Error::usage("not_https", message)
        .with_cause(caller.say("{what-says} names another link, which has no certificates"))
        .with_help(alloc::format!(
            "leave {what} out, or give a target such as https://HOST"
        )))
}
