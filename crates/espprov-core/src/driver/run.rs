//! The only place of the client half that waits: does what the engine says, one thing at a time.

use super::Provisioner;
use crate::auth::Authenticator;
use crate::call::Call;
use crate::{Budget, Input, Observer, ProvisionError, Step};
use core::future::{pending, poll_fn};
use core::mem;
use core::pin::pin;
use core::task::Poll;
use espprov_transport::{Clock, Reconnect, with_deadline};
use rand_core::TryCryptoRng;

impl<T, A, R, C, B, O> Provisioner<T, A, R, C, B, O>
where
    T: Reconnect,
    A: Authenticator,
    R: TryCryptoRng,
    C: Clock,
    B: AsMut<[u8]>,
    O: Observer,
{
    /// Takes a call to its end; its result is in it then.
    pub(super) async fn drive<K: Call<T::Error>>(
        &mut self,
        call: &mut K,
    ) -> Result<(), ProvisionError<T::Error>> {
        let mut input = Input::Start;
        loop {
            // In a function of its own, so that what it needs lives on the stack and not in this future.
            match self.step(call, input)? {
                Step::Done => return Ok(()),
                // What waits is in there: there is a copy of this for each kind of call.
                step => input = self.act(step).await,
            }
        }
    }

    fn step<'c>(
        &mut self,
        call: &'c mut dyn Call<T::Error>,
        input: Input<T::Error>,
    ) -> Result<Step<'c>, ProvisionError<T::Error>> {
        let limits = self.transport.limits();
        self.engine.step(call, input, self.clock.now(), limits)
    }

    /// Ends the link in an orderly way, or gives up on that after [`Deadlines::connect`](crate::Deadlines::connect). Call
    /// it on every way out.
    pub async fn close(&mut self) {
        self.engine.close();
        // Whether it ended in time or not: there is nothing more to do about it.
        let _ = self.act(Step::Done).await;
    }

    /// Does one thing, in its time. When all is done, the link is closed.
    async fn act(&mut self, step: Step<'_>) -> Input<T::Error> {
        let until = match step {
            Step::Exchange { until, .. } | Step::Reconnect { until, .. } | Step::Wait { until } => until,
            Step::Done => self.clock.now().saturating_add(self.engine.deadlines().connect),
            Step::Busy => {
                if self.engine.budget() != Budget::UNLIMITED {
                    others_first().await;
                }
                return Input::Continue;
            }
        };
        let ended = {
            let Self {
                transport,
                engine,
                clock,
            } = self;
            // Pinned here: handed over by value, it would take its place in this future twice.
            let work = pin!(async {
                let done = match step {
                    Step::Exchange { endpoint, len, .. } => transport
                        .exchange(endpoint, engine.buffer_mut(), len)
                        .await
                        .map(Input::Reply),
                    Step::Reconnect { intent, .. } => {
                        transport.reconnect(intent).await.map(|()| Input::Reconnected)
                    }
                    Step::Wait { .. } | Step::Busy => pending().await, // ends by its deadline
                    Step::Done => {
                        transport.close().await;
                        Ok(Input::Continue)
                    }
                };
                done.unwrap_or_else(Input::Fault)
            });
            with_deadline(&*clock, until, work).await
        };
        match ended {
            Ok(input) => input,
            Err(_) if matches!(step, Step::Exchange { .. }) && self.transport.delivered() => {
                Input::Unanswered
            }
            Err(_) => Input::Elapsed,
        }
    }
}

