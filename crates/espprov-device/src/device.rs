//! Endpoint dispatch: from a request on the link to a reply on the link.

use crate::guesses::Guesses;
use crate::handler::{Answer, Radio, bare, status_of};
use crate::names::Handler;
use crate::{Application, Consequence, Names, Outcome, Quirks, Refusal, VersionReply, config, ctrl, scan};
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use espprov_security::{Channel, DeviceHandshake, HandshakeError};
use rand_core::TryCryptoRng;
use zeroize::{Zeroize, Zeroizing};

/// The device half of the protocol: one session, one exchange at a time, as on the vendor's firmware.
///
/// Call order: the transport calls [`new_session`](Self::new_session) when a client connects anew, then
/// [`handle`](Self::handle) per request. After [`Outcome::Pending`] it polls [`resume`](Self::resume) until
/// the reply is there, before it takes another request.
///
/// `S` is the security scheme ([`NoSecurity`](crate::NoSecurity), one of `espprov_security`'s device halves,
/// or your own), `A` the application.
pub struct Device<S, A> {
    version: VersionReply,
    security: S,
    app: A,
    quirks: Quirks,
    names: Names,
    guesses: Guesses,
    pending: Option<Owed>,
}

/// The id of the application's first endpoint, unless it says another.
const FIRST_OWN: u16 = 0xff54;

/// An answer that is owed.
#[derive(Debug, Clone, Copy)]
enum Owed {
    /// To who waits for a scan.
    Scan(Radio),
    /// To who guessed once too often.
    Refusal(Refusal),
}

impl<S: DeviceHandshake, A: Application> Device<S, A> {
    /// A device that answers `proto-ver` with `version`.
    pub fn new(version: impl Into<VersionReply>, security: S, app: A, quirks: Quirks) -> Self {
        Self {
            version: version.into(),
            security,
            app,
            quirks,
            names: Names::PROVISIONING,
            guesses: Guesses::default(),
            pending: None,
        }
    }

    /// Speaks another protocol than provisioning: session and version are called this, and all other endpoints are the
    /// application's.
    #[must_use]
    pub fn with_names(mut self, names: Names) -> Self {
        self.names = names;
        self
    }

    /// Answers the request `buf[..len]` to `endpoint`; the reply is written to `buf`. Nothing of the request stays
    /// in `buf`, whatever comes of it: what is not the reply is wiped. `now` is the time since some fixed moment; `rng`
    /// is used by handshakes only.
    ///
    /// An unknown endpoint leaves the session as it is. A record that does not open leaves the cipher to the
    /// scheme (a forged GCM record does not move the nonce); after one that did, the cipher has moved, also when
    /// the handler then refuses the request. A request that comes while a reply is pending takes its place. Handshakes
    /// are refused while wrong proofs are being paid for, whatever session they come in.
    pub fn handle<R: TryCryptoRng>(
        &mut self,
        endpoint: &str,
        buf: &mut [u8],
        len: usize,
        now: Duration,
        rng: &mut R,
    ) -> Outcome {
        let outcome = match self.names.find(endpoint) {
            Some(Handler::Session) if self.security.has_endpoint() => self.handshake(buf, len, now, rng),
            Some(Handler::Version) => self.proto_ver(buf, len),
            Some(handler @ (Handler::Scan | Handler::Config)) => {
                self.application(handler, endpoint, buf, len)
            }
            Some(Handler::Ctrl) if self.quirks.prov_ctrl => {
                self.application(Handler::Ctrl, endpoint, buf, len)
            }
            _ if self.is_own(endpoint) => self.application(Handler::Application, endpoint, buf, len),
            _ => Ok(Outcome::NoSuchEndpoint),
        };
        wiped(outcome, buf)
    }

    /// The reply that [`Outcome::Pending`] promised, or [`Outcome::Pending`] again.
    pub fn resume(&mut self, buf: &mut [u8], now: Duration) -> Outcome {
        match self.pending.take() {
            None => Outcome::Refused(Refusal::NothingPending),
            Some(owed @ Owed::Refusal(_)) if now < self.guesses.until() => {
                self.pending = Some(owed);
                Outcome::Pending
            }
            Some(Owed::Refusal(refusal)) => Outcome::Refused(refusal),
            Some(Owed::Scan(radio)) => {
                let answer = scan::wait(&mut self.app, radio);
                wiped(self.answer(answer, buf), buf)
            }
        }
    }

