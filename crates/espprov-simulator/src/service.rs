//! The device as the simulator's front ends share it, across threads.

use std::sync::{Arc, Mutex, PoisonError};

pub use espprov_services::{Access, Answer, Presence, Service, State, with_ids};

/// Room for a request and its reply on the simulator's links. The longest reply a real device sends is a page of networks
/// (about 1 KB); an echo comes back as long as it went out.
pub const BUFFER: usize = 8192;

/// A service that several links share, one after the other.
#[derive(Debug)]
pub struct Shared<S>(Arc<Mutex<State<S>>>);

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: Service> Access for Shared<S> {
    type Service = S;

    fn state<T>(&self, f: impl FnOnce(&mut State<S>) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S: Service> Shared<S> {
    /// Takes the service; clones refer to the same one.
    #[must_use]
    pub fn new(service: S) -> Self {
        Self(Arc::new(Mutex::new(State::new(service))))
    }

    /// Runs `f` on the service. Do not call it again from inside `f`.
    pub fn with<T>(&self, f: impl FnOnce(&mut S) -> T) -> T {
        Access::with(self, f)
    }

    /// A client connected over a link of its own: whoever was connected before is evicted, the handshake is
    /// forgotten, and no other front end goes on with its session.
    pub fn connect(&self) {
        Access::connect(self);
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! A small service for the tests of front ends.

    use super::{Answer, Presence, Service, with_ids};
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
        fn handle(&mut self, endpoint: &str, buf: &mut [u8], len: usize, now: Duration) -> Answer {
            let request = buf[..len].to_vec();
            self.handled.push((endpoint.to_owned(), request.clone()));
            self.count += 1;
            match endpoint {
                "echo" => Answer::Reply(len),
                "count" => Answer::reply(&[self.count], buf),
                "empty" => Answer::Reply(0),
                "twice" => Answer::reply(&request.repeat(2), buf),
                "big" => Answer::reply(&[7; 600], buf),
                "refuse" | "prov-session" => Answer::Refused,
                "silent" => Answer::Silence,
                "close" => Answer::Closed { delivered: true },
                "slow" => Answer::Pending {
                    until: now + Duration::from_secs(2),
                },
                _ => Answer::NoSuchEndpoint,
            }
        }

        fn resume(&mut self, buf: &mut [u8], _now: Duration) -> Answer {
            Answer::reply(b"slow", buf)
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

        fn endpoints(&self, visit: &mut dyn FnMut(u16, &str)) {
            for (id, name) in with_ids([
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
            ]) {
                visit(id, name);
            }
        }
    }
}