/// Lets whatever else the executor has run.
async fn others_first() {
    let mut done = false;
    poll_fn(|cx| {
        if mem::replace(&mut done, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{NoSecurity, PolicyError, SessionSecurity};
    use crate::testing::{Broken, Dice};
    use crate::{Deadlines, Phase};
    use core::cell::Cell;
    use core::future::Future;
    use core::task::{Context, Poll, Waker};
    use core::time::Duration;
    use espprov_security::{Handshake, HandshakeError, Notices, Plain, Progress, Retry};
    use espprov_transport::{Endpoint, Limits, LinkFault, SessionIntent, Transport};
    use espprov_types::DeviceInfo;
    use std::rc::Rc;
    use std::vec;
    use std::vec::Vec;

    /// Time passes whenever somebody waits for it and nothing else can happen.
    #[derive(Clone, Default)]
    struct Watch(Rc<Cell<Duration>>);

    impl Clock for Watch {
        fn now(&self) -> Duration {
            self.0.get()
        }
        async fn sleep(&self, duration: Duration) {
            assert!(duration < Duration::MAX, "a wait without a deadline");
            self.0.set(self.0.get() + duration);
        }
    }

    /// What one call of the link does.
    #[derive(Clone, Copy)]
    enum Does {
        Answer(&'static [u8]),
        Fail(LinkFault),
        Hang,
    }

    /// Does what it is told, and notes what was asked of it.
    struct Scripted {
        script: Vec<Does>,
        log: Vec<&'static str>,
    }

    impl Scripted {
        async fn next(&mut self, what: &'static str) -> Result<&'static [u8], Broken> {
            self.log.push(what);
            match self.script.remove(0) {
                Does::Answer(bytes) => Ok(bytes),
                Does::Fail(fault) => Err(Broken(fault)),
                Does::Hang => pending().await,
            }
        }
    }

    impl Transport for Scripted {
        type Error = Broken;
        async fn exchange(&mut self, _: Endpoint<'_>, buf: &mut [u8], _: usize) -> Result<usize, Broken> {
            let reply = self.next("exchange").await?;
            buf[..reply.len()].copy_from_slice(reply);
            Ok(reply.len())
        }
        fn limits(&self) -> Limits {
            Limits::UNKNOWN
        }
        async fn close(&mut self) {
            let _ = self.next("close").await;
        }
    }

    impl Reconnect for Scripted {
        async fn reconnect(&mut self, intent: SessionIntent) -> Result<(), Broken> {
            assert_eq!(intent, SessionIntent::Fresh, "a session of its own");
            self.next("reconnect").await.map(drop)
        }
    }

    type Device = Provisioner<Scripted, NoSecurity, Dice, Watch, Vec<u8>>;

    fn device(script: &[Does]) -> (Device, Watch) {
        let clock = Watch::default();
        let link = Scripted {
            script: script.to_vec(),
            log: Vec::new(),
        };
        let device = Provisioner::new(link, NoSecurity, Dice(0), clock.clone(), vec![0; 512]);
        (device, clock)
    }

    /// Nothing here waits for anything but the watch.
    fn now_or_never<F: Future>(future: F) -> F::Output {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("it waits for nothing"),
        }
    }

    const INFO: Does = Does::Answer(br#"{"prov":{"ver":"v1.1","sec_ver":0,"cap":["no_sec"]}}"#);
    const LOST: Does = Does::Fail(LinkFault::Lost { delivered: false });

    #[test]
    fn every_wait_has_an_end() {
        let deadlines = Deadlines::default();
        // A question, a reconnect, a close that never end.
        let (mut device, clock) = device(&[Does::Hang, Does::Hang, INFO, Does::Hang]);
        let asked = now_or_never(device.info()).map(drop);
        assert_eq!(asked, Err(ProvisionError::Deadline { phase: Phase::Info }));
        assert_eq!(clock.now(), deadlines.exchange);
        let asked = now_or_never(device.info()).map(drop);
        assert_eq!(
            asked,
            Err(ProvisionError::Deadline {
                phase: Phase::Connect
            })
        );
        assert_eq!(clock.now(), deadlines.exchange + deadlines.connect);
        assert_eq!(device.transport.log, ["exchange", "reconnect"]);
        let before = clock.now();
        device.transport.script.remove(0);
        now_or_never(device.close());
        assert_eq!(clock.now() - before, deadlines.connect);
    }

    #[test]
    fn the_overall_deadline_comes_first() {
        let (mut device, clock) = device(&[Does::Hang]);
        device.limit_total(Duration::from_secs(3));
        let asked = now_or_never(device.info()).map(drop);
        assert_eq!(asked, Err(ProvisionError::Deadline { phase: Phase::Info }));
        assert_eq!(clock.now(), Duration::from_secs(3));
    }

    #[test]
    fn after_a_failure_the_link_is_opened_again_and_only_then() {
        let status = Does::Answer(b"\x08\x01\x5a\x02\x10\x01");
        let answers = Does::Answer(b"");
        let (mut device, _) = device(&[INFO, status, LOST, LOST, answers, status]);
        assert!(now_or_never(device.wifi_status()).is_ok());
        let phase = Phase::Status;
        let error = Broken(LinkFault::Lost { delivered: false });
        let asked = now_or_never(device.wifi_status()).map(drop);
        assert_eq!(asked, Err(ProvisionError::Link { phase, error }));
        let asked = now_or_never(device.wifi_status()).map(drop);
        let phase = Phase::Connect;
        assert_eq!(asked, Err(ProvisionError::Link { phase, error }));
        assert!(now_or_never(device.wifi_status()).is_ok());
        let log = [
            "exchange",
            "exchange",
            "exchange",
            "reconnect",
            "reconnect",
            "exchange",
        ];
        assert_eq!(device.transport.log, log);
    }

    #[test]
    fn raw_bytes_are_asked_and_answered_as_they_are() {
        let (mut device, _) = device(&[Does::Answer(b"pong"), LOST]);
        let mut heard = Vec::new();
        let custom = Endpoint::CUSTOM_DATA;
        let sent = now_or_never(device.send_raw(custom, b"ping", |reply| heard.extend_from_slice(reply)));
        assert_eq!((sent, &heard[..]), (Ok(()), &b"pong"[..]));
        let sent = now_or_never(device.send_raw(custom, b"ping", |_| panic!("no answer")));
        assert!(matches!(sent, Err(ProvisionError::Link { .. })), "{sent:?}");
        assert_eq!(device.transport.log, ["exchange", "exchange"]);
    }

    /// A handshake of one message that takes 10 products to compute.
    struct Slow {
        left: u32,
        sent: bool,
    }

    impl Handshake for Slow {
        type Channel = Plain;
        fn poll_request(&mut self, out: &mut [u8]) -> Result<Option<usize>, HandshakeError> {
            assert_eq!(self.left, 0, "computed before");
            out[0] = b'h';
            Ok((!mem::replace(&mut self.sent, true)).then_some(1))
        }
        fn compute(&mut self, budget: Budget) -> Result<Progress, HandshakeError> {
            self.left = self.left.saturating_sub(budget.as_products());
            Ok(if self.left == 0 {
                Progress::Done
            } else {
                Progress::Busy
            })
        }
        fn handle_response(&mut self, _: &[u8]) -> Result<(), HandshakeError> {
            Ok(())
        }
        fn handle_refusal(&mut self, _: bool) -> Result<Retry, HandshakeError> {
            unreachable!()
        }
        fn notices(&self) -> Notices {
            Notices::default()
        }
        fn into_channel(self) -> Result<Plain, HandshakeError> {
            Ok(Plain)
        }
    }

    struct Slowly;

    impl Authenticator for Slowly {
        type Handshake = Slow;
        fn begin<R: TryCryptoRng>(&mut self, _: &DeviceInfo, _: &mut R) -> Result<Slow, PolicyError> {
            Ok(Slow {
                left: 10,
                sent: false,
            })
        }
        fn security(&self, _: &Slow) -> SessionSecurity {
            SessionSecurity::Custom
        }
    }

    #[test]
    fn others_run_while_a_handshake_computes() {
        // Without a budget nobody waits.
        for (budget, turns) in [
            (Budget::UNLIMITED, 0),
            (Budget::products(1), 10),
            (Budget::products(3), 4),
        ] {
            let link = Scripted {
                script: vec![INFO, Does::Answer(b"welcome")],
                log: Vec::new(),
            };
            let device = Provisioner::new(link, Slowly, Dice(0), Watch::default(), vec![0; 512]);
            let mut device = device.with_budget(budget);
            let mut connect = pin!(device.connect());
            let mut waits = 0;
            let security = loop {
                match connect.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                    Poll::Ready(security) => break security,
                    Poll::Pending => waits += 1,
                }
            };
            assert_eq!(security, Ok(SessionSecurity::Custom));
            // Once more after the answer, which takes nothing.
            assert_eq!(waits, if turns == 0 { 0 } else { turns + 1 });
        }
    }
}
