//! Where the device listens.

use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

/// Scheme, host and port of a device, read from `HOST[:PORT]`, `http://HOST[:PORT][/]` or `https://HOST[:PORT][/]`.
///
/// A host is an IPv4 address, an IPv6 address in brackets (a link-local one with its
/// interface: `[fe80::1%eth0]`) or a name. [`Display`](fmt::Display) writes the
/// canonical form with its scheme, which reads back to the same value.
///
/// ```
/// use espprov_http::HttpTarget;
/// assert_eq!("192.168.4.1".parse(), Ok(HttpTarget::SOFTAP));
/// assert_eq!("http://[fd00::7]:8080".parse::<HttpTarget>().unwrap().port(), 8080);
/// let lamp: HttpTarget = "HTTPS://lamp.local".parse().unwrap();
/// assert!(lamp.is_https() && lamp.port() == 443);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HttpTarget {
    scheme: Scheme,
    host: Host,
    port: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Scheme {
    Http,
    Https,
}

impl Scheme {
    const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    const fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Host {
    V4(Ipv4Addr),
    V6(Ipv6Addr),
    /// A link-local address and the interface it is on: 1..=32 characters of `A-Za-z0-9._-`.
    Scoped(Ipv6Addr, String),
    /// Lower case, 1..=253 characters of `a-z0-9._-`.
    Name(String),
}

impl HttpTarget {
    /// The address of an ESP32 in SoftAP mode: `192.168.4.1`, port 80.
    pub const SOFTAP: Self = Self {
        scheme: Scheme::Http,
        host: Host::V4(Ipv4Addr::new(192, 168, 4, 1)),
        port: Scheme::Http.port(),
    };

    /// HTTP over TLS.
    #[must_use]
    pub const fn is_https(&self) -> bool {
        matches!(self.scheme, Scheme::Https)
    }

    /// The TCP port; unless given 80, and 443 over TLS.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The host as resolvers take it: an IPv6 address without brackets, with its zone if it has one.
    #[must_use]
    pub fn host(&self) -> String {
        match &self.host {
            Host::V4(address) => address.to_string(),
            Host::V6(address) => address.to_string(),
            Host::Scoped(address, zone) => format!("{address}%{zone}"),
            Host::Name(name) => name.clone(),
        }
    }

    /// `host[:port]` as it stands in a URL and in the `Host` header.
    pub(crate) fn authority(&self) -> String {
        self.with_port(match &self.host {
            // The zone means something on this computer only (RFC 6874 § 3).
            Host::V6(address) | Host::Scoped(address, _) => format!("[{address}]"),
            Host::V4(_) | Host::Name(_) => self.host(),
        })
    }

    /// What a certificate has to be for.
    #[cfg(feature = "tls")]
    pub(crate) fn server_name(&self) -> rustls::pki_types::ServerName<'static> {
        use rustls::pki_types::{DnsName, ServerName};
        match &self.host {
            Host::V4(address) => ServerName::IpAddress((*address).into()),
            Host::V6(address) | Host::Scoped(address, _) => ServerName::IpAddress((*address).into()),
            // What a resolver takes and no certificate can hold is a name that no certificate is for.
            Host::Name(name) => DnsName::try_from(name.trim_end_matches('.').to_owned()).map_or(
                ServerName::IpAddress(Ipv4Addr::UNSPECIFIED.into()),
                ServerName::DnsName,
            ),
        }
    }

    fn with_port(&self, host: String) -> String {
        if self.port == self.scheme.port() {
            host
        } else {
            format!("{host}:{}", self.port)
        }
    }
}

impl Default for HttpTarget {
    fn default() -> Self {
        Self::SOFTAP
    }
}

impl fmt::Display for HttpTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match &self.host {
            Host::Scoped(address, zone) => self.with_port(format!("[{address}%{zone}]")),
            _ => self.authority(),
        };
        write!(f, "{}://{place}", self.scheme.name())
    }
}

impl From<core::net::SocketAddr> for HttpTarget {
    fn from(address: core::net::SocketAddr) -> Self {
        let host = match address {
            core::net::SocketAddr::V4(address) => Host::V4(*address.ip()),
            core::net::SocketAddr::V6(address)
                if address.scope_id() != 0 && address.ip().is_unicast_link_local() =>
            {
                Host::Scoped(*address.ip(), address.scope_id().to_string())
            }
            core::net::SocketAddr::V6(address) => Host::V6(*address.ip()),
        };
        Self {
            scheme: Scheme::Http,
            host,
            port: address.port(),
        }
    }
}