    /// When the pending answer is due, if the device knows; for a scan, ask the application.
    pub fn due(&self) -> Option<Duration> {
        matches!(self.pending, Some(Owed::Refusal(_))).then(|| self.guesses.until())
    }

    /// The transport opened another session: the handshake is gone, and so is a reply that was pending. Wrong proofs
    /// stay counted.
    pub fn new_session(&mut self) {
        self.security.reset();
        self.pending = None;
    }

    /// As after a power-up: no session, nothing pending, no guesses counted.
    pub fn restart(&mut self) {
        self.new_session();
        self.guesses = Guesses::default();
    }

    /// Whether application endpoints can be used now.
    pub fn is_established(&mut self) -> bool {
        self.security.channel().is_some()
    }

    /// The application.
    pub fn app(&mut self) -> &mut A {
        &mut self.app
    }

    /// The application, to look at.
    pub const fn app_ref(&self) -> &A {
        &self.app
    }

    /// How this device behaves.
    pub const fn quirks(&self) -> &Quirks {
        &self.quirks
    }

    /// All endpoints with the 16-bit ids that BLE characteristics carry: those of the firmware itself, then the application's in
    /// creation order.
    pub fn endpoints(&self) -> impl Iterator<Item = (u16, &str)> {
        let standard = self.names.all().filter_map(|(id, name, handler)| {
            let exists = match handler {
                Handler::Session => self.security.has_endpoint(),
                Handler::Ctrl => self.quirks.prov_ctrl,
                _ => true,
            };
            exists.then_some((id, name))
        });
        let counted = (FIRST_OWN..=u16::MAX).zip(self.own_endpoints()).enumerate();
        let own = counted.map(|(index, (id, name))| (self.app.endpoint_id(index).unwrap_or(id), name));
        standard.chain(own)
    }

    fn own_endpoints(&self) -> impl Iterator<Item = &str> {
        (0..).map_while(|index| self.app.endpoint(index))
    }

    fn is_own(&self, endpoint: &str) -> bool {
        self.own_endpoints().any(|name| name == endpoint)
    }

    fn handshake<R: TryCryptoRng>(
        &mut self,
        buf: &mut [u8],
        len: usize,
        now: Duration,
        rng: &mut R,
    ) -> Result<Outcome, Refusal> {
        // Apart, because the answer is written where the request stands.
        let request = self.request(buf, len)?;
        if !self.guesses.is_open(now) {
            return Err(Refusal::TooManyGuesses);
        }
        let request = copy(request)?;
        self.pending = None;
        let limit = self.quirks.max_value.unwrap_or(usize::MAX).min(buf.len());
        let out = buf.get_mut(..limit).unwrap_or_default();
        match self.security.handle_request(&request, rng, out) {
            Ok(len) => {
                if self.is_established() {
                    self.guesses.right(self.quirks.guesses);
                }
                Ok(Outcome::Reply(len))
            }
            Err(error) => self.refuse(error, now),
        }
    }

    /// A handshake message was refused: was it a guess, and what does that lead to?
    fn refuse(&mut self, error: HandshakeError, now: Duration) -> Result<Outcome, Refusal> {
        let refusal = Refusal::Handshake(error);
        let Some(consequence) = self.guesses.refused(self.quirks.guesses, error, now) else {
            return Err(refusal);
        };
        self.app.after_wrong_proof(self.guesses.count(), consequence);
        if let Consequence::Pause(_) = consequence {
            self.pending = Some(Owed::Refusal(refusal));
            return Ok(Outcome::Pending);
        }
        Err(refusal)
    }

    fn proto_ver(&self, buf: &mut [u8], len: usize) -> Result<Outcome, Refusal> {
        self.request(buf, len)?;
        let reply = self.version.as_bytes();
        let limit = self.quirks.max_value.unwrap_or(usize::MAX).min(buf.len());
        let out = buf
            .get_mut(..limit)
            .and_then(|out| out.get_mut(..reply.len()))
            .ok_or(Refusal::ReplyTooLong { limit })?;
        out.copy_from_slice(reply);
        Ok(Outcome::Reply(reply.len()))
    }

