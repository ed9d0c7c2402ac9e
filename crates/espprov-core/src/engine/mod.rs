//! From what a call wants to the next thing to do on the link, and back: reconnect, describe, shake hands, seal, open.
//!
//! | module | what |
//! |---|---|
//! | `step` | what goes in, what comes out |
//! | `state` | what the engine knows of link, session and call: three things, each for itself |
//! | `approach` | the way to what a call wants: the next step there |
//! | `settle` | what came of the last one |
//! | `handshake`, `outgoing` | the buffer's content |
//! | `repeat`, `takeover` | what is tried again |

mod approach;
mod handshake;
mod outgoing;
mod repeat;
mod settle;
mod state;
mod step;
mod takeover;
#[cfg(test)]
mod tests;

pub use step::{Input, Misuse, Step};

use self::state::{Link, Run, Stage, UnderWay};
use crate::auth::{Authenticator, SessionSecurity};
use crate::call::{Call, Ticket};
use crate::deadlines::Time;
use crate::{Budget, Deadlines, Observer, ProvisionError};
use core::fmt;
use core::mem;
use core::time::Duration;
use espprov_transport::{Endpoints, Limits, TransportError};
use espprov_types::DeviceInfo;
use rand_core::TryCryptoRng;
use zeroize::Zeroize;

/// Takes calls to a device, without transport, clock or async of its own.
///
/// It owns the credentials and the policy, the entropy, one buffer for all requests and replies (wiped when dropped), and
/// the session. A [`Call`] is a value beside it. Each [`step`](Self::step) says one thing to do and until when; whoever
/// owns the link does it and says what came of it. One exchange is outstanding at a time.
///
/// Call order: [`Input::Start`] with a new call, then for every [`Step`] the input that follows from it, until
/// [`Step::Done`] or an error; then the next call. Anything else is [`Misuse`], and changes nothing. A call may be given up
/// at any time by starting another one, or by [`close`](Self::close).
///
/// ```
/// use core::time::Duration;
/// use espprov_core::auth::NoSecurity;
/// use espprov_core::call::{FollowWifi, IntoResult};
/// use espprov_core::{Engine, Input, Outcome, Step};
/// use espprov_transport::{Endpoint, Limits, LinkFault, TransportError};
/// # use rand_core::{TryCryptoRng, TryRng};
/// # struct Dice;
/// # impl TryRng for Dice {
/// #     type Error = core::convert::Infallible;
/// #     fn try_next_u32(&mut self) -> Result<u32, Self::Error> { Ok(4) }
/// #     fn try_next_u64(&mut self) -> Result<u64, Self::Error> { Ok(4) }
/// #     fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> { bytes.fill(4); Ok(()) }
/// # }
/// # impl TryCryptoRng for Dice {}
/// # #[derive(Debug)]
/// # struct Broken;
/// # impl core::fmt::Display for Broken {
/// #     fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result { f.write_str("broken") }
/// # }
/// # impl core::error::Error for Broken {}
/// # impl TransportError for Broken { fn fault(&self) -> LinkFault { LinkFault::Lost { delivered: false } } }
/// /// The link: sends `buf[..len]`, and puts the answer there.
/// fn io(endpoint: Endpoint<'_>, buf: &mut [u8], len: usize) -> Result<usize, Broken> {
///     let reply: &[u8] = match (endpoint.as_str(), &buf[..len]) {
///         ("proto-ver", _) => br#"{"prov":{"ver":"v1.1","sec_ver":0,"cap":[]}}"#,
///         ("prov-config", [0x52, 0]) => b"\x08\x01\x5a\x08\x5a\x06\x1a\x04Home", // online as "Home"
///         _ => return Err(Broken),
///     };
///     buf[..reply.len()].copy_from_slice(reply);
///     Ok(reply.len())
/// }
///
/// let mut engine = Engine::new(NoSecurity, Dice, vec![0; 512]);
/// let mut call = FollowWifi::new();
/// let mut now = Duration::ZERO; // whatever tells the time
/// let mut input = Input::Start;
/// loop {
///     input = match engine.step(&mut call, input, now, Limits::UNKNOWN)? {
///         Step::Exchange { endpoint, len, .. } => match io(endpoint, engine.buffer_mut(), len) {
///             Ok(len) => Input::Reply(len),
///             Err(error) => Input::Fault(error),
///         },
///         Step::Reconnect { .. } => Input::Reconnected,
///         Step::Wait { until } => {
///             now = until;
///             Input::Elapsed
///         }
///         Step::Busy => Input::Continue,
///         Step::Done => break,
///     };
/// }
/// assert!(matches!(call.into_result()?, Outcome::Connected(on) if on.ssid.as_bytes() == b"Home"));
/// # Ok::<(), espprov_core::ProvisionError<Broken>>(())
/// ```
pub struct Engine<A: Authenticator, R, B: AsMut<[u8]>, O = ()> {
    auth: A,
    rng: R,
    buf: Wiped<B>,
    observer: O,
    deadlines: Deadlines,
    endpoints: Endpoints,
    /// The overall deadline; [`Time::NEVER`] = none.
    total: Time,
    info: Option<DeviceInfo>,
    /// How much a handshake may compute in one step.
    budget: Budget,
    stage: Stage<A::Handshake>,
    link: Link,
    run: Run,
    /// The call under way, or the last one.
    ticket: Ticket,
}

