//! A link that is asked again and again.

use crate::ToldClock;
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use espprov_transport::{Endpoint, Limits, LinkFault, Reconnect, SessionIntent, TransportError};
use zeroize::Zeroizing;

/// Room for a reply: more than any device sends.
const BUFFER: usize = 16 * 1024;

/// What became of what the link was told to do.
pub enum Came {
    /// The reply to a request, or nothing after a reconnect.
    Reply(Vec<u8>),
    /// The link failed: what that means, and what it says itself.
    Fault(LinkFault, String),
}

enum Order {
    Exchange {
        endpoint: String,
        request: Zeroizing<Vec<u8>>,
    },
    Reconnect(SessionIntent),
    Close,
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
pub struct PolledLink {
    desk: Rc<Desk>,
    clock: ToldClock,
    server: Pin<Box<dyn Future<Output = ()>>>,
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
        }
    }

    /// Sends a request to an endpoint.
    pub fn exchange(&mut self, endpoint: &str, request: Vec<u8>) {
        self.order(Order::Exchange {
            endpoint: endpoint.into(),
            request: Zeroizing::new(request),
        });
    }

    /// Opens the link again.
    pub fn reconnect(&mut self, intent: SessionIntent) {
        self.order(Order::Reconnect(intent));
    }

    /// Ends the link.
    pub fn close(&mut self) {
        self.order(Order::Close);
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

    /// It is so late: what came of the order, if it is over.
    pub fn poll(&mut self, now: Duration) -> Option<Came> {
        self.clock.tell(now);
        self.turn();
        self.desk.came.take()
    }

    fn turn(&mut self) {
        // It never ends, and wakes nobody: whoever tells it something asks it, too.
        let _ = self.server.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }

    /// When to ask again, if nothing else happens before.
    #[must_use]
    pub fn until(&self) -> Option<Duration> {
        self.clock.until()
    }

    /// The request that is over, or was given up, had been handed over completely.
    #[must_use]
    pub fn delivered(&self) -> bool {
        self.desk.delivered.get()
    }

    /// Sizes and habits of the link.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.desk.limits.get().unwrap_or(Limits::UNKNOWN)
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
            let len = request.len();
            let too_long = Came::Fault(
                LinkFault::RequestTooLarge { limit: buf.len() },
                "the request is too long".into(),
            );
            let (Some(room), Ok(endpoint)) = (buf.get_mut(..len), Endpoint::custom(&endpoint)) else {
                return too_long;
            };
            room.copy_from_slice(&request);
            link.exchange(endpoint, buf, len).await
        }
        Order::Reconnect(intent) => link.reconnect(intent).await.map(|()| 0),
        Order::Close => {
            link.close().await;
            Ok(0)
        }
    };
    match done {
        Ok(len) => Came::Reply(buf.get(..len).unwrap_or_default().to_vec()),
        Err(error) => Came::Fault(error.fault(), error.to_string()),
    }
}
