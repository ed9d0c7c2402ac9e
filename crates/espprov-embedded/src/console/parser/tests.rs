use super::*;
use espprov_transport::Endpoint;
use proptest::prelude::*;
use std::format;
use std::string::String;
use std::vec::Vec;

/// What a real ESP32 prints when it boots, runs into the console example and joins a network, colours included.
const BOOT_LOG: &str = "ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n\
configsip: 0, SPIWP:0xee\r\nclk_drv:0x00,q_drv:0x00,d_drv:0x00,cs0_drv:0x00,hd_drv:0x00,wp_drv:0x00\r\n\
mode:DIO, clock div:2\r\nload:0x3fff0030,len:7084\r\nload:0x40078000,len:15576\r\nentry 0x40080668\r\n\
\x1b[0;32mI (31) boot: ESP-IDF v5.1.2 2nd stage bootloader\x1b[0m\r\n\
\x1b[0;32mI (52) boot: Partition Table:\x1b[0m\r\n\
\x1b[0;32mI (60) boot:  0 nvs              WiFi data        01 02 00009000 00006000\x1b[0m\r\n\
\x1b[0;33mW (612) spi_flash: Detected size(4096k) larger than the size in the binary image header(2048k).\x1b[0m\r\n\
I (712) wifi:wifi driver task: 3ffc0b64, prio:23, stack:6656, core=0\r\n\
I (741) phy_init: phy_version 4780,16b31a7,Sep 22 2023,20:42:16\r\n\
\x1b[0;31mE (1200) app: nothing >> here\x1b[0m\r\n\
I (1834) wifi:new:<11,0>, old:<1,0>, ap:<255,255>, sta:<11,0>, prof:1\r\n";

/// Newer chips name themselves, and may go down with a word.
const S3_BOOT: &str = "ESP-ROM:esp32s3-20210327\r\nBuild:Mar 27 2021\r\nrst:0xc (RTC_SW_CPU_RST),boot:0x8 \
(SPI_FAST_FLASH_BOOT)\r\nSaved PC:0x4037578e\r\nSPIWP:0xee\r\nmode:DIO, clock div:1\r\nload:0x3fce3818,len:0x16f0\r\n\
entry 0x403c98d0\r\nI (27) boot: ESP-IDF v5.4 2nd stage bootloader\r\nI (700) app: Provisioning started\r\n";
const BROWNOUT: &str = "\r\nBrownout detector was triggered\r\n\r\n";
const BROWNOUT_LOGGED: &str = "E BOD: Brownout detector was triggered\r\n";
const PANIC: &str = "Guru Meditation Error: Core  0 panic'ed (LoadProhibited). Exception was unhandled.\r\n\r\n\
Core  0 register dump:\r\nPC      : 0x4200abcd  PS      : 0x00060030\r\n\r\nBacktrace: 0x4200abca:0x3fc9a000\r\n\r\n\
Rebooting...\r\n";
const ABORT: &str =
    "\r\nabort() was called at PC 0x40081a3d on core 0\r\n\r\nBacktrace: 0x4008155a:0x3ffb7e60\r\n";
const ASSERT: &str = "\r\nassert failed: xQueueSemaphoreTake queue.c:1545 (( pxQueue ))\r\n";

/// Log lines, by which the answer stays whole.
const LOGS: [&str; 6] = [
    "I (4711) wifi:new:<6,0>, old:<1,0>\r\n",
    "\x1b[0;32mI (1834) wifi: 0c0c >> deadbeef 1a0b0c\x1b[0m\r\n",
    "I (00:00:04.711) wifi: new\r\n",
    "[  4711][D][WiFiGeneric.cpp:929] _eventCallback(): Arduino Event: 1 - SCAN_DONE\r\n",
    "[E][WiFi.cpp:12] begin(): deadbeef\r\n",
    "E (12:30:00.001) tag: prov-session 3 1a0b0c\n",
];

/// What applications print with nothing to tell it from an answer by: whole lines, lines without an end, lines that begin
/// with one, several at once.
const PRINTED: [&str; 22] = [
    "free heap 123456\r\n",
    "heap: 123456\r\n",
    "device ready\r\n",
    "connected\r\n",
    "temperature 21.5\r\n",
    "adc 512\n",
    "x\n",
    "\r\ntemperature 21.5",
    "\r\nstate=0c",
    "\nok\n",
    "\r\n\r\nfree heap 123456\r\n\r\n",
    "\r\n",
    "\n",
    ".",
    "...",
    "Connecting",
    "0x3fce3818",
    "deadbeef\r\n",
    "\r\ncafe\r\n",
    "\r\nab12",
    "I am (here)\r\n",
    "[12]\r\n[I]\r\n",
];

