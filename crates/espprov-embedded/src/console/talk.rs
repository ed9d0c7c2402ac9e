//! One stretch of the conversation: something to write, something to listen for, and how long.

use super::Line;
use super::parser::{Echo, Found, Parser, Verdict};
use core::future::{Future as _, poll_fn};
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use embedded_io_async::{Error as _, ErrorKind, Read, Write};
use espprov_transport::{Clock, with_deadline};

/// Bytes read but not looked at yet.
pub(super) struct Chunk {
    bytes: [u8; 64],
    start: usize,
    end: usize,
}

impl Chunk {
    pub(super) const fn new() -> Self {
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

    /// Reads more; all there was must have been looked at.
    async fn fill<R: Read>(&mut self, rx: &mut R) -> Result<(), ErrorKind> {
        let read = rx.read(&mut self.bytes).await;
        (self.start, self.end) = (0, 0);
        match read {
            Ok(0) => Err(ErrorKind::BrokenPipe),
            Ok(len) => {
                self.end = len.min(self.bytes.len());
                Ok(())
            }
            Err(error) => Err(error.kind()),
        }
    }
}

/// What is listened for.
pub(super) enum Ear<'a> {
    /// A prompt, whatever else comes.
    Prompt,
    /// The echo of a line. Prompts left over from so many carriage returns may come before it.
    Echo {
        line: &'a Line<'a>,
        nudges: &'a mut usize,
    },
    /// The answer, for which there is this room; once what came of it is known, the prompt after it.
    Answer { buf: &'a mut [u8], known: bool },
}

/// What was heard.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// Not what was listened for, and the time is up.
    Late,
    Prompt,
    /// The device restarts.
    Restart,
    Echo,
    /// The answer, or that it is lost; but not its prompt yet.
    Answer,
    End(Verdict),
}

/// Why the conversation cannot go on.
#[derive(Clone, Copy)]
pub(super) enum Fault {
    Port(ErrorKind),
    EchoMismatch,
}

impl Ear<'_> {
    /// Looks at what was read.
    fn hear(&mut self, parser: &mut Parser, chunk: &mut Chunk) -> Result<Option<Heard>, Fault> {
        loop {
            let bytes = chunk.rest();
            let (taken, heard) = match self {
                Self::Prompt => {
                    let heard = match parser.find_prompt(bytes) {
                        Found::Nothing => None,
                        Found::Prompt => Some(Heard::Prompt),
                        Found::Restart => Some(Heard::Restart),
                    };
                    (bytes.len(), heard)
                }
                Self::Echo { line, nudges } => match parser.watch_echo(bytes, line) {
                    (taken, Echo::Complete) => (taken, Some(Heard::Echo)),
                    (taken, Echo::Partial) => (taken, None),
                    // A prompt left over from synchronising comes before any echo.
                    (taken, Echo::Prompt { echoed }) if **nudges > 0 && echoed <= line.len() / 2 => {
                        **nudges = nudges.saturating_sub(1);
                        chunk.skip(taken);
                        continue;
                    }
                    (_, Echo::Prompt { .. }) => return Err(Fault::EchoMismatch),
                    (taken, Echo::Restarted) => (taken, Some(Heard::Restart)),
                },
                Self::Answer { buf, known } => {
                    let (taken, verdict) = parser.collect(bytes, buf);
                    let begun = !*known && parser.is_known();
                    let end = verdict.map(|verdict| match verdict {
                        Verdict::Restarted => Heard::Restart,
                        verdict => Heard::End(verdict),
                    });
                    (taken, end.or(begun.then_some(Heard::Answer)))
                }
            };
            chunk.skip(taken);
            return Ok(heard);
        }
    }
}

/// Writes `line`, if there is one, and listens at the same time, so that neither side waits for the other with full
/// buffers; until both are done, or until the time is up. Whether the line was written is in `written`, also where this is
/// dropped half-way.
pub(super) async fn talk<R: Read, W: Write, C: Clock>(
    (rx, tx): (&mut R, &mut W),
    clock: &C,
    (parser, chunk): (&mut Parser, &mut Chunk),
    line: Option<&Line<'_>>,
    ear: &mut Ear<'_>,
    until: Duration,
    written: &mut bool,
) -> Result<Heard, Fault> {
    *written = line.is_none();
    let result = {
        let mut write = pin!(async {
            match line {
                Some(line) => line.write_to(tx).await,
                None => Ok(()),
            }
        });
        let mut listen = pin!(async {
            loop {
                if let Some(heard) = ear.hear(parser, chunk)? {
                    return Ok(heard);
                }
                // A source that never runs dry must not keep the time limit from being looked at.
                if clock.now() >= until {
                    return Ok(Heard::Late);
                }
                chunk.fill(rx).await.map_err(Fault::Port)?;
            }
        });
        let mut heard = None;
        let both = pin!(poll_fn(|cx| {
            if !*written && let Poll::Ready(result) = write.as_mut().poll(cx) {
                result.map_err(Fault::Port)?;
                *written = true;
            }
            if heard.is_none()
                && let Poll::Ready(result) = listen.as_mut().poll(cx)
            {
                heard = Some(result?);
            }
            match heard {
                Some(heard) if *written || matches!(heard, Heard::Late | Heard::Restart) => {
                    Poll::Ready(Ok(heard))
                }
                _ => Poll::Pending,
            }
        }));
        with_deadline(clock, until, both).await
    };
    result.unwrap_or(Ok(Heard::Late))
}
