//! `provision` for Thread.

use super::Context;
use super::recipe::{Running, Steps};
use crate::args::ProvisionArgs;
use crate::device::Device;
use crate::errors::{self, CALLER, Class, Failure, explain};
use crate::hex_input::{decode, fixed, text};
use crate::output::{Success, quoted};
use espprov_core::call::ProvisionThread;
use espprov_core::{Outcome, Phase, ProvisionError, ScanOptions};
use espprov_types::{DatasetError, ThreadDataset, ThreadNetwork};
use zeroize::Zeroizing;

/// Which network, and what opens it.
pub(super) enum Network {
    /// All in one.
    Dataset(Box<ThreadDataset>),
    /// The key; the scan brings the rest.
    Key {
        name: Option<String>,
        ext_pan_id: Option<[u8; 8]>,
        key: Zeroizing<[u8; 16]>,
    },
}

/// The command line names a Thread network.
pub(super) const fn is_wanted(args: &ProvisionArgs) -> bool {
    args.dataset.is_some() || args.network_key.is_some()
}

impl Network {
    /// What the command line says about Thread; `None` = nothing.
    pub(super) async fn gather(
        context: &Context,
        args: &ProvisionArgs,
        wanted: bool,
    ) -> Result<Option<Self>, Failure> {
        let given = context.stdin.value(args.dataset.as_deref(), "--dataset").await?;
        if let Some(given) = given {
            let dataset = ThreadDataset::parse(text(&given, "--dataset")?).map_err(from_dataset)?;
            return Ok(Some(Self::Dataset(Box::new(dataset))));
        }
        let key = context.stdin.value(args.network_key.as_deref(), "--network-key");
        let Some(hex) = key.await? else {
            if wanted && args.ssid.is_none() && args.ssid_hex.is_none() {
                return Err(errors::missing(
                    "the Thread network",
                    "--dataset (or --network-key with --network-name)",
                ));
            }
            return Ok(None);
        };
        let key = decode(text(&hex, "--network-key")?, "--network-key")?;
        let key = Zeroizing::new(fixed(&key, "--network-key")?);
        let ext_pan_id = match &args.ext_pan_id {
            Some(hex) => Some(fixed(&decode(hex, "--ext-pan-id")?, "--ext-pan-id")?),
            None => None,
        };
        if args.network_name.is_none() && ext_pan_id.is_none() {
            return Err(errors::missing(
                "the Thread network",
                "--network-name or --ext-pan-id",
            ));
        }
        Ok(Some(Self::Key {
            name: args.network_name.clone(),
            ext_pan_id,
            key,
        }))
    }
}

fn from_dataset(error: DatasetError) -> Failure {
    let (code, cause) = match error {
        DatasetError::Hex(_) => (
            "invalid_hex",
            "a dataset is hex digits; what tools print around them is fine, other text is not",
        ),
        DatasetError::Empty => ("invalid_dataset", "the value has no digits at all"),
        DatasetError::TooLong => (
            "invalid_dataset",
            "it is more than one dataset, or something else",
        ),
        _ => (
            "invalid_dataset",
            "the text is cut off, or not an operational dataset",
        ),
    };
    Failure::usage(code, format!("--dataset: {error}"))
        .with_cause(cause)
        .with_help("take the output of `ot-ctl dataset active -x` on the border router")
}

/// One run.
pub(super) async fn run(
    device: &mut Device,
    network: &Network,
    steps: &Steps,
    running: &mut Running<'_>,
) -> Result<Success, Failure> {
    // Before the handshake: what is asked for decides what is sent at all.
    device.wants_thread().await?;
    device.connect().await?;
    let made;
    let dataset = match network {
        Network::Dataset(dataset) => dataset,
        Network::Key {
            name,
            ext_pan_id,
            key,
        } => {
            let found = find(device, name.as_deref(), *ext_pan_id).await?;
            made = ThreadDataset::minimal(found.channel, found.ext_pan_id, key, found.pan_id);
            &made
        }
    };
    device.out.progress("handing over the dataset");
    let outcome = device
        .driver
        .run(ProvisionThread::new(dataset).with_recipe(running))
        .await;
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(ProvisionError::NoSuchEndpoint {
            phase: Phase::Control,
        }) => return Err(explain::earlier_attempt_stays(CALLER)),
        Err(error) => {
            return Err(match steps.explain(running, device, &error) {
                Some(failure) => failure,
                None => device.diagnose_thread(&error).await,
            });
        }
    };
    match outcome {
        Outcome::Connected(on) => Ok(Success {
            outcome: "connected",
            summary: format!(
                "Attached to {}, PAN id {:#06x}, channel {}",
                quoted(on.name.as_bytes()),
                on.pan_id,
                on.channel
            ),
            ..Success::done()
        }),
        Outcome::LikelyConnected => {
            device.out.warn(
                "likely_connected",
                "the device accepted the dataset and then closed the link before it confirmed: it is probably attached",
            );
            Ok(Success {
                outcome: "likely_connected",
                summary: "Probably attached to the Thread network".to_owned(),
                ..Success::done()
            })
        }
        Outcome::Unconfirmed => Err(explain::unconfirmed(CALLER)),
        Outcome::Failed(why) => Err(explain::thread_outcome(CALLER, why)),
    }
}

/// Looks for the network in the air; the best heard router stands for it.
async fn find(
    device: &mut Device,
    name: Option<&str>,
    ext_pan_id: Option<[u8; 8]>,
) -> Result<ThreadNetwork, Failure> {
    device
        .out
        .progress("the device is looking for the Thread network");
    let networks = device.driver.scan_thread(&ScanOptions::default()).await;
    let networks =
        networks.map_err(|error| explain::no_thread_scan(CALLER, &error, device.explain(&error)))?;
    let mut fitting: Vec<ThreadNetwork> = networks
        .into_iter()
        .filter(|network| name.is_none_or(|name| network.name.as_bytes() == name.as_bytes()))
        .filter(|network| ext_pan_id.is_none_or(|id| network.ext_pan_id == id))
        .collect();
    fitting.sort_by_key(|network| core::cmp::Reverse(network.rssi));
    let best = fitting.first().cloned().ok_or_else(|| {
        Failure::new(
            Class::NetworkNotFound,
            "network_not_found",
            "the device does not hear that Thread network",
        )
        .with_cause("out of reach, or a typing error in --network-name or --ext-pan-id")
        .with_help("see with espprov scan --thread what the device hears, then run again")
        .with_outcome("network_not_found")
        .with_retry(Some(errors::Stage::Late))
    })?;
    if fitting
        .iter()
        .any(|network| network.ext_pan_id != best.ext_pan_id)
    {
        return Err(Failure::usage(
            "ambiguous_network",
            "there are several Thread networks of that name",
        )
        .with_help("say which one with --ext-pan-id (espprov scan --thread lists them)"));
    }
    Ok(best)
}
