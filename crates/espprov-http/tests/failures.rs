//! Every way an exchange can fail: how it is classified, and what is left of the link.

mod common;

use common::canned::Canned;
use common::{Server, Step, ok, say, send, status};
use core::time::Duration;
use espprov_http::{Connect, HttpError, HttpTarget, HttpTransport};
use espprov_transport::{Endpoint, LinkFault, Reconnect, SessionIntent, Transport, TransportError};
use std::io::{self, Cursor};
use tokio::io::DuplexStream;

const SHORT: Duration = Duration::from_millis(80);

/// The error of one exchange with a server that answers `reply` and closes; the link needs a reconnect after.
async fn failure(reply: Step) -> HttpError {
    let server = Server::start([vec![Step::Read, reply]]).await;
    let mut client = server.client();
    let error = say(&mut client, "prov-session", "x").await.unwrap_err();
    assert_eq!(
        say(&mut client, "prov-session", "x").await,
        Err(HttpError::NeedsReconnect)
    );
    assert_eq!(HttpError::NeedsReconnect.fault(), LinkFault::NeedsReconnect);
    error
}

#[tokio::test]
async fn closed_without_a_byte_is_a_refusal() {
    let server = Server::start([vec![Step::Read], vec![Step::Read, ok("", "a"), Step::Read]]).await;
    let mut client = server.client();
    // First exchange of a connection.
    let error = say(&mut client, "prov-session", "x").await.unwrap_err();
    assert_eq!(error, HttpError::ClosedWithoutAnswer);
    assert_eq!(error.fault(), LinkFault::Refused { link_alive: false });
    // A used connection that was open just before.
    client.reconnect(SessionIntent::Keep).await.unwrap();
    say(&mut client, "prov-session", "x").await.unwrap();
    let error = say(&mut client, "prov-session", "x").await.unwrap_err();
    assert_eq!(error, HttpError::ClosedWithoutAnswer);
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_reset_is_a_lost_link() {
    let server = Server::start([vec![Step::Reset]]).await;
    let mut client = server.client();
    let error = say(&mut client, "prov-session", "x").await.unwrap_err();
    let kind = io::ErrorKind::ConnectionReset;
    assert_eq!(
        error,
        HttpError::Broken {
            kind,
            delivered: true
        }
    );
    assert_eq!(error.fault(), LinkFault::Lost { delivered: true });
}

#[tokio::test]
async fn an_answer_cut_off_is_a_lost_link() {
    for reply in [
        "H",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ] {
        let error = failure(send(reply)).await;
        assert_eq!(error, HttpError::Truncated, "{reply:?}");
        assert_eq!(error.fault(), LinkFault::Lost { delivered: true });
    }
}

#[tokio::test]
async fn statuses() {
    use LinkFault::{Garbled, Lost, Refused, TimedOut};
    for (line, fault) in [
        ("400 Bad Request", Refused { link_alive: false }),
        ("401 Unauthorized", Refused { link_alive: false }),
        ("405 Method Not Allowed", Refused { link_alive: false }),
        ("411 Length Required", Refused { link_alive: false }),
        ("413 Too Large", Refused { link_alive: false }),
        ("431 Headers Too Large", Refused { link_alive: false }),
        (
            "500 Internal Server Error\r\nConnection: close",
            Refused { link_alive: false },
        ),
        ("502 Bad Gateway", Lost { delivered: true }),
        ("503 Unavailable", Lost { delivered: true }),
        ("504 Gateway Timeout", TimedOut { delivered: true }),
        ("301 Moved\r\nLocation: https://router/", Garbled),
        ("101 Switching Protocols", Garbled),
        ("600 Odd", Garbled),
    ] {
        assert_eq!(failure(status(line)).await.fault(), fault, "{line}");
    }
}

#[tokio::test]
async fn status_500_on_a_living_connection() {
    let script = vec![
        Step::Read,
        status("500 No"),
        Step::Read,
        ok("", "again"),
        Step::Hold,
    ];
    let server = Server::start([script]).await;
    let mut client = server.client();
    let error = say(&mut client, "a", "x").await.unwrap_err();
    assert_eq!(error.fault(), LinkFault::Refused { link_alive: true });
    assert_eq!(say(&mut client, "a", "x").await.unwrap(), "again");
    assert_eq!(server.cookies(), [(0, None), (0, None)]);
}

#[tokio::test]
async fn a_500_whose_text_never_ends_is_not_waited_for() {
    let endless = send("HTTP/1.1 500 No\r\nContent-Length: 99999\r\n\r\nsorry");
    let server = Server::start([vec![Step::Read, endless, Step::Hold]]).await;
    let mut client = server.client();
    let error = say(&mut client, "a", "x").await.unwrap_err();
    assert_eq!(error.fault(), LinkFault::Refused { link_alive: false });
}

#[tokio::test]
async fn not_found_keeps_the_session() {
    // As stock firmware does it: answers 404 and closes. The cookie brings the session back.
    let opening = vec![
        Step::Read,
        ok("Set-Cookie: session=5\r\n", ""),
        Step::Read,
        status("404 Not Found"),
    ];
    let server = Server::start([opening, vec![Step::Read, ok("", "back"), Step::Hold]]).await;
    let mut client = server.client();
    say(&mut client, "a", "x").await.unwrap();
    let error = say(&mut client, "nowhere", "x").await.unwrap_err();
    assert_eq!(error.fault(), LinkFault::NoSuchEndpoint);
    assert_eq!(say(&mut client, "a", "x").await.unwrap(), "back");
    let cookie = Some("session=5".to_owned());
    assert_eq!(server.cookies(), [(0, None), (0, cookie.clone()), (1, cookie)]);
}

#[tokio::test]
async fn not_found_on_a_server_without_cookies_keeps_the_connection() {
    let script = vec![
        Step::Read,
        ok("", ""),
        Step::Read,
        status("404 Not Found"),
        Step::Read,
        ok("", "same"),
        Step::Hold,
    ];
    let server = Server::start([script]).await;
    let mut client = server.client();
    say(&mut client, "a", "x").await.unwrap();
    assert_eq!(say(&mut client, "b", "x").await, Err(HttpError::NotFound));
    assert_eq!(say(&mut client, "a", "x").await.unwrap(), "same");
    assert_eq!(server.cookies().last(), Some(&(0, None)));
}

#[tokio::test]
async fn not_found_first_of_all() {
    let server = Server::start([
        vec![Step::Read, status("404 Not Found")],
        vec![Step::Read, ok("", "here"), Step::Hold],
    ])
    .await;
    let mut client = server.client();
    assert_eq!(say(&mut client, "proto-ver", "x").await, Err(HttpError::NotFound));
    assert_eq!(say(&mut client, "prov-session", "x").await.unwrap(), "here");
}

#[tokio::test]
async fn what_is_not_http() {
    for reply in [
        "SSH-2.0-OpenSSH_9.9\r\n",
        "<html>hello</html>",
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ] {
        let error = failure(send(reply)).await;
        assert_eq!(error, HttpError::NotHttp, "{reply:?}");
        assert_eq!(error.fault(), LinkFault::Garbled);
    }
}

/// An alert, as a TLS server answers what it does not understand; in one piece or in many.
#[tokio::test]
async fn a_server_that_speaks_tls() {
    let alert = b"\x15\x03\x01\0\x02\x02\x46".to_vec();
    for reply in [
        Step::Send(alert.clone()),
        Step::Trickle(alert, Duration::from_millis(2)),
    ] {
        let error = failure(reply).await;
        assert_eq!(error, HttpError::SpeaksTls);
        assert_eq!(error.fault(), LinkFault::Garbled);
    }
}

#[tokio::test]
async fn a_server_that_speaks_first() {
    let banner = vec![send("220 mail ready\r\n"), Step::Hold];
    let server = Server::start([banner.clone(), banner.clone(), banner]).await;
    let error = say(&mut server.client(), "a", "x").await.unwrap_err();
    assert_eq!(error, HttpError::NotHttp);
    // The banner is there before the request: that connection is replaced, and the new one is no better.
    let mut client = server.client();
    client.reconnect(SessionIntent::Keep).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    let error = say(&mut client, "a", "x").await.unwrap_err();
    assert_eq!(error, HttpError::NotHttp);
}

#[tokio::test]
async fn framing_without_bounds() {
    let header = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(2000));
    let endless_line = "HTTP/1.1 200 ".to_owned() + &"O".repeat(20_000);
    let interim = "HTTP/1.1 100 Continue\r\n\r\n".repeat(4000);
    let chunks = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        format!("1;{}\r\nx\r\n", "e".repeat(200)).repeat(400)
    );
    for reply in [header, many, endless_line, interim, chunks] {
        let error = failure(send(&reply)).await;
        assert_eq!(error.fault(), LinkFault::Garbled, "{:?} {error:?}", &reply[..40]);
    }
}

