//! Which device, from its text on the command line.

use crate::errors::{Failure, Place, file, from_payload};
use crate::link::ble::BleTarget;
use crate::output::{Output, clean};
use crate::secret_input::{Credentials, SecretBytes};
use crate::signals::unblock;
use espprov_http::HttpTarget;
use espprov_serial::SerialTarget;
use espprov_simulator::{Scenario, ScenarioError};
use espprov_types::{PayloadError, SetupNetwork, SetupPayload, SetupTransport};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A link, and the device at its other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// In this process.
    Sim(World),
    /// Over HTTP.
    Http(HttpTarget),
    /// Over Bluetooth LE.
    Ble(BleTarget),
    /// On a serial port.
    Serial(SerialTarget),
    /// On a serial port that is to be chosen.
    SomePort,
}

/// The world a simulated device lives in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum World {
    /// One that is built in.
    Builtin(&'static str),
    /// A scenario file.
    File(PathBuf),
}

/// Longest scenario file in bytes: many times what a useful one has.
const SCENARIO_MAX: u64 = 1 << 20;

/// What the command line says about the device. No `Debug`: the setup payload brings credentials.
pub(crate) struct Aim {
    pub(crate) target: Target,
    /// The setup payload it came from.
    pub(crate) setup: Option<SetupPayload>,
    /// The simulated device's, read once: it may come from a pipe.
    scenario: Option<Scenario>,
}

impl Aim {
    /// Reads a target.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let text = text.trim();
        let (scheme, rest) = text.split_once(':').unwrap_or((text, ""));
        let scheme = scheme.to_ascii_lowercase();
        let target = match scheme.as_str() {
            "sim" => Target::Sim(World::parse(rest)),
            "softap" if rest.is_empty() => Target::Http(HttpTarget::SOFTAP),
            // A link to a page that shows a setup code begins in the same way as an address.
            "http" | "https" if !is_payload(text) => Target::Http(text.parse().map_err(|error| {
                Failure::usage("invalid_target", format!("{error}"))
                    .cause("an address is a host and perhaps a port, and nothing else")
                    .help("write the address as http://HOST[:PORT], for example http://192.168.4.1")
            })?),
            "ble" => Target::Ble(BleTarget::parse(rest)),
            "serial" if !text.contains(':') => Target::SomePort,
            "serial" => Target::Serial(rest.parse().map_err(|error| {
                Failure::usage("invalid_target", format!("{error}"))
                    .cause("what stands behind serial: is the port's name, and perhaps options")
                    .help(
                        "write the port as serial:PATH[?baud=N], for example serial:/dev/ttyUSB0?baud=115200",
                    )
            })?),
            "qr" => {
                return Err(Failure::usage(
                    "transport_not_built",
                    "reading QR code images is not in this build yet",
                )
                .cause("this build reads the text of a code only")
                .help("scan the code with a phone and give its text as the target, in single quotes"));
            }
            _ if is_payload(text) => return Self::of_payload(text),
            _ => return Err(unknown(text)),
        };
        Ok(Self {
            target,
            setup: None,
            scenario: None,
        })
    }

    fn of_payload(text: &str) -> Result<Self, Failure> {
        // The text holds credentials: no error may repeat it.
        let setup = SetupPayload::parse(text).map_err(|error| from_payload(&error))?;
        let target = match setup.transport {
            SetupTransport::SoftAp => Target::Http(HttpTarget::SOFTAP),
            _ => Target::Ble(BleTarget::named(&setup.name)),
        };
        Ok(Self {
            target,
            setup: Some(setup),
            scenario: None,
        })
    }

    /// Reads what the target names, if it names a file. `thread`: the device is wanted for Thread.
    pub(crate) async fn load(&mut self, thread: bool) -> Result<(), Failure> {
        if let Target::Sim(world) = &self.target {
            let mut scenario = world.load().await?;
            if thread {
                scenario.prefer_thread();
            }
            self.scenario = Some(scenario);
        }
        Ok(())
    }

    /// The simulated device's scenario.
    pub(crate) const fn scenario(&self) -> Option<&Scenario> {
        self.scenario.as_ref()
    }

    /// For messages.
    pub(crate) fn place(&self, out: &Output) -> Place {
        // What stands on a label is shown to people only: in logs it would tell which device it was.
        let setup = self.setup.as_ref().filter(|_| out.is_private());
        Place {
            transport: self.target.transport(),
            label: match setup {
                Some(_) => self.target.to_string(),
                None => self.public_label(),
            },
            network: setup.map(|setup| clean(&setup.name)),
            passphrase: setup
                .and_then(|setup| setup.password.as_ref())
                .and_then(|secret| {
                    let text = core::str::from_utf8(secret.expose()).ok()?;
                    (!text.is_empty()).then(|| Zeroizing::new(clean(text)))
                }),
            anonymous: self.setup.is_some() && setup.is_none(),
        }
    }

    /// The target without anything that a setup payload said.
    pub(crate) fn public_label(&self) -> String {
        match (&self.setup, &self.target) {
            (Some(_), Target::Ble(_)) => "ble".to_owned(),
            (_, target) => target.to_string(),
        }
    }

    /// The setup payload says Thread.
    pub(crate) fn wants_thread(&self) -> bool {
        self.setup
            .as_ref()
            .is_some_and(|setup| setup.network == SetupNetwork::Thread)
    }

    /// Adds what the setup payload knows and the user did not say.
    pub(crate) fn complete(&self, credentials: &mut Credentials) {
        let Some(setup) = &self.setup else { return };
        if !credentials.has_proof() {
            credentials.pop = setup.pop.as_ref().map(|pop| secret(pop.expose()));
        }
        if credentials.username.is_none() {
            credentials.username = setup.username.as_ref().map(|name| secret(name.as_bytes()));
        }
    }
}

