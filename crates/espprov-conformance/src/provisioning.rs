//! What the provisioning flow needs of a link.

use crate::bench::{Bench, Driver};
use crate::bytes::{ask, reconnect};
use crate::case::{Case, Scheme};
use crate::{Failure, SECRET, USERNAME, Verdict};
use core::fmt::Debug;
use espprov_core::auth::Auto;
use espprov_core::call::{Connect, Info, ProvisionWifi, ScanWifi, SendData};
use espprov_core::{Outcome, ProvisionError, ScanOptions, WifiConfig, WifiFailure};
use espprov_transport::{Endpoint, LinkFault};

/// Piece of a long message; 256 is usual, and fits a value of the smallest firmware.
const CHUNK: usize = 256;

type Result<T = Verdict> = core::result::Result<T, Failure>;

/// The right credentials, or these.
fn auth(case: &Case, secret: &str) -> Result<Auto> {
    let auth = Auto::new();
    let auth = match case.scheme {
        Scheme::Sec0 => Ok(auth.allow_plaintext(true)),
        Scheme::Sec1 => auth.with_pop(secret.as_bytes()),
        Scheme::Sec2Patch0 | Scheme::Sec2Patch1 => auth
            .with_username(USERNAME.as_bytes())
            .and_then(|auth| auth.with_password(secret.as_bytes())),
    };
    auth.map_err(|error| Failure::new("credentials", &error))
}

/// What came of the driver's work.
type Worked<V, D> = core::result::Result<V, ProvisionError<<D as Driver>::Error>>;

/// Judges the end of the work: what the case wants, or the exact word that it is too much for the link.
async fn judge<D: Driver, V: Debug>(
    case: &Case,
    mut driver: D,
    result: Worked<V, D>,
    what: &str,
    wanted: impl FnOnce(&V) -> bool,
) -> Result {
    let verdict = match &result {
        Err(ProvisionError::RequestTooLarge { need, limit }) if *need == case.request && *limit < *need => {
            // Nothing was sent, nothing is lost.
            match driver.take(Info::new()).await {
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

fn config(passphrase: &'static [u8]) -> Result<WifiConfig<'static>> {
    WifiConfig::new(b"Home", passphrase).map_err(|error| Failure::new("a configuration", &error))
}

pub(crate) async fn provision<B: Bench>(case: &Case, bench: &mut B) -> Result {
    let mut driver = bench.driver(auth(case, SECRET)?);
    let home = config(b"correct-horse")?;
    let result = driver.take(ProvisionWifi::new(&home)).await;
    judge(
        case,
        driver,
        result,
        "a device on its network",
        |outcome| matches!(outcome, Outcome::Connected(on) if on.ssid.as_bytes() == b"Home"),
    )
    .await
}

pub(crate) async fn scan<B: Bench>(case: &Case, bench: &mut B) -> Result {
    let mut driver = bench.driver(auth(case, SECRET)?);
    let result = driver.take(ScanWifi::new(&ScanOptions::default())).await;
    judge(
        case,
        driver,
        result,
        "sixteen networks, strongest first",
        |networks| networks.len() == 16 && networks.is_sorted_by(|a, b| a.rssi >= b.rssi),
    )
    .await
}

pub(crate) async fn wrong_secret<B: Bench>(case: &Case, bench: &mut B) -> Result {
    let mut driver = bench.driver(auth(case, "wrong")?);
    let result = match driver.take(Connect::new()).await {
        Err(ProvisionError::WrongCredentials { .. }) => Ok("wrong credentials"),
        Err(error) => Err(error),
        Ok(()) => Ok("a session"),
    };
    judge(case, driver, result, "wrong credentials", |told| {
        *told == "wrong credentials"
    })
    .await
}

pub(crate) async fn wrong_passphrase<B: Bench>(case: &Case, bench: &mut B) -> Result {
    let mut driver = bench.driver(auth(case, SECRET)?);
    let (wrong, right) = (config(b"battery-staple")?, config(b"correct-horse")?);
    let first = driver.take(ProvisionWifi::new(&wrong)).await;
    let both = match first {
        Ok(first) => {
            let second = driver.take(ProvisionWifi::new(&right)).await;
            second.map(|second| (first, second))
        }
        Err(error) => Err(error),
    };
    judge(
        case,
        driver,
        both,
        "a refused passphrase, then a connection",
        |outcomes| {
            matches!(
                outcomes,
                (Outcome::Failed(WifiFailure::AuthError), Outcome::Connected(_))
            )
        },
    )
    .await
}

pub(crate) async fn data<B: Bench>(case: &Case, bench: &mut B) -> Result {
    let mut driver = bench.driver(auth(case, SECRET)?);
    let sent: Vec<u8> = (0..1024).map(|i| (i * 13 + i / 256) as u8).collect();
    let mut back = Vec::new();
    let endpoint = Endpoint::custom("echo").unwrap_or(Endpoint::CUSTOM_DATA);
    let sink = |reply: &[u8]| back.extend_from_slice(reply);
    let call = SendData::new(endpoint, &sent, Some(CHUNK), sink);
    let result = driver
        .take(call.map_err(|error| Failure::new("data", &error))?)
        .await;
    let result = result.map(|exchanges| (exchanges, back));
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
        let connected = bench.driver(auth(case, SECRET)?).take(Connect::new()).await;
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
