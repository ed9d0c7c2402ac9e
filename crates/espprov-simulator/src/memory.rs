//! A transport without a wire: the client and the simulated device in one process.

use crate::link::{Cost, LinkModel};
use crate::service::{Access, Answer, BUFFER, Presence, Service, Shared};
use core::fmt;
use core::future::pending;
use core::time::Duration;
use espprov_services::is_served;
use espprov_transport::{
    Clock, Endpoint, Limits, LinkFault, Reconnect, SessionIntent, Transport, TransportError,
};
use std::collections::HashMap;
use zeroize::Zeroizing;

/// A link to a service in the same process that behaves, and costs, like the given [`LinkModel`].
///
/// Time is spent on the clock it is given: virtual time in tests, real time for `espprov … sim`. Several
/// transports may share a device; a later one evicts the one before.
#[derive(Debug)]
pub struct MemoryTransport<S, C> {
    device: Shared<S>,
    clock: C,
    model: LinkModel,
    link: u64,
    session: u64,
    /// Boot the link was made in; `None` while the device was away.
    boot: Option<u32>,
    usable: bool,
    /// The device got the request of the last exchange.
    delivered: bool,
    /// What the characteristics hold: the last answer of each endpoint. Bluetooth alone has such.
    values: HashMap<String, Vec<u8>>,
    /// Where the device answers; the client's own may be smaller than the reply.
    buffer: Zeroizing<Vec<u8>>,
    stats: Stats,
}

/// What went over a [`MemoryTransport`] since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Exchanges that were started and passed the checks before sending.
    pub exchanges: u32,
    /// Round trips on the link, connecting not counted.
    pub round_trips: u32,
    /// Reconnects asked for.
    pub reconnects: u32,
    /// Bytes of requests and of replies.
    pub bytes: u64,
}

/// What can go wrong on a [`MemoryTransport`]: a [`LinkFault`] and nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryError(pub LinkFault);

impl fmt::Display for MemoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            LinkFault::Refused { .. } => "the simulated device refused the request",
            LinkFault::NoSuchEndpoint => "the simulated device has no such endpoint",
            LinkFault::Lost { .. } => "the simulated link broke",
            LinkFault::RequestTooLarge { limit } => {
                return write!(f, "the simulated link carries at most {limit} bytes");
            }
            LinkFault::ReplyTooLarge { need } => {
                return write!(f, "the reply needs a buffer of {need} bytes");
            }
            LinkFault::NeedsReconnect => "the simulated link needs a reconnect",
            _ => "the simulated link failed",
        })
    }
}

impl core::error::Error for MemoryError {}

impl TransportError for MemoryError {
    fn fault(&self) -> LinkFault {
        self.0
    }
}

impl<S: Service, C: Clock> MemoryTransport<S, C> {
    /// Connects to `device` at once, in a session of its own. If the device is away just now, the first
    /// exchange says so.
    pub fn new(device: Shared<S>, clock: C, model: LinkModel) -> Self {
        let now = clock.now();
        let (link, session, boot) = device.state(|state| {
            (
                state.open_link(),
                state.open_session(),
                boot(state.service.presence(now)),
            )
        });
        Self {
            device,
            clock,
            model,
            link,
            session,
            boot,
            usable: true,
            delivered: false,
            values: HashMap::new(),
            buffer: Zeroizing::new(vec![0; BUFFER]),
            stats: Stats::default(),
        }
    }

    /// Counters since [`new`](Self::new).
    #[must_use]
    pub const fn stats(&self) -> Stats {
        self.stats
    }

    /// The device at the other end.
    #[must_use]
    pub const fn device(&self) -> &Shared<S> {
        &self.device
    }

    async fn spend(&mut self, cost: Cost) {
        self.stats.round_trips += cost.round_trips;
        // A zero sleep is a registration for nothing.
        if cost.time > Duration::ZERO {
            self.clock.sleep(cost.time).await;
        }
    }

    /// The link is still the device's current one, and the device did not restart under it.
    fn is_connected(&self) -> bool {
        let now = self.clock.now();
        self.device.state(|state| {
            state.link() == self.link && self.boot.is_some() && boot(state.service.presence(now)) == self.boot
        })
    }

