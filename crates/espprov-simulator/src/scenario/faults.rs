//! Faults as a scenario file writes them.

use super::settings::millis;
use crate::fault::{At, Injection};
use core::time::Duration;
use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFault {
    kind: String,
    exchange: Option<u32>,
    endpoint: Option<String>,
    nth: Option<u32>,
    #[serde(default = "an_hour", deserialize_with = "millis")]
    delay_ms: Duration,
}

const fn an_hour() -> Duration {
    Duration::from_secs(3600)
}

pub(super) fn injections<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Injection>, D::Error> {
    let raw = Vec::<RawFault>::deserialize(deserializer)?;
    raw.into_iter()
        .map(|raw| injection(raw).map_err(serde::de::Error::custom))
        .collect()
}

fn injection(raw: RawFault) -> Result<Injection, String> {
    let fault = raw.kind.parse().map_err(|error| format!("{error}"))?;
    let at = match (raw.exchange, raw.endpoint, raw.nth) {
        (Some(0), ..) | (.., Some(0)) => return Err("exchanges are counted from 1".to_owned()),
        (Some(n), None, None) => At::Exchange(n),
        (None, Some(name), nth) => At::Endpoint {
            name,
            nth: nth.unwrap_or(1),
        },
        _ => return Err("a fault needs `exchange`, or `endpoint` with or without `nth`".to_owned()),
    };
    Ok(Injection {
        at,
        fault,
        delay: raw.delay_ms,
    })
}
