//! What the provisioning flow needs of a link.

use crate::bytes::{ask, reconnect};
use crate::case::{Case, Scheme};
use crate::{Failure, SECRET, USERNAME, Verdict};
use core::fmt::Debug;
use core::ops::AsyncFnOnce;
use espprov_core::auth::Auto;
use espprov_core::{Outcome, ProvisionError, Provisioner, ScanOptions, WifiConfig, WifiFailure};
use espprov_transport::{Clock, Endpoint, Limits, LinkFault, Reconnect, SessionIntent, Transport};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

/// Piece of a long message; 256 is usual, and fits a value of the smallest firmware.
const CHUNK: usize = 256;

type Result<T = Verdict> = core::result::Result<T, Failure>;

/// The link under test, lent to the driver.
struct Lent<'l, T>(&'l mut T);

impl<T: Reconnect> Transport for Lent<'_, T> {
    type Error = T::Error;

    async fn exchange(
        &mut self,
        endpoint: Endpoint<'_>,
        buf: &mut [u8],
        len: usize,
    ) -> core::result::Result<usize, T::Error> {
        self.0.exchange(endpoint, buf, len).await
    }

    fn limits(&self) -> Limits {
        self.0.limits()
    }

    fn delivered(&self) -> bool {
        self.0.delivered()
    }

    fn endpoints(&self, visit: &mut dyn FnMut(&str)) {
        self.0.endpoints(visit);
    }

    async fn close(&mut self) {
        self.0.close().await;
    }
}

impl<T: Reconnect> Reconnect for Lent<'_, T> {
    async fn reconnect(&mut self, intent: SessionIntent) -> core::result::Result<(), T::Error> {
        self.0.reconnect(intent).await
    }
}

type Client<'l, T, C> = Provisioner<Lent<'l, T>, Auto, ChaCha20Rng, C, Vec<u8>>;

fn client<'l, T: Reconnect, C: Clock>(
    case: &Case,
    link: &'l mut T,
    clock: C,
    secret: &str,
) -> Result<Client<'l, T, C>> {
    let too_long = |error| Failure::new("credentials", &error);
    let auth = Auto::new();
    let auth = match case.scheme {
        Scheme::Sec0 => auth.allow_plaintext(true),
        Scheme::Sec1 => auth.with_pop(secret.as_bytes()).map_err(too_long)?,
        Scheme::Sec2Patch0 | Scheme::Sec2Patch1 => auth
            .with_username(USERNAME.as_bytes())
            .and_then(|auth| auth.with_password(secret.as_bytes()))
            .map_err(too_long)?,
    };
    let rng = ChaCha20Rng::seed_from_u64(2);
    Ok(Provisioner::new(Lent(link), auth, rng, clock, vec![0; 16 * 1024]))
}

/// Runs the work and judges its end: what the case wants, or the exact word that it is too much for the link.
async fn judge<T: Reconnect, C: Clock, V: Debug>(
    case: &Case,
    mut client: Client<'_, T, C>,
    what: &str,
    work: impl AsyncFnOnce(&mut Client<'_, T, C>) -> core::result::Result<V, ProvisionError<T::Error>>,
    wanted: impl FnOnce(&core::result::Result<V, ProvisionError<T::Error>>) -> bool,
) -> Result {
    let result = work(&mut client).await;
    let verdict = match &result {
        Err(ProvisionError::RequestTooLarge { need, limit }) if *need == case.request && *limit < *need => {
            // Nothing was sent, nothing is lost.
            match client.info().await {
                Ok(_) => Ok(Verdict::BeyondTheLink { limit: *limit }),
                Err(error) => Err(Failure::new("a link that is still usable", &error)),
            }
        }
        result if wanted(result) => Ok(Verdict::Passed),
        result => Err(Failure::new(what, &result)),
    };
    client.close().await;
    verdict
}

fn config(passphrase: &'static [u8]) -> Result<WifiConfig<'static>> {
    WifiConfig::new(b"Home", passphrase).map_err(|error| Failure::new("a configuration", &error))
}

pub(crate) async fn provision<T: Reconnect, C: Clock>(case: &Case, link: &mut T, clock: C) -> Result {
    let client = client(case, link, clock, SECRET)?;
    let home = config(b"correct-horse")?;
    let work = async |client: &mut Client<'_, T, C>| client.provision_wifi(&home).await;
    judge(
        case,
        client,
        "a device on its network",
        work,
        |result| matches!(result, Ok(Outcome::Connected(on)) if on.ssid.as_bytes() == b"Home"),
    )
    .await
}

pub(crate) async fn scan<T: Reconnect, C: Clock>(case: &Case, link: &mut T, clock: C) -> Result {
    let client = client(case, link, clock, SECRET)?;
    let work = async |client: &mut Client<'_, T, C>| client.scan_wifi(&ScanOptions::default()).await;
    judge(
        case,
        client,
        "sixteen networks, strongest first",
        work,
        |result| {
            let Ok(networks) = result else { return false };
            networks.len() == 16 && networks.is_sorted_by(|a, b| a.rssi >= b.rssi)
        },
    )
    .await
}

pub(crate) async fn wrong_secret<T: Reconnect, C: Clock>(case: &Case, link: &mut T, clock: C) -> Result {
    let client = client(case, link, clock, "wrong")?;
    let work = async |client: &mut Client<'_, T, C>| client.connect().await;
    judge(case, client, "wrong credentials", work, |result| {
        matches!(result, Err(ProvisionError::WrongCredentials { .. }))
    })
    .await
}

pub(crate) async fn wrong_passphrase<T: Reconnect, C: Clock>(case: &Case, link: &mut T, clock: C) -> Result {
    let client = client(case, link, clock, SECRET)?;
    let (wrong, right) = (config(b"battery-staple")?, config(b"correct-horse")?);
    let work = async |client: &mut Client<'_, T, C>| {
        let first = client.provision_wifi(&wrong).await?;
        Ok((first, client.provision_wifi(&right).await?))
    };
    judge(
        case,
        client,
        "a refused passphrase, then a connection",
        work,
        |result| {
            matches!(
                result,
                Ok((Outcome::Failed(WifiFailure::AuthError), Outcome::Connected(_)))
            )
        },
    )
    .await
}

pub(crate) async fn data<T: Reconnect, C: Clock>(case: &Case, link: &mut T, clock: C) -> Result {
    let client = client(case, link, clock, SECRET)?;
    let sent: Vec<u8> = (0..1024).map(|i| (i * 13 + i / 256) as u8).collect();
    let work = async |client: &mut Client<'_, T, C>| {
        let mut back = Vec::new();
        let endpoint = Endpoint::custom("echo").unwrap_or(Endpoint::CUSTOM_DATA);
        let mut sink = |reply: &[u8]| back.extend_from_slice(reply);
        let exchanges = client.send(endpoint, &sent, Some(CHUNK), &mut sink).await?;
        Ok((exchanges, back))
    };
    judge(
        case,
        client,
        "a kilobyte there and back in four pieces",
        work,
        |result| matches!(result, Ok((4, back)) if *back == sent),
    )
    .await
}

pub(crate) async fn fresh<T: Reconnect, C: Clock>(case: &Case, link: &mut T, clock: C) -> Result {
    // Security 1 deciphers whatever comes, so any byte is answered in a session, and none without.
    for _ in 0..2 {
        let connected = client(case, link, &clock, SECRET)?.connect().await;
        connected.map_err(|error| Failure::new("a session", &error))?;
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
