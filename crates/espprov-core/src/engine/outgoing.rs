//! What goes out: requests put into the buffer, enciphered or as they are.

use super::Engine;
use super::state::{Stage, UnderWay};
use crate::auth::Authenticator;
use crate::call::Question;
use crate::request::{GetInfo, Request};
use crate::{Event, Observer, Phase, ProvisionError, ReplyError, SessionError};
use espprov_transport::{Endpoint, Limits};
use espprov_types::DeviceInfo;
use rand_core::TryCryptoRng;

impl<A: Authenticator, R: TryCryptoRng, B: AsMut<[u8]>, O: Observer> Engine<A, R, B, O> {
    /// Puts a request into the buffer, enciphered.
    pub(super) fn seal<E>(
        &mut self,
        question: &dyn Question,
        limits: Limits,
    ) -> Result<UnderWay, ProvisionError<E>> {
        let Stage::Ready { session, .. } = &mut self.stage else {
            return Err(ProvisionError::Internal);
        };
        let phase = question.phase();
        let secret = matches!(phase, Phase::Set | Phase::Data);
        if secret && !session.is_encrypted() && !self.auth.allows_plaintext() {
            return Err(ProvisionError::PlaintextNotAllowed);
        }
        let buf = self.buf.bytes();
        // The record is sealed into no more room than the link has: too long is known before the cipher moves.
        let room = limits.max_request.unwrap_or(usize::MAX).min(buf.len());
        let out = buf.get_mut(..room).unwrap_or_default();
        let sealed = session.seal(question.endpoint(), &|out| question.encode(out), out);
        self.run.sent = sealed.map_err(|error| match error {
            SessionError::BufferTooShort { needed } => ProvisionError::RequestTooLarge {
                need: needed,
                limit: room,
            },
            error => ProvisionError::session(phase, error),
        })?;
        Ok(UnderWay::Answer)
    }

    /// Puts a request into the buffer as it is.
    ///
    /// Sent past a cipher they are not what it expects: the device's state moves on, or is thrown away, and the session
    /// with it. Only proto-ver leaves it alone.
    pub(super) fn copy<E>(
        &mut self,
        endpoint: Endpoint<'_>,
        data: &[u8],
    ) -> Result<UnderWay, ProvisionError<E>> {
        let buf = self.buf.bytes();
        let too_large = ProvisionError::RequestTooLarge {
            need: data.len(),
            limit: buf.len(),
        };
        buf.get_mut(..data.len()).ok_or(too_large)?.copy_from_slice(data);
        self.run.sent = data.len();
        let endpoint = self.endpoints.resolve(endpoint);
        let disturbs = match &self.stage {
            Stage::Ready { session, .. } => endpoint.is_encrypted() && session.is_encrypted(),
            _ => false,
        };
        if disturbs || endpoint.is_session() {
            self.forget();
        }
        Ok(UnderWay::Raw)
    }

    /// Puts the question for the device's description into the buffer.
    pub(super) fn ask_info<E>(&mut self) -> Result<UnderWay, ProvisionError<E>> {
        let filler = Request::encode(&GetInfo, self.buf.bytes());
        self.run.sent = filler.map_err(|error| ProvisionError::session(Phase::Info, error.into()))?;
        Ok(UnderWay::Info)
    }

    /// Reads the device's description.
    #[inline(never)] // its reader needs stack that nothing deeper shall run on top of
    pub(super) fn read_info<E>(&mut self, len: usize) -> Result<(), ProvisionError<E>> {
        let reply = self.buf.bytes().get(..len).unwrap_or_default();
        let info = self.info.insert(DeviceInfo::default());
        if let Err(error) = info.read(self.endpoints.root, reply) {
            self.info = None;
            return Err(ProvisionError::session(
                Phase::Info,
                ReplyError::Info(error).into(),
            ));
        }
        self.observer.event(&Event::Info(info));
        Ok(())
    }
}