    /// Open, dispatch, seal.
    fn application(
        &mut self,
        handler: Handler,
        endpoint: &str,
        buf: &mut [u8],
        len: usize,
    ) -> Result<Outcome, Refusal> {
        self.request(buf, len)?;
        self.pending = None;
        let limit = self.limit(buf.len())?;
        let channel = self.security.channel().ok_or(Refusal::NoSession)?;
        // A record that holds nothing but a tag is refused before the cipher sees it: no counter moves.
        if len == channel.overhead() {
            return Err(Refusal::Empty);
        }
        let record = buf.get_mut(..len).unwrap_or_default();
        let request = channel.open(record).map_err(Refusal::Record)?;
        if request.is_empty() {
            return Err(Refusal::Empty);
        }
        let (app, quirks) = (&mut self.app, &self.quirks);
        let answer = match handler {
            Handler::Scan => scan::handle(app, quirks, request)?,
            Handler::Config => config::handle(app, quirks, request)?,
            Handler::Ctrl => ctrl::handle(app, quirks, request)?,
            Handler::Session | Handler::Version | Handler::Application => {
                let request = copy(request)?;
                let out = buf.get_mut(..limit).unwrap_or_default();
                return match app.custom(endpoint, &request, out) {
                    Ok(len) if len <= limit => self.seal(len, buf),
                    Ok(_) => Err(Refusal::ReplyTooLong { limit }),
                    Err(_) => Err(Refusal::Application),
                };
            }
        };
        self.answer(answer, buf)
    }

    /// Writes and seals the reply, or remembers that it is owed.
    fn answer(&mut self, answer: Answer, buf: &mut [u8]) -> Result<Outcome, Refusal> {
        let limit = self.limit(buf.len())?;
        let out = buf.get_mut(..limit).unwrap_or_default();
        let app = &mut self.app;
        let len = match answer {
            Answer::Wait(radio) => {
                self.pending = Some(Owed::Scan(radio));
                return Ok(Outcome::Pending);
            }
            Answer::Ctrl(command, verdict) => bare(command, verdict, out)?,
            Answer::Scan(command, verdict) => bare(command, verdict, out)?,
            Answer::Verdict(command, verdict) => config::write_verdict(command, status_of(verdict), out)?,
            Answer::ScanStatus(radio, progress) => scan::write_status(radio, progress, out)?,
            Answer::Page(radio, range) => scan::write_page(app, radio, range, out)?,
            Answer::Wifi(status) => config::write_wifi(&status, &self.quirks, out)?,
            Answer::Thread(status) => config::write_thread(&status, out)?,
        };
        self.seal(len, buf)
    }

    fn seal(&mut self, len: usize, buf: &mut [u8]) -> Result<Outcome, Refusal> {
        let channel = self.security.channel().ok_or(Refusal::NoSession)?;
        channel
            .seal(buf, len)
            .map(Outcome::Reply)
            .map_err(Refusal::Record)
    }

    /// The request, if its length is one that the link can carry.
    fn request<'b>(&self, buf: &'b [u8], len: usize) -> Result<&'b [u8], Refusal> {
        if len == 0 {
            return Err(Refusal::Empty);
        }
        let limit = self.quirks.max_value.unwrap_or(usize::MAX).min(buf.len());
        if len > limit {
            return Err(Refusal::RequestTooLong { limit });
        }
        buf.get(..len).ok_or(Refusal::RequestTooLong { limit })
    }

    /// Longest plaintext reply that still fits after sealing.
    fn limit(&mut self, buf_len: usize) -> Result<usize, Refusal> {
        let overhead = self.security.channel().ok_or(Refusal::NoSession)?.overhead();
        let limit = self.quirks.max_value.unwrap_or(usize::MAX).min(buf_len);
        limit.checked_sub(overhead).ok_or(Refusal::ReplyTooLong { limit })
    }
}

/// The outcome, and nothing in the buffer but its reply: neither the request, which may hold a passphrase, nor half a
/// reply.
fn wiped(outcome: Result<Outcome, Refusal>, buf: &mut [u8]) -> Outcome {
    let outcome = outcome.unwrap_or_else(Outcome::Refused);
    let reply = match outcome {
        Outcome::Reply(len) => len,
        _ => 0,
    };
    buf.get_mut(reply..).unwrap_or_default().zeroize();
    outcome
}

/// A request on the heap, if there is room for it.
fn copy(request: &[u8]) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let mut copy = Zeroizing::new(Vec::new());
    copy.try_reserve_exact(request.len())
        .map_err(|_| Refusal::OutOfMemory)?;
    copy.extend_from_slice(request);
    Ok(copy)
}

impl<S, A> fmt::Debug for Device<S, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("version", &self.version)
            .field("quirks", &self.quirks)
            .field("pending", &self.pending)
            .finish_non_exhaustive()
    }
}
