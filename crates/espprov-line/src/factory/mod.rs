//! What each device of a series is given at the factory: a name, secrets of its own, what its firmware keeps of them, and a label.

mod labels;

pub use labels::{Paper, sheet};

use crate::code::{Code, TooMuch};
use crate::nvs::{self, Value, field};
use core::fmt;
use espprov_security::sec2::Verifier;
use espprov_types::{Secret, SetupNetwork, SetupPayload, SetupTransport};
use rand_core::TryCryptoRng;
use std::collections::HashSet;
use std::sync::OnceLock;
use zeroize::Zeroizing;

/// What people can tell apart on a label: no 0 and O, no 1 and I. 32 of them, so that each is five bits.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// Characters of a proof of possession (60 bits), and of a password of security 2 (80 bits).
const POP: usize = 12;
const PASSWORD: usize = 16;
/// Bytes of a salt, as ESP-IDF's example has it.
const SALT: usize = 16;
/// Digits of a name behind its prefix.
const DIGITS: usize = 6;
/// The longest name that a Bluetooth advertisement carries.
const NAME_MAX: usize = 29;
/// The namespace of the NVS data.
const NAMESPACE: &str = "espprov";

/// What is common to all devices of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    prefix: String,
    /// 1 or 2.
    security: u8,
    /// How a phone reaches the device.
    pub transport: SetupTransport,
    /// What the device is to join.
    pub network: SetupNetwork,
    /// Username of security 2.
    pub username: String,
}

/// Why there can be no such series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SeriesError {
    /// The prefix is empty, or so long that no name with it fits an advertisement.
    Prefix,
    /// The scheme is neither 1 nor 2.
    Security,
}

impl fmt::Display for SeriesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Prefix => "a prefix has 1 to 23 of the characters A-Z a-z 0-9 _ -",
            Self::Security => "secrets of its own are for security 1 or 2",
        })
    }
}

impl core::error::Error for SeriesError {}

/// Why a device could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FactoryError {
    /// The source of random numbers gives none.
    Entropy,
    /// No verifier comes of the values.
    Verifier,
    /// There are no more names with this prefix.
    Names,
}

impl fmt::Display for FactoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Entropy => "the operating system gives no random numbers",
            Self::Verifier => "no verifier comes of these values",
            Self::Names => "there are not enough names with this prefix",
        })
    }
}

impl core::error::Error for FactoryError {}

impl Series {
    /// Devices whose names begin with `prefix`, of security 1 or 2; Wi-Fi devices with the usual username, unless changed.
    ///
    /// # Errors
    /// [`SeriesError`].
    pub fn new(prefix: &str, security: u8, transport: SetupTransport) -> Result<Self, SeriesError> {
        let known = |c: u8| c.is_ascii_alphanumeric() || c == b'_' || c == b'-';
        if prefix.is_empty() || prefix.len() > NAME_MAX - DIGITS || !prefix.bytes().all(known) {
            return Err(SeriesError::Prefix);
        }
        if !matches!(security, 1 | 2) {
            return Err(SeriesError::Security);
        }
        Ok(Self {
            prefix: prefix.to_owned(),
            security,
            transport,
            network: SetupNetwork::Wifi,
            username: espprov_types::DEFAULT_USERNAME.to_owned(),
        })
    }

    /// A device with secrets of its own. Its name is none of `taken`, and is added there.
    ///
    /// # Errors
    /// [`FactoryError`].
    pub fn make(
        &self,
        taken: &mut HashSet<String>,
        rng: &mut impl TryCryptoRng,
    ) -> Result<FactoryDevice, FactoryError> {
        let name = self.name(taken, rng)?;
        let length = if self.security == 1 { POP } else { PASSWORD };
        let secret = letters(length, rng)?;
        let verifier = match self.security {
            1 => None,
            _ => {
                let salt = Verifier::generate_salt(SALT, rng).map_err(|_| FactoryError::Entropy)?;
                let made = Verifier::generate(self.username.as_bytes(), secret.as_bytes(), &salt);
                Some(made.map_err(|_| FactoryError::Verifier)?)
            }
        };
        taken.insert(name.clone());
        Ok(FactoryDevice {
            series: self.clone(),
            name,
            secret,
            verifier,
            code: OnceLock::new(),
        })
    }

