//! A handshake and a channel chosen at run time.

use super::{NoSecurity, SkippedHandshake};
use espprov_security::{
    Budget, Channel, ChannelError, Handshake, HandshakeError, Notices, Plain, Progress, Retry, sec0, sec1,
    sec2,
};

/// One of the three handshakes.
#[derive(Debug)]
#[non_exhaustive]
pub enum AnyHandshake {
    /// No handshake; see [`NoSecurity`].
    Skipped(SkippedHandshake),
    /// Security 0.
    Sec0(sec0::Client),
    /// Security 1.
    Sec1(sec1::Client),
    /// Security 2.
    Sec2(sec2::Client),
}

/// The channel one of the handshakes ended in.
#[derive(Debug)]
#[non_exhaustive]
pub enum AnyChannel {
    /// No cipher.
    Plain(Plain),
    /// AES-256-CTR.
    Sec1(<sec1::Client as Handshake>::Channel),
    /// AES-256-GCM.
    Sec2(<sec2::Client as Handshake>::Channel),
}

macro_rules! each {
    ($any:expr, $inner:ident => $body:expr) => {
        match $any {
            Self::Skipped($inner) => $body,
            Self::Sec0($inner) => $body,
            Self::Sec1($inner) => $body,
            Self::Sec2($inner) => $body,
        }
    };
}

impl Handshake for AnyHandshake {
    type Channel = AnyChannel;

    fn poll_request(&mut self, out: &mut [u8]) -> Result<Option<usize>, HandshakeError> {
        each!(self, h => h.poll_request(out))
    }

    fn compute(&mut self, budget: Budget) -> Result<Progress, HandshakeError> {
        each!(self, h => h.compute(budget))
    }

    fn handle_response(&mut self, response: &[u8]) -> Result<(), HandshakeError> {
        each!(self, h => h.handle_response(response))
    }

    fn handle_refusal(&mut self, link_alive: bool) -> Result<Retry, HandshakeError> {
        each!(self, h => h.handle_refusal(link_alive))
    }

    fn notices(&self) -> Notices {
        each!(self, h => h.notices())
    }

    fn into_channel(self) -> Result<AnyChannel, HandshakeError> {
        Ok(match self {
            Self::Skipped(h) => AnyChannel::Plain(h.into_channel()?),
            Self::Sec0(h) => AnyChannel::Plain(h.into_channel()?),
            Self::Sec1(h) => AnyChannel::Sec1(h.into_channel()?),
            Self::Sec2(h) => AnyChannel::Sec2(h.into_channel()?),
        })
    }
}

impl Channel for AnyChannel {
    fn overhead(&self) -> usize {
        match self {
            Self::Plain(c) => c.overhead(),
            Self::Sec1(c) => c.overhead(),
            Self::Sec2(c) => c.overhead(),
        }
    }

    fn is_encrypted(&self) -> bool {
        match self {
            Self::Plain(c) => c.is_encrypted(),
            Self::Sec1(c) => c.is_encrypted(),
            Self::Sec2(c) => c.is_encrypted(),
        }
    }

    fn seal(&mut self, buf: &mut [u8], len: usize) -> Result<usize, ChannelError> {
        match self {
            Self::Plain(c) => c.seal(buf, len),
            Self::Sec1(c) => c.seal(buf, len),
            Self::Sec2(c) => c.seal(buf, len),
        }
    }

    fn open<'b>(&mut self, buf: &'b mut [u8]) -> Result<&'b [u8], ChannelError> {
        match self {
            Self::Plain(c) => c.open(buf),
            Self::Sec1(c) => c.open(buf),
            Self::Sec2(c) => c.open(buf),
        }
    }
}

impl From<NoSecurity> for AnyHandshake {
    fn from(_: NoSecurity) -> Self {
        Self::Skipped(SkippedHandshake)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Claim, Counter, SEC0, SEC1, SEC1_NO_POP, SEC2, info, shake_hands};
    use super::super::{Authenticator as _, Auto};
    use super::*;
    use espprov_security::DeviceHandshake;

    /// A record sealed by whatever channel comes of this claim is read by such a device, is longer by what the cipher of
    /// the standard adds, and shows its text where there is no cipher.
    fn a_record(claim: Claim, mut device: impl DeviceHandshake, overhead: usize) {
        let mut auth = match claim {
            SEC0 => Auto::new(),
            _ => Auto::new().with_pop(b"abcd1234").unwrap(),
        };
        let mut client = auth.begin(&info(claim), &mut Counter(0)).unwrap();
        shake_hands(&mut client, &mut device);
        let mut channel = client.into_channel().unwrap();
        assert_eq!(channel.overhead(), overhead);
        assert_eq!(channel.is_encrypted(), claim != SEC0);
        let mut record = [0; 64];
        record[..5].copy_from_slice(b"hello");
        let len = channel.seal(&mut record, 5).unwrap();
        assert_eq!(len, 5 + overhead);
        assert_eq!(record.starts_with(b"hello"), claim == SEC0);
        let opened = device.channel().unwrap().open(&mut record[..len]).unwrap();
        assert_eq!(opened, b"hello");
    }

    #[test]
    fn each_scheme_has_its_own_notices() {
        for (claim, auth, guessable_pop, unauthenticated) in [
            (SEC1, Auto::new().with_pop(b"abcd1234").unwrap(), true, false),
            (SEC1_NO_POP, Auto::new(), false, true),
            (
                SEC2,
                Auto::new().with_password(b"abcd1234").unwrap(),
                false,
                false,
            ),
        ] {
            let mut auth = auth;
            let handshake = auth.begin(&info(claim), &mut Counter(0)).unwrap();
            let told = handshake.notices();
            assert_eq!(
                (told.guessable_pop, told.unauthenticated),
                (guessable_pop, unauthenticated),
                "{claim:?}"
            );
        }
    }

    #[test]
    fn each_scheme_has_its_own_channel() {
        a_record(SEC0, sec0::Device::new(), 0);
        a_record(SEC1, sec1::Device::new(b"abcd1234"), 0);
        let verifier = sec2::Verifier::generate(b"wifiprov", b"abcd1234", &[7; 16]).unwrap();
        a_record(SEC2, sec2::Device::new(verifier, sec2::Patch::CounterNonce), 16);
    }
}
