//! The HTTP transport over loopback: against the simulator, and against scripted servers for what devices do wrong.

use core::net::SocketAddr;
use core::time::Duration;
use embedded_io_adapters::tokio_1::FromTokio;
use espprov_core::auth::Sec2Only;
use espprov_core::{Outcome, Provisioner, ScanOptions, WifiConfig};
use espprov_embedded::http::{HttpError, HttpTransport};
use espprov_simulator::{HttpServer, Scenario, Shared, SimDevice};
use espprov_tokio::TokioClock;
use espprov_transport::{Endpoint, LinkFault, Reconnect, SessionIntent, Transport, TransportError};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The computer's own TCP as the stack of a microcontroller.
struct Loopback;

impl embedded_nal_async::TcpConnect for Loopback {
    type Error = std::io::Error;
    type Connection<'a> = FromTokio<TcpStream>;

    async fn connect<'a>(&'a self, remote: SocketAddr) -> Result<Self::Connection<'a>, Self::Error> {
        TcpStream::connect(remote).await.map(FromTokio::new)
    }
}

type Link = HttpTransport<'static, Loopback, TokioClock>;

fn link(address: SocketAddr) -> Link {
    HttpTransport::new(&Loopback, address, TokioClock::new())
}

async fn ask(link: &mut Link, request: &[u8]) -> Result<Vec<u8>, HttpError> {
    let mut buf = vec![0; 64];
    buf[..request.len()].copy_from_slice(request);
    let len = link
        .exchange(Endpoint::PROV_CONFIG, &mut buf, request.len())
        .await?;
    buf.truncate(len);
    Ok(buf)
}

/// A server that plays one script per connection: each step reads a request and writes an answer; then it closes.
/// Gives back what it read.
async fn server(scripts: Vec<Vec<&'static str>>) -> (SocketAddr, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let mut seen = Vec::new();
        for script in scripts {
            let (mut socket, _) = listener.accept().await.unwrap();
            for answer in script {
                let mut request = vec![0; 1024];
                let len = socket.read(&mut request).await.unwrap();
                let mut text = String::from_utf8_lossy(&request[..len]).into_owned();
                // Head and body may come in two pieces.
                while !text.contains("\r\n\r\n") || text.ends_with("\r\n\r\n") {
                    let len = socket.read(&mut request).await.unwrap();
                    text.push_str(&String::from_utf8_lossy(&request[..len]));
                }
                seen.push(text);
                socket.write_all(answer.as_bytes()).await.unwrap();
            }
        }
        seen
    });
    (address, task)
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nok";
const OPENED: &str = "HTTP/1.1 200 OK\r\nSet-Cookie: session=99\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn provisions_the_simulator() {
    let scenario = Scenario::builtin("zero").unwrap();
    let device = Shared::new(SimDevice::new(scenario).unwrap());
    let server = HttpServer::bind("127.0.0.1:0", device).await.unwrap();
    let address = server.local_addr().unwrap();
    let client = async {
        let clock = TokioClock::new();
        let auth = Sec2Only::new(b"wifiprov", b"abcd1234").unwrap();
        let link = HttpTransport::new(&Loopback, address, clock);
        let mut device = Provisioner::new(link, auth, ChaCha20Rng::seed_from_u64(1), clock, vec![0; 4096]);
        let networks = device.scan_wifi(&ScanOptions::default()).await.unwrap();
        assert!(networks.iter().any(|network| network.ssid.as_bytes() == b"Home"));
        let config = WifiConfig::new(b"Home", b"correct-horse").unwrap();
        let outcome = device.provision_wifi(&config).await.unwrap();
        assert!(matches!(outcome, Outcome::Connected(_)), "{outcome:?}");
    };
    tokio::select! { () = client => {}, end = server.run() => panic!("{end:?}") }
}

