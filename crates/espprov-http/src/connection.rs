//! One TCP connection and the exchanges on it.

use crate::HttpError;
use crate::body::RequestBody;
use crate::cookie::Cookie;
use crate::tap::{Meter, Tap};
use bytes::Bytes;
use core::future::Future;
use core::pin::{Pin, pin};
use core::task::{Context, Poll};
use core::time::Duration;
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_TYPE, COOKIE, HOST, HeaderValue};
use hyper::{Request, Response, Version};
use hyper_util::rt::TokioIo;
use std::io;
use tokio::io::{AsyncRead, AsyncWrite};

/// Largest head of an answer. Devices send about 150 bytes; 8192 is hyper's least buffer.
const MAX_HEAD: usize = 8192;
/// What an error answer may say before it is cut off, and how long it may take.
const MAX_ERROR_TEXT: usize = 4096;
const ERROR_TEXT_TIME: Duration = Duration::from_secs(1);

/// The header lines of a request besides `Content-Length`. Devices take 1024 bytes of them (status 431 above).
pub(crate) struct Head<'a> {
    pub(crate) path: &'a str,
    pub(crate) authority: &'a str,
    pub(crate) cookie: Option<Cookie>,
}

/// A complete answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Bytes of the reply in the caller's buffer; 0 for an error status, whose text is thrown away.
    pub(crate) len: usize,
    pub(crate) cookie: Option<Cookie>,
}

/// hyper's two halves of a connection. Nothing is spawned: the driving half is polled beside each exchange, so
/// dropping the exchange drops the socket with it.
pub(crate) struct Connection<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> {
    sender: http1::SendRequest<RequestBody>,
    driver: Driver<S>,
    meter: Meter,
    /// A success was answered on this connection.
    answered: bool,
    /// Its end was announced with the last answer.
    closes: bool,
}

