//! A link that is asked again and again.

use crate::{ToldClock, fault, millis, time};
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::{Future, poll_fn};
use core::mem;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use espprov_transport::{Endpoint, Limits, LinkFault, Reconnect, SessionIntent, TransportError};
use zeroize::Zeroizing;

/// Room for a reply: more than any device sends.
const BUFFER: usize = 16 * 1024;

/// What became of what the link was told to do.
enum Came {
    /// The reply to a request, or nothing after a reconnect.
    Reply(Vec<u8>),
    /// The link failed: what that means, and what it says itself.
    Fault(LinkFault, String),
}

/// When to ask again if nothing else happens before, in milliseconds; infinite without such a time. `polled.ts` has the same numbers.
const UNTIL: u8 = 0;
/// The longest request that the link carries; 0: as long as one likes.
const MAX_REQUEST: u8 = 1;
/// The request that is over, or was given up, had been handed over completely.
const DELIVERED: u8 = 2;
/// What goes with a fault: see [`fault::flag`].
const FLAG: u8 = 3;
/// The size that goes with it: see [`fault::size`].
const SIZE: u8 = 4;

enum Order {
    Exchange {
        endpoint: String,
        request: Zeroizing<Vec<u8>>,
    },
    Reconnect(SessionIntent),
}

#[derive(Default)]
struct Desk {
    order: RefCell<Option<Order>>,
    /// What is under way is given up.
    given_up: Cell<bool>,
    came: RefCell<Option<Came>>,
    delivered: Cell<bool>,
    limits: Cell<Option<Limits>>,
}

/// A link, told what to do and how late it is. Strictly one thing at a time: the next order gives up the one before.
///
/// Whatever is exported to JavaScript as such a link hands each call on to this: `polled.ts` says what it calls, and when.
pub struct PolledLink {
    desk: Rc<Desk>,
    clock: ToldClock,
    server: Pin<Box<dyn Future<Output = ()>>>,
    reply: Vec<u8>,
    failed: Option<(LinkFault, String)>,
}

impl PolledLink {
    /// Takes a link whose clock is this one.
    pub fn new<L: Reconnect + 'static>(link: L, clock: ToldClock) -> Self {
        let desk = Rc::new(Desk::default());
        desk.limits.set(Some(link.limits()));
        Self {
            server: Box::pin(serve(link, Rc::clone(&desk))),
            desk,
            clock,
            reply: Vec::new(),
            failed: None,
        }
    }

    /// Sends a request to an endpoint.
    pub fn exchange(&mut self, endpoint: &str, request: Vec<u8>) {
        self.order(Order::Exchange {
            endpoint: endpoint.into(),
            request: Zeroizing::new(request),
        });
    }

    /// Opens the link again, with a session of its own if it is `fresh`.
    pub fn reconnect(&mut self, fresh: bool) {
        self.order(Order::Reconnect(if fresh {
            SessionIntent::Fresh
        } else {
            SessionIntent::Keep
        }));
    }

    /// What is under way ends here; its result is nobody's.
    pub fn give_up(&mut self) {
        self.desk.given_up.set(true);
        self.turn();
        self.desk.given_up.set(false);
        self.desk.came.replace(None);
        self.desk.order.replace(None);
    }

    fn order(&mut self, order: Order) {
        self.give_up();
        self.desk.delivered.set(false);
        self.desk.order.replace(Some(order));
    }

    /// It is so late, in milliseconds: whether the order is over. Then there is a [`fault`](Self::fault), or a
    /// [`reply`](Self::take_reply).
    pub fn poll(&mut self, now: f64) -> bool {
        self.clock.tell(time(now));
        self.turn();
        self.failed = None;
        match self.desk.came.take() {
            None => return false,
            Some(Came::Reply(reply)) => self.reply = reply,
            Some(Came::Fault(fault, said)) => self.failed = Some((fault, said)),
        }
        true
    }

    fn turn(&mut self) {
        // It never ends, and wakes nobody: whoever tells it something asks it, too.
        let _ = self.server.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }

    /// The reply to a request; empty after a reconnect.
    pub fn take_reply(&mut self) -> Vec<u8> {
        mem::take(&mut self.reply)
    }

    /// A number of it, by the numbers in `polled.ts`. One function for all: each that is exported takes
    /// its place in what a page downloads.
    #[must_use]
    pub fn number(&self, which: u8) -> f64 {
        let failed = self.failed.as_ref().map(|(fault, _)| *fault);
        match which {
            UNTIL => self.clock.until().map_or(f64::INFINITY, millis),
            MAX_REQUEST => {
                let limits = self.desk.limits.get();
                limits.and_then(|limits| limits.max_request).unwrap_or(0) as f64
            }
            DELIVERED => f64::from(u8::from(self.desk.delivered.get())),
            FLAG => f64::from(u8::from(failed.is_some_and(fault::flag))),
            SIZE => failed.map_or(0.0, |fault| fault::size(fault).into()),
            _ => 0.0,
        }
    }

    /// The name of what went wrong, empty if nothing did; or what the link says of it itself.
    #[must_use]
    pub fn fault(&self, said: bool) -> String {
        match &self.failed {
            None => String::new(),
            Some((_, text)) if said => text.clone(),
            Some((fault, _)) => fault::name(*fault).into(),
        }
    }
}

/// Does one thing after the other, for ever. What is given up is dropped, as every link has to bear.
async fn serve<L: Reconnect>(mut link: L, desk: Rc<Desk>) {
    let mut buf = Zeroizing::new(alloc::vec![0; BUFFER]);
    loop {
        let order = poll_fn(|_| match desk.order.take() {
            Some(order) => Poll::Ready(order),
            None => Poll::Pending,
        })
        .await;
        let came = {
            let mut work = pin!(carry_out(&mut link, &mut buf, order));
            poll_fn(|cx| {
                if desk.given_up.get() {
                    return Poll::Ready(None);
                }
                work.as_mut().poll(cx).map(Some)
            })
            .await
        };
        desk.delivered.set(link.delivered());
        desk.limits.set(Some(link.limits()));
        desk.came.replace(came);
    }
}