#[tokio::test]
async fn one_connection_and_the_exact_cookie() {
    let (address, seen) = server(vec![vec![OPENED, OK], vec![OK]]).await;
    let mut link = link(address);
    for _ in 0..2 {
        assert_eq!(ask(&mut link, b"abc").await, Ok(b"ok".to_vec()));
    }
    // The server has closed meanwhile: reopened, same session.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(ask(&mut link, b"abc").await, Ok(b"ok".to_vec()));
    let seen = seen.await.unwrap();
    assert!(
        seen[0].starts_with("POST /prov-config HTTP/1.1\r\n"),
        "{}",
        seen[0]
    );
    assert!(seen[0].contains("\r\nContent-Length: 3\r\n") && seen[0].ends_with("\r\n\r\nabc"));
    assert!(!seen[0].contains("Cookie"));
    for text in &seen[1..] {
        assert!(text.contains("\r\nCookie: session=99\r\n"), "{text}");
    }
}

#[tokio::test]
async fn a_fresh_session_has_no_cookie_and_a_kept_one_has() {
    for (intent, keeps) in [(SessionIntent::Keep, true), (SessionIntent::Fresh, false)] {
        let (address, seen) = server(vec![vec![OPENED], vec![OK]]).await;
        let mut link = link(address);
        assert_eq!(ask(&mut link, b"a").await, Ok(b"ok".to_vec()));
        link.reconnect(intent).await.unwrap();
        assert_eq!(ask(&mut link, b"b").await, Ok(b"ok".to_vec()));
        let seen = seen.await.unwrap();
        assert_eq!(
            seen[1].contains("\r\nCookie: session=99\r\n"),
            keeps,
            "{intent:?}: {}",
            seen[1]
        );
        assert_eq!(seen[1].contains("Cookie"), keeps);
    }
}

#[tokio::test]
async fn a_connection_that_is_announced_to_end_is_not_used_again() {
    // The second answer of the first connection must never be read.
    let closing = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
    let wrong = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno";
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut link = link(listener.local_addr().unwrap());
    let device = async {
        let mut kept = Vec::new();
        for first in [closing, OK] {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let _ = socket.read(&mut request).await.unwrap();
            socket.write_all(first.as_bytes()).await.unwrap();
            // It says so and leaves it open; what is asked on it then is answered by nobody in particular.
            socket.write_all(wrong.as_bytes()).await.unwrap();
            kept.push(socket);
        }
        core::future::pending::<()>().await;
    };
    let client = async {
        assert_eq!(ask(&mut link, b"a").await, Ok(b"ok".to_vec()));
        assert_eq!(ask(&mut link, b"b").await, Ok(b"ok".to_vec()));
    };
    tokio::select! { () = client => {}, () = device => unreachable!() }
}

#[tokio::test]
async fn a_close_without_a_byte_is_a_refusal() {
    // Asked for its version on the second connection, the device still knows the cookie.
    let (address, _) = server(vec![vec![OPENED, ""], vec![OK], vec![OK]]).await;
    let mut link = link(address);
    ask(&mut link, b"a").await.unwrap();
    let error = ask(&mut link, b"b").await.unwrap_err();
    assert_eq!(error, HttpError::ClosedWithoutAnswer);
    assert_eq!(error.fault(), LinkFault::Refused { link_alive: false });
    assert_eq!(ask(&mut link, b"c").await, Err(HttpError::NeedsReconnect));
    link.reconnect(SessionIntent::Fresh).await.unwrap();
    assert_eq!(ask(&mut link, b"d").await, Ok(b"ok".to_vec()));
}

