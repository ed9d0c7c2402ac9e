//! Setup payloads: the text in the QR code on a device.

mod error;
mod forms;
mod read;

pub use error::PayloadError;

use crate::json::{Layout, Writer};
use crate::{Secret, SecurityScheme, ShortStr};
use core::fmt::{self, Write};

/// The username of security 2 where nobody says another.
pub const DEFAULT_USERNAME: &str = "wifiprov";

/// Longest proof of possession, username or password in bytes that this crate and the client's credentials hold. The
/// protocol sets no limit (security 1 hashes the PoP, security 2 all three), and firmware takes what it was built with:
/// this is how much room is kept.
pub const MAX_CREDENTIAL: usize = 128;

/// How to reach the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SetupTransport {
    /// Bluetooth LE; the payload's name is the advertised one.
    Ble,
    /// The device's own Wi-Fi network; the payload's name is its SSID.
    SoftAp,
}

/// What the device is to join.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SetupNetwork {
    /// A Wi-Fi network.
    #[default]
    Wifi,
    /// A Thread network.
    Thread,
}

/// What a QR code says about its device. `Debug` shows no secret.
///
/// ```
/// use espprov_types::{SetupPayload, SetupTransport};
///
/// let payload = SetupPayload::parse(r#"{"ver":"v1","name":"PROV_1","pop":"abcd1234","transport":"ble"}"#)?;
/// assert_eq!(payload.name, "PROV_1");
/// assert_eq!(payload.transport, SetupTransport::Ble);
/// assert_eq!(payload.security, None); // nothing said: ask the device
/// assert_eq!(payload.pop.unwrap().expose(), b"abcd1234");
/// # Ok::<(), espprov_types::PayloadError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SetupPayload {
    /// The device's name.
    pub name: ShortStr<32>,
    /// Username of security 2; `None` means [`DEFAULT_USERNAME`].
    pub username: Option<ShortStr<MAX_CREDENTIAL>>,
    /// Proof of possession of security 1, password of security 2. UTF-8.
    pub pop: Option<Secret<MAX_CREDENTIAL>>,
    /// Passphrase of the device's own Wi-Fi network. UTF-8.
    pub password: Option<Secret<64>>,
    /// How to reach the device.
    pub transport: SetupTransport,
    /// The security scheme's number; `None` means: ask the device.
    pub security: Option<u8>,
    /// What the device is to join.
    pub network: SetupNetwork,
}

impl SetupPayload {
    /// A payload that says nothing but name and transport.
    ///
    /// # Errors
    /// [`PayloadError::TooLong`] for a name of more than 32 bytes.
    pub fn new(name: &str, transport: SetupTransport) -> Result<Self, PayloadError> {
        Ok(Self {
            name: ShortStr::new(name).map_err(|_| PayloadError::TooLong(PayloadField::Name))?,
            username: None,
            pop: None,
            password: None,
            transport,
            security: None,
            network: SetupNetwork::default(),
        })
    }

    /// The username to use.
    #[must_use]
    pub fn username(&self) -> &str {
        self.username.as_deref().unwrap_or(DEFAULT_USERNAME)
    }

    /// The security scheme, if the payload says one.
    #[must_use]
    pub fn scheme(&self) -> Option<SecurityScheme> {
        self.security.map(SecurityScheme::from_number)
    }

    /// Finds and reads the payload in any text that people have of it:
    ///
    /// * the JSON document, with whatever stands before and after it: a log line, several of them, colour codes, a
    ///   document that was broken into lines on its way;
    /// * a link to a page that shows the code, `…?data=<document>`. The document is taken as it stands if it has
    ///   quotation marks, else it is percent-decoded (`+` stays a plus);
    /// * the vendor's compact code, `NP:<name>|<pop>|b` for Bluetooth or `…|s` for SoftAP, in a log or a link, too.
    ///
    /// `ver` may be missing; unknown keys are ignored; with a repeated key the last one counts.
    ///
    /// ```
    /// use espprov_types::{PayloadError, SetupPayload, SetupTransport};
    ///
    /// let log = "I (1152) app: scan this code\nI (1162) app: {\"name\":\"PROV_1\",\"transport\":\"softap\"}";
    /// assert_eq!(SetupPayload::parse(log)?.transport, SetupTransport::SoftAp);
    /// assert_eq!(SetupPayload::parse("NP:PROV_1|abcd1234|b")?.transport, SetupTransport::Ble);
    /// assert_eq!(SetupPayload::parse("MT:Y.K9042C00KA0648G00"), Err(PayloadError::Matter));
    /// # Ok::<(), PayloadError>(())
    /// ```
    ///
    /// # Errors
    /// [`PayloadError`]. Codes of other systems (DPP, Matter, Wi-Fi networks) are named there.
    pub fn parse(text: &str) -> Result<Self, PayloadError> {
        forms::find(text)
    }