/// Those of them that have a line of hex digits and nothing else.
const LOOK_LIKE_ANSWERS: [&str; 3] = ["deadbeef\r\n", "\r\ncafe\r\n", "\r\nab12"];

/// What goes before a restart. The prompt of the device that has booted follows.
fn restarts() -> Vec<String> {
    let boots = [BOOT_LOG, S3_BOOT];
    let mut all: Vec<String> = boots.iter().map(|&boot| boot.into()).collect();
    for down in [BROWNOUT, BROWNOUT_LOGGED, PANIC, ABORT, ASSERT] {
        all.extend(boots.iter().map(|boot| format!("{down}{boot}")));
    }
    all
}

fn session_line(payload: &[u8]) -> Line<'_> {
    Line::new(Endpoint::PROV_SESSION, 3, payload)
}

fn echo_of(line: &Line<'_>) -> Vec<u8> {
    (0..line.len()).filter_map(|i| line.char_at(i)).collect()
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes
        .iter()
        .flat_map(|b| format!("{b:02x}").into_bytes())
        .collect()
}

/// How an exchange ended.
#[derive(Debug, PartialEq)]
enum End {
    Verdict(Verdict),
    /// A prompt that does not belong there.
    Prompt,
    Restarted,
    /// Nothing more comes; length of the answer if there is one.
    Silence(Option<usize>),
}

/// Runs a whole exchange over a stream cut at every `step` bytes.
fn exchange(stream: &[u8], line: &Line<'_>, buf: &mut [u8], step: usize) -> End {
    let mut parser = Parser::new();
    let mut echoed = false;
    for mut piece in stream.chunks(step) {
        while !piece.is_empty() {
            let taken = if echoed {
                match parser.collect(piece, buf) {
                    (_, Some(Verdict::Restarted)) => return End::Restarted,
                    (_, Some(verdict)) => return End::Verdict(verdict),
                    (taken, None) => taken,
                }
            } else {
                let (taken, echo) = parser.watch_echo(piece, line);
                match echo {
                    Echo::Partial => {}
                    Echo::Complete => echoed = true,
                    Echo::Prompt { .. } => return End::Prompt,
                    Echo::Restarted => return End::Restarted,
                }
                taken
            };
            piece = &piece[taken..];
        }
    }
    End::Silence(parser.answer())
}

fn answered(len: usize) -> End {
    End::Verdict(Verdict::Answer { len })
}

/// What the firmware prints for a request it answers.
fn answer_to(line: &Line<'_>, answer: &[u8]) -> Vec<u8> {
    [&echo_of(line)[..], b"\r\n\r\n", &hex(answer), b"\r\n\n>> "].concat()
}

/// What it prints for one that it refuses.
fn refusal_of(line: &Line<'_>) -> Vec<u8> {
    [&echo_of(line)[..], b"\r\n\n>> "].concat()
}

/// `text` comes in at byte `at`.
fn with(stream: &[u8], at: usize, text: &str) -> Vec<u8> {
    [&stream[..at], text.as_bytes(), &stream[at..]].concat()
}

#[test]
fn answer_and_refusal_in_any_cutting() {
    let line = session_line(&[0xab; 43]);
    let stream = answer_to(&line, &[0x08, 0x01, 0xff]);
    let refusal = refusal_of(&line);
    for step in 1..stream.len() {
        let mut buf = [0; 16];
        assert_eq!(exchange(&stream, &line, &mut buf, step), answered(3));
        assert_eq!(buf[..3], [0x08, 0x01, 0xff]);
        let refused = exchange(&refusal, &line, &mut buf, step);
        assert_eq!(refused, End::Verdict(Verdict::Refused));
    }
}

#[test]
fn doubled_carriage_returns() {
    let line = session_line(&[1, 2]);
    let stream = b"prov-session 3 0102\r\r\n\r\r\n0a0b\r\r\n\r\n>> ";
    let mut buf = [0; 16];
    assert_eq!(exchange(stream, &line, &mut buf, 1), answered(2));
    assert_eq!(buf[..2], [10, 11]);
}