#[tokio::test]
async fn with_a_sign_of_another_client_a_refusal_is_worthless() {
    const OTHER: &str = "HTTP/1.1 200 OK\r\nSet-Cookie: session=98\r\nContent-Length: 2\r\n\r\nok";
    const LAST: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
    for (what, scripts, expected) in [
        (
            "another cookie",
            vec![vec![OPENED, ""], vec![OTHER]],
            HttpError::SessionTaken,
        ),
        (
            "closed on us",
            vec![vec![OPENED], vec![""]],
            HttpError::SessionTaken,
        ),
        (
            "no cookie, and no connection that stood",
            vec![vec![LAST], vec![""]],
            HttpError::SessionTaken,
        ),
        (
            "nobody to be asked",
            vec![vec![OPENED, ""]],
            HttpError::ClosedWithoutAnswer,
        ),
        (
            "no cookie at all",
            vec![vec![OK, ""]],
            HttpError::ClosedWithoutAnswer,
        ),
        (
            "another cookie beside a status",
            vec![vec![OPENED, "HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n", OTHER]],
            HttpError::SessionTaken,
        ),
        (
            "it hangs up on that question, too",
            vec![vec![OPENED, ""], vec![""]],
            HttpError::SessionTaken,
        ),
        (
            "half an answer to that question",
            vec![vec![OPENED, ""], vec!["HTTP/1.1 200 OK\r\n"]],
            HttpError::SessionTaken,
        ),
        (
            "something else answers that question",
            vec![vec![OPENED, ""], vec!["SSH-2.0-x\r\n"]],
            HttpError::ClosedWithoutAnswer,
        ),
    ] {
        let (address, _) = server(scripts).await;
        let mut link = link(address);
        ask(&mut link, b"a").await.unwrap();
        // A close that is on its way arrives.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let error = ask(&mut link, b"b").await.unwrap_err();
        assert_eq!(error, expected, "{what}");
        assert_eq!(
            ask(&mut link, b"c").await,
            Err(HttpError::NeedsReconnect),
            "{what}"
        );
    }
    assert_eq!(HttpError::SessionTaken.fault(), LinkFault::SessionTaken);
}

#[tokio::test]
async fn every_other_failure_has_its_class() {
    for (answer, expected) in [
        ("HTTP/1.1 200 OK\r\nContent-Le", HttpError::Truncated),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
            HttpError::Truncated,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 65\r\n\r\n",
            HttpError::ReplyTooLarge { need: 65 },
        ),
        ("hello", HttpError::NotHttp),
        (
            "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
            HttpError::NotHttp,
        ),
        (
            "HTTP/1.1 405 x\r\nContent-Length: 0\r\n\r\n",
            HttpError::Status {
                code: 405,
                link_alive: false,
            },
        ),
        (
            "HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n",
            HttpError::Status {
                code: 503,
                link_alive: false,
            },
        ),
    ] {
        let (address, _) = server(vec![vec![answer]]).await;
        let mut link = link(address);
        assert_eq!(ask(&mut link, b"x").await, Err(expected), "{answer:?}");
        assert_eq!(
            ask(&mut link, b"x").await,
            Err(HttpError::NeedsReconnect),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn answers_that_leave_the_link_usable() {
    let refused = "HTTP/1.1 500 x\r\nContent-Length: 4\r\n\r\noops";
    let unknown = "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno";
    let (address, _) = server(vec![vec![refused, OPENED, unknown], vec![OK]]).await;
    let mut link = link(address);
    let error = ask(&mut link, b"x").await.unwrap_err();
    assert_eq!(
        error,
        HttpError::Status {
            code: 500,
            link_alive: true
        }
    );
    assert_eq!(ask(&mut link, b"x").await, Ok(b"ok".to_vec()));
    assert_eq!(ask(&mut link, b"x").await, Err(HttpError::NotFound));
    assert_eq!(ask(&mut link, b"x").await, Ok(b"ok".to_vec()));
    // Known before anything is sent.
    assert_eq!(ask(&mut link, b"").await, Err(HttpError::EmptyRequest));
    let mut big = vec![0; 5000];
    let long = link.exchange(Endpoint::PROV_SCAN, &mut big, 4097).await;
    assert_eq!(long, Err(HttpError::RequestTooLarge));
}

#[tokio::test]
async fn silence_and_nobody() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut link = link(listener.local_addr().unwrap()).with_answer_timeout(Duration::from_millis(500));
    assert_eq!(
        ask(&mut link, b"x").await,
        Err(HttpError::AnswerTimedOut { delivered: true })
    );
    drop(listener);
    let error = link.reconnect(SessionIntent::Keep).await.unwrap_err();
    assert!(matches!(error, HttpError::Connect(_)), "{error:?}");
    assert_eq!(ask(&mut link, b"x").await, Err(HttpError::NeedsReconnect));
}

#[tokio::test]
async fn a_dropped_exchange_poisons() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut link = link(listener.local_addr().unwrap());
    let dropped = tokio::time::timeout(Duration::from_millis(50), ask(&mut link, b"x")).await;
    assert!(dropped.is_err());
    assert_eq!(ask(&mut link, b"x").await, Err(HttpError::NeedsReconnect));
}

