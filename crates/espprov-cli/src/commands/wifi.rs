//! Which Wi-Fi network: from the command line, or from the person at the terminal.

use super::Context;
use crate::args::ProvisionArgs;
use crate::device::Device;
use crate::errors::{self, CALLER, Failure, explain};
use crate::hex_input;
use crate::output::Output;
use crate::prompt::{self, Answer, Choice};
use crate::secret_input::{self, SecretBytes};
use espprov_core::{Phase, ProvisionError, ScanOptions, WifiConfig, WifiConfigError};
use espprov_types::{AuthMode, Bssid};
use zeroize::Zeroizing;

/// What is known about the network. What is not, is asked for.
pub(super) struct Wifi {
    pub(super) ssid: Option<Vec<u8>>,
    pub(super) passphrase: Option<SecretBytes>,
    pub(super) chosen: Chosen,
    /// What the attempt before came to.
    pub(super) failed: Option<Failure>,
    /// The passphrase was given, and is used whatever anybody says of the network.
    given: bool,
    unchecked: bool,
    bssid: Option<Bssid>,
    channel: Option<u8>,
}

/// Who named the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chosen {
    /// The command line.
    Before,
    /// A person, here; with what the scan said of it.
    Here(Option<AuthMode>),
}

/// Which passphrases are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Those that WPA allows, or none.
    Wpa,
    /// Those that WEP allows.
    Wep,
    /// Any.
    Unchecked,
}

impl Rule {
    /// # Errors
    /// Nothing can have this name, or this passphrase.
    pub(super) fn check(self, ssid: &[u8], passphrase: &[u8]) -> Result<(), WifiConfigError> {
        match self {
            Self::Unchecked => Ok(()),
            Self::Wep if is_wep_key(passphrase) => WifiConfig::new(ssid, b"").map(|_| ()),
            Self::Wpa | Self::Wep => WifiConfig::new(ssid, passphrase).map(|_| ()),
        }
    }
}

/// 40 or 104 bits, as characters or as hex digits.
fn is_wep_key(key: &[u8]) -> bool {
    match key.len() {
        5 | 13 => !key.contains(&0),
        10 | 26 => key.iter().all(u8::is_ascii_hexdigit),
        _ => false,
    }
}

impl Wifi {
    pub(super) async fn gather(context: &Context, args: &ProvisionArgs) -> Result<Self, Failure> {
        let ssid = match (&args.ssid, &args.ssid_hex) {
            (Some(name), _) => Some(name.as_bytes().to_vec()),
            (None, Some(hex)) => Some(hex_input::decode(hex, "--ssid-hex")?.to_vec()),
            (None, None) => None,
        };
        let passphrase =
            secret_input::passphrase(args.passphrase.as_deref(), args.open, &context.stdin).await?;
        Ok(Self {
            ssid,
            given: passphrase.is_some(),
            passphrase,
            chosen: Chosen::Before,
            failed: None,
            unchecked: args.unchecked,
            bssid: args.bssid,
            channel: args.channel,
        })
    }

    /// Nobody can be asked for the rest.
    pub(super) fn check_complete(&self) -> Result<(), Failure> {
        if self.ssid.is_none() {
            return Err(errors::missing(
                "the name of the network",
                "--ssid (or --dataset for Thread)",
            ));
        }
        if self.passphrase.is_none() {
            return Err(errors::missing(
                "the passphrase",
                "--passphrase (or --open for an open network)",
            ));
        }
        Ok(())
    }