#[tokio::test]
async fn replies_longer_than_the_buffer() {
    let long = "x".repeat(600);
    for (reply, need) in [
        (
            format!("HTTP/1.1 200 OK\r\nContent-Length: 600\r\n\r\n{long}"),
            600,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551613\r\n\r\n".into(),
            usize::MAX - 2,
        ),
        (format!("HTTP/1.1 200 OK\r\n\r\n{long}"), 600),
        (
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n258\r\n{long}\r\n0\r\n\r\n"),
            600,
        ),
    ] {
        let error = failure(send(&reply)).await;
        assert_eq!(
            error.fault(),
            LinkFault::ReplyTooLarge { need },
            "{:?}",
            &reply[..40]
        );
    }
}

#[tokio::test]
async fn an_endless_reply_without_a_length_is_cut_off() {
    let flood = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(1 << 20));
    let mut client =
        HttpTransport::with_connector(HttpTarget::SOFTAP, Canned(Cursor::new(flood.into_bytes())));
    let error = say(&mut client, "a", "x").await.unwrap_err();
    let LinkFault::ReplyTooLarge { need } = error.fault() else {
        panic!("{error:?}")
    };
    assert!((513..20_000).contains(&need), "{need}");
}

#[tokio::test]
async fn a_wrong_content_length() {
    // Too short: what is left over is not taken for the next answer.
    let short = send("HTTP/1.1 200 OK\r\nSet-Cookie: session=1\r\nContent-Length: 2\r\n\r\nhello");
    let server = Server::start([
        vec![Step::Read, short, Step::Hold],
        vec![Step::Read, ok("", "next"), Step::Hold],
    ])
    .await;
    let mut client = server.client();
    assert_eq!(say(&mut client, "a", "x").await.unwrap(), "he");
    assert_eq!(say(&mut client, "a", "x").await.unwrap(), "next");
    assert_eq!(server.cookies()[1], (1, Some("session=1".into())));
    // Too long: the missing bytes never come.
    let long = send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
    let server = Server::start([vec![Step::Read, long, Step::Hold]]).await;
    let error = say(&mut server.client().answer_timeout(SHORT), "a", "x")
        .await
        .unwrap_err();
    assert_eq!(error.fault(), LinkFault::TimedOut { delivered: true });
}

