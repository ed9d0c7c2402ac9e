//! Security 0: one exchange that proves nothing, then plaintext.
//!
//! Everything, the Wi-Fi passphrase included, travels in clear. It exists because devices are built that way.

use crate::wire;
use crate::{DeviceHandshake, Handshake, HandshakeError, Notices, Plain, Retry};
use espprov_proto::common::Status;
use espprov_proto::session::sec0_payload::Payload;
use espprov_proto::session::session_data::Proto;
use espprov_proto::session::{S0SessionCmd, S0SessionResp, Sec0MsgType, Sec0Payload, SecSchemeVersion};
use rand_core::TryCryptoRng;

fn payload(bytes: &[u8]) -> Result<Sec0Payload, HandshakeError> {
    match wire::decode(bytes, SecSchemeVersion::SecScheme0)? {
        Proto::Sec0(payload) => Ok(payload),
        _ => Err(HandshakeError::PayloadMismatch),
    }
}

fn encode(msg: Sec0MsgType, payload: Payload, out: &mut [u8]) -> Result<usize, HandshakeError> {
    let proto = Proto::Sec0(Sec0Payload {
        msg: msg as i32,
        payload: Some(payload),
    });
    wire::encode(SecSchemeVersion::SecScheme0, proto, out)
}

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
                let len = encode(Sec0MsgType::S0SessionCommand, Payload::Sc(S0SessionCmd {}), out)?;
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
                let message = payload(response)?;
                wire::expect_msg(message.msg, Sec0MsgType::S0SessionResponse as i32)?;
                let Some(Payload::Sr(reply)) = message.payload else {
                    return Err(HandshakeError::PayloadMismatch);
                };
                wire::expect_success(reply.status)?;
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
        let message = payload(request)?;
        wire::expect_msg(message.msg, Sec0MsgType::S0SessionCommand as i32)?;
        let Some(Payload::Sc(_)) = message.payload else {
            return Err(HandshakeError::PayloadMismatch);
        };
        let reply = S0SessionResp {
            status: Status::Success as i32,
        };
        encode(Sec0MsgType::S0SessionResponse, Payload::Sr(reply), out)
    }

    fn channel(&mut self) -> Option<&mut Plain> {
        Some(&mut self.channel)
    }

    fn reset(&mut self) {}
}

#[cfg(test)]
#[path = "sec0_tests.rs"]
mod tests;
