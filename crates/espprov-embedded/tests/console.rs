//! The console transport against scripted devices, on virtual time.

use core::time::Duration;
use embedded_io_adapters::tokio_1::FromTokio;
use espprov_embedded::console::{Console, ConsoleError};
use espprov_simulator::{Answer, Presence};
use espprov_tokio::TokioClock;
use espprov_transport::{Endpoint, LinkFault, Reconnect, SessionIntent, Transport, TransportError};
use rand::{Rng as _, SeedableRng as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadHalf, WriteHalf};

type Link = Console<FromTokio<ReadHalf<DuplexStream>>, FromTokio<WriteHalf<DuplexStream>>, TokioClock>;

/// The client waits for a second prompt before it sends its request; after this long it has.
const REQUEST_IS_OUT: Duration = Duration::from_millis(300);

/// A console over an in-memory pipe, and the device's end of it.
fn link() -> (Link, DuplexStream) {
    let (ours, device) = tokio::io::duplex(32);
    let (rx, tx) = tokio::io::split(ours);
    (
        Console::new(FromTokio::new(rx), FromTokio::new(tx), TokioClock::new()),
        device,
    )
}

/// A device that echoes, and answers each complete line with what `answer` says (raw console output).
async fn device(mut io: DuplexStream, mut answer: impl FnMut(&str) -> String) {
    let mut line = String::new();
    let mut byte = [0];
    while let Ok(1) = io.read(&mut byte).await {
        if byte[0] != b'\r' {
            line.push(char::from(byte[0]));
            let _ = io.write_all(&byte).await;
            continue;
        }
        let output = if line.is_empty() {
            String::new()
        } else {
            answer(&line)
        };
        line.clear();
        // An answer that brings its own end has no prompt.
        let end = if output.ends_with('\u{1}') { "" } else { "\n>> " };
        let _ = io.write_all(format!("\r\n{output}{end}").as_bytes()).await;
    }
}

async fn ask(link: &mut Link, endpoint: Endpoint<'_>, request: &[u8]) -> Result<Vec<u8>, ConsoleError> {
    let mut buf = vec![0; 256];
    buf[..request.len()].copy_from_slice(request);
    let len = link.exchange(endpoint, &mut buf, request.len()).await?;
    buf.truncate(len);
    Ok(buf)
}

