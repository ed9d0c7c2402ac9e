//! Endpoint names, and what the two are called that every protocol over protocomm has.

use core::fmt;
use core::hash::{Hash, Hasher};

/// The name of a protocomm endpoint: one of the standard five, or an application's own.
///
/// It knows whether it is the endpoint of the handshake or the one that tells the version: those are never enciphered,
/// whatever they are called ([`Endpoints`]). Two endpoints are equal if their names are.
///
/// ```
/// use espprov_transport::Endpoint;
/// assert_eq!(Endpoint::PROV_SESSION.as_str(), "prov-session");
/// assert!(Endpoint::custom("cloud-assoc").is_ok());
/// assert!(Endpoint::custom("esp_local_ctrl/control").is_ok());
/// assert!(Endpoint::custom("no spaces").is_err());
/// ```
#[derive(Clone, Copy)]
pub struct Endpoint<'a> {
    name: &'a str,
    role: Role,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Session,
    Version,
    Application,
}

impl Endpoint<'static> {
    /// The handshake; never encrypted.
    pub const PROV_SESSION: Self = Self::new("prov-session", Role::Session);
    /// Version and capabilities; never encrypted.
    pub const PROTO_VER: Self = Self::new("proto-ver", Role::Version);
    /// Network scans.
    pub const PROV_SCAN: Self = Self::new("prov-scan", Role::Application);
    /// Credentials, apply and status.
    pub const PROV_CONFIG: Self = Self::new("prov-config", Role::Application);
    /// Reset and reprov.
    pub const PROV_CTRL: Self = Self::new("prov-ctrl", Role::Application);
    /// The usual name of an application's first own endpoint.
    pub const CUSTOM_DATA: Self = Self::new("custom-data", Role::Application);

    /// What the UUIDs of their Bluetooth characteristics have for these names, in the 16-bit field. An application's own follow from
    /// the last one in the order they were created, whatever they are called.
    pub const BLE_IDS: [(u16, &'static str); 6] = [
        (0xff4f, Self::PROV_CTRL.name),
        (0xff50, Self::PROV_SCAN.name),
        (0xff51, Self::PROV_SESSION.name),
        (0xff52, Self::PROV_CONFIG.name),
        (0xff53, Self::PROTO_VER.name),
        (0xff54, Self::CUSTOM_DATA.name),
    ];
}

impl<'a> Endpoint<'a> {
    /// Longest name accepted by [`Endpoint::custom`].
    pub const MAX_LEN: usize = 64;

    const fn new(name: &'a str, role: Role) -> Self {
        Self { name, role }
    }

    /// An endpoint by name: 1..=64 characters of `A-Za-z0-9_.-`, because the name ends up in URLs and on
    /// console lines; `/` may part it, as in `esp_local_ctrl/control`. `prov-session` and `proto-ver` are what they
    /// always are.
    ///
    /// # Errors
    /// [`InvalidEndpoint`] for any other name.
    pub fn custom(name: &'a str) -> Result<Self, InvalidEndpoint> {
        let name = Self::new(check(name)?, Role::Application);
        Ok(Endpoints::PROVISIONING.resolve(name))
    }

    /// The same for a constant, as an endpoint of the application whatever it is called: not for the two that
    /// [`Endpoints`] names.
    ///
    /// # Errors
    /// As [`custom`](Self::custom).
    pub const fn application(name: &'a str) -> Result<Self, InvalidEndpoint> {
        match check(name) {
            Ok(name) => Ok(Self::new(name, Role::Application)),
            Err(error) => Err(error),
        }
    }

    /// The name as it goes over the wire.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.name
    }

    /// Whether this is where the handshake takes place.
    #[must_use]
    pub const fn is_session(&self) -> bool {
        matches!(self.role, Role::Session)
    }

    /// Whether this is where the version is told.
    #[must_use]
    pub const fn is_version(&self) -> bool {
        matches!(self.role, Role::Version)
    }

    /// Whether requests to this endpoint are sealed by the session cipher: all but those of the handshake itself
    /// and for the version.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        matches!(self.role, Role::Application)
    }
}

/// Characters and length; between two `/` there is a name, and none that a URL would read as "here" or "above".
const fn check(name: &str) -> Result<&str, InvalidEndpoint> {
    if name.len() > Endpoint::MAX_LEN {
        return Err(InvalidEndpoint);
    }
    // Of the part that is being read: its length, and how many of it are dots.
    let (mut len, mut dots) = (0_usize, 0_usize);
    let mut rest = name.as_bytes();
    while let [byte, after @ ..] = rest {
        match byte {
            b'/' if is_part(len, dots) => (len, dots) = (0, 0),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' => len = len.saturating_add(1),
            b'.' => (len, dots) = (len.saturating_add(1), dots.saturating_add(1)),
            _ => return Err(InvalidEndpoint),
        }
        rest = after;
    }
    if is_part(len, dots) {
        Ok(name)
    } else {
        Err(InvalidEndpoint)
    }
}

/// Neither empty nor `.` nor `..`.
const fn is_part(len: usize, dots: usize) -> bool {
    len > dots || len > 2
}

/// What a protocol over protocomm calls the endpoint of its handshake, the one that tells its version, and itself.
///
/// ```
/// use espprov_transport::{Endpoint, Endpoints};
///
/// let names = Endpoints::new("esp_local_ctrl/session", "esp_local_ctrl/version")?;
/// assert!(names.session.is_session() && !names.session.is_encrypted());
/// assert_eq!(Endpoints::PROVISIONING.session, Endpoint::PROV_SESSION);
/// # Ok::<(), espprov_transport::InvalidEndpoint>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Endpoints {
    /// The handshake.
    pub session: Endpoint<'static>,
    /// Version and capabilities.
    pub version: Endpoint<'static>,
    /// The key under which the answer has them.
    pub root: &'static str,
}

