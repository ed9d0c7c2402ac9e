//! What clients send to the services of a device.

use crate::Messages;
use crate::console::Echo;
use crate::entropy::Counting;
use core::cell::{Cell, RefCell};
use core::convert::Infallible;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use embedded_io_async::{ErrorType, Read, Write};
use espprov_services::Local;
use espprov_services::console::{Console, Step};
use espprov_services::http::{BODY, HEAD, HttpServer, Listener, Socket};
use espprov_transport::Clock;

/// Longest head of an answer.
const ANSWER: usize = 160;

/// Connections to a device's HTTP server, one message each. The first byte chooses the size of the pieces that arrive, the
/// second how little memory the server has.
///
/// Every connection comes to its end, a poll does one thing at most, and an answer is an answer of HTTP or nothing.
pub fn http_request(data: &[u8]) {
    let [size, memory, rest @ ..] = data else {
        return;
    };
    let device = Local::new(Echo);
    let network = Network {
        now: Cell::new(Duration::ZERO),
        open: Cell::new(0),
        done: Cell::new(false),
        reads: Cell::new(0),
        clients: RefCell::new(Messages(rest)),
        piece: usize::from(size % 32) + 1,
    };
    let less = usize::from(*memory);
    let (mut head, mut body) = (vec![0; HEAD - less * 6], vec![0; BODY - less * 16]);
    let mut server = HttpServer::new(&device, &network, Counting(1), &mut head, &mut body);
    let mut port = Port(&network);
    let mut running = pin!(server.run(&mut port));
    let mut cx = Context::from_waker(Waker::noop());
    // A few polls for each byte and each client, and for what waits a moment.
    let most = 4 * data.len() + 10_000;
    for _ in 0..most {
        network.reads.set(0);
        match running.as_mut().poll(&mut cx) {
            Poll::Ready(never) => match never {},
            Poll::Pending => assert!(network.reads.get() <= 3, "too much for one poll"),
        }
        if network.done.get() && network.open.get() == 0 {
            return;
        }
        network.now.set(network.now.get() + Duration::from_millis(1));
    }
    panic!("somebody is still served after {most} polls");
}

/// Clients that connect one after the other, and a clock that moves when nobody looks.
struct Network<'a> {
    now: Cell<Duration>,
    open: Cell<u32>,
    done: Cell<bool>,
    reads: Cell<u32>,
    clients: RefCell<Messages<'a>>,
    piece: usize,
}

impl Clock for &Network<'_> {
    fn now(&self) -> Duration {
        self.now.get()
    }

    async fn sleep(&self, duration: Duration) {
        let until = self.now.get() + duration;
        poll_fn(|_| match self.now.get() >= until {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }
}

struct Port<'n, 'a>(&'n Network<'a>);

impl<'n, 'a> Listener for Port<'n, 'a> {
    type Socket = Client<'n, 'a>;
    type Error = Infallible;

    async fn accept(&mut self) -> Result<Client<'n, 'a>, Infallible> {
        poll_fn(|_| {
            if self.0.open.get() > 0 {
                return Poll::Pending;
            }
            let Some(bytes) = self.0.clients.borrow_mut().next() else {
                self.0.done.set(true);
                return Poll::Pending;
            };
            self.0.open.set(1);
            Poll::Ready(Ok(Client {
                network: self.0,
                bytes,
                written: Vec::new(),
            }))
        })
        .await
    }
}

/// Says all it has to say, and then closes.
struct Client<'n, 'a> {
    network: &'n Network<'a>,
    bytes: &'a [u8],
    written: Vec<u8>,
}

impl Drop for Client<'_, '_> {
    fn drop(&mut self) {
        self.network.open.set(0);
        let is_http = self.written.is_empty() || self.written.starts_with(b"HTTP/1.1 ");
        assert!(is_http, "{}", self.written.escape_ascii());
    }
}

impl ErrorType for Client<'_, '_> {
    type Error = Infallible;
}

impl Read for Client<'_, '_> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Infallible> {
        assert!(!buf.is_empty(), "it would look like the end");
        self.network.reads.set(self.network.reads.get() + 1);
        let len = self.network.piece.min(self.bytes.len()).min(buf.len());
        let (now, later) = self.bytes.split_at(len);
        buf[..len].copy_from_slice(now);
        self.bytes = later;
        Ok(len)
    }
}

impl Write for Client<'_, '_> {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Infallible> {
        self.written.extend_from_slice(buf);
        Ok(buf.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        // An answer, whole: no longer than what was asked, for it is an echo.
        assert!(self.written.len() <= BODY + ANSWER, "{}", self.written.len());
        self.written.truncate("HTTP/1.1 ".len());
        Ok(())
    }
}

impl Socket for Client<'_, '_> {
    async fn shutdown(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn reset(&mut self) {}
}

/// Bytes typed at a device's console, with a buffer and an output as small as the first two bytes say.
pub fn console_server(data: &[u8]) {
    let [room, piece, rest @ ..] = data else {
        return;
    };
    let device = Local::new(Echo);
    let mut console = Console::new(&device, vec![0; usize::from(*room) + 1]).with_line_limit(0);
    let mut place = vec![0; usize::from(piece % 64) + 1];
    let (mut now, mut printed, mut rest) = (Duration::ZERO, 0, rest);
    loop {
        match console.poll(now, &mut place) {
            Step::Print(len) => {
                assert!(len > 0 && len <= place.len());
                printed += len;
            }
            Step::Wait { until } => {
                assert!(until > now, "it would be asked in a circle");
                now = until;
            }
            _ if rest.is_empty() => break,
            _ => {
                let room = console.room();
                let len = room.len().min(rest.len()).min(usize::from(piece % 61) + 1);
                assert!(len > 0, "it takes what it can");
                room[..len].copy_from_slice(&rest[..len]);
                rest = &rest[len..];
                console.received(len, now);
            }
        }
    }
    // The echo with its line feeds, and for each line a prompt and twice what it holds.
    assert!(printed <= data.len() * 12, "{printed} of {}", data.len());
}
