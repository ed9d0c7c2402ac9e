//! A handle, behind the border: the engine, the call under way, and what is to be done on the link for it.

use crate::config::{Settings, with_sizes};
use crate::entropy::Entropy;
use crate::events::Events;
use crate::failure::Failure;
use crate::fault::Fault;
use crate::job::{CALLER, Job};
use crate::results::Results;
use crate::types::{self, EspprovFault};
use core::mem;
use core::time::Duration;
use espprov::{Class, Error, Place, explain};
use espprov_core::auth::Auto;
use espprov_core::call::Info;
use espprov_core::{DeviceInfo, Engine, Input, ProvisionError, Step};
use espprov_transport::{Limits, LinkFault, SessionIntent};
use std::ffi::CString;

/// A function was not used as it must be: a negative number of the header, and an error where there is more to say.
pub(crate) struct Refusal {
    pub(crate) status: i32,
    pub(crate) error: Option<Error>,
}

impl Refusal {
    pub(crate) const fn new(status: i32) -> Self {
        Self { status, error: None }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self {
            status: types::ESPPROV_ERROR_ARGUMENT,
            error: Some(error),
        }
    }
}

const ORDER: Refusal = Refusal::new(types::ESPPROV_ERROR_ORDER);

pub(crate) struct Device {
    engine: Engine<Auto, Entropy, Vec<u8>, Events>,
    events: Events,
    limits: Limits,
    place: Place,
    work: Option<Work>,
    doing: Doing,
    /// The endpoint of the exchange under way, for C.
    endpoint: CString,
    /// The request under way was handed over completely.
    sent: bool,
    results: Results,
    failure: Option<Failure>,
}

/// A call, and one that comes first.
struct Work {
    now: Job,
    /// What `now` is for: begun once the device has said that it takes such a network.
    then: Option<(Job, Network)>,
}

/// What a device must take before it is sent anything secret.
#[derive(Clone, Copy)]
pub(crate) enum Network {
    Wifi,
    Thread,
}

/// What the caller was told to do, or has told since.
enum Doing {
    Nothing,
    Exchange {
        len: usize,
        until: Duration,
    },
    Reconnect {
        fresh: bool,
        until: Duration,
    },
    Wait {
        until: Duration,
    },
    /// For the engine, at the next look at the time.
    Told(Input<Fault>),
    /// The link gave up: at the deadline that is the time's fault, before it the link's.
    TimedOut {
        until: Duration,
        exchange: bool,
    },
}

/// What to do next.
pub(crate) enum Action<'d> {
    Exchange {
        endpoint: &'d CString,
        request: &'d [u8],
        until: Duration,
    },
    Reconnect {
        fresh: bool,
        until: Duration,
    },
    Wait {
        until: Duration,
    },
    Busy,
    Done,
    Failed,
}

impl Device {
    pub(crate) fn new(settings: Settings) -> Self {
        let events = Events::default();
        let engine = Engine::new(settings.auth, settings.entropy, settings.buffer)
            .with_deadlines(settings.deadlines)
            .with_budget(settings.budget)
            .with_observer(events.clone());
        Self {
            engine,
            events,
            limits: settings.limits,
            place: settings.place,
            work: None,
            doing: Doing::Nothing,
            endpoint: CString::default(),
            sent: false,
            results: Results::Nothing,
            failure: None,
        }
    }

    /// Begins a call. What came of the last one is forgotten.
    pub(crate) fn start(&mut self, job: Result<Job, impl Into<Error>>) -> Result<(), Refusal> {
        self.start_work(job, None)
    }

    /// The same after a look whether the device takes such a network.
    pub(crate) fn start_provisioning(
        &mut self,
        job: Result<Job, impl Into<Error>>,
        network: Network,
    ) -> Result<(), Refusal> {
        self.start_work(job, Some(network))
    }

    fn start_work(
        &mut self,
        job: Result<Job, impl Into<Error>>,
        network: Option<Network>,
    ) -> Result<(), Refusal> {
        if self.work.is_some() {
            return Err(ORDER);
        }
        let job = job.map_err(Into::into)?;
        self.work = Some(match network {
            None => Work { now: job, then: None },
            Some(network) => Work {
                now: Job::Info(Info::new()),
                then: Some((job, network)),
            },
        });
        self.doing = Doing::Told(Input::Start);
        self.results = Results::Nothing;
        self.failure = None;
        Ok(())
    }

    /// Gives the call up. An exchange that was under way took the session with it.
    pub(crate) fn cancel(&mut self) {
        self.work = None;
        self.doing = Doing::Nothing;
    }

    /// The link has ended, or will.
    pub(crate) fn close(&mut self) {
        self.cancel();
        self.engine.close();
    }