/// A log line cuts in at every single position: nothing is lost by it, neither answers nor refusals.
#[test]
fn a_log_line_anywhere() {
    let line = session_line(&[0x1a, 0x0b, 0x0c]);
    let answer = [0x0e, 0xad, 0xbe, 0xef];
    for (stream, expected) in [
        (answer_to(&line, &answer), answered(4)),
        (refusal_of(&line), End::Verdict(Verdict::Refused)),
    ] {
        // Only the prompt itself (`\n>> `, written at once) stays whole.
        for at in 0..stream.len() - 3 {
            for log in LOGS {
                let noisy = with(&stream, at, log);
                for step in [1, 5, 200] {
                    let mut buf = [0; 16];
                    let end = exchange(&noisy, &line, &mut buf, step);
                    let text = noisy.escape_ascii();
                    assert_eq!(end, expected, "at {at}: {text}");
                    if expected == answered(4) {
                        assert_eq!(buf[..4], answer, "at {at}: {text}");
                    }
                }
            }
        }
    }
}

/// Anything else that boards print, at every single position. Never a wrong answer, never a refusal that was none, never
/// a device that is said to have restarted though it did not.
#[test]
fn any_text_anywhere() {
    let line = session_line(&[0x1a, 0x0b, 0x0c, 0x0c]);
    let (mut whole, mut spoiled) = (0, 0);
    // The shortest answer of a standard endpoint with any content, and one of the length of a handshake's.
    for answer in [vec_of(4), vec_of(43)] {
        let stream = answer_to(&line, &answer);
        for text in PRINTED {
            for at in 0..stream.len() {
                let noisy = with(&stream, at, text);
                let mut buf = [0; 64];
                match exchange(&noisy, &line, &mut buf, 9) {
                    End::Verdict(Verdict::Answer { len }) | End::Silence(Some(len)) => {
                        assert_eq!(buf[..len], answer, "{text:?} at {at}: {}", noisy.escape_ascii());
                        whole += 1;
                    }
                    End::Verdict(Verdict::Spoiled) => spoiled += 1,
                    // Without its prompt, or with one that looks like another: a lost exchange too.
                    End::Prompt | End::Silence(None) => {}
                    end => panic!("{text:?} at {at}: {end:?}: {}", noisy.escape_ascii()),
                }
            }
        }
    }
    // Text that stands in lines of its own costs nothing.
    assert!(whole > 200 && spoiled > 1000, "{whole} whole, {spoiled} spoiled");
}

fn vec_of(len: u8) -> Vec<u8> {
    (1..=len).map(|n| n.wrapping_mul(0x1f)).collect()
}

/// Lines of other text before the answer, or behind it, leave it whole where no piece of it can be in them.
#[test]
fn lines_of_their_own_cost_nothing() {
    let line = session_line(&[0x1a]);
    let answer = vec_of(12);
    let stream = answer_to(&line, &answer);
    let before = echo_of(&line).len() + 4;
    let behind = before + 26;
    for (text, at) in [
        ("temperature 21.5\r\n", before),
        ("a line\r\n", before),
        ("level 512\r\na line\r\n", before),
        ("free heap 123456\r\n", before),
        ("free\r\nfree\r\nfree\r\n", before),
        ("temperature 21.5\r\n", behind),
        ("is on\r\n", behind),
    ] {
        let noisy = with(&stream, at, text);
        let mut buf = [0; 16];
        assert_eq!(
            exchange(&noisy, &line, &mut buf, 5),
            answered(12),
            "{text:?} at {at}"
        );
        assert_eq!(buf[..12], answer, "{text:?} at {at}");
    }
}

