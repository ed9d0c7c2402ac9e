//! What a device says about itself on `proto-ver`.

use crate::json::{Event, JsonError, Layout, Reader, Writer};
use crate::{ShortList, ShortStr};
use core::fmt;

/// The security scheme of the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SecurityScheme {
    /// None: everything in clear.
    Sec0,
    /// X25519 and AES-CTR, with a proof of possession or without one.
    Sec1,
    /// SRP6a and AES-GCM, with username and password.
    Sec2,
    /// A number this version does not know.
    Unknown(u8),
}

impl SecurityScheme {
    /// From its number, `sec_ver`; never fails.
    #[must_use]
    pub const fn from_number(number: u8) -> Self {
        match number {
            0 => Self::Sec0,
            1 => Self::Sec1,
            2 => Self::Sec2,
            other => Self::Unknown(other),
        }
    }

    /// Its number, `sec_ver`.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Sec0 => 0,
            Self::Sec1 => 1,
            Self::Sec2 => 2,
            Self::Unknown(other) => other,
        }
    }
}

impl fmt::Display for SecurityScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "security {}", self.number())
    }
}

/// What the firmware offers: the `cap` list. Entries this version does not know are dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// Security 0.
    pub no_sec: bool,
    /// Security 1 without a proof of possession.
    pub no_pop: bool,
    /// Answers to Wi-Fi scans.
    pub wifi_scan: bool,
    /// Takes Wi-Fi credentials. Announced only since network_provisioning.
    pub wifi_prov: bool,
    /// Answers to Thread scans.
    pub thread_scan: bool,
    /// Takes Thread datasets.
    pub thread_prov: bool,
}

impl Capabilities {
    /// Wi-Fi credentials and scans, as a device with Wi-Fi alone announces them.
    #[must_use]
    pub const fn wifi() -> Self {
        Self {
            no_sec: false,
            no_pop: false,
            wifi_scan: true,
            wifi_prov: true,
            thread_scan: false,
            thread_prov: false,
        }
    }

    /// Each name with its value, in the order devices list them.
    #[must_use]
    pub const fn named(&self) -> [(&'static str, bool); 6] {
        [
            ("no_sec", self.no_sec),
            ("no_pop", self.no_pop),
            ("wifi_prov", self.wifi_prov),
            ("wifi_scan", self.wifi_scan),
            ("thread_prov", self.thread_prov),
            ("thread_scan", self.thread_scan),
        ]
    }

    /// The names of what is there, in the order devices list them.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.named()
            .into_iter()
            .filter_map(|(name, on)| on.then_some(name))
    }

    /// Each with its name.
    const fn slots(&mut self) -> [(&'static str, &mut bool); 6] {
        [
            ("no_sec", &mut self.no_sec),
            ("no_pop", &mut self.no_pop),
            ("wifi_prov", &mut self.wifi_prov),
            ("wifi_scan", &mut self.wifi_scan),
            ("thread_prov", &mut self.thread_prov),
            ("thread_scan", &mut self.thread_scan),
        ]
    }
}

/// An application's own entry beside `prov`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppInfo {
    /// The key of the entry, cut to 32 bytes.
    pub label: ShortStr<32>,
    /// Its `ver`, cut to 32 bytes; empty if there is none.
    pub version: ShortStr<32>,
}

/// The proto-ver document. Nobody vouches for it: it comes before the handshake, so it can lie, and a client that
/// holds credentials must not let it choose a weaker scheme than those are for.
///
/// ```
/// use espprov_types::{DeviceInfo, SecurityScheme};
///
/// let info = DeviceInfo::parse(br#"{"prov":{"ver":"v1.1","sec_ver":2,"cap":["wifi_scan"]}}"#)?;
/// assert_eq!(info.scheme(), SecurityScheme::Sec2);
/// assert_eq!(info.patch_level(), 0);
/// assert!(info.capabilities.wifi_scan && info.supports_wifi());
/// # Ok::<(), espprov_types::InfoError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceInfo {
    /// Protocol version: `v1.1` is wifi_provisioning, `netprov-v1.2` network_provisioning. Cut to 32 bytes.
    pub version: ShortStr<32>,
    /// `sec_ver` as reported. 255 stands for something that is no number from 0 to 255.
    pub security: Option<u8>,
    /// `sec_patch_ver` as reported.
    pub patch: Option<u8>,
    /// What the firmware offers.
    pub capabilities: Capabilities,
    /// Entries of the application; what is beyond four is dropped.
    pub apps: ShortList<AppInfo, 4>,
    /// The device answered with a bare version string, as very old firmware does.
    pub bare: bool,
}