fn secret(bytes: &[u8]) -> SecretBytes {
    Zeroizing::new(bytes.to_vec())
}

/// Whether text that names no link can only be meant as a setup payload, or as the code of another system.
fn is_payload(text: &str) -> bool {
    let upper = text.get(..5).map(str::to_ascii_uppercase).unwrap_or_default();
    text.contains(['{', '"'])
        || ["?data=", "&data=", "QRCODE:"]
            .iter()
            .any(|mark| text.contains(mark))
        || ["DPP:", "MT:", "NP:", "WIFI:"]
            .iter()
            .any(|mark| upper.starts_with(mark))
        // In a log line, where no target could be; and Matter's code in digits.
        || (text.contains(char::is_whitespace) && (text.contains("NP:") || text.contains("MT:")))
        || matches!(SetupPayload::parse(text), Err(PayloadError::Matter))
}

impl World {
    /// What stands behind `sim:`, or after `--scenario`.
    pub(crate) fn parse(text: &str) -> Self {
        if text.is_empty() {
            return Self::Builtin("default");
        }
        match Scenario::BUILTIN.into_iter().find(|name| *name == text) {
            Some(name) => Self::Builtin(name),
            None => Self::File(PathBuf::from(text)),
        }
    }

    /// Reads it.
    pub(crate) async fn load(&self) -> Result<Scenario, Failure> {
        let invalid = |place: String, error: &ScenarioError| {
            Failure::usage("invalid_scenario", format!("{place}: {error}"))
                .cause("the file is not in the format of scenarios, or says what cannot be")
                .help("correct the scenario file; the manual describes its format")
        };
        match self {
            Self::Builtin(name) => {
                Scenario::builtin(name).map_err(|error| invalid((*name).to_owned(), &error))
            }
            Self::File(path) => {
                let read = path.clone();
                let text = unblock(move || {
                    read_text(&read).map_err(|error| file("read the scenario", &read, &error))
                });
                let text = text.await?;
                Scenario::parse(&text).map_err(|error| invalid(path.display().to_string(), &error))
            }
        }
    }
}

/// Any file that can be read, a pipe too, but none without end.
fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?
        .take(SCENARIO_MAX + 1)
        .read_to_string(&mut text)?;
    if u64::try_from(read).is_ok_and(|read| read <= SCENARIO_MAX) {
        Ok(text)
    } else {
        Err(io::ErrorKind::FileTooLarge.into())
    }
}

impl Target {
    /// Its name in events.
    pub(crate) const fn transport(&self) -> &'static str {
        match self {
            Self::Sim(_) => "sim",
            Self::Http(_) => "http",
            Self::Ble(_) => "ble",
            Self::Serial(_) | Self::SomePort => "serial",
        }
    }
}

impl core::fmt::Display for Target {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Sim(World::Builtin("default")) => f.write_str("sim"),
            Self::Sim(World::Builtin(name)) => write!(f, "sim:{name}"),
            Self::Sim(World::File(path)) => write!(f, "sim:{}", path.display()),
            Self::Http(target) => target.fmt(f),
            Self::Ble(target) => target.fmt(f),
            Self::Serial(target) => target.fmt(f),
            Self::SomePort => f.write_str("serial"),
        }
    }
}

