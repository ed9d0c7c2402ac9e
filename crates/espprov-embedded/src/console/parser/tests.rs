use super::*;
use espprov_transport::Endpoint;
use proptest::prelude::*;
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

fn session_line(payload: &[u8]) -> Line<'_> {
    Line::new(Endpoint::PROV_SESSION, 3, payload)
}

fn echo_of(line: &Line<'_>) -> Vec<u8> {
    (0..line.len()).filter_map(|i| line.char_at(i)).collect()
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes
        .iter()
        .flat_map(|b| std::format!("{b:02x}").into_bytes())
        .collect()
}

/// Runs a whole exchange over a stream cut at every `step` bytes.
fn exchange(stream: &[u8], line: &Line<'_>, buf: &mut [u8], step: usize) -> Option<Verdict> {
    let mut parser = Parser::new();
    let mut echoed = false;
    for mut piece in stream.chunks(step) {
        while !piece.is_empty() {
            if echoed {
                let (taken, verdict) = parser.collect(piece, buf);
                if verdict.is_some() {
                    return verdict;
                }
                piece = &piece[taken..];
            } else {
                let (taken, echo) = parser.watch_echo(piece, line);
                echoed = echo == Echo::Complete;
                piece = &piece[taken..];
            }
        }
    }
    None
}

fn plain_exchange(answer: &[u8], noise: &[u8], line: &Line<'_>) -> Vec<u8> {
    [
        &echo_of(line)[..],
        b"\r\n",
        noise,
        b"\r\n",
        &hex(answer),
        b"\r\n\n>> ",
    ]
    .concat()
}

#[test]
fn answer_and_refusal_in_any_cutting() {
    let line = session_line(&[0xab; 43]);
    let stream = plain_exchange(&[0x08, 0x01, 0xff], b"", &line);
    let refusal = [&echo_of(&line)[..], b"\r\n\n>> "].concat();
    for step in 1..stream.len() {
        let mut buf = [0; 16];
        assert_eq!(
            exchange(&stream, &line, &mut buf, step),
            Some(Verdict::Answer { len: 3 })
        );
        assert_eq!(buf[..3], [0x08, 0x01, 0xff]);
        let refused = exchange(&refusal, &line, &mut buf, step);
        assert_eq!(refused, Some(Verdict::Refused { blank_lines: 1 }));
    }
}

#[test]
fn doubled_carriage_returns() {
    let line = session_line(&[1, 2]);
    let stream = b"prov-session 3 0102\r\r\n\r\r\n0a0b\r\r\n\r\n>> ";
    let mut buf = [0; 16];
    assert_eq!(
        exchange(stream, &line, &mut buf, 1),
        Some(Verdict::Answer { len: 2 })
    );
    assert_eq!(buf[..2], [10, 11]);
}

#[test]
fn boot_log_before_between_and_behind() {
    let line = session_line(&[0x10, 0x02, 0xfe]);
    let log = BOOT_LOG.as_bytes();
    let mut buf = [0; 16];
    let between = plain_exchange(&[0xca, 0xfe], log, &line);
    for step in [1, 7, 64, 1000] {
        let verdict = exchange(&between, &line, &mut buf, step);
        assert_eq!(verdict, Some(Verdict::Answer { len: 2 }), "step {step}");
        assert_eq!(buf[..2], [0xca, 0xfe]);
    }
    let refused = [&echo_of(&line)[..], b"\r\n", log, b"\n>> "].concat();
    assert!(matches!(
        exchange(&refused, &line, &mut buf, 64),
        Some(Verdict::Refused { .. })
    ));
}

/// A log line cuts in at every single position, with colours and without.
#[test]
fn a_log_line_anywhere() {
    let line = session_line(&[0x1a, 0x0b, 0x0c]);
    let answer = [0x0e, 0xad, 0xbe, 0xef];
    let stream = plain_exchange(&answer, b"", &line);
    let logs: [&[u8]; 3] = [
        b"\x1b[0;32mI (1834) wifi: 0c0c >> deadbeef 1a0b0c\x1b[0m\r\n",
        b"W (99) phy: 0c\r\n",
        b"E (12:30:00.001) tag: prov-session 3 1a0b0c\n",
    ];
    // Only the prompt itself (`\n>> `, written at once) stays whole.
    for at in 0..stream.len() - 3 {
        for log in logs {
            let noisy = [&stream[..at], log, &stream[at..]].concat();
            for step in [1, 5, 200] {
                let mut buf = [0; 16];
                let verdict = exchange(&noisy, &line, &mut buf, step);
                let text = noisy.escape_ascii();
                assert_eq!(verdict, Some(Verdict::Answer { len: 4 }), "at {at}: {text}");
                assert_eq!(buf[..4], answer, "at {at}: {text}");
            }
        }
    }
}

#[test]
fn what_is_no_answer() {
    let line = session_line(&[1]);
    for noise in [
        "abc",
        "DEADBEEF",
        "0a0b0c 0d",
        "0x0a0b",
        " 0a0b",
        "0a 0b",
        "0a0b.",
        "\u{fffd}",
        "I (1) t: 0a0b",
    ] {
        let stream = [&echo_of(&line)[..], b"\r\n", noise.as_bytes(), b"\r\n\n>> "].concat();
        let verdict = exchange(&stream, &line, &mut [0; 8], 3);
        assert!(matches!(verdict, Some(Verdict::Refused { .. })), "{noise}");
    }
}

#[test]
fn an_empty_answer_has_its_shape() {
    let line = session_line(&[1]);
    let stream = plain_exchange(b"", b"", &line);
    let verdict = exchange(&stream, &line, &mut [0; 8], 3);
    assert_eq!(verdict, Some(Verdict::Refused { blank_lines: 3 }));
}

#[test]
fn a_longer_answer_than_the_buffer_is_measured() {
    let line = session_line(&[1]);
    let stream = plain_exchange(&[7; 100], b"", &line);
    let mut buf = [0; 10];
    assert_eq!(
        exchange(&stream, &line, &mut buf, 9),
        Some(Verdict::Answer { len: 100 })
    );
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

#[test]
fn the_answer_is_known_before_its_prompt() {
    let mut parser = Parser::new();
    let mut buf = [0; 4];
    assert_eq!(parser.collect(b"\r\n0102\r\n", &mut buf), (8, None));
    assert_eq!(parser.answer(), Some(2));
    // Later hex lines do not overwrite it.
    assert_eq!(
        parser.collect(b"ffff\n\n>> ", &mut buf).1,
        Some(Verdict::Answer { len: 2 })
    );
    assert_eq!(buf, [1, 2, 0, 0]);
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
        cuts in proptest::collection::vec((any::<proptest::sample::Index>(), 0_usize..4), 0..6),
        step in 1_usize..40,
    ) {
        let logs: [&[u8]; 4] = [
            b"I (1) a: b\n", b"\x1b[0;31mE (22) wifi: 00\x1b[0m\r\n", b"\x1b[0m", b"D (3) >> \r\n",
        ];
        let line = session_line(&request);
        let mut stream = plain_exchange(&answer, b"", &line);
        // Downwards, so that no log line cuts into another.
        let mut places: Vec<_> = cuts.iter().map(|(at, log)| (at.index(stream.len() - 3), *log)).collect();
        places.sort_unstable();
        for (at, log) in places.into_iter().rev() {
            stream.splice(at..at, logs[log].iter().copied());
        }
        let mut buf = [0; 200];
        prop_assert_eq!(exchange(&stream, &line, &mut buf, step), Some(Verdict::Answer { len: answer.len() }));
        prop_assert_eq!(&buf[..answer.len()], &answer[..]);
    }
}