impl DeviceInfo {
    /// The description of a device with this version (cut to 32 bytes) and nothing else.
    #[must_use]
    pub fn new(version: &str) -> Self {
        Self {
            version: ShortStr::cut(version.chars()),
            ..Self::default()
        }
    }

    /// Reads the reply to proto-ver: JSON, or a bare version string. Unknown keys, values and capabilities are
    /// ignored, over-long values cut, NULs at the end tolerated. With a repeated key the last one counts.
    ///
    /// # Errors
    /// [`InfoError`] for what no provisioning firmware would say.
    pub fn parse(reply: &[u8]) -> Result<Self, InfoError> {
        Self::parse_as("prov", reply)
    }

    /// [`parse`](Self::parse) for another protocol, whose description stands under the key `root` instead of `prov`:
    /// `local_ctrl`, for example.
    ///
    /// # Errors
    /// [`InfoError`] for what no firmware with this protocol would say.
    pub fn parse_as(root: &str, reply: &[u8]) -> Result<Self, InfoError> {
        let mut info = Self::default();
        info.read(root, reply)?;
        Ok(info)
    }

    /// [`parse_as`](Self::parse_as) in the place of another description, of which nothing is left: a copy of one is dear where the
    /// stack is small. After an error it holds nothing of use.
    ///
    /// ```
    /// # use espprov_types::DeviceInfo;
    /// let mut info = DeviceInfo::parse(b"v1.0")?;
    /// info.read("prov", br#"{"prov":{"ver":"v1.1","sec_ver":2}}"#)?;
    /// assert_eq!(info.version.as_str(), "v1.1");
    /// # Ok::<(), espprov_types::InfoError>(())
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn read(&mut self, root: &str, reply: &[u8]) -> Result<(), InfoError> {
        *self = Self::default();
        let end = reply
            .iter()
            .rposition(|&b| b != 0 && !b.is_ascii_whitespace())
            .ok_or(InfoError::Empty)?;
        let text = reply.get(..=end).unwrap_or_default().trim_ascii_start();
        if text.first() == Some(&b'{') {
            self.read_json(root, text)
        } else {
            self.read_bare(text)
        }
    }

    /// One word such as `v1.1`. Web pages and the like are not mistaken for one.
    fn read_bare(&mut self, text: &[u8]) -> Result<(), InfoError> {
        let text = core::str::from_utf8(text).map_err(|_| InfoError::NotText)?;
        let mut is_version = text.len() <= 64;
        // Each character once: firmware pays for every loop over text.
        for c in text.chars() {
            if c.is_control() || c == char::REPLACEMENT_CHARACTER {
                return Err(InfoError::NotText);
            }
            is_version &= c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
        }
        if !is_version {
            return Err(InfoError::NotProvisioning);
        }
        self.version.cut_in(text.chars());
        self.bare = true;
        Ok(())
    }

    fn read_json(&mut self, root: &str, text: &[u8]) -> Result<(), InfoError> {
        let mut reader = Reader::new(text);
        let mut found = false;
        reader.next_event()?; // the brace that was seen
        while let Event::Key(key) = reader.next_event()? {
            let is_prov = key.is(root);
            let value = reader.next_event()?;
            if !matches!(value, Event::ObjectStart) {
                reader.finish_value(value)?;
            } else if is_prov {
                found = true;
                self.parse_prov(&mut reader)?;
            } else {
                let mut app = AppInfo::default();
                key.cut_into(&mut app.label);
                parse_app(&mut reader, &mut app.version)?;
                let _ = self.apps.push(app);
            }
        }
        match reader.next_event()? {
            Event::End if found => Ok(()),
            _ => Err(InfoError::NotProvisioning),
        }
    }

    fn parse_prov(&mut self, reader: &mut Reader<'_>) -> Result<(), InfoError> {
        while let Event::Key(key) = reader.next_event()? {
            let value = reader.next_event()?;
            match value {
                Event::String(text) if key.is("ver") => text.cut_into(&mut self.version),
                Event::ArrayStart if key.is("cap") => {
                    self.capabilities = Capabilities::default();
                    self.parse_capabilities(reader)?;
                }
                _ if key.is("sec_ver") => self.security = small_number(reader, value)?,
                _ if key.is("sec_patch_ver") => self.patch = small_number(reader, value)?,
                other => reader.finish_value(other)?,
            }
        }
        Ok(())
    }

    fn parse_capabilities(&mut self, reader: &mut Reader<'_>) -> Result<(), InfoError> {
        loop {
            match reader.next_event()? {
                Event::ArrayEnd => return Ok(()),
                Event::String(text) => {
                    for (name, slot) in self.capabilities.slots() {
                        *slot |= text.is(name);
                    }
                }
                other => reader.finish_value(other)?,
            }
        }
    }

