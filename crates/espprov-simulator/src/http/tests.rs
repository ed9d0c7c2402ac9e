//! Raw TCP, byte for byte: an HTTP client library would hide what is tested here.

use super::*;
use crate::service::testing::Stub;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

struct Bench {
    address: SocketAddr,
    device: Shared<Stub>,
}

struct Client {
    stream: TcpStream,
    /// What came and was not looked at yet.
    input: Vec<u8>,
}

/// What came back.
#[derive(Debug, PartialEq, Eq)]
enum Got {
    Answer {
        status: u16,
        cookie: Option<String>,
        body: Vec<u8>,
    },
    /// Closed without a byte.
    Closed,
    Reset,
}

impl Bench {
    async fn start() -> Self {
        Self::with(Patience::default()).await
    }

    async fn with(patience: Patience) -> Self {
        let device = Shared::new(Stub::default());
        let server = HttpServer::bind("127.0.0.1:0", device.clone()).await.unwrap();
        let address = server.local_addr().unwrap();
        tokio::spawn(server.with_patience(patience).run());
        Self { address, device }
    }

    async fn connect(&self) -> Client {
        Client {
            stream: TcpStream::connect(self.address).await.unwrap(),
            input: Vec::new(),
        }
    }

    fn handled(&self) -> usize {
        self.device.with(|stub| stub.handled.len())
    }
}

impl Client {
    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    async fn post(&mut self, endpoint: &str, fields: &str, body: &[u8]) -> Got {
        let head = format!(
            "POST /{endpoint} HTTP/1.1\r\nHost: x\r\n{fields}Content-Length: {}\r\n\r\n",
            body.len()
        );
        self.send([head.as_bytes(), body].concat()).await;
        self.answer().await
    }

    /// `count` with a cookie: how many requests this session has seen.
    async fn count(&mut self, cookie: Option<&str>) -> u8 {
        let field = cookie.map_or_else(String::new, |value| format!("Cookie: {value}\r\n"));
        match self.post("count", &field, b"x").await {
            Got::Answer {
                status: 200, body, ..
            } => body[0],
            other => panic!("{other:?}"),
        }
    }

    /// The cookie that the first answer, to `count`, brings.
    async fn first_cookie(&mut self) -> String {
        match self.post("count", "", b"x").await {
            Got::Answer {
                cookie: Some(cookie), ..
            } => cookie,
            other => panic!("no cookie: {other:?}"),
        }
    }

    async fn answer(&mut self) -> Got {
        let head_end = loop {
            if let Some(at) = self.input.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            match self.stream.read_buf(&mut self.input).await {
                Ok(0) => {
                    assert!(self.input.is_empty(), "half an answer");
                    return Got::Closed;
                }
                Ok(_) => {}
                Err(_) => return Got::Reset,
            }
        };
        let head = String::from_utf8(self.input.drain(..head_end).collect()).unwrap();
        assert!(head.contains("Content-Type: text/html\r\n"), "{head}");
        let field = |name: &str| {
            let mut lines = head.lines();
            lines.find_map(|line| line.strip_prefix(name)).map(str::to_owned)
        };
        let len: usize = field("Content-Length: ").unwrap().parse().unwrap();
        while self.input.len() < len {
            self.stream.read_buf(&mut self.input).await.unwrap();
        }
        let body = self.input.drain(..len).collect();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let cookie = field("Set-Cookie: ");
        Got::Answer { status, cookie, body }
    }

    async fn is_closed(&mut self) -> bool {
        self.stream.read_u8().await.is_err()
    }
}

fn status(got: &Got) -> Option<u16> {
    match got {
        Got::Answer { status, .. } => Some(*status),
        _ => None,
    }
}

#[tokio::test]
async fn the_first_answer_brings_a_cookie_and_the_connection_stays() {
    let bench = Bench::start().await;
    let mut client = bench.connect().await;
    let first = client.post("echo", "Connection: close\r\n", b"one").await;
    let Got::Answer {
        status: 200,
        cookie: Some(cookie),
        body,
    } = first
    else {
        panic!("{first:?}")
    };
    assert!(
        cookie.starts_with("session=") && cookie[8..].parse::<u32>().is_ok(),
        "{cookie}"
    );
    assert_eq!(body, b"one");
    let second = client.post("echo", "", b"two").await;
    assert_eq!(
        second,
        Got::Answer {
            status: 200,
            cookie: None,
            body: b"two".to_vec()
        }
    );
    assert_eq!(status(&client.post("empty", "", b"x").await), Some(200));
}

