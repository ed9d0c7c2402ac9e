//! The body of a request.

use crate::tap::Meter;
use bytes::Bytes;
use core::convert::Infallible;
use core::pin::Pin;
use core::task::{Context, Poll};
use hyper::body::{Body, Frame, SizeHint};
use zeroize::Zeroizing;

/// A request's bytes in one piece, so that they go out with `Content-Length`, and wiped after use: under
/// security 0 they hold the Wi-Fi passphrase in clear. For the same reason there is no `Debug`.
pub(crate) struct RequestBody {
    bytes: Option<Bytes>,
    meter: Meter,
}

impl RequestBody {
    pub(crate) fn new(request: &[u8], meter: Meter) -> Self {
        let bytes = Bytes::from_owner(Zeroizing::new(request.to_vec()));
        Self {
            bytes: Some(bytes),
            meter,
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = self.bytes.take();
        if bytes.is_some() {
            self.meter.body_taken();
        }
        Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.bytes.as_ref().map_or(0, Bytes::len);
        SizeHint::with_exact(u64::try_from(left).unwrap_or(u64::MAX))
    }
}
