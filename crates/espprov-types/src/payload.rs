//! Setup payloads: the text in the QR code on a device.

use crate::json::{Event, JsonError, Layout, Reader, Writer};
use crate::{Secret, SecurityScheme};
use core::fmt::{self, Write};
use heapless::String;
use zeroize::Zeroizing;

/// The username of security 2 where nobody says another.
pub const DEFAULT_USERNAME: &str = "wifiprov";

/// Longest document that may come percent-encoded, in bytes after decoding.
const MAX_DECODED: usize = 1024;

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
    pub name: String<32>,
    /// Username of security 2; `None` means [`DEFAULT_USERNAME`].
    pub username: Option<String<64>>,
    /// Proof of possession of security 1, password of security 2. UTF-8.
    pub pop: Option<Secret<64>>,
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
            name: String::try_from(name).map_err(|_| PayloadError::TooLong(Field::Name))?,
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

    /// Reads any of the forms in use:
    ///
    /// * the JSON document itself;
    /// * a link to a page that shows the code, `…?data=<document>`. The document is taken as it stands if it has
    ///   a quotation mark in it, else it is percent-decoded (`+` stays a plus);
    /// * a log line with `QRCODE:` before any of these; colour codes behind it are dropped.
    ///
    /// `ver` may be missing; unknown keys are ignored; with a repeated key the last one counts.
    ///
    /// # Errors
    /// [`PayloadError`]. Codes of other systems (DPP, Matter) are named there.
    pub fn parse(text: &str) -> Result<Self, PayloadError> {
        let mut text = text.trim();
        if !text.starts_with('{')
            && let Some((_, line)) = text.split_once("QRCODE:")
        {
            text = line
                .split(['\u{1b}', '\n', '\r'])
                .next()
                .unwrap_or_default()
                .trim();
        }
        if starts_with_ignore_case(text, "DPP:") {
            return Err(PayloadError::Dpp);
        }
        if starts_with_ignore_case(text, "MT:") {
            return Err(PayloadError::Matter);
        }
        if text.starts_with('{') {
            return Self::parse_json(text.as_bytes(), End::Strict);
        }
        let data = text
            .split_once("?data=")
            .or_else(|| text.split_once("&data="))
            .ok_or(PayloadError::NotAPayload)?
            .1;
        if data.contains('"') {
            return Self::parse_json(data.as_bytes(), End::MoreParameters);
        }
        let data = data.split(['&', '#']).next().unwrap_or_default();
        let mut buf = Zeroizing::new([0; MAX_DECODED]);
        let len = percent_decode(data, &mut *buf)?;
        Self::parse_json(buf.get(..len).unwrap_or_default(), End::Strict)
    }

    fn parse_json(text: &[u8], end: End) -> Result<Self, PayloadError> {
        let mut reader = Reader::new(text);
        if !matches!(reader.next_event()?, Event::ObjectStart) {
            return Err(PayloadError::NotAPayload);
        }
        let mut name = None;
        let mut transport = None;
        let mut payload = Self::new("", SetupTransport::Ble)?;
        while let Event::Key(key) = reader.next_event()? {
            let Some(field) = Field::ALL.into_iter().find(|field| key.is(field.key())) else {
                reader.skip_value()?;
                continue;
            };
            let value = match (reader.next_event()?, field) {
                (Event::Null, _) => continue,
                (Event::String(text), _) => text,
                (Event::Number(number), Field::Security) => {
                    payload.security = Some(scheme_number(number.as_str())?);
                    continue;
                }
                _ => return Err(PayloadError::WrongType(field)),
            };
            let too_long = PayloadError::TooLong(field);
            match field {
                Field::Version if value.is("v1") => {}
                Field::Version => return Err(PayloadError::UnknownVersion),
                Field::Name => name = Some(value.decode().ok_or(too_long)?),
                Field::Username => payload.username = Some(value.decode().ok_or(too_long)?),
                Field::Pop => {
                    payload.pop = Some(Secret::fill_with(|buf| value.decode_bytes(buf)).ok_or(too_long)?);
                }
                Field::Password => {
                    payload.password =
                        Some(Secret::fill_with(|buf| value.decode_bytes(buf)).ok_or(too_long)?);
                }
                Field::Transport => {
                    transport = Some(if value.is_ignore_ascii_case("ble") {
                        SetupTransport::Ble
                    } else if value.is_ignore_ascii_case("softap") {
                        SetupTransport::SoftAp
                    } else {
                        return Err(PayloadError::UnknownTransport);
                    });
                }
                Field::Security => {
                    let number: String<3> = value.decode().ok_or(PayloadError::UnknownSecurity)?;
                    payload.security = Some(scheme_number(&number)?);
                }
                Field::Network => {
                    payload.network = if value.is_ignore_ascii_case("wifi") {
                        SetupNetwork::Wifi
                    } else if value.is_ignore_ascii_case("thread") {
                        SetupNetwork::Thread
                    } else {
                        return Err(PayloadError::UnknownNetwork);
                    };
                }
            }
        }
        let rest = text.get(reader.position()..).unwrap_or_default();
        if !(end == End::MoreParameters && matches!(rest.first(), Some(b'&' | b'#'))) {
            reader.next_event()?; // only white space may follow
        }
        payload.name = name.ok_or(PayloadError::Missing(Field::Name))?;
        payload.transport = transport.ok_or(PayloadError::Missing(Field::Transport))?;
        Ok(payload)
    }

    /// Writes the JSON document, without white space: what goes into a QR code.
    ///
    /// # Errors
    /// What the output says, and [`fmt::Error`] for a secret that is not UTF-8, which JSON cannot carry.
    pub fn write_json<W: Write + ?Sized>(&self, out: &mut W) -> fmt::Result {
        let mut json = Writer::new(out, Layout::Compact);
        json.begin_object()?;
        member(&mut json, Field::Version, "v1")?;
        member(&mut json, Field::Name, &self.name)?;
        if let Some(username) = &self.username {
            member(&mut json, Field::Username, username)?;
        }
        secret_member(&mut json, Field::Pop, self.pop.as_ref())?;
        member(
            &mut json,
            Field::Transport,
            match self.transport {
                SetupTransport::Ble => "ble",
                SetupTransport::SoftAp => "softap",
            },
        )?;
        secret_member(&mut json, Field::Password, self.password.as_ref())?;
        if let Some(number) = self.security {
            let mut text = String::<3>::new();
            write!(text, "{number}")?;
            member(&mut json, Field::Security, &text)?;
        }
        member(
            &mut json,
            Field::Network,
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

fn member<W: Write + ?Sized>(json: &mut Writer<'_, W>, field: Field, text: &str) -> fmt::Result {
    json.key(field.key())?;
    json.string(text)
}

fn secret_member<W: Write + ?Sized>(
    json: &mut Writer<'_, W>,
    field: Field,
    secret: Option<&Secret<64>>,
) -> fmt::Result {
    match secret.map(|secret| core::str::from_utf8(secret.expose())) {
        None => Ok(()),
        Some(Ok(text)) => member(json, field, text),
        Some(Err(_)) => Err(fmt::Error),
    }
}

/// What may follow the document.
#[derive(PartialEq, Eq)]
enum End {
    /// White space.
    Strict,
    /// That, or further parameters of the link.
    MoreParameters,
}

fn starts_with_ignore_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Schemes 0 to 2: a payload that names another one cannot be served.
fn scheme_number(text: &str) -> Result<u8, PayloadError> {
    match text {
        "0" => Ok(0),
        "1" => Ok(1),
        "2" => Ok(2),
        _ => Err(PayloadError::UnknownSecurity),
    }
}

fn percent_decode(text: &str, out: &mut [u8]) -> Result<usize, PayloadError> {
    let mut bytes = text.bytes();
    let mut len = 0_usize;
    while let Some(byte) = bytes.next() {
        let byte = if byte == b'%' {
            let mut digit = || {
                char::from(bytes.next()?)
                    .to_digit(16)
                    .and_then(|d| u8::try_from(d).ok())
            };
            let (Some(high), Some(low)) = (digit(), digit()) else {
                return Err(PayloadError::InvalidEncoding);
            };
            high << 4 | low
        } else {
            byte
        };
        *out.get_mut(len).ok_or(PayloadError::InvalidEncoding)? = byte;
        len = len.saturating_add(1);
    }
    Ok(len)
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
pub enum Field {
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

impl Field {
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

/// Why text is no setup payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PayloadError {
    /// None of the known forms.
    NotAPayload,
    /// A Wi-Fi Easy Connect (DPP) code: another way of provisioning.
    Dpp,
    /// A Matter onboarding code: another way of provisioning.
    Matter,
    /// The document is broken.
    Json(JsonError),
    /// The percent-encoding is broken, or the document too long.
    InvalidEncoding,
    /// A member that must be there is not.
    Missing(Field),
    /// A member is not a string (or, for `security`, a number).
    WrongType(Field),
    /// A member is longer than it may be.
    TooLong(Field),
    /// `ver` is not `v1`.
    UnknownVersion,
    /// `transport` is neither `ble` nor `softap`.
    UnknownTransport,
    /// `security` is not 0, 1 or 2.
    UnknownSecurity,
    /// `network` is neither `wifi` nor `thread`.
    UnknownNetwork,
}

impl From<JsonError> for PayloadError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl fmt::Display for PayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAPayload => "not a setup payload",
            Self::Dpp => "this is a Wi-Fi Easy Connect (DPP) code, not a setup payload",
            Self::Matter => "this is a Matter code, not a setup payload",
            Self::Json(_) => "the setup payload is broken JSON",
            Self::InvalidEncoding => "the setup payload is not properly percent-encoded",
            Self::Missing(field) => return write!(f, "the setup payload lacks `{}`", field.key()),
            Self::WrongType(field) => {
                return write!(f, "`{}` of the setup payload is no string", field.key());
            }
            Self::TooLong(field) => return write!(f, "`{}` of the setup payload is too long", field.key()),
            Self::UnknownVersion => "the setup payload's version is not v1",
            Self::UnknownTransport => "the setup payload's transport is neither ble nor softap",
            Self::UnknownSecurity => "the setup payload's security is not 0, 1 or 2",
            Self::UnknownNetwork => "the setup payload's network is neither wifi nor thread",
        })
    }
}

impl core::error::Error for PayloadError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Json(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
#[path = "payload_tests.rs"]
mod tests;
