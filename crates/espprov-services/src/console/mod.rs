//! The UART console of a device.
//!
//! A prompt, an echo, lines of `<endpoint> <session id> <hex>` that end with a carriage return, answers in
//! lower-case hex. What is refused is answered by the next prompt alone.
//!
//! Lines are read as the firmware reads them: it takes all that its UART has received, and ends the line if a carriage
//! return is the last of that. Two lines that arrive together are one to it, and no request. What does not fit the line
//! makes the next one.
//!
//! ```
//! use embedded_io_async::{Read, Write};
//! use espprov_services::console::{Console, serve};
//! use espprov_services::Access;
//! use espprov_transport::Clock;
//!
//! /// Until the port is gone.
//! async fn console(device: impl Access, rx: impl Read, tx: impl Write, clock: impl Clock) {
//!     // Room for a line of stock firmware, and for the longest answer.
//!     let mut console = Console::new(device, [0; 1024]);
//!     let _ = serve(&mut console, rx, tx, &clock).await;
//! }
//! ```

mod line;
mod log;
mod serve;

pub use line::{Line, parse_line};
pub use log::Log;
pub use serve::{Ended, serve};

use crate::{Access, Answer, Presence, Service};
use core::fmt;
use core::str;
use core::time::Duration;
use espprov_transport::Endpoint;
use line::Parts;

/// What the device prints when it is ready for a line.
pub const PROMPT: &[u8] = b"\n>> ";

/// Characters of a line on stock firmware, its carriage return included.
pub const STOCK_LINE_LIMIT: usize = 255;

/// The console of a device, without any I/O: bytes go in, bytes come out, and nothing waits.
///
/// Call order: put what has come into [`room`](Self::room) and say so with [`received`](Self::received); then [`poll`](Self::poll) until it says
/// [`Step::Ready`], printing and waiting as it says. [`serve`] does that for a serial port.
///
/// `B` is the buffer for a line, and for the request and the answer that it makes; `L` what else the device prints.
pub struct Console<A, B, L = ()> {
    device: A,
    buf: B,
    log: L,
    limit: usize,
    /// Characters of the line so far.
    len: usize,
    /// How many of them have been echoed.
    echoed: usize,
    /// The last one was a carriage return, and its line feed is still to come.
    line_feed: bool,
    doing: Doing,
    session: Option<Current>,
}

/// The session that the last request was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Current {
    /// As the client named it.
    id: u32,
    /// As the device counts it: another front end may have opened one since.
    number: u64,
    boot: u32,
}

/// What the device is at. One follows the other.
#[derive(Debug, Clone, Copy)]
enum Doing {
    /// Takes characters and echoes them.
    Typing,
    /// Echoes the end of a line.
    Line { boot: u32 },
    /// Prints what it logs before it does something about the line.
    LogBefore { boot: u32 },
    /// Waits for the answer.
    Waiting { until: Duration },
    /// Prints an answer of so many bytes; so many characters of it are out.
    Answer { len: usize, at: usize },
    /// Prints what it logs after an answer.
    LogAfter,
    /// Prints the prompt; so much of it is out.
    Prompt { at: usize },
}

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub enum Step {
    /// Print the first so many bytes of the buffer that was handed in: at least one.
    Print(usize),
    /// A request is under way; [`Console::poll`] again at this time.
    Wait {
        /// In the time that was handed in.
        until: Duration,
    },
    /// Nothing, until more is received.
    Ready,
}

impl<A: Access, B: AsRef<[u8]> + AsMut<[u8]>> Console<A, B> {
    /// A console with the line limit of stock firmware, or of the buffer if that is shorter.
    pub const fn new(device: A, buf: B) -> Self {
        Self {
            device,
            buf,
            log: (),
            limit: STOCK_LINE_LIMIT,
            len: 0,
            echoed: 0,
            line_feed: false,
            doing: Doing::Typing,
            session: None,
        }
    }

    /// Prints `log`, too.
    #[must_use]
    pub fn with_log<L: Log>(self, log: L) -> Console<A, B, L> {
        Console {
            device: self.device,
            buf: self.buf,
            log,
            limit: self.limit,
            len: self.len,
            echoed: self.echoed,
            line_feed: self.line_feed,
            doing: self.doing,
            session: self.session,
        }
    }
}

