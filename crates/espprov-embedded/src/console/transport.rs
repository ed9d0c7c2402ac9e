//! The transport: a reader, a writer, a clock, and where in the conversation they are.

use super::line::not_delivered;
use super::parser::{Echo, Parser, Verdict};
use super::{ConsoleError, Line, max_payload};
use core::fmt;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use embedded_io_async::{Error as _, ErrorKind, Read, Write};
use espprov_transport::{
    Clock, Elapsed, Endpoint, Limits, Reconnect, SessionIntent, Transport, with_deadline,
};

/// Characters stock firmware reads per line, `\r` included.
const STOCK_LINE_LIMIT: usize = 255;
/// How long an answer may take, unless set otherwise. A blocking scan answers only when it is over.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the first prompt may take, unless set otherwise: opening a serial port resets many boards.
const PROMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// A carriage return that met a booting device is lost: another one after this long.
const NUDGE: Duration = Duration::from_millis(500);
/// How long the prompt after an answer is waited for. Without it the answer counts all the same.
const PROMPT_GRACE: Duration = Duration::from_millis(250);
/// Largest session id: the device reads it with `atoi`.
const MAX_SESSION_ID: u32 = 0x7fff_ffff;

/// A link to a device's UART console.
///
/// `rx` and `tx` are the two halves of a serial port, so that the echo can be read while a line is still being
/// written: use a split buffered UART on a microcontroller. Reads may be dropped half-way when a time limit
/// passes; bytes lost then are bytes of an exchange that is lost anyway.
///
/// **Prompt.** The first exchange, and the first after anything went wrong, sends a bare `\r` until a prompt comes.
/// **Session.** The device's session is named by a number of the client's choice;
/// [`reconnect`](Reconnect::reconnect) takes the next one for [`SessionIntent::Fresh`].
/// **Lines.** Requests that do not fit the device's line are refused before anything is sent.
///
/// **After a failure** every exchange gives [`ConsoleError::NeedsReconnect`] until a reconnect succeeds, as it
/// does after a dropped exchange and after [`close`](Transport::close). Exceptions: an empty or over-long request,
/// and a refusal by the device.
pub struct Console<R, W, C> {
    rx: R,
    tx: W,
    clock: C,
    parser: Parser,
    state: State,
    /// Carriage returns sent to synchronise, whose prompts may still be on their way.
    nudges: usize,
    session_id: u32,
    line_limit: Option<usize>,
    answer_timeout: Duration,
    prompt_timeout: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Whether the device waits at a prompt is unknown.
    Unknown,
    /// The device waits at a prompt.
    Prompt,
    /// Only a reconnect helps. Also stands in while an exchange is under way, so that a dropped one ends here.
    Poisoned,
}

/// Bytes read but not looked at yet.
struct Chunk {
    bytes: [u8; 64],
    start: usize,
    end: usize,
}

