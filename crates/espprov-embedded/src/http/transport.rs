//! The transport: one connection, one cookie, and what is left of them after a failure.

use super::answer::{Head, HeadReader};
use super::{HttpError, MAX_REQUEST};
use crate::whole::write_whole;
use core::fmt;
use core::future::{Future, poll_fn};
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use embedded_io_async::{Error as _, ErrorKind, Read, Write};
use embedded_nal_async::TcpConnect;
use espprov_transport::{
    Clock, Endpoint, Limits, Reconnect, SessionHold, SessionIntent, Transport, with_deadline,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A blocking scan answers only when it is over.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// What an error answer may say before it is cut off, and how long it may take.
const MAX_ERROR_TEXT: usize = 4096;
const ERROR_TEXT_TIME: Duration = Duration::from_secs(1);
/// How long it may take to find out whether the device still knows the cookie, and what that question carries.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);
const FILLER: &[u8] = b"---";

/// A link to a device's HTTP server: at most one TCP connection, opened by the first exchange.
///
/// **Session.** The device's cookie is taken from its first successful answer and sent from then on, exactly as the
/// device compares it. A connection that the device closed while idle is reopened by the next exchange, with the
/// cookie.
/// **Refused or lost?** A used connection is looked at before a request goes out; a close without a byte after
/// that is a refusal, unless there is a sign that the device's one session is another client's by now: the connection
/// was closed on us since the session began, or the device, asked for its version, gives out another cookie. That is
/// [`HttpError::SessionTaken`].
/// **After a failure** every exchange gives [`HttpError::NeedsReconnect`] until a reconnect succeeds, as it does
/// after a dropped exchange and after [`close`](Transport::close). Exceptions: an empty or over-long request, a
/// 404, and an error status of 500 on a connection that stayed open.
///
/// Looking at a connection and time limits drop reads half-way: the stack's reads must lose nothing then
/// (embassy-net's do not). Answers with chunks, which no device sends, are [`HttpError::NotHttp`].
pub struct HttpTransport<'n, N: TcpConnect, C> {
    stack: &'n N,
    device: SocketAddr,
    clock: C,
    hold: SessionHold<u32>,
    connection: Option<N::Connection<'n>>,
    /// A success was answered on this connection.
    answered: bool,
    poisoned: bool,
    /// The request of the last exchange was handed over.
    progress: Progress,
    connect_timeout: Duration,
    answer_timeout: Duration,
}

/// How far an exchange got, for the error if it fails.
#[derive(Clone, Copy, Default)]
struct Progress {
    delivered: bool,
}

