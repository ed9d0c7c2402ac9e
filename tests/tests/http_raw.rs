//! What comes back for raw HTTP requests, well-formed and odd, under each security scheme: status, header fields, cookie, and
//! what becomes of the connection. The rows are `protocol.md` § 2.2, as the vendor's server answered them.

use core::net::SocketAddr;
use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use espprov_simulator::{HttpServer, Scenario, Shared, SimDevice, SimEvent};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What comes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Got {
    /// 200 with a cookie, and the connection stays.
    Ok,
    /// A status, no cookie, and then the end.
    Status(u16),
    /// The end without a byte.
    Closed,
    /// A reset without a byte.
    Reset,
}

use Got::{Closed, Ok as Fine, Reset, Status};

/// A request: what is odd about it, its bytes, and what comes of it under each scheme. After a request that got as far as the
/// device there is a session.
struct Row {
    what: &'static str,
    request: Vec<u8>,
    wanted: [Got; 3],
    sessions: u32,
}

fn row(what: &'static str, request: impl Into<Vec<u8>>, wanted: Got) -> Row {
    Row {
        what,
        request: request.into(),
        wanted: [wanted; 3],
        sessions: u32::from(matches!(wanted, Fine | Closed)),
    }
}

fn post(path: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let len = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nHost: 192.168.4.1\r\n{fields}Content-Length: {len}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// A request whose header fields, with the blank line, are so many bytes.
fn with_fields(len: usize) -> Vec<u8> {
    // "X: ", the other field, and three line ends.
    let filler = "x".repeat(len - 3 - "Content-Length: 3".len() - 6);
    format!("POST /proto-ver HTTP/1.1\r\nX: {filler}\r\nContent-Length: 3\r\n\r\n---").into()
}

fn rows() -> Vec<Row> {
    let version = |fields: &str| post("/proto-ver", fields, b"---");
    let mut rows = vec![
        row("an ordinary one", version(""), Fine),
        row("one byte", post("/proto-ver", "", b"-"), Fine),
        row("4096 bytes", post("/proto-ver", "", &[b'-'; 4096]), Fine),
        row("4097 bytes", post("/proto-ver", "", &[b'-'; 4097]), Reset),
        row(
            "a length beyond all numbers",
            "POST /proto-ver HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
            Reset,
        ),
        row("an empty body", post("/proto-ver", "", b""), Closed),
        row("no length", "POST /proto-ver HTTP/1.1\r\nHost: x\r\n\r\n", Closed),
        row(
            "chunked",
            "POST /proto-ver HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n---\r\n0\r\n\r\n",
            Closed,
        ),
        row("a query", post("/proto-ver?x=1", "", b"---"), Closed),
        row(
            "a form, as the vendor's clients send it",
            version("Content-type: application/x-www-form-urlencoded\r\nAccept: text/plain\r\n"),
            Fine,
        ),
        row("asks to close", version("Connection: close\r\n"), Fine),
        row("waits for leave", version("Expect: 100-continue\r\n"), Fine),
        row("an unknown endpoint", post("/nobody", "", b"---"), Status(404)),
        row("no endpoint", post("/", "", b"---"), Status(404)),
        row("a browser", "GET / HTTP/1.1\r\n\r\n", Status(404)),
        row("GET", "GET /proto-ver HTTP/1.1\r\n\r\n", Status(405)),
        row("GET of nothing", "GET /nobody HTTP/1.1\r\n\r\n", Status(404)),
        row("HEAD", "HEAD /proto-ver HTTP/1.1\r\n\r\n", Status(405)),
        row(
            "PUT",
            "PUT /proto-ver HTTP/1.1\r\nContent-Length: 3\r\n\r\n---",
            Status(405),
        ),
        row("1024 bytes of fields", with_fields(1024), Fine),
        row("1025 bytes of fields", with_fields(1025), Status(431)),
        row(
            "a path of 512",
            post(&format!("/{}", "a".repeat(511)), "", b"---"),
            Status(404),
        ),
        row(
            "a path of 513",
            post(&format!("/{}", "a".repeat(512)), "", b"---"),
            Status(414),
        ),
        row("no HTTP", "nonsense\r\n\r\n", Status(400)),
        row(
            "a length that is none",
            "POST /proto-ver HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            Status(400),
        ),
        row("a wrong cookie", version("Cookie: session=1\r\n"), Fine),
        row("an empty cookie", version("Cookie: \r\n"), Fine),
        row(
            "a cookie with more",
            version("Cookie: session=1; other=two\r\n"),
            Fine,
        ),
        row(
            "field names in small letters",
            "POST /proto-ver HTTP/1.1\r\ncontent-length: 3\r\n\r\n---",
            Fine,
        ),
        row("no protobuf", post("/prov-session", "", b"\xff\xff"), Closed),
    ];
    let mut by_scheme = |what, request: Vec<u8>, wanted| {
        rows.push(Row {
            what,
            request,
            wanted,
            sessions: 1,
        });
    };
    // Field 10 of security 0's session; what a device of another scheme is asked for.
    by_scheme(
        "the handshake of security 0",
        post("/prov-session", "", &[0x52, 0x03, 0xa2, 0x01, 0x00]),
        [Fine, Closed, Closed],
    );
    // A status, in clear.
    by_scheme(
        "no handshake",
        post("/prov-config", "", &[0x52, 0x00]),
        [Fine, Closed, Closed],
    );
    rows
}

struct Bench {
    address: SocketAddr,
    sessions: Arc<AtomicU32>,
}

async fn serve(scheme: u8) -> Bench {
    let mut scenario = Scenario::builtin("zero").unwrap();
    scenario.security.scheme = Some(scheme);
    let sessions = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&sessions);
    let mut device = SimDevice::new(scenario).unwrap();
    device.observe(move |_, event| {
        if *event == SimEvent::SessionOpened {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    });
    let server = HttpServer::bind("127.0.0.1:0", Shared::new(device))
        .await
        .unwrap();
    let address = server.local_addr().unwrap();
    tokio::spawn(server.run());
    Bench { address, sessions }
}

/// Reads an answer: its head, line by line, and whether a body of the length it tells came. `None`: the end.
async fn answer(stream: &mut TcpStream) -> std::io::Result<Option<Vec<String>>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).await? == 0 {
            assert!(head.is_empty(), "half an answer");
            return Ok(None);
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let lines: Vec<String> = head.trim_end().lines().map(str::to_owned).collect();
    let len = lines
        .iter()
        .find_map(|line| line.strip_prefix("Content-Length: "));
    let mut body = vec![0; len.unwrap().parse().unwrap()];
    stream.read_exact(&mut body).await?;
    Ok(Some(lines))
}

