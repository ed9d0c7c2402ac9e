//! Which device, from its text: a link and what is at its other end, or the text of a setup code.

#[cfg(feature = "ble")]
mod ble;
#[cfg(feature = "simulator")]
mod world;

#[cfg(feature = "ble")]
pub use ble::BleTarget;
#[cfg(feature = "simulator")]
pub use world::{World, sim_device};

#[cfg(feature = "serial")]
use crate::serial::SerialTarget;
use crate::{Caller, Error, LinkKind, explain};
use alloc::borrow::ToOwned;
use alloc::format;
use core::convert::Infallible;
use core::fmt;
#[cfg(feature = "http")]
use espprov_http::HttpTarget;
use espprov_types::{PayloadError, SetupPayload, SetupTransport};

/// A link, and the device at its other end. Which there are depends on the features of this crate.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// `sim`, `sim:zero`, `sim:FILE.toml`: a device in this process.
    #[cfg(feature = "simulator")]
    Sim(World),
    /// `http://HOST[:PORT]`, `https://HOST[:PORT]`, `softap`.
    #[cfg(feature = "http")]
    Http(HttpTarget),
    /// `ble`, `ble:NAME`, `ble:PREFIX*`, `ble:ADDRESS`.
    #[cfg(feature = "ble")]
    Ble(BleTarget),
    /// `serial:PORT[?baud=N]`.
    #[cfg(feature = "serial")]
    Serial(SerialTarget),
    /// `serial`: the only port there is.
    #[cfg(feature = "serial")]
    AnyPort,
    /// None: what there is in a build without links.
    #[doc(hidden)]
    None(Infallible),
}

/// A target, and the setup code that it came from.
///
/// ```
/// use espprov::{Caller, Parsed};
///
/// # #[cfg(feature = "http")] {
/// let code = Parsed::parse(r#"{"ver":"v1","name":"PROV_1","pop":"abcd1234","transport":"softap"}"#, Caller::Program)?;
/// assert_eq!(code.target.to_string(), "http://192.168.4.1");
/// assert!(code.setup.unwrap().pop.is_some());
/// # }
/// assert_eq!(Parsed::parse("htp:x", Caller::Program).unwrap_err().code(), "unknown_target");
/// # Ok::<(), espprov::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Parsed {
    /// Where the device is.
    pub target: Target,
    /// What the code says of it, if it was one.
    pub setup: Option<SetupPayload>,
}

impl Parsed {
    /// Reads a target or the text of a setup code, which may stand in a link or in a line of a log.
    ///
    /// # Errors
    /// `unknown_target`, `invalid_target`, `invalid_payload`; `transport_not_built` if this crate was built without the link.
    /// Nothing that may be a secret is repeated.
    pub fn parse(text: &str, caller: Caller) -> Result<Self, Error> {
        let text = text.trim();
        let (scheme, rest) = text.split_once(':').unwrap_or((text, ""));
        let target = match scheme.to_ascii_lowercase().as_str() {
            "sim" => sim(caller, rest)?,
            "softap" if rest.is_empty() => softap(caller)?,
            // A link to a page that shows a setup code begins in the same way as an address.
            "http" | "https" if !is_payload(text) => http(caller, text)?,
            "ble" => ble(caller, rest)?,
            "serial" => serial(caller, text.contains(':').then_some(rest))?,
            "qr" => {
                return Err(Error::usage(
                    "transport_not_built",
                    "reading QR code images is not in this build yet",
                )
                .with_cause("this build reads the text of a code only")
                .with_help("scan the code with a phone and give its text as the target, in single quotes"));
            }
            _ if is_payload(text) => {
                // The text holds credentials: no error may repeat it.
                let setup = SetupPayload::parse(text).map_err(|error| explain::payload(caller, &error))?;
                let target = match setup.transport {
                    SetupTransport::SoftAp => softap(caller)?,
                    _ => named(caller, &setup.name)?,
                };
                return Ok(Self {
                    target,
                    setup: Some(setup),
                });
            }
            _ => return Err(unknown(caller, text)),
        };
        Ok(Self { target, setup: None })
    }
}

