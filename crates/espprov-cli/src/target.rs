//! Which device, from its text on the command line.

use crate::errors::{Failure, Place};
use crate::link::ble::BleTarget;
use crate::secret_input::{Credentials, SecretBytes};
use core::cell::OnceCell;
use espprov_http::HttpTarget;
use espprov_serial::SerialTarget;
use espprov_simulator::Scenario;
use espprov_types::{PayloadError, SetupNetwork, SetupPayload, SetupTransport};
use std::fs::File;
use std::io::{self, IsTerminal, Read};
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
}

/// The world a simulated device lives in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct World {
    source: Source,
    /// What was read: once, for a pipe has nothing to say a second time.
    scenario: OnceCell<Box<Scenario>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
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
}

impl Aim {
    /// Reads a target.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let text = text.trim();
        if is_payload(text) {
            return Self::from_payload(text);
        }
        let (scheme, rest) = text.split_once(':').unwrap_or((text, ""));
        let target = match scheme {
            "sim" => Target::Sim(World::parse(rest)),
            "softap" if rest.is_empty() => Target::Http(HttpTarget::SOFTAP),
            "http" | "https" | "HTTP" | "HTTPS" => Target::Http(text.parse().map_err(|error| {
                Failure::usage("invalid_target", format!("{error}"))
                    .help("write the address as http://HOST[:PORT], for example http://192.168.4.1")
            })?),
            "ble" => Target::Ble(BleTarget::parse(rest)),
            "serial" => Target::Serial(rest.parse().map_err(|error| {
                Failure::usage("invalid_target", format!("{error}")).help(
                    "write the port as serial:PATH[?baud=N], for example serial:/dev/ttyUSB0?baud=115200",
                )
            })?),
            "qr" => {
                return Err(not_built("reading QR code images")
                    .help("scan the code with a phone and give its text as the target, in single quotes"));
            }
            _ => return Err(unknown(text)),
        };
        Ok(Self { target, setup: None })
    }

    fn from_payload(text: &str) -> Result<Self, Failure> {
        // The text holds credentials: no error may repeat it.
        let setup = SetupPayload::parse(text).map_err(|error| from_payload_error(&error))?;
        let target = match setup.transport {
            SetupTransport::SoftAp => Target::Http(HttpTarget::SOFTAP),
            _ => Target::Ble(BleTarget::named(&setup.name)),
        };
        Ok(Self {
            target,
            setup: Some(setup),
        })
    }

    /// For messages.
    pub(crate) fn place(&self) -> Place {
        // The name on the label is shown to people only: in logs it would tell which device it was.
        let shown = io::stderr().is_terminal();
        Place {
            transport: self.target.transport(),
            label: self.target.to_string(),
            network: self
                .setup
                .as_ref()
                .filter(|_| shown)
                .map(|setup| crate::output::clean(&setup.name)),
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

fn is_payload(text: &str) -> bool {
    let upper = text.get(..4).map(str::to_ascii_uppercase).unwrap_or_default();
    text.starts_with('{')
        || text.contains('"')
        || ["?data=", "&data=", "QRCODE:"]
            .iter()
            .any(|mark| text.contains(mark))
        || upper == "DPP:"
        || upper.starts_with("MT:")
}

impl World {
    /// What stands behind `sim:`, or after `--scenario`.
    pub(crate) fn parse(text: &str) -> Self {
        let name = if text.is_empty() { "default" } else { text };
        let source = match Scenario::BUILTIN.into_iter().find(|builtin| *builtin == name) {
            Some(name) => Source::Builtin(name),
            None => Source::File(PathBuf::from(text)),
        };
        Self {
            source,
            scenario: OnceCell::new(),
        }
    }

    /// What it holds; read when it is first asked for.
    pub(crate) fn scenario(&self) -> Result<&Scenario, Failure> {
        if let Some(scenario) = self.scenario.get() {
            return Ok(scenario);
        }
        let scenario = self.read()?;
        Ok(self.scenario.get_or_init(|| Box::new(scenario)))
    }

    /// The same, with a device for Thread where it may be one.
    pub(crate) fn prefer_thread(&mut self) -> Result<(), Failure> {
        let mut scenario = self.scenario()?.clone();
        scenario.prefer_thread();
        self.scenario = OnceCell::from(Box::new(scenario));
        Ok(())
    }

    fn read(&self) -> Result<Scenario, Failure> {
        let invalid = |place: String, error: &espprov_simulator::ScenarioError| {
            Failure::usage("invalid_scenario", format!("{place}: {error}"))
                .help("correct the scenario file; the manual describes its format")
        };
        match &self.source {
            Source::Builtin(name) => {
                Scenario::builtin(name).map_err(|error| invalid((*name).to_owned(), &error))
            }
            Source::File(path) => {
                let text = read_text(path)
                    .map_err(|error| crate::errors::file("read the scenario", path, &error))?;
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
            Self::Serial(_) => "serial",
        }
    }
}

impl core::fmt::Display for Target {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Sim(world) => match &world.source {
                Source::Builtin("default") => f.write_str("sim"),
                Source::Builtin(name) => write!(f, "sim:{name}"),
                Source::File(path) => write!(f, "sim:{}", path.display()),
            },
            Self::Http(target) => target.fmt(f),
            Self::Ble(target) => target.fmt(f),
            Self::Serial(target) => target.fmt(f),
        }
    }
}

/// A target that later builds reach.
fn not_built(what: &str) -> Failure {
    Failure::usage("transport_not_built", format!("{what} is not in this build yet"))
        .cause("this build reaches devices over Bluetooth LE, HTTP and serial ports, and simulated ones")
        .help("use ble, softap or http://HOST[:PORT], or sim to try things out")
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
    } else {
        "give ble, ble:NAME, softap, http://HOST[:PORT], serial:PORT, sim, or the text of a setup QR code in single quotes"
            .to_owned()
    };
    Failure::usage("unknown_target", named)
        .cause("the first argument says which device to talk to")
        .help(help)
}

fn from_payload_error(error: &PayloadError) -> Failure {
    let failure = Failure::usage("invalid_payload", error.to_string());
    match error {
        PayloadError::Dpp | PayloadError::Matter => {
            failure.help("use a provisioning tool for that system, or look for another code on the device")
        }
        _ => failure
            .cause("the text is cut off, or the shell took the quotation marks away")
            .help("put the whole text of the code between single quotes"),
    }
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
            (
                r#"{"ver":"v1","name":"PROV_1","pop":"hush","transport":"softap"}"#,
                "http://192.168.4.1",
            ),
            ("ble", "ble"),
            ("serial:/dev/ttyUSB0?baud=9600", "serial:/dev/ttyUSB0?baud=9600"),
            ("ble:PROV_*", "ble:PROV_*"),
            (r#"{"ver":"v1","name":"PROV_1","transport":"ble"}"#, "ble:PROV_1"),
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
}
