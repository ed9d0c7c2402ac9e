use super::*;
use crate::service::Shared;
use crate::service::testing::Stub;
use crate::time::{VirtualClock, block_on};
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use proptest::prelude::*;
use tokio::io::ReadBuf;

const ZERO: Duration = Duration::ZERO;

fn console() -> Console<Stub> {
    with_device().0
}

fn with_device() -> (Console<Stub>, Shared<Stub>) {
    let device = Shared::new(Stub::default());
    (Console::new(device.clone()), device)
}

/// Types the text, a line at a time; what the device prints.
fn type_in(console: &mut Console<Stub>, text: &str) -> String {
    text.split_inclusive('\r')
        .map(|line| arrive(console, line))
        .collect()
}

/// Hands over the text at once; what the device prints.
fn arrive(console: &mut Console<Stub>, text: &str) -> String {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        let (taken, progress) = console.feed(rest, ZERO, &mut out);
        assert!(progress == Progress::Ready && taken > 0);
        rest = &rest[taken..];
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn echo_answer_prompt() {
    let mut console = console();
    assert_eq!(type_in(&mut console, "\r"), "\r\n\n>> ");
    let out = type_in(&mut console, "echo 1 00aBff\r");
    assert_eq!(out, "echo 1 00aBff\r\n\r\n00abff\r\n\n>> ");
    let out = type_in(&mut console, "empty 1 00\r");
    assert_eq!(out, "empty 1 00\r\n\r\n\r\n\n>> ");
}

#[test]
fn refusals_are_bare_prompts() {
    for line in ["refuse 1 00", "nobody 1 00", "echo 1 zz", "echo", "what is this?"] {
        let out = type_in(&mut console(), &format!("{line}\r"));
        assert_eq!(out, format!("{line}\r\n\n>> "));
    }
}

/// The firmware looks at its buffer, and only a carriage return at the end of that ends the line.
#[test]
fn what_arrives_together_is_one_line() {
    let mut console = console();
    let out = arrive(&mut console, "\recho 1 00\r");
    assert_eq!(out, "\r\necho 1 00\r\n\n>> ", "no such endpoint");
    let out = arrive(&mut console, "echo 1 00\recho 1 01\r");
    assert_eq!(out, "echo 1 00\r\necho 1 01\r\n\n>> ", "neither");
    // Not ended, whatever stands in it; the next carriage return ends it.
    assert_eq!(arrive(&mut console, "echo 1 00\recho"), "echo 1 00\r\necho");
    assert_eq!(arrive(&mut console, " 1 02\r"), " 1 02\r\n\n>> ");
    // In pieces, though, is one line too.
    assert_eq!(arrive(&mut console, "echo 1 0"), "echo 1 0");
    assert_eq!(arrive(&mut console, "3\r"), "3\r\n\r\n03\r\n\n>> ");
}

#[test]
fn silence_is_silence() {
    let mut console = console();
    assert_eq!(type_in(&mut console, "silent 1 00\r"), "silent 1 00\r\n");
    let out = type_in(&mut console, "echo 1 00\r");
    assert_eq!(out, "echo 1 00\r\n\r\n00\r\n\n>> ");
}

#[test]
fn a_new_id_is_a_new_session() {
    let (mut console, device) = with_device();
    for (id, expected) in [("5", "01"), ("5", "02"), ("005x", "03"), ("6", "01"), ("5", "01")] {
        let line = format!("count {id} 00");
        let out = type_in(&mut console, &format!("{line}\r"));
        assert_eq!(out, format!("{line}\r\n\r\n{expected}\r\n\n>> "));
    }
    assert_eq!(device.with(|device| device.sessions), 3);
}

/// A line without room for its carriage return is executed without it, and the carriage return is a line of its own.
#[test]
fn what_does_not_fit_a_line_makes_the_next() {
    let line = |len: usize| {
        let digits = "ab".repeat((len - "echo 1 ".len()) / 2);
        format!("echo 1 {digits}")
    };
    let answer = |len: usize| format!("\r\n{}\r\n\n>> ", "ab".repeat(len));
    // 7 characters before the payload: 253 in all, and the carriage return.
    let mut console = console();
    let out = type_in(&mut console, &format!("{}\r", line(253)));
    assert_eq!(out, format!("{}\r\n{}", line(253), answer(123)));
    // The next even number is at the limit; and one beyond it, cut.
    let out = type_in(&mut console, &format!("{}\r", line(255)));
    assert_eq!(out, format!("{}{}\r\n\n>> ", line(255), answer(124)));
    let out = type_in(&mut console, &format!("{}\r", line(257)));
    assert_eq!(out, format!("{}{}ab\r\n\n>> ", line(255), answer(124)));
    let out = type_in(&mut console, &format!("{}\r", line(253)));
    assert!(out.ends_with(&answer(123)), "the next line is fine");

    let mut console = self::console().with_line_limit(0);
    assert!(type_in(&mut console, &format!("{}\r", line(8001))).ends_with(&answer(3997)));
}

#[test]
fn a_device_that_is_away_does_not_echo() {
    let (mut console, device) = with_device();
    let second = Duration::from_secs(1);
    device.with(|device| device.off = Some((second, 2 * second)));
    assert!(type_in(&mut console, "count 1 00\r").contains("01"));
    let mut out = Vec::new();
    let request = b"count 1 00\r";
    assert_eq!(
        console.feed(request, second, &mut out),
        (request.len(), Progress::Ready)
    );
    assert!(out.is_empty());
    let _ = console.feed(request, 2 * second, &mut out);
    assert!(out.ends_with(b"\r\n01\r\n\n>> "), "and has forgotten the session");
}

#[test]
fn log_noise_keeps_the_answer_readable() {
    let noisy = |seed| {
        let mut console = console().with_log_noise(seed);
        (0..20)
            .map(|_| type_in(&mut console, "echo 1 c0ffee\r"))
            .collect::<String>()
    };
    let out = noisy(3);
    assert_eq!(out, noisy(3), "seeded");
    assert_ne!(out, noisy(4));
    assert!(out.contains("\x1b[0;32mI (0) "));
    assert_eq!(out.matches("\r\nc0ffee\r\n").count(), 20);
}

/// Text that comes in pieces, a second apart.
struct Typist {
    pieces: Vec<&'static [u8]>,
    clock: VirtualClock,
    pause: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

impl AsyncRead for Typist {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { pieces, clock, pause } = self.get_mut();
        if pieces.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let later = clock.now() + Duration::from_secs(1);
        let waiting = pause.get_or_insert_with(|| Box::pin(clock.sleep_until(later)));
        if waiting.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        *pause = None;
        buf.put_slice(pieces.remove(0));
        Poll::Ready(Ok(()))
    }
}

#[test]
fn streams_are_served_to_their_end_in_virtual_time() {
    let clock = VirtualClock::new();
    let mut output = Vec::new();
    let input = Typist {
        pieces: vec![b"\r", b"slow 1 00\r", b"echo 1", b" 42\r", b"\recho 1 42\r"],
        clock: clock.clone(),
        pause: None,
    };
    block_on(&clock, console().serve(input, &mut output, &clock)).unwrap();
    let text = String::from_utf8(output).unwrap();
    assert_eq!(
        text,
        "\n>> \r\n\n>> slow 1 00\r\n\r\n736c6f77\r\n\n>> echo 1 42\r\n\r\n42\r\n\n>> \
         \r\necho 1 42\r\n\n>> "
    );
}

proptest! {
    #[test]
    fn any_input_is_survived(
        input in proptest::collection::vec(any::<u8>(), 0..2000), limit in 0..300_usize, piece in 1..300_usize,
    ) {
        let mut console = console().with_line_limit(limit).with_log_noise(1);
        let mut out = Vec::new();
        for mut piece in input.chunks(piece) {
            while !piece.is_empty() {
                let (taken, progress) = console.feed(piece, ZERO, &mut out);
                prop_assert!(taken > 0);
                piece = &piece[taken..];
                if let Progress::Wait { until } = progress {
                    let _ = console.resume(until, &mut out);
                }
            }
        }
        let mut after = Vec::new();
        let _ = console.feed(b"\r", ZERO, &mut after);
        prop_assert!(after.ends_with(PROMPT));
    }
}
