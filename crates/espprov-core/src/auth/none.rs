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

#[cfg(test)]
mod tests {
    use super::super::testing::{Counter, SEC0, info};
    use super::*;

    #[test]
    fn there_is_nothing_to_shake() {
        let mut auth = NoSecurity;
        let mut handshake = auth.begin(&info(SEC0), &mut Counter(0)).unwrap();
        assert_eq!(auth.security(&handshake), SessionSecurity::None);
        assert!(auth.allows_plaintext());
        assert_eq!(handshake.poll_request(&mut [0; 64]), Ok(None));
        // Nothing was asked, so nothing can be answered or refused.
        assert_eq!(handshake.handle_response(&[]), Err(HandshakeError::Poisoned));
        assert_eq!(handshake.handle_refusal(true), Err(HandshakeError::Poisoned));
        assert_eq!(handshake.notices(), Notices::default());
        assert_eq!(handshake.into_channel(), Ok(Plain));
    }
}
