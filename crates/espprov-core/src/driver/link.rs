//! One exchange, one handshake: everything that touches the link.

use super::{ChannelOf, Event, Observer, Phase, ProvisionError, Provisioner};
use crate::auth::{Authenticator, SessionSecurity};
use crate::request::{GetInfo, Request};
use crate::{ReplyError, Session, SessionError};
use core::time::Duration;
use espprov_proto::EncodeError;
use espprov_security::{Handshake, HandshakeError, Retry};
use espprov_transport::{
    Clock, Endpoint, LinkFault, Reconnect, SessionIntent, TransportError, with_deadline,
};
use espprov_types::DeviceInfo;
use rand_core::TryCryptoRng;

/// More steps than any handshake has, fallbacks included: a scheme that never ends must not hang us.
const MAX_HANDSHAKE_STEPS: usize = 16;

/// What a failed exchange leaves behind.
enum Failure<E> {
    /// The transport said so.
    Fault(E, LinkFault),
    Elapsed,
}

impl<T, A, R, C, B, O> Provisioner<T, A, R, C, B, O>
where
    T: Reconnect,
    A: Authenticator,
    R: TryCryptoRng,
    C: Clock,
    B: AsMut<[u8]>,
    O: Observer,
{
    /// The device's description: asked for once, then remembered.
    ///
    /// # Errors
    /// The link failed, or the answer is no proto-ver document.
    pub async fn info(&mut self) -> Result<&DeviceInfo, ProvisionError<T::Error>> {
        self.begin();
        self.describe().await
    }

    async fn describe(&mut self) -> Result<&DeviceInfo, ProvisionError<T::Error>> {
        let info = match self.info.take() {
            Some(info) => info,
            None => self.fetch_info().await?,
        };
        Ok(self.info.insert(info))
    }

    async fn fetch_info(&mut self) -> Result<DeviceInfo, ProvisionError<T::Error>> {
        self.restore_link().await?;
        let fail = |error| ProvisionError::session(Phase::Info, error);
        let len = GetInfo.encode(self.buf.bytes()).map_err(|e| fail(e.into()))?;
        let n = self
            .exchange_for(GetInfo.endpoint(), len, Phase::Info, self.deadlines.exchange)
            .await?;
        let reply = self.buf.bytes().get(..n).unwrap_or_default();
        let info = GetInfo.decode(reply).map_err(|e| fail(e.into()))?;
        self.observer.event(&Event::Info(&info));
        Ok(info)
    }

    /// Makes sure that there is a session, and says how it is secured.
    ///
    /// # Errors
    /// The link failed, the policy forbids it, or the handshake failed.
    pub async fn connect(&mut self) -> Result<SessionSecurity, ProvisionError<T::Error>> {
        self.begin();
        self.establish().await
    }

    async fn establish(&mut self) -> Result<SessionSecurity, ProvisionError<T::Error>> {
        if let Some((session, security)) = &self.session
            && session.is_synchronised()
            && !self.tainted
        {
            return Ok(*security);
        }
        // A session that lost an exchange is beyond repair, and so is its transport session.
        self.tainted |= self.session.take().is_some();
        self.restore_link().await?;
        self.describe().await?;
        let Some(info) = &self.info else {
            return Err(ProvisionError::Deadline { phase: Phase::Info });
        };
        let handshake = self
            .auth
            .begin(info, &mut self.rng)
            .map_err(ProvisionError::Policy)?;
        self.shake_hands(handshake).await
    }

    async fn shake_hands(
        &mut self,
        mut handshake: A::Handshake,
    ) -> Result<SessionSecurity, ProvisionError<T::Error>> {
        let security = self.auth.security(&handshake);
        let fail = |error| ProvisionError::handshake(security, error);
        for _ in 0..MAX_HANDSHAKE_STEPS {
            let Some(len) = handshake.poll_request(self.buf.bytes()).map_err(fail)? else {
                let notices = handshake.notices();
                let channel = handshake.into_channel().map_err(fail)?;
                self.session = Some((Session::new(channel), security));
                self.observer.event(&Event::Session { security, notices });
                return Ok(security);
            };
            match self
                .exchange(Endpoint::PROV_SESSION, len, self.deadlines.handshake)
                .await
            {
                Ok(n) => {
                    let reply = self.buf.bytes().get(..n).unwrap_or_default();
                    handshake.handle_response(reply).map_err(fail)?;
                }
                Err(Failure::Fault(_, LinkFault::Refused { link_alive })) => {
                    match handshake.handle_refusal(link_alive).map_err(fail)? {
                        Retry::Request if link_alive => {}
                        Retry::Request | Retry::Restart => self.reopen().await?,
                        Retry::GiveUp {
                            wrong_credentials: true,
                        } => {
                            return Err(ProvisionError::WrongCredentials { security });
                        }
                        _ => {
                            return Err(ProvisionError::Refused {
                                phase: Phase::Handshake,
                            });
                        }
                    }
                }
                Err(failure) => return Err(failure.at(Phase::Handshake, len)),
            }
        }
        Err(ProvisionError::Handshake(HandshakeError::NotFinished))
    }

    /// Asks a typed question within the session, establishing one first if need be.
    pub(super) async fn ask<Q: Request, U>(
        &mut self,
        request: &Q,
        phase: Phase,
        limit: Duration,
        read: impl FnOnce(Q::Response<'_>) -> U,
    ) -> Result<U, ProvisionError<T::Error>> {
        self.establish().await?;
        // What does not depend on the question is outside, so that it is compiled once.
        let len = self.seal(request.endpoint(), &|out| request.encode(out), phase)?;
        let n = self.transfer(request.endpoint(), len, phase, limit).await?;
        let reply = self.unseal(request.endpoint(), n, phase)?;
        let result = request.decode(reply).map(read);
        result.map_err(|error| self.unreadable(phase, error))
    }

    /// Puts a request into the buffer, enciphered; returns its length.
    #[inline(never)]
    fn seal(
        &mut self,
        endpoint: Endpoint<'_>,
        encode: &dyn Fn(&mut [u8]) -> Result<usize, EncodeError>,
        phase: Phase,
    ) -> Result<usize, ProvisionError<T::Error>> {
        let room = self
            .transport
            .limits()
            .max_request
            .unwrap_or(usize::MAX)
            .min(self.buf.bytes().len());
        let Some((session, _)) = &mut self.session else {
            return Err(ProvisionError::Handshake(HandshakeError::NotFinished));
        };
        // The record is sealed into no more room than the link has: too long is known before the cipher moves.
        let out = self.buf.bytes().get_mut(..room).unwrap_or_default();
        session.seal(endpoint, encode, out).map_err(|error| match error {
            SessionError::BufferTooShort { needed } => ProvisionError::RequestTooLarge {
                need: needed,
                limit: room,
            },
            error => ProvisionError::session(phase, error),
        })
    }

    /// Carries a sealed request to the device and its reply into the buffer.
    async fn transfer(
        &mut self,
        endpoint: Endpoint<'_>,
        len: usize,
        phase: Phase,
        limit: Duration,
    ) -> Result<usize, ProvisionError<T::Error>> {
        let result = self.exchange_for(endpoint, len, phase, limit).await;
        // The record is spent. Where the link survived (a refusal), a new handshake on it will do.
        if result.is_err() && !self.tainted {
            self.session = None;
        }
        result
    }

    /// Deciphers the reply in the buffer.
    #[inline(never)]
    fn unseal(
        &mut self,
        endpoint: Endpoint<'_>,
        len: usize,
        phase: Phase,
    ) -> Result<&[u8], ProvisionError<T::Error>> {
        let Some((session, _)) = &mut self.session else {
            return Err(ProvisionError::Handshake(HandshakeError::NotFinished));
        };
        let reply = self.buf.bytes().get_mut(..len).unwrap_or_default();
        session.open(endpoint, reply).map_err(|error| {
            // A lost keystream, or a forger: start over.
            self.session = None;
            self.tainted = true;
            ProvisionError::session(phase, error)
        })
    }

    /// The reply deciphered to something that is no answer, or to a refusal.
    #[inline(never)]
    fn unreadable(&mut self, phase: Phase, error: ReplyError) -> ProvisionError<T::Error> {
        if error.status().is_none() {
            // Nonsense in a session without authentication (security 0 and 1) may be a lost keystream: start over.
            self.session = None;
            self.tainted = true;
        }
        ProvisionError::session(phase, error.into())
    }

    /// One exchange, its failure sorted.
    pub(super) async fn exchange_for(
        &mut self,
        endpoint: Endpoint<'_>,
        len: usize,
        phase: Phase,
        limit: Duration,
    ) -> Result<usize, ProvisionError<T::Error>> {
        self.exchange(endpoint, len, limit)
            .await
            .map_err(|failure| failure.at(phase, len))
    }

    /// One exchange within `limit` and the overall deadline.
    async fn exchange(
        &mut self,
        endpoint: Endpoint<'_>,
        len: usize,
        limit: Duration,
    ) -> Result<usize, Failure<T::Error>> {
        let deadline = self.clock.now().saturating_add(limit).min(self.until);
        // Stays set if this future is dropped half-way.
        self.tainted = true;
        let exchange = self.transport.exchange(endpoint, self.buf.bytes(), len);
        let error = match with_deadline(&self.clock, deadline, exchange).await {
            Ok(Ok(n)) => {
                self.tainted = false;
                return Ok(n);
            }
            Ok(Err(error)) => error,
            Err(_) => return Err(Failure::Elapsed),
        };
        let fault = error.fault();
        let intact = matches!(
            fault,
            LinkFault::Refused { link_alive: true }
                | LinkFault::NoSuchEndpoint
                | LinkFault::RequestTooLarge { .. }
        );
        self.tainted = !intact;
        Err(Failure::Fault(error, fault))
    }

    /// Reconnects if an earlier exchange left the link in doubt.
    pub(super) async fn restore_link(&mut self) -> Result<(), ProvisionError<T::Error>> {
        if self.tainted { self.reopen().await } else { Ok(()) }
    }

    /// A new transport session, whatever became of the old one.
    async fn reopen(&mut self) -> Result<(), ProvisionError<T::Error>> {
        self.session = None;
        self.tainted = true;
        self.observer.event(&Event::Reconnecting);
        let deadline = self
            .clock
            .now()
            .saturating_add(self.deadlines.connect)
            .min(self.until);
        let reconnect = self.transport.reconnect(SessionIntent::Fresh);
        match with_deadline(&self.clock, deadline, reconnect).await {
            Ok(Ok(())) => {
                self.tainted = false;
                Ok(())
            }
            Ok(Err(error)) => Err(ProvisionError::link(Phase::Connect, error)),
            Err(_) => Err(ProvisionError::Deadline {
                phase: Phase::Connect,
            }),
        }
    }

    /// The current session must encipher, or the user must have said that it need not.
    pub(super) async fn require_secrecy(&mut self) -> Result<(), ProvisionError<T::Error>> {
        self.establish().await?;
        let encrypted = self
            .session
            .as_ref()
            .is_some_and(|(session, _)| session.is_encrypted());
        if encrypted || self.auth.allows_plaintext() {
            Ok(())
        } else {
            Err(ProvisionError::PlaintextNotAllowed)
        }
    }

    /// Bytes of plaintext that fit one reply on this link and in this buffer.
    pub(super) fn reply_room(&mut self) -> usize {
        let overhead = self
            .session
            .as_ref()
            .map_or(0, |(session, _): &(Session<ChannelOf<A>>, _)| session.overhead());
        let link = self.transport.limits().max_response.unwrap_or(usize::MAX);
        link.min(self.buf.bytes().len()).saturating_sub(overhead)
    }
}

impl<E: TransportError> Failure<E> {
    /// What it means for a request of `need` bytes in this phase.
    fn at(self, phase: Phase, need: usize) -> ProvisionError<E> {
        match self {
            // Some links know their limits only per endpoint.
            Self::Fault(_, LinkFault::RequestTooLarge { limit }) => {
                ProvisionError::RequestTooLarge { need, limit }
            }
            Self::Fault(error, _) => ProvisionError::link(phase, error),
            Self::Elapsed => ProvisionError::Deadline { phase },
        }
    }
}
