//! Errors of the HTTP link.

use super::io::{io_reason, os_reason};
use super::{LinkError, lost};
use crate::error::{Class, Error, Stage};
use crate::{LinkKind, Place};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use espprov_core::Phase;
use espprov_http::HttpError;
use espprov_transport::TransportError;

impl LinkError for HttpError {
    fn explain(&self, phase: Phase, place: &Place) -> Error {
        explain(phase, self, place)
    }
}

fn explain(phase: Phase, error: &HttpError, place: &Place) -> Error {
    let at = &place.label;
    let unreachable = |why: String| {
        Error::new(Class::Link, "unreachable", format!("cannot reach {at}: {why}"))
            .with_cause(match place.kind {
                LinkKind::Https => "the device is off, or this computer is not on its network",
                _ => "the device is off, or this computer is not on the device's own Wi-Fi network",
            })
            .with_help(place.how_to_reach())
            .with_retry(Some(Stage::Early))
    };
    match error {
        HttpError::Connect(kind) => unreachable(io_reason(*kind)),
        HttpError::ConnectTimedOut => unreachable("no answer".to_owned()),
        HttpError::UnknownHost => Error::new(
            Class::Link,
            "unknown_host",
            format!("cannot reach {at}: no such name"),
        )
        .with_cause("the name is mistyped, or nobody on this network answers for it (.local names need mDNS)")
        .with_help(match place.kind {
            LinkKind::Https => "check the name, or give the device's address: https://ADDRESS",
            _ => "check the name, or give the device's address: http://192.168.4.1",
        })
        .with_retry(Some(Stage::Early)),
        HttpError::System(code) => Error::new(
            Class::Link,
            "no_socket",
            format!(
                "cannot reach {at}: {}",
                os_reason(&std::io::Error::from_raw_os_error(*code))
            ),
        )
        .with_cause("this computer, not the device, is in the way")
        .advise(
            place.caller,
            "close other programs, or raise the limits (ulimit -n), then {again}",
        )
        .with_retry(Some(Stage::Early)),
        #[cfg(feature = "tls")]
        HttpError::Tls(error) => super::tls::explain(phase, error, place),
        HttpError::SpeaksTls => Error::new(
            Class::Link,
            "speaks_tls",
            format!("{at} speaks TLS, and was asked in plain HTTP"),
        )
        .with_cause("a device is reached either over HTTP or over HTTPS, and this one over HTTPS")
        .advise(
            place.caller,
            "{again} with the target https://HOST, with the port if it is not 443",
        ),
        HttpError::NotHttp | HttpError::TooMuchFraming | HttpError::UnexpectedStatus { .. } => {
            place.not_a_device(error.to_string())
        }
        HttpError::Gateway { .. } => Error::new(Class::Link, "gateway", error.to_string())
            .with_cause("a proxy stands between this computer and the device")
            .advise(
                place.caller,
                "go round the proxy, or wait until the device is back, then {again}",
            ),
        other => lost(phase, other.fault(), &other.to_string(), place),
    }
}