#[tokio::test]
async fn a_silent_device_and_a_slow_one_hit_the_deadline() {
    let slow = Step::Trickle(vec![b'H'; 1000], Duration::from_millis(10));
    let slow_head = Step::Trickle(
        b"HTTP/1.1 200 OK\r\nX: slow and slower\r\n".to_vec(),
        Duration::from_millis(10),
    );
    for script in [
        vec![Step::Hold],
        vec![Step::Read, slow_head],
        vec![Step::Read, send("HTTP/1.1 200 OK\r\n\r\n"), slow],
    ] {
        let server = Server::start([script]).await;
        let mut client = server.client().answer_timeout(SHORT);
        let start = std::time::Instant::now();
        let error = say(&mut client, "a", "x").await.unwrap_err();
        assert_eq!(error, HttpError::AnswerTimedOut { delivered: true });
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
        assert_eq!(say(&mut client, "a", "x").await, Err(HttpError::NeedsReconnect));
    }
}

#[tokio::test]
async fn nobody_listens() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let target = HttpTarget::from(listener.local_addr().unwrap());
    drop(listener);
    let mut client = HttpTransport::new(target);
    let error = say(&mut client, "a", "x").await.unwrap_err();
    assert_eq!(error, HttpError::Connect(io::ErrorKind::ConnectionRefused));
    assert_eq!(error.fault(), LinkFault::Lost { delivered: false });
    assert_eq!(error.to_string(), "cannot connect: connection refused");
    assert_eq!(say(&mut client, "a", "x").await, Err(HttpError::NeedsReconnect));
    assert_eq!(client.reconnect(SessionIntent::Keep).await, Err(error));
}

/// Streams of which the far end is kept and never read.
struct Stalled {
    far_ends: Vec<DuplexStream>,
    connects: bool,
}

impl Connect for Stalled {
    type Stream = DuplexStream;

    async fn connect(&mut self, _: &HttpTarget) -> io::Result<DuplexStream> {
        if !self.connects {
            core::future::pending::<()>().await;
        }
        let (near, far) = tokio::io::duplex(64);
        self.far_ends.push(far);
        Ok(near)
    }
}

fn stalled(connects: bool) -> HttpTransport<Stalled> {
    let far_ends = Vec::new();
    HttpTransport::with_connector(HttpTarget::SOFTAP, Stalled { far_ends, connects })
}

#[tokio::test(start_paused = true)]
async fn default_time_limits() {
    let start = tokio::time::Instant::now();
    let error = say(&mut stalled(false), "a", "x").await.unwrap_err();
    assert_eq!(error, HttpError::ConnectTimedOut);
    assert_eq!(error.fault(), LinkFault::TimedOut { delivered: false });
    assert_eq!(start.elapsed(), Duration::from_secs(5));

    // The head does not fit the pipe: the request was never handed over completely.
    let start = tokio::time::Instant::now();
    let error = say(&mut stalled(true), "a", "x").await.unwrap_err();
    assert_eq!(error, HttpError::AnswerTimedOut { delivered: false });
    assert_eq!(error.fault(), LinkFault::TimedOut { delivered: false });
    assert_eq!(start.elapsed(), Duration::from_secs(30));

    let mut client = stalled(false).connect_timeout(SHORT);
    let start = tokio::time::Instant::now();
    assert_eq!(
        client.reconnect(SessionIntent::Fresh).await,
        Err(HttpError::ConnectTimedOut)
    );
    assert_eq!(start.elapsed(), SHORT);
}

