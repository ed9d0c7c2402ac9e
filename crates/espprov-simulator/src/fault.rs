//! Faults at a chosen exchange: the middleware that makes a good link bad.

use crate::named::by_name;
use core::fmt;
use core::future::pending;
use core::time::Duration;
use espprov_transport::{
    Clock, Endpoint, Limits, LinkFault, Reconnect, SessionIntent, Transport, TransportError,
};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// What can happen to one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The request never arrives; no answer comes.
    DropRequest,
    /// The device handles the request; its answer never arrives.
    DropReply,
    /// The device gets only the first bytes of the request.
    TruncateRequest,
    /// The client gets only the first bytes of the reply.
    TruncateReply,
    /// One bit of the request changes on the way.
    FlipRequestBit,
    /// One bit of the reply changes on the way.
    FlipReplyBit,
    /// The device gets the request twice; the client reads the first answer.
    DuplicateRequest,
    /// The client gets this reply, and the same one again instead of the next.
    DuplicateReply,
    /// The link breaks before the request arrives.
    CloseBefore,
    /// The link breaks after the device handled the request.
    CloseAfter,
    /// The answer comes late.
    Delay,
}

impl Fault {
    /// Every fault there is.
    pub const ALL: [Self; 11] = [
        Self::DropRequest,
        Self::DropReply,
        Self::TruncateRequest,
        Self::TruncateReply,
        Self::FlipRequestBit,
        Self::FlipReplyBit,
        Self::DuplicateRequest,
        Self::DuplicateReply,
        Self::CloseBefore,
        Self::CloseAfter,
        Self::Delay,
    ];

    /// The name in scenario files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DropRequest => "drop-request",
            Self::DropReply => "drop-reply",
            Self::TruncateRequest => "truncate-request",
            Self::TruncateReply => "truncate-reply",
            Self::FlipRequestBit => "flip-request-bit",
            Self::FlipReplyBit => "flip-reply-bit",
            Self::DuplicateRequest => "duplicate-request",
            Self::DuplicateReply => "duplicate-reply",
            Self::CloseBefore => "close-before",
            Self::CloseAfter => "close-after",
            Self::Delay => "delay",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

by_name!(Fault, UnknownFault);

/// No fault of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownFault;

impl fmt::Display for UnknownFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown fault; there are")?;
        for fault in Fault::ALL {
            write!(f, " {fault}")?;
        }
        Ok(())
    }
}

/// Which exchange a fault hits.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum At {
    /// The n-th exchange of all, counted from 1 across reconnects.
    Exchange(u32),
    /// The n-th exchange with this endpoint, counted from 1.
    Endpoint {
        /// Endpoint name.
        name: String,
        /// Counted from 1.
        nth: u32,
    },
}

/// A fault and where it strikes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Injection {
    /// Which exchange.
    pub at: At,
    /// What happens to it.
    pub fault: Fault,
    /// For [`Fault::Delay`]: how long.
    pub delay: Duration,
}

impl Injection {
    /// A fault at the n-th exchange (from 1); a delay takes one hour, past any deadline.
    #[must_use]
    pub const fn at_exchange(n: u32, fault: Fault) -> Self {
        Self {
            at: At::Exchange(n),
            fault,
            delay: Duration::from_secs(3600),
        }
    }

    /// A fault at the n-th exchange (from 1) with an endpoint; a delay takes one hour.
    #[must_use]
    pub fn at_endpoint(name: &str, nth: u32, fault: Fault) -> Self {
        Self {
            at: At::Endpoint {
                name: name.to_owned(),
                nth,
            },
            fault,
            delay: Duration::from_secs(3600),
        }
    }
}

/// What happens to attempts to open the link again, once an injected fault has struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outage {
    /// So many attempts fail.
    Refused(u32),
    /// All attempts fail for this long, from the first one on.
    Away(Duration),
}

/// How long an attempt takes that fails by an [`Outage`].
const FAILING: Duration = Duration::from_millis(20);

/// Counts exchanges and says which one is hit; also owns the dice.
#[derive(Debug)]
pub(crate) struct Plan {
    injections: Vec<Injection>,
    exchanges: u32,
    by_endpoint: Vec<(String, u32)>,
    fired: u32,
    rng: ChaCha8Rng,
}

/// The endpoints that injections name: a peer's names are not kept.
fn counted(injections: &[Injection]) -> Vec<(String, u32)> {
    let mut counts: Vec<(String, u32)> = Vec::new();
    for injection in injections {
        if let At::Endpoint { name, .. } = &injection.at
            && !counts.iter().any(|(known, _)| known == name)
        {
            counts.push((name.clone(), 0));
        }
    }
    counts
}

