//! One device of a batch.

use super::plan::{Job, Network, Options};
use super::table::{Phase, Step};
use crate::errors::{CALLER, Class, Failure, Stage, explain};
use core::net::Ipv4Addr;
use core::time::Duration;
use espprov::{Device, Event, Joined, WifiStatus};
use espprov_types::ThreadStatus;

/// Pause before trying again.
const PAUSE: Duration = Duration::from_secs(1);

/// A device that is done.
pub(super) struct Ended {
    pub(super) outcome: &'static str,
    pub(super) ip: Option<Ipv4Addr>,
    /// It was on its network already.
    pub(super) found: bool,
}

/// Takes a device to its network, again where that can help.
pub(super) async fn run(
    job: &Job,
    options: &Options,
    retries: u8,
    worker: usize,
    phase: Phase,
) -> Result<Ended, Failure> {
    let mut left = retries;
    let mut look_first = job.look_first;
    loop {
        let failure = match once(job, options, look_first, worker, &phase).await {
            Ok(ended) => return Ok(ended),
            Err(failure) => failure,
        };
        if left == 0 || failure.retry().is_none() {
            return Err(failure);
        }
        left -= 1;
        // What was sent may have been taken.
        look_first |= failure.retry() == Some(Stage::Late);
        phase.set(Step::Again);
        tokio::time::sleep(PAUSE).await;
    }
}

async fn once(
    job: &Job,
    options: &Options,
    look_first: bool,
    worker: usize,
    phase: &Phase,
) -> Result<Ended, Failure> {
    phase.set(Step::Opening);
    let told = phase.clone();
    let mut connect = espprov::connect(&job.aim)
        .caller(CALLER)
        .deadline(options.deadline)
        .security(job.security)
        .observe(move |event: &Event<'_>| told.heard(event));
    if let Some(pop) = &job.credentials.pop {
        connect = connect.pop(pop);
    }
    if let Some(username) = &job.credentials.username {
        connect = connect.username(username);
    }
    if let Some(password) = &job.credentials.password {
        connect = connect.password(password);
    }
    if options.plaintext {
        connect = connect.allow_plaintext();
    }
    if matches!(job.network, Network::Thread(_)) {
        connect = connect.thread();
    }
    #[cfg(feature = "ble")]
    {
        if let Some(adapter) = options.adapters.get(worker % options.adapters.len().max(1)) {
            connect = connect.adapter(adapter);
        }
        for service in &options.services {
            connect = connect.service(*service);
        }
    }
    #[cfg(not(feature = "ble"))]
    let _ = worker;
    let mut device = match connect.open().await {
        Ok(device) => device,
        Err(failure) if look_first => return Err(not_seen(failure)),
        Err(failure) => return Err(failure),
    };
    let end = with(&mut device, job, look_first, phase).await;
    device.close().await;
    end
}

async fn with(device: &mut Device, job: &Job, look_first: bool, phase: &Phase) -> Result<Ended, Failure> {
    if look_first {
        phase.set(Step::Looking);
        match look(device, &job.network).await {
            Ok(Some(ended)) => return Ok(ended),
            Ok(None) => {}
            Err(failure) => return Err(not_seen(failure)),
        }
    }
    match &job.network {
        Network::Wifi { ssid, passphrase } => {
            let joined = device.provision(ssid, passphrase).await?;
            Ok(Ended {
                outcome: word(joined.is_confirmed()),
                ip: joined.ip(),
                found: false,
            })
        }
        Network::Thread(dataset) => {
            let joined: Joined<_> = device.provision_thread(dataset).await?;
            Ok(Ended {
                outcome: word(joined.is_confirmed()),
                ip: None,
                found: false,
            })
        }
    }
}

const fn word(confirmed: bool) -> &'static str {
    if confirmed {
        "connected"
    } else {
        "likely_connected"
    }
}

/// Is the device on the network that it is to have? `None`: it can be told to join it.
///
/// "Connecting" says little: firmware says so of a device that was never given a network, too. If an attempt is under way, the
/// device refuses another one, and the engine follows the one it has.
async fn look(device: &mut Device, network: &Network) -> Result<Option<Ended>, Failure> {
    let ip = match network {
        Network::Wifi { ssid, .. } => match device.status().await? {
            // Some firmware does not say which network it is on: nobody but an earlier attempt gave it one.
            WifiStatus::Connected(on) if [b"", ssid.as_bytes()].contains(&on.ssid.as_bytes()) => on.ip,
            _ => return Ok(None),
        },
        Network::Thread(dataset) => match device.thread_status().await? {
            ThreadStatus::Attached(on)
                if on.ext_pan_id.is_some() && on.ext_pan_id == dataset.ext_pan_id() =>
            {
                None
            }
            _ => return Ok(None),
        },
    };
    Ok(Some(Ended {
        outcome: "connected",
        ip,
        found: true,
    }))
}

/// An earlier attempt was cut short, and now the device cannot be asked what became of it: as devices that are online.
fn not_seen(failure: Failure) -> Failure {
    match failure.class() {
        Class::Link | Class::Deadline => {
            let cause = format!(
                "an earlier attempt was cut short, and the device cannot be asked now: {}",
                failure.message()
            );
            explain::unconfirmed(CALLER)
                .with_cause(cause)
                .with_retry(failure.retry())
        }
        _ => failure,
    }
}
