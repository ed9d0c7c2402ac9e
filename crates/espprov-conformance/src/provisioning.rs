//! What the provisioning flow needs of a link.

use crate::bench::Bench;
use crate::bytes::{ask, reconnect};
use crate::case::Case;
use crate::client::{Credentials, Driver, Ended, Told};
use crate::{Failure, SECRET, Verdict};
use core::fmt::Debug;
use espprov_transport::{Endpoint, LinkFault};

/// The network of the device's world, and its passphrase.
const NETWORK: &str = "Home";
const RIGHT: &str = "correct-horse";

/// Piece of a long message; 256 is usual, and fits a value of the smallest firmware.
const CHUNK: usize = 256;

type Result<T = Verdict> = core::result::Result<T, Failure>;

/// The right credentials, or these.
const fn with(case: &Case, secret: &'static str) -> Credentials {
    Credentials {
        scheme: case.scheme,
        secret,
    }
}

/// Judges the end of the work: what the case wants, or the exact word that it is too much for the link.
async fn judge<D: Driver, V: Debug>(
    case: &Case,
    mut driver: D,
    result: core::result::Result<V, Told>,
    what: &str,
    wanted: impl FnOnce(&V) -> bool,
) -> Result {
    let verdict = match &result {
        Err(Told::RequestTooLarge { need, limit }) if *need == case.request && *limit < *need => {
            // Nothing was sent, nothing is lost.
            match driver.info().await {
                Ok(()) => Ok(Verdict::BeyondTheLink { limit: *limit }),
                Err(error) => Err(Failure::new("a link that is still usable", &error)),
            }
        }
        Ok(value) if wanted(value) => Ok(Verdict::Passed),
        result => Err(Failure::new(what, result)),
    };
    driver.close().await;
    verdict
}

pub(crate) async fn provision<B: Bench>(case: &Case, bench: &mut B) -> Result {
    let mut driver = bench.driver(with(case, SECRET))?;
    let result = driver.provision(NETWORK, RIGHT).await;
    judge(
        case,
        driver,
        result,
        "a device on its network",
        |ended| matches!(ended, Ended::Connected(ssid) if ssid == NETWORK.as_bytes()),
    )
    .await
}

pub(crate) async fn scan<B: Bench>(case: &Case, bench: &mut B) -> Result {
    let mut driver = bench.driver(with(case, SECRET))?;
    let result = driver.scan().await;
    judge(
        case,
        driver,
        result,
        "sixteen networks, strongest first",
        |strengths| strengths.len() == 16 && strengths.is_sorted_by(|a, b| a >= b),
    )
    .await
}

pub(crate) async fn wrong_secret<B: Bench>(case: &Case, bench: &mut B) -> Result {
    let mut driver = bench.driver(with(case, "wrong"))?;
    let result = match driver.connect().await {
        Err(Told::WrongCredentials) => Ok("wrong credentials"),
        Err(error) => Err(error),
        Ok(()) => Ok("a session"),
    };
    judge(case, driver, result, "wrong credentials", |told| {
        *told == "wrong credentials"
    })
    .await
}

pub(crate) async fn wrong_passphrase<B: Bench>(case: &Case, bench: &mut B) -> Result {
    let mut driver = bench.driver(with(case, SECRET))?;
    let first = driver.provision(NETWORK, "battery-staple").await;
    let both = match first {
        Ok(first) => {
            let second = driver.provision(NETWORK, RIGHT).await;
            second.map(|second| (first, second))
        }
        Err(error) => Err(error),
    };
    judge(
        case,
        driver,
        both,
        "a refused passphrase, then a connection",
        |ended| matches!(ended, (Ended::AuthError, Ended::Connected(_))),
    )
    .await
}

pub(crate) async fn data<B: Bench>(case: &Case, bench: &mut B) -> Result {
    let mut driver = bench.driver(with(case, SECRET))?;
    let sent: Vec<u8> = (0..1024).map(|i| (i * 13 + i / 256) as u8).collect();
    let result = driver.send("echo", &sent, CHUNK).await;
    judge(
        case,
        driver,
        result,
        "a kilobyte there and back in four pieces",
        |(exchanges, back)| *exchanges == 4 && *back == sent,
    )
    .await
}

pub(crate) async fn fresh<B: Bench>(case: &Case, bench: &mut B) -> Result {
    // Security 1 deciphers whatever comes, so any byte is answered in a session, and none without.
    for _ in 0..2 {
        let connected = bench.driver(with(case, SECRET))?.connect().await;
        connected.map_err(|error| Failure::new("a session", &error))?;
        let link = bench.link();
        let reply = ask(link, Endpoint::CUSTOM_DATA, b"x").await;
        if reply.is_err() {
            return Err(Failure::new("an answer within the session", &reply));
        }
        reconnect(link).await?;
        match ask(link, Endpoint::CUSTOM_DATA, b"x").await {
            Err(LinkFault::Refused { .. } | LinkFault::Lost { .. }) => {}
            other => return Err(Failure::new("a device that has forgotten the session", &other)),
        }
        reconnect(link).await?;
    }
    Ok(Verdict::Passed)
}
