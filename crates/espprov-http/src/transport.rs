//! The transport: one connection, one cookie, and what is left of them after a failure.

use crate::connection::{Answer, Connection, Head};
use crate::cookie::Cookie;
use crate::tap::Meter;
use crate::{Connect, HttpError, HttpTarget, Tcp};
use core::fmt;
use core::mem;
use core::time::Duration;
use espprov_transport::{Endpoint, Limits, Reconnect, SessionHold, SessionIntent, Transport};

/// How long an answer may take, unless set otherwise. A blocking scan answers only when it is over.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// How long it may take to find out whether the device still knows the cookie.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);
/// What that question carries, and room for its answer, which is not looked at.
const FILLER: &[u8] = b"---";
const CHECK_ROOM: usize = 4096;

/// A link to a device's HTTP server: at most one TCP connection, opened by the first exchange.
///
/// **Session.** The device's cookie is taken from its first successful answer and sent from then on, exactly
/// as the device compares it. A connection the device closed while idle (or after a 404) is reopened by the next
/// exchange with the cookie, which the device's session survives. If a later answer sets another cookie, the
/// device has opened a new session; that cookie is used from then on.
///
/// **Refused or lost?** Stock firmware refuses a request by closing the socket without a byte. Before a request
/// goes out on a used connection, the connection is checked; if it is closed, it is reopened, because nothing
/// was sent yet. A close without a byte after the request went out therefore is a refusal, on a new connection
/// as on a used one: devices keep connections alive, so a close for another reason would have to hit the moment
/// between check and answer. A reset is never a refusal.
///
/// **Refused, or another client's?** A device keeps one session and one connection: whoever comes last has them, and a
/// request of the one before is refused like one with a wrong proof. So a refusal counts as the device's verdict only
/// where nothing speaks against it: the connection was not closed on us since the session began, and the device still
/// knows the session's cookie, which it is asked for. Anything else is [`HttpError::SessionTaken`].
///
/// **After a failure** every exchange gives [`HttpError::NeedsReconnect`] until
/// [`reconnect`](Reconnect::reconnect) succeeds, as it does after a dropped exchange and after
/// [`close`](Transport::close). Exceptions: an empty or over-long request, a 404, and an error status of 500 or
/// more on a connection that stayed open.
///
/// Needs a tokio runtime with I/O and time enabled.
pub struct HttpTransport<C: Connect = Tcp> {
    target: HttpTarget,
    authority: String,
    connector: C,
    connect_timeout: Duration,
    answer_timeout: Duration,
    hold: SessionHold<Cookie>,
    /// Of the last exchange.
    meter: Meter,
    state: State<C::Stream>,
}

enum State<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static> {
    /// Connect at the next exchange.
    Idle,
    /// Connected, when last looked at.
    Open(Box<Connection<S>>),
    /// Only a reconnect helps. Also stands in while an exchange is under way, so that a dropped one ends here.
    Poisoned,
}

impl HttpTransport<Tcp> {
    /// A transport over TCP. Nothing is sent before the first exchange or [`reconnect`](Reconnect::reconnect).
    #[must_use]
    pub fn new(target: HttpTarget) -> Self {
        Self::with_connector(target, Tcp)
    }
}

impl<C: Connect> HttpTransport<C> {
    /// A transport over streams of the caller's making.
    #[must_use]
    pub fn with_connector(target: HttpTarget, connector: C) -> Self {
        Self {
            authority: target.authority(),
            target,
            connector,
            connect_timeout: C::TIMEOUT,
            answer_timeout: ANSWER_TIMEOUT,
            hold: SessionHold::new(),
            meter: Meter::default(),
            state: State::Idle,
        }
    }