impl FromStr for HttpTarget {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        let (scheme, rest) = match text.split_once("://") {
            None => (Scheme::Http, text),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (Scheme::Http, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (Scheme::Https, rest),
            Some(_) => return Err(InvalidTarget::Scheme),
        };
        if rest.contains(['?', '#']) {
            return Err(InvalidTarget::Query);
        }
        let authority = match rest.split_once('/') {
            None | Some((_, "")) => rest.trim_end_matches('/'),
            Some(_) => return Err(InvalidTarget::Path),
        };
        if authority.contains('@') {
            return Err(InvalidTarget::UserInfo);
        }
        if authority.is_empty() {
            return Err(InvalidTarget::NoHost);
        }
        let (host, port) = match authority.strip_prefix('[') {
            Some(bracketed) => {
                let (host, after) = bracketed.split_once(']').ok_or(InvalidTarget::Host)?;
                let port = match after.strip_prefix(':') {
                    Some(port) => Some(port),
                    None if after.is_empty() => None,
                    None => return Err(InvalidTarget::Host),
                };
                (v6(host)?, port)
            }
            None => match authority.split_once(':') {
                Some((_, port)) if port.contains(':') => return Err(InvalidTarget::Brackets),
                Some((host, port)) => (name_or_v4(host)?, Some(port)),
                None => (name_or_v4(authority)?, None),
            },
        };
        let port = port.map_or(Ok(scheme.port()), parse_port)?;
        Ok(Self { scheme, host, port })
    }
}

/// An IPv6 address, with `%zone` (or, as in a URL, `%25zone`) behind one that is link-local.
fn v6(text: &str) -> Result<Host, InvalidTarget> {
    let (address, zone) = text.split_once('%').map_or((text, None), |(a, z)| (a, Some(z)));
    let address: Ipv6Addr = address.parse().map_err(|_| InvalidTarget::Host)?;
    let Some(zone) = zone else {
        return Ok(Host::V6(address));
    };
    let zone = zone
        .strip_prefix("25")
        .filter(|rest| !rest.is_empty())
        .unwrap_or(zone);
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if address.is_unicast_link_local() && (1..=32).contains(&zone.len()) && zone.bytes().all(allowed) {
        Ok(Host::Scoped(address, zone.to_owned()))
    } else {
        Err(InvalidTarget::Host)
    }
}

fn name_or_v4(host: &str) -> Result<Host, InvalidTarget> {
    if host.is_empty() {
        return Err(InvalidTarget::NoHost);
    }
    if let Ok(address) = host.parse() {
        return Ok(Host::V4(address));
    }
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let labels = host.strip_suffix('.').unwrap_or(host);
    // What ends in a number is meant to be an IPv4 address (no top-level domain is one) and was not a valid one.
    let numeric = |label: &str| label.bytes().all(|b| b.is_ascii_digit());
    let valid = host.len() <= 253
        && host.bytes().all(allowed)
        && labels.split('.').all(|label| (1..=63).contains(&label.len()))
        && !labels.rsplit('.').next().is_some_and(numeric);
    if valid {
        Ok(Host::Name(host.to_ascii_lowercase()))
    } else {
        Err(InvalidTarget::Host)
    }
}

fn parse_port(port: &str) -> Result<u16, InvalidTarget> {
    // `u16::from_str` alone would take "+80".
    if !port.bytes().all(|b| b.is_ascii_digit()) {
        return Err(InvalidTarget::Port);
    }
    match port.parse() {
        Ok(0) | Err(_) => Err(InvalidTarget::Port),
        Ok(port) => Ok(port),
    }
}

/// Why a text is not an [`HttpTarget`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidTarget {
    /// No host in it.
    NoHost,
    /// A scheme other than `http://` and `https://`.
    Scheme,
    /// `user@host`.
    UserInfo,
    /// Something after the host: endpoints are appended by the transport.
    Path,
    /// A `?query` or `#fragment`; devices refuse queries.
    Query,
    /// Neither an IPv4 address, nor an IPv6 address in brackets, nor a host name.
    Host,
    /// An IPv6 address without brackets.
    Brackets,
    /// Not a port number in 1..=65535.
    Port,
}

impl fmt::Display for InvalidTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoHost => "the address has no host: write http://HOST[:PORT]",
            Self::Scheme => "the address must begin with http:// or https://, or have no scheme at all",
            Self::UserInfo => "the address must not contain a user name or password",
            Self::Path => {
                "the address must end after the host and port: endpoints are added by the transport"
            }
            Self::Query => "the address must not contain a query or fragment",
            Self::Host => "the host is neither an IPv4 address, nor an IPv6 address in brackets, nor a name",
            Self::Brackets => "write an IPv6 address in brackets: http://[fd00::1]",
            Self::Port => "the port must be a number from 1 to 65535",
        })
    }
}

