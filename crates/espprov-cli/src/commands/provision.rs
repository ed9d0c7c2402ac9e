//! `provision`: from a link to a device that is online.

use super::recipe::{Running, Steps};
use super::wifi::{Chosen, Wifi, choose};
use super::{Context, thread};
use crate::args::ProvisionArgs;
use crate::device::Device;
use crate::errors::{self, CALLER, Failure, explain};
use crate::output::{Success, quoted, shown};
use crate::prompt::{self, Answer};
use crate::secret_input::SecretBytes;
use espprov::link::AnyLinkError;
use espprov_core::call::ProvisionWifi;
use espprov_core::{Outcome, Phase, ProvisionError};
use espprov_types::{WifiConnection, WifiFailure};

/// How often a person may try a passphrase.
const TRIES: usize = 3;

pub(super) async fn run(context: &Context, args: &ProvisionArgs) -> Result<Success, Failure> {
    let plan = context.plan(&args.device, thread::is_wanted(args)).await?;
    let out = &context.out;
    out.narrate();
    let steps = Steps::gather(context, args).await?;
    let (before, after) = steps.customs()?;
    let mut running = steps.start(&before, &after, out);
    if let Some(network) = thread::Network::gather(context, args, plan.wants_thread()).await? {
        return plan
            .run(async |device| {
                let success = thread::run(device, &network, &steps, &mut running).await?;
                steps.check(&running, success)
            })
            .await;
    }
    let mut wifi = Wifi::gather(context, args).await?;
    if !out.may_ask() {
        wifi.check_complete()?;
    }
    wifi.check(out)?;
    plan.run(async |device| {
        let success = join(device, &mut wifi, &steps, &mut running).await?;
        steps.check(&running, success)
    })
    .await
}

/// One run. What a person answered stays in `wifi` for the next.
async fn join(
    device: &mut Device,
    wifi: &mut Wifi,
    steps: &Steps,
    running: &mut Running<'_>,
) -> Result<Success, Failure> {
    // Before the handshake: what is asked for decides what is sent at all.
    device.wants_wifi().await?;
    device.connect().await?;
    let mut attempts = 0;
    loop {
        let ssid = match &wifi.ssid {
            Some(ssid) => ssid.clone(),
            None => choose(device, wifi).await?,
        };
        wifi.ssid = Some(ssid.clone());
        let passphrase = match &wifi.passphrase {
            Some(passphrase) => passphrase.clone(),
            None => match ask_passphrase(device, wifi, &ssid).await? {
                Answer::Given(passphrase) => passphrase,
                // One question back, if there was one.
                Answer::Back if matches!(wifi.chosen, Chosen::Here(_)) => {
                    wifi.ssid = None;
                    continue;
                }
                Answer::Back => return Err(errors::cancelled()),
            },
        };
        attempts += 1;
        let config = wifi.config(&ssid, &passphrase)?;
        device.out.progress("handing over the credentials");
        let outcome = device
            .driver
            .run(ProvisionWifi::new(&config).with_recipe(running))
            .await;
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(error) => {
                return Err(match steps.explain(running, device, &error) {
                    Some(failure) => failure,
                    None => after_refusal(device, wifi, &error, &quoted(&ssid)).await,
                });
            }
        };
        match outcome {
            Outcome::Connected(on) => {
                wifi.passphrase = Some(passphrase);
                return Ok(connected(&on, &ssid));
            }
            Outcome::LikelyConnected => return Ok(likely_connected(device, &ssid)),
            Outcome::Unconfirmed => return Err(explain::unconfirmed(CALLER)),
            Outcome::Failed(why) => {
                let may_ask_again = device.out.may_ask()
                    && why == WifiFailure::AuthError
                    && attempts < TRIES
                    && !device.cannot_clear();
                let failure = explain::wifi_outcome(CALLER, why, &shown(&ssid));
                let failure = device.look_around(failure, &ssid, wifi.heard()).await;
                if may_ask_again && failure.code() == "auth_error" {
                    device
                        .out
                        .remark("The network refused the device: probably a wrong passphrase.");
                    wifi.passphrase = None;
                    continue;
                }
                // A passing failure is tried again with the same passphrase.
                wifi.passphrase = Some(passphrase);
                wifi.failed = Some(failure.clone());
                return Err(failure);
            }
        }
    }
}

/// The device would not take the configuration, or not tell what became of it.
async fn after_refusal(
    device: &mut Device,
    wifi: &mut Wifi,
    error: &ProvisionError<AnyLinkError>,
    name: &str,
) -> Failure {
    if let ProvisionError::NoSuchEndpoint {
        phase: Phase::Control,
    } = error
    {
        // What the attempt before came to is the answer; that it cannot be repeated comes second.
        return match wifi.failed.take() {
            Some(failure) => explain::needs_restart(failure),
            None => explain::earlier_attempt_stays(CALLER),
        };
    }
    device.diagnose_wifi(error, name).await
}

async fn ask_passphrase(
    device: &mut Device,
    wifi: &Wifi,
    ssid: &[u8],
) -> Result<Answer<SecretBytes>, Failure> {
    let name = ssid.to_vec();
    let rule = wifi.rule();
    let check = move |passphrase: &[u8]| rule.check(&name, passphrase).map_err(|error| error.to_string());
    let name = ssid.to_vec();
    device.ask(move || prompt::passphrase(&name, check)).await
}

fn connected(on: &WifiConnection, asked: &[u8]) -> Success {
    // Some firmware does not say which network it is on: it is the one that was asked for.
    let ssid = match on.ssid.as_bytes() {
        [] => asked,
        said => said,
    };
    let mut summary = format!("Connected to {}", quoted(ssid));
    if let Some(ip) = on.ip {
        summary.push_str(&format!(", address {ip}"));
    }
    Success {
        outcome: "connected",
        ip: on.ip,
        ssid: Some(ssid.to_vec()),
        summary,
    }
}

fn likely_connected(device: &Device, ssid: &[u8]) -> Success {
    device.out.warn(
        "likely_connected",
        "the device accepted the credentials and then closed the link before it confirmed: it is probably online",
    );
    Success {
        outcome: "likely_connected",
        ip: None,
        ssid: Some(ssid.to_vec()),
        summary: format!("Probably connected to {}", quoted(ssid)),
    }
}
