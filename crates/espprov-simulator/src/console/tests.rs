use super::*;
use crate::service::testing::Stub;
use crate::time::{VirtualClock, block_on};
use proptest::prelude::*;

const ZERO: Duration = Duration::ZERO;

fn console() -> Console<Stub> {
    Console::new(Shared::new(Stub::default()))
}

/// Types the text; what the device prints.
fn type_in(console: &mut Console<Stub>, text: &str) -> String {
    let mut out = Vec::new();
    for byte in text.bytes() {
        assert_eq!(console.feed(byte, ZERO, &mut out), Progress::Ready);
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn echo_answer_prompt() {
    let mut console = console();
    assert_eq!(type_in(&mut console, "\r"), "\n>> ");
    let out = type_in(&mut console, "echo 1 00aBff\r");
    assert_eq!(out, "echo 1 00aBff\r\n00abff\r\n\n>> ");
    let out = type_in(&mut console, "empty 1 00\r");
    assert_eq!(out, "empty 1 00\r\n\r\n\n>> ");
}

#[test]
fn refusals_are_bare_prompts() {
    for line in ["refuse 1 00", "nobody 1 00", "echo 1 0", "echo", "what is this?"] {
        let out = type_in(&mut console(), &format!("{line}\r"));
        assert_eq!(out, format!("{line}\n>> "));
    }
}

#[test]
fn silence_is_silence() {
    let mut console = console();
    assert_eq!(type_in(&mut console, "silent 1 00\r"), "silent 1 00");
    assert_eq!(type_in(&mut console, "echo 1 00\r"), "echo 1 00\r\n00\r\n\n>> ");
}

#[test]
fn a_new_id_is_a_new_session() {
    let mut console = console();
    for (id, expected) in [("5", "01"), ("5", "02"), ("005x", "03"), ("6", "01"), ("5", "01")] {
        let line = format!("count {id} 00");
        let out = type_in(&mut console, &format!("{line}\r"));
        assert_eq!(out, format!("{line}\r\n{expected}\r\n\n>> "));
    }
    assert_eq!(console.device.with(|device| device.sessions), 3);
}

#[test]
fn long_lines_are_refused_whole() {
    let line = |len: usize| {
        let digits = "ab".repeat((len - "echo 1 ".len()) / 2);
        format!("echo 1 {digits}")
    };
    // 7 characters before the payload: 253 in all, and the carriage return. The next even number is too long.
    let mut console = console();
    assert!(type_in(&mut console, &format!("{}\r", line(253))).contains("\r\nabab"));
    let out = type_in(&mut console, &format!("{}\r", line(255)));
    assert_eq!(out, format!("{}\n>> ", line(255)));
    assert!(
        type_in(&mut console, &format!("{}\r", line(253))).contains("\r\nabab"),
        "the next line is fine"
    );

    let mut console = self::console().with_line_limit(0);
    assert!(type_in(&mut console, &format!("{}\r", line(8001))).contains("\r\nabab"));
}

#[test]
fn the_limit_counts_the_carriage_return() {
    // "echo 1 ab" has 9 characters: with \r, 10.
    for (limit, answered) in [(10, true), (9, false)] {
        let mut console = console().with_line_limit(limit);
        let out = type_in(&mut console, "echo 1 ab\r");
        assert_eq!(out.contains("\r\nab\r\n"), answered, "{limit}");
    }
}

#[test]
fn a_device_that_is_away_does_not_echo() {
    let mut console = console();
    let second = Duration::from_secs(1);
    console
        .device
        .with(|device| device.off = Some((second, 2 * second)));
    assert!(type_in(&mut console, "count 1 00\r").contains("01"));
    let mut out = Vec::new();
    for byte in *b"count 1 00\r" {
        let _ = console.feed(byte, second, &mut out);
    }
    assert!(out.is_empty());
    for byte in *b"count 1 00\r" {
        let _ = console.feed(byte, 2 * second, &mut out);
    }
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

#[test]
fn streams_are_served_to_their_end_in_virtual_time() {
    let clock = VirtualClock::new();
    let mut output = Vec::new();
    let input = &b"\rslow 1 00\recho 1 42\r"[..];
    block_on(&clock, console().serve(input, &mut output, &clock)).unwrap();
    let text = String::from_utf8(output).unwrap();
    assert_eq!(
        text,
        "\n>> \n>> slow 1 00\r\n736c6f77\r\n\n>> echo 1 42\r\n42\r\n\n>> "
    );
    assert_eq!(clock.now(), Duration::from_secs(2));
}

proptest! {
    #[test]
    fn any_input_is_survived(input in proptest::collection::vec(any::<u8>(), 0..2000), limit in 0..300_usize) {
        let mut console = console().with_line_limit(limit).with_log_noise(1);
        let mut out = Vec::new();
        for byte in &input {
            if let Progress::Wait { until } = console.feed(*byte, ZERO, &mut out) {
                let _ = console.resume(until, &mut out);
            }
        }
        let ends = input.iter().filter(|&&byte| byte == b'\r').count();
        let prompts = out.windows(PROMPT.len()).filter(|window| *window == PROMPT).count();
        prop_assert!(prompts >= ends, "every line is answered");
        let mut after = Vec::new();
        let _ = console.feed(b'\r', ZERO, &mut after);
        prop_assert!(after.ends_with(PROMPT));
    }
}
