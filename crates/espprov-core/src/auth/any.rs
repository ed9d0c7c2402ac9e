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
