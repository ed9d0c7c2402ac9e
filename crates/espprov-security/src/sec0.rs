//! Security 0: one exchange that proves nothing, then plaintext.
//!
//! Everything, the Wi-Fi passphrase included, travels in clear. It exists because devices are built that way.

use crate::wire::{self, Scheme, Step};
use crate::{DeviceHandshake, Handshake, HandshakeError, Notices, Plain, Retry};
use rand_core::TryCryptoRng;

#[derive(Debug, Clone, Copy)]
enum State {
    SendCommand,
    ExpectResponse,
    Established,
    Failed,
}

/// Client half. The call order is that of [`Handshake`].
#[derive(Debug)]
pub struct Client {
    state: State,
}

impl Client {
    /// A handshake that has not begun.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            state: State::SendCommand,
        }
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl Handshake for Client {
    type Channel = Plain;

    fn poll_request(&mut self, out: &mut [u8]) -> Result<Option<usize>, HandshakeError> {
        match core::mem::replace(&mut self.state, State::Failed) {
            State::SendCommand => {
                let len = wire::send(Scheme::Sec0, Step::Command0, &[], out)?;
                self.state = State::ExpectResponse;
                Ok(Some(len))
            }
            State::ExpectResponse => Err(HandshakeError::OutOfTurn),
            State::Established => {
                self.state = State::Established;
                Ok(None)
            }
            State::Failed => Err(HandshakeError::Poisoned),
        }
    }

    fn handle_response(&mut self, response: &[u8]) -> Result<(), HandshakeError> {
        match core::mem::replace(&mut self.state, State::Failed) {
            State::ExpectResponse => {
                wire::response(response, Scheme::Sec0, Step::Response0)?;
                self.state = State::Established;
                Ok(())
            }
            State::SendCommand | State::Established => Err(HandshakeError::OutOfTurn),
            State::Failed => Err(HandshakeError::Poisoned),
        }
    }

    fn handle_refusal(&mut self, _link_alive: bool) -> Result<Retry, HandshakeError> {
        match core::mem::replace(&mut self.state, State::Failed) {
            State::ExpectResponse => Ok(Retry::GiveUp {
                wrong_credentials: false,
            }),
            State::SendCommand | State::Established => Err(HandshakeError::OutOfTurn),
            State::Failed => Err(HandshakeError::Poisoned),
        }
    }

    fn notices(&self) -> Notices {
        Notices::default()
    }

    fn into_channel(self) -> Result<Plain, HandshakeError> {
        match self.state {
            State::Established => Ok(Plain),
            State::SendCommand | State::ExpectResponse => Err(HandshakeError::NotFinished),
            State::Failed => Err(HandshakeError::Poisoned),
        }
    }
}

/// Device half. Its channel is open from the start: security 0 firmware answers application endpoints
/// without any handshake.
#[derive(Debug, Default)]
pub struct Device {
    channel: Plain,
}

impl Device {
    /// A device that waits for its first request.
    #[must_use]
    pub const fn new() -> Self {
        Self { channel: Plain }
    }
}

impl DeviceHandshake for Device {
    type Channel = Plain;

    fn handle_request<R: TryCryptoRng>(
        &mut self,
        request: &[u8],
        _rng: &mut R,
        out: &mut [u8],
    ) -> Result<usize, HandshakeError> {
        match wire::command(request, Scheme::Sec0)? {
            (Step::Command0, _) => wire::answer(Scheme::Sec0, Step::Response0, 2, [&[], &[]], out),
            _ => Err(HandshakeError::UnexpectedMessage),
        }
    }

    fn channel(&mut self) -> Option<&mut Plain> {
        Some(&mut self.channel)
    }

    fn reset(&mut self) {}
}

#[cfg(test)]
#[path = "sec0_tests.rs"]
mod tests;
