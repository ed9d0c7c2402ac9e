//! What can go wrong between this computer's Bluetooth and a device.

use crate::diagnosis::Diagnosis;
use core::fmt;
use espprov_transport::{LinkFault, TransportError};

/// An error of this crate, classified by [`TransportError::fault`]. [`BleError::help`] says what to do.
///
/// It carries no request or reply bytes, so it can be logged.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BleError {
    /// This computer has no Bluetooth adapter.
    NoAdapter,
    /// No adapter of that name or address.
    NoSuchAdapter,
    /// The adapter is switched off or blocked.
    AdapterOff,
    /// This program may not use Bluetooth.
    NoPermission,
    /// The system's Bluetooth service does not run (Linux: bluetoothd, or the D-Bus system bus).
    NoBluetoothService,
    /// No matching device was seen in time.
    DeviceNotFound,
    /// Several devices match where one was asked for.
    Ambiguous {
        /// How many.
        count: usize,
    },
    /// The device was seen but could not be connected to; it may have gone.
    ConnectFailed,
    /// The device offers Bluetooth Classic, too, and the system tried that instead of LE.
    ClassicTried,
    /// The device was seen but no connection, or no list of its endpoints, came about in time.
    ConnectTimedOut,
    /// Connected, but the device offers no provisioning service.
    NotProvisionable,
    /// An empty request. Devices ignore one, so nothing was sent.
    EmptyRequest,
    /// The device lists no such endpoint. Nothing was sent.
    NoSuchEndpoint,
    /// The request is longer than one value on this link: more than 512 bytes, or the device said so
    /// (ATT error 0x0d).
    RequestTooLarge {
        /// Longest request, as far as it is known.
        limit: usize,
    },
    /// The reply is longer than the caller's buffer.
    ReplyTooLarge {
        /// Its length in bytes.
        need: usize,
    },
    /// The device refused the request.
    Refused {
        /// The ATT error code, where the platform tells.
        att: Option<u8>,
        /// The connection survived.
        link_alive: bool,
    },
    /// The device wants an encrypted or paired link.
    NeedsPairing,
    /// The connection broke.
    LinkLost {
        /// The request had been acknowledged.
        delivered: bool,
    },
    /// The system's Bluetooth service ended in the middle of it, and every connection with it (Linux: bluetoothd
    /// crashed or was restarted). The device is not to blame; a reconnect waits for the service.
    ServiceLost {
        /// The request had been acknowledged.
        delivered: bool,
    },
    /// The device's attributes are not where the platform remembers them: its firmware was replaced. A reconnect reads
    /// them afresh.
    TableChanged {
        /// The request had been acknowledged, by whatever is there now.
        delivered: bool,
    },
    /// No answer within the time limit.
    TimedOut {
        /// The request had been acknowledged.
        delivered: bool,
    },
    /// An earlier exchange failed or was dropped, or the link was closed: reconnect first.
    NeedsReconnect,
    /// Something else, in the platform's words.
    Platform(Box<str>),
}

impl BleError {
    /// The meaning of an error outside an exchange: no request was under way.
    pub(crate) fn idle(error: &btleplug::Error) -> Self {
        match Diagnosis::of(error) {
            Diagnosis::NoAdapter => Self::NoAdapter,
            Diagnosis::Off => Self::AdapterOff,
            Diagnosis::Forbidden => Self::NoPermission,
            Diagnosis::NoDaemon => Self::NoBluetoothService,
            Diagnosis::NeedsPairing => Self::NeedsPairing,
            Diagnosis::UnknownDevice | Diagnosis::NotConnected | Diagnosis::Att(_) | Diagnosis::Refused => {
                Self::ConnectFailed
            }
            Diagnosis::Classic => Self::ClassicTried,
            Diagnosis::TimedOut => Self::ConnectTimedOut,
            Diagnosis::Busy => Self::busy(),
            Diagnosis::Other(text) => Self::Platform(text),
        }
    }

    /// The platform was asked and said nothing.
    pub(crate) fn silent() -> Self {
        Self::Platform("it does not answer".into())
    }

    /// What was asked for is being done for somebody else.
    pub(crate) fn busy() -> Self {
        Self::Platform("another Bluetooth operation is under way".into())
    }

    /// The cause lies on this side and is put right by a reconnect: begin again what was lost, whatever the patience
    /// with the device itself is.
    #[must_use]
    pub const fn is_mended_by_reconnecting(&self) -> bool {
        matches!(self, Self::ServiceLost { .. } | Self::TableChanged { .. })
    }

    /// Trying again makes sense.
    pub(crate) const fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::ConnectFailed
                | Self::ClassicTried
                | Self::ConnectTimedOut
                | Self::Platform(_)
                | Self::NotProvisionable
        )
    }
}

/// What an ATT error says, as a clause.
const fn att_meaning(code: u8) -> &'static str {
    match code {
        0x01 | 0x0a => "no such attribute (the device's endpoints changed since they were listed)",
        0x02 => "reading is not permitted",
        0x03 => "writing is not permitted",
        0x04 => "it could not use the request: wrong proof, undecodable message or no session",
        0x06 => "it does not support the request",
        0x07 => "invalid offset",
        0x0d => "the request is longer than its firmware takes",
        0x0e => "it failed while handling the request",
        0x11 => "it is out of memory or of buffers for long requests",
        0x80..=0x9f => "an error of its application",
        _ => "no reason known",
    }
}