/// A link that is known, and that this build leaves out: `transport_not_built`.
#[must_use]
pub fn not_built(caller: Caller, what: &str, feature: &str) -> Error {
    Error::usage(
        "transport_not_built",
        format!("this program was built without {what}"),
    )
    .with_cause("whoever built it left that link out")
    .with_help(match caller {
        Caller::Command => {
            format!("build it with the feature `{feature}`, which it has without --no-default-features")
        }
        Caller::Program => format!("build it with the feature `{feature}` of the crate espprov"),
        Caller::Page | Caller::JavaScript | Caller::Python | Caller::C => {
            format!("use a program that has {what}")
        }
    })
}

#[cfg(feature = "simulator")]
#[expect(clippy::unnecessary_wraps, reason = "as where it is left out")]
fn sim(_: Caller, rest: &str) -> Result<Target, Error> {
    Ok(Target::Sim(World::parse(rest)))
}

#[cfg(not(feature = "simulator"))]
fn sim(caller: Caller, _: &str) -> Result<Target, Error> {
    Err(not_built(caller, "a simulated device", "simulator"))
}

#[cfg(feature = "http")]
#[expect(clippy::unnecessary_wraps, reason = "as where it is left out")]
fn softap(_: Caller) -> Result<Target, Error> {
    Ok(Target::Http(HttpTarget::SOFTAP))
}

#[cfg(not(feature = "http"))]
fn softap(caller: Caller) -> Result<Target, Error> {
    Err(not_built(caller, "HTTP", "http"))
}

#[cfg(feature = "http")]
fn http(caller: Caller, text: &str) -> Result<Target, Error> {
    let target: HttpTarget = text.parse().map_err(|error| {
        Error::usage("invalid_target", format!("{error}"))
            .with_cause("an address is a host and perhaps a port, and nothing else")
            .with_help("write the address as http://HOST[:PORT], for example http://192.168.4.1")
    })?;
    if target.is_https() && !cfg!(feature = "tls") {
        return Err(not_built(caller, "HTTPS", "https"));
    }
    Ok(Target::Http(target))
}

#[cfg(not(feature = "http"))]
fn http(caller: Caller, _: &str) -> Result<Target, Error> {
    Err(not_built(caller, "HTTP", "http"))
}

#[cfg(feature = "ble")]
#[expect(clippy::unnecessary_wraps, reason = "as where it is left out")]
fn ble(_: Caller, rest: &str) -> Result<Target, Error> {
    Ok(Target::Ble(BleTarget::parse(rest)))
}

#[cfg(feature = "ble")]
#[expect(clippy::unnecessary_wraps, reason = "as where it is left out")]
fn named(_: Caller, name: &str) -> Result<Target, Error> {
    Ok(Target::Ble(BleTarget::named(name)))
}

#[cfg(not(feature = "ble"))]
fn ble(caller: Caller, _: &str) -> Result<Target, Error> {
    Err(not_built(caller, "Bluetooth LE", "ble"))
}

#[cfg(not(feature = "ble"))]
use ble as named;

#[cfg(feature = "serial")]
fn serial(_: Caller, port: Option<&str>) -> Result<Target, Error> {
    let Some(port) = port else {
        return Ok(Target::AnyPort);
    };
    Ok(Target::Serial(port.parse().map_err(|error| {
        Error::usage("invalid_target", format!("{error}"))
            .with_cause("what stands behind serial: is the port's name, and perhaps options")
            .with_help("write the port as serial:PATH[?baud=N], for example serial:/dev/ttyUSB0?baud=115200")
    })?))
}

#[cfg(not(feature = "serial"))]
fn serial(caller: Caller, _: Option<&str>) -> Result<Target, Error> {
    Err(not_built(caller, "serial consoles", "serial"))
}