    /// The scheme the device asks for: `sec_ver`; firmware before ESP-IDF 5.0 does not send it and means 1, or 0
    /// with `no_sec`. A guess where it [says nothing at all](Self::names_scheme): the usual one, 1.
    #[must_use]
    pub const fn scheme(&self) -> SecurityScheme {
        match self.security {
            Some(number) => SecurityScheme::from_number(number),
            None if self.capabilities.no_sec => SecurityScheme::Sec0,
            None => SecurityScheme::Sec1,
        }
    }

    /// Whether the device says anything of its scheme. A [bare](Self::bare) version string does not: any scheme is possible,
    /// and a choice made elsewhere contradicts nothing.
    #[must_use]
    pub const fn names_scheme(&self) -> bool {
        !self.bare
    }

    /// The patch level of security 2; missing means 0.
    #[must_use]
    pub fn patch_level(&self) -> u8 {
        self.patch.unwrap_or(0)
    }

    /// Takes Wi-Fi credentials. Old firmware does so without saying; one that only speaks of Thread does not.
    #[must_use]
    pub const fn supports_wifi(&self) -> bool {
        self.capabilities.wifi_prov || self.capabilities.wifi_scan || !self.supports_thread()
    }

    /// Takes Thread datasets.
    #[must_use]
    pub const fn supports_thread(&self) -> bool {
        self.capabilities.thread_prov || self.capabilities.thread_scan
    }

    /// Writes the reply as a device does, byte for byte: tabs and line breaks included, the application's entries
    /// first, keys left out that are `None`; the version alone if [`bare`](Self::bare).
    ///
    /// # Errors
    /// What the output says.
    pub fn write<W: fmt::Write + ?Sized>(&self, out: &mut W) -> fmt::Result {
        if self.bare {
            return out.write_str(&self.version);
        }
        let mut json = Writer::new(out, Layout::Device);
        json.begin_object()?;
        for app in &self.apps {
            json.key(&app.label)?;
            json.begin_object()?;
            json.key("ver")?;
            json.string(&app.version)?;
            json.key("cap")?;
            json.begin_array()?;
            json.end_array()?;
            json.end_object()?;
        }
        json.key("prov")?;
        json.begin_object()?;
        json.key("ver")?;
        json.string(&self.version)?;
        if let Some(number) = self.security {
            json.key("sec_ver")?;
            json.number(number.into())?;
        }
        if let Some(number) = self.patch {
            json.key("sec_patch_ver")?;
            json.number(number.into())?;
        }
        json.key("cap")?;
        json.begin_array()?;
        for name in self.capabilities.names() {
            json.string(name)?;
        }
        json.end_array()?;
        json.end_object()?;
        json.end_object()
    }
}

/// `null` is as good as missing, and a number in quotes as good as one without; anything else that is no small number must
/// not pass for a known one.
fn small_number(reader: &mut Reader<'_>, value: Event<'_>) -> Result<Option<u8>, JsonError> {
    let text = match value {
        Event::Null => return Ok(None),
        Event::Number(number) => number.as_text(),
        Event::String(text) => text,
        other => {
            reader.finish_value(other)?;
            return Ok(Some(u8::MAX));
        }
    };
    // Not `parse`: firmware would link it, and a text to put the digits into.
    let mut digits = 0_u8;
    let number = text.chars().try_fold(0_u8, |number, c| {
        digits = digits.saturating_add(1);
        let digit = u8::try_from(c.to_digit(10)?).ok()?;
        number.checked_mul(10)?.checked_add(digit)
    });
    Ok(number.filter(|_| matches!(digits, 1..=4)).or(Some(u8::MAX)))
}

fn parse_app(reader: &mut Reader<'_>, version: &mut ShortStr<32>) -> Result<(), JsonError> {
    while let Event::Key(key) = reader.next_event()? {
        match reader.next_event()? {
            Event::String(text) if key.is("ver") => text.cut_into(version),
            other => reader.finish_value(other)?,
        }
    }
    Ok(())
}

/// Why a reply is no proto-ver document: the peer is at fault, or is no provisioning device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InfoError {
    /// No bytes, or only NULs and white space.
    Empty,
    /// Bytes that are no text.
    NotText,
    /// JSON with a mistake in it.
    Json(JsonError),
    /// Text, but neither a version nor a document with a `prov` object.
    NotProvisioning,
}

impl From<JsonError> for InfoError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl fmt::Display for InfoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the reply is empty",
            Self::NotText => "the reply is not text",
            Self::Json(_) => "the reply is broken JSON",
            Self::NotProvisioning => "the reply is not a provisioning device's",
        })
    }
}

impl core::error::Error for InfoError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Json(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
#[path = "info_tests.rs"]
mod tests;