impl<'n, N: TcpConnect, C: Clock> HttpTransport<'n, N, C> {
    /// Where a device in SoftAP mode listens.
    pub const SOFTAP: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 168, 4, 1)), 80);

    /// A transport over this stack. Nothing is sent before the first exchange or
    /// [`reconnect`](Reconnect::reconnect).
    pub const fn new(stack: &'n N, device: SocketAddr, clock: C) -> Self {
        Self {
            stack,
            device,
            clock,
            hold: SessionHold::new(),
            connection: None,
            answered: false,
            poisoned: false,
            progress: Progress { delivered: false },
            connect_timeout: CONNECT_TIMEOUT,
            answer_timeout: ANSWER_TIMEOUT,
        }
    }

    /// Sets how long opening a connection may take (default 5 s).
    #[must_use]
    pub const fn with_connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Sets how long one exchange may take (default 30 s, because a blocking scan takes seconds).
    #[must_use]
    pub const fn with_answer_timeout(mut self, limit: Duration) -> Self {
        self.answer_timeout = limit;
        self
    }

    async fn open(&mut self) -> Result<N::Connection<'n>, HttpError> {
        self.answered = false;
        let until = self.clock.now().saturating_add(self.connect_timeout);
        match with_deadline(&self.clock, until, self.stack.connect(self.device)).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) if error.kind() == ErrorKind::TimedOut => Err(HttpError::ConnectTimedOut),
            Ok(Err(error)) => Err(HttpError::Connect(error.kind())),
            Err(_) => Err(HttpError::ConnectTimedOut),
        }
    }

    /// What to do with a connection after an answer of this status.
    async fn settle(&mut self, head: Head, mut connection: N::Connection<'n>) -> HttpError {
        match head.status {
            404 => {
                // Stock firmware closes after a 404 without saying so. With the cookie a new connection costs
                // nothing; without one, a session may hang on this connection.
                self.poisoned = false;
                if self.hold.token().is_none() && self.answered && self.skip(head, &mut connection).await {
                    self.connection = Some(connection);
                }
                HttpError::NotFound
            }
            code @ (500 | 501 | 505..=599) => {
                let link_alive = self.skip(head, &mut connection).await && is_open(&mut connection).await;
                if link_alive {
                    self.connection = Some(connection);
                    self.poisoned = false;
                }
                HttpError::Status { code, link_alive }
            }
            // 405, 411, 413, 431 and the like: stock firmware closes after each. 502..504: a gateway's.
            code @ 400..=599 => HttpError::Status {
                code,
                link_alive: false,
            },
            _ => HttpError::NotHttp,
        }
    }

    /// Whether a refusal is the device's verdict, or its session another client's by now.
    async fn weigh(&mut self, endpoint: Endpoint<'_>, error: HttpError, buf: &mut [u8]) -> HttpError {
        let in_doubt = match error {
            HttpError::ClosedWithoutAnswer => true,
            HttpError::Status { code, .. } => !(502..=504).contains(&code),
            // A connection that is closed under a request may break. Up to the handshake nothing was acted upon.
            HttpError::Broken { .. } => !endpoint.is_encrypted(),
            _ => false,
        };
        let broken = matches!(error, HttpError::Broken { .. });
        if !in_doubt || !(self.hold.is_held() || broken) {
            return error;
        }
        if self.hold.is_shaken() || self.is_forgotten(broken, buf).await {
            self.poisoned = true;
            self.connection = None;
            return HttpError::SessionTaken;
        }
        match error {
            // It may not have survived being asked.
            HttpError::Status { code, .. } => HttpError::Status {
                code,
                link_alive: !self.poisoned,
            },
            error => error,
        }
    }

    /// Asks the device, with the cookie, for its version: if it gives another cookie, it has forgotten the session,
    /// and if it hangs up on that question, too, somebody else is busy with it. That nobody is there proves nothing.
    ///
    /// `broken`: the connection broke under the request. If somebody answers a moment later, then it was closed on us.
    async fn is_forgotten(&mut self, broken: bool, buf: &mut [u8]) -> bool {
        let (Some(cookie), Some(place)) = (self.hold.token(), buf.get_mut(..FILLER.len())) else {
            return false;
        };
        place.copy_from_slice(FILLER);
        // A connection that survived is asked itself: another one would evict it.
        let survivor = self.connection.take();
        let survived = survivor.is_some();
        self.poisoned = true;
        let mut connection = match survivor {
            Some(connection) => connection,
            None => match self.open().await {
                Ok(connection) => connection,
                Err(_) => return false,
            },
        };
        let until = self.clock.now().saturating_add(CHECK_TIMEOUT);
        let mut progress = Progress::default();
        let head = (&Endpoint::PROTO_VER, self.device, Some(cookie));
        let asking = post(
            &mut connection,
            head,
            buf,
            FILLER.len(),
            &mut progress,
            (&self.clock, until),
        );
        let head = match with_deadline(&self.clock, until, asking).await {
            Ok(Ok((head, _))) => head,
            Ok(Err(error)) => return error.is_hang_up(),
            Err(_) => return false,
        };
        if survived && head.length.is_some() && !head.closes {
            self.connection = Some(connection);
            self.poisoned = false;
        }
        broken || head.cookie.is_some_and(|new| new != cookie)
    }

    /// Reads the text of an error answer away; whether the connection can live on.
    async fn skip(&self, head: Head, connection: &mut N::Connection<'n>) -> bool {
        let (Some(length), false) = (head.length, head.closes) else {
            return false;
        };
        let drain = async {
            let mut left = length;
            let mut piece = [0; 32];
            while left > 0 && length <= MAX_ERROR_TEXT {
                let room = piece.len().min(left);
                match connection.read(piece.get_mut(..room).unwrap_or_default()).await {
                    Ok(n @ 1..) => left = left.saturating_sub(n),
                    _ => return false,
                }
            }
            left == 0
        };
        let until = self.clock.now().saturating_add(ERROR_TEXT_TIME);
        with_deadline(&self.clock, until, drain).await == Ok(true)
    }
}

