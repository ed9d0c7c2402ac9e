//! Endpoint `prov-ctrl`: clear a failed attempt, or accept new credentials after a success.

use super::{Request, asked};
use crate::ReplyError;
use espprov_proto::{Command, Ctrl, CtrlReply, EncodeError};
use espprov_types::StatusCode;

/// What to do; see [`Control`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ControlAction {
    /// After a failed attempt: clear the credentials and be ready for others.
    ResetWifi,
    /// After a success: accept new credentials. Only firmware that stays in provisioning mode can.
    ReprovWifi,
    /// As [`ResetWifi`](Self::ResetWifi), for Thread.
    ResetThread,
    /// As [`ReprovWifi`](Self::ReprovWifi), for Thread.
    ReprovThread,
}

/// Moves the device's provisioning state machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Control(pub ControlAction);

impl Control {
    const fn command(self) -> Command<Ctrl> {
        match self.0 {
            ControlAction::ResetWifi => Command::CTRL_WIFI_RESET,
            ControlAction::ReprovWifi => Command::CTRL_WIFI_REPROV,
            ControlAction::ResetThread => Command::CTRL_THREAD_RESET,
            ControlAction::ReprovThread => Command::CTRL_THREAD_REPROV,
        }
    }
}

impl Request for Control {
    type Response<'b> = ();

    asked!(PROV_CTRL, Control);

    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        self.command().write(&[], out)
    }

    fn decode(&self, reply: &[u8]) -> Result<(), ReplyError> {
        let reply = CtrlReply::read(reply)?;
        if reply.msg != self.command().reply() {
            return Err(ReplyError::UnexpectedMessage);
        }
        Ok(StatusCode::check(reply.status)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    #[test]
    fn every_action_has_its_numbers() {
        // Request bytes and the success reply, by the field numbers of the protocol.
        for (action, request, reply) in [
            (ControlAction::ResetWifi, "08015a00", "08026200"),
            (ControlAction::ReprovWifi, "08036a00", "08047200"),
            (ControlAction::ResetThread, "08057a00", "0806820100"),
            (ControlAction::ReprovThread, "08078a0100", "0808920100"),
        ] {
            let mut out = [0; 16];
            let n = Control(action).encode(&mut out).unwrap();
            assert_eq!(out[..n], hex(request), "{action:?}");
            assert_eq!(Control(action).decode(&hex(reply)), Ok(()), "{action:?}");
        }
        assert_eq!(
            Control(ControlAction::ResetWifi).decode(&hex("080210056200")),
            Err(ReplyError::Status(StatusCode::InternalError))
        );
    }
}