    /// Writes the JSON document, without white space: what goes into a QR code.
    ///
    /// # Errors
    /// What the output says, and [`fmt::Error`] for a secret that is not UTF-8, which JSON cannot carry.
    pub fn write_json<W: Write + ?Sized>(&self, out: &mut W) -> fmt::Result {
        let mut json = Writer::new(out, Layout::Compact);
        json.begin_object()?;
        member(&mut json, PayloadField::Version, "v1")?;
        member(&mut json, PayloadField::Name, &self.name)?;
        if let Some(username) = &self.username {
            member(&mut json, PayloadField::Username, username)?;
        }
        secret_member(&mut json, PayloadField::Pop, self.pop.as_ref())?;
        member(
            &mut json,
            PayloadField::Transport,
            match self.transport {
                SetupTransport::Ble => "ble",
                SetupTransport::SoftAp => "softap",
            },
        )?;
        secret_member(&mut json, PayloadField::Password, self.password.as_ref())?;
        if let Some(number) = self.security {
            let mut text = ShortStr::<3>::default();
            write!(text, "{number}")?;
            member(&mut json, PayloadField::Security, &text)?;
        }
        member(
            &mut json,
            PayloadField::Network,
            match self.network {
                SetupNetwork::Wifi => "wifi",
                SetupNetwork::Thread => "thread",
            },
        )?;
        json.end_object()
    }

    /// Writes a link to the page `base` with the document in its `data` parameter, percent-encoded.
    ///
    /// # Errors
    /// As [`write_json`](Self::write_json).
    pub fn write_url<W: Write + ?Sized>(&self, base: &str, out: &mut W) -> fmt::Result {
        out.write_str(base)?;
        out.write_str(if base.contains('?') { "&data=" } else { "?data=" })?;
        self.write_json(&mut PercentEncoder(out))
    }
}

fn member<W: Write + ?Sized>(json: &mut Writer<'_, W>, field: PayloadField, text: &str) -> fmt::Result {
    json.key(field.key())?;
    json.string(text)
}

fn secret_member<W: Write + ?Sized, const N: usize>(
    json: &mut Writer<'_, W>,
    field: PayloadField,
    secret: Option<&Secret<N>>,
) -> fmt::Result {
    match secret.map(|secret| core::str::from_utf8(secret.expose())) {
        None => Ok(()),
        Some(Ok(text)) => member(json, field, text),
        Some(Err(_)) => Err(fmt::Error),
    }
}

/// Encodes everything but the unreserved characters of RFC 3986 § 2.3.
struct PercentEncoder<'w, W: Write + ?Sized>(&'w mut W);

impl<W: Write + ?Sized> Write for PercentEncoder<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                self.0.write_char(char::from(byte))?;
            } else {
                write!(self.0, "%{byte:02X}")?;
            }
        }
        Ok(())
    }
}

/// The members of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PayloadField {
    /// `ver`
    Version,
    /// `name`
    Name,
    /// `username`
    Username,
    /// `pop`
    Pop,
    /// `password`
    Password,
    /// `transport`
    Transport,
    /// `security`
    Security,
    /// `network`
    Network,
}

impl PayloadField {
    const ALL: [Self; 8] = [
        Self::Version,
        Self::Name,
        Self::Username,
        Self::Pop,
        Self::Password,
        Self::Transport,
        Self::Security,
        Self::Network,
    ];

    /// Its key in the document.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Version => "ver",
            Self::Name => "name",
            Self::Username => "username",
            Self::Pop => "pop",
            Self::Password => "password",
            Self::Transport => "transport",
            Self::Security => "security",
            Self::Network => "network",
        }
    }
}

#[cfg(test)]
#[path = "payload_tests.rs"]
mod tests;