/// A server that answers one request, reads another one and breaks the connection under it; then it answers the next
/// client, if there is to be one.
async fn breaking_server(first: &'static str, again: Option<&'static str>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut request = [0; 1024];
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = socket.read(&mut request).await.unwrap();
        socket.write_all(first.as_bytes()).await.unwrap();
        let _ = socket.read(&mut request).await.unwrap();
        socket.set_zero_linger().unwrap();
        drop(socket);
        let Some(again) = again else { return };
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = socket.read(&mut request).await.unwrap();
        socket.write_all(again.as_bytes()).await.unwrap();
        core::future::pending::<()>().await;
    });
    address
}

/// Up to the handshake nothing was acted upon: if somebody answers a moment later, the device lives, and another client
/// has it.
#[tokio::test]
async fn a_connection_that_breaks_under_a_request() {
    for (endpoint, again, expected) in [
        (Endpoint::PROV_SESSION, Some(OK), LinkFault::SessionTaken),
        (Endpoint::PROV_SESSION, None, LinkFault::Lost { delivered: true }),
        (
            Endpoint::PROV_CONFIG,
            Some(OK),
            LinkFault::Lost { delivered: true },
        ),
    ] {
        let mut link = link(breaking_server(OPENED, again).await);
        ask(&mut link, b"a").await.unwrap();
        let mut buf = [b'x'; 64];
        let error = link.exchange(endpoint, &mut buf, 1).await.unwrap_err();
        assert_eq!(error.fault(), expected, "{endpoint}, {again:?}: {error:?}");
        assert_eq!(ask(&mut link, b"c").await, Err(HttpError::NeedsReconnect));
    }
}

#[tokio::test]
async fn an_answer_without_a_length_ends_with_its_connection() {
    const FULL: &str =
        "HTTP/1.1 200 OK\r\n\r\n0123456789012345678901234567890123456789012345678901234567890123";
    const MORE: &str =
        "HTTP/1.1 200 OK\r\n\r\n01234567890123456789012345678901234567890123456789012345678901234";
    let body = |text: &str| text.split_once("\r\n\r\n").unwrap().1.as_bytes().to_vec();
    assert_eq!(
        (body(FULL).len(), body(MORE).len()),
        (64, 65),
        "the buffer takes 64"
    );
    for (answer, expected) in [
        ("HTTP/1.1 200 OK\r\n\r\nok", Ok(b"ok".to_vec())),
        ("HTTP/1.1 200 OK\r\n\r\n", Ok(Vec::new())),
        (FULL, Ok(body(FULL))),
        (MORE, Err(HttpError::ReplyTooLarge { need: 65 })),
        // With a length the buffer may be full, too; what is said beyond it is not looked at.
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokay",
            Ok(b"ok".to_vec()),
        ),
    ] {
        let (address, _) = server(vec![vec![answer]]).await;
        assert_eq!(ask(&mut link(address), b"x").await, expected, "{answer}");
    }
    let whole = format!("HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n{}", "z".repeat(64));
    let (address, _) = server(vec![vec![whole.leak()]]).await;
    assert_eq!(ask(&mut link(address), b"x").await, Ok(vec![b'z'; 64]));
}