    /// Refuses what is known to be impossible before anything is sent.
    fn check(&self, endpoint: Endpoint<'_>, len: usize) -> Result<(), MemoryError> {
        if let Some(limit) = self.model.limits().max_request.filter(|&limit| len > limit) {
            return Err(MemoryError(LinkFault::RequestTooLarge { limit }));
        }
        // A GATT client knows the characteristics it discovered; an HTTP client has to ask.
        if matches!(self.model, LinkModel::Ble(_)) {
            let mut known = false;
            self.endpoints(&mut |name| known |= name == endpoint.as_str());
            if !known {
                return Err(MemoryError(LinkFault::NoSuchEndpoint));
            }
        }
        Ok(())
    }

    /// How a refusal looks from here. Bluetooth firmware that hangs up without a word has done just that, unless the
    /// handshake is where it happens: there the client knows what it means.
    fn refusal(&self, endpoint: Endpoint<'_>) -> LinkFault {
        let link_alive = self.model.survives_refusal();
        let is_mute = matches!(self.model, LinkModel::Ble(ble) if !ble.strict_values);
        if is_mute && !link_alive && !endpoint.is_session() {
            LinkFault::Lost { delivered: false }
        } else {
            LinkFault::Refused { link_alive }
        }
    }

    /// The endpoint has done its work, but its answer does not fit a value. Older firmware says yes to the write, and a
    /// read brings what was there before.
    fn too_long(&mut self, endpoint: Endpoint<'_>) -> Result<usize, LinkFault> {
        match self.model {
            LinkModel::Ble(ble) if ble.strict_values => Err(LinkFault::Refused { link_alive: true }),
            LinkModel::Ble(_) => {
                let value = self.values.get(endpoint.as_str()).map_or(&[][..], |value| value);
                self.buffer[..value.len()].copy_from_slice(value);
                Ok(value.len())
            }
            _ => Err(self.refusal(endpoint)),
        }
    }

    /// What a client reads of an answer.
    fn value(&mut self, endpoint: Endpoint<'_>, len: usize) -> Result<usize, LinkFault> {
        if self.model.limits().max_response.is_some_and(|limit| len > limit) {
            return self.too_long(endpoint);
        }
        if matches!(self.model, LinkModel::Ble(_)) {
            let reply = self.buffer[..len].to_vec();
            self.values.insert(endpoint.as_str().to_owned(), reply);
        }
        Ok(len)
    }

    /// Brings the request to the device. The reply lies in the buffer then, so many bytes of it.
    async fn answer(&mut self, endpoint: Endpoint<'_>, request: &[u8]) -> Result<usize, LinkFault> {
        if !self.is_connected() {
            return Err(LinkFault::Lost { delivered: false });
        }
        if matches!(self.model, LinkModel::Http(_)) && !is_served(&self.device, endpoint.as_str()) {
            return Err(LinkFault::NoSuchEndpoint);
        }
        self.delivered = true;
        let now = self.clock.now();
        self.buffer.resize(BUFFER.max(request.len()), 0);
        self.buffer[..request.len()].copy_from_slice(request);
        let buf = &mut self.buffer;
        let mut answer = self
            .device
            .with(|device| device.handle(endpoint.as_str(), buf, request.len(), now));
        loop {
            match answer {
                Answer::Reply(len) => return self.value(endpoint, len),
                Answer::Pending { until } => {
                    self.clock.sleep(until.saturating_sub(self.clock.now())).await;
                    if !self.is_connected() {
                        return Err(LinkFault::Lost { delivered: true });
                    }
                    let now = self.clock.now();
                    let buf = &mut self.buffer;
                    answer = self.device.with(|device| device.resume(buf, now));
                }
                Answer::Refused => return Err(self.refusal(endpoint)),
                Answer::ReplyTooLong => return self.too_long(endpoint),
                Answer::NoSuchEndpoint => return Err(LinkFault::NoSuchEndpoint),
                Answer::Silence => pending().await,
                Answer::Closed { delivered } => return Err(LinkFault::Lost { delivered }),
            }
        }
    }
}

fn boot(presence: Presence) -> Option<u32> {
    match presence {
        Presence::On { boot } => Some(boot),
        Presence::Away { .. } => None,
    }
}

impl<S: Service, C: Clock> Transport for MemoryTransport<S, C> {
    type Error = MemoryError;