impl<A: Access, B: AsRef<[u8]> + AsMut<[u8]>, L: Log> Console<A, B, L> {
    /// Sets the longest line, its carriage return included; 0 means no limit but the buffer. A line that has come so far ends
    /// there, carriage return or not, and is executed as it is.
    #[must_use]
    pub const fn with_line_limit(mut self, limit: usize) -> Self {
        self.limit = if limit == 0 { usize::MAX } else { limit };
        self
    }

    /// What it logs.
    pub const fn log(&mut self) -> &mut L {
        &mut self.log
    }

    /// Where characters are to be put that arrive: what fits the line, and nothing while a line is being executed. Tell with
    /// [`received`](Self::received) how many came.
    pub fn room(&mut self) -> &mut [u8] {
        if !matches!(self.doing, Doing::Typing) {
            return &mut [];
        }
        let line = self.buf.as_mut();
        let limit = self.limit.min(line.len());
        line.get_mut(self.len..limit).unwrap_or_default()
    }

    /// So many bytes have been put into the [`room`](Self::room), and no more have been received: a line ends with a carriage
    /// return only if that is the last of them.
    pub fn received(&mut self, len: usize, now: Duration) {
        let len = len.min(self.room().len());
        if len == 0 {
            return;
        }
        let presence = self.device.with(|device| device.presence(now));
        let Presence::On { boot } = presence else {
            // Nobody listens and nobody echoes.
            self.buf.as_mut().fill(0);
            (self.len, self.echoed) = (0, 0);
            return;
        };
        self.len = self.len.saturating_add(len);
        let line = self.buf.as_ref().get(..self.len).unwrap_or_default();
        if line.last() == Some(&b'\r') || self.room().is_empty() {
            self.doing = Doing::Line { boot };
        }
    }

    /// What follows. What is to be printed is put into `out`, which must have room for a byte at least.
    ///
    /// The work of one call is bounded by the room in `out`, and by what the device does with one request.
    pub fn poll(&mut self, now: Duration, out: &mut [u8]) -> Step {
        let mut out = Out { place: out, len: 0 };
        let mut step = None;
        while step.is_none() && !out.is_full() {
            step = self.advance(now, &mut out);
        }
        match (out.len, step) {
            (0, step) => step.unwrap_or(Step::Ready),
            (len, _) => Step::Print(len),
        }
    }

    /// One thing, or a part of it. `None`: there is more to do, or to print.
    fn advance(&mut self, now: Duration, out: &mut Out<'_>) -> Option<Step> {
        match self.doing {
            Doing::Typing => {
                self.echo(out);
                let is_ready = self.echoed == self.len && !self.line_feed;
                return is_ready.then_some(Step::Ready);
            }
            Doing::Line { boot } => {
                self.echo(out);
                if self.echoed == self.len && !self.line_feed {
                    self.doing = Doing::LogBefore { boot };
                }
            }
            Doing::LogBefore { boot } => {
                if !out.print(|place| self.log.print(now, place)) {
                    self.execute(boot, now);
                }
            }
            Doing::Waiting { until } if now < until => return Some(Step::Wait { until }),
            Doing::Waiting { .. } => {
                let buf = self.buf.as_mut();
                let answer = self.device.with(|device| device.resume(buf, now));
                self.answered(answer);
            }
            Doing::Answer { len, at } => {
                let reply = self.buf.as_ref().get(..len).unwrap_or_default();
                let printed = out.extend(in_hex(reply, at));
                self.doing = match printed {
                    0 => Doing::LogAfter,
                    more => Doing::Answer {
                        len,
                        at: at.saturating_add(more),
                    },
                };
            }
            Doing::LogAfter => {
                if !out.print(|place| self.log.print(now, place)) {
                    self.doing = Doing::Prompt { at: 0 };
                }
            }
            Doing::Prompt { at } => match out.extend(PROMPT.iter().copied().skip(at)) {
                0 => self.doing = Doing::Typing,
                more => {
                    self.doing = Doing::Prompt {
                        at: at.saturating_add(more),
                    };
                }
            },
        }
        None
    }

