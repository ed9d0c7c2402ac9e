//! The UART console, from both ends.

use core::cell::Cell;
use core::convert::Infallible;
use core::future::{Future, pending, poll_fn};
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use embedded_io_async::{ErrorType, Read, Write};
use espprov_embedded::console::Console as Client;
use espprov_services::with_ids;
use espprov_simulator::console::{Console, Progress, parse_line};
use espprov_simulator::{Answer, Presence, Service, Shared};
use espprov_transport::{Clock, Endpoint, Reconnect, SessionIntent, Transport};

/// Bytes typed at a device's console.
pub fn console_line(data: &[u8]) {
    if let Some(line) = parse_line(data) {
        assert!(line.payload().len() * 2 <= data.len());
        assert!(i32::try_from(line.session).is_ok());
        assert!(Endpoint::custom(line.endpoint).is_ok());
    }
    let limit = usize::from(data.first().copied().unwrap_or(0));
    let mut console = Console::new(Shared::new(Echo))
        .with_line_limit(limit)
        .with_log_noise(1);
    let mut out = Vec::new();
    // Received in pieces that the input chooses.
    let mut rest = data;
    while !rest.is_empty() {
        let piece = rest.split_at(rest.len().min(1 + limit % 61)).0;
        let (taken, mut progress) = console.feed(piece, Duration::ZERO, &mut out);
        assert!(taken > 0, "it takes what it can");
        rest = &rest[taken..];
        while let Progress::Wait { until } = progress {
            progress = console.resume(until, &mut out);
        }
    }
    // An echo, a reply in hex, and a prompt or a few log lines per line.
    assert!(
        out.len() <= data.len() * 1024 + 1024,
        "{} bytes out of {}",
        out.len(),
        data.len()
    );
}

/// Replies with the request, the slow endpoint later.
pub(crate) struct Echo;

impl Service for Echo {
    fn handle(&mut self, endpoint: &str, _: &mut [u8], len: usize, now: Duration) -> Answer {
        match endpoint {
            "echo" => Answer::Reply(len),
            "slow" => Answer::Pending {
                until: now + Duration::from_millis(1),
            },
            "refuse" => Answer::Refused,
            "silent" => Answer::Silence,
            _ => Answer::NoSuchEndpoint,
        }
    }

    fn resume(&mut self, _: &mut [u8], _: Duration) -> Answer {
        Answer::Reply(0)
    }

    fn new_session(&mut self) {}

    fn presence(&mut self, _: Duration) -> Presence {
        Presence::On { boot: 1 }
    }

    fn endpoints(&self, visit: &mut dyn FnMut(u16, &str)) {
        for (id, name) in with_ids(["echo", "slow", "refuse", "silent"]) {
            visit(id, name);
        }
    }
}

/// Bytes a device's console sends, until the port is gone. The first byte chooses the size of the pieces. Time passes
/// where the bytes say so.
pub fn console_reply(data: &[u8]) {
    let Some((&size, rest)) = data.split_first() else {
        return;
    };
    let late = Cell::new(false);
    let port = |bytes| Port {
        bytes,
        piece: usize::from(size % 32) + 1,
        late: &late,
    };
    let mut client = Client::new(port(rest), port(&[]), Pausing(&late));
    let mut buf = [0_u8; 512];
    for _ in 0..3 {
        buf[..3].copy_from_slice(b"---");
        match now(client.exchange(Endpoint::PROTO_VER, &mut buf, 3)) {
            Ok(len) => assert!(len <= buf.len()),
            Err(_) => {
                let _ = now(client.reconnect(SessionIntent::Keep));
            }
        }
    }
}

/// After this byte nothing comes until somebody's patience ends. No console prints it.
const PAUSE: u8 = 0xff;

/// A port that has everything at once, up to a pause, and is gone after it; what is written to it is lost.
struct Port<'a> {
    bytes: &'a [u8],
    piece: usize,
    late: &'a Cell<bool>,
}

impl ErrorType for Port<'_> {
    type Error = Infallible;
}

impl Read for Port<'_> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Infallible> {
        if let Some((&PAUSE, rest)) = self.bytes.split_first() {
            self.bytes = rest;
            self.late.set(true);
            pending::<()>().await;
        }
        let pause = self.bytes.iter().position(|&byte| byte == PAUSE);
        let len = self.piece.min(buf.len()).min(pause.unwrap_or(self.bytes.len()));
        let (now, later) = self.bytes.split_at(len);
        buf[..len].copy_from_slice(now);
        self.bytes = later;
        Ok(len)
    }
}

impl Write for Port<'_> {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Infallible> {
        Ok(buf.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Time stands still, and every wait is over at the next pause of the port: nothing may depend on a timeout where bytes or the
/// end of the port are at hand.
struct Pausing<'a>(&'a Cell<bool>);

impl Clock for Pausing<'_> {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    async fn sleep(&self, duration: Duration) {
        if !duration.is_zero() {
            poll_fn(|_| match self.0.take() {
                true => Poll::Ready(()),
                false => Poll::Pending,
            })
            .await;
        }
    }
}

/// The output of a future that never has to wait.
pub(crate) fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("waits though there is nothing to wait for"),
    }
}