impl fmt::Display for BleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAdapter => f.write_str("this computer has no Bluetooth adapter"),
            Self::NoSuchAdapter => f.write_str("no Bluetooth adapter of that name or address"),
            Self::AdapterOff => f.write_str("Bluetooth is off"),
            Self::NoPermission => f.write_str("no permission to use Bluetooth"),
            Self::NoBluetoothService => f.write_str("the system's Bluetooth service does not run"),
            Self::DeviceNotFound => f.write_str("no matching Bluetooth device was seen"),
            Self::Ambiguous { count } => write!(f, "{count} devices match"),
            Self::ConnectFailed => f.write_str("the device was seen but could not be connected to"),
            Self::ClassicTried => {
                f.write_str("the system tried Bluetooth Classic with a device that is provisioned over LE")
            }
            Self::ConnectTimedOut => f.write_str("the device was seen but did not let us connect in time"),
            Self::NotProvisionable => f.write_str("the device offers no provisioning service"),
            Self::EmptyRequest => f.write_str("an empty request cannot be sent over Bluetooth"),
            Self::NoSuchEndpoint => f.write_str("the device has no such endpoint"),
            Self::RequestTooLarge { limit } => {
                write!(
                    f,
                    "the request is longer than the {limit} bytes this link carries"
                )
            }
            Self::ReplyTooLarge { need } => {
                write!(f, "the reply needs {need} bytes, more than the buffer has")
            }
            Self::Refused { att: Some(code), .. } => {
                write!(
                    f,
                    "the device refused the request (ATT error 0x{code:02x}: {})",
                    att_meaning(*code)
                )
            }
            Self::Refused { att: None, .. } => f.write_str("the device refused the request"),
            Self::NeedsPairing => f.write_str("the device wants an encrypted or paired link"),
            Self::LinkLost { .. } => f.write_str("the connection to the device broke"),
            Self::ServiceLost { .. } => {
                f.write_str("the system's Bluetooth service ended in the middle of it")
            }
            Self::TableChanged { .. } => f.write_str("the device's endpoints are not where they were"),
            Self::TimedOut { .. } => f.write_str("the device did not answer in time"),
            Self::NeedsReconnect => f.write_str("the connection is unusable after an earlier failure"),
            Self::Platform(text) => write!(f, "the system's Bluetooth failed: {text}"),
        }
    }
}

impl core::error::Error for BleError {}

impl TransportError for BleError {
    fn fault(&self) -> LinkFault {
        match *self {
            // Devices ignore it; the link has not been touched.
            Self::EmptyRequest => LinkFault::Refused { link_alive: true },
            Self::NoSuchEndpoint => LinkFault::NoSuchEndpoint,
            Self::RequestTooLarge { limit } => LinkFault::RequestTooLarge { limit },
            Self::ReplyTooLarge { need } => LinkFault::ReplyTooLarge { need },
            Self::Refused { link_alive, .. } => LinkFault::Refused { link_alive },
            Self::NeedsPairing => LinkFault::NeedsPairing,
            Self::TimedOut { delivered } => LinkFault::TimedOut { delivered },
            Self::ConnectTimedOut => LinkFault::TimedOut { delivered: false },
            Self::NeedsReconnect => LinkFault::NeedsReconnect,
            Self::NotProvisionable => LinkFault::Garbled,
            Self::LinkLost { delivered } | Self::TableChanged { delivered } => LinkFault::Lost { delivered },
            // That a question stayed without an answer says nothing of the device here: it must not be taken for one
            // that joined its network and left.
            Self::ServiceLost { .. } => LinkFault::Lost { delivered: false },
            Self::NoAdapter
            | Self::NoSuchAdapter
            | Self::AdapterOff
            | Self::NoPermission
            | Self::NoBluetoothService
            | Self::DeviceNotFound
            | Self::Ambiguous { .. }
            | Self::ConnectFailed
            | Self::ClassicTried
            | Self::Platform(_) => LinkFault::Lost { delivered: false },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_say_why() {
        for (code, word) in [
            (0x04, "proof"),
            (0x0d, "longer"),
            (0x0e, "failed"),
            (0x11, "memory"),
        ] {
            let error = BleError::Refused {
                att: Some(code),
                link_alive: true,
            };
            let text = error.to_string();
            assert!(
                text.contains(word) && text.contains(&format!("0x{code:02x}")),
                "{text}"
            );
        }
    }

    #[test]
    fn faults() {
        let refused = BleError::Refused {
            att: Some(4),
            link_alive: false,
        };
        assert_eq!(refused.fault(), LinkFault::Refused { link_alive: false });
        assert_eq!(BleError::AdapterOff.fault(), LinkFault::Lost { delivered: false });
        assert_eq!(BleError::NeedsPairing.fault(), LinkFault::NeedsPairing);
    }

    #[test]
    fn outside_an_exchange() {
        let text = |text: &str| BleError::idle(&btleplug::Error::RuntimeError(text.into()));
        assert_eq!(text("Resource Not Ready"), BleError::AdapterOff);
        assert_eq!(
            text("not provided by any .service files"),
            BleError::NoBluetoothService
        );
        assert_eq!(text("Not connected"), BleError::ConnectFailed);
        assert!(BleError::ConnectFailed.is_passing() && !BleError::AdapterOff.is_passing());
    }
}