/// Whether the device still keeps the connection open, and has said nothing unasked.
async fn is_open<R: Read>(connection: &mut R) -> bool {
    let mut byte = [0];
    let mut read = pin!(connection.read(&mut byte));
    poll_fn(|cx| Poll::Ready(read.as_mut().poll(cx).is_pending())).await
}

/// Sends one request and reads its answer into `buf`; the length counts for a success only.
async fn post<T: Read + Write, C: Clock>(
    connection: &mut T,
    head: (&Endpoint<'_>, SocketAddr, Option<u32>),
    buf: &mut [u8],
    len: usize,
    progress: &mut Progress,
    (clock, until): (&C, Duration),
) -> Result<(Head, usize), HttpError> {
    let broken = |kind, progress: Progress| HttpError::Broken {
        kind,
        delivered: progress.delivered,
    };
    let body = buf.get(..len).unwrap_or_default();
    send(connection, head, body)
        .await
        .map_err(|kind| broken(kind, *progress))?;
    progress.delivered = true;

    let mut reader = HeadReader::new();
    let mut piece = [0; 64];
    let (answer, rest) = 'head: loop {
        // A peer that never runs dry must not keep the time limit from being looked at.
        if clock.now() >= until {
            return Err(HttpError::AnswerTimedOut { delivered: true });
        }
        let n = connection
            .read(&mut piece)
            .await
            .map_err(|e| broken(e.kind(), *progress))?;
        if n == 0 {
            return Err(if reader.has_begun() {
                HttpError::Truncated
            } else {
                HttpError::ClosedWithoutAnswer
            });
        }

        for (index, &byte) in piece.iter().enumerate().take(n) {
            if let Some(answer) = reader.push(byte).map_err(|_| HttpError::NotHttp)? {
                break 'head (answer, piece.get(index.saturating_add(1)..n).unwrap_or_default());
            }
        }
    };
    if !(200..300).contains(&answer.status) {
        // What is left of its text, for the caller to read away.
        let left = answer.length.map(|length| length.saturating_sub(rest.len()));
        let mut answer = answer;
        answer.length = left;
        return Ok((answer, 0));
    }
    if let Some(need) = answer.length.filter(|&length| length > buf.len()) {
        return Err(HttpError::ReplyTooLarge { need });
    }
    let wanted = answer.length.unwrap_or(usize::MAX);
    let rest = rest.get(..rest.len().min(wanted)).unwrap_or_default();
    let mut filled = rest.len();
    let place = buf
        .get_mut(..filled)
        .ok_or(HttpError::ReplyTooLarge { need: filled })?;
    place.copy_from_slice(rest);
    while filled < wanted {
        if clock.now() >= until {
            return Err(HttpError::AnswerTimedOut { delivered: true });
        }
        let room = buf.get_mut(filled..).unwrap_or_default();
        let mut extra = [0];
        // The buffer is full: one more byte is too many, the end of the connection is not.
        let full = room.is_empty();
        let into = if full { &mut extra[..] } else { room };
        match connection
            .read(into)
            .await
            .map_err(|e| broken(e.kind(), *progress))?
        {
            0 if answer.length.is_none() => break,
            0 => return Err(HttpError::Truncated),
            _ if full => {
                return Err(HttpError::ReplyTooLarge {
                    need: filled.saturating_add(1),
                });
            }
            n => filled = filled.saturating_add(n),
        }
    }
    Ok((answer, filled.min(wanted)))
}