#[cfg(feature = "http")]
fn is_address(text: &str) -> bool {
    text.parse::<HttpTarget>().is_ok() && text.contains(['.', ':', '['])
}

#[cfg(not(feature = "http"))]
const fn is_address(_: &str) -> bool {
    false
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

impl Target {
    /// The kind of link it is reached over.
    #[must_use]
    pub const fn kind(&self) -> LinkKind {
        match self {
            #[cfg(feature = "simulator")]
            Self::Sim(_) => LinkKind::Sim,
            #[cfg(feature = "http")]
            Self::Http(target) if target.is_https() => LinkKind::Https,
            #[cfg(feature = "http")]
            Self::Http(_) => LinkKind::Http,
            #[cfg(feature = "ble")]
            Self::Ble(_) => LinkKind::Ble,
            #[cfg(feature = "serial")]
            Self::Serial(_) | Self::AnyPort => LinkKind::Serial,
            Self::None(none) => match *none {},
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "simulator")]
            Self::Sim(world) => world.fmt(f),
            #[cfg(feature = "http")]
            Self::Http(target) => target.fmt(f),
            #[cfg(feature = "ble")]
            Self::Ble(target) => target.fmt(f),
            #[cfg(feature = "serial")]
            Self::Serial(target) => target.fmt(f),
            #[cfg(feature = "serial")]
            Self::AnyPort => f.write_str("serial"),
            Self::None(none) => {
                let _ = f; // without any link there is nothing to write
                match *none {}
            }
        }
    }
}

fn unknown(caller: Caller, text: &str) -> Error {
    // Only what looks like a target is repeated: anything else could be a secret in the wrong place.
    let harmless = |c: char| c.is_ascii_alphanumeric() || "._-:/[]".contains(c);
    let named = if text.len() <= 40 && text.chars().all(harmless) {
        format!("unknown target `{text}`")
    } else {
        "unknown target".to_owned()
    };
    let help = if is_address(text) {
        format!("for a device at that address write http://{text}")
    } else if text.starts_with("/dev/") || text.to_ascii_uppercase().starts_with("COM") {
        format!("for a device on that port write serial:{text}")
    } else if text.starts_with("PROV_") {
        format!("for a Bluetooth device of that name write ble:{text}")
    } else {
        "give ble, ble:NAME, serial:PORT, softap, http://HOST[:PORT], https://HOST[:PORT], sim, or the text of a setup QR code in single quotes"
            .to_owned()
    };
    Error::usage("unknown_target", named)
        .with_cause(caller.say("{what-says} says which device to talk to"))
        .with_help(help)
}

#[cfg(test)]
#[cfg(all(feature = "ble", feature = "http", feature = "serial", feature = "simulator"))]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn code(text: &str) -> &'static str {
        Parsed::parse(text, Caller::Command)
            .err()
            .map_or("", |failure| failure.code())
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
            #[cfg(feature = "tls")]
            ("HTTPS://[fe80::1%eth0]", "https://[fe80::1%eth0]"),
            (
                r#"https://x.example/qr.html?data={"ver":"v1","name":"PROV_1","transport":"ble"}"#,
                "ble:PROV_1",
            ),
        ] {
            assert_eq!(
                Parsed::parse(text, Caller::Command)
                    .ok()
                    .unwrap()
                    .target
                    .to_string(),
                shown,
                "{text}"
            );
        }
    }

    #[test]
    fn refused_forms() {
        for (text, expected) in [
            ("", "unknown_target"),
            ("192.168.4.1", "unknown_target"),
            ("sim2", "unknown_target"),
            ("softap:80", "unknown_target"),
            ("https://", "invalid_target"),
            ("https://192.168.4.1/path", "invalid_target"),
            #[cfg(not(feature = "tls"))]
            ("https://192.168.4.1", "transport_not_built"),
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
            let failure = Parsed::parse(text, Caller::Command).err().unwrap();
            let shown = format!("{failure:?}");
            assert!(!shown.contains("hush"), "{shown}");
        }
    }
}
