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

#[cfg(test)]
mod tests {
    use super::*;

    /// The content of the question means nothing, but there has to be some.
    #[test]
    fn proto_ver_is_asked_and_read() {
        let mut out = [0; 8];
        let len = GetInfo.encode(&mut out).unwrap();
        assert_eq!(out[..len], *b"---");
        let info = GetInfo.decode(br#"{"prov":{"ver":"v1.1","sec_ver":2}}"#).unwrap();
        assert_eq!((info.version.as_str(), info.security), ("v1.1", Some(2)));
        assert!(matches!(GetInfo.decode(b"{"), Err(ReplyError::Info(_))));
    }
}
