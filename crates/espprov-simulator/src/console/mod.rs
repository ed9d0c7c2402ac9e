//! The UART console of a device, over any pair of byte streams: `espprov_services::console`, with a log to go between.
//!
//! A prompt, an echo, lines of `<endpoint> <session id> <hex>` that end with a carriage return, answers in
//! lower-case hex. What is refused is answered by the next prompt alone.

mod noise;

pub use espprov_services::console::{Line, PROMPT, STOCK_LINE_LIMIT, parse_line};

use crate::service::{Service, Shared};
use core::time::Duration;
use embedded_io_adapters::tokio_1::FromTokio;
use espprov_services::console::{self, Ended, Step};
use espprov_transport::Clock;
use noise::Noise;
use std::io;
use tokio::io::{AsyncRead, AsyncWrite};
use zeroize::Zeroizing;

/// Without a limit of its own a line still ends here, so that memory stays bounded.
const HARD_LIMIT: usize = 64 * 1024;

/// The console of a device, without any I/O: bytes go in, bytes come out.
///
/// [`feed`](Self::feed) until it says [`Progress::Wait`], then [`resume`](Self::resume) at that time, and
/// feed on. [`serve`](Self::serve) does that for a pair of streams.
#[derive(Debug)]
pub struct Console<S>(console::Console<Shared<S>, Zeroizing<Vec<u8>>, Option<Noise>>);

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
        let buffer = Zeroizing::new(vec![0; HARD_LIMIT]);
        Self(console::Console::new(device, buffer).with_log(None))
    }

    /// Sets the longest line, its carriage return included; 0 means no limit. A line that has come so far ends there,
    /// carriage return or not, and is executed as it is.
    #[must_use]
    pub fn with_line_limit(self, limit: usize) -> Self {
        Self(self.0.with_line_limit(limit))
    }

    /// Mixes coloured log lines into the output, as firmware does; the seed decides which and where.
    #[must_use]
    pub fn with_log_noise(mut self, seed: u64) -> Self {
        *self.0.log() = Some(Noise::new(seed));
        self
    }

    /// Takes what has been received, all of it unless a line ends by its length; what the device prints is appended to
    /// `out`. Says how many bytes it took; the others come first the next time. A line ends with a carriage return only
    /// if that is the last of `bytes`.
    pub fn feed(&mut self, bytes: &[u8], now: Duration, out: &mut Vec<u8>) -> (usize, Progress) {
        let room = self.0.room();
        let taken = room.len().min(bytes.len());
        room[..taken].copy_from_slice(&bytes[..taken]);
        self.0.received(taken, now);
        (taken, self.resume(now, out))
    }

    /// Goes on after [`Progress::Wait`].
    pub fn resume(&mut self, now: Duration, out: &mut Vec<u8>) -> Progress {
        let mut piece = [0; 256];
        loop {
            match self.0.poll(now, &mut piece) {
                Step::Print(len) => out.extend_from_slice(&piece[..len]),
                Step::Wait { until } => return Progress::Wait { until },
                _ => return Progress::Ready,
            }
        }
    }

    /// Serves a pair of streams until the input ends. Prints a prompt first.
    ///
    /// Cancel-safe in the sense that the device stays usable; what was read and not answered is lost.
    ///
    /// # Errors
    /// Whatever reading or writing the streams gives.
    pub async fn serve<R, W>(mut self, input: R, output: W, clock: &impl Clock) -> io::Result<()>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let (input, output) = (FromTokio::new(input), FromTokio::new(output));
        match console::serve(&mut self.0, input, output, clock).await {
            Ended::Read(error) | Ended::Write(error) => Err(error),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
