//! The envelope of every handshake message: `SessionData`, and the checks all schemes share.

#[cfg(any(feature = "sec1", feature = "sec2"))]
use crate::Field;
use crate::HandshakeError;
use espprov_proto::common::Status;
use espprov_proto::session::{SecSchemeVersion, SessionData, session_data::Proto};

/// Decodes a `SessionData` of `scheme`. Unknown fields are ignored.
pub(crate) fn decode(bytes: &[u8], scheme: SecSchemeVersion) -> Result<Proto, HandshakeError> {
    let data: SessionData = espprov_proto::decode(bytes).map_err(|_| HandshakeError::Malformed)?;
    if data.sec_ver != scheme as i32 {
        return Err(HandshakeError::SchemeMismatch);
    }
    data.proto.ok_or(HandshakeError::PayloadMismatch)
}

/// Encodes a `SessionData` of `scheme` at the start of `out` and returns its length.
pub(crate) fn encode(
    scheme: SecSchemeVersion,
    proto: Proto,
    out: &mut [u8],
) -> Result<usize, HandshakeError> {
    let data = SessionData {
        sec_ver: scheme as i32,
        proto: Some(proto),
    };
    espprov_proto::encode(&data, out).map_err(|error| HandshakeError::BufferTooShort { needed: error.needed })
}

/// Is `msg` the message type that is due?
pub(crate) fn expect_msg(msg: i32, due: i32) -> Result<(), HandshakeError> {
    if msg == due {
        Ok(())
    } else {
        Err(HandshakeError::UnexpectedMessage)
    }
}

/// Did the device answer Success?
pub(crate) fn expect_success(status: i32) -> Result<(), HandshakeError> {
    if status == Status::Success as i32 {
        Ok(())
    } else {
        Err(HandshakeError::DeviceStatus(status))
    }
}

/// A field of exactly `N` bytes.
#[cfg(any(feature = "sec1", feature = "sec2"))]
pub(crate) fn exactly<const N: usize>(bytes: &[u8], field: Field) -> Result<[u8; N], HandshakeError> {
    bytes.try_into().map_err(|_| HandshakeError::WrongLength(field))
}
