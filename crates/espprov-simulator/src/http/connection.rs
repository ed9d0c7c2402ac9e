//! One client socket.

use super::head::{Head, Parsed, parse};
use super::{Patience, State};
use crate::service::{Answer, BUFFER, Presence, Service};
use core::future::Future;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// Longest body the device takes.
const BODY_MAX: usize = 4096;

/// How often a waiting connection looks whether the device is still there.
const TICK: Duration = Duration::from_millis(200);

/// What a client may still send while its connection is being closed.
const LINGER_BYTES: usize = 64 * 1024;

pub(super) struct Connection {
    stream: TcpStream,
    number: u64,
    boot: u32,
    patience: Patience,
    /// Bytes that came and are not used up.
    input: Vec<u8>,
    busy: Busy,
}

/// Whether a request is being handled. The firmware's server does one thing at a time: a client that comes meanwhile is
/// let in, and evicts the one before, when the answer is out.
#[derive(Debug, Clone, Default)]
pub(super) struct Busy(Arc<AtomicBool>);

impl Busy {
    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, busy: bool) {
        self.0.store(busy, Ordering::Relaxed);
    }
}

/// How a connection ends.
enum End {
    /// Close, after letting the client finish its sentence: what is unread would turn the close into a reset.
    Close,
    /// Break it.
    Reset,
}

/// What a request leads to.
enum Reply {
    Ok {
        body: Vec<u8>,
        set_cookie: Option<u32>,
    },
    /// Answered and then closed.
    Error(u16),
    End(End),
}

impl Connection {
    pub(super) fn new(stream: TcpStream, number: u64, boot: u32, patience: Patience) -> Self {
        Self {
            stream,
            number,
            boot,
            patience,
            input: Vec::new(),
            busy: Busy::default(),
        }
    }

    /// Tells whether the connection may be evicted while it is served.
    pub(super) fn busy(&self) -> Busy {
        self.busy.clone()
    }

    /// Serves requests until the connection ends. Dropping the future closes it.
    pub(super) async fn serve<S: Service>(mut self, state: &mut State<S>) {
        let end = loop {
            match self.serve_one(state).await {
                Ok(()) => {}
                Err(end) => break end,
            }
        };
        self.busy.set(false);
        match end {
            End::Close => self.linger().await,
            // If this fails, an ordinary close will have to do.
            End::Reset => drop(self.stream.set_zero_linger()),
        }
    }

    async fn serve_one<S: Service>(&mut self, state: &mut State<S>) -> Result<(), End> {
        let head = match self.head(state).await? {
            Ok(head) => head,
            Err(status) => return self.reply(Reply::Error(status)).await,
        };
        let reply = self.answer(head, state).await;
        let replied = self.reply(reply).await;
        self.busy.set(false);
        replied
    }

    /// Reads up to the end of a head. The inner error is a status code.
    async fn head<S: Service>(&mut self, state: &State<S>) -> Result<Result<Head, u16>, End> {
        self.idle(state).await?;
        self.busy.set(true);
        loop {
            match parse(&self.input) {
                Parsed::Head(head) => {
                    self.input.drain(..head.len);
                    return Ok(Ok(head));
                }
                Parsed::Bad(status) => return Ok(Err(status)),
                Parsed::Incomplete => self.read().await?,
            }
        }
    }

    /// Waits for a request to begin, as long as the device is there.
    async fn idle<S: Service>(&mut self, state: &State<S>) -> Result<(), End> {
        let mut waited = Duration::ZERO;
        while self.input.is_empty() {
            if state.presence() != (Presence::On { boot: self.boot }) {
                return Err(End::Reset);
            }
            let tick = TICK.min(self.patience.idle);
            match timeout(tick, read_some(&mut self.stream, &mut self.input)).await {
                Ok(result) => result?,
                Err(_) if waited >= self.patience.idle => return Err(End::Close),
                Err(_) => waited += tick,
            }
        }
        Ok(())
    }

    async fn read(&mut self) -> Result<(), End> {
        let read = read_some(&mut self.stream, &mut self.input);
        within(self.patience.transfer, read).await?
    }

    async fn body(&mut self, len: usize) -> Result<Vec<u8>, End> {
        while self.input.len() < len {
            self.read().await?;
        }
        Ok(self.input.drain(..len).collect())
    }