    /// Sets how long opening a connection may take, name resolution included (default: [`Connect::TIMEOUT`]).
    #[must_use]
    pub const fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Sets how long one exchange may take, from sending to the last byte of the answer (default 30 s, because
    /// a blocking scan takes seconds).
    #[must_use]
    pub const fn answer_timeout(mut self, limit: Duration) -> Self {
        self.answer_timeout = limit;
        self
    }

    /// The device's address.
    #[must_use]
    pub const fn target(&self) -> &HttpTarget {
        &self.target
    }

    async fn open(&mut self) -> Result<Box<Connection<C::Stream>>, HttpError> {
        // Here and nowhere else a connection is made: what is meant to be said over TLS is never said without.
        if self.target.is_https() != C::IS_TLS {
            return Err(HttpError::Scheme);
        }
        let connecting = self.connector.connect(&self.target);
        match tokio::time::timeout(self.connect_timeout, connecting).await {
            Ok(Err(error)) => Err(HttpError::connecting(&error)),
            Ok(Ok(stream)) => Connection::start(stream).await.map(Box::new),
            Err(_) => Err(HttpError::ConnectTimedOut),
        }
    }
}

impl<C: Connect> HttpTransport<C> {
    /// What an error status means, and what becomes of the connection.
    async fn settle(&mut self, answer: &Answer, mut connection: Box<Connection<C::Stream>>) -> HttpError {
        match answer.status {
            404 => {
                // Stock firmware closes after a 404, without saying so, and the close may still be on its way:
                // mistaken for a refusal if it met the next request. With the cookie a new connection costs
                // nothing; without one, a session may hang on this connection.
                let may_reopen = self.hold.token().is_some() || !connection.has_answered();
                self.state = if may_reopen {
                    State::Idle
                } else {
                    State::Open(connection)
                };
                HttpError::NotFound
            }
            code @ 502..=504 => HttpError::Gateway { code },
            // 405, 411, 413, 431 and the like: stock firmware closes after each.
            code @ 400..=499 => HttpError::Status {
                code,
                link_alive: false,
            },
            // Stock firmware has no such answer; other servers may, and say whether they keep the connection.
            code @ 500..=599 => {
                let link_alive = connection.is_open().await;
                if link_alive {
                    self.state = State::Open(connection);
                }
                HttpError::Status { code, link_alive }
            }
            code => HttpError::UnexpectedStatus { code },
        }
    }

    /// Whether a refusal is the device's verdict, or its session another client's by now.
    async fn weigh(&mut self, endpoint: Endpoint<'_>, error: HttpError) -> HttpError {
        let in_doubt = match error {
            HttpError::ClosedWithoutAnswer | HttpError::Status { .. } => true,
            // A connection that is closed under a request may break. Up to the handshake nothing was acted upon.
            HttpError::Broken { .. } => !endpoint.is_encrypted(),
            _ => false,
        };
        let broken = matches!(error, HttpError::Broken { .. });
        if !in_doubt || !(self.hold.is_held() || broken) {
            return error;
        }
        if self.hold.is_shaken() || self.is_forgotten(broken).await {
            self.state = State::Poisoned;
            return HttpError::SessionTaken;
        }
        match error {
            // It may not have survived being asked.
            HttpError::Status { code, link_alive } => HttpError::Status {
                code,
                link_alive: link_alive && matches!(self.state, State::Open(_)),
            },
            error => error,
        }
    }

