//! What a simulated device tells about itself. Nothing secret is in here.

use crate::fault::Fault;
use core::fmt;
use core::net::Ipv4Addr;
use core::time::Duration;
use espprov_device::Refusal;
use espprov_types::{Ssid, ThreadFailure, ThreadName, WifiFailure};

/// Something happened on the simulated device.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SimEvent {
    /// A client opened a transport session.
    SessionOpened,
    /// A request was answered, or not.
    Request {
        /// Name as the client gave it.
        endpoint: String,
        /// Bytes of the request, as they came.
        len: usize,
        /// What the device did.
        verdict: Verdict,
    },
    /// A scenario fault struck the next answer.
    FaultInjected(Fault),
    /// A Wi-Fi scan began; it will find so many networks.
    WifiScan(usize),
    /// A Thread scan began; it will find so many networks.
    ThreadScan(usize),
    /// Wi-Fi credentials were set.
    WifiSet(Ssid),
    /// A Thread dataset of so many bytes was set.
    ThreadSet(usize),
    /// Joining a network began.
    WifiApplied(Ssid),
    /// Attaching to a Thread network began.
    ThreadApplied,
    /// An attempt to join failed, so many are left.
    AttemptFailed(u32),
    /// Online.
    WifiConnected(Ssid, Ipv4Addr),
    /// Gave up joining.
    WifiFailed(WifiFailure),
    /// Part of a Thread network.
    ThreadAttached(ThreadName),
    /// Gave up attaching.
    ThreadFailed(ThreadFailure),
    /// A client asked for reset or reprov and got it.
    Reset,
    /// A client set the property of this name.
    PropertySet(String),
    /// Bytes for an application endpoint.
    Custom {
        /// Endpoint.
        endpoint: String,
        /// Bytes after decryption.
        len: usize,
    },
    /// The device stops its service by itself.
    Stopped,
    /// It is back; the number counts boots from 1.
    Booted(u32),
}

/// What became of a request, for the observer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Answered with so many bytes.
    Replied(usize),
    /// The answer follows when a scan is over.
    Pending,
    /// Refused; the client does not learn why, we do.
    Refused(Refusal),
    /// No such endpoint.
    NoSuchEndpoint,
}

impl fmt::Display for SimEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SessionOpened => f.write_str("session opened"),
            Self::Request {
                endpoint,
                len,
                verdict,
            } => {
                // The name is the peer's: it may hold anything.
                write!(f, "{}: {len} bytes, ", endpoint.escape_debug())?;
                match verdict {
                    Verdict::Replied(len) => write!(f, "{len} bytes back"),
                    Verdict::Pending => f.write_str("answer follows"),
                    Verdict::Refused(refusal) => write!(f, "refused: {refusal}"),
                    Verdict::NoSuchEndpoint => f.write_str("no such endpoint"),
                }
            }
            Self::FaultInjected(fault) => write!(f, "fault: {fault}"),
            Self::WifiScan(count) => write!(f, "Wi-Fi scan: {count} in the air"),
            Self::ThreadScan(count) => write!(f, "Thread scan: {count} in the air"),
            Self::WifiSet(ssid) => write!(f, "credentials for \"{ssid}\" set"),
            Self::ThreadSet(len) => write!(f, "Thread dataset of {len} bytes set"),
            Self::WifiApplied(ssid) => write!(f, "joining \"{ssid}\""),
            Self::ThreadApplied => f.write_str("attaching to Thread"),
            Self::AttemptFailed(left) => write!(f, "attempt failed, {left} left"),
            Self::WifiConnected(ssid, ip) => write!(f, "connected to \"{ssid}\" as {ip}"),
            Self::WifiFailed(WifiFailure::AuthError) => f.write_str("failed: wrong passphrase"),
            Self::WifiFailed(WifiFailure::NetworkNotFound) => f.write_str("failed: network not found"),
            Self::WifiFailed(_) => f.write_str("failed"),
            Self::ThreadAttached(name) => write!(f, "attached to \"{name}\""),
            Self::ThreadFailed(ThreadFailure::DatasetInvalid) => f.write_str("failed: dataset invalid"),
            Self::ThreadFailed(ThreadFailure::NetworkNotFound) => {
                f.write_str("failed: Thread network not found")
            }
            Self::ThreadFailed(_) => f.write_str("failed"),
            Self::Reset => f.write_str("ready for new credentials"),
            Self::PropertySet(name) => write!(f, "property \"{}\" set", name.escape_debug()),
            Self::Custom { endpoint, len } => write!(f, "{endpoint}: {len} bytes of data"),
            Self::Stopped => f.write_str("service stopped"),
            Self::Booted(boot) => write!(f, "booted ({boot})"),
        }
    }
}

/// Takes the events of a device, with the time they happened.
pub type Observer = Box<dyn FnMut(Duration, &SimEvent) + Send>;