async fn carry_out<L: Reconnect>(link: &mut L, buf: &mut [u8], order: Order) -> Came {
    let done = match order {
        Order::Exchange { endpoint, request } => {
            let (len, limit) = (request.len(), buf.len());
            let Ok(endpoint) = Endpoint::custom(&endpoint) else {
                return Came::Fault(
                    LinkFault::NoSuchEndpoint,
                    "there can be no endpoint of that name".into(),
                );
            };
            let Some(room) = buf.get_mut(..len) else {
                return Came::Fault(
                    LinkFault::RequestTooLarge { limit },
                    "the request is too long".into(),
                );
            };
            room.copy_from_slice(&request);
            link.exchange(endpoint, buf, len).await
        }
        Order::Reconnect(intent) => link.reconnect(intent).await.map(|()| 0),
    };
    match done {
        Ok(len) => Came::Reply(buf.get(..len).unwrap_or_default().to_vec()),
        Err(error) => Came::Fault(error.fault(), error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::fmt;
    use core::time::Duration;
    use espprov_transport::{Clock, Limits, Transport};

    #[derive(Debug)]
    struct Broken;

    impl fmt::Display for Broken {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("unplugged")
        }
    }

    impl core::error::Error for Broken {}

    impl TransportError for Broken {
        fn fault(&self) -> LinkFault {
            LinkFault::Lost { delivered: true }
        }
    }

    /// Answers after 50 ms with the request reversed; `break` breaks it.
    struct Slow(ToldClock, Rc<Cell<u32>>);

    impl Transport for Slow {
        type Error = Broken;

        async fn exchange(&mut self, _: Endpoint<'_>, buf: &mut [u8], len: usize) -> Result<usize, Broken> {
            self.0.sleep(Duration::from_millis(50)).await;
            self.1.set(self.1.get() + 1);
            if &buf[..len] == b"break" {
                return Err(Broken);
            }
            buf[..len].reverse();
            Ok(len)
        }

        fn limits(&self) -> Limits {
            Limits::new(Some(120), None)
        }

        async fn close(&mut self) {}
    }

    impl Reconnect for Slow {
        async fn reconnect(&mut self, intent: SessionIntent) -> Result<(), Broken> {
            assert_eq!(intent, SessionIntent::Fresh);
            Ok(())
        }
    }

    fn link() -> (PolledLink, Rc<Cell<u32>>) {
        let (clock, answered) = (ToldClock::default(), Rc::default());
        let link = Slow(clock.clone(), Rc::clone(&answered));
        (PolledLink::new(link, clock), answered)
    }

    #[test]
    fn an_order_is_over_when_its_time_has_come() {
        let (mut link, _) = link();
        assert_eq!(
            (link.number(MAX_REQUEST), link.number(UNTIL)),
            (120.0, f64::INFINITY)
        );
        link.exchange("custom-data", b"abc".to_vec());
        assert!(!link.poll(10.0));
        assert_eq!(link.number(UNTIL), 60.0);
        assert!(!link.poll(59.0));
        assert!(link.poll(60.0));
        assert_eq!(
            (link.fault(false).as_str(), link.take_reply()),
            ("", b"cba".to_vec())
        );
        assert_eq!(link.take_reply(), b"");
        link.reconnect(true);
        assert!(link.poll(61.0) && link.fault(false).is_empty());
    }

    #[test]
    fn what_breaks_has_a_name_until_something_else_is_over() {
        let (mut link, _) = link();
        link.exchange("custom-data", b"break".to_vec());
        link.poll(0.0);
        assert!(link.poll(50.0));
        assert_eq!(
            (link.fault(false).as_str(), link.number(FLAG), link.number(SIZE)),
            ("lost", 1.0, 0.0)
        );
        assert_eq!(link.fault(true), "unplugged");
        link.exchange("no such", b"abc".to_vec());
        assert!(link.poll(51.0));
        assert_eq!(link.fault(false), "no_such_endpoint");
        link.exchange("custom-data", alloc::vec![0; BUFFER + 1]);
        assert!(link.poll(51.0));
        let size = link.number(SIZE);
        assert_eq!(
            (link.fault(false).as_str(), size),
            ("request_too_large", BUFFER as f64)
        );
        link.reconnect(true);
        assert!(link.poll(52.0));
        assert_eq!(
            (
                link.fault(false).as_str(),
                link.number(FLAG),
                link.fault(true).as_str()
            ),
            ("", 0.0, "")
        );
    }

    #[test]
    fn what_is_given_up_has_no_end() {
        let (mut link, answered) = link();
        link.exchange("custom-data", b"abc".to_vec());
        assert!(!link.poll(0.0));
        link.give_up();
        assert!(!link.poll(1000.0));
        link.exchange("custom-data", b"first".to_vec());
        link.poll(1000.0);
        // The next order gives up the one before.
        link.exchange("custom-data", b"second".to_vec());
        link.poll(1010.0);
        assert!(!link.poll(1050.0));
        assert!(link.poll(1060.0));
        assert_eq!((link.take_reply(), answered.get()), (b"dnoces".to_vec(), 1));
    }

    #[test]
    fn what_is_no_time() {
        assert_eq!(time(1.5), Duration::from_micros(1500));
        assert_eq!((time(-1.0), time(f64::NAN)), (Duration::ZERO, Duration::ZERO));
        assert_eq!(time(f64::INFINITY), Duration::MAX);
    }
}