/// A refusal beside which something is printed stays one where that cannot be an answer. It never turns into an answer, except
/// by a line that looks exactly like one: then the cipher finds out.
#[test]
fn text_beside_a_refusal() {
    let line = session_line(&[0x1a, 0x0b, 0x0c, 0x0c]);
    let stream = refusal_of(&line);
    let after_echo = echo_of(&line).len() + 2;
    for text in PRINTED {
        for at in 0..stream.len() {
            let noisy = with(&stream, at, text);
            match exchange(&noisy, &line, &mut [0; 64], 9) {
                End::Verdict(Verdict::Answer { len }) | End::Silence(Some(len)) => {
                    let shown = noisy.escape_ascii();
                    let looks_like_one = text.lines().any(|line| line.len() == 2 * len);
                    assert!(looks_like_one && LOOK_LIKE_ANSWERS.contains(&text), "{shown}");
                }
                End::Verdict(Verdict::Refused | Verdict::Blank | Verdict::Spoiled) => {}
                End::Prompt | End::Silence(None) => {}
                end => panic!("{text:?} at {at}: {end:?}: {}", noisy.escape_ascii()),
            }
        }
    }
    for text in ["connected\r\n", "temperature 21.5\r\n", "x\n", "I am (here)\r\n"] {
        let noisy = with(&stream, after_echo, text);
        assert_eq!(
            exchange(&noisy, &line, &mut [0; 64], 9),
            End::Verdict(Verdict::Refused),
            "{text:?}"
        );
    }
}

/// The device goes down at every single byte of an answer, and comes up with a prompt.
#[test]
fn a_restart_anywhere() {
    let line = session_line(&[0x1a, 0x0b, 0x0c]);
    let stream = answer_to(&line, &[0x0e, 0xad, 0xbe, 0xef, 0x0e, 0xad]);
    for restart in restarts() {
        // From the first byte after the request to the last before its prompt.
        for at in 0..stream.len() - 4 {
            let text = [&stream[..at], restart.as_bytes(), b"\n>> "].concat();
            for step in [1, 64] {
                let end = exchange(&text, &line, &mut [0; 16], step);
                assert_eq!(end, End::Restarted, "at {at}: {}", text.escape_ascii());
            }
        }
    }
}

/// Firmware that is built to go down without a word: an answer is not believed that ends where the prompt begins.
#[test]
fn a_silent_restart_leaves_no_half_answer() {
    let line = session_line(&[0x1a]);
    let stream = answer_to(&line, &[0x0e, 0xad, 0xbe, 0xef, 0x0e, 0xad]);
    let answer = echo_of(&line).len() + 4;
    for at in answer + 1..answer + 12 {
        let text = [&stream[..at], b"\n>> "].concat();
        let end = exchange(&text, &line, &mut [0; 16], 7);
        assert_eq!(end, End::Verdict(Verdict::Spoiled), "{}", text.escape_ascii());
    }
}

#[test]
fn what_is_no_answer() {
    let line = session_line(&[1]);
    for noise in [
        "DEADBEEF",
        "0x0a0b",
        " 0a0b",
        "\u{fffd}",
        "I (1) t: 0a0b",
        "a",
        "so",
    ] {
        let stream = [&echo_of(&line)[..], b"\r\n", noise.as_bytes(), b"\r\n\n>> "].concat();
        let end = exchange(&stream, &line, &mut [0; 8], 3);
        assert!(
            matches!(end, End::Verdict(Verdict::Refused | Verdict::Spoiled)),
            "{noise}: {end:?}"
        );
    }
}

#[test]
fn an_empty_answer_has_its_shape() {
    let line = session_line(&[1]);
    let stream = answer_to(&line, b"");
    let verdict = |stream: &[u8]| exchange(stream, &line, &mut [0; 8], 3);
    assert_eq!(verdict(&stream), End::Verdict(Verdict::Empty));
    let end = echo_of(&line).len() + 2;
    assert_eq!(
        verdict(&with(&stream, end, LOGS[0])),
        End::Verdict(Verdict::Empty)
    );
    assert_eq!(verdict(&with(&stream, end, "\r\n")), End::Verdict(Verdict::Blank));
    assert_eq!(verdict(&with(&stream, end, "so\n")), End::Verdict(Verdict::Blank));
    let refusal = refusal_of(&line);
    assert_eq!(verdict(&with(&refusal, end, "\n")), End::Verdict(Verdict::Blank));
}

#[test]
fn a_longer_answer_than_the_buffer_is_measured() {
    let line = session_line(&[1]);
    let stream = answer_to(&line, &[7; 100]);
    let mut buf = [0; 10];
    assert_eq!(exchange(&stream, &line, &mut buf, 9), answered(100));
    assert_eq!(buf, [7; 10]);
}

