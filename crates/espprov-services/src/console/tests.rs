use super::*;
use crate::Local;
use crate::testing::Stub;
use core::convert::Infallible;
use core::future::{Future, pending};
use core::pin::pin;
use core::task::{Context, Waker};
use embedded_io_async::{ErrorType, Read, Write};
use espprov_transport::Clock;
use proptest::prelude::*;
use std::string::String;
use std::vec;
use std::vec::Vec;

const ZERO: Duration = Duration::ZERO;

/// A console with a buffer of this size, and no limit but that.
fn console(device: &Local<Stub>, room: usize) -> Console<&Local<Stub>, Vec<u8>> {
    Console::new(device, vec![0; room]).with_line_limit(0)
}

/// Types it at once, and prints so many bytes at a time.
fn typed<L: Log>(console: &mut Console<&Local<Stub>, Vec<u8>, L>, text: &[u8], piece: usize) -> Vec<u8> {
    let (mut rest, mut out, mut place) = (text, Vec::new(), vec![0; piece]);
    let mut now = ZERO;
    loop {
        match console.poll(now, &mut place) {
            Step::Print(len) => out.extend_from_slice(&place[..len]),
            Step::Wait { until } => now = until,
            Step::Ready if rest.is_empty() => return out,
            Step::Ready => {
                let len = console.room().len().min(rest.len());
                console.room()[..len].copy_from_slice(&rest[..len]);
                console.received(len, now);
                rest = &rest[len..];
            }
        }
    }
}

#[test]
fn echo_answer_prompt() {
    let device = Local::new(Stub::default());
    let mut console = console(&device, 1024);
    let mut ask = |text: &str| String::from_utf8(typed(&mut console, text.as_bytes(), 64)).unwrap();
    assert_eq!(ask("\r"), "\r\n\n>> ");
    assert_eq!(ask("echo 1 00aBff\r"), "echo 1 00aBff\r\n\r\n00abff\r\n\n>> ");
    assert_eq!(ask("empty 1 00\r"), "empty 1 00\r\n\r\n\r\n\n>> ");
    assert_eq!(ask("slow 1 00\r"), "slow 1 00\r\n\r\n736c6f77\r\n\n>> ");
    assert_eq!(ask("refuse 1 00\r"), "refuse 1 00\r\n\n>> ");
    assert_eq!(ask("echo 1 zz\r"), "echo 1 zz\r\n\n>> ");
    assert_eq!(ask("silent 1 00\r"), "silent 1 00\r\n");
    assert_eq!(ask("count 1 00\r"), "count 1 00\r\n\r\n06\r\n\n>> ");
    assert_eq!(
        ask("count 2 00\r"),
        "count 2 00\r\n\r\n01\r\n\n>> ",
        "another session"
    );
}

#[test]
fn a_buffer_shorter_than_a_line_is_the_limit() {
    let device = Local::new(Stub::default());
    let mut console = Console::new(&device, vec![0; 12]);
    let out = typed(&mut console, b"echo 1 0102030405\r", 64);
    // Twelve characters of it, executed as they are; the others are no request.
    assert_eq!(out, b"echo 1 01020\r\n0102\r\n\n>> 30405\r\n\n>> ");
}

#[test]
fn an_answer_that_does_not_fit_is_a_refusal() {
    let device = Local::new(Stub::default());
    let mut console = console(&device, 599);
    assert_eq!(typed(&mut console, b"big 1 00\r", 64), b"big 1 00\r\n\n>> ");
}

#[test]
fn nothing_of_a_line_stays() {
    let device = Local::new(Stub::default());
    let mut console = console(&device, 256);
    for line in [&b"refuse 1 c0ffee\r"[..], b"c0ffee\r", b"echo 1 c0ffee\r"] {
        typed(&mut console, line, 64);
        assert!(!console.buf.windows(6).any(|text| text == b"c0ffee"), "{line:?}");
    }
    device.with(|stub| stub.off = Some((ZERO, Duration::from_secs(1))));
    assert_eq!(typed(&mut console, b"echo 1 c0ffee\r", 64), b"", "nobody listens");
    assert!(!console.buf.windows(6).any(|text| text == b"c0ffee"));
}

