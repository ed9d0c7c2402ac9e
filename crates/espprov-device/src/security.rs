//! Security chosen at build time or at run time.

#[cfg(feature = "sec1")]
use crate::Quirks;
#[cfg(feature = "sec1")]
use espprov_security::sec1;
#[cfg(feature = "sec2")]
use espprov_security::sec2;
use espprov_security::{Channel, ChannelError, DeviceHandshake, HandshakeError, Plain, sec0};
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

/// A scheme chosen at run time: what a simulator needs. Firmware names the one type it uses.
#[derive(Debug)]
#[non_exhaustive]
#[allow(
    clippy::large_enum_variant,
    reason = "a device has one of these for good: no heap for it"
)]
pub enum AnySecurity {
    /// No security, no endpoint `prov-session`.
    None(NoSecurity),
    /// Security 0.
    Sec0(sec0::Device),
    /// Security 1.
    #[cfg(feature = "sec1")]
    Sec1(sec1::Device),
    /// Security 2.
    #[cfg(feature = "sec2")]
    Sec2(sec2::Device),
}

impl AnySecurity {
    /// No security at all.
    #[must_use]
    pub fn none() -> Self {
        Self::None(NoSecurity::default())
    }

    /// Security 0.
    #[must_use]
    pub fn sec0() -> Self {
        Self::Sec0(sec0::Device::new())
    }

    /// Security 1 with a proof of possession, empty for none.
    #[cfg(feature = "sec1")]
    #[must_use]
    pub fn sec1(pop: &[u8], quirks: &Quirks) -> Self {
        Self::Sec1(sec1::Device::new(pop).with_retry_after_wrong_proof(quirks.sec1_accepts_corrected_proof))
    }

    /// Security 2 with salt and verifier.
    #[cfg(feature = "sec2")]
    #[must_use]
    pub fn sec2(verifier: sec2::Verifier, patch: sec2::Patch) -> Self {
        Self::Sec2(sec2::Device::new(verifier, patch))
    }
}

/// Calls `$body` with the scheme that was chosen.
macro_rules! each {
    ($any:expr, $scheme:ident => $body:expr) => {
        match $any {
            Self::None($scheme) => $body,
            Self::Sec0($scheme) => $body,
            #[cfg(feature = "sec1")]
            Self::Sec1($scheme) => $body,
            #[cfg(feature = "sec2")]
            Self::Sec2($scheme) => $body,
        }
    };
}

/// The channel is the scheme itself, looked at as a channel.
impl DeviceHandshake for AnySecurity {
    type Channel = Self;

    fn handle_request<R: TryCryptoRng>(
        &mut self,
        request: &[u8],
        rng: &mut R,
        out: &mut [u8],
    ) -> Result<usize, HandshakeError> {
        each!(self, scheme => scheme.handle_request(request, rng, out))
    }

    fn channel(&mut self) -> Option<&mut Self> {
        let open = each!(self, scheme => scheme.channel().is_some());
        open.then_some(self)
    }

    fn reset(&mut self) {
        each!(self, scheme => scheme.reset());
    }

    fn has_endpoint(&self) -> bool {
        each!(self, scheme => scheme.has_endpoint())
    }
}

/// Only reachable through [`DeviceHandshake::channel`], that is: with a session. Without one a record is
/// refused as if the session were used up.
impl Channel for AnySecurity {
    fn overhead(&self) -> usize {
        match self {
            #[cfg(feature = "sec2")]
            Self::Sec2(_) => sec2::TAG_LEN,
            _ => 0,
        }
    }

    fn is_encrypted(&self) -> bool {
        !matches!(self, Self::None(_) | Self::Sec0(_))
    }

    fn seal(&mut self, buf: &mut [u8], len: usize) -> Result<usize, ChannelError> {
        each!(self, scheme => scheme.channel().ok_or(ChannelError::NonceExhausted)?.seal(buf, len))
    }

    fn open<'b>(&mut self, buf: &'b mut [u8]) -> Result<&'b [u8], ChannelError> {
        each!(self, scheme => scheme.channel().ok_or(ChannelError::NonceExhausted)?.open(buf))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Never;
    impl rand_core::TryRng for Never {
        type Error = core::convert::Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            unreachable!("no scheme that is asked here draws")
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            unreachable!("no scheme that is asked here draws")
        }
        fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> {
            unreachable!("no scheme that is asked here draws")
        }
    }
    impl TryCryptoRng for Never {}

    #[test]
    fn without_security_there_is_no_handshake_and_always_a_session() {
        let mut none = NoSecurity::default();
        assert!(!none.has_endpoint());
        let refused = none.handle_request(&[0x52, 0], &mut Never, &mut [0; 64]);
        assert_eq!(refused, Err(HandshakeError::Poisoned));
        let mut any = AnySecurity::none();
        any.reset();
        assert!(!any.has_endpoint() && any.channel().is_some());
        assert_eq!(any.handle_request(&[0x52, 0], &mut Never, &mut [0; 64]), refused);
    }

    #[cfg(all(feature = "sec1", feature = "sec2"))]
    #[test]
    fn what_a_scheme_adds_to_a_reply() {
        let verifier = sec2::Verifier::generate(b"wifiprov", b"abcd1234", &[0x5a; 16]).unwrap();
        for (security, overhead, is_encrypted) in [
            (AnySecurity::none(), 0, false),
            (AnySecurity::sec0(), 0, false),
            (AnySecurity::sec1(b"abcd1234", &Quirks::default()), 0, true),
            (AnySecurity::sec2(verifier, sec2::Patch::CounterNonce), 16, true),
        ] {
            assert_eq!(security.overhead(), overhead, "{security:?}");
            assert_eq!(security.is_encrypted(), is_encrypted, "{security:?}");
        }
    }
}
