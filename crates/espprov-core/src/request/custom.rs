//! Application data on any endpoint: raw bytes both ways, enciphered like everything else.

use super::Request;
use crate::ReplyError;
use core::fmt;
use espprov_proto::EncodeError;
use espprov_transport::Endpoint;

/// Bytes for an application's own endpoint. The answer is bytes too, possibly none.
#[derive(Clone, Copy)]
pub struct Custom<'a> {
    endpoint: Endpoint<'a>,
    data: &'a [u8],
}

impl<'a> Custom<'a> {
    /// Data for `endpoint`.
    ///
    /// # Errors
    /// [`EmptyRequest`]: devices answer empty requests by closing the link, or not at all.
    pub const fn new(endpoint: Endpoint<'a>, data: &'a [u8]) -> Result<Self, EmptyRequest> {
        if data.is_empty() {
            Err(EmptyRequest)
        } else {
            Ok(Self { endpoint, data })
        }
    }
}

impl fmt::Debug for Custom<'_> {
    /// The data may be a secret of the application.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Custom")
            .field("endpoint", &self.endpoint)
            .field("len", &self.data.len())
            .finish()
    }
}

impl Request for Custom<'_> {
    type Response<'b> = &'b [u8];

    fn endpoint(&self) -> Endpoint<'_> {
        self.endpoint
    }

    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        copy(self.data, out)
    }

    fn decode<'b>(&self, reply: &'b [u8]) -> Result<&'b [u8], ReplyError> {
        Ok(reply)
    }
}

/// Copies `data` to the start of `out`.
pub(super) fn copy(data: &[u8], out: &mut [u8]) -> Result<usize, EncodeError> {
    let available = out.len();
    let target = out.get_mut(..data.len()).ok_or(EncodeError {
        needed: data.len(),
        available,
    })?;
    target.copy_from_slice(data);
    Ok(data.len())
}

/// A request needs at least one byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmptyRequest;

impl fmt::Display for EmptyRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a request needs at least one byte: devices do not answer empty ones")
    }
}

impl core::error::Error for EmptyRequest {}
