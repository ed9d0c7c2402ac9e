//! Devices that announce themselves on the network by mDNS (RFC 6762, RFC 6763): those that are online already and have local
//! control. A device that waits for its network announces nothing here.
//!
//! ```no_run
//! # async fn example() -> Result<(), espprov::Error> {
//! use core::time::Duration;
//! use espprov::{Caller, network::Search};
//!
//! let mut search = Search::start(None, Caller::Program)?;
//! while let Ok(found) = tokio::time::timeout(Duration::from_secs(5), search.next()).await {
//!     println!("{} is at {}", found.name, found.target());
//! }
//! # Ok(()) }
//! ```

use crate::text::clean;
use crate::{Caller, Class, Error};
use alloc::borrow::ToOwned;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::IpAddr;
use mdns_sd::{DaemonEvent, IfKind, Receiver, ResolvedService, ScopedIp, ServiceDaemon, ServiceEvent};

/// What devices announce: local control of stock firmware, of newer RainMaker firmware, and the proof of who a node is.
const SERVICES: [&str; 3] = [
    "_esp_local_ctrl._tcp",
    "_esp_rmaker_ctrl._tcp",
    "_esp_rmaker_chal_resp._tcp",
];
const DOMAIN: &str = ".local.";
/// More devices than answer in a building. Anybody can announce what is not there.
const MAX_FOUND: usize = 1024;
/// The same for the addresses and the TXT entries of one.
const MAX_ENTRIES: usize = 16;
/// How long a host name can be, and a value in a TXT record.
const MAX_TEXT: usize = 255;

/// A service that a device announces. All of it is the word of whoever answered, and to be shown with care
/// ([`text::clean`](crate::text::clean)).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Announced {
    /// The name of the instance: `Local Control Service`, or the node's id.
    pub name: String,
    /// The service: `_esp_local_ctrl._tcp`.
    pub service: &'static str,
    /// The device's host name: `my_esp_ctrl_device.local`.
    pub host: String,
    /// Its addresses, the handiest first; an IPv6 address of one link only with its interface: `fe80::1%eth0`. One at least.
    pub addresses: Vec<String>,
    /// Where it listens.
    pub port: u16,
    /// What else it says of itself, in the order of its keys: `session_endpoint`, `node_id` …
    pub txt: Vec<(String, String)>,
}

impl Announced {
    fn new(service: &'static str, found: &ResolvedService) -> Option<Self> {
        let name = found
            .fullname
            .strip_suffix(found.ty_domain.as_str())?
            .trim_end_matches('.');
        let mut addresses: Vec<_> = found.addresses.iter().take(MAX_ENTRIES).map(place).collect();
        addresses.sort();
        let mut txt: Vec<_> = found
            .txt_properties
            .iter()
            .take(MAX_ENTRIES)
            .map(|entry| {
                let value = String::from_utf8_lossy(entry.val().unwrap_or_default());
                (cut(entry.key()), cut(&value))
            })
            .collect();
        txt.sort();
        Some(Self {
            name: cut(name),
            service,
            host: cut(found.host.trim_end_matches('.')),
            addresses: addresses.into_iter().map(|(_, address)| address).collect(),
            port: found.port,
            txt,
        })
        .filter(|found| !found.addresses.is_empty() && found.port != 0)
    }

    /// The value of a TXT entry.
    #[must_use]
    pub fn property(&self, key: &str) -> Option<&str> {
        let mut txt = self.txt.iter();
        txt.find(|(known, _)| known.eq_ignore_ascii_case(key))
            .map(|(_, value)| value.as_str())
    }

    /// The target to reach it by. Whether it speaks TLS is not announced: port 443 says so.
    #[must_use]
    pub fn target(&self) -> String {
        let address = self.addresses.first().map_or("", String::as_str);
        let (scheme, usual) = if self.port == 443 {
            ("https", 443)
        } else {
            ("http", 80)
        };
        let host = if address.contains(':') {
            format!("[{address}]")
        } else {
            address.to_owned()
        };
        if self.port == usual {
            format!("{scheme}://{host}")
        } else {
            format!("{scheme}://{host}:{}", self.port)
        }
    }
}

/// An address with how handy it is: IPv4 first, then IPv6, then what is good on one link only.
fn place(address: &ScopedIp) -> (u8, String) {
    match address.to_ip_addr() {
        IpAddr::V4(address) => (0, address.to_string()),
        IpAddr::V6(bare) if bare.is_unicast_link_local() => (2, address.to_string()),
        IpAddr::V6(address) => (1, address.to_string()),
    }
}