    /// Asks the device, with the cookie, for its version: if it gives another cookie, it has forgotten the session,
    /// and if it hangs up on that question, too, somebody else is busy with it. That nobody is there proves nothing.
    ///
    /// `broken`: the connection broke under the request. If somebody answers a moment later, then it was closed on us.
    async fn is_forgotten(&mut self, broken: bool) -> bool {
        let Some(cookie) = self.hold.token() else {
            return false;
        };
        // A connection that survived is asked itself: another one would evict it.
        let survivor = match mem::replace(&mut self.state, State::Poisoned) {
            State::Open(connection) => Some(connection),
            _ => None,
        };
        let survived = survivor.is_some();
        let asking = async {
            let mut connection = match survivor {
                Some(connection) => connection,
                None => self.open().await.ok()?,
            };
            let mut buf = vec![0; CHECK_ROOM];
            buf[..FILLER.len()].copy_from_slice(FILLER);
            let head = Head {
                path: Endpoint::PROTO_VER.as_str(),
                authority: &self.authority,
                cookie: Some(cookie),
            };
            let answer = connection.post(head, &mut buf, FILLER.len()).await;
            let forgotten = match &answer {
                Ok(answer) => broken || answer.cookie.is_some_and(|new| new != cookie),
                Err(error) => error.is_hang_up(),
            };
            Some((forgotten, answer.is_ok().then_some(connection)))
        };
        match tokio::time::timeout(CHECK_TIMEOUT, asking).await {
            Ok(Some((forgotten, connection))) => {
                if let Some(connection) = connection.filter(|_| survived) {
                    self.state = State::Open(connection);
                }
                forgotten
            }
            Ok(None) | Err(_) => false,
        }
    }
}

impl<C: Connect> Transport for HttpTransport<C> {
    type Error = HttpError;

    async fn exchange(
        &mut self,
        endpoint: Endpoint<'_>,
        buf: &mut [u8],
        len: usize,
    ) -> Result<usize, HttpError> {
        if matches!(self.state, State::Poisoned) {
            return Err(HttpError::NeedsReconnect);
        }
        if len == 0 {
            return Err(HttpError::EmptyRequest);
        }
        if len > crate::MAX_REQUEST || len > buf.len() {
            return Err(HttpError::RequestTooLarge);
        }
        self.meter = Meter::default();
        let mut connection = match mem::replace(&mut self.state, State::Poisoned) {
            State::Open(mut connection) => {
                if connection.is_open().await {
                    connection
                } else {
                    self.hold.lost_connection(connection.is_closing());
                    drop(connection);
                    self.open().await?
                }
            }
            State::Idle | State::Poisoned => {
                self.hold.lost_connection(true);
                self.open().await?
            }
        };
        self.meter = connection.meter();
        let head = Head {
            path: endpoint.as_str(),
            authority: &self.authority,
            cookie: self.hold.token(),
        };
        let answer = match tokio::time::timeout(self.answer_timeout, connection.post(head, buf, len)).await {
            Ok(answer) => answer,
            Err(_) => Err(HttpError::AnswerTimedOut {
                delivered: connection.delivered(),
            }),
        };
        let error = match answer {
            Ok(answer) if (200..300).contains(&answer.status) => {
                self.hold.answered(endpoint, answer.cookie);
                self.state = State::Open(connection);
                return Ok(answer.len);
            }
            Ok(answer) => self.settle(&answer, connection).await,
            Err(error) => error,
        };
        Err(self.weigh(endpoint, error).await)
    }

    fn limits(&self) -> Limits {
        Limits::HTTP
    }

    fn delivered(&self) -> bool {
        self.meter.figures().delivered
    }

    async fn close(&mut self) {
        self.state = State::Poisoned;
    }
}

impl<C: Connect> Reconnect for HttpTransport<C> {
    async fn reconnect(&mut self, intent: SessionIntent) -> Result<(), HttpError> {
        // The old socket first: devices serve one at a time.
        self.state = State::Poisoned;
        if intent == SessionIntent::Fresh {
            self.hold = SessionHold::new();
        }
        self.state = State::Open(self.open().await?);
        Ok(())
    }
}

impl<C: Connect> fmt::Debug for HttpTransport<C> {
    /// Without the cookie: who has it owns the session.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransport")
            .field("target", &self.target)
            .field("connect_timeout", &self.connect_timeout)
            .field("answer_timeout", &self.answer_timeout)
            .field("has_cookie", &self.hold.token().is_some())
            .field(
                "state",
                &match self.state {
                    State::Idle => "idle",
                    State::Open(_) => "open",
                    State::Poisoned => "needs reconnect",
                },
            )
            .finish_non_exhaustive()
    }
}