    async fn exchange(
        &mut self,
        endpoint: Endpoint<'_>,
        buf: &mut [u8],
        len: usize,
    ) -> Result<usize, MemoryError> {
        if !self.usable {
            return Err(MemoryError(LinkFault::NeedsReconnect));
        }
        self.check(endpoint, len)?;
        let Some(request) = buf.get(..len) else {
            return Err(MemoryError(LinkFault::RequestTooLarge { limit: buf.len() }));
        };
        // Stays false if this future is dropped or fails.
        self.usable = false;
        self.delivered = false;
        self.stats.exchanges += 1;
        self.stats.bytes += len as u64;
        self.spend(self.model.request_cost(len)).await;
        let reply_len = match self.answer(endpoint, request).await {
            Ok(len) => len,
            Err(fault) => {
                self.usable = fault == LinkFault::Refused { link_alive: true }
                    || (fault == LinkFault::NoSuchEndpoint && self.model == LinkModel::Ideal);
                return Err(MemoryError(fault));
            }
        };
        self.stats.bytes += reply_len as u64;
        self.spend(self.model.reply_cost(reply_len)).await;
        if !self.is_connected() {
            return Err(MemoryError(LinkFault::Lost { delivered: true }));
        }
        let Some(target) = buf.get_mut(..reply_len) else {
            return Err(MemoryError(LinkFault::ReplyTooLarge { need: reply_len }));
        };
        target.copy_from_slice(&self.buffer[..reply_len]);
        self.usable = true;
        Ok(reply_len)
    }

    fn limits(&self) -> Limits {
        self.model.limits()
    }

    fn delivered(&self) -> bool {
        self.delivered
    }

    fn endpoints(&self, visit: &mut dyn FnMut(&str)) {
        if matches!(self.model, LinkModel::Ble(_)) {
            self.device
                .with(|device| device.endpoints(&mut |_, name| visit(name)));
        }
    }

    async fn close(&mut self) {
        self.usable = false;
    }
}

impl<S: Service, C: Clock> Reconnect for MemoryTransport<S, C> {
    async fn reconnect(&mut self, intent: SessionIntent) -> Result<(), MemoryError> {
        self.usable = false;
        self.stats.reconnects += 1;
        let time = self.model.connect_cost().time;
        if time > Duration::ZERO {
            self.clock.sleep(time).await;
        }
        if matches!(self.model, LinkModel::Ble(ble) if ble.strict_values) {
            // What the last client read is not for the next.
            self.values.clear();
        }
        let now = self.clock.now();
        let keep = intent == SessionIntent::Keep && self.model.can_keep_session();
        self.device.state(|state| {
            let Some(boot) = boot(state.service.presence(now)) else {
                return Err(MemoryError(LinkFault::Lost { delivered: false }));
            };
            self.link = state.open_link();
            if !keep || self.boot != Some(boot) || state.session() != self.session {
                self.session = state.open_session();
            }
            self.boot = Some(boot);
            Ok(())
        })?;
        self.usable = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::Stub;
    use crate::time::{VirtualClock, block_on};
    use espprov_transport::{Elapsed, with_deadline};

    const SECOND: Duration = Duration::from_secs(1);

    fn endpoint(name: &str) -> Endpoint<'_> {
        Endpoint::custom(name).unwrap()
    }

    fn connect(model: LinkModel) -> (VirtualClock, MemoryTransport<Stub, VirtualClock>) {
        let clock = VirtualClock::new();
        let link = MemoryTransport::new(Shared::new(Stub::default()), clock.clone(), model);
        (clock, link)
    }

    fn ask(
        clock: &VirtualClock,
        link: &mut MemoryTransport<Stub, VirtualClock>,
        name: &str,
        request: &[u8],
    ) -> Result<Vec<u8>, LinkFault> {
        let mut buf = [0; 512];
        buf[..request.len()].copy_from_slice(request);
        block_on(clock, link.exchange(endpoint(name), &mut buf, request.len()))
            .map(|len| buf[..len].to_vec())
            .map_err(|e| e.fault())
    }

    #[test]
    fn carries_bytes_and_counts_them() {
        let (clock, mut link) = connect(LinkModel::Ideal);
        assert_eq!(ask(&clock, &mut link, "echo", b"abc"), Ok(b"abc".to_vec()));
        assert_eq!(ask(&clock, &mut link, "empty", b"x"), Ok(Vec::new()));
        let stats = link.stats();
        assert_eq!((stats.exchanges, stats.round_trips, stats.bytes), (2, 0, 7));
        assert_eq!(clock.now(), Duration::ZERO);
    }

    #[test]
    fn ble_time_is_packets_times_interval() {
        let (clock, mut link) = connect(LinkModel::nimble());
        ask(&clock, &mut link, "echo", &[1; 300]).unwrap();
        // 300 bytes at MTU 256: two prepares and an execute, then read and read blob: five transactions.
        assert_eq!(link.stats().round_trips, 5);
        assert_eq!(clock.now(), Duration::from_millis(5 * 2 * 30));
    }