    /// Everything that can be judged before anything is sent.
    pub(super) fn check(&self, out: &Output) -> Result<(), Failure> {
        let passphrase = self.passphrase.as_deref().map_or(&b""[..], Vec::as_slice);
        let rule = self.rule();
        match &self.ssid {
            Some(ssid) => rule
                .check(ssid, passphrase)
                .map_err(|error| explain::config(CALLER, error))?,
            // Which rule holds shows when a network has been chosen; what suits none can be told now.
            None if is_wep_key(passphrase) => {}
            None => rule
                .check(b"any", passphrase)
                .map_err(|error| explain::config(CALLER, error))?,
        }
        if rule == Rule::Wpa && passphrase.len() == 64 {
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

    /// What the scan said of the network.
    pub(super) const fn heard(&self) -> Option<AuthMode> {
        match self.chosen {
            Chosen::Here(auth) => auth,
            Chosen::Before => None,
        }
    }

    /// Which passphrases are sent to this network.
    pub(super) const fn rule(&self) -> Rule {
        if self.unchecked {
            Rule::Unchecked
        } else if matches!(self.heard(), Some(AuthMode::Wep)) {
            Rule::Wep
        } else {
            Rule::Wpa
        }
    }

    pub(super) fn config<'a>(&self, ssid: &'a [u8], passphrase: &'a [u8]) -> Result<WifiConfig<'a>, Failure> {
        self.rule()
            .check(ssid, passphrase)
            .map_err(|error| explain::config(CALLER, error))?;
        let mut config = WifiConfig::unchecked(ssid, passphrase);
        if let Some(bssid) = self.bssid {
            config = config.with_bssid(bssid);
        }
        if let Some(channel) = self.channel {
            config = config.with_channel(channel);
        }
        Ok(config)
    }

    fn take(&mut self, ssid: Vec<u8>, auth: Option<AuthMode>, private: bool) -> Vec<u8> {
        self.chosen = Chosen::Here(auth);
        if !self.given {
            self.passphrase = (!private).then(|| Zeroizing::new(Vec::new()));
        }
        ssid
    }
}

/// Lets the device scan and a person choose; where the device does not scan, lets the person type the name.
pub(super) async fn choose(device: &mut Device, wifi: &mut Wifi) -> Result<Vec<u8>, Failure> {
    if !device.info().await?.capabilities.wifi_scan {
        device.out.remark("This device does not scan for networks.");
        return name(device, wifi).await;
    }
    'scan: loop {
        device.out.progress("the device is scanning");
        let networks = match device.driver.scan_wifi(&ScanOptions::default()).await {
            Ok(networks) => networks,
            Err(
                error @ (ProvisionError::NoSuchEndpoint { phase: Phase::Scan }
                | ProvisionError::Refused { phase: Phase::Scan }
                | ProvisionError::Status {
                    phase: Phase::Scan, ..
                }),
            ) => {
                let why = device.explain(&error);
                device
                    .out
                    .remark(&format!("The device does not scan: {}.", why.message()));
                return name(device, wifi).await;
            }
            Err(error) => return Err(device.explain(&error)),
        };
        let choices = prompt::choices(&networks);
        loop {
            let labels: Vec<String> = choices.iter().map(|(label, _)| label.clone()).collect();
            let known = wifi.given;
            let choice = device.ask(move || prompt::network(&labels, known)).await?;
            let Answer::Given(choice) = choice else {
                return Err(errors::cancelled());
            };
            match choice {
                Choice::Again => continue 'scan,
                Choice::Named { ssid, private } => return Ok(wifi.take(ssid, None, private)),
                Choice::Listed(index) => {
                    let Some((_, network)) = choices.get(index) else {
                        continue;
                    };
                    if network.auth.is_enterprise() {
                        device.out.remark(
                            "That network wants a user account of each device: this protocol carries a passphrase only.",
                        );
                        continue;
                    }
                    let ssid = network.ssid.as_bytes().to_vec();
                    return Ok(wifi.take(ssid, Some(network.auth), network.is_private()));
                }
            }
        }
    }
}

/// The name, typed.
async fn name(device: &mut Device, wifi: &mut Wifi) -> Result<Vec<u8>, Failure> {
    let known = wifi.given;
    match device.ask(move || prompt::hidden(known)).await? {
        Answer::Given(Choice::Named { ssid, private }) => Ok(wifi.take(ssid, None, private)),
        _ => Err(errors::cancelled()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_wep() {
        for key in [&b"abcde"[..], b"thirteenchars", b"0123456789", &[b'f'; 26]] {
            assert!(is_wep_key(key));
            assert_eq!(Rule::Wep.check(b"Old", key), Ok(()));
        }
        for key in [&b"abcd"[..], b"0123456xyz", &[b'g'; 26], b"ab\0de"] {
            assert!(!is_wep_key(key));
        }
        assert_eq!(
            Rule::Wpa.check(b"Home", b"abcde"),
            Err(WifiConfigError::PassphraseTooShort)
        );
        assert_eq!(Rule::Wep.check(b"", b"abcde"), Err(WifiConfigError::SsidEmpty));
        assert_eq!(Rule::Unchecked.check(b"", b"x"), Ok(()));
    }
}