impl Plan {
    pub(crate) fn new(injections: Vec<Injection>, seed: u64) -> Self {
        Self {
            by_endpoint: counted(&injections),
            injections,
            exchanges: 0,
            fired: 0,
            rng: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// Counts one exchange. If several injections hit it, the first in the list wins.
    pub(crate) fn next(&mut self, endpoint: &str) -> Option<(Fault, Duration)> {
        self.exchanges = self.exchanges.saturating_add(1);
        let mut nth_here = 0;
        if let Some((_, count)) = self.by_endpoint.iter_mut().find(|(name, _)| name == endpoint) {
            *count = u32::saturating_add(*count, 1);
            nth_here = *count;
        }
        let hit = self.injections.iter().find(|injection| match &injection.at {
            At::Exchange(n) => *n == self.exchanges,
            At::Endpoint { name, nth } => name == endpoint && *nth == nth_here,
        })?;
        self.fired += 1;
        Some((hit.fault, hit.delay))
    }

    /// Another one, counted from here on.
    pub(crate) fn add(&mut self, mut injection: Injection) {
        match &mut injection.at {
            At::Exchange(n) => *n = n.saturating_add(self.exchanges),
            At::Endpoint { name, nth } => match self.by_endpoint.iter().find(|(known, _)| known == name) {
                Some((_, count)) => *nth = nth.saturating_add(*count),
                None => self.by_endpoint.push((name.clone(), 0)),
            },
        }
        self.injections.push(injection);
    }

    /// A length shorter than `len` (0 stays 0).
    pub(crate) fn cut(&mut self, len: usize) -> usize {
        if len == 0 { 0 } else { self.below(len) }
    }

    /// Changes one bit; nothing happens to no bytes.
    pub(crate) fn flip(&mut self, bytes: &mut [u8]) {
        if bytes.is_empty() {
            return;
        }
        let bit = self.below(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
    }

    fn below(&mut self, bound: usize) -> usize {
        // The slight bias of the remainder does not matter for faults.
        self.rng.next_u32() as usize % bound
    }
}

/// A transport with faults. Wraps any other; without injections it changes nothing.
///
/// ```
/// use espprov_simulator::fault::{Fault, FaultyTransport, Injection};
/// use espprov_simulator::time::{VirtualClock, block_on};
/// use espprov_transport::{Endpoint, LinkFault, Transport, TransportError};
///
/// async fn first_reply_lost(link: impl Transport, clock: VirtualClock) {
///     let plan = vec![Injection::at_exchange(1, Fault::CloseAfter)];
///     let mut link = FaultyTransport::new(link, clock, plan, 42);
///     let error = link.exchange(Endpoint::PROTO_VER, &mut [0; 64], 3).await.unwrap_err();
///     assert_eq!(error.fault(), LinkFault::Lost { delivered: true });
/// }
/// ```
#[derive(Debug)]
pub struct FaultyTransport<T, C> {
    inner: T,
    clock: C,
    plan: Plan,
    usable: bool,
    /// The request of the last exchange went out.
    sent: bool,
    outage: Option<Outage>,
    /// When an [`Outage::Away`] ends.
    back_at: Option<Duration>,
    /// The reply that comes again instead of the next one.
    stale: Option<Vec<u8>>,
}

/// An error of a [`FaultyTransport`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultyError<E> {
    /// The link below failed by itself.
    Link(E),
    /// An injected fault broke the link.
    Closed {
        /// The device handled the request before.
        delivered: bool,
    },
    /// A faulty reply does not fit the caller's buffer.
    ReplyTooLarge {
        /// Bytes the buffer should have had.
        need: usize,
    },
    /// An injected fault broke the link, or an exchange was dropped: reconnect first.
    NeedsReconnect,
}

impl<E: fmt::Display> fmt::Display for FaultyError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link(error) => error.fmt(f),
            Self::Closed { .. } => f.write_str("an injected fault broke the link"),
            Self::ReplyTooLarge { need } => write!(f, "the reply needs a buffer of {need} bytes"),
            Self::NeedsReconnect => f.write_str("the link needs a reconnect"),
        }
    }
}

impl<E: core::error::Error> core::error::Error for FaultyError<E> {}

impl<E: TransportError> TransportError for FaultyError<E> {
    fn fault(&self) -> LinkFault {
        match self {
            Self::Link(error) => error.fault(),
            Self::Closed { delivered } => LinkFault::Lost {
                delivered: *delivered,
            },
            Self::ReplyTooLarge { need } => LinkFault::ReplyTooLarge { need: *need },
            Self::NeedsReconnect => LinkFault::NeedsReconnect,
        }
    }
}

