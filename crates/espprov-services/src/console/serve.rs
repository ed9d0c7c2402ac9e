//! The console on a serial port, or on any pair of byte streams.

use super::{Console, Log, PROMPT, Step};
use crate::Access;
use crate::breathe::breathe;
use core::fmt;
use core::time::Duration;
use embedded_io_async::{Read, Write};
use espprov_transport::{Clock, Elapsed, with_deadline};

/// A UART hands over what it has received when nothing has come for this long: ten characters at the usual speed.
const IDLE: Duration = Duration::from_millis(1);

/// Or when there is as much as it holds.
const FIFO: usize = 512;

/// Characters that are printed at a time.
const PIECE: usize = 64;

/// Why [`serve`] returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended<R, W> {
    /// The input is at its end, or the output takes no more.
    Closed,
    /// Reading failed.
    Read(R),
    /// Writing failed.
    Write(W),
}

impl<R, W> fmt::Display for Ended<R, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "the port was closed",
            Self::Read(_) => "reading from the port failed",
            Self::Write(_) => "writing to the port failed",
        })
    }
}

impl<R: fmt::Debug, W: fmt::Debug> core::error::Error for Ended<R, W> {}

/// Serves a pair of streams until the input ends. Prints a prompt first.
///
/// Cancel-safe in the sense that the device stays usable; what was read and not answered is lost.
pub async fn serve<A, B, L, R, W>(
    console: &mut Console<A, B, L>,
    mut input: R,
    mut output: W,
    clock: &impl Clock,
) -> Ended<R::Error, W::Error>
where
    A: Access,
    B: AsRef<[u8]> + AsMut<[u8]>,
    L: Log,
    R: Read,
    W: Write,
{
    if let Err(ended) = print(&mut output, PROMPT).await {
        return ended;
    }
    loop {
        if let Err(ended) = answer(console, &mut output, clock).await {
            return ended;
        }
        match receive(console.room(), &mut input, clock).await {
            Ok(0) => return Ended::Closed,
            Ok(len) => console.received(len, clock.now()),
            Err(error) => return Ended::Read(error),
        }
        // Whoever types without a pause has typed a line: others have something to do, too.
        breathe().await;
    }
}

/// Prints, and waits, until more can be received.
async fn answer<A, B, L, W, E>(
    console: &mut Console<A, B, L>,
    output: &mut W,
    clock: &impl Clock,
) -> Result<(), Ended<E, W::Error>>
where
    A: Access,
    B: AsRef<[u8]> + AsMut<[u8]>,
    L: Log,
    W: Write,
{
    let mut piece = [0; PIECE];
    loop {
        match console.poll(clock.now(), &mut piece) {
            Step::Print(len) => print(output, piece.get(..len).unwrap_or_default()).await?,
            Step::Wait { until } => {
                // The echo should be seen before the wait.
                output.flush().await.map_err(Ended::Write)?;
                clock.sleep(until.saturating_sub(clock.now())).await;
            }
            Step::Ready => return output.flush().await.map_err(Ended::Write),
        }
    }
}

/// Writes all of it. A port that takes nothing is closed.
async fn print<W: Write, E>(output: &mut W, mut text: &[u8]) -> Result<(), Ended<E, W::Error>> {
    while !text.is_empty() {
        match output.write(text).await.map_err(Ended::Write)? {
            0 => return Err(Ended::Closed),
            len => text = text.get(len..).unwrap_or_default(),
        }
    }
    Ok(())
}

/// Waits for input, and on until nothing more comes or there is as much as a UART holds. 0 at the end.
async fn receive<R: Read>(room: &mut [u8], input: &mut R, clock: &impl Clock) -> Result<usize, R::Error> {
    let room = match room.get_mut(..FIFO) {
        Some(fifo) => fifo,
        None => room,
    };
    let mut len = input.read(room).await?;
    if len == 0 {
        return Ok(0);
    }
    while let Some(rest @ [_, ..]) = room.get_mut(len..) {
        match with_deadline(clock, clock.now().saturating_add(IDLE), input.read(rest)).await {
            Ok(Ok(more)) if more > 0 => len = len.saturating_add(more),
            Ok(Err(error)) => return Err(error),
            // The end shows again when it is read on.
            Ok(Ok(_)) | Err(Elapsed) => break,
        }
    }
    Ok(len)
}
