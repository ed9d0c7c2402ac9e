//! The transport: a reader, a writer, a clock, and where in the conversation they are.

use super::parser::{Parser, Verdict};
use super::talk::{Chunk, Ear, Fault, Heard, talk};
use super::{ConsoleError, Line, max_payload};
use core::fmt;
use core::time::Duration;
use embedded_io_async::{Read, Write};
use espprov_transport::{Clock, Endpoint, Limits, Reconnect, SessionIntent, Transport};

/// Characters stock firmware reads per line, `\r` included.
const STOCK_LINE_LIMIT: usize = 255;
/// How long an answer may take, unless set otherwise. A blocking scan answers only when it is over.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the first prompt may take, unless set otherwise: opening a serial port resets many boards.
const PROMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// A carriage return that met a booting device is lost: another one after this long.
const NUDGE: Duration = Duration::from_millis(500);
/// A prompt is believed when no other has come for this long. The first that is heard may be older than the carriage return
/// that asks for it: it waited in a buffer of the port. A request sent on that prompt would meet a device that has not
/// read the carriage return yet, and reads both as one line. Firmware looks at its input every 10 ms, and USB adapters
/// hand over theirs every 16 ms.
const SETTLE: Duration = Duration::from_millis(100);
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
/// **Prompt.** The first exchange, and the first after anything went wrong, sends a bare `\r` until a prompt comes, and
/// waits a moment for a second one: the first may have been printed before.
/// **Session.** The device's session is named by a number of the client's choice;
/// [`reconnect`](Reconnect::reconnect) takes the next one for [`SessionIntent::Fresh`].
/// **Lines.** Requests that do not fit the device's line are refused before anything is sent.
/// **Other text.** What the device prints beside its answers is told from them where that is possible (see [`Parser`]);
/// where it is not, the exchange gives [`ConsoleError::Spoiled`], and where it shows that the device restarts,
/// [`ConsoleError::Restarted`] at once.
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
    /// The request of the last exchange was written completely.
    delivered: bool,
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
            delivered: false,
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

    /// An exchange that fails though the device has its prompt.
    const fn poisoned(&mut self, error: ConsoleError) -> Result<usize, ConsoleError> {
        self.state = State::Poisoned;
        Err(error)
    }

    /// Synchronises if need be: a bare `\r` every now and then until a prompt comes. Then, unless the request is
    /// empty, sends it (`buf[..len]`) and reads the answer.
    async fn converse(
        &mut self,
        endpoint: Endpoint<'_>,
        buf: &mut [u8],
        len: usize,
    ) -> Result<Verdict, ConsoleError> {
        let mut chunk = Chunk::new();
        let (mut step, limit) = if self.state == State::Prompt {
            (Step::Send, self.answer_timeout)
        } else {
            self.nudges = 0;
            (Step::Synchronise, self.prompt_timeout)
        };
        self.state = State::Poisoned;
        self.delivered = false;
        let mut end = Duration::ZERO;
        // The time for what begins now.
        let mut limit = Some(limit);
        loop {
            let now = self.clock.now();
            if let Some(limit) = limit.take() {
                end = now.saturating_add(limit);
            }
            let request = buf.get(..len).unwrap_or_default();
            let line = Line::new(endpoint, self.session_id, request);
            let nudges = &mut self.nudges;
            let (line, mut ear, stretch) = match step {
                Step::Settle => (None, Ear::Prompt, SETTLE),
                Step::Synchronise if now >= end => return Err(ConsoleError::NoPrompt),
                Step::Synchronise => {
                    *nudges = nudges.saturating_add(1);
                    (Some(&Line::EMPTY), Ear::Prompt, NUDGE)
                }
                Step::Send => {
                    self.parser.restart();
                    let line = &line;
                    (Some(line), Ear::Echo { line, nudges }, Duration::MAX)
                }
                Step::Receive | Step::End => {
                    let known = step == Step::End;
                    (None, Ear::Answer { buf, known }, Duration::MAX)
                }
            };
            let until = now.saturating_add(stretch).min(end);
            let port = (&mut self.rx, &mut self.tx);
            let mut other = false;
            let written = match step {
                Step::Send => &mut self.delivered,
                _ => &mut other,
            };
            let talk = talk(
                port,
                &self.clock,
                (&mut self.parser, &mut chunk),
                line,
                &mut ear,
                until,
                written,
            );
            match (step, talk.await) {
                // Only the prompt is missing: something was printed into it, perhaps.
                (Step::End, Ok(Heard::Late) | Err(_)) => break,
                (_, Err(Fault::EchoMismatch)) => return Err(ConsoleError::EchoMismatch),
                (_, Err(Fault::Port(kind))) => {
                    let delivered = self.delivered;
                    return Err(ConsoleError::Port { kind, delivered });
                }
                // No other prompt has come. Where they come without end, the time for it ends them.
                (Step::Settle, Ok(Heard::Late)) => {
                    if len == 0 {
                        self.state = State::Prompt;
                        return Ok(Verdict::Answer { len });
                    }
                    step = Step::Send;
                    chunk = Chunk::new();
                    limit = Some(self.answer_timeout);
                }
                (Step::Synchronise, Ok(Heard::Late)) => {}
                (_, Ok(Heard::Late)) => {
                    let delivered = self.delivered;
                    return Err(ConsoleError::AnswerTimedOut { delivered });
                }
                (_, Ok(Heard::Prompt)) => step = Step::Settle,
                // A device that boots will have a prompt of its own.
                (Step::Synchronise | Step::Settle, Ok(Heard::Restart)) => step = Step::Synchronise,
                (_, Ok(Heard::Restart)) => return Err(ConsoleError::Restarted),
                (_, Ok(Heard::Echo)) => {
                    self.nudges = 0;
                    step = Step::Receive;
                }
                (_, Ok(Heard::Answer)) => {
                    step = Step::End;
                    limit = Some(PROMPT_GRACE);
                }
                (_, Ok(Heard::End(verdict))) => {
                    self.state = State::Prompt;
                    return Ok(verdict);
                }
            }
        }
        let len = self.parser.answer().ok_or(ConsoleError::Spoiled)?;
        self.state = State::Unknown;
        Ok(Verdict::Answer { len })
    }
}

/// Where in a conversation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Synchronise,
    /// A prompt has come. For a moment another one may.
    Settle,
    Send,
    Receive,
    /// The answer has come, or is lost; its prompt has not come.
    End,
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
        match self.converse(endpoint, buf, len).await? {
            Verdict::Answer { len } if len <= buf.len() => Ok(len),
            Verdict::Answer { len } => self.poisoned(ConsoleError::ReplyTooLarge { need: len }),
            // The messages of the standard endpoints are never empty; an application's may be.
            Verdict::Empty if !is_standard(endpoint) => Ok(0),
            Verdict::Blank if !is_standard(endpoint) => self.poisoned(ConsoleError::Spoiled),
            Verdict::Refused | Verdict::Empty | Verdict::Blank => Err(ConsoleError::Refused),
            Verdict::Spoiled => self.poisoned(ConsoleError::Spoiled),
            Verdict::Restarted => self.poisoned(ConsoleError::Restarted),
        }
    }

    fn limits(&self) -> Limits {
        let limit = |limit| max_payload(limit, Endpoint::PROV_SESSION.as_str().len(), self.session_id);
        Limits::new(self.line_limit.map(limit), None)
    }

    fn delivered(&self) -> bool {
        self.delivered
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
        self.state = State::Unknown;
        self.converse(Endpoint::PROTO_VER, &mut [], 0).await.map(drop)
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