impl<T: Transport, C: Clock> FaultyTransport<T, C> {
    /// Wraps `inner`. `seed` decides where bits flip and how much is cut off.
    pub fn new(inner: T, clock: C, injections: Vec<Injection>, seed: u64) -> Self {
        Self {
            inner,
            clock,
            plan: Plan::new(injections, seed),
            usable: true,
            sent: false,
            outage: None,
            back_at: None,
            stale: None,
        }
    }

    /// Makes attempts to open the link again fail, too.
    #[must_use]
    pub const fn with_outage(mut self, outage: Outage) -> Self {
        self.outage = Some(outage);
        self
    }

    /// Whether an attempt to open the link again fails now.
    fn is_out(&mut self) -> bool {
        if self.plan.fired == 0 {
            return false;
        }
        match &mut self.outage {
            Some(Outage::Refused(left @ 1..)) => {
                *left -= 1;
                true
            }
            Some(Outage::Away(time)) => {
                let now = self.clock.now();
                now < *self.back_at.get_or_insert(now + *time)
            }
            _ => false,
        }
    }

    /// Exchanges begun so far, across reconnects.
    #[must_use]
    pub const fn exchanges(&self) -> u32 {
        self.plan.exchanges
    }

    /// Faults injected so far: a test that expects one can see that it happened.
    #[must_use]
    pub const fn injected(&self) -> u32 {
        self.plan.fired
    }

    /// The transport inside.
    #[must_use]
    pub const fn inner(&self) -> &T {
        &self.inner
    }

    async fn close_link(&mut self, delivered: bool) -> Result<usize, FaultyError<T::Error>> {
        self.inner.close().await;
        Err(FaultyError::Closed { delivered })
    }

    /// One exchange with `fault` in it. A fault that hangs never returns.
    async fn exchange_with(
        &mut self,
        (fault, delay): (Fault, Duration),
        endpoint: Endpoint<'_>,
        buf: &mut [u8],
        mut len: usize,
    ) -> Result<usize, FaultyError<T::Error>> {
        match fault {
            Fault::DropRequest => pending().await,
            Fault::CloseBefore => return self.close_link(false).await,
            Fault::TruncateRequest => len = self.plan.cut(len),
            Fault::FlipRequestBit => self.plan.flip(buf.get_mut(..len).unwrap_or_default()),
            _ => {}
        }
        let copy = match fault {
            Fault::DuplicateRequest => buf.get(..len).map(<[u8]>::to_vec),
            _ => None,
        };
        self.sent = true;
        let result = self.inner.exchange(endpoint, buf, len).await;
        let reply_len = result.map_err(FaultyError::Link)?;
        if let Some(mut request) = copy {
            // Room for the second answer, which nobody reads; if it breaks the link, so be it.
            request.resize(buf.len().max(len), 0);
            let _ = self.inner.exchange(endpoint, &mut request, len).await;
        }
        let reply = buf.get_mut(..reply_len).unwrap_or_default();
        match fault {
            Fault::DropReply => pending().await,
            Fault::CloseAfter => return self.close_link(true).await,
            Fault::TruncateReply => return Ok(self.plan.cut(reply_len)),
            Fault::FlipReplyBit => self.plan.flip(reply),
            Fault::DuplicateReply => self.stale = Some(reply.to_vec()),
            Fault::Delay => self.clock.sleep(delay).await,
            _ => {}
        }
        Ok(reply_len)
    }
}

impl<T: Transport, C: Clock> Transport for FaultyTransport<T, C> {
    type Error = FaultyError<T::Error>;

    async fn exchange(
        &mut self,
        endpoint: Endpoint<'_>,
        buf: &mut [u8],
        len: usize,
    ) -> Result<usize, Self::Error> {
        if !self.usable {
            return Err(FaultyError::NeedsReconnect);
        }
        self.sent = false;
        let stale = self.stale.take();
        let hit = self.plan.next(endpoint.as_str());
        let Some(hit) = hit else {
            self.sent = true;
            let result = self.inner.exchange(endpoint, buf, len).await;
            let reply_len = result.map_err(FaultyError::Link)?;
            let Some(stale) = stale else {
                return Ok(reply_len);
            };
            let need = stale.len();
            let target = buf.get_mut(..need);
            target
                .ok_or(FaultyError::ReplyTooLarge { need })?
                .copy_from_slice(&stale);
            return Ok(need);
        };
        // Stays false if this future is dropped or the fault closes the link.
        self.usable = false;
        let result = self.exchange_with(hit, endpoint, buf, len).await;
        // An error of the link below leaves it to that link whether it is usable.
        self.usable = !matches!(result, Err(FaultyError::Closed { .. }));
        result
    }