    #[test]
    fn sizes_and_names_are_checked_before_sending() {
        let (clock, mut link) = connect(LinkModel::bluedroid());
        let fault = ask(&clock, &mut link, "echo", &[1; 258]);
        assert_eq!(fault, Err(LinkFault::RequestTooLarge { limit: 257 }));
        assert_eq!(
            ask(&clock, &mut link, "nope", b"x"),
            Err(LinkFault::NoSuchEndpoint)
        );
        assert_eq!(link.stats().exchanges, 0);
        assert_eq!(ask(&clock, &mut link, "echo", b"x"), Ok(b"x".to_vec()));
    }

    /// The same firmware, with ATT errors that say what was wrong.
    fn strict(model: LinkModel) -> LinkModel {
        let LinkModel::Ble(ble) = model else {
            panic!("{model:?} has no ATT errors");
        };
        LinkModel::Ble(crate::link::Ble {
            strict_values: true,
            ..ble
        })
    }

    #[test]
    fn an_answer_longer_than_a_value() {
        for model in [LinkModel::nimble(), LinkModel::bluedroid()] {
            // "twice" answers with what it got, doubled: too long from 257 bytes on.
            let (clock, mut link) = connect(model);
            assert_eq!(
                ask(&clock, &mut link, "big", b"x"),
                Ok(Vec::new()),
                "nothing was there"
            );
            assert_eq!(ask(&clock, &mut link, "twice", b"ab"), Ok(b"abab".to_vec()));
            assert_eq!(ask(&clock, &mut link, "twice", &[7; 257]), Ok(b"abab".to_vec()));
            block_on(&clock, link.reconnect(SessionIntent::Fresh)).unwrap();
            assert_eq!(ask(&clock, &mut link, "twice", &[7; 257]), Ok(b"abab".to_vec()));

            let (clock, mut link) = connect(strict(model));
            assert_eq!(ask(&clock, &mut link, "twice", b"ab"), Ok(b"abab".to_vec()));
            let fault = ask(&clock, &mut link, "twice", &[7; 257]);
            assert_eq!(fault, Err(LinkFault::Refused { link_alive: true }));
            assert!(link.delivered(), "the endpoint has done its work");
            assert_eq!(ask(&clock, &mut link, "echo", b"x"), Ok(b"x".to_vec()));
        }
    }

    #[test]
    fn a_server_has_room_for_eight_handlers() {
        let (clock, mut link) = connect(LinkModel::http());
        assert_eq!(
            ask(&clock, &mut link, "slow", b"x"),
            Ok(b"slow".to_vec()),
            "the eighth"
        );
        for name in ["twice", "nope"] {
            let fault = ask(&clock, &mut link, name, b"x");
            assert_eq!(fault, Err(LinkFault::NoSuchEndpoint), "{name}");
            assert!(!link.delivered(), "{name}");
            block_on(&clock, link.reconnect(SessionIntent::Keep)).unwrap();
        }
        assert_eq!(link.device().with(|device| device.handled.len()), 1);
    }

    #[test]
    fn refusals_follow_the_link() {
        let refused = |link_alive| LinkFault::Refused { link_alive };
        let lost = LinkFault::Lost { delivered: false };
        for (model, name, expected) in [
            (LinkModel::Ideal, "refuse", refused(true)),
            (LinkModel::nimble(), "refuse", refused(true)),
            // Bluedroid hangs up, and only the handshake knows that this is a refusal.
            (LinkModel::bluedroid(), "refuse", lost),
            (LinkModel::bluedroid(), "prov-session", refused(false)),
            // Newer firmware says no before it hangs up: ATT error 0x85.
            (strict(LinkModel::bluedroid()), "refuse", refused(false)),
            (strict(LinkModel::nimble()), "refuse", refused(true)),
            (LinkModel::http(), "refuse", refused(false)),
        ] {
            let (clock, mut link) = connect(model);
            assert_eq!(ask(&clock, &mut link, name, b"x"), Err(expected));
            let alive = expected == refused(true);
            assert_eq!(ask(&clock, &mut link, "echo", b"x").is_ok(), alive);
            block_on(&clock, link.reconnect(SessionIntent::Keep)).unwrap();
            assert!(ask(&clock, &mut link, "echo", b"x").is_ok());
        }
    }

