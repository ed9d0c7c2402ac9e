//! What a front end (HTTP, console, Bluetooth) needs of the thing it serves.

use core::time::Duration;

/// A device as a front end sees it: requests in, answers out, time handed in.
///
/// Requests are answered where they lie, in the buffer of the link they came over: a service needs no memory for them, and the
/// link decides how much there is. Call order: [`handle`](Self::handle), then [`resume`](Self::resume) for as long as the
/// answer is [`Answer::Pending`].
pub trait Service {
    /// Handles the request `buf[..len]` that arrived at `now`. A reply is written to `buf`, from its beginning; a request is
    /// not in it any more, whatever comes of it.
    fn handle(&mut self, endpoint: &str, buf: &mut [u8], len: usize, now: Duration) -> Answer;

    /// Continues a request that was answered with [`Answer::Pending`]. The buffer may be another one; what it holds does
    /// not matter.
    fn resume(&mut self, buf: &mut [u8], now: Duration) -> Answer;

    /// The link opened a new transport session: the handshake is forgotten.
    fn new_session(&mut self);

    /// Whether the device is there at `now`.
    fn presence(&mut self, now: Duration) -> Presence;

    /// Visits the endpoints in the order the device created them, with the 16-bit ids that their characteristics carry on
    /// Bluetooth (`0xff51` …).
    fn endpoints(&self, visit: &mut dyn FnMut(u16, &str));
}

impl<S: Service + ?Sized> Service for &mut S {
    fn handle(&mut self, endpoint: &str, buf: &mut [u8], len: usize, now: Duration) -> Answer {
        (**self).handle(endpoint, buf, len, now)
    }

    fn resume(&mut self, buf: &mut [u8], now: Duration) -> Answer {
        (**self).resume(buf, now)
    }

    fn new_session(&mut self) {
        (**self).new_session();
    }

    fn presence(&mut self, now: Duration) -> Presence {
        (**self).presence(now)
    }

    fn endpoints(&self, visit: &mut dyn FnMut(u16, &str)) {
        (**self).endpoints(visit);
    }
}

/// What became of a request. Exhaustive, because a link that passes over a case hangs its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Answer {
    /// The reply lies in the first so many bytes of the buffer; may be none.
    Reply(usize),
    /// Not ready yet (blocking scan): call [`Service::resume`] at `until`, not earlier.
    Pending {
        /// In the time that was handed in.
        until: Duration,
    },
    /// A transport-level refusal: each link has its own way to show it.
    Refused,
    /// The request was carried out, but its reply is longer than the link's values are, or than its buffer.
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

impl Answer {
    /// The reply, copied to the beginning of `buf`. [`Answer::ReplyTooLong`] if there is no room for it.
    ///
    /// For services that have their answers ready.
    pub fn reply(reply: &[u8], buf: &mut [u8]) -> Self {
        match buf.get_mut(..reply.len()) {
            Some(place) => {
                place.copy_from_slice(reply);
                Self::Reply(reply.len())
            }
            None => Self::ReplyTooLong,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ready_answer_fits_or_does_not() {
        let mut buf = *b"request";
        assert_eq!(Answer::reply(b"ok", &mut buf), Answer::Reply(2));
        assert_eq!(&buf[..2], b"ok");
        assert_eq!(Answer::reply(&[], &mut []), Answer::Reply(0));
        assert_eq!(Answer::reply(&[7; 8], &mut buf), Answer::ReplyTooLong);
    }
}
