//! The UART console of a device, over any pair of byte streams.
//!
//! A prompt, an echo, lines of `<endpoint> <session id> <hex>` that end with a carriage return, answers in
//! lower-case hex. What is refused is answered by the next prompt alone.
//!
//! Lines are read as the firmware reads them: it takes all that its UART has received, and ends the line if a carriage
//! return is the last of that. Two lines that arrive together are one to it, and no request. What does not fit the line
//! makes the next one.

mod line;
mod noise;

pub use line::{Line, parse_line};

use crate::service::{Access, Answer, BUFFER, Presence, Service, Shared};
use core::time::Duration;
use espprov_transport::{Clock, Elapsed, with_deadline};
use espprov_types::hex::Hex;
use noise::Noise;
use std::io::{self, Write};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// What the device prints when it is ready for a line.
pub const PROMPT: &[u8] = b"\n>> ";

/// Characters of a line on stock firmware, its carriage return included.
pub const STOCK_LINE_LIMIT: usize = 255;

/// Without a limit of its own a line still ends here, so that memory stays bounded.
const HARD_LIMIT: usize = 64 * 1024;

/// A UART hands over what it has received when nothing has come for this long: ten characters at the usual speed.
const IDLE: Duration = Duration::from_millis(1);

/// The console of a device, without any I/O: bytes go in, bytes come out.
///
/// [`feed`](Self::feed) until it says [`Progress::Wait`], then [`resume`](Self::resume) at that time, and
/// feed on. [`serve`](Self::serve) does that for a pair of streams.
#[derive(Debug)]
pub struct Console<S> {
    device: Shared<S>,
    line_limit: usize,
    noise: Option<Noise>,
    line: Vec<u8>,
    /// Where the device answers.
    buffer: Vec<u8>,
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

/// Whether the console takes more input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub enum Progress {
    /// It does.
    Ready,
    /// A request is under way; call [`Console::resume`] at this time.
    Wait {
        /// In the time that was handed in.
        until: Duration,
    },
}

impl<S: Service> Console<S> {
    /// A console with the line limit of stock firmware and no log lines.
    #[must_use]
    pub fn new(device: Shared<S>) -> Self {
        Self {
            device,
            line_limit: STOCK_LINE_LIMIT,
            noise: None,
            line: Vec::new(),
            buffer: vec![0; BUFFER],
            session: None,
        }
    }

    /// Sets the longest line, its carriage return included; 0 means no limit. A line that has come so far ends there,
    /// carriage return or not, and is executed as it is.
    #[must_use]
    pub const fn with_line_limit(mut self, limit: usize) -> Self {
        self.line_limit = limit;
        self
    }

    /// Mixes coloured log lines into the output, as firmware does; the seed decides which and where.
    #[must_use]
    pub fn with_log_noise(mut self, seed: u64) -> Self {
        self.noise = Some(Noise::new(seed));
        self
    }

    /// Takes what has been received, all of it unless a line ends by its length; what the device prints is appended to
    /// `out`. Says how many bytes it took; the others come first the next time. A line ends with a carriage return only
    /// if that is the last of `bytes`.
    pub fn feed(&mut self, bytes: &[u8], now: Duration, out: &mut Vec<u8>) -> (usize, Progress) {
        let presence = self.device.with(|device| device.presence(now));
        let Presence::On { boot } = presence else {
            // Nobody listens and nobody echoes.
            self.line.clear();
            return (bytes.len(), Progress::Ready);
        };
        let limit = match self.line_limit {
            0 => HARD_LIMIT,
            limit => limit.min(HARD_LIMIT),
        };
        let taken = limit.saturating_sub(self.line.len()).min(bytes.len());
        for &byte in &bytes[..taken] {
            match byte {
                b'\r' => out.extend_from_slice(b"\r\n"),
                byte => out.push(byte),
            }
            self.line.push(byte);
        }
        if self.line.last() != Some(&b'\r') && self.line.len() < limit {
            return (taken, Progress::Ready);
        }
        let line = core::mem::take(&mut self.line);
        (taken, self.execute(&line, boot, now, out))
    }