/// What an [`Engine`] is made of, given back.
#[derive(Debug)]
#[non_exhaustive]
pub struct Parts<A, R, B, O> {
    /// The credentials and the policy.
    pub auth: A,
    /// The entropy.
    pub rng: R,
    /// The buffer, wiped.
    pub buf: B,
    /// The observer.
    pub observer: O,
}

impl<A: Authenticator, R, B: AsMut<[u8]>> Engine<A, R, B> {
    /// An engine for the device at the other end of a link that is open.
    pub fn new(auth: A, rng: R, buf: B) -> Self {
        Self {
            auth,
            rng,
            buf: Wiped(buf),
            observer: (),
            deadlines: Deadlines::default(),
            endpoints: Endpoints::PROVISIONING,
            total: Time::NEVER,
            info: None,
            budget: Budget::UNLIMITED,
            stage: Stage::Nothing,
            link: Link::Usable,
            run: Run::default(),
            ticket: Ticket::NEW,
        }
    }

    /// Reports events to `observer`.
    pub fn with_observer<O: Observer>(self, observer: O) -> Engine<A, R, B, O> {
        Engine {
            observer,
            auth: self.auth,
            rng: self.rng,
            buf: self.buf,
            deadlines: self.deadlines,
            endpoints: self.endpoints,
            total: self.total,
            info: self.info,
            budget: self.budget,
            stage: self.stage,
            link: self.link,
            run: self.run,
            ticket: self.ticket,
        }
    }
}

impl<A: Authenticator, R, B: AsMut<[u8]>, O> Engine<A, R, B, O> {
    /// Sets the time limits of the steps.
    #[must_use]
    pub const fn with_deadlines(mut self, deadlines: Deadlines) -> Self {
        self.deadlines = deadlines;
        self
    }

    /// Sets what the endpoints of session and version are called, for another protocol than provisioning.
    #[must_use]
    pub const fn with_endpoints(mut self, endpoints: Endpoints) -> Self {
        self.endpoints = endpoints;
        self
    }

    /// Sets how much a handshake may compute in one step: after that, [`Step::Busy`] gives control back. Unless set, all
    /// there is, which with security 2 is seconds on a microcontroller.
    #[must_use]
    pub const fn with_budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// How much a handshake may compute in one step.
    pub const fn budget(&self) -> Budget {
        self.budget
    }

    /// Says what is known of the device from elsewhere: it is not asked then.
    #[must_use]
    pub fn with_info(mut self, info: DeviceInfo) -> Self {
        self.info = Some(info);
        self
    }

    /// Ends every step at `until`, on top of the limits of the steps.
    pub fn limit_total(&mut self, until: Duration) {
        self.total = until.into();
    }

    /// The time limits of the steps.
    pub const fn deadlines(&self) -> &Deadlines {
        &self.deadlines
    }

    /// The credentials and policy, to exchange them after [`ProvisionError::WrongCredentials`].
    pub const fn auth_mut(&mut self) -> &mut A {
        &mut self.auth
    }

    /// The buffer: the request to send, then the reply.
    pub fn buffer_mut(&mut self) -> &mut [u8] {
        self.buf.bytes()
    }

    /// The device's description, once it was asked for.
    pub const fn info(&self) -> Option<&DeviceInfo> {
        self.info.as_ref()
    }

    /// How the current session is secured; `None` without one.
    pub const fn security(&self) -> Option<SessionSecurity> {
        match &self.stage {
            Stage::Ready { security, .. } => Some(*security),
            _ => None,
        }
    }

    /// The link has ended, or will: the session is over, what was under way is given up, and the next call begins with
    /// [`Step::Reconnect`].
    pub fn close(&mut self) {
        self.run = Run::default();
        self.lose_session();
    }