/// No text of a peer is longer than what its place on the wire holds.
fn cut(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

/// Listens for announcements, and asks for them. It ends when this is dropped.
pub struct Search {
    daemon: ServiceDaemon,
    found: [Receiver<ServiceEvent>; 3],
    said: Receiver<DaemonEvent>,
    known: BTreeSet<(String, String)>,
    /// Why this computer may hear nothing.
    trouble: Option<String>,
}

impl Search {
    /// Begins to ask, on all interfaces or on this one, by its name or address.
    ///
    /// # Errors
    /// `unknown_interface`; `no_multicast`: this computer does not let it.
    pub fn start(interface: Option<&str>, caller: Caller) -> Result<Self, Error> {
        let failed = |error: mdns_sd::Error| no_multicast(caller, &error.to_string());
        let interface = interface.map(|wanted| known(wanted, caller)).transpose()?;
        let daemon = ServiceDaemon::new().map_err(failed)?;
        if let Some(kind) = interface {
            daemon.disable_interface(IfKind::All).map_err(failed)?;
            daemon.enable_interface(kind).map_err(failed)?;
        }
        let said = daemon.monitor().map_err(failed)?;
        let [first, second, third] = SERVICES.map(|service| daemon.browse(&format!("{service}{DOMAIN}")));
        Ok(Self {
            found: [
                first.map_err(failed)?,
                second.map_err(failed)?,
                third.map_err(failed)?,
            ],
            daemon,
            said,
            known: BTreeSet::new(),
            trouble: None,
        })
    }

    /// The next device that was not known yet. Waits for as long as it takes: the caller has the deadline. Cancel-safe.
    pub async fn next(&mut self) -> Announced {
        loop {
            let [first, second, third] = &self.found;
            let (index, event) = tokio::select! {
                event = first.recv_async() => (0, event),
                event = second.recv_async() => (1, event),
                event = third.recv_async() => (2, event),
                said = self.said.recv_async() => {
                    match said {
                        Ok(DaemonEvent::Error(error)) => self.trouble = Some(error.to_string()),
                        Ok(_) => {}
                        Err(_) => core::future::pending().await,
                    }
                    continue;
                }
            };
            let Ok(event) = event else {
                // The search has ended, and nothing more will be found.
                self.trouble
                    .get_or_insert_with(|| "the search broke off".to_owned());
                core::future::pending::<()>().await;
                continue;
            };
            let ServiceEvent::ServiceResolved(found) = event else {
                continue;
            };
            let Some(found) = SERVICES
                .get(index)
                .and_then(|service| Announced::new(service, &found))
            else {
                continue;
            };
            let key = (format!("{}.{}", found.name, found.service), found.host.clone());
            if self.known.len() < MAX_FOUND && self.known.insert(key) {
                return found;
            }
        }
    }

    /// Why nothing was found, when nothing was.
    #[must_use]
    pub fn nothing(&self, caller: Caller) -> Error {
        match &self.trouble {
            Some(trouble) => no_multicast(caller, trouble),
            None => Error::new(
                Class::Link,
                "device_not_found",
                "no device announced itself on the network",
            )
            .with_cause("devices announce themselves only when they are online, and only where their firmware uses mDNS; some routers keep it from getting through")
            .advise(caller, "check that this computer is on the device's network, listen longer, then {again}; or give the device's address: http://ADDRESS"),
        }
    }
}

/// An interface of this computer.
fn known(wanted: &str, caller: Caller) -> Result<IfKind, Error> {
    let interfaces = if_addrs::get_if_addrs().map_err(|error| no_multicast(caller, &error.to_string()))?;
    let address: Option<IpAddr> = wanted.parse().ok();
    if interfaces
        .iter()
        .any(|interface| interface.name == wanted || address == Some(interface.ip()))
    {
        return Ok(address.map_or_else(|| IfKind::Name(wanted.to_owned()), IfKind::Addr));
    }
    let names: BTreeSet<_> = interfaces.iter().map(|interface| &*interface.name).collect();
    let names: Vec<_> = names.into_iter().collect();
    let message = format!("this computer has no network interface {}", clean(wanted));
    Err(Error::usage("unknown_interface", message)
        .with_cause("it goes by another name, or is not there now")
        .with_help(format!("give one of these: {}", names.join(", "))))
}

fn no_multicast(caller: Caller, why: &str) -> Error {
    Error::new(
        Class::Link,
        "no_multicast",
        format!("this computer cannot search the network: {}", clean(why)),
    )
    .with_cause("it has no network, no such interface, or does not let programs use multicast")
    .advise(
        caller,
        "check the network and the interface, then {again}; or give the device's address: http://ADDRESS",
    )
}

impl Drop for Search {
    fn drop(&mut self) {
        // Its thread ends by itself; nobody waits for it.
        let _ = self.daemon.shutdown();
    }
}

impl core::fmt::Debug for Search {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Search")
            .field("known", &self.known.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets() {
        for (address, port, target) in [
            ("10.0.0.7", 443, "https://10.0.0.7"),
            ("10.0.0.7", 80, "http://10.0.0.7"),
            ("10.0.0.7", 8443, "http://10.0.0.7:8443"),
            ("fd00::7", 443, "https://[fd00::7]"),
            ("fe80::1%eth0", 8080, "http://[fe80::1%eth0]:8080"),
        ] {
            let found = Announced {
                name: "x".to_owned(),
                service: "_esp_local_ctrl._tcp",
                host: "x.local".to_owned(),
                addresses: alloc::vec![address.to_owned()],
                port,
                txt: Vec::new(),
            };
            assert_eq!(found.target(), target);
            // What is shown can be given.
            #[cfg(all(feature = "http", feature = "tls"))]
            assert_eq!(
                crate::Parsed::parse(target, Caller::Command)
                    .unwrap()
                    .target
                    .to_string(),
                target
            );
        }
    }
}