/// A 404 without a cookie: the session, if there is one, is the connection's.
#[tokio::test]
async fn a_404_leaves_the_connection_a_session_may_hang_on() {
    let unknown = "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno";
    let (address, seen) = server(vec![vec![OK, unknown, OK], vec![OK]]).await;
    let mut link = link(address);
    assert_eq!(ask(&mut link, b"a").await, Ok(b"ok".to_vec()));
    assert_eq!(ask(&mut link, b"b").await, Err(HttpError::NotFound));
    assert_eq!(ask(&mut link, b"c").await, Ok(b"ok".to_vec()));
    assert_eq!(ask(&mut link, b"d").await, Ok(b"ok".to_vec()));
    assert_eq!(seen.await.unwrap().len(), 4);
    // Nothing was answered on it: not worth keeping.
    let (address, seen) = server(vec![vec![unknown], vec![OK]]).await;
    let mut link = self::link(address);
    assert_eq!(ask(&mut link, b"a").await, Err(HttpError::NotFound));
    assert_eq!(ask(&mut link, b"b").await, Ok(b"ok".to_vec()));
    assert_eq!(seen.await.unwrap().len(), 2);
}

/// An error answer's text is read away before the connection is used again; without end it is not.
#[tokio::test]
async fn a_status_of_500_and_its_text() {
    let with_text = |announced: usize, said: usize| -> &'static str {
        format!(
            "HTTP/1.1 500 x\r\nContent-Length: {announced}\r\n\r\n{}",
            "e".repeat(said)
        )
        .leak()
    };
    for (refusal, link_alive) in [
        (with_text(0, 0), true),
        (with_text(4000, 4000), true),
        (with_text(5000, 5000), false),
        (
            "HTTP/1.1 500 x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            false,
        ),
        ("HTTP/1.1 500 x\r\n\r\n", false),
    ] {
        let (address, _) = server(vec![vec![OK, refusal, OK]]).await;
        let mut link = link(address);
        assert_eq!(ask(&mut link, b"a").await, Ok(b"ok".to_vec()));
        let code = 500;
        assert_eq!(
            ask(&mut link, b"b").await,
            Err(HttpError::Status { code, link_alive }),
            "{} bytes",
            refusal.len()
        );
        let next = ask(&mut link, b"c").await;
        match link_alive {
            true => assert_eq!(next, Ok(b"ok".to_vec())),
            false => assert_eq!(next, Err(HttpError::NeedsReconnect)),
        }
    }
    // It says less than it announced, and closes.
    let (address, _) = server(vec![vec![OK, with_text(9, 4)]]).await;
    let mut link = link(address);
    ask(&mut link, b"a").await.unwrap();
    let error = ask(&mut link, b"b").await.unwrap_err();
    assert_eq!(error.fault(), LinkFault::Refused { link_alive: false });
}

/// In a session a refusal may be meant for another client, so the device is asked, on the connection that survived. Whether
/// that one lives on is for this answer to say.
#[tokio::test]
async fn a_status_of_500_in_a_session_is_checked_on_its_connection() {
    let refused = "HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n";
    let closing = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
    for (check, link_alive) in [(OK, true), (closing, false)] {
        let (address, _) = server(vec![vec![OPENED, refused, check, OK]]).await;
        let mut link = link(address);
        assert_eq!(ask(&mut link, b"a").await, Ok(b"ok".to_vec()));
        let code = 500;
        assert_eq!(
            ask(&mut link, b"b").await,
            Err(HttpError::Status { code, link_alive })
        );
        let next = ask(&mut link, b"c").await;
        match link_alive {
            true => assert_eq!(next, Ok(b"ok".to_vec())),
            false => assert_eq!(next, Err(HttpError::NeedsReconnect)),
        }
    }
}