    /// What has been typed and not been echoed. A carriage return gets its line feed.
    fn echo(&mut self, out: &mut Out<'_>) {
        while !out.is_full() {
            if self.line_feed {
                self.line_feed = out.extend([b'\n']) == 0;
                continue;
            }
            let typed = self.buf.as_ref().get(self.echoed..self.len);
            let Some(&byte) = typed.and_then(<[u8]>::first) else {
                return;
            };
            out.extend([byte]);
            self.line_feed = byte == b'\r';
            self.echoed = self.echoed.saturating_add(1);
        }
    }

    /// Does what the line says.
    fn execute(&mut self, boot: u32, now: Duration) {
        let buf = self.buf.as_mut();
        let line = buf.get_mut(..self.len).unwrap_or_default();
        (self.len, self.echoed) = (0, 0);
        let mut name = [0; Endpoint::MAX_LEN];
        let Some((endpoint, id, len)) = request(line, &mut name) else {
            line.fill(0);
            self.doing = Doing::Prompt { at: 0 };
            return;
        };
        let current = self.session;
        let (answer, number) = self.device.state(|state| {
            let is_same = current
                .is_some_and(|open| open.id == id && open.number == state.session() && open.boot == boot);
            let number = if is_same {
                state.session()
            } else {
                state.open_session()
            };
            (state.service.handle(endpoint, buf, len, now), number)
        });
        self.session = Some(Current { id, number, boot });
        self.answered(answer);
    }

    fn answered(&mut self, answer: Answer) {
        self.doing = match answer {
            Answer::Reply(len) => Doing::Answer { len, at: 0 },
            Answer::Pending { until } => Doing::Waiting { until },
            Answer::Refused | Answer::ReplyTooLong | Answer::NoSuchEndpoint => Doing::Prompt { at: 0 },
            Answer::Silence | Answer::Closed { .. } => Doing::Typing,
        };
    }
}

/// The request that a line makes: its endpoint, the session's id, and how long it is. It takes the line's place.
fn request<'n>(line: &mut [u8], name: &'n mut [u8; Endpoint::MAX_LEN]) -> Option<(&'n str, u32, usize)> {
    let parts = Parts::of(line)?;
    let endpoint = line.get(parts.endpoint.clone())?;
    let name = name.get_mut(..endpoint.len())?;
    name.copy_from_slice(endpoint);
    let len = parts.decode(line);
    Some((str::from_utf8(name).ok()?, parts.session, len))
}

/// A line with an answer on it, from one of its characters on.
fn in_hex(reply: &[u8], at: usize) -> impl Iterator<Item = u8> {
    (at..).map_while(|at| {
        let Some(at) = at.checked_sub(2) else {
            return b"\r\n".get(at).copied();
        };
        match reply.get(at / 2) {
            Some(byte) if at.is_multiple_of(2) => Some(digit(byte >> 4)),
            Some(byte) => Some(digit(byte & 15)),
            None => b"\r\n"
                .get(at.saturating_sub(reply.len().saturating_mul(2)))
                .copied(),
        }
    })
}

fn digit(nibble: u8) -> u8 {
    b"0123456789abcdef"
        .get(usize::from(nibble))
        .copied()
        .unwrap_or(b'0')
}

/// Where output goes, as far as there is room.
struct Out<'a> {
    place: &'a mut [u8],
    len: usize,
}

impl Out<'_> {
    fn is_full(&self) -> bool {
        self.len >= self.place.len()
    }

    fn rest(&mut self) -> &mut [u8] {
        self.place.get_mut(self.len..).unwrap_or_default()
    }

    /// As many of these as fit. How many that are.
    fn extend(&mut self, bytes: impl IntoIterator<Item = u8>) -> usize {
        let mut more = 0;
        for (place, byte) in self.rest().iter_mut().zip(bytes) {
            *place = byte;
            more = usize::saturating_add(more, 1);
        }
        self.len = self.len.saturating_add(more);
        more
    }

    /// What `print` puts there. Whether that is anything.
    fn print(&mut self, print: impl FnOnce(&mut [u8]) -> usize) -> bool {
        let rest = self.rest();
        let len = print(rest).min(rest.len());
        self.len = self.len.saturating_add(len);
        len > 0
    }
}

impl<A, B, L> fmt::Debug for Console<A, B, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console")
            .field("doing", &self.doing)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