fn unknown(text: &str) -> Failure {
    // Only what looks like a target is repeated: anything else could be a secret in the wrong place.
    let harmless = |c: char| c.is_ascii_alphanumeric() || "._-:/[]".contains(c);
    let named = if text.len() <= 40 && text.chars().all(harmless) {
        format!("unknown target `{text}`")
    } else {
        "unknown target".to_owned()
    };
    let help = if text.parse::<HttpTarget>().is_ok() && text.contains(['.', ':', '[']) {
        format!("for a device at that address write http://{text}")
    } else if text.starts_with("/dev/") || text.to_ascii_uppercase().starts_with("COM") {
        format!("for a device on that port write serial:{text}")
    } else if text.starts_with("PROV_") {
        format!("for a Bluetooth device of that name write ble:{text}")
    } else {
        "give ble, ble:NAME, serial:PORT, softap, http://HOST[:PORT], sim, or the text of a setup QR code in single quotes"
            .to_owned()
    };
    Failure::usage("unknown_target", named)
        .cause("the first argument says which device to talk to")
        .help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> &'static str {
        Aim::parse(text).err().map_or("", |failure| failure.code)
    }

    #[test]
    fn forms() {
        for (text, shown) in [
            ("sim", "sim"),
            ("sim:", "sim"),
            ("sim:default", "sim"),
            ("sim:zero", "sim:zero"),
            ("sim:lab/one.toml", "sim:lab/one.toml"),
            ("softap", "http://192.168.4.1"),
            ("http://10.0.0.7:8080/", "http://10.0.0.7:8080"),
            ("Http://10.0.0.7", "http://10.0.0.7"),
            (
                r#"{"ver":"v1","name":"PROV_1","pop":"hush","transport":"softap"}"#,
                "http://192.168.4.1",
            ),
            ("ble", "ble"),
            (r#"ble:My "Lamp""#, r#"ble:My "Lamp""#),
            ("serial", "serial"),
            ("serial:/dev/ttyUSB0?baud=9600", "serial:/dev/ttyUSB0?baud=9600"),
            ("ble:PROV_*", "ble:PROV_*"),
            (r#"{"ver":"v1","name":"PROV_1","transport":"ble"}"#, "ble:PROV_1"),
            ("NP:PROV_1|hush|b", "ble:PROV_1"),
            ("I (9) app: NP:PROV_1|hush|s", "http://192.168.4.1"),
            ("http://[fe80::1%eth0]:8080", "http://[fe80::1%eth0]:8080"),
            (
                r#"https://x.example/qr.html?data={"ver":"v1","name":"PROV_1","transport":"ble"}"#,
                "ble:PROV_1",
            ),
        ] {
            assert_eq!(Aim::parse(text).ok().unwrap().target.to_string(), shown, "{text}");
        }
    }

    #[test]
    fn refused_forms() {
        for (text, expected) in [
            ("", "unknown_target"),
            ("192.168.4.1", "unknown_target"),
            ("sim2", "unknown_target"),
            ("softap:80", "unknown_target"),
            ("https://192.168.4.1", "invalid_target"),
            ("http://", "invalid_target"),
            ("serial:", "invalid_target"),
            ("serial:/dev/ttyUSB0?speed=9600", "invalid_target"),
            ("qr:label.png", "transport_not_built"),
            ("DPP:C:81/1;;", "invalid_payload"),
            ("MT:Y.K9042C00KA0648G00", "invalid_payload"),
            ("3497-011-2332", "invalid_payload"),
            ("WIFI:S:Home;T:WPA;P:correct-horse;;", "invalid_payload"),
            (r#"{"ver":"v1","name":"PROV_1""#, "invalid_payload"),
        ] {
            assert_eq!(code(text), expected, "{text}");
        }
    }

    #[test]
    fn no_error_repeats_a_payload() {
        for text in [
            r#"{"ver":"v1","name":"PROV_1","pop":"hush-hush""#,
            r#"https://x.example/qr.html?data={"ver":"v1","pop":"hush-hush"}"#,
            r#"name":"PROV_1","pop":"hush-hush"}"#,
            "hush-hush, and more than a target may have",
        ] {
            let failure = Aim::parse(text).err().unwrap();
            let shown = format!("{failure:?}");
            assert!(!shown.contains("hush"), "{shown}");
        }
    }

    #[test]
    fn the_name_of_a_payload_is_in_no_public_label() {
        let aim = Aim::parse(r#"{"ver":"v1","name":"PROV_1","transport":"ble"}"#)
            .ok()
            .unwrap();
        assert_eq!(aim.public_label(), "ble");
        let named = Aim::parse("ble:PROV_1").ok().unwrap();
        assert_eq!(named.public_label(), "ble:PROV_1", "said by the user");
    }
}
