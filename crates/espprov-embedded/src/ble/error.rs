//! What can go wrong on a Bluetooth link.

use core::fmt;
use espprov_transport::{LinkFault, TransportError};
use trouble_host::prelude::{AttErrorCode, BleHostError, Error};

/// An error of the Bluetooth transport, classified by [`TransportError::fault`]. Carries no payload bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BleError {
    /// The controller failed, refused a command, or the host ran out of packets.
    Controller,
    /// No matching device was seen in time.
    NotFound,
    /// The device was seen, but no connection and no list of its endpoints came about in time.
    ConnectTimedOut,
    /// Connected, but the device offers no provisioning service.
    NoService,
    /// More endpoints, or longer names, than there is room for.
    TooManyEndpoints,
    /// An empty request. Devices ignore one, so nothing was sent.
    EmptyRequest,
    /// The device lists no such endpoint. Nothing was sent.
    NoSuchEndpoint,
    /// The request is longer than a value on this link: more than 512 bytes, or the device said so.
    RequestTooLarge {
        /// Longest request in bytes, as far as it is known.
        limit: usize,
    },
    /// The reply is longer than the caller's buffer.
    ReplyTooLarge {
        /// Its length in bytes.
        need: usize,
    },
    /// The device refused the request.
    Refused {
        /// The ATT error code; `None` if it hung up instead.
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
    /// No answer within the time limit; the connection has been given up.
    TimedOut {
        /// The request had been acknowledged.
        delivered: bool,
    },
    /// An earlier exchange failed or was dropped, or the link was closed: reconnect first.
    NeedsReconnect,
    /// The device's answer is not ATT as it should be.
    Garbled,
}

impl BleError {
    /// A failure of the host while no answer of the device was in hand.
    pub(super) fn host<E>(error: &BleHostError<E>, delivered: bool) -> Self {
        match error {
            BleHostError::BleHost(error) => match error {
                Error::Att(code) => Self::att(*code),
                Error::Disconnected | Error::NotFound => Self::LinkLost { delivered },
                Error::Timeout => Self::TimedOut { delivered },
                Error::OutOfMemory | Error::NoPermits => Self::Controller,
                // The device's lists are longer than they may be.
                Error::InsufficientSpace
                | Error::UnexpectedGattResponse
                | Error::InvalidValue
                | Error::InvalidUuidLength(_)
                | Error::MalformedCharacteristicDeclaration { .. }
                | Error::CodecError(_) => Self::Garbled,
                _ => Self::Controller,
            },
            BleHostError::Controller(_) => Self::Controller,
        }
    }

    /// An answer of the device that says no.
    pub(super) fn att(code: AttErrorCode) -> Self {
        match code {
            AttErrorCode::INSUFFICIENT_AUTHENTICATION
            | AttErrorCode::INSUFFICIENT_AUTHORISATION
            | AttErrorCode::INSUFFICIENT_ENCRYPTION
            | AttErrorCode::INSUFFICIENT_ENCRYPTION_KEY_SIZE => Self::NeedsPairing,
            code => Self::Refused {
                att: Some(code.to_u8()),
                link_alive: true,
            },
        }
    }
}

impl fmt::Display for BleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Controller => "the Bluetooth controller failed",
            Self::NotFound => "no matching Bluetooth device was seen",
            Self::ConnectTimedOut => "the device did not let us connect in time",
            Self::NoService => "the device offers no provisioning service",
            Self::TooManyEndpoints => "the device has more endpoints than there is room for",
            Self::EmptyRequest => "an empty request cannot be sent over Bluetooth",
            Self::NoSuchEndpoint => "the device has no such endpoint",
            Self::RequestTooLarge { limit } => {
                return write!(
                    f,
                    "the request is longer than the {limit} bytes this link carries"
                );
            }
            Self::ReplyTooLarge { need } => {
                return write!(f, "the reply needs {need} bytes, more than the buffer has");
            }
            Self::Refused { att: Some(code), .. } => {
                return write!(f, "the device refused the request (ATT error 0x{code:02x})");
            }
            Self::Refused { att: None, .. } => "the device refused the request and hung up",
            Self::NeedsPairing => "the device wants an encrypted or paired link",
            Self::LinkLost { .. } => "the connection to the device broke",
            Self::TimedOut { .. } => "the device did not answer in time",
            Self::NeedsReconnect => "the connection is unusable after an earlier failure",
            Self::Garbled => "the device's answer makes no sense",
        })
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
            Self::LinkLost { delivered } => LinkFault::Lost { delivered },
            Self::TimedOut { delivered } => LinkFault::TimedOut { delivered },
            Self::ConnectTimedOut => LinkFault::TimedOut { delivered: false },
            Self::NeedsReconnect => LinkFault::NeedsReconnect,
            Self::NoService | Self::TooManyEndpoints | Self::Garbled => LinkFault::Garbled,
            Self::Controller | Self::NotFound => LinkFault::Lost { delivered: false },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn att_errors() {
        let pairing = BleError::att(AttErrorCode::INSUFFICIENT_ENCRYPTION);
        assert_eq!(pairing.fault(), LinkFault::NeedsPairing);
        let refused = BleError::att(AttErrorCode::INVALID_PDU);
        assert_eq!(refused.fault(), LinkFault::Refused { link_alive: true });
        assert_eq!(
            std::string::ToString::to_string(&refused),
            "the device refused the request (ATT error 0x04)"
        );
    }
}