    #[test]
    fn sessions_survive_where_the_link_can_keep_them() {
        for (model, intent, kept) in [
            (LinkModel::http(), SessionIntent::Keep, true),
            (LinkModel::http(), SessionIntent::Fresh, false),
            (LinkModel::nimble(), SessionIntent::Keep, false),
        ] {
            let (clock, mut link) = connect(model);
            assert_eq!(ask(&clock, &mut link, "count", b"x"), Ok(vec![1]));
            block_on(&clock, link.reconnect(intent)).unwrap();
            let expected = if kept { 2 } else { 1 };
            assert_eq!(ask(&clock, &mut link, "count", b"x"), Ok(vec![expected]));
        }
    }

    #[test]
    fn a_second_client_evicts_the_first() {
        let (clock, mut first) = connect(LinkModel::http());
        let mut second = MemoryTransport::new(first.device().clone(), clock.clone(), LinkModel::http());
        assert!(ask(&clock, &mut second, "echo", b"x").is_ok());
        let fault = ask(&clock, &mut first, "echo", b"x");
        assert_eq!(fault, Err(LinkFault::Lost { delivered: false }));
        block_on(&clock, first.reconnect(SessionIntent::Keep)).unwrap();
        assert_eq!(
            ask(&clock, &mut first, "count", b"x"),
            Ok(vec![1]),
            "not its session any more"
        );
    }

    #[test]
    fn pending_answers_wait_on_the_clock() {
        let (clock, mut link) = connect(LinkModel::Ideal);
        assert_eq!(ask(&clock, &mut link, "slow", b"x"), Ok(b"slow".to_vec()));
        assert_eq!(clock.now(), 2 * SECOND);
    }

    #[test]
    fn silence_lasts_until_the_callers_deadline_and_poisons() {
        let (clock, mut link) = connect(LinkModel::Ideal);
        let mut buf = [0; 4];
        let exchange = link.exchange(endpoint("silent"), &mut buf, 1);
        let result = block_on(&clock, with_deadline(&clock, SECOND, exchange));
        assert_eq!(result, Err(Elapsed));
        assert!(link.delivered());
        assert_eq!(
            ask(&clock, &mut link, "echo", b"x"),
            Err(LinkFault::NeedsReconnect)
        );
    }

    #[test]
    fn a_device_that_leaves_takes_the_link_along() {
        let (clock, mut link) = connect(LinkModel::http());
        let off = (10 * SECOND, 12 * SECOND);
        link.device().with(|device| device.off = Some(off));
        assert!(ask(&clock, &mut link, "echo", b"x").is_ok());

        // Half of the 8 ms are gone when the device handles the request, the reply does not make it.
        clock.advance(10 * SECOND - clock.now() - Duration::from_millis(6));
        let fault = ask(&clock, &mut link, "echo", b"y");
        assert_eq!(fault, Err(LinkFault::Lost { delivered: true }));
        let fault = block_on(&clock, link.reconnect(SessionIntent::Keep));
        assert_eq!(fault, Err(MemoryError(LinkFault::Lost { delivered: false })));

        clock.advance(2 * SECOND);
        block_on(&clock, link.reconnect(SessionIntent::Keep)).unwrap();
        assert_eq!(ask(&clock, &mut link, "echo", b"z"), Ok(b"z".to_vec()));
        assert_eq!(link.device().with(|device| device.handled.len()), 3);
        assert_eq!(
            link.device().with(|device| device.sessions),
            2,
            "a restart forgets"
        );
    }

    #[test]
    fn a_buffer_too_small_for_the_reply() {
        let (clock, mut link) = connect(LinkModel::Ideal);
        let mut buf = [0; 16];
        let result = block_on(&clock, link.exchange(endpoint("big"), &mut buf, 1));
        assert_eq!(result, Err(MemoryError(LinkFault::ReplyTooLarge { need: 600 })));
        let result = block_on(&clock, link.exchange(endpoint("echo"), &mut buf, 17));
        assert_eq!(result, Err(MemoryError(LinkFault::NeedsReconnect)));
    }

    #[test]
    fn closed_links_stay_closed() {
        let (clock, mut link) = connect(LinkModel::Ideal);
        block_on(&clock, async {
            link.close().await;
            link.close().await;
        });
        assert_eq!(
            ask(&clock, &mut link, "echo", b"x"),
            Err(LinkFault::NeedsReconnect)
        );
    }
}
