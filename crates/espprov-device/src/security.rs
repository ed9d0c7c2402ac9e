//! Security chosen at build time or at run time.

use espprov_security::{DeviceHandshake, HandshakeError, Plain};
use rand_core::TryCryptoRng;

/// No security at all: there is no endpoint `prov-session`, and requests are plaintext. (Security 0 is
/// something else: it has the endpoint and a handshake without meaning.)
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoSecurity(Plain);

impl DeviceHandshake for NoSecurity {
    type Channel = Plain;

    fn handle_request<R: TryCryptoRng>(
        &mut self,
        _request: &[u8],
        _rng: &mut R,
        _out: &mut [u8],
    ) -> Result<usize, HandshakeError> {
        Err(HandshakeError::Poisoned)
    }

    fn channel(&mut self) -> Option<&mut Plain> {
        Some(&mut self.0)
    }

    fn reset(&mut self) {}

    fn has_endpoint(&self) -> bool {
        false
    }
}