    fn limits(&self) -> Limits {
        self.inner.limits()
    }

    fn delivered(&self) -> bool {
        self.sent && self.inner.delivered()
    }

    fn endpoints(&self, visit: &mut dyn FnMut(&str)) {
        self.inner.endpoints(visit);
    }

    async fn close(&mut self) {
        self.usable = false;
        self.inner.close().await;
    }
}

impl<T: Reconnect, C: Clock> Reconnect for FaultyTransport<T, C> {
    async fn reconnect(&mut self, intent: SessionIntent) -> Result<(), Self::Error> {
        self.usable = false;
        self.stale = None;
        if self.is_out() {
            self.inner.close().await;
            self.clock.sleep(FAILING).await;
            return Err(FaultyError::Closed { delivered: false });
        }
        self.inner.reconnect(intent).await.map_err(FaultyError::Link)?;
        self.usable = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::LinkModel;
    use crate::memory::MemoryTransport;
    use crate::service::Shared;
    use crate::service::testing::Stub;
    use crate::time::{VirtualClock, block_on};
    use espprov_transport::{Elapsed, with_deadline};

    const DEADLINE: Duration = Duration::from_secs(10);

    struct Bench {
        clock: VirtualClock,
        link: FaultyTransport<MemoryTransport<Stub, VirtualClock>, VirtualClock>,
    }

    impl Bench {
        fn new(fault: Fault) -> Self {
            let clock = VirtualClock::new();
            let device = Shared::new(Stub::default());
            let link = MemoryTransport::new(device, clock.clone(), LinkModel::Ideal);
            let plan = vec![Injection::at_exchange(2, fault)];
            let link = FaultyTransport::new(link, clock.clone(), plan, 7);
            Self { clock, link }
        }

        /// `None`: no answer before the deadline.
        fn echo(&mut self, request: &[u8]) -> Option<Result<Vec<u8>, LinkFault>> {
            let mut buf = [0; 64];
            buf[..request.len()].copy_from_slice(request);
            let endpoint = Endpoint::custom("echo").unwrap();
            let exchange = self.link.exchange(endpoint, &mut buf, request.len());
            let deadline = self.clock.now() + DEADLINE;
            match block_on(&self.clock, with_deadline(&self.clock, deadline, exchange)) {
                Ok(Ok(len)) => Some(Ok(buf[..len].to_vec())),
                Ok(Err(error)) => Some(Err(error.fault())),
                Err(Elapsed) => None,
            }
        }

        fn handled(&self) -> Vec<Vec<u8>> {
            let device = self.link.inner().device();
            device.with(|stub| stub.handled.iter().map(|(_, bytes)| bytes.clone()).collect())
        }
    }

    #[test]
    fn each_fault_does_what_it_says() {
        for fault in Fault::ALL {
            let mut bench = Bench::new(fault);
            assert_eq!(bench.echo(b"first"), Some(Ok(b"first".to_vec())));
            assert_eq!(bench.link.injected(), 0);
            let hit = bench.echo(b"second");
            assert_eq!(bench.link.injected(), 1, "{fault}");
            let handled = bench.handled().split_off(1);
            let second = b"second".to_vec();
            let intact = [second.clone()];
            match fault {
                Fault::DropRequest => assert!(hit.is_none() && handled.is_empty()),
                Fault::DropReply | Fault::Delay => assert!(hit.is_none() && handled == intact),
                Fault::CloseBefore => {
                    assert_eq!(hit, Some(Err(LinkFault::Lost { delivered: false })));
                    assert!(handled.is_empty());
                }
                Fault::CloseAfter => {
                    assert_eq!(hit, Some(Err(LinkFault::Lost { delivered: true })));
                    assert_eq!(handled, intact);
                }
                Fault::TruncateRequest => {
                    assert!(handled[0].len() < 6 && second.starts_with(&handled[0]));
                }
                Fault::TruncateReply => {
                    let reply = hit.unwrap().unwrap();
                    assert!(reply.len() < 6 && second.starts_with(&reply));
                    assert_eq!(handled, intact);
                }
                Fault::FlipRequestBit => assert_eq!(bits_apart(&handled[0], b"second"), 1),
                Fault::FlipReplyBit => {
                    assert_eq!(bits_apart(&hit.unwrap().unwrap(), b"second"), 1);
                    assert_eq!(handled, intact);
                }
                Fault::DuplicateRequest => {
                    assert_eq!(hit, Some(Ok(second.clone())));
                    assert_eq!(handled, [second.clone(), second]);
                }
                Fault::DuplicateReply => {
                    assert_eq!(hit, Some(Ok(second.clone())));
                    assert_eq!(bench.echo(b"third"), Some(Ok(second)));
                    assert_eq!(bench.echo(b"fourth"), Some(Ok(b"fourth".to_vec())));
                }
            }
        }
    }

    fn bits_apart(a: &[u8], b: &[u8]) -> u32 {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
    }

    #[test]
    fn faults_that_hang_or_close_poison_until_reconnect() {
        let breaking = [
            Fault::DropRequest,
            Fault::DropReply,
            Fault::CloseBefore,
            Fault::CloseAfter,
            Fault::Delay,
        ];
        for fault in breaking {
            let mut bench = Bench::new(fault);
            let _ = (bench.echo(b"1"), bench.echo(b"2"));
            assert_eq!(bench.echo(b"3"), Some(Err(LinkFault::NeedsReconnect)), "{fault}");
            block_on(&bench.clock, bench.link.reconnect(SessionIntent::Keep)).unwrap();
            assert_eq!(bench.echo(b"4"), Some(Ok(b"4".to_vec())), "{fault}");
        }
    }

    #[test]
    fn an_outage_begins_with_the_fault_and_ends() {
        let lost = Err(FaultyError::Closed { delivered: false });
        for (outage, fails) in [
            (Outage::Refused(0), 0),
            (Outage::Refused(3), 3),
            // 20 ms each.
            (Outage::Away(Duration::from_millis(90)), 5),
        ] {
            let mut bench = Bench::new(Fault::CloseAfter);
            bench.link.outage = Some(outage);
            let reconnect = |bench: &mut Bench| {
                let Bench { clock, link } = bench;
                block_on(clock, link.reconnect(SessionIntent::Fresh))
            };
            assert_eq!(reconnect(&mut bench), Ok(()), "nothing has struck yet");
            let _ = (bench.echo(b"1"), bench.echo(b"2"));
            for _ in 0..fails {
                assert_eq!(reconnect(&mut bench), lost, "{outage:?}");
                assert_eq!(bench.echo(b"x"), Some(Err(LinkFault::NeedsReconnect)));
            }
            assert_eq!(reconnect(&mut bench), Ok(()), "{outage:?}");
            assert_eq!(bench.echo(b"3"), Some(Ok(b"3".to_vec())));
        }
    }

    #[test]
    fn whether_a_hanging_request_arrived_is_known() {
        for (fault, delivered) in [
            (Fault::DropRequest, false),
            (Fault::DropReply, true),
            (Fault::Delay, true),
        ] {
            let mut bench = Bench::new(fault);
            assert!(bench.echo(b"1").is_some() && bench.echo(b"2").is_none());
            assert_eq!(bench.link.delivered(), delivered, "{fault}");
        }
    }

    #[test]
    fn a_short_delay_only_costs_time() {
        let clock = VirtualClock::new();
        let device = Shared::new(Stub::default());
        let link = MemoryTransport::new(device, clock.clone(), LinkModel::Ideal);
        let mut injection = Injection::at_endpoint("echo", 1, Fault::Delay);
        injection.delay = Duration::from_secs(3);
        let link = FaultyTransport::new(link, clock.clone(), vec![injection], 7);
        let mut bench = Bench { clock, link };
        assert_eq!(bench.echo(b"late"), Some(Ok(b"late".to_vec())));
        assert_eq!(bench.clock.now(), Duration::from_secs(3));
    }

    #[test]
    fn endpoints_are_counted_apart() {
        let injections = vec![Injection::at_endpoint("b", 2, Fault::Delay)];
        let mut plan = Plan::new(injections, 1);
        let hits: Vec<_> = ["a", "b", "a", "a", "b", "b"]
            .into_iter()
            .map(|name| plan.next(name).is_some())
            .collect();
        assert_eq!(hits, [false, false, false, false, true, false]);
        assert_eq!(
            plan.by_endpoint.len(),
            1,
            "names of the peer's choice are not kept"
        );
    }

    #[test]
    fn names_round_trip() {
        for fault in Fault::ALL {
            assert_eq!(fault.name().parse(), Ok(fault));
        }
        assert_eq!("explode".parse::<Fault>(), Err(UnknownFault));
    }
}