    pub(crate) fn set_limits(&mut self, max_request: usize, max_response: usize) {
        self.limits = with_sizes(self.limits, max_request, max_response);
    }

    pub(crate) fn limit_total(&mut self, until_ms: u64) {
        self.engine.limit_total(time(until_ms));
    }

    /// What to do next. The same again while the caller is at it and there is time.
    pub(crate) fn poll(&mut self, now_ms: u64) -> Result<Action<'_>, Refusal> {
        let now = time(now_ms);
        let Some(mut work) = self.work.take() else {
            return Err(ORDER);
        };
        let input = match mem::replace(&mut self.doing, Doing::Nothing) {
            Doing::Told(input) => input,
            Doing::TimedOut { until, exchange } if now < until => {
                let delivered = exchange && self.sent;
                Input::Fault(Fault(LinkFault::TimedOut { delivered }))
            }
            Doing::TimedOut { exchange, .. } => self.elapsed(exchange),
            Doing::Exchange { until, .. } if now >= until => self.elapsed(true),
            Doing::Reconnect { until, .. } | Doing::Wait { until } if now >= until => self.elapsed(false),
            same => {
                self.doing = same;
                self.work = Some(work);
                return self.action();
            }
        };
        match self.step(&mut work, input, now) {
            Ok(false) => {
                self.work = Some(work);
                self.action()
            }
            Ok(true) => self.finish(work),
            Err(failure) => {
                self.results = work.now.salvage();
                self.failure = Some(failure);
                Ok(Action::Failed)
            }
        }
    }

    /// One step of the engine; whether the call is over.
    fn step(&mut self, work: &mut Work, input: Input<Fault>, now: Duration) -> Result<bool, Failure> {
        let (engine, endpoint_to, limits) = (&mut self.engine, &mut self.endpoint, self.limits);
        let mut input = input;
        loop {
            let doing = work.now.with_call(|call| {
                Ok(match engine.step(call, input, now, limits)? {
                    Step::Exchange { endpoint, len, until } => {
                        // Names of endpoints have no NUL.
                        *endpoint_to = CString::new(endpoint.as_str()).unwrap_or_default();
                        Some(Doing::Exchange { len, until })
                    }
                    Step::Reconnect { intent, until } => Some(Doing::Reconnect {
                        fresh: intent == SessionIntent::Fresh,
                        until,
                    }),
                    Step::Wait { until } => Some(Doing::Wait { until }),
                    Step::Busy => Some(Doing::Told(Input::Continue)),
                    Step::Done => None,
                })
            });
            match doing {
                Ok(Some(doing)) => {
                    self.doing = doing;
                    self.sent = false;
                    return Ok(false);
                }
                Err(error) => {
                    let explained = Failure::from(explain::provision(&error, &self.place));
                    return Err(explained.with_sizes(&error));
                }
                Ok(None) => {}
            }
            let Some((job, network)) = work.then.take() else {
                return Ok(true);
            };
            let info = engine.info();
            match network {
                Network::Wifi if !info.is_some_and(DeviceInfo::supports_wifi) => {
                    return Err(explain::no_wifi(CALLER).into());
                }
                Network::Thread if !info.is_some_and(DeviceInfo::supports_thread) => {
                    return Err(explain::no_thread(CALLER).into());
                }
                Network::Wifi | Network::Thread => {}
            }
            work.now = job;
            input = Input::Start;
        }
    }

    fn finish(&mut self, work: Work) -> Result<Action<'_>, Refusal> {
        match work.now.finish() {
            Ok(ending) => {
                self.results = ending.results;
                self.failure = ending.failure.map(Failure::from);
            }
            Err(misuse) => {
                let error = ProvisionError::Misuse(misuse);
                self.failure = Some(explain::provision::<Fault>(&error, &self.place).into());
            }
        }
        Ok(if self.failure.is_some() {
            Action::Failed
        } else {
            Action::Done
        })
    }

    fn elapsed(&self, exchange: bool) -> Input<Fault> {
        if exchange && self.sent {
            Input::Unanswered
        } else {
            Input::Elapsed
        }
    }

    fn action(&mut self) -> Result<Action<'_>, Refusal> {
        Ok(match self.doing {
            Doing::Exchange { len, until } => Action::Exchange {
                endpoint: &self.endpoint,
                request: self.engine.buffer_mut().get(..len).unwrap_or_default(),
                until,
            },
            Doing::Reconnect { fresh, until } => Action::Reconnect { fresh, until },
            Doing::Wait { until } => Action::Wait { until },
            Doing::Told(_) | Doing::TimedOut { .. } => Action::Busy,
            Doing::Nothing => return Err(ORDER),
        })
    }

    /// The request under way has been handed over completely.
    pub(crate) fn mark_sent(&mut self) -> Result<(), Refusal> {
        match self.doing {
            Doing::Exchange { .. } => {
                self.sent = true;
                Ok(())
            }
            _ => Err(ORDER),
        }
    }

    /// Room for a reply of this length, for whoever copies it there and says so with [`replied`](Self::replied). `None`: it is
    /// longer than the buffer, and that is what the engine is told.
    pub(crate) fn room(&mut self, len: usize) -> Result<Option<&mut [u8]>, Refusal> {
        if !matches!(self.doing, Doing::Exchange { .. }) {
            return Err(ORDER);
        }
        if len > self.engine.buffer_mut().len() {
            let fault = Fault(LinkFault::ReplyTooLarge { need: len });
            self.doing = Doing::Told(Input::Fault(fault));
            return Ok(None);
        }
        self.doing = Doing::Told(Input::Reply(len));
        Ok(self.engine.buffer_mut().get_mut(..len))
    }

    /// The link is open.
    pub(crate) fn reconnected(&mut self) -> Result<(), Refusal> {
        match self.doing {
            Doing::Reconnect { .. } => {
                self.doing = Doing::Told(Input::Reconnected);
                Ok(())
            }
            _ => Err(ORDER),
        }
    }

    /// The link failed.
    pub(crate) fn fault(&mut self, fault: EspprovFault) -> Result<(), Refusal> {
        let (exchange, len, until) = match self.doing {
            Doing::Exchange { len, until } => (true, len, until),
            Doing::Reconnect { until, .. } => (false, 0, until),
            _ => return Err(ORDER),
        };
        let delivered = exchange && self.sent;
        let fault = match fault {
            EspprovFault::TimedOut => {
                self.doing = Doing::TimedOut { until, exchange };
                return Ok(());
            }
            EspprovFault::Lost => LinkFault::Lost { delivered },
            EspprovFault::Refused => LinkFault::Refused { link_alive: false },
            EspprovFault::RefusedAlive => LinkFault::Refused { link_alive: true },
            EspprovFault::NoSuchEndpoint => LinkFault::NoSuchEndpoint,
            EspprovFault::SessionTaken => LinkFault::SessionTaken,
            EspprovFault::NeedsPairing => LinkFault::NeedsPairing,
            EspprovFault::Garbled => LinkFault::Garbled,
            EspprovFault::Spoiled => LinkFault::Spoiled,
            EspprovFault::Restarted => LinkFault::Restarted,
            // The caller's word is that it is too long, so the limit lies below.
            EspprovFault::RequestTooLarge => LinkFault::RequestTooLarge {
                limit: self.limits.max_request.unwrap_or(len).min(len.saturating_sub(1)),
            },
            EspprovFault::NotOpen => LinkFault::NeedsReconnect,
        };
        self.doing = Doing::Told(Input::Fault(Fault(fault)));
        Ok(())
    }

    pub(crate) const fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// What a function was misused with, for whoever asks why.
    pub(crate) fn explain_refusal(&mut self, error: Error) {
        self.failure = Some(error.into());
    }

    pub(crate) const fn results(&self) -> &Results {
        &self.results
    }

    pub(crate) const fn events(&self) -> &Events {
        &self.events
    }

    pub(crate) const fn info(&self) -> Option<&DeviceInfo> {
        self.engine.info()
    }

    /// Number of the session's scheme, and -1 for a session without one.
    pub(crate) fn security(&self) -> Option<i32> {
        let security = self.engine.security()?;
        Some(security.number().map_or(-1, i32::from))
    }
}