#[tokio::test]
async fn the_largest_request_and_what_was_handed_over() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut link = link(listener.local_addr().unwrap());
    assert_eq!(link.limits(), espprov_transport::Limits::HTTP);
    let mut buf = vec![b'x'; 4096];
    let longer = link.exchange(Endpoint::PROV_SCAN, &mut buf[..100], 101).await;
    assert_eq!(longer, Err(HttpError::RequestTooLarge), "longer than its buffer");
    assert!(!link.delivered());
    let device = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut got = Vec::new();
        while !got.ends_with(&[b'x'; 4096]) {
            assert_ne!(socket.read_buf(&mut got).await.unwrap(), 0);
        }
        socket.write_all(OK.as_bytes()).await.unwrap();
        let end = socket.read(&mut [0; 8]).await.unwrap();
        assert_eq!(end, 0, "closed by the client");
    };
    let client = async {
        let exact = link.exchange(Endpoint::PROV_SCAN, &mut buf, 4096).await;
        assert_eq!(exact, Ok(2));
        assert!(link.delivered());
        link.close().await;
        assert_eq!(ask(&mut link, b"x").await, Err(HttpError::NeedsReconnect));
    };
    tokio::join!(device, client);
}

/// Answers whatever is asked on connection 0, 1, … with these, in turn, and keeps all of them open.
async fn patient_server(answers: [&'static [&'static str]; 2]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for answers in answers {
            let (mut socket, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                for answer in answers {
                    let mut request = Vec::new();
                    // The body is one byte.
                    while !request.ends_with(b"\r\n\r\nx") {
                        if socket.read_buf(&mut request).await.unwrap() == 0 {
                            return;
                        }
                    }
                    socket.write_all(answer.as_bytes()).await.unwrap();
                }
                let _ = socket.read(&mut [0]).await;
            });
        }
    });
    address
}

/// Also where the device leaves it open: it may close at any moment, and then what is asked on it is lost.
#[tokio::test]
async fn a_connection_that_is_over_is_not_used_again() {
    const CLOSING: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
    const UNKNOWN: &str = "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno";
    const UNKNOWN_CLOSING: &str =
        "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno";
    const AGAIN: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nagain";
    let not_found = || Err(HttpError::NotFound);
    let ok = || Ok(b"ok".to_vec());
    for (first, expected, next) in [
        // It says so.
        (&[CLOSING, AGAIN][..], &[ok()][..], "ok"),
        // Stock firmware closes after a 404; with a cookie a new connection costs nothing.
        (&[OPENED, UNKNOWN, AGAIN], &[ok(), not_found()], "ok"),
        // No session can hang on it.
        (&[UNKNOWN, AGAIN], &[not_found()], "ok"),
        (&[OK, UNKNOWN_CLOSING, AGAIN], &[ok(), not_found()], "ok"),
        // One may.
        (&[OK, UNKNOWN, AGAIN], &[ok(), not_found()], "again"),
    ] {
        let mut link = link(patient_server([first, &[OK]]).await);
        for expected in expected {
            assert_eq!(&ask(&mut link, b"x").await, expected, "{first:?}");
        }
        assert_eq!(
            ask(&mut link, b"x").await,
            Ok(next.as_bytes().to_vec()),
            "{first:?}"
        );
    }
}

/// A stack that gives up on its own clock.
struct Tired(std::io::ErrorKind);

impl embedded_nal_async::TcpConnect for Tired {
    type Error = std::io::Error;
    type Connection<'a> = FromTokio<TcpStream>;

    async fn connect<'a>(&'a self, _: SocketAddr) -> Result<Self::Connection<'a>, Self::Error> {
        Err(self.0.into())
    }
}

#[tokio::test]
async fn a_stack_that_gives_up_waiting_says_so() {
    use std::io::ErrorKind;
    for (kind, silent) in [(ErrorKind::TimedOut, true), (ErrorKind::ConnectionRefused, false)] {
        let stack = Tired(kind);
        let address = SocketAddr::from(([127, 0, 0, 1], 80));
        let mut link = HttpTransport::new(&stack, address, TokioClock::new());
        let error = link
            .exchange(Endpoint::PROV_CONFIG, &mut [b'x'; 8], 1)
            .await
            .unwrap_err();
        assert_eq!(error == HttpError::ConnectTimedOut, silent, "{error:?}");
        assert_eq!(error.fault() == LinkFault::TimedOut { delivered: false }, silent);
    }
}
