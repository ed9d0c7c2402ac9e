//! What a front end (memory, HTTP, console) needs of the thing it serves.

use core::time::Duration;
use std::sync::{Arc, Mutex, PoisonError};

/// A device as a front end sees it: requests in, answers out, time handed in.
///
/// The simulated ESP32 is the one that matters; tests of front ends bring smaller ones. Call order:
/// [`handle`](Self::handle), then [`resume`](Self::resume) for as long as the answer is [`Answer::Pending`].
pub trait Service {
    /// Handles a request that arrived at `now`.
    fn handle(&mut self, endpoint: &str, request: &[u8], now: Duration) -> Answer;

    /// Continues a request that was answered with [`Answer::Pending`].
    fn resume(&mut self, now: Duration) -> Answer;

    /// The link opened a new transport session: the handshake is forgotten.
    fn new_session(&mut self);

    /// Whether the device is there at `now`.
    fn presence(&mut self, now: Duration) -> Presence;

    /// Visits the names of the endpoints, in the order the device created them.
    fn endpoints(&self, visit: &mut dyn FnMut(&str));
}

/// URI handlers the firmware's HTTP server has room for: those of the firmware and the application's first. Others
/// answer 404.
const HANDLERS_MAX: usize = 8;

/// What became of a request. Exhaustive, because a link that passes over a case hangs its client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The reply; may be empty.
    Reply(Vec<u8>),
    /// Not ready yet (blocking scan): call [`Service::resume`] at `until`, not earlier.
    Pending {
        /// In the time that was handed in.
        until: Duration,
    },
    /// A transport-level refusal: each link has its own way to show it.
    Refused,
    /// The request was carried out, but its reply is longer than the link's values are.
    ReplyTooLong,
    /// The device has no such endpoint.
    NoSuchEndpoint,
    /// No answer will ever come, though the link lives (a lost packet, an injected fault).
    Silence,
    /// The link breaks.
    Closed {
        /// The request was handled before.
        delivered: bool,
    },
}

/// Whether the device is there. It is or it is not: exhaustive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is; the number changes when it was away, because no link survives that.
    On {
        /// Starts at 1, counts restarts.
        boot: u32,
    },
    /// It is switched off or restarting.
    Away {
        /// When it will be back, if ever.
        back_at: Option<Duration>,
    },
}

/// A service that several links share, one after the other.
#[derive(Debug)]
pub struct Shared<S>(Arc<Mutex<State<S>>>);

#[derive(Debug)]
pub(crate) struct State<S> {
    pub(crate) service: S,
    /// Number of the link that is connected now; older ones have been evicted.
    pub(crate) link: u64,
    /// Number of the transport session; HTTP hands it out as a cookie, in effect.
    pub(crate) session: u64,
}

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: Service> Shared<S> {
    /// Takes the service; clones refer to the same one.
    #[must_use]
    pub fn new(service: S) -> Self {
        Self(Arc::new(Mutex::new(State {
            service,
            link: 0,
            session: 0,
        })))
    }

    /// Runs `f` on the service. Do not call it again from inside `f`.
    pub fn with<T>(&self, f: impl FnOnce(&mut S) -> T) -> T {
        self.state(|state| f(&mut state.service))
    }

    /// A client connected over a link of its own: whoever was connected before is evicted, the handshake is
    /// forgotten, and no other front end goes on with its session.
    pub fn connect(&self) {
        self.state(|state| {
            state.open_link();
            state.open_session();
        });
    }

    /// Whether the firmware's HTTP server, which has room for eight, has this endpoint.
    pub(crate) fn has_uri(&self, endpoint: &str) -> bool {
        let (mut known, mut handlers) = (false, 0);
        let visit = &mut |name: &str| {
            known |= handlers < HANDLERS_MAX && name == endpoint;
            handlers += 1;
        };
        self.with(|device| device.endpoints(visit));
        known
    }

    pub(crate) fn state<T>(&self, f: impl FnOnce(&mut State<S>) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S: Service> State<S> {
    /// A new link: evicts the one before. Returns its number.
    pub(crate) const fn open_link(&mut self) -> u64 {
        self.link += 1;
        self.link
    }

    /// A new transport session. Returns its number.
    pub(crate) fn open_session(&mut self) -> u64 {
        self.service.new_session();
        self.session += 1;
        self.session
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! A small service for the tests of front ends.

    use super::{Answer, Presence, Service};
    use core::time::Duration;

    /// Endpoints: `echo` answers with the request, `count` with the number of requests in this session,
    /// `refuse`, `silent`, `slow` (two seconds, then `slow`), `empty`, `big` (600 bytes), `twice` (the request, doubled).
    #[derive(Debug, Default)]
    pub(crate) struct Stub {
        pub(crate) sessions: u32,
        pub(crate) handled: Vec<(String, Vec<u8>)>,
        pub(crate) count: u8,
        pub(crate) off: Option<(Duration, Duration)>,
    }

    impl Service for Stub {
        fn handle(&mut self, endpoint: &str, request: &[u8], now: Duration) -> Answer {
            self.handled.push((endpoint.to_owned(), request.to_vec()));
            self.count += 1;
            match endpoint {
                "echo" => Answer::Reply(request.to_vec()),
                "count" => Answer::Reply(vec![self.count]),
                "empty" => Answer::Reply(Vec::new()),
                "twice" => Answer::Reply(request.repeat(2)),
                "big" => Answer::Reply(vec![7; 600]),
                "refuse" | "prov-session" => Answer::Refused,
                "silent" => Answer::Silence,
                "close" => Answer::Closed { delivered: true },
                "slow" => Answer::Pending {
                    until: now + Duration::from_secs(2),
                },
                _ => Answer::NoSuchEndpoint,
            }
        }

        fn resume(&mut self, _now: Duration) -> Answer {
            Answer::Reply(b"slow".to_vec())
        }

        fn new_session(&mut self) {
            self.sessions += 1;
            self.count = 0;
        }

        fn presence(&mut self, now: Duration) -> Presence {
            match self.off {
                Some((from, to)) if now >= from && now < to => Presence::Away { back_at: Some(to) },
                Some((_, to)) if now >= to => Presence::On { boot: 2 },
                _ => Presence::On { boot: 1 },
            }
        }

        fn endpoints(&self, visit: &mut dyn FnMut(&str)) {
            for name in [
                "echo",
                "count",
                "empty",
                "big",
                "refuse",
                "silent",
                "close",
                "slow",
                "prov-session",
                "twice",
            ] {
                visit(name);
            }
        }
    }
}