impl Chunk {
    const fn new() -> Self {
        Self {
            bytes: [0; 64],
            start: 0,
            end: 0,
        }
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    fn skip(&mut self, count: usize) {
        self.start = self.start.saturating_add(count);
    }

    fn take_all(&mut self) -> &[u8] {
        let (start, end) = (self.start, self.end);
        self.start = end;
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// Reads more, unless some are left.
    async fn fill<R: Read>(&mut self, rx: &mut R, delivered: bool) -> Result<(), ConsoleError> {
        if self.start < self.end {
            return Ok(());
        }
        let read = rx.read(&mut self.bytes).await;
        (self.start, self.end) = (0, 0);
        match read {
            Ok(0) => Err(ConsoleError::Port {
                kind: ErrorKind::BrokenPipe,
                delivered,
            }),
            Ok(len) => {
                self.end = len.min(self.bytes.len());
                Ok(())
            }
            Err(error) => Err(ConsoleError::Port {
                kind: error.kind(),
                delivered,
            }),
        }
    }
}

impl<R: Read, W: Write, C: Clock> Console<R, W, C> {
    /// A console on a serial port. Nothing is sent before the first exchange or
    /// [`reconnect`](Reconnect::reconnect).
    pub const fn new(rx: R, tx: W, clock: C) -> Self {
        Self {
            rx,
            tx,
            clock,
            parser: Parser::new(),
            state: State::Unknown,
            nudges: 0,
            session_id: 0,
            line_limit: Some(STOCK_LINE_LIMIT),
            answer_timeout: ANSWER_TIMEOUT,
            prompt_timeout: PROMPT_TIMEOUT,
        }
    }

    /// Sets the characters the device reads per line, `\r` included (stock firmware: 255); `None` for firmware
    /// without a limit, which security 2 needs.
    #[must_use]
    pub const fn with_line_limit(mut self, limit: Option<usize>) -> Self {
        self.line_limit = limit;
        self
    }

    /// Sets the number of the first session (default 0; the sign bit is dropped). Short numbers leave more room
    /// for the request.
    #[must_use]
    pub const fn with_session_id(mut self, id: u32) -> Self {
        self.session_id = id & MAX_SESSION_ID;
        self
    }

    /// Sets how long one exchange may take, from the first character sent to the prompt after the answer
    /// (default 30 s, because a blocking scan takes seconds).
    #[must_use]
    pub const fn with_answer_timeout(mut self, limit: Duration) -> Self {
        self.answer_timeout = limit;
        self
    }

    /// Sets how long the first prompt may take (default 5 s, because the device may be booting).
    #[must_use]
    pub const fn with_prompt_timeout(mut self, limit: Duration) -> Self {
        self.prompt_timeout = limit;
        self
    }

    /// The number of the current session.
    pub const fn session_id(&self) -> u32 {
        self.session_id
    }

    /// Gives the serial port back.
    pub fn into_parts(self) -> (R, W) {
        (self.rx, self.tx)
    }

    /// Sends carriage returns until a prompt comes.
    async fn synchronise(&mut self) -> Result<(), ConsoleError> {
        self.state = State::Poisoned;
        self.nudges = 0;
        let end = self.clock.now().saturating_add(self.prompt_timeout);
        loop {
            let now = self.clock.now();
            if now >= end {
                return Err(ConsoleError::NoPrompt);
            }
            self.nudges = self.nudges.saturating_add(1);
            let next = now.saturating_add(NUDGE).min(end);
            if let Ok(seen) = self.nudge(next).await
                && seen?
            {
                self.state = State::Prompt;
                return Ok(());
            }
        }
    }

    /// One carriage return, and whether a prompt came before `until`.
    async fn nudge(&mut self, until: Duration) -> Result<Result<bool, ConsoleError>, Elapsed> {
        let Self {
            rx,
            tx,
            clock,
            parser,
            ..
        } = self;
        let look = async {
            tx.write_all(b"\r").await.map_err(|e| not_delivered(&e))?;
            tx.flush().await.map_err(|e| not_delivered(&e))?;
            let mut chunk = Chunk::new();
            // A source that never runs dry must not keep the time limit from being looked at.
            while clock.now() < until {
                chunk.fill(rx, false).await?;
                if parser.find_prompt(chunk.take_all()) {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        with_deadline(&*clock, until, look).await
    }

    /// Writes the line and reads its echo at the same time, so that neither side waits for the other with full
    /// buffers.
    async fn send(&mut self, line: Line<'_>, chunk: &mut Chunk, until: Duration) -> Result<(), ConsoleError> {
        let Self {
            rx,
            tx,
            clock,
            parser,
            nudges,
            ..
        } = self;
        parser.restart();
        let mut delivered = false;
        let sent = {
            let mut write = pin!(line.write_to(tx));
            let mut echo = pin!(watch_echo(rx, chunk, parser, &line, nudges, &*clock, until));
            let mut echoed = false;
            let both = poll_fn(|cx| {
                if !delivered && let Poll::Ready(result) = write.as_mut().poll(cx) {
                    result?;
                    delivered = true;
                }
                if !echoed && let Poll::Ready(result) = echo.as_mut().poll(cx) {
                    result?;
                    echoed = true;
                }
                if delivered && echoed {
                    Poll::Ready(Ok(()))
                } else {
                    Poll::Pending
                }
            });
            with_deadline(&*clock, until, both).await
        };
        match sent {
            Ok(Err(ConsoleError::AnswerTimedOut { .. })) | Err(Elapsed) => {
                Err(ConsoleError::AnswerTimedOut { delivered })
            }
            Ok(Err(ConsoleError::Port { kind, .. })) => Err(ConsoleError::Port { kind, delivered }),
            Ok(result) => result,
        }
    }

    /// Reads the answer after the echo.
    async fn receive(
        &mut self,
        buf: &mut [u8],
        chunk: &mut Chunk,
        until: Duration,
    ) -> Result<Verdict, ConsoleError> {
        let Self {
            rx, clock, parser, ..
        } = self;
        let late = ConsoleError::AnswerTimedOut { delivered: true };
        let mut until = until;
        let mut has_answer = false;
        loop {
            let read = with_deadline(&*clock, until, chunk.fill(rx, true)).await;
            let in_time = clock.now() < until || chunk.start < chunk.end;
            match read {
                Ok(Ok(())) if in_time => {}
                Ok(Err(error)) if !has_answer => return Err(error),
                // The answer is there, only its prompt is not.
                _ => {
                    self.state = State::Unknown;
                    let len = parser.answer();
                    return len.map(|len| Verdict::Answer { len }).ok_or(late);
                }
            }
            let (taken, verdict) = parser.collect(chunk.rest(), buf);
            chunk.skip(taken);
            if let Some(verdict) = verdict {
                self.state = State::Prompt;
                return Ok(verdict);
            }
            if !has_answer && parser.answer().is_some() {
                has_answer = true;
                until = clock.now().saturating_add(PROMPT_GRACE);
            } else if clock.now() >= until && !has_answer {
                return Err(late);
            }
        }
    }
}

/// Reads until the whole line was echoed.
async fn watch_echo<R: Read, C: Clock>(
    rx: &mut R,
    chunk: &mut Chunk,
    parser: &mut Parser,
    line: &Line<'_>,
    nudges: &mut usize,
    clock: &C,
    until: Duration,
) -> Result<(), ConsoleError> {
    while clock.now() < until {
        chunk.fill(rx, false).await?;
        let (taken, echo) = parser.watch_echo(chunk.rest(), line);
        chunk.skip(taken);
        match echo {
            Echo::Complete => return Ok(()),
            Echo::Partial => {}
            // A prompt left over from synchronising comes before any echo.
            Echo::Prompt { echoed } => {
                if *nudges == 0 || echoed > line.len() / 2 {
                    return Err(ConsoleError::EchoMismatch);
                }
                *nudges = nudges.saturating_sub(1);
            }
        }
    }
    Err(ConsoleError::AnswerTimedOut { delivered: false })
}

impl<R: Read, W: Write, C: Clock> Transport for Console<R, W, C> {
    type Error = ConsoleError;

    async fn exchange(
        &mut self,
        endpoint: Endpoint<'_>,
        buf: &mut [u8],
        len: usize,
    ) -> Result<usize, ConsoleError> {
        if self.state == State::Poisoned {
            return Err(ConsoleError::NeedsReconnect);
        }
        let request = buf.get(..len).unwrap_or_default();
        if request.is_empty() {
            return Err(ConsoleError::EmptyRequest);
        }
        if let Some(line_limit) = self.line_limit {
            let limit = max_payload(line_limit, endpoint.as_str().len(), self.session_id);
            if len > limit {
                return Err(ConsoleError::LineTooLong { limit });
            }
        }
        if self.state == State::Unknown {
            self.synchronise().await?;
        }
        self.state = State::Poisoned;
        let until = self.clock.now().saturating_add(self.answer_timeout);
        let mut chunk = Chunk::new();
        let line = Line::new(endpoint, self.session_id, request);
        self.send(line, &mut chunk, until).await?;
        self.nudges = 0;
        match self.receive(buf, &mut chunk, until).await? {
            Verdict::Answer { len } if len <= buf.len() => Ok(len),
            Verdict::Answer { len } => {
                self.state = State::Poisoned;
                Err(ConsoleError::ReplyTooLarge { need: len })
            }
            // The messages of the standard endpoints are never empty; an application's may be.
            Verdict::Refused { blank_lines: 2.. } if !is_standard(endpoint) => Ok(0),
            Verdict::Refused { .. } => Err(ConsoleError::Refused),
        }
    }

    fn limits(&self) -> Limits {
        let limit = |limit| max_payload(limit, Endpoint::PROV_SESSION.as_str().len(), self.session_id);
        Limits::new(self.line_limit.map(limit), None)
    }

    async fn close(&mut self) {
        self.state = State::Poisoned;
    }
}

impl<R: Read, W: Write, C: Clock> Reconnect for Console<R, W, C> {
    async fn reconnect(&mut self, intent: SessionIntent) -> Result<(), ConsoleError> {
        if intent == SessionIntent::Fresh {
            self.session_id = self.session_id.wrapping_add(1) & MAX_SESSION_ID;
        }
        self.parser.restart();
        self.synchronise().await
    }
}

fn is_standard(endpoint: Endpoint<'_>) -> bool {
    [
        Endpoint::PROV_SESSION,
        Endpoint::PROTO_VER,
        Endpoint::PROV_SCAN,
        Endpoint::PROV_CONFIG,
        Endpoint::PROV_CTRL,
    ]
    .contains(&endpoint)
}

impl<R, W, C> fmt::Debug for Console<R, W, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console")
            .field("state", &self.state)
            .field("session_id", &self.session_id)
            .field("line_limit", &self.line_limit)
            .finish_non_exhaustive()
    }
}