    async fn answer<S: Service>(&mut self, head: Head, state: &mut State<S>) -> Reply {
        if !state.device.has_uri(&head.endpoint) {
            return Reply::Error(404);
        }
        if !head.is_post {
            return Reply::Error(405);
        }
        if head.body > BODY_MAX {
            // The device does not read what it will not take, and so its close becomes a reset.
            return Reply::End(End::Reset);
        }
        let mut body = match self.body(head.body).await {
            Ok(body) => body,
            Err(end) => return Reply::End(end),
        };
        let set_cookie = state.enter(head.cookie.as_deref(), self.number, self.boot);
        // A path with a query is found, but its handler is not.
        if head.has_query {
            return Reply::End(End::Close);
        }
        let now = state.now();
        body.resize(BUFFER, 0);
        let mut answer = state
            .device
            .with(|device| device.handle(&head.endpoint, &mut body, head.body, now));
        loop {
            match answer {
                Answer::Reply(len) => {
                    body.truncate(len);
                    return Reply::Ok { body, set_cookie };
                }
                Answer::Pending { until } => {
                    sleep(until.saturating_sub(state.now())).await;
                    let now = state.now();
                    answer = state.device.with(|device| device.resume(&mut body, now));
                }
                Answer::Refused | Answer::ReplyTooLong | Answer::NoSuchEndpoint => {
                    return Reply::End(End::Close);
                }
                Answer::Silence => {
                    // Nothing will come; whoever gives up first ends it.
                    self.busy.set(false);
                    let mut ignored = Vec::new();
                    let patience = self.patience.idle;
                    while let Ok(Ok(())) = timeout(patience, read_some(&mut self.stream, &mut ignored)).await
                    {
                        if ignored.len() > LINGER_BYTES {
                            break;
                        }
                    }
                    return Reply::End(End::Reset);
                }
                Answer::Closed { .. } => return Reply::End(End::Reset),
            }
        }
    }

    async fn reply(&mut self, reply: Reply) -> Result<(), End> {
        let (bytes, end) = match reply {
            Reply::End(end) => return Err(end),
            Reply::Error(status) => (
                render(status, None, explanation(status).as_bytes()),
                Some(End::Close),
            ),
            Reply::Ok { body, set_cookie } => (render(200, set_cookie, &body), None),
        };
        within(self.patience.transfer, self.stream.write_all(&bytes))
            .await?
            .map_err(|_| End::Reset)?;
        end.map_or(Ok(()), Err)
    }

    /// Says goodbye and reads until the client has heard it.
    async fn linger(&mut self) {
        if self.stream.shutdown().await.is_err() {
            return;
        }
        self.input.clear();
        let patience = self.patience.transfer.min(Duration::from_secs(1));
        let hear_out = async {
            while self.input.len() < LINGER_BYTES {
                if read_some(&mut self.stream, &mut self.input).await.is_err() {
                    return;
                }
            }
        };
        // Whoever has not closed by then is cut off.
        let _ = timeout(patience, hear_out).await;
    }
}

/// Appends what has come, at least one byte.
async fn read_some(stream: &mut TcpStream, input: &mut Vec<u8>) -> Result<(), End> {
    let mut chunk = [0; 2048];
    match stream.read(&mut chunk).await {
        Ok(0) => Err(End::Close),
        Ok(len) => {
            input.extend_from_slice(&chunk[..len]);
            Ok(())
        }
        Err(_) => Err(End::Reset),
    }
}

async fn within<T>(patience: Duration, future: impl Future<Output = T>) -> Result<T, End> {
    timeout(patience, future).await.map_err(|_| End::Close)
}

fn render(status: u16, set_cookie: Option<u32>, body: &[u8]) -> Vec<u8> {
    let cookie = set_cookie.map_or_else(String::new, |id| format!("Set-Cookie: session={id}\r\n"));
    let head = format!(
        "HTTP/1.1 {status} {}\r\nContent-Type: text/html\r\nContent-Length: {}\r\n{cookie}\r\n",
        reason(status),
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// The body that comes with an error, as the firmware's server words it.
const fn explanation(status: u16) -> &'static str {
    match status {
        404 => "Nothing matches the given URI",
        405 => "Specified method is invalid for this resource",
        414 => "URI is too long",
        431 => "Header fields are too long",
        _ => "Bad request syntax",
    }
}

const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        404 => "Not Found",
        405 => "Method Not Allowed",
        414 => "URI Too Long",
        431 => "Request Header Fields Too Large",
        _ => "Bad Request",
    }
}
