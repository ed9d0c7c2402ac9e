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
    ScanEntries, ScanPage, ScanProgress, ScanStatus, StartThreadScan, StartWifiScan, ThreadScanPage,
    WifiScanPage,
};
pub use thread::{ApplyThread, GetThreadStatus, SetThread};

use crate::{Phase, ReplyError};
use espprov_transport::Endpoint;

pub use espprov_proto::EncodeError;

/// A question to the device: where it goes, its bytes, and how to read the answer.
///
/// Implement it for the messages of your application's own endpoint and let
/// [`Provisioner::ask`](crate::Provisioner::ask) take them there; bytes without a type of their own travel as [`Custom`].
///
/// ```
/// use espprov_core::ReplyError;
/// use espprov_core::request::{EncodeError, Request};
/// use espprov_transport::Endpoint;
///
/// /// Asks for the temperature at a sensor, in tenths of a degree.
/// struct Temperature(u8);
///
/// impl Request for Temperature {
///     type Response<'b> = i16;
///
///     fn endpoint(&self) -> Endpoint<'_> {
///         Endpoint::CUSTOM_DATA
///     }
///
///     fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
///         let available = out.len();
///         *out.first_mut().ok_or(EncodeError { needed: 1, available })? = self.0;
///         Ok(1)
///     }
///
///     fn decode(&self, reply: &[u8]) -> Result<i16, ReplyError> {
///         let bytes = reply.try_into().map_err(|_| ReplyError::Malformed)?;
///         Ok(i16::from_be_bytes(bytes))
///     }
/// }
/// ```
pub trait Request {
    /// The answer; may borrow from the reply buffer.
    type Response<'b>;

    /// Where the request goes.
    fn endpoint(&self) -> Endpoint<'_>;

    /// The step that fails if this does, as errors name it.
    ///
    /// What is asked in [`Phase::Set`] or [`Phase::Data`] counts as secret: it does not travel unencrypted unless the
    /// user allowed that.
    fn phase(&self) -> Phase {
        Phase::Data
    }

    /// Writes the plaintext into `out` and returns its length: one byte at least, devices do not answer less.
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

/// Where a request of the protocol goes, and the step that fails if it does.
macro_rules! asked {
    ($endpoint:ident, $phase:ident) => {
        fn endpoint(&self) -> espprov_transport::Endpoint<'_> {
            espprov_transport::Endpoint::$endpoint
        }

        fn phase(&self) -> $crate::Phase {
            $crate::Phase::$phase
        }
    };
}
use asked;

/// Reads a list of fixed-size identifiers off the wire.
fn octets<const N: usize>(bytes: &[u8]) -> Result<[u8; N], ReplyError> {
    bytes.try_into().map_err(|_| ReplyError::FieldOutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WifiConfig;
    use espprov_types::ThreadDataset;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn decode_all(reply: &[u8], page: ScanPage) {
        let config = WifiConfig::unchecked(b"a", b"");
        let dataset = ThreadDataset::from_raw(b"").unwrap();
        let _ = SetWifi(&config).decode(reply);
        let _ = ApplyWifi.decode(reply);
        let _ = GetWifiStatus.decode(reply);
        let _ = SetThread(&dataset).decode(reply);
        let _ = ApplyThread.decode(reply);
        let _ = GetThreadStatus.decode(reply);
        let _ = GetInfo.decode(reply);
        let _ = ScanStatus::Wifi.decode(reply);
        let _ = ScanStatus::Thread.decode(reply);
        if let Ok(entries) = WifiScanPage(page).decode(reply) {
            assert!(entries.networks.len() + usize::from(entries.skipped) <= usize::from(page.count));
        }
        if let Ok(entries) = ThreadScanPage(page).decode(reply) {
            assert!(entries.networks.len() + usize::from(entries.skipped) <= usize::from(page.count));
        }
        for action in [ControlAction::ResetWifi, ControlAction::ReprovThread] {
            let _ = Control(action).decode(reply);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(reply in vec(any::<u8>(), 0..300), count in any::<u8>()) {
            decode_all(&reply, ScanPage { start: 0, count });
        }

        /// Valid up to one changed byte: gets past the envelope.
        #[test]
        fn nearly_valid_bytes_are_survived(which in 0..4_usize, at in any::<prop::sample::Index>(), value in any::<u8>()) {
            let mut reply = crate::testing::hex([
                "08015a235a210a0c3139322e3136382e312e373710071a05666c616b792206240ac40007002801",
                "08078a011f5a1d08b42412081111111122222222180f220c4f70656e5468726561642d31",
                "08057a1d0a1b0a026162100618ceffffffffffffffff0122060102030405062809",
                "08036a0408011007",
            ][which]);
            let at = at.index(reply.len());
            reply[at] = value;
            decode_all(&reply, ScanPage { start: 0, count: 4 });
        }
    }
}