struct Driver<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> {
    inner: http1::Connection<TokioIo<Tap<S>>, RequestBody>,
    /// The connection ended; it must not be polled again.
    over: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Driver<S> {
    /// Lets the connection make what progress it can.
    fn poll(&mut self, cx: &mut Context<'_>) {
        if !self.over {
            self.over = Pin::new(&mut self.inner).poll(cx).is_ready();
        }
    }

    /// Drives the connection until `future` ends.
    async fn run<F: Future>(&mut self, future: F) -> F::Output {
        let mut future = pin!(future);
        core::future::poll_fn(|cx| {
            self.poll(cx);
            future.as_mut().poll(cx)
        })
        .await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Connection<S> {
    /// Takes over a connected stream; sends nothing yet.
    pub(crate) async fn start(stream: S) -> Result<Self, HttpError> {
        let meter = Meter::default();
        let tap = Tap::new(stream, meter.clone());
        let (sender, inner) = http1::Builder::new()
            // Header names are case-insensitive, but not every small server knows.
            .title_case_headers(true)
            .max_buf_size(MAX_HEAD)
            .handshake(TokioIo::new(tap))
            .await
            .map_err(|_| HttpError::Connect(io::ErrorKind::Other))?;
        Ok(Self {
            sender,
            driver: Driver { inner, over: false },
            meter,
            answered: false,
            closes: false,
        })
    }

    /// Whether the device still keeps the connection open, as far as can be known from here. Cancel-safe.
    pub(crate) async fn is_open(&mut self) -> bool {
        for round in 0..2 {
            if round > 0 {
                // A close that arrived while nobody was looking is known only after tokio's I/O driver has had
                // its turn.
                tokio::task::yield_now().await;
            }
            core::future::poll_fn(|cx| {
                self.driver.poll(cx);
                Poll::Ready(())
            })
            .await;
        }
        !self.driver.over && self.sender.is_ready()
    }

    /// Whether a success was answered on this connection.
    pub(crate) const fn has_answered(&self) -> bool {
        self.answered
    }

    /// The last answer said that the connection ends with it.
    pub(crate) const fn is_closing(&self) -> bool {
        self.closes
    }

    /// The request of the last [`post`](Self::post) was handed over completely.
    pub(crate) fn delivered(&self) -> bool {
        self.meter.figures().delivered
    }

    /// Counts what passes through this connection, also while an exchange is under way.
    pub(crate) fn meter(&self) -> Meter {
        self.meter.clone()
    }

    /// Sends one request and reads its answer into `buf`.
    ///
    /// Not cancel-safe: afterwards the connection is good for nothing but [`delivered`](Self::delivered).
    pub(crate) async fn post(
        &mut self,
        head: Head<'_>,
        buf: &mut [u8],
        len: usize,
    ) -> Result<Answer, HttpError> {
        let body = buf.get(..len).unwrap_or_default();
        let request = request(&head, RequestBody::new(body, self.meter.clone()))?;
        // Chunk sizes and interim answers count too, so the bound is loose.
        self.meter
            .start(buf.len().saturating_mul(2).saturating_add(2 * MAX_HEAD));
        let pending = self.sender.send_request(request);
        let response = self.driver.run(pending).await;
        let response = response.map_err(|error| self.classify(&error))?;
        let status = response.status().as_u16();
        if !response.status().is_success() {
            self.skip(response).await;
            return Ok(Answer {
                status,
                len: 0,
                cookie: None,
            });
        }
        let closes = response.version() == Version::HTTP_10
            || response
                .headers()
                .get(CONNECTION)
                .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"close"));
        let cookie = Cookie::from_headers(response.headers());
        let len = self.read_body(response.into_body(), buf).await?;
        self.answered = true;
        self.closes = closes;
        Ok(Answer { status, len, cookie })
    }

    async fn read_body(&mut self, mut body: Incoming, buf: &mut [u8]) -> Result<usize, HttpError> {
        let announced = body.size_hint().lower();
        let announced = usize::try_from(announced).unwrap_or(usize::MAX);
        if announced > buf.len() {
            return Err(HttpError::ReplyTooLarge { need: announced });
        }
        let mut len = 0_usize;
        while let Some(chunk) = self.next_chunk(&mut body).await? {
            let end = len.saturating_add(chunk.len());
            let Some(place) = buf.get_mut(len..end) else {
                return Err(HttpError::ReplyTooLarge { need: end });
            };
            place.copy_from_slice(&chunk);
            len = end;
        }
        Ok(len)
    }

    /// The next piece of a body, empty for trailers.
    async fn next_chunk(&mut self, body: &mut Incoming) -> Result<Option<Bytes>, HttpError> {
        let frame = self
            .driver
            .run(core::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)))
            .await;
        match frame {
            None => Ok(None),
            Some(Ok(frame)) => Ok(Some(frame.into_data().unwrap_or_default())),
            Some(Err(error)) => Err(self.classify(&error)),
        }
    }

    /// Reads the text of an error answer away, so that the connection may live on. If that fails, it does not.
    async fn skip(&mut self, response: Response<Incoming>) {
        let mut body = response.into_body();
        let drain = async {
            let mut len = 0_usize;
            while let Ok(Some(chunk)) = self.next_chunk(&mut body).await {
                len = len.saturating_add(chunk.len());
                if len > MAX_ERROR_TEXT {
                    break;
                }
            }
        };
        // A timeout leaves the body unread, and hyper not ready: `is_open` says so.
        let _ = tokio::time::timeout(ERROR_TEXT_TIME, drain).await;
    }

    /// What an error of hyper's means, in the light of what passed through the stream.
    fn classify(&self, error: &hyper::Error) -> HttpError {
        let seen = self.meter.figures();
        let delivered = seen.delivered;
        #[cfg(feature = "tls")]
        if let Some(alert) = seen.alert {
            return crate::TlsError::Refused { alert }.into();
        }
        if seen.over_budget || (error.is_parse() && seen.read >= MAX_HEAD) {
            HttpError::TooMuchFraming
        } else if error.is_parse() && seen.looks_like_tls() {
            HttpError::SpeaksTls
        } else if error.is_parse() {
            HttpError::NotHttp
        } else if let Some(kind) = seen.error {
            HttpError::Broken { kind, delivered }
        } else if !seen.eof {
            // Only framing errors inside a body are left: a chunk size that is no number, for instance.
            HttpError::NotHttp
        } else if seen.read > 0 {
            HttpError::Truncated
        } else if delivered {
            HttpError::ClosedWithoutAnswer
        } else {
            HttpError::Broken {
                kind: io::ErrorKind::UnexpectedEof,
                delivered,
            }
        }
    }
}

fn request(head: &Head<'_>, body: RequestBody) -> Result<Request<RequestBody>, HttpError> {
    let mut request = Request::post(format!("/{}", head.path))
        .header(HOST, head.authority)
        .header(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
    if let Some(cookie) = head.cookie {
        request = request.header(COOKIE, cookie.header());
    }
    // Endpoint names and targets are made of URL-safe characters, so this does not fail.
    request.body(body).map_err(|_| HttpError::NotHttp)
}