async fn send<T: Write>(
    to: &mut T,
    (endpoint, device, cookie): (&Endpoint<'_>, SocketAddr, Option<u32>),
    body: &[u8],
) -> Result<(), ErrorKind> {
    // At most about 210 characters with the longest name and an IPv6 address.
    let mut head = HeadBuffer::new();
    let complete = head.write(format_args!(
        "POST /{endpoint} HTTP/1.1\r\nHost: {device}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
        body.len()
    )) && cookie.is_none_or(|id| head.write(format_args!("Cookie: session={id}\r\n")))
        && head.write(format_args!("\r\n"));
    if !complete {
        return Err(ErrorKind::OutOfMemory);
    }
    write_whole(to, head.bytes()).await?;
    write_whole(to, body).await?;
    to.flush().await.map_err(|e| e.kind())
}

/// The head of a request.
struct HeadBuffer {
    bytes: [u8; 320],
    len: usize,
}

impl HeadBuffer {
    const fn new() -> Self {
        Self {
            bytes: [0; 320],
            len: 0,
        }
    }

    fn write(&mut self, text: fmt::Arguments<'_>) -> bool {
        fmt::Write::write_fmt(self, text).is_ok()
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl fmt::Write for HeadBuffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len.saturating_add(text.len());
        let place = self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?;
        place.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

impl<N: TcpConnect, C: Clock> Transport for HttpTransport<'_, N, C> {
    type Error = HttpError;

    async fn exchange(
        &mut self,
        endpoint: Endpoint<'_>,
        buf: &mut [u8],
        len: usize,
    ) -> Result<usize, HttpError> {
        if self.poisoned {
            return Err(HttpError::NeedsReconnect);
        }
        if len == 0 {
            return Err(HttpError::EmptyRequest);
        }
        if len > MAX_REQUEST || len > buf.len() {
            return Err(HttpError::RequestTooLarge);
        }
        self.poisoned = true;
        self.progress = Progress::default();
        let mut connection = match self.connection.take() {
            Some(mut connection) => {
                if is_open(&mut connection).await {
                    connection
                } else {
                    drop(connection); // devices serve one at a time
                    self.hold.lost_connection(false);
                    self.open().await?
                }
            }
            None => {
                self.hold.lost_connection(true);
                self.open().await?
            }
        };
        let until = self.clock.now().saturating_add(self.answer_timeout);
        let head = (&endpoint, self.device, self.hold.token());
        let posting = post(
            &mut connection,
            head,
            buf,
            len,
            &mut self.progress,
            (&self.clock, until),
        );
        let posted = with_deadline(&self.clock, until, posting).await;
        let error = match posted {
            Ok(Ok((head, len))) if (200..300).contains(&head.status) => {
                self.hold.answered(endpoint, head.cookie);
                self.answered = true;
                self.poisoned = false;
                if head.length.is_some() && !head.closes {
                    self.connection = Some(connection);
                }
                return Ok(len);
            }
            Ok(Ok((head, _))) => self.settle(head, connection).await,
            Ok(Err(error)) => error,
            Err(_) => HttpError::AnswerTimedOut {
                delivered: self.progress.delivered,
            },
        };
        Err(self.weigh(endpoint, error, buf).await)
    }

    fn limits(&self) -> Limits {
        Limits::HTTP
    }

    fn delivered(&self) -> bool {
        self.progress.delivered
    }

    async fn close(&mut self) {
        self.poisoned = true;
        self.connection = None;
    }
}

impl<N: TcpConnect, C: Clock> Reconnect for HttpTransport<'_, N, C> {
    async fn reconnect(&mut self, intent: SessionIntent) -> Result<(), HttpError> {
        // The old socket first: devices serve one at a time.
        self.poisoned = true;
        self.connection = None;
        if intent == SessionIntent::Fresh {
            self.hold = SessionHold::new();
        }
        self.connection = Some(self.open().await?);
        self.poisoned = false;
        Ok(())
    }
}

impl<N: TcpConnect, C> fmt::Debug for HttpTransport<'_, N, C> {
    /// Without the cookie: who has it owns the session.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransport")
            .field("device", &self.device)
            .field("connected", &self.connection.is_some())
            .field("needs_reconnect", &self.poisoned)
            .finish_non_exhaustive()
    }
}