#[tokio::test]
async fn sessions_follow_the_cookie_rule() {
    let bench = Bench::start().await;
    let mut client = bench.connect().await;
    let cookie = client.first_cookie().await;
    assert_eq!(client.count(None).await, 2, "same socket, no cookie matched yet");
    assert_eq!(
        client.count(Some(&format!("{cookie}; a=long-attribute"))).await,
        3,
        "too long: as none"
    );
    assert_eq!(client.count(Some(&cookie)).await, 4);
    assert_eq!(
        client.count(None).await,
        1,
        "a cookie has matched: the socket is not enough"
    );
    assert_eq!(
        client.count(Some(&cookie)).await,
        1,
        "and that was another session"
    );

    let mut client = bench.connect().await;
    let cookie = client.first_cookie().await;
    let mut again = bench.connect().await;
    assert_eq!(again.count(Some(&cookie)).await, 2, "survives a reconnect");
    let mut other = bench.connect().await;
    assert_eq!(other.count(Some("session=1")).await, 1);
    assert_eq!(
        other.count(Some(&cookie)).await,
        1,
        "the wrong cookie has closed it"
    );
}

#[tokio::test]
async fn a_second_connection_evicts_the_first() {
    let bench = Bench::start().await;
    let mut first = bench.connect().await;
    assert_eq!(first.count(None).await, 1);
    let mut second = bench.connect().await;
    assert_eq!(second.count(None).await, 1);
    assert!(first.is_closed().await);
    assert_eq!(second.count(None).await, 2);
}

#[tokio::test]
async fn failing_handlers_close_without_a_byte() {
    let bench = Bench::start().await;
    for (endpoint, fields, body) in [("refuse", "", &b"x"[..]), ("echo?query=1", "", b"x")] {
        assert_eq!(
            bench.connect().await.post(endpoint, fields, body).await,
            Got::Closed,
            "{endpoint}"
        );
    }
    let mut client = bench.connect().await;
    client
        .send("POST /refuse HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n")
        .await;
    assert_eq!(client.answer().await, Got::Closed, "chunked");
    // After a failure the session is alive, but only its cookie leads back; the failed answer had none.
    let mut client = bench.connect().await;
    let cookie = client.first_cookie().await;
    let field = format!("Cookie: {cookie}\r\n");
    assert_eq!(client.post("refuse", &field, b"x").await, Got::Closed);
    assert_eq!(bench.connect().await.count(Some(&cookie)).await, 3);
}

#[tokio::test]
async fn no_cookie_comes_late() {
    let bench = Bench::start().await;
    let mut client = bench.connect().await;
    assert_eq!(client.post("refuse", "", b"x").await, Got::Closed);
    let mut client = bench.connect().await;
    let got = client.post("echo", "Cookie: session=1\r\n", b"x").await;
    assert!(
        matches!(got, Got::Answer { cookie: Some(_), .. }),
        "a wrong cookie opens a session too"
    );
}

#[tokio::test]
async fn status_codes_and_then_closed() {
    let bench = Bench::start().await;
    let long = format!("X: {}\r\n", "x".repeat(1100));
    for (request, code) in [
        (
            "POST /nobody HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc".to_owned(),
            404,
        ),
        ("GET /nobody HTTP/1.1\r\n\r\n".to_owned(), 404),
        ("GET /echo HTTP/1.1\r\n\r\n".to_owned(), 405),
        ("PUT /echo HTTP/1.1\r\nContent-Length: 1\r\n\r\nx".to_owned(), 405),
        (
            format!("POST /echo HTTP/1.1\r\n{long}Content-Length: 1\r\n\r\nx"),
            431,
        ),
        ("nonsense\r\n\r\n".to_owned(), 400),
    ] {
        let mut client = bench.connect().await;
        client.send(&request).await;
        let got = client.answer().await;
        assert!(
            matches!(&got, Got::Answer { status, cookie: None, .. } if *status == code),
            "{request} {got:?}"
        );
        assert!(client.is_closed().await, "{request}");
    }
    assert_eq!(bench.handled(), 0);
    assert_eq!(bench.device.with(|stub| stub.sessions), 0, "nothing moved");
}

#[tokio::test]
async fn errors_are_worded_as_the_firmware_does() {
    let bench = Bench::start().await;
    let mut client = bench.connect().await;
    let got = client.post("nobody", "", b"abc").await;
    let body = b"Nothing matches the given URI".to_vec();
    assert_eq!(
        got,
        Got::Answer {
            status: 404,
            cookie: None,
            body
        }
    );
}