#[tokio::test(start_paused = true)]
async fn exchanges_and_refusals() {
    let (mut link, io) = link();
    let mut lines = Vec::new();
    let session = async {
        assert_eq!(
            ask(&mut link, Endpoint::PROTO_VER, b"---").await,
            Ok(vec![1, 2, 3])
        );
        assert_eq!(
            ask(&mut link, Endpoint::PROV_SCAN, &[9]).await,
            Err(ConsoleError::Refused)
        );
        // The link survived.
        assert_eq!(
            ask(&mut link, Endpoint::PROTO_VER, b"---").await,
            Ok(vec![1, 2, 3])
        );
        link.reconnect(SessionIntent::Keep).await.unwrap();
        assert_eq!(ask(&mut link, Endpoint::PROTO_VER, b"x").await, Ok(vec![1, 2, 3]));
        link.reconnect(SessionIntent::Fresh).await.unwrap();
        assert_eq!(link.session_id(), 1);
        assert_eq!(ask(&mut link, Endpoint::PROTO_VER, b"x").await, Ok(vec![1, 2, 3]));
        // A link that was closed while it was in order sends nothing either.
        link.close().await;
        assert_eq!(
            ask(&mut link, Endpoint::PROTO_VER, b"x").await,
            Err(ConsoleError::NeedsReconnect)
        );
    };
    let device = device(io, |line| {
        lines.push(line.to_owned());
        if line.starts_with("proto-ver") {
            "\r\n010203\r\n".into()
        } else {
            "E (77) protocomm_console: refused 00\r\n".into()
        }
    });
    tokio::select! { () = session => {}, () = device => unreachable!() }
    assert_eq!(
        lines,
        [
            "proto-ver 0 2d2d2d",
            "prov-scan 0 09",
            "proto-ver 0 2d2d2d",
            "proto-ver 0 78",
            "proto-ver 1 78"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn empty_answers_only_from_custom_endpoints() {
    let (mut link, io) = link();
    let session = async {
        assert_eq!(ask(&mut link, Endpoint::CUSTOM_DATA, b"x").await, Ok(vec![]));
        assert_eq!(
            ask(&mut link, Endpoint::PROV_CONFIG, b"x").await,
            Err(ConsoleError::Refused)
        );
    };
    tokio::select! { () = session => {}, () = device(io, |_| "\r\n\r\n".into()) => unreachable!() }
}

/// A blank line fewer than an empty answer has: what is missing cannot be told. A standard endpoint has no such answer.
#[tokio::test(start_paused = true)]
async fn blank_lines_that_are_no_empty_answer() {
    let (mut link, io) = link();
    let session = async {
        let standard = ask(&mut link, Endpoint::PROV_CONFIG, b"x").await;
        assert_eq!(standard, Err(ConsoleError::Refused));
        let custom = ask(&mut link, Endpoint::CUSTOM_DATA, b"x").await;
        assert_eq!(custom, Err(ConsoleError::Spoiled));
        let next = ask(&mut link, Endpoint::PROV_CONFIG, b"x").await;
        assert_eq!(next, Err(ConsoleError::NeedsReconnect));
    };
    tokio::select! { () = session => {}, () = device(io, |_| "\r\n".into()) => unreachable!() }
}

/// The device reads the number with `atoi`: no sign bit, and after the largest comes 0.
#[tokio::test(start_paused = true)]
async fn session_numbers_stay_positive() {
    let (link, io) = link();
    let mut link = link.with_session_id(0x8000_0005);
    assert_eq!(link.session_id(), 5);
    let mut lines = Vec::new();
    let session = async {
        for id in [0x7fff_ffff, 0xffff_ffff] {
            link = link_with_id(link, id);
            assert_eq!(link.session_id(), 0x7fff_ffff);
            ask(&mut link, Endpoint::PROTO_VER, b"x").await.unwrap();
            link.reconnect(SessionIntent::Fresh).await.unwrap();
            assert_eq!(link.session_id(), 0);
            ask(&mut link, Endpoint::PROTO_VER, b"x").await.unwrap();
        }
    };
    let device = device(io, |line| {
        lines.push(line.to_owned());
        "\r\n08\r\n".into()
    });
    tokio::select! { () = session => {}, () = device => unreachable!() }
    assert_eq!(lines[..2], ["proto-ver 2147483647 78", "proto-ver 0 78"]);
    assert_eq!(lines[2..], lines[..2]);
}

fn link_with_id(link: Link, id: u32) -> Link {
    link.with_session_id(id)
}

#[tokio::test(start_paused = true)]
async fn lines_that_do_not_fit_are_not_sent() {
    let (mut link, io) = link();
    let mut lines = 0;
    let session = async {
        assert_eq!(
            ask(&mut link, Endpoint::PROV_CONFIG, &[1; 120]).await,
            Ok(vec![8])
        );
        let error = ask(&mut link, Endpoint::PROV_CONFIG, &[1; 121])
            .await
            .unwrap_err();
        assert_eq!(error, ConsoleError::LineTooLong { limit: 120 });
        assert_eq!(error.fault(), LinkFault::RequestTooLarge { limit: 120 });
        assert_eq!(
            ask(&mut link, Endpoint::PROV_CONFIG, &[]).await,
            Err(ConsoleError::EmptyRequest)
        );
        assert_eq!(link.limits().max_request, Some(119));
        // Neither touched the link.
        assert_eq!(ask(&mut link, Endpoint::PROV_CONFIG, &[1]).await, Ok(vec![8]));
        link = link_with_limit(link, None);
        assert_eq!(link.limits().max_request, None);
        assert_eq!(
            ask(&mut link, Endpoint::PROV_CONFIG, &[1; 200]).await,
            Ok(vec![8])
        );
    };
    let device = device(io, |_| {
        lines += 1;
        "\r\n08\r\n".into()
    });
    tokio::select! { () = session => {}, () = device => unreachable!() }
    assert_eq!(lines, 3);
}

fn link_with_limit(link: Link, limit: Option<usize>) -> Link {
    link.with_line_limit(limit)
}

#[tokio::test(start_paused = true)]
async fn silence_ends_by_the_deadline_and_poisons() {
    let (link, mut io) = link();
    let mut link = link
        .with_answer_timeout(Duration::from_secs(3))
        .with_prompt_timeout(Duration::from_secs(2));
    let clock = tokio::time::Instant::now();
    // Nobody there: a prompt is asked for every half second.
    assert_eq!(
        ask(&mut link, Endpoint::PROTO_VER, b"x").await,
        Err(ConsoleError::NoPrompt)
    );
    assert_eq!(clock.elapsed(), Duration::from_secs(2));
    let mut sent = [0; 16];
    let n = io.read(&mut sent).await.unwrap();
    assert_eq!(sent[..n], *b"\r\r\r\r");
    assert_eq!(
        ask(&mut link, Endpoint::PROTO_VER, b"x").await,
        Err(ConsoleError::NeedsReconnect)
    );
    // A prompt, then silence.
    io.write_all(b"\n>> ").await.unwrap();
    link.reconnect(SessionIntent::Keep).await.unwrap();
    let clock = tokio::time::Instant::now();
    let error = ask(&mut link, Endpoint::PROTO_VER, b"x").await.unwrap_err();
    assert_eq!(error, ConsoleError::AnswerTimedOut { delivered: true });
    assert_eq!(clock.elapsed(), Duration::from_secs(3));
    // The device does not even read: the line is not delivered.
    io.write_all(b"\n>> ").await.unwrap();
    link.reconnect(SessionIntent::Keep).await.unwrap();
    let error = ask(&mut link, Endpoint::PROTO_VER, &[1; 100]).await.unwrap_err();
    assert_eq!(error, ConsoleError::AnswerTimedOut { delivered: false });
}

#[tokio::test(start_paused = true)]
async fn a_port_that_ends() {
    let (mut link, mut io) = link();
    io.write_all(b"\n>> ").await.unwrap();
    drop(io);
    let error = ask(&mut link, Endpoint::PROTO_VER, b"x").await.unwrap_err();
    assert!(
        matches!(error.fault(), LinkFault::Lost { delivered: false }),
        "{error:?}"
    );
    link.close().await;
    link.close().await;
    assert_eq!(
        ask(&mut link, Endpoint::PROTO_VER, b"x").await,
        Err(ConsoleError::NeedsReconnect)
    );
}

/// What it was told is known by what had been written: nothing while prompts are waited for, then the request.
#[tokio::test(start_paused = true)]
async fn a_port_that_ends_with_the_request_written() {
    for (request_read, delivered) in [(false, false), (true, true)] {
        let (mut link, mut io) = link();
        let session = async {
            ask(&mut link, Endpoint::PROTO_VER, b"x")
                .await
                .unwrap_err()
                .fault()
        };
        let board = async {
            let mut sink = [0; 64];
            let _ = io.read(&mut sink).await;
            io.write_all(b"\n>> ").await.unwrap();
            if request_read {
                tokio::time::sleep(REQUEST_IS_OUT).await;
                let _ = io.read(&mut sink).await;
            } else {
                // The prompt was heard, another one is waited for.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            drop(io);
        };
        let (fault, ()) = tokio::join!(session, board);
        assert_eq!(fault, LinkFault::Lost { delivered });
    }
}

/// Two carriage returns, and the prompt of the second comes after the request went out. It costs nothing, before the echo or
/// after its first characters.
#[tokio::test(start_paused = true)]
async fn a_prompt_left_over_before_the_echo() {
    for first in ["", "pr"] {
        let (mut link, mut io) = link();
        let session = async { ask(&mut link, Endpoint::PROTO_VER, b"x").await };
        let board = async {
            let mut sink = [0; 64];
            let _ = io.read(&mut sink).await;
            let _ = io.read(&mut sink).await;
            io.write_all(b"\r\n\n>> ").await.unwrap();
            tokio::time::sleep(REQUEST_IS_OUT).await;
            let _ = io.read(&mut sink).await;
            let output = format!("{first}\r\n\n>> proto-ver 0 78\r\n\r\n010203\r\n\n>> ");
            io.write_all(output.as_bytes()).await.unwrap();
            core::future::pending::<()>().await;
        };
        tokio::select! {
            reply = session => assert_eq!(reply, Ok(vec![1, 2, 3]), "after {first:?}"),
            () = board => unreachable!(),
        }
    }
}

/// After a complete exchange no prompt is left over: one before the echo means that the line did not arrive.
#[tokio::test(start_paused = true)]
async fn a_prompt_before_the_echo_that_nothing_asked_for() {
    let (mut link, mut io) = link();
    let session = async {
        assert_eq!(ask(&mut link, Endpoint::PROTO_VER, b"x").await, Ok(vec![1, 2, 3]));
        ask(&mut link, Endpoint::PROTO_VER, b"x").await
    };
    let board = async {
        let mut sink = [0; 64];
        let _ = io.read(&mut sink).await;
        io.write_all(b"\r\n\n>> ").await.unwrap();
        for before in ["", "\r\n\n>> "] {
            tokio::time::sleep(REQUEST_IS_OUT).await;
            let _ = io.read(&mut sink).await;
            let output = format!("{before}proto-ver 0 78\r\n\r\n010203\r\n\n>> ");
            io.write_all(output.as_bytes()).await.unwrap();
        }
        core::future::pending::<()>().await;
    };
    tokio::select! {
        reply = session => assert_eq!(reply, Err(ConsoleError::EchoMismatch)),
        () = board => unreachable!(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_exchange_poisons() {
    let (mut link, mut io) = link();
    // Not even the prompt has come; then the line has gone out; then only the part of it that fits the pipe.
    for (prompt, request, delivered) in [
        (&b""[..], &b"x"[..], false),
        (b"\n>> ", b"x", true),
        (b"", b"x", false),
        (b"\n>> ", &[7; 100], false),
    ] {
        let link = &mut link;
        io.write_all(prompt).await.unwrap();
        let exchange = async {
            link.reconnect(SessionIntent::Fresh).await?;
            ask(link, Endpoint::PROTO_VER, request).await
        };
        let dropped = tokio::time::timeout(Duration::from_secs(1), exchange).await;
        assert!(dropped.is_err());
        assert_eq!(link.delivered(), delivered, "{prompt:?}");
        let mut sent = [0; 64];
        let _ = io.read(&mut sent).await.unwrap();
    }
    assert_eq!(
        ask(&mut link, Endpoint::PROTO_VER, b"x").await,
        Err(ConsoleError::NeedsReconnect)
    );
}

/// A board that boots when the port is opened: noise, lost carriage returns, then several prompts at once.
#[tokio::test(start_paused = true)]
async fn a_booting_board() {
    let (mut link, mut io) = link();
    let session = async { ask(&mut link, Endpoint::PROTO_VER, b"---").await };
    let board = async {
        let boot = b"ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1\r\n\x1b[0;32mI (31) boot: proto >> \x1b[0m\r\n";
        io.write_all(boot).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1700)).await;
        io.write_all(b"I (1700) main: ready\r\n\n>> ").await.unwrap();
        device(io, |line| {
            format!(
                "\r\n{}\r\n",
                if line == "proto-ver 0 2d2d2d" {
                    "0a"
                } else {
                    "bad0"
                }
            )
        })
        .await;
    };
    tokio::select! { reply = session => assert_eq!(reply, Ok(vec![10])), () = board => unreachable!() }
}

/// The answer of an abandoned exchange is not taken for the next one's.
#[tokio::test(start_paused = true)]
async fn a_late_answer_is_not_mistaken() {
    let (link, mut io) = link();
    let mut link = link.with_answer_timeout(Duration::from_secs(1));
    let session = async {
        let first = ask(&mut link, Endpoint::PROV_SESSION, &[1]).await;
        assert_eq!(first, Err(ConsoleError::AnswerTimedOut { delivered: true }));
        link.reconnect(SessionIntent::Fresh).await.unwrap();
        ask(&mut link, Endpoint::PROV_SESSION, &[2]).await
    };
    let slow = async {
        let mut sink = [0; 64];
        io.write_all(b"\n>> ").await.unwrap();
        tokio::time::sleep(REQUEST_IS_OUT).await;
        let _ = io.read(&mut sink).await;
        io.write_all(b"prov-session 0 01\r\n").await.unwrap();
        tokio::time::sleep(Duration::from_millis(1500)).await;
        io.write_all(b"\r\naaaa\r\n\n>> ").await.unwrap();
        device(io, |line| {
            format!(
                "\r\n{}\r\n",
                if line == "prov-session 1 02" {
                    "bbbb"
                } else {
                    "cccc"
                }
            )
        })
        .await;
    };
    tokio::select! { reply = session => assert_eq!(reply, Ok(vec![0xbb, 0xbb])), () = slow => unreachable!() }
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_its_prompt_counts() {
    let (mut link, mut io) = link();
    let session = async {
        let first = ask(&mut link, Endpoint::PROTO_VER, b"x").await;
        (first, ask(&mut link, Endpoint::PROTO_VER, b"y").await)
    };
    let board = async {
        let mut sink = [0; 64];
        io.write_all(b"\n>> ").await.unwrap();
        tokio::time::sleep(REQUEST_IS_OUT).await;
        let _ = io.read(&mut sink).await;
        io.write_all(b"proto-ver 0 78\r\n\r\n0102\r\n").await.unwrap();
        device(io, |line| {
            format!("\r\n{}\r\n", if line == "proto-ver 0 79" { "03" } else { "04" })
        })
        .await;
    };
    tokio::select! {
        replies = session => assert_eq!(replies, (Ok(vec![1, 2]), Ok(vec![3]))),
        () = board => unreachable!(),
    }
}

/// The simulated console reads as the firmware does: what arrives together is one line.
async fn firmware(io: DuplexStream, boots: usize) {
    struct Echo;
    impl espprov_simulator::Service for Echo {
        fn handle(&mut self, _: &str, _: &mut [u8], len: usize, _: Duration) -> Answer {
            Answer::Reply(len)
        }
        fn resume(&mut self, _: &mut [u8], _: Duration) -> Answer {
            Answer::Silence
        }
        fn new_session(&mut self) {}
        fn presence(&mut self, _: Duration) -> Presence {
            Presence::On { boot: 1 }
        }
        fn endpoints(&self, _: &mut dyn FnMut(u16, &str)) {}
    }
    let (input, mut output) = tokio::io::split(io);
    for _ in 0..boots {
        output.write_all(b"I (300) app: hello\r\n\n>> ").await.unwrap();
    }
    let console = espprov_simulator::Console::new(espprov_simulator::Shared::new(Echo));
    console.serve(input, output, &TokioClock::new()).await.unwrap();
}

/// Prompts wait in the port's buffer: one from the device's start, or one for every time it has started since.
#[tokio::test(start_paused = true)]
async fn the_first_run_on_a_fresh_console() {
    for boots in [0, 1, 3] {
        // Room for all that was printed before anybody listened.
        let (ours, io) = tokio::io::duplex(1024);
        tokio::spawn(firmware(io, boots));
        tokio::time::sleep(Duration::from_secs(1)).await;
        let (rx, tx) = tokio::io::split(ours);
        let mut link = Console::new(FromTokio::new(rx), FromTokio::new(tx), TokioClock::new());
        for request in [&b"---"[..], &[7; 100]] {
            assert_eq!(
                ask(&mut link, Endpoint::PROTO_VER, request).await,
                Ok(request.into()),
                "{boots}"
            );
        }
        link.reconnect(SessionIntent::Fresh).await.unwrap();
        assert_eq!(
            ask(&mut link, Endpoint::PROV_SCAN, b"again").await,
            Ok(b"again".into())
        );
    }
}

/// After a lost exchange there is none but by way of a reconnect.
async fn needs_a_reconnect(link: &mut Link) {
    let next = ask(link, Endpoint::PROV_SESSION, &[1]).await;
    assert_eq!(next, Err(ConsoleError::NeedsReconnect));
    link.reconnect(SessionIntent::Fresh).await.unwrap();
    assert_eq!(ask(link, Endpoint::PROV_SESSION, &[1]).await, Ok(vec![11]));
}

/// Says this in answer to the request; everything else as a device does.
async fn board(io: DuplexStream, answer: &'static str) {
    device(io, |line| {
        if line.starts_with("prov-session 0") {
            answer.into()
        } else {
            "\r\n0b\r\n".into()
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_is_told_at_once_and_a_reconnect_waits_for_the_prompt() {
    for answer in [
        "ESP-ROM:esp32s3-20210327\r\nrst:0x1 (POWERON),boot:0x8 (SPI_FAST_FLASH_BOOT)\r\n",
        "\r\n0a\r\nBrownout detector was triggered\r\n\r\nets Jul 29 2019 12:21:46\r\n",
        "\r\n0aGuru Meditation Error: Core  0 panic'ed\r\n",
    ] {
        let (mut link, io) = link();
        let session = async {
            ask(&mut link, Endpoint::PROTO_VER, b"x").await.unwrap();
            let begin = tokio::time::Instant::now();
            let error = ask(&mut link, Endpoint::PROV_SESSION, &[1]).await.unwrap_err();
            assert_eq!(
                (error, error.fault()),
                (ConsoleError::Restarted, LinkFault::Restarted)
            );
            assert!(begin.elapsed() < Duration::from_millis(10), "{answer}");
            needs_a_reconnect(&mut link).await;
        };
        tokio::select! { () = session => {}, () = board(io, answer) => unreachable!() }
    }
}

#[tokio::test(start_paused = true)]
async fn text_in_an_answer_is_a_lost_exchange() {
    for answer in [
        "\r\n0afree heap 123456\r\n0b\r\n",
        "\r\n0a0b\r\n\r\n0c0d\r\n",
        "0a0b0",
        // The prompt is torn, too: no need to wait for it.
        "\r\n0a0b\r\n\n>free heap 123456\r\n> \u{1}",
    ] {
        let (mut link, io) = link();
        let session = async {
            let error = ask(&mut link, Endpoint::PROV_SESSION, &[1]).await.unwrap_err();
            assert_eq!(
                (error, error.fault()),
                (ConsoleError::Spoiled, LinkFault::Spoiled)
            );
            assert!(error.fault().may_have_been_delivered());
            needs_a_reconnect(&mut link).await;
        };
        tokio::select! { () = session => {}, () = board(io, answer) => unreachable!() }
    }
}

/// Opening the port may reset the board: the prompt that comes first is the old one's.
#[tokio::test(start_paused = true)]
async fn a_board_that_resets_after_its_prompt_was_heard() {
    let (mut link, mut io) = link();
    let session = async { ask(&mut link, Endpoint::PROTO_VER, b"---").await };
    let board = async {
        io.write_all(b"\n>> ").await.unwrap();
        tokio::time::sleep(Duration::from_millis(60)).await;
        let mut lost = [0; 64];
        let _ = io.read(&mut lost).await;
        io.write_all(b"ESP-ROM:esp32c3-api1-20210207\r\nrst:0x1 (POWERON)\r\n")
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(700)).await;
        board(io, "").await;
    };
    tokio::select! { reply = session => assert_eq!(reply, Ok(vec![11])), () = board => unreachable!() }
}

/// A device that prints prompts without end is a device with a prompt, when the time for it is up.
#[tokio::test(start_paused = true)]
async fn prompts_without_end_end_by_the_time_limit() {
    let (link, mut io) = link();
    let mut link = link.with_prompt_timeout(Duration::from_secs(2));
    let begin = tokio::time::Instant::now();
    let flood = async {
        loop {
            io.write_all(b"\n>> ").await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        result = link.reconnect(SessionIntent::Keep) => assert_eq!(result, Ok(())),
        () = flood => {}
    }
    assert!(begin.elapsed() < Duration::from_millis(2100));
}

#[tokio::test(start_paused = true)]
async fn a_damaged_echo_is_a_lost_exchange() {
    let (mut link, mut io) = link();
    let session = async {
        let error = ask(&mut link, Endpoint::PROTO_VER, b"---").await.unwrap_err();
        (error, error.fault())
    };
    let board = async {
        let mut sink = [0; 64];
        let _ = io.read(&mut sink).await;
        io.write_all(b"\n>> ").await.unwrap();
        tokio::time::sleep(REQUEST_IS_OUT).await;
        let _ = io.read(&mut sink).await;
        io.write_all(b"proto-ver 0 2d2dd\r\n\r\n\n>> ").await.unwrap();
        core::future::pending::<()>().await;
    };
    tokio::select! {
        error = session => assert_eq!(error, (ConsoleError::EchoMismatch, LinkFault::Spoiled)),
        () = board => unreachable!(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_longer_than_the_buffer() {
    let (mut link, io) = link();
    let session = async {
        let mut buf = [b'x'; 4];
        let error = link.exchange(Endpoint::PROTO_VER, &mut buf, 1).await.unwrap_err();
        assert_eq!(error, ConsoleError::ReplyTooLarge { need: 5 });
        assert_eq!(
            link.exchange(Endpoint::PROTO_VER, &mut buf, 1).await,
            Err(ConsoleError::NeedsReconnect)
        );
    };
    tokio::select! { () = session => {}, () = device(io, |_| "\r\n0102030405\r\n".into()) => unreachable!() }
}

/// A source that is always ready: neither runtime nor time limit gets a turn unless the transport sees to it.
struct Endless {
    rng: rand_chacha::ChaCha8Rng,
    left: usize,
}

impl embedded_io_async::ErrorType for Endless {
    type Error = core::convert::Infallible;
}

impl embedded_io_async::Read for Endless {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Self::Error> {
        if self.left == 0 {
            core::future::pending::<()>().await;
        }
        let n = buf.len().min(self.left);
        self.rng.fill_bytes(&mut buf[..n]);
        self.left -= n;
        Ok(n)
    }
}

struct Sink;
impl embedded_io_async::ErrorType for Sink {
    type Error = core::convert::Infallible;
}
impl embedded_io_async::Write for Sink {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Self::Error> {
        Ok(buf.len())
    }
    async fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// A megabyte of noise, and then noise without end, by the real clock.
#[tokio::test]
async fn noise_never_blocks_beyond_the_deadline() {
    for (seed, left) in [(1, 1 << 20), (2, 1 << 20), (3, usize::MAX)] {
        let rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let limit = Duration::from_millis(300);
        let mut link = Console::new(Endless { rng, left }, Sink, TokioClock::new())
            .with_prompt_timeout(limit)
            .with_answer_timeout(limit);
        let start = std::time::Instant::now();
        let mut buf = [0; 512];
        for _ in 0..3 {
            // Noise may well contain a prompt; an answer to this request it does not contain.
            let reply = link.exchange(Endpoint::PROV_SESSION, &mut buf, 43).await;
            assert!(reply.is_err());
            let _ = link.reconnect(SessionIntent::Fresh).await;
        }
        assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
    }
}