/// Says the same before and after each answer.
struct Chatter(Option<&'static [u8]>);

impl Log for Chatter {
    fn print(&mut self, _: Duration, out: &mut [u8]) -> usize {
        let mut text = self.0.take().unwrap_or(b"I (1) app: hello\r\n");
        let len = text.len().min(out.len());
        out[..len].copy_from_slice(&text[..len]);
        text = &text[len..];
        self.0 = (len > 0).then_some(text);
        len
    }
}

#[test]
fn the_size_of_the_pieces_makes_no_difference() {
    let text = b"echo 1 0011223344556677\rslow 1 00\r\rbig 2 00\rrefuse 1 1\r";
    let at = |piece| {
        let device = Local::new(Stub::default());
        let mut console = console(&device, 1024).with_log(Chatter(None));
        let lines = text.split_inclusive(|&byte| byte == b'\r');
        let out: Vec<Vec<u8>> = lines.map(|line| typed(&mut console, line, piece)).collect();
        out.concat()
    };
    let whole = at(4096);
    let hello = whole.windows(5).filter(|text| text == b"hello").count();
    assert_eq!(hello, 5 + 3, "before each line and after each answer");
    for piece in [1, 2, 3, 7, 64] {
        assert_eq!(at(piece), whole, "{piece}");
    }
}

/// Whoever types without end, or faster than anybody prints, keeps nobody: a call does one thing at most.
#[test]
fn a_flood_is_taken_line_by_line() {
    let device = Local::new(Stub::default());
    let mut console = Console::new(&device, [0; 512]);
    let mut place = [0; 64];
    let mut polls = 0;
    for _ in 0..1000 {
        let room = console.room();
        assert!(room.len() <= STOCK_LINE_LIMIT);
        room.fill(b'a');
        let len = room.len();
        console.received(len, ZERO);
        while let Step::Print(printed) = console.poll(ZERO, &mut place) {
            assert!(printed <= place.len());
            polls += 1;
        }
    }
    // The echo of each line and a prompt, 64 bytes at a time.
    assert_eq!(polls, 1000 * 5);
    assert!(device.with(|stub| stub.handled.is_empty()));
}

/// A port on which the same line comes again and again, without a pause.
struct Endless;

impl ErrorType for Endless {
    type Error = Infallible;
}

impl Read for Endless {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Infallible> {
        let line = b"echo 1 00\r";
        let len = line.len().min(buf.len());
        buf[..len].copy_from_slice(&line[..len]);
        Ok(len)
    }
}

/// And that takes whatever is printed.
struct Sink;

impl ErrorType for Sink {
    type Error = Infallible;
}

impl Write for Sink {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Infallible> {
        Ok(buf.len())
    }
    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Nothing has to be waited for.
struct Still;

impl Clock for Still {
    fn now(&self) -> Duration {
        ZERO
    }
    async fn sleep(&self, _: Duration) {
        pending().await
    }
}

#[test]
fn a_port_that_never_pauses_is_served_a_line_at_a_time() {
    let device = Local::new(Stub::default());
    // Two lines fill it: no request, but both are echoed.
    let mut console = Console::new(&device, [0; 20]);
    let mut serving = pin!(serve(&mut console, Endless, Sink, &Still));
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..100 {
        assert!(serving.as_mut().poll(&mut cx).is_pending());
    }
}

proptest! {
    #[test]
    fn any_input_is_survived(
        input in proptest::collection::vec(any::<u8>(), 0..2000), room in 1..300_usize, piece in 1..100_usize,
    ) {
        let device = Local::new(Stub::default());
        let mut console = console(&device, room);
        let _ = typed(&mut console, &input, piece);
        prop_assert!(typed(&mut console, b"\r", piece).ends_with(PROMPT));
    }
}
