//! Addresses to listen on.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::net::ToSocketAddrs;

/// `8080`, `:8080`, `localhost:8080`, `127.0.0.1:8080`, `[::1]:8080`. Without a host: this computer only.
pub(super) fn listen(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix(':').unwrap_or(text);
    if port.bytes().all(|b| b.is_ascii_digit())
        && let Ok(port) = port.parse()
    {
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    }
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let wrong = || "give an address such as 8080, localhost:8080 or 0.0.0.0:80".to_owned();
    // A name of this computer; IPv4 first, because that is what clients try.
    let mut found: Vec<SocketAddr> = text.to_socket_addrs().map_err(|_| wrong())?.collect();
    found.sort_by_key(SocketAddr::is_ipv6);
    found.first().copied().ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (text, address) in [
            ("8080", "127.0.0.1:8080"),
            (":8080", "127.0.0.1:8080"),
            ("0", "127.0.0.1:0"),
            ("localhost:8080", "127.0.0.1:8080"),
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("[::1]:8080", "[::1]:8080"),
        ] {
            assert_eq!(
                listen(text).map(|a| a.to_string()),
                Ok(address.to_owned()),
                "{text}"
            );
        }
        for text in [
            "",
            ":",
            "65536",
            "80a",
            "localhost",
            "127.0.0.1",
            "http://127.0.0.1:80",
        ] {
            assert!(listen(text).is_err(), "{text}");
        }
    }
}