async fn ended(stream: &mut TcpStream) -> Got {
    match answer(stream).await {
        Ok(None) => Closed,
        Ok(Some(more)) => panic!("more: {more:?}"),
        Err(_) => Reset,
    }
}

/// Sends the request on a connection of its own, and looks at all that comes back.
async fn ask(bench: &Bench, row: &Row) -> Got {
    let mut stream = TcpStream::connect(bench.address).await.unwrap();
    // A device that has reset the connection takes no more.
    let _ = stream.write_all(&row.request).await;
    let lines = match answer(&mut stream).await {
        Ok(Some(lines)) => lines,
        Ok(None) => return Closed,
        Err(_) => return Reset,
    };
    let names: Vec<&str> = lines[1..]
        .iter()
        .map(|line| line.split_once(": ").unwrap().0)
        .collect();
    assert_eq!(lines[1], "Content-Type: text/html", "{}", row.what);
    if lines[0] != "HTTP/1.1 200 OK" {
        assert_eq!(names, ["Content-Type", "Content-Length"], "{}", row.what);
        let status = lines[0].split(' ').nth(1).unwrap().parse().unwrap();
        assert_eq!(ended(&mut stream).await, Closed, "{}", row.what);
        return Status(status);
    }
    assert_eq!(
        names,
        ["Content-Type", "Content-Length", "Set-Cookie"],
        "{}",
        row.what
    );
    let id = lines[3].strip_prefix("Set-Cookie: session=").unwrap();
    assert!(id.parse::<u32>().is_ok(), "{id}");
    // It stays, whatever it was asked, and in its session.
    let cookie = format!("Cookie: session={id}\r\n");
    stream
        .write_all(&post("/proto-ver", &cookie, b"---"))
        .await
        .unwrap();
    let again = answer(&mut stream).await.unwrap().unwrap();
    assert_eq!(again.len(), 3, "{}: {again:?}", row.what);
    Fine
}

#[tokio::test]
async fn raw_requests_under_every_scheme() {
    for scheme in 0..=2 {
        let bench = serve(scheme).await;
        let mut before = 0;
        for row in rows() {
            let asked = tokio::time::timeout(Duration::from_secs(20), ask(&bench, &row));
            let got = asked.await.expect(row.what);
            let wanted = row.wanted[usize::from(scheme)];
            assert_eq!(got, wanted, "security {scheme}: {}", row.what);
            let sessions = bench.sessions.load(Ordering::Relaxed);
            assert_eq!(sessions - before, row.sessions, "security {scheme}: {}", row.what);
            before = sessions;
        }
    }
}
