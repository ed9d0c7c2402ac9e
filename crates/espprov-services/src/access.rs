//! One service, several links: who is connected, and in which session.

use crate::Service;
use core::cell::RefCell;

/// A service, and what its links have to know of one another.
#[derive(Debug)]
pub struct State<S> {
    /// The service itself.
    pub service: S,
    link: u64,
    session: u64,
}

impl<S> State<S> {
    /// A service that nobody is connected to.
    pub const fn new(service: S) -> Self {
        Self {
            service,
            link: 0,
            session: 0,
        }
    }

    /// Number of the link that is connected now; older ones have been evicted.
    #[must_use]
    pub const fn link(&self) -> u64 {
        self.link
    }

    /// Number of the transport session that is open now.
    #[must_use]
    pub const fn session(&self) -> u64 {
        self.session
    }

    /// A new link: evicts the one before. Returns its number.
    pub const fn open_link(&mut self) -> u64 {
        self.link = self.link.wrapping_add(1);
        self.link
    }
}

impl<S: Service> State<S> {
    /// A new transport session: the handshake is forgotten. Returns its number.
    pub fn open_session(&mut self) -> u64 {
        self.service.new_session();
        self.session = self.session.wrapping_add(1);
        self.session
    }
}

/// How a front end reaches the service: others serve it, too, so each looks and lets go.
///
/// [`Local`] is for one executor. Programs with threads implement it for a lock of theirs.
pub trait Access {
    /// What is served.
    type Service: Service;

    /// Runs `f` on the service and what the links know. It must not be called again from inside `f`.
    fn state<T>(&self, f: impl FnOnce(&mut State<Self::Service>) -> T) -> T;

    /// Runs `f` on the service. It must not be called again from inside `f`.
    fn with<T>(&self, f: impl FnOnce(&mut Self::Service) -> T) -> T {
        self.state(|state| f(&mut state.service))
    }

    /// A client connected over a link of its own: whoever was connected before is evicted, the handshake is
    /// forgotten, and no other front end goes on with its session.
    fn connect(&self) {
        self.state(|state| {
            state.open_link();
            state.open_session();
        });
    }
}

impl<A: Access + ?Sized> Access for &A {
    type Service = A::Service;

    fn state<T>(&self, f: impl FnOnce(&mut State<A::Service>) -> T) -> T {
        (**self).state(f)
    }
}

/// A service for links that run on one executor: what they do between two awaits is theirs alone.
#[derive(Debug)]
pub struct Local<S>(RefCell<State<S>>);

impl<S: Service> Local<S> {
    /// Takes the service. Front ends borrow this.
    pub const fn new(service: S) -> Self {
        Self(RefCell::new(State::new(service)))
    }
}

impl<S: Service> Access for Local<S> {
    type Service = S;

    /// # Panics
    /// When called from inside `f`.
    fn state<T>(&self, f: impl FnOnce(&mut State<S>) -> T) -> T {
        f(&mut self.0.borrow_mut())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Answer, Presence};
    use core::time::Duration;

    /// Counts its sessions.
    struct Counting(u32);

    impl Service for Counting {
        fn handle(&mut self, _: &str, _: &mut [u8], _: usize, _: Duration) -> Answer {
            Answer::Refused
        }
        fn resume(&mut self, _: &mut [u8], _: Duration) -> Answer {
            Answer::Refused
        }
        fn new_session(&mut self) {
            self.0 += 1;
        }
        fn presence(&mut self, _: Duration) -> Presence {
            Presence::On { boot: 1 }
        }
        fn endpoints(&self, _: &mut dyn FnMut(u16, &str)) {}
    }

    #[test]
    fn links_and_sessions_are_numbered() {
        let shared = Local::new(Counting(0));
        let numbers = || shared.state(|state| (state.link(), state.session(), state.service.0));
        assert_eq!(numbers(), (0, 0, 0));
        shared.connect();
        assert_eq!(numbers(), (1, 1, 1));
        assert_eq!(shared.state(State::open_session), 2);
        assert_eq!((&&shared).state(State::open_link), 2);
        assert_eq!(numbers(), (2, 2, 2));
        shared.with(|service| service.0 = 7);
        assert_eq!(numbers(), (2, 2, 7));
    }
}
