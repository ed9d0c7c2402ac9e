//! The simulated ESP32: the protocol of `espprov-device` in the world of a scenario.

mod build;

use crate::event::{Observer, SimEvent, Verdict};
use crate::fault::{Fault, Injection, Plan};
use crate::scenario::Scenario;
use crate::service::{Answer, BUFFER, Presence, Service};
use crate::world::World;
use core::fmt;
use core::time::Duration;
use espprov_device::{AnySecurity, Device, Names, Outcome, Quirks, Refusal, VersionReply};
use espprov_local_ctrl::Protocol;
use espprov_security::DeviceHandshake;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use zeroize::{Zeroize, Zeroizing};

/// A device that can be provisioned, and is gone for a while afterwards.
///
/// Time is handed in with every call and must not go back; entropy comes from the scenario's seed. So the same
/// scenario and the same requests at the same times give the same bytes.
///
/// Endpoints of its own, besides the standard ones: `custom-data` answers like the vendor's example (`SUCCESS`
/// and a NUL), `echo` with what it got.
pub struct SimDevice<S = AnySecurity> {
    device: Device<S, World>,
    rng: ChaCha20Rng,
    faults: Plan,
    boot: u32,
    stopped_at: Option<Duration>,
    late: Late,
    observer: Option<Observer>,
}

/// What is still owed to the request under way.
#[derive(Default)]
struct Late {
    /// A fault that strikes the reply, once there is one.
    fault: Option<(Fault, Duration)>,
    /// A reply that is held back.
    held: Option<Vec<u8>>,
    /// A reply that will come again instead of the next.
    stale: Option<Vec<u8>>,
}

impl<S: DeviceHandshake> SimDevice<S> {
    /// A device with a security scheme of the caller's choice.
    pub fn with_security(
        scenario: Scenario,
        version: impl Into<VersionReply>,
        security: S,
        quirks: Quirks,
    ) -> Self {
        let names = match scenario.is_local_ctrl() {
            true => espprov_local_ctrl::device::names(&Protocol::ESP_LOCAL_CTRL),
            false => Names::PROVISIONING,
        };
        Self {
            rng: ChaCha20Rng::seed_from_u64(scenario.seed),
            faults: Plan::new(scenario.faults.clone(), scenario.seed),
            device: Device::new(version, security, World::new(scenario), quirks).with_names(names),
            boot: 1,
            stopped_at: None,
            late: Late::default(),
            observer: None,
        }
    }

    /// Tells `observer` everything that happens from now on.
    pub fn observe(&mut self, observer: impl FnMut(Duration, &SimEvent) + Send + 'static) {
        self.observer = Some(Box::new(observer));
    }

    /// One more fault, beside those of the scenario. It is counted from now: the first exchange is the next one.
    pub fn inject(&mut self, injection: Injection) {
        self.faults.add(injection);
    }

    /// The scenario it lives in.
    pub fn scenario(&self) -> &Scenario {
        self.device.app_ref().scenario()
    }

    /// How the firmware behaves.
    pub const fn quirks(&self) -> &Quirks {
        self.device.quirks()
    }

    /// Brings radios and power supply up to `now`.
    fn advance(&mut self, now: Duration) {
        loop {
            // A stop or a boot on the way cuts what the radios would have done after it.
            let world = self.device.app();
            if let Some(stopped_at) = self.stopped_at {
                match world.back_at(stopped_at) {
                    Some(back_at) if back_at <= now => self.boot(back_at),
                    _ => return,
                }
            } else {
                world.advance(now);
                match world.stop_at() {
                    Some(stop_at) if stop_at <= now => {
                        world.events.push((stop_at, SimEvent::Stopped));
                        self.stopped_at = Some(stop_at);
                    }
                    _ => return,
                }
            }
        }
    }

    fn boot(&mut self, at: Duration) {
        self.boot += 1;
        self.stopped_at = None;
        self.late = Late::default();
        self.device.restart();
        let world = self.device.app();
        world.reboot();
        world.events.push((at, SimEvent::Booted(self.boot)));
    }

    fn is_away(&self) -> bool {
        self.stopped_at.is_some()
    }

    /// Hands the events over. The observer gets them in the order they happened.
    fn report(&mut self) {
        let events = core::mem::take(&mut self.device.app().events);
        if let Some(observer) = &mut self.observer {
            for (at, event) in &events {
                observer(*at, event);
            }
        }
    }

    fn tell(&mut self, now: Duration, event: SimEvent) {
        self.device.app().events.push((now, event));
    }

    fn ask(&mut self, endpoint: &str, buf: &mut [u8], len: usize, now: Duration) -> Answer {
        let outcome = self.device.handle(endpoint, buf, len, now, &mut self.rng);
        let (answer, verdict) = self.translate(outcome, now);
        self.tell(
            now,
            SimEvent::Request {
                endpoint: endpoint.to_owned(),
                len,
                verdict,
            },
        );
        answer
    }

