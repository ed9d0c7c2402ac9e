//! A network without a network: sockets in memory, on a clock that stands still while somebody works.

use core::convert::Infallible;
use core::future::pending;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use core::time::Duration;
use embedded_io_adapters::tokio_1::FromTokio;
use embedded_io_async::{ErrorType, Read, Write};
use espprov_services::http::{Listener, Socket};
use espprov_services::{Answer, Presence, Service, with_ids};
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Bytes on their way in one direction.
const WINDOW: usize = 8192;

/// A port and the network that leads to it.
pub(crate) fn network() -> (Port, Network) {
    let (tx, rx) = unbounded_channel();
    (Port(rx), Network(tx))
}

pub(crate) struct Port(UnboundedReceiver<Wire>);

impl Listener for Port {
    type Socket = Wire;
    type Error = Infallible;

    async fn accept(&mut self) -> Result<Wire, Infallible> {
        match self.0.recv().await {
            Some(wire) => Ok(wire),
            None => pending().await,
        }
    }
}

pub(crate) struct Network(UnboundedSender<Wire>);

impl Network {
    /// A client connects.
    pub(crate) fn connect(&self) -> Client {
        let (here, there) = tokio::io::duplex(WINDOW);
        let reset = Arc::new(AtomicBool::new(false));
        let _ = self.0.send(Wire {
            stream: FromTokio::new(there),
            reset: Arc::clone(&reset),
        });
        Client { stream: here, reset }
    }
}

/// The device's end.
pub(crate) struct Wire {
    stream: FromTokio<DuplexStream>,
    reset: Arc<AtomicBool>,
}

impl ErrorType for Wire {
    type Error = io::Error;
}

impl Read for Wire {
    async fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buf).await
    }
}

impl Write for Wire {
    async fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.stream.write(buf).await
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.stream.flush().await
    }
}

impl Socket for Wire {
    async fn shutdown(&mut self) -> io::Result<()> {
        self.stream.inner_mut().shutdown().await
    }

    fn reset(&mut self) {
        self.reset.store(true, Ordering::Relaxed);
    }
}

/// The client's end.
pub(crate) struct Client {
    pub(crate) stream: DuplexStream,
    reset: Arc<AtomicBool>,
}

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Got {
    Answer(u16, Vec<u8>),
    /// Closed without a byte.
    Closed,
    Reset,
}

impl Client {
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // A device that has hung up takes no more.
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    pub(crate) async fn post(&mut self, endpoint: &str, body: &[u8]) -> Got {
        self.send(post(endpoint, body)).await;
        self.answer().await
    }

    /// Reads one answer, or the end.
    pub(crate) async fn answer(&mut self) -> Got {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match self.stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => {
                    assert!(head.is_empty(), "half an answer");
                    return match self.reset.load(Ordering::Relaxed) {
                        true => Got::Reset,
                        false => Got::Closed,
                    };
                }
            }
        }
        let head = String::from_utf8(head).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let len = head.split("Content-Length: ").nth(1).unwrap();
        let len = len.split('\r').next().unwrap().parse().unwrap();
        let mut body = vec![0; len];
        self.stream.read_exact(&mut body).await.unwrap();
        Got::Answer(status, body)
    }
}

pub(crate) fn post(endpoint: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /{endpoint} HTTP/1.1\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// `echo` answers with the request, `slow` after ten seconds, `silent` never.
#[derive(Debug, Default, Clone)]
pub(crate) struct Echo {
    /// Requests that were handled.
    pub(crate) handled: Arc<AtomicU32>,
    pub(crate) away: bool,
}

impl Service for Echo {
    fn handle(&mut self, endpoint: &str, _: &mut [u8], len: usize, now: Duration) -> Answer {
        self.handled.fetch_add(1, Ordering::Relaxed);
        match endpoint {
            "echo" => Answer::Reply(len),
            "slow" => Answer::Pending {
                until: now + Duration::from_secs(10),
            },
            _ => Answer::Silence,
        }
    }

    fn resume(&mut self, buf: &mut [u8], _: Duration) -> Answer {
        Answer::reply(b"at last", buf)
    }

    fn new_session(&mut self) {}

    fn presence(&mut self, _: Duration) -> Presence {
        match self.away {
            true => Presence::Away { back_at: None },
            false => Presence::On { boot: 1 },
        }
    }

    fn endpoints(&self, visit: &mut dyn FnMut(u16, &str)) {
        for (id, name) in with_ids(["echo", "slow", "silent"]) {
            visit(id, name);
        }
    }
}
