//! The transport: one connection, one cookie, and what is left of them after a failure.

use crate::connection::{Connection, Head};
use crate::cookie::Cookie;
use crate::{Connect, HttpError, HttpTarget, Tcp};
use core::fmt;
use core::mem;
use core::time::Duration;
use espprov_transport::{Endpoint, Limits, Reconnect, SessionIntent, Transport};

/// How long a TCP connection may take, unless set otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an answer may take, unless set otherwise. A blocking scan answers only when it is over.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

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
    cookie: Option<Cookie>,
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
            connect_timeout: CONNECT_TIMEOUT,
            answer_timeout: ANSWER_TIMEOUT,
            cookie: None,
            state: State::Idle,
        }
    }

    /// Sets how long opening a connection may take, name resolution included (default 5 s).
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
        let connecting = self.connector.connect(&self.target);
        match tokio::time::timeout(self.connect_timeout, connecting).await {
            // The kernel's own limit may be the shorter one.
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::TimedOut => Err(HttpError::ConnectTimedOut),
            Ok(Err(error)) => Err(HttpError::Connect(error.kind())),
            Ok(Ok(stream)) => Connection::start(stream).await.map(Box::new),
            Err(_) => Err(HttpError::ConnectTimedOut),
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
        let mut connection = match mem::replace(&mut self.state, State::Poisoned) {
            State::Open(mut connection) => {
                if connection.is_open().await {
                    connection
                } else {
                    drop(connection);
                    self.open().await?
                }
            }
            State::Idle | State::Poisoned => self.open().await?,
        };
        let head = Head {
            path: endpoint.as_str(),
            authority: &self.authority,
            cookie: self.cookie,
        };
        let answer = match tokio::time::timeout(self.answer_timeout, connection.post(head, buf, len)).await {
            Ok(answer) => answer?,
            Err(_) => {
                return Err(HttpError::AnswerTimedOut {
                    delivered: connection.delivered(),
                });
            }
        };
        match answer.status {
            200..=299 => {
                self.cookie = answer.cookie.or(self.cookie);
                self.state = State::Open(connection);
                Ok(answer.len)
            }
            404 => {
                // Stock firmware closes after a 404, without saying so, and the close may still be on its way:
                // mistaken for a refusal if it met the next request. With the cookie a new connection costs
                // nothing; without one, a session may hang on this connection.
                let may_reopen = self.cookie.is_some() || !connection.has_answered();
                self.state = if may_reopen {
                    State::Idle
                } else {
                    State::Open(connection)
                };
                Err(HttpError::NotFound)
            }
            code @ 502..=504 => Err(HttpError::Gateway { code }),
            // 405, 411, 413, 431 and the like: stock firmware closes after each.
            code @ 400..=499 => Err(HttpError::Status {
                code,
                link_alive: false,
            }),
            // Stock firmware has no such answer; other servers may, and say whether they keep the connection.
            code @ 500..=599 => {
                let link_alive = connection.is_open().await;
                if link_alive {
                    self.state = State::Open(connection);
                }
                Err(HttpError::Status { code, link_alive })
            }
            code => Err(HttpError::UnexpectedStatus { code }),
        }
    }

    fn limits(&self) -> Limits {
        Limits::HTTP
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
            self.cookie = None;
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
            .field("has_cookie", &self.cookie.is_some())
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
