//! `provision`: from a link to a device that is online.

use super::{Context, block_on, thread};
use crate::args::ProvisionArgs;
use crate::device::Device;
use crate::errors::{self, Failure, from_config, from_wifi_outcome};
use crate::output::human::quoted;
use crate::output::{Output, Success};
use crate::prompt::{self, Choice};
use crate::secret_input::SecretBytes;
use espprov_core::{Outcome, ScanOptions, WifiConfig};
use espprov_types::{Bssid, Ssid, WifiConnection, WifiFailure};
use zeroize::Zeroizing;

/// How often a person may try a passphrase.
const TRIES: usize = 3;

/// What is known about the Wi-Fi network. What is not, is asked for.
struct Wifi {
    ssid: Option<Vec<u8>>,
    passphrase: Option<SecretBytes>,
    bssid: Option<Bssid>,
    channel: Option<u8>,
}

pub(super) fn run(context: &Context, args: &ProvisionArgs) -> Result<Success, Failure> {
    let plan = context.plan(&args.device, thread::is_wanted(args))?;
    let out = &context.out;
    out.narrate();
    if let Some(network) = thread::Network::gather(context, args, plan.wants_thread())? {
        return block_on(plan.run(async |device| thread::run(device, &network).await));
    }
    let mut wifi = Wifi::gather(context, args)?;
    if !out.may_ask() {
        if wifi.ssid.is_none() {
            return Err(errors::missing(
                "the name of the network",
                "--ssid (or --dataset for Thread)",
            ));
        }
        if wifi.passphrase.is_none() {
            return Err(errors::missing(
                "the passphrase",
                "--passphrase (or --open for an open network)",
            ));
        }
    }
    wifi.check(out)?;
    block_on(plan.run(async |device| join(device, &mut wifi).await))
}

impl Wifi {
    fn gather(context: &Context, args: &ProvisionArgs) -> Result<Self, Failure> {
        let ssid = match (&args.ssid, &args.ssid_hex) {
            (Some(name), _) => Some(name.as_bytes().to_vec()),
            (None, Some(hex)) => Some(super::send::decode_hex(hex, "--ssid-hex")?.to_vec()),
            (None, None) => None,
        };
        let passphrase = if args.open {
            Some(Zeroizing::new(Vec::new()))
        } else {
            context
                .stdin
                .value_or_env(args.passphrase.as_deref(), "--passphrase", "ESPPROV_PASSPHRASE")?
        };
        Ok(Self {
            ssid,
            passphrase,
            bssid: args.bssid,
            channel: args.channel,
        })
    }

    /// Everything that can be judged before anything is sent.
    fn check(&self, out: &Output) -> Result<(), Failure> {
        if let Some(ssid) = &self.ssid {
            WifiConfig::new(ssid, self.passphrase.as_deref().map_or(b"", Vec::as_slice))
                .map_err(from_config)?;
        } else if let Some(passphrase) = &self.passphrase {
            WifiConfig::new(b"any", passphrase).map_err(from_config)?;
        }
        if self
            .passphrase
            .as_ref()
            .is_some_and(|passphrase| passphrase.len() == 64)
        {
            out.warn(
                "raw_key",
                "64 hex digits are sent as a raw key, which stock firmware refuses: give the passphrase itself if you can",
            );
        }
        if self.bssid.is_some() || self.channel.is_some() {
            out.warn(
                "ignored_by_stock_firmware",
                "--bssid and --channel are sent, but only custom firmware takes notice of them",
            );
        }
        Ok(())
    }

    fn config<'a>(&self, ssid: &'a [u8], passphrase: &'a [u8]) -> Result<WifiConfig<'a>, Failure> {
        let mut config = WifiConfig::new(ssid, passphrase).map_err(from_config)?;
        if let Some(bssid) = self.bssid {
            config = config.with_bssid(bssid);
        }
        if let Some(channel) = self.channel {
            config = config.with_channel(channel);
        }
        Ok(config)
    }
}

/// One run. What a person answered stays in `wifi` for the next.
async fn join(device: &mut Device, wifi: &mut Wifi) -> Result<Success, Failure> {
    device.connect().await?;
    let ssid = match &wifi.ssid {
        Some(ssid) => ssid.clone(),
        None => choose(device, wifi).await?,
    };
    wifi.ssid = Some(ssid.clone());
    let mut attempts = 0;
    loop {
        attempts += 1;
        let passphrase = match &wifi.passphrase {
            Some(passphrase) => passphrase.clone(),
            None => {
                let name = ssid.clone();
                device.ask(move || prompt::passphrase(&name)).await?
            }
        };
        let config = wifi.config(&ssid, &passphrase)?;
        device.out.progress("handing over the credentials");
        let outcome = device.driver.provision_wifi(&config).await;
        match outcome.map_err(|error| device.explain(&error))? {
            Outcome::Connected(on) => {
                wifi.passphrase = Some(passphrase);
                return Ok(connected(&on));
            }
            Outcome::LikelyConnected => return Ok(likely_connected(device, &ssid)),
            Outcome::Unconfirmed => return Err(errors::unconfirmed()),
            Outcome::Failed(WifiFailure::AuthError) if device.out.may_ask() && attempts < TRIES => {
                device
                    .out
                    .remark("The network refused the device: probably a wrong passphrase.");
                wifi.passphrase = None;
            }
            Outcome::Failed(why) => {
                // A passing failure is tried again with the same passphrase.
                wifi.passphrase = Some(passphrase);
                return Err(from_wifi_outcome(why, &shown(&ssid)));
            }
        }
    }
}

fn shown(ssid: &[u8]) -> String {
    Ssid::new(ssid).map(|ssid| ssid.to_string()).unwrap_or_default()
}

fn connected(on: &WifiConnection) -> Success {
    let mut summary = format!("Connected to {}", quoted(on.ssid.as_bytes()));
    if let Some(ip) = on.ip {
        summary.push_str(&format!(", address {ip}"));
    }
    Success {
        outcome: "connected",
        ip: on.ip,
        ssid: Some(on.ssid.as_bytes().to_vec()),
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

/// Lets the device scan and a person choose.
async fn choose(device: &mut Device, wifi: &mut Wifi) -> Result<Vec<u8>, Failure> {
    loop {
        device.out.progress("the device is scanning");
        let networks = device.driver.scan_wifi(&ScanOptions::default()).await;
        let networks = networks.map_err(|error| device.explain(&error))?;
        let choices = prompt::choices(&networks);
        match device.ask(move || prompt::network(choices)).await? {
            Choice::Again => {}
            Choice::Network { ssid, private } => {
                if !private {
                    wifi.passphrase = Some(Zeroizing::new(Vec::new()));
                }
                return Ok(ssid);
            }
        }
    }
}