    fn execute(&mut self, line: &[u8], boot: u32, now: Duration, out: &mut Vec<u8>) -> Progress {
        let request = parse_line(line);
        self.log(now, out);
        let Some(request) = request else {
            out.extend_from_slice(PROMPT);
            return Progress::Ready;
        };
        let Line {
            endpoint,
            session,
            payload,
        } = request;
        let len = payload.len();
        self.buffer.resize(BUFFER.max(len), 0);
        self.buffer[..len].copy_from_slice(&payload);
        let (current, buf) = (self.session, &mut self.buffer);
        let (answer, number) = self.device.state(|state| {
            let is_same =
                current.is_some_and(|c| c.id == session && c.number == state.session() && c.boot == boot);
            let number = if is_same {
                state.session()
            } else {
                state.open_session()
            };
            (state.service.handle(endpoint, buf, len, now), number)
        });
        self.session = Some(Current {
            id: session,
            number,
            boot,
        });
        self.print(answer, now, out)
    }

    /// Goes on after [`Progress::Wait`].
    pub fn resume(&mut self, now: Duration, out: &mut Vec<u8>) -> Progress {
        let buf = &mut self.buffer;
        let answer = self.device.with(|device| device.resume(buf, now));
        self.print(answer, now, out)
    }

    fn print(&mut self, answer: Answer, now: Duration, out: &mut Vec<u8>) -> Progress {
        match answer {
            Answer::Reply(len) => {
                // Writing to a Vec cannot fail.
                let _ = write!(out, "\r\n{}\r\n", Hex(&self.buffer[..len]));
                self.log(now, out);
                out.extend_from_slice(PROMPT);
            }
            Answer::Pending { until } => return Progress::Wait { until },
            Answer::Refused | Answer::ReplyTooLong | Answer::NoSuchEndpoint => out.extend_from_slice(PROMPT),
            Answer::Silence | Answer::Closed { .. } => {}
        }
        Progress::Ready
    }

    fn log(&mut self, now: Duration, out: &mut Vec<u8>) {
        if let Some(noise) = &mut self.noise {
            noise.maybe(now, out);
        }
    }

    /// Serves a pair of streams until the input ends. Prints a prompt first.
    ///
    /// Cancel-safe in the sense that the device stays usable; what was read and not answered is lost.
    ///
    /// # Errors
    /// Whatever reading or writing the streams gives.
    pub async fn serve<R, W>(mut self, mut input: R, mut output: W, clock: &impl Clock) -> io::Result<()>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let mut received = Vec::new();
        let mut out = PROMPT.to_vec();
        loop {
            print(&mut output, &mut out).await?;
            if received.is_empty() && !receive(&mut input, &mut received, clock).await? {
                return Ok(());
            }
            let (taken, mut progress) = self.feed(&received, clock.now(), &mut out);
            received.drain(..taken);
            while let Progress::Wait { until } = progress {
                // The echo should be seen before the wait.
                print(&mut output, &mut out).await?;
                clock.sleep(until.saturating_sub(clock.now())).await;
                progress = self.resume(clock.now(), &mut out);
            }
        }
    }
}

/// Writes what is there to write.
async fn print<W: AsyncWrite + Unpin>(output: &mut W, out: &mut Vec<u8>) -> io::Result<()> {
    output.write_all(out).await?;
    output.flush().await?;
    out.clear();
    Ok(())
}

/// Waits for input, and on until nothing more comes or there is as much as a UART holds. `false` at the end.
async fn receive<R: AsyncRead + Unpin>(
    input: &mut R,
    received: &mut Vec<u8>,
    clock: &impl Clock,
) -> io::Result<bool> {
    let mut chunk = [0; 512];
    let len = input.read(&mut chunk).await?;
    received.extend_from_slice(&chunk[..len]);
    while len > 0 && received.len() < chunk.len() {
        let more = with_deadline(clock, clock.now() + IDLE, input.read(&mut chunk)).await;
        match more {
            Ok(Ok(len)) if len > 0 => received.extend_from_slice(&chunk[..len]),
            Ok(Err(error)) => return Err(error),
            // The end shows again when it is read on.
            Ok(Ok(_)) | Err(Elapsed) => break,
        }
    }
    Ok(len > 0)
}

#[cfg(test)]
mod tests;