#[test]
fn prompts_during_the_echo() {
    let line = session_line(&[0xaa; 10]);
    let mut parser = Parser::new();
    assert_eq!(
        parser.watch_echo(b"\n>> pr", &line),
        (4, Echo::Prompt { echoed: 0 })
    );
    // One character of the payload lost.
    let damaged = b"prov-session 3 aaaaaaaaaaaaaaaaaaa\r\n\n>> ";
    let (_, echo) = parser.watch_echo(damaged, &line);
    assert_eq!(echo, Echo::Prompt { echoed: 34 });
    assert_eq!(parser.watch_echo(&echo_of(&line), &line).1, Echo::Complete);
}

/// Something was printed into the echo: what the device has read is not known, so nothing that follows is believed. The
/// line end tells that the echo is over, not a prompt.
#[test]
fn nothing_is_believed_after_an_echo_with_text_in_it() {
    let line = session_line(&[0xab; 4]);
    for stream in [answer_to(&line, &[5, 6]), refusal_of(&line)] {
        let mixed = with(&stream, 7, "state=");
        for step in [1, 3, mixed.len()] {
            let end = exchange(&mixed, &line, &mut [0; 8], step);
            assert_eq!(end, End::Verdict(Verdict::Spoiled), "{}", mixed.escape_ascii());
        }
    }
}

/// A device that has not read the carriage return yet reads it together with the request, and knows no such command.
#[test]
fn a_request_read_together_with_a_carriage_return_is_not_refused() {
    let line = session_line(&[0xab; 4]);
    let merged = with(&refusal_of(&line), 0, "\r\n");
    let end = exchange(&merged, &line, &mut [0; 8], 3);
    assert_eq!(end, End::Verdict(Verdict::Spoiled));
    // Where it was answered in between, it was read alone.
    let mut parser = Parser::new();
    assert_eq!(
        parser.watch_echo(b"\r\n\n>> ", &line).1,
        Echo::Prompt { echoed: 0 }
    );
    let refusal = refusal_of(&line);
    let (taken, echo) = parser.watch_echo(&refusal, &line);
    assert_eq!(echo, Echo::Complete);
    let (_, verdict) = parser.collect(&refusal[taken..], &mut [0; 8]);
    assert_eq!(verdict, Some(Verdict::Refused));
    // An answer proves that the line was read.
    let stream = with(&answer_to(&line, &[5, 6]), 0, "\r\n");
    assert_eq!(exchange(&stream, &line, &mut [0; 8], 3), answered(2));
}

#[test]
fn the_answer_is_known_before_its_prompt() {
    let line = session_line(&[1]);
    let mut parser = Parser::new();
    let mut buf = [0; 4];
    parser.watch_echo(&echo_of(&line), &line);
    assert_eq!(parser.collect(b"\r\n\r\n0102\r\n", &mut buf), (10, None));
    assert_eq!(parser.answer(), Some(2));
    // Another one makes both doubtful, and does not overwrite it.
    assert_eq!(parser.collect(b"ffff\n", &mut buf), (5, None));
    assert_eq!((parser.answer(), buf), (None, [1, 2, 0, 0]));
    assert_eq!(parser.collect(b"\n>> ", &mut buf).1, Some(Verdict::Spoiled));
}

#[test]
fn the_latest_of_prompt_and_restart_counts() {
    let mut parser = Parser::new();
    assert_eq!(parser.find_prompt(b"\n>> "), Found::Prompt);
    assert_eq!(parser.find_prompt(BOOT_LOG.as_bytes()), Found::Restart);
    assert_eq!(parser.find_prompt(b"I (1) >> \n"), Found::Nothing);
    let booted = format!("{BOOT_LOG}\n>> ");
    assert_eq!(parser.find_prompt(booted.as_bytes()), Found::Prompt);
    let down = format!("\n>> {BROWNOUT}");
    assert_eq!(parser.find_prompt(down.as_bytes()), Found::Restart);
}