impl core::error::Error for InvalidTarget {}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<HttpTarget, InvalidTarget> {
        text.parse()
    }

    #[test]
    fn accepted_forms() {
        for (text, host, port, canonical) in [
            ("192.168.4.1", "192.168.4.1", 80, "http://192.168.4.1"),
            ("http://192.168.4.1/", "192.168.4.1", 80, "http://192.168.4.1"),
            ("HTTP://10.0.0.7:8080", "10.0.0.7", 8080, "http://10.0.0.7:8080"),
            (
                "PROV-1234.local:80",
                "prov-1234.local",
                80,
                "http://prov-1234.local",
            ),
            ("esp.", "esp.", 80, "http://esp."),
            ("3com", "3com", 80, "http://3com"),
            ("[::1]", "::1", 80, "http://[::1]"),
            (
                "http://[FD00::7]:65535/",
                "fd00::7",
                65535,
                "http://[fd00::7]:65535",
            ),
            (
                "http://[fe80::1%eth0]:8080",
                "fe80::1%eth0",
                8080,
                "http://[fe80::1%eth0]:8080",
            ),
            // As it stands in a URL.
            (
                "[FE80::1%25wlan0.2]",
                "fe80::1%wlan0.2",
                80,
                "http://[fe80::1%wlan0.2]",
            ),
            ("[fe80::1%2]", "fe80::1%2", 80, "http://[fe80::1%2]"),
            ("https://10.0.0.7/", "10.0.0.7", 443, "https://10.0.0.7"),
            ("HttpS://Lamp.local:443", "lamp.local", 443, "https://lamp.local"),
            ("https://lamp.local:80", "lamp.local", 80, "https://lamp.local:80"),
            (
                "http://lamp.local:443",
                "lamp.local",
                443,
                "http://lamp.local:443",
            ),
            (
                "https://[fe80::1%eth0]:8443",
                "fe80::1%eth0",
                8443,
                "https://[fe80::1%eth0]:8443",
            ),
        ] {
            let target = parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!((target.host().as_str(), target.port()), (host, port), "{text}");
            assert_eq!(target.to_string(), canonical);
            assert_eq!(parse(canonical), Ok(target));
        }
        assert_eq!(HttpTarget::default().to_string(), "http://192.168.4.1");
        let address = core::net::SocketAddr::from(([127, 0, 0, 1], 81));
        assert_eq!(HttpTarget::from(address).to_string(), "http://127.0.0.1:81");
        let scoped = core::net::SocketAddrV6::new("fe80::1".parse().unwrap(), 81, 0, 3);
        let target = HttpTarget::from(core::net::SocketAddr::V6(scoped));
        assert_eq!(target.to_string(), "http://[fe80::1%3]:81");
        // The device is not told what this computer calls its interfaces.
        assert_eq!(target.authority(), "[fe80::1]:81");
    }

    #[test]
    fn refused_forms() {
        use InvalidTarget as E;
        let long = format!("{}.local", "a".repeat(64));
        for (text, error) in [
            ("", E::NoHost),
            ("http://", E::NoHost),
            ("http:///", E::NoHost),
            (":80", E::NoHost),
            ("https://", E::NoHost),
            ("httpss://192.168.4.1", E::Scheme),
            ("https://host:0", E::Port),
            ("ftp://192.168.4.1", E::Scheme),
            ("http://user:pw@host", E::UserInfo),
            ("host/prov-session", E::Path),
            ("host//", E::Path),
            ("host?x=1", E::Query),
            ("http://host/#a", E::Query),
            ("::1", E::Brackets),
            ("fd00::7:80", E::Brackets),
            ("[::1", E::Host),
            ("[::1]80", E::Host),
            ("[192.168.4.1]", E::Host),
            ("[fe80::1%]", E::Host),
            ("[fe80::1%eth 0]", E::Host),
            ("[fe80::1%e+0]", E::Host),
            ("[fd00::1%eth0]", E::Host),
            ("192.168.4.256", E::Host),
            ("192.168.4", E::Host),
            ("host name", E::Host),
            ("h\u{f6}st", E::Host),
            ("a..b", E::Host),
            ("host\r\n", E::Host),
            (long.as_str(), E::Host),
            ("host:", E::Port),
            ("host:0", E::Port),
            ("host:65536", E::Port),
            ("host:+80", E::Port),
            ("host:http", E::Port),
        ] {
            assert_eq!(parse(text), Err(error), "{text:?}");
        }
    }
}