    /// Takes the engine apart.
    pub fn into_parts(mut self) -> Parts<A, R, B, O>
    where
        B: Default,
    {
        Parts {
            buf: self.buf.take(),
            auth: self.auth,
            rng: self.rng,
            observer: self.observer,
        }
    }

    /// The session is lost, and the link's state in doubt.
    fn lose_session(&mut self) {
        self.forget();
        self.link = Link::Broken;
    }

    /// Neither handshake nor session.
    #[inline(never)] // in many places, and what is wiped then is large
    fn forget(&mut self) {
        self.stage = Stage::Nothing;
    }

    /// A call begins. A call that was given up may have left an exchange behind, or its handshake.
    fn begin(&mut self) -> Ticket {
        let given_up = mem::take(&mut self.run);
        if given_up.under_way.is_exchange() {
            self.link = Link::Broken;
        }
        self.drop_handshake();
        self.ticket = self.ticket.next();
        self.ticket
    }
}

impl<A: Authenticator, R: TryCryptoRng, B: AsMut<[u8]>, O: Observer> Engine<A, R, B, O> {
    /// Takes what came of the last step and says what to do next. `now` is the caller's time, from any beginning within the last 500 years;
    /// `limits` are the link's.
    ///
    /// # Errors
    /// The call failed, and is over: its result will not come. Or [`ProvisionError::Misuse`], which changes nothing.
    pub fn step<'c, E: TransportError>(
        &mut self,
        call: &'c mut dyn Call<E>,
        input: Input<E>,
        now: Duration,
        limits: Limits,
    ) -> Result<Step<'c>, ProvisionError<E>> {
        self.admit(call.ticket(), &input)?;
        let now = now.into();
        let mut result = self.settle(call, input, now);
        loop {
            if let Some(result) = result.take()
                && self.deliver(call, result, now, limits)?
            {
                return Ok(Step::Done);
            }
            let want = call.want(&self.deadlines);
            self.run.sent = 0;
            match self.approach(&want, limits) {
                Ok(UnderWay::Nothing) => result = Some(Ok(0)),
                Ok(under_way) => {
                    self.run.under_way = under_way;
                    break;
                }
                Err(error) => result = Some(Err(error)),
            }
        }
        Ok(self.next_step(call, now))
    }

    /// Whether the input is one that this call may be told now. Begins the call, where it says so.
    fn admit<E>(&mut self, ticket: &mut Ticket, input: &Input<E>) -> Result<(), Misuse> {
        if let Input::Start = input {
            if *ticket != Ticket::NEW {
                return Err(Misuse::BegunBefore);
            }
            *ticket = self.begin();
            return Ok(());
        }
        let under_way = self.run.under_way;
        if *ticket != self.ticket || under_way == UnderWay::Nothing {
            return Err(Misuse::NotUnderWay);
        }
        let expected = match input {
            Input::Start => false,
            Input::Reply(len) if *len > self.buf.bytes().len() => return Err(Misuse::ReplyBeyondBuffer),
            Input::Reply(_) | Input::Unanswered => under_way.is_exchange(),
            Input::Reconnected => under_way == UnderWay::Reconnect,
            Input::Fault(_) => under_way.is_exchange() || under_way == UnderWay::Reconnect,
            Input::Elapsed => under_way != UnderWay::Computing,
            Input::Continue => under_way == UnderWay::Computing,
        };
        if expected {
            Ok(())
        } else {
            Err(Misuse::UnexpectedInput)
        }
    }
}

impl<A: Authenticator, R, B: AsMut<[u8]>, O> fmt::Debug for Engine<A, R, B, O> {
    /// Neither credentials nor the buffer's content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("link", &self.link)
            .field("security", &self.security())
            .field("under_way", &self.run.under_way)
            .field("info", &self.info)
            .field("endpoints", &self.endpoints)
            .finish_non_exhaustive()
    }
}

/// The buffer: passphrases pass through it, so it is wiped.
struct Wiped<B: AsMut<[u8]>>(B);

impl<B: AsMut<[u8]>> Wiped<B> {
    fn bytes(&mut self) -> &mut [u8] {
        self.0.as_mut()
    }

    fn take(&mut self) -> B
    where
        B: Default,
    {
        self.bytes().zeroize();
        mem::take(&mut self.0)
    }
}

impl<B: AsMut<[u8]>> Drop for Wiped<B> {
    fn drop(&mut self) {
        self.bytes().zeroize();
    }
}