/// Text as boards print it: log lines, words, numbers, line ends, and pieces of all these.
fn chatter() -> impl Strategy<Value = String> {
    let text = "(I \\([0-9]{1,5}\\) [a-z]{1,4}: [ -~]{0,12}\r?\n|\\[ {0,3}[0-9]{1,4}\\]\\[D\\]\\[x:1\\] y\\(\\): [a-z0-9 ]{0,9}\r\n|\
        [g-z]{1,6}|[a-z]{1,9} [0-9]{1,7}|[ -~]{0,9}|\r?\n|\x1b\\[0m){1,4}";
    // Text of nothing but hex digits is not told from an answer; no board prints that.
    text.prop_filter("hex digits alone", |text| {
        text.lines()
            .any(|line| !line.is_empty() && line.bytes().any(|b| !matches!(b, b'0'..=b'9' | b'a'..=b'f')))
    })
}

proptest! {
    /// Any bytes in any order: no panic, all bytes taken unless there is a verdict, nothing beyond the buffer.
    #[test]
    fn arbitrary_bytes(bytes: Vec<u8>, request in proptest::collection::vec(any::<u8>(), 1..20)) {
        let line = session_line(&request);
        let mut parser = Parser::new();
        let (taken, echo) = parser.watch_echo(&bytes, &line);
        prop_assert!(taken <= bytes.len());
        if echo == Echo::Partial { prop_assert_eq!(taken, bytes.len()); }
        let mut buf = [0; 8];
        let (taken, verdict) = parser.collect(&bytes, &mut buf);
        prop_assert!(taken <= bytes.len());
        if verdict.is_none() { prop_assert_eq!(taken, bytes.len()); }
    }

    /// Console-like text: every answer is a line that was really there.
    #[test]
    fn answers_are_not_invented(text in "([0-9a-f]{0,6}|\r\n|>> |I \\(1\\) x|\x1b\\[0m|[ -~]{0,3}){0,30}") {
        let mut parser = Parser::new();
        let mut buf = [0; 64];
        if let (taken, Some(Verdict::Answer { len })) = parser.collect(text.as_bytes(), &mut buf) {
            let digits: usize = text[..taken].chars().filter(|c| matches!(c, '0'..='9' | 'a'..='f')).count();
            prop_assert!(len > 0 && len * 2 <= digits);
        }
    }

    /// Whatever is sent and answered survives log lines at arbitrary places and arbitrary cutting.
    #[test]
    fn round_trip(
        request in proptest::collection::vec(any::<u8>(), 1..60),
        answer in proptest::collection::vec(any::<u8>(), 1..200),
        cuts in proptest::collection::vec((any::<proptest::sample::Index>(), 0_usize..5), 0..6),
        step in 1_usize..40,
    ) {
        let logs: [&[u8]; 5] = [
            b"I (1) a: b\n", b"\x1b[0;31mE (22) wifi: 00\x1b[0m\r\n", b"\x1b[0m", b"D (3) >> \r\n", b"[ 9][V][a:1] b(): 0a\r\n",
        ];
        let line = session_line(&request);
        let mut stream = answer_to(&line, &answer);
        // Downwards, so that no log line cuts into another.
        let mut places: Vec<_> = cuts.iter().map(|(at, log)| (at.index(stream.len() - 3), *log)).collect();
        places.sort_unstable();
        for (at, log) in places.into_iter().rev() {
            stream.splice(at..at, logs[log].iter().copied());
        }
        let mut buf = [0; 200];
        prop_assert_eq!(exchange(&stream, &line, &mut buf, step), answered(answer.len()));
        prop_assert_eq!(&buf[..answer.len()], &answer[..]);
    }

    /// Any text at any byte of any answer: the answer, or none. The answer of a handshake is long, so a refusal is never
    /// made of it either.
    #[test]
    fn no_text_makes_another_answer(
        request in proptest::collection::vec(any::<u8>(), 1..60),
        answer in proptest::collection::vec(any::<u8>(), 4..100),
        at: proptest::sample::Index,
        text in chatter(),
        step in 1_usize..40,
    ) {
        let line = session_line(&request);
        let stream = answer_to(&line, &answer);
        let noisy = with(&stream, at.index(stream.len()), &text);
        let mut buf = [0; 128];
        match exchange(&noisy, &line, &mut buf, step) {
            End::Verdict(Verdict::Answer { len }) | End::Silence(Some(len)) => {
                prop_assert_eq!(&buf[..len], &answer[..], "{}", noisy.escape_ascii());
            }
            End::Verdict(Verdict::Refused | Verdict::Empty | Verdict::Blank) | End::Restarted => {
                prop_assert!(false, "{}", noisy.escape_ascii());
            }
            _ => {}
        }
    }
}