    fn name(&self, taken: &HashSet<String>, rng: &mut impl TryCryptoRng) -> Result<String, FactoryError> {
        // Sixteen million names: as long as a tenth of them is free, a hundred tries find one.
        for _ in 0..100 {
            let mut bytes = [0; DIGITS / 2];
            rng.try_fill_bytes(&mut bytes)
                .map_err(|_| FactoryError::Entropy)?;
            let [a, b, c] = bytes;
            let name = format!("{}{a:02X}{b:02X}{c:02X}", self.prefix);
            if !taken.contains(&name) {
                return Ok(name);
            }
        }
        Err(FactoryError::Names)
    }
}

fn letters(count: usize, rng: &mut impl TryCryptoRng) -> Result<Zeroizing<String>, FactoryError> {
    let mut bytes = Zeroizing::new(vec![0; count]);
    rng.try_fill_bytes(&mut bytes)
        .map_err(|_| FactoryError::Entropy)?;
    let letter = |byte: &u8| char::from(*ALPHABET.get(usize::from(byte % 32)).unwrap_or(&b'X'));
    Ok(Zeroizing::new(bytes.iter().map(letter).collect()))
}

/// One device and its secrets. No `Debug`.
pub struct FactoryDevice {
    series: Series,
    name: String,
    /// Proof of possession, or password.
    secret: Zeroizing<String>,
    verifier: Option<Verifier>,
    /// Made once: choosing the best of eight masks is most of the work on a device.
    code: OnceLock<Result<Code, TooMuch>>,
}

impl FactoryDevice {
    /// Its name, which it advertises.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Proof of possession of security 1, password of security 2: what its owner reads off the label.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// The text of its setup code.
    #[must_use]
    pub fn payload(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(256));
        if let Ok(mut payload) = SetupPayload::new(&self.name, self.series.transport) {
            payload.pop = Secret::new(self.secret.as_bytes()).ok();
            payload.security = Some(self.series.security);
            payload.network = self.series.network;
            if self.series.security == 2 {
                payload.username = espprov_types::ShortStr::new(&self.series.username).ok();
            }
            // Into a string, of values that are text.
            let _ = payload.write_json(&mut *text);
        }
        text
    }

    /// Its setup code.
    ///
    /// # Errors
    /// [`TooMuch`], with a username that nobody would type.
    pub fn code(&self) -> Result<&Code, TooMuch> {
        let code = self.code.get_or_init(|| Code::new(&self.payload()));
        code.as_ref().map_err(|error| *error)
    }

    /// What its firmware keeps: of security 1 the proof of possession, of security 2 username, salt and verifier (the password is
    /// on the label only). A file for ESP-IDF's NVS partition generator.
    #[must_use]
    pub fn nvs(&self) -> Zeroizing<String> {
        let name = ("name", Value::Text(&self.name));
        Zeroizing::new(match &self.verifier {
            None => nvs::csv(NAMESPACE, &[name, ("pop", Value::Text(&self.secret))]),
            Some(made) => nvs::csv(
                NAMESPACE,
                &[
                    name,
                    ("sec2_username", Value::Text(&self.series.username)),
                    ("sec2_salt", Value::Bytes(made.salt())),
                    ("sec2_verifier", Value::Bytes(made.verifier())),
                ],
            ),
        })
    }

    /// Its row of the manifest; [`manifest_header`] stands above it.
    #[must_use]
    pub fn manifest_row(&self) -> Zeroizing<String> {
        let target = match self.series.transport {
            SetupTransport::SoftAp => "softap".to_owned(),
            _ => format!("ble:{}", self.name),
        };
        let secret = field(&self.secret);
        let rest = if self.series.security == 1 {
            secret
        } else {
            format!("{},{secret}", field(&self.series.username))
        };
        Zeroizing::new(format!(
            "{},{},{},{rest}\n",
            field(&self.name),
            field(&target),
            self.series.security
        ))
    }
}

/// The first line of a series' manifest.
#[must_use]
pub const fn manifest_header(series: &Series) -> &'static str {
    match series.security {
        1 => "name,target,security,pop\n",
        _ => "name,target,security,username,password\n",
    }
}

#[cfg(test)]
mod tests;
