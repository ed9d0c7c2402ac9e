//! Endpoint `proto-ver`: version, security, capabilities.

use super::{Request, asked};
use crate::ReplyError;
use espprov_proto::EncodeError;
use espprov_types::DeviceInfo;

/// Asks for the device's version and capabilities. Travels in clear, with or without a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GetInfo;

/// Any bytes do, but not none: an empty body is refused over HTTP.
const FILLER: &[u8] = b"---";

impl Request for GetInfo {
    type Response<'b> = DeviceInfo;

    asked!(PROTO_VER, Info);

    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        super::custom::copy(FILLER, out)
    }

    fn decode(&self, reply: &[u8]) -> Result<DeviceInfo, ReplyError> {
        Ok(DeviceInfo::parse(reply)?)
    }
}
