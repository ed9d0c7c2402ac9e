//! Typed requests: what can be asked of a device, one struct per question.

mod config;
mod ctrl;
mod custom;
mod info;
mod scan;
mod thread;

pub use config::{ApplyWifi, GetWifiStatus, SetWifi};
pub use ctrl::{Control, ControlAction};
pub use custom::{Custom, EmptyRequest};
pub use info::GetInfo;
pub use scan::{
    ScanPage, ScanProgress, ScanStatus, StartThreadScan, StartWifiScan, ThreadScanPage, WifiScanPage,
};
pub use thread::{ApplyThread, GetThreadStatus, SetThread};

use crate::ReplyError;
use espprov_proto::EncodeError;
use espprov_transport::Endpoint;

/// A question to the device: where it goes, its bytes, and how to read the answer.
///
/// Sealed: the requests of the protocol are known. Anything else travels as [`Custom`] data.
pub trait Request: sealed::Sealed {
    /// The answer; may borrow from the reply buffer.
    type Response<'b>;

    /// Where the request goes.
    fn endpoint(&self) -> Endpoint<'_>;

    /// Writes the plaintext into `out` and returns its length.
    ///
    /// # Errors
    /// `out` is too short.
    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError>;

    /// Reads the plaintext of the reply.
    ///
    /// # Errors
    /// Not an answer to this request, or the device's verdict is not success.
    fn decode<'b>(&self, reply: &'b [u8]) -> Result<Self::Response<'b>, ReplyError>;
}

mod sealed {
    #[expect(unnameable_types, reason = "that is what sealing is")]
    pub trait Sealed {}
}

/// Reads a list of fixed-size identifiers off the wire.
fn octets<const N: usize>(bytes: &[u8]) -> Result<[u8; N], ReplyError> {
    bytes.try_into().map_err(|_| ReplyError::FieldOutOfRange)
}
