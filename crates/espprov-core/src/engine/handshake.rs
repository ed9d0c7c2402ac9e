//! The handshake's part of the engine.

use super::Engine;
use super::state::{Link, Stage, UnderWay};
use crate::auth::Authenticator;
use crate::{Event, Observer, Phase, ProvisionError, Session};
use core::mem;
use espprov_security::{Handshake, HandshakeError, Progress, Retry};
use rand_core::TryCryptoRng;

/// More steps than any handshake has, fallbacks included: a scheme that never ends must not hang us.
const MAX_STEPS: u8 = 16;

impl<A: Authenticator, R: TryCryptoRng, B: AsMut<[u8]>, O: Observer> Engine<A, R, B, O> {
    /// Starts a handshake with the device as it described itself.
    #[inline(never)] // a handshake takes up to a kilobyte: its way into its place is off the stack before it computes
    pub(super) fn begin_handshake<E>(&mut self) -> Result<(), ProvisionError<E>> {
        let Some(info) = &self.info else {
            return Err(ProvisionError::Internal);
        };
        let handshake = self.auth.begin(info, &mut self.rng);
        let handshake = handshake.map_err(ProvisionError::policy)?;
        self.stage = Stage::Handshake {
            security: self.auth.security(&handshake),
            handshake,
            steps: 0,
            computed: true,
        };
        Ok(())
    }

    /// Lets the handshake compute what its next request takes, within the budget, and puts that into the buffer. Nothing is
    /// under way then if there is no more, or no handshake.
    ///
    /// It is to come again when there is more to compute, and when it has computed since the time was last told: deadlines
    /// must not be reckoned from before.
    #[inline(never)] // the deepest stack is here: what is needed elsewhere must not lie under it
    pub(super) fn poll_handshake<E>(&mut self) -> Result<UnderWay, ProvisionError<E>> {
        let Stage::Handshake {
            handshake,
            security,
            steps,
            computed,
        } = &mut self.stage
        else {
            return Ok(UnderWay::Nothing);
        };
        let request = match handshake.compute(self.budget) {
            Ok(Progress::Busy) => return Ok(UnderWay::Computing),
            Ok(Progress::Done) if mem::replace(computed, false) => return Ok(UnderWay::Computing),
            Ok(Progress::Done) if *steps >= MAX_STEPS => Err(HandshakeError::NotFinished),
            Ok(Progress::Done) => handshake.poll_request(self.buf.bytes()),
            Err(error) => Err(error),
        };
        *steps = steps.saturating_add(1);
        match request.map_err(|error| ProvisionError::handshake(*security, error))? {
            Some(len) => {
                self.run.sent = len;
                Ok(UnderWay::Handshake)
            }
            None => self.finish_handshake().map(|()| UnderWay::Nothing),
        }
    }

    /// The handshake becomes a session.
    #[inline(never)] // as above
    fn finish_handshake<E>(&mut self) -> Result<(), ProvisionError<E>> {
        let stage = mem::replace(&mut self.stage, Stage::Nothing);
        let Stage::Handshake {
            handshake, security, ..
        } = stage
        else {
            return Ok(());
        };
        let notices = handshake.notices();
        let channel = handshake.into_channel();
        let channel = channel.map_err(|error| ProvisionError::handshake(security, error))?;
        self.stage = Stage::Ready {
            session: Session::new(channel),
            security,
        };
        self.observer.event(&Event::Session { security, notices });
        Ok(())
    }

    /// The device answered.
    #[inline(never)] // as above
    pub(super) fn handle_response<E>(&mut self, len: usize) -> Result<(), ProvisionError<E>> {
        let Stage::Handshake {
            handshake,
            security,
            computed,
            ..
        } = &mut self.stage
        else {
            return Ok(());
        };
        *computed = true;
        let reply = self.buf.bytes().get(..len).unwrap_or_default();
        let taken = handshake.handle_response(reply);
        taken.map_err(|error| ProvisionError::handshake(*security, error))
    }

    /// The device refused without an answer. The handshake knows whether that is its end.
    pub(super) fn handle_refusal<E>(&mut self, link_alive: bool) -> Result<(), ProvisionError<E>> {
        let Stage::Handshake {
            handshake,
            security,
            computed,
            ..
        } = &mut self.stage
        else {
            return Ok(());
        };
        *computed = true;
        let asked = *security;
        let retry = handshake.handle_refusal(link_alive);
        // It may go on as another scheme.
        *security = self.auth.security(handshake);
        let security = asked;
        match retry.map_err(|error| ProvisionError::handshake(security, error))? {
            Retry::Request if link_alive => Ok(()),
            Retry::Request | Retry::Restart => {
                self.link = Link::Broken;
                Ok(())
            }
            Retry::GiveUp {
                wrong_credentials: true,
            } => Err(ProvisionError::WrongCredentials { security }),
            _ => Err(ProvisionError::Refused {
                phase: Phase::Handshake,
            }),
        }
    }
}

impl<A: Authenticator, R, B: AsMut<[u8]>, O> Engine<A, R, B, O> {
    /// A handshake that failed, or that nobody waits for any more.
    pub(super) fn drop_handshake(&mut self) {
        if let Stage::Handshake { .. } = self.stage {
            self.forget();
        }
    }
}