impl Endpoints {
    /// Those of Wi-Fi and Thread provisioning: `prov-session` and `proto-ver`.
    pub const PROVISIONING: Self = Self {
        session: Endpoint::PROV_SESSION,
        version: Endpoint::PROTO_VER,
        root: "prov",
    };

    /// Those of another protocol.
    ///
    /// # Errors
    /// As [`Endpoint::custom`].
    pub const fn new(session: &'static str, version: &'static str) -> Result<Self, InvalidEndpoint> {
        match (check(session), check(version)) {
            (Ok(session), Ok(version)) => Ok(Self {
                session: Endpoint::new(session, Role::Session),
                version: Endpoint::new(version, Role::Version),
                ..Self::PROVISIONING
            }),
            _ => Err(InvalidEndpoint),
        }
    }

    /// The version's answer has this key instead of `prov`.
    #[must_use]
    pub const fn with_root(mut self, root: &'static str) -> Self {
        self.root = root;
        self
    }

    /// The same name, as this protocol understands it.
    #[must_use]
    pub fn resolve<'a>(&self, endpoint: Endpoint<'a>) -> Endpoint<'a> {
        let role = match endpoint {
            name if name == self.session => Role::Session,
            name if name == self.version => Role::Version,
            _ => Role::Application,
        };
        Endpoint { role, ..endpoint }
    }
}

impl Default for Endpoints {
    fn default() -> Self {
        Self::PROVISIONING
    }
}

impl PartialEq for Endpoint<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Endpoint<'_> {}

impl Hash for Endpoint<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl fmt::Debug for Endpoint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Endpoint").field(&self.name).finish()
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Endpoint<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{=str}", self.name);
    }
}

impl fmt::Display for Endpoint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Not an endpoint name: empty (all of it, or between two `/`), longer than 64 characters, or with characters outside
/// `A-Za-z0-9_.-/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct InvalidEndpoint;

impl fmt::Display for InvalidEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an endpoint name is 1 to 64 characters of A-Z a-z 0-9 _ . -, with / between its parts")
    }
}

impl core::error::Error for InvalidEndpoint {}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::string::ToString;

    #[test]
    fn names() {
        let long = core::str::from_utf8(&[b'a'; 65]).unwrap();
        for bad in [
            "", "a b", "/a", "a/", "a//b", "/", ".", "..", "a/../b", "a/.", "./a", "a?b", "a\r", "ä", long,
        ] {
            assert_eq!(Endpoint::custom(bad), Err(InvalidEndpoint), "{bad}");
        }
        for good in [
            "a",
            "custom-data",
            "My_ep.2",
            "esp_local_ctrl/control",
            "...",
            ".a",
            "a./b..",
            &long[..64],
        ] {
            assert_eq!(Endpoint::custom(good).map(|e| e.as_str()), Ok(good));
            assert_eq!(Endpoint::application(good).map(|e| e.as_str()), Ok(good));
        }
        assert_eq!(Endpoint::application("a b"), Err(InvalidEndpoint));
        assert_eq!(Endpoint::PROV_SCAN.to_string(), "prov-scan");
        assert_eq!(
            InvalidEndpoint.to_string(),
            "an endpoint name is 1 to 64 characters of A-Z a-z 0-9 _ . -, with / between its parts"
        );
        assert_eq!(Endpoint::custom("proto-ver"), Ok(Endpoint::PROTO_VER));
        assert!(!Endpoint::PROTO_VER.is_encrypted() && !Endpoint::PROV_SESSION.is_encrypted());
        assert!(Endpoint::PROV_CTRL.is_encrypted() && Endpoint::CUSTOM_DATA.is_encrypted());
        let typed = Endpoint::custom("prov-session").unwrap();
        assert!(typed.is_session() && !typed.is_encrypted());
    }

    /// An endpoint is its name, whatever it is for.
    #[test]
    fn equal_names_are_one_key_and_others_are_not() {
        use core::hash::{BuildHasher, BuildHasherDefault};
        use std::hash::DefaultHasher;
        let hash = |endpoint| BuildHasherDefault::<DefaultHasher>::default().hash_one(endpoint);
        let typed = Endpoint::custom("prov-session").unwrap();
        assert_eq!(hash(typed), hash(Endpoint::PROV_SESSION));
        let names = ["a", "b", "prov-session", "proto-ver", "prov-scan"];
        let hashes = names.map(|name| hash(Endpoint::custom(name).unwrap()));
        let distinct: std::collections::BTreeSet<_> = hashes.into_iter().collect();
        assert_eq!(distinct.len(), names.len());
    }

    #[test]
    fn what_a_name_is_depends_on_the_protocol() {
        let other = Endpoints::new("local/session", "local/version").unwrap();
        for (name, provisioning, local) in [
            ("prov-session", (true, false), (false, false)),
            ("proto-ver", (false, true), (false, false)),
            ("local/session", (false, false), (true, false)),
            ("local/version", (false, false), (false, true)),
            ("prov-config", (false, false), (false, false)),
        ] {
            let endpoint = Endpoint::custom(name).unwrap();
            for (endpoints, expected) in [(Endpoints::PROVISIONING, provisioning), (other, local)] {
                let found = endpoints.resolve(endpoint);
                assert_eq!((found.is_session(), found.is_version()), expected, "{name}");
                assert_eq!(found.is_encrypted(), expected == (false, false), "{name}");
                assert_eq!(found, endpoint);
            }
        }
        assert_eq!(Endpoints::new("a b", "c"), Err(InvalidEndpoint));
        assert_eq!(Endpoints::new("a", ""), Err(InvalidEndpoint));
    }
}