#[tokio::test]
async fn a_dropped_exchange_poisons() {
    let server = Server::start([
        vec![
            Step::Read,
            ok("Set-Cookie: session=6\r\n", ""),
            Step::Read,
            Step::Hold,
        ],
        vec![Step::Read, ok("", "kept"), Step::Hold],
        vec![Step::Read, ok("", "fresh"), Step::Hold],
    ])
    .await;
    let mut client = server.client();
    say(&mut client, "a", "x").await.unwrap();
    let dropped = tokio::time::timeout(SHORT, say(&mut client, "a", "x")).await;
    assert!(dropped.is_err());
    for _ in 0..2 {
        assert_eq!(say(&mut client, "a", "x").await, Err(HttpError::NeedsReconnect));
    }
    client.reconnect(SessionIntent::Keep).await.unwrap();
    assert_eq!(say(&mut client, "a", "x").await.unwrap(), "kept");
    client.reconnect(SessionIntent::Fresh).await.unwrap();
    assert_eq!(say(&mut client, "a", "x").await.unwrap(), "fresh");
    let cookie = Some("session=6".to_owned());
    assert_eq!(
        server.cookies(),
        [(0, None), (0, cookie.clone()), (1, cookie), (2, None)]
    );
}

#[tokio::test]
async fn an_exchange_dropped_before_its_first_poll_changes_nothing() {
    let server = Server::start([vec![Step::Read, ok("", "fine"), Step::Hold]]).await;
    let mut client = server.client();
    let mut buf = [0; 8];
    drop(client.exchange(Endpoint::PROTO_VER, &mut buf, 1));
    assert_eq!(say(&mut client, "a", "x").await.unwrap(), "fine");
}

#[tokio::test]
async fn close_ends_the_link() {
    let server = Server::start([
        vec![Step::Read, ok("", ""), Step::Hold],
        vec![Step::Read, ok("", "b"), Step::Hold],
    ])
    .await;
    let mut client = server.client();
    client.close().await;
    assert_eq!(say(&mut client, "a", "x").await, Err(HttpError::NeedsReconnect));
    client.reconnect(SessionIntent::Keep).await.unwrap();
    say(&mut client, "a", "x").await.unwrap();
    client.close().await;
    client.close().await;
    assert_eq!(say(&mut client, "a", "x").await, Err(HttpError::NeedsReconnect));
    client.reconnect(SessionIntent::Keep).await.unwrap();
    assert_eq!(say(&mut client, "a", "x").await.unwrap(), "b");
}

/// The server closes after each answer; the next request must go out on a new connection, never be lost in a
/// closed one and taken for a refusal.
async fn idle_close() {
    let script = |cookie: &str| vec![Step::Read, ok(cookie, "fine")];
    let scripts = (0..50).map(|n| script(if n == 0 { "Set-Cookie: session=2\r\n" } else { "" }));
    let server = Server::start(scripts).await;
    let mut client = server.client();
    for n in 0..50 {
        assert_eq!(
            say(&mut client, "a", "x").await.as_deref(),
            Ok("fine"),
            "exchange {n}"
        );
        server.until_closed(n + 1).await;
    }
    let cookies = server.cookies();
    assert_eq!(cookies.len(), 50);
    assert!(
        cookies[1..]
            .iter()
            .all(|(_, cookie)| cookie.as_deref() == Some("session=2"))
    );
    assert!(
        cookies
            .iter()
            .enumerate()
            .all(|(n, (connection, _))| n == *connection)
    );
}

#[tokio::test]
async fn an_idle_connection_closed_by_the_device_is_reopened() {
    idle_close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_connection_closed_by_the_device_is_reopened_on_many_threads() {
    idle_close().await;
}

#[test]
fn a_close_while_nobody_drives_the_runtime_is_seen() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let target = HttpTarget::from(listener.local_addr().unwrap());
    let (answered, close) = std::sync::mpsc::channel();
    let (closed, wait) = std::sync::mpsc::channel();
    let device = std::thread::spawn(move || {
        use std::io::{Read, Write};
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            assert!(stream.read(&mut request).unwrap() > 0);
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                .unwrap();
            close.recv().unwrap();
            drop(stream);
            closed.send(()).unwrap();
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut client = HttpTransport::new(target);
    for _ in 0..2 {
        assert_eq!(runtime.block_on(say(&mut client, "a", "x")).as_deref(), Ok("ok"));
        answered.send(()).unwrap();
        wait.recv().unwrap();
    }
    device.join().unwrap();
}