/// The caller's time, as the engine counts it.
const fn time(millis: u64) -> Duration {
    if millis == types::ESPPROV_NEVER {
        Duration::MAX
    } else {
        Duration::from_millis(millis)
    }
}

/// The way back. A part of a millisecond counts as a whole one: polling then is late enough.
pub(crate) fn millis(time: Duration) -> u64 {
    let whole = time.as_nanos().div_ceil(1_000_000);
    u64::try_from(whole).unwrap_or(types::ESPPROV_NEVER)
}

/// An error that is nobody's: an inner contradiction.
pub(crate) fn internal() -> Error {
    Error::new(Class::Unexpected, "panic", "a fault of the library espprov")
        .with_cause("it contradicts itself")
        .with_help("free the handle, and report this")
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn can_change_threads<T: Send>() {}

    #[test]
    fn a_handle_may_change_threads() {
        can_change_threads::<Device>();
    }

    #[test]
    fn times_there_and_back() {
        assert_eq!(millis(time(7)), 7);
        assert_eq!(millis(time(types::ESPPROV_NEVER)), types::ESPPROV_NEVER);
        assert_eq!(millis(Duration::from_micros(1)), 1);
        assert_eq!(millis(Duration::from_secs(u64::MAX)), types::ESPPROV_NEVER);
    }
}
