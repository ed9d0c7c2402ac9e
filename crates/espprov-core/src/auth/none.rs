//! Devices without any security: raw protocomm, no `prov-session` endpoint to speak of.

use super::{Authenticator, PolicyError, SessionSecurity};
use espprov_security::{Handshake, HandshakeError, Notices, Plain, Retry};
use espprov_types::DeviceInfo;
use rand_core::TryCryptoRng;

/// Skips the handshake. Whoever chooses this accepts that everything travels in clear.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoSecurity;

/// A handshake that is over before it begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SkippedHandshake;

impl Authenticator for NoSecurity {
    type Handshake = SkippedHandshake;

    fn begin<R: TryCryptoRng>(&mut self, _: &DeviceInfo, _: &mut R) -> Result<SkippedHandshake, PolicyError> {
        Ok(SkippedHandshake)
    }

    fn security(&self, _: &SkippedHandshake) -> SessionSecurity {
        SessionSecurity::None
    }

    fn allows_plaintext(&self) -> bool {
        true
    }
}

impl Handshake for SkippedHandshake {
    type Channel = Plain;

    fn poll_request(&mut self, _: &mut [u8]) -> Result<Option<usize>, HandshakeError> {
        Ok(None)
    }

    fn handle_response(&mut self, _: &[u8]) -> Result<(), HandshakeError> {
        Err(HandshakeError::Poisoned)
    }

    fn handle_refusal(&mut self, _: bool) -> Result<Retry, HandshakeError> {
        Err(HandshakeError::Poisoned)
    }

    fn notices(&self) -> Notices {
        Notices::default()
    }

    fn into_channel(self) -> Result<Plain, HandshakeError> {
        Ok(Plain)
    }
}