    fn translate(&self, outcome: Outcome, now: Duration) -> (Answer, Verdict) {
        match outcome {
            Outcome::Reply(len) => (Answer::Reply(len), Verdict::Replied(len)),
            Outcome::Refused(refusal @ Refusal::ReplyTooLong { .. }) => {
                (Answer::ReplyTooLong, Verdict::Refused(refusal))
            }
            Outcome::Refused(refusal) => (Answer::Refused, Verdict::Refused(refusal)),
            Outcome::NoSuchEndpoint => (Answer::NoSuchEndpoint, Verdict::NoSuchEndpoint),
            Outcome::Pending => {
                let scan = || self.device.app_ref().scans_end();
                let end = self.device.due().or_else(scan).unwrap_or(now);
                // Never "now": whoever waits would wait in a circle.
                let until = end.max(now + Duration::from_millis(1));
                (Answer::Pending { until }, Verdict::Pending)
            }
        }
    }

    /// What the client gets of an answer, if a fault strikes it.
    fn spoil(&mut self, answer: Answer, buf: &mut [u8], now: Duration) -> Answer {
        let Answer::Reply(len) = answer else {
            return answer;
        };
        let Some((fault, delay)) = self.late.fault.take() else {
            return match self.late.stale.take() {
                Some(stale) => Answer::reply(&stale, buf),
                None => answer,
            };
        };
        let reply = &mut buf[..len];
        match fault {
            Fault::DropReply => return Answer::Silence,
            Fault::CloseAfter => return Answer::Closed { delivered: true },
            Fault::TruncateReply => return Answer::Reply(self.faults.cut(len)),
            Fault::FlipReplyBit => self.faults.flip(reply),
            Fault::DuplicateReply => self.late.stale = Some(reply.to_vec()),
            Fault::Delay => {
                self.late.held = Some(reply.to_vec());
                return Answer::Pending { until: now + delay };
            }
            _ => {}
        }
        answer
    }

    fn handle_request(&mut self, endpoint: &str, buf: &mut [u8], mut len: usize, now: Duration) -> Answer {
        self.advance(now);
        if self.is_away() {
            return Answer::Closed { delivered: false };
        }
        self.late.held = None;
        self.late.fault = self.faults.next(endpoint);
        if let Some((fault, _)) = self.late.fault {
            self.tell(now, SimEvent::FaultInjected(fault));
            match fault {
                Fault::DropRequest => return Answer::Silence,
                Fault::CloseBefore => return Answer::Closed { delivered: false },
                Fault::TruncateRequest => len = self.faults.cut(len),
                Fault::FlipRequestBit => self.faults.flip(&mut buf[..len]),
                _ => {}
            }
        }
        let again = matches!(self.late.fault, Some((Fault::DuplicateRequest, _)))
            .then(|| Zeroizing::new(buf.to_vec()));
        let answer = self.ask(endpoint, buf, len, now);
        if let Some(mut again) = again {
            let _second = self.ask(endpoint, &mut again, len, now);
        }
        self.spoil(answer, buf, now)
    }

    fn resume_request(&mut self, buf: &mut [u8], now: Duration) -> Answer {
        self.advance(now);
        if self.is_away() {
            return Answer::Closed { delivered: true };
        }
        if let Some(reply) = self.late.held.take() {
            return Answer::reply(&reply, buf);
        }
        let outcome = self.device.resume(buf, now);
        let (answer, _) = self.translate(outcome, now);
        self.spoil(answer, buf, now)
    }
}

/// How much of a buffer the device uses: the same on every link, however much there is.
fn room(there: usize, request: usize) -> usize {
    BUFFER.max(request).min(there)
}

/// Nothing but a reply stays in a buffer, not even of a request that was lost on the way.
fn wiped(answer: Answer, buf: &mut [u8]) -> Answer {
    let reply = match answer {
        Answer::Reply(len) => len,
        _ => 0,
    };
    buf[reply..].zeroize();
    answer
}

impl<S: DeviceHandshake> Service for SimDevice<S> {
    fn handle(&mut self, endpoint: &str, buf: &mut [u8], len: usize, now: Duration) -> Answer {
        let answer = match buf.get_mut(..room(buf.len(), len)) {
            Some(buf) if len <= buf.len() => self.handle_request(endpoint, buf, len, now),
            _ => Answer::Refused,
        };
        self.report();
        wiped(answer, buf)
    }

    fn resume(&mut self, buf: &mut [u8], now: Duration) -> Answer {
        let room = room(buf.len(), 0);
        let answer = self.resume_request(&mut buf[..room], now);
        self.report();
        wiped(answer, buf)
    }

    fn new_session(&mut self) {
        self.late = Late::default();
        self.device.new_session();
        let now = self.device.app_ref().now();
        self.tell(now, SimEvent::SessionOpened);
        self.report();
    }

    fn presence(&mut self, now: Duration) -> Presence {
        self.advance(now);
        self.report();
        match self.stopped_at {
            None => Presence::On { boot: self.boot },
            Some(at) => Presence::Away {
                back_at: self.device.app_ref().back_at(at),
            },
        }
    }

    fn endpoints(&self, visit: &mut dyn FnMut(u16, &str)) {
        for (id, name) in self.device.endpoints() {
            visit(id, name);
        }
    }
}

impl<S> fmt::Debug for SimDevice<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimDevice")
            .field("boot", &self.boot)
            .field("stopped_at", &self.stopped_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