#[tokio::test]
async fn the_server_has_room_for_eight_handlers() {
    let bench = Bench::start().await;
    // The eighth endpoint of the stub, and the ninth.
    let eighth = bench.connect().await.post("slow", "", b"x").await;
    assert_eq!(status(&eighth), Some(200));
    let ninth = bench.connect().await.post("prov-session", "", b"x").await;
    assert_eq!(status(&ninth), Some(404));
}

#[tokio::test]
async fn a_client_on_another_link_ends_the_session() {
    let bench = Bench::start().await;
    let mut client = bench.connect().await;
    let cookie = client.first_cookie().await;
    bench.device.connect();
    bench.device.with(|stub| stub.count = 7);
    assert_eq!(client.count(Some(&cookie)).await, 1, "not in the other one's");
}

#[tokio::test]
async fn bodies_of_1_to_4096_bytes() {
    let bench = Bench::start().await;
    let mut client = bench.connect().await;
    for len in [1, 4096] {
        let body = vec![9; len];
        let got = client.post("echo", "", &body).await;
        assert!(
            matches!(got, Got::Answer { status: 200, body: echo, .. } if echo == body),
            "{len}"
        );
    }
    let handled = bench.handled();
    let head = "POST /echo HTTP/1.1\r\nContent-Length: 4097\r\n\r\n";
    client.send([head.as_bytes(), &[9; 4097]].concat()).await;
    assert_eq!(client.answer().await, Got::Reset);
    assert_eq!(bench.handled(), handled);
}

#[tokio::test]
async fn pieces_and_pipelines() {
    let bench = Bench::start().await;
    let mut client = bench.connect().await;
    let request = b"POST /echo HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi";
    for byte in request {
        client.send([*byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(status(&client.answer().await), Some(200));
    client.send([&request[..], request].concat()).await;
    for _ in 0..2 {
        assert_eq!(status(&client.answer().await), Some(200));
    }
    assert_eq!(bench.handled(), 3);
}

#[tokio::test]
async fn nothing_hangs() {
    let mut short = Patience::default();
    short.idle = Duration::from_millis(300);
    short.transfer = Duration::from_millis(100);
    let bench = Bench::with(short).await;
    let mut mute = bench.connect().await;
    assert_eq!(mute.answer().await, Got::Closed, "idle");
    let mut slow = bench.connect().await;
    slow.send("POST /echo HT").await;
    assert_eq!(slow.answer().await, Got::Closed, "half a head");
    let mut slow = bench.connect().await;
    slow.send("POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nab")
        .await;
    assert_eq!(slow.answer().await, Got::Closed, "half a body");
    let mut silent = bench.connect().await;
    assert_eq!(silent.post("silent", "", b"x").await, Got::Reset, "no answer");
    assert_eq!(bench.connect().await.post("close", "", b"x").await, Got::Reset);
    assert_eq!(
        status(&bench.connect().await.post("echo", "", b"x").await),
        Some(200),
        "still serving"
    );
}

#[tokio::test]
async fn blocking_answers_come_late_and_a_new_client_waits_for_them() {
    let bench = Bench::start().await;
    let mut first = bench.connect().await;
    let start = Instant::now();
    let got = first.post("slow", "", b"x").await;
    assert!(matches!(got, Got::Answer { body, .. } if body == b"slow"));
    assert!(start.elapsed() >= Duration::from_secs(2));
    first
        .send("POST /slow HTTP/1.1\r\nContent-Length: 1\r\n\r\nx")
        .await;
    // The server does one thing at a time: whoever was there first gets an answer, and is evicted then.
    let mut second = bench.connect().await;
    assert_eq!(status(&second.post("echo", "", b"x").await), Some(200));
    assert!(start.elapsed() >= Duration::from_secs(4));
    assert!(matches!(first.answer().await, Got::Answer { body, .. } if body == b"slow"));
    assert!(first.is_closed().await);
}

#[tokio::test]
async fn a_device_that_is_away_resets_everybody() {
    let bench = Bench::start().await;
    let mut client = bench.connect().await;
    let cookie = client.first_cookie().await;
    bench
        .device
        .with(|stub| stub.off = Some((Duration::ZERO, Duration::from_secs(3600))));
    assert_eq!(client.answer().await, Got::Reset, "within a tick");
    let mut client = bench.connect().await;
    let _ = client.stream.write_all(b"POST /echo HTTP/1.1\r\n").await;
    assert_eq!(client.answer().await, Got::Reset);
    bench
        .device
        .with(|stub| stub.off = Some((Duration::ZERO, Duration::ZERO)));
    let mut client = bench.connect().await;
    assert_eq!(
        client.count(Some(&cookie)).await,
        1,
        "restarted: the session is gone"
    );
}
