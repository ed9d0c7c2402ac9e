//! The HTTP server against recordings of the vendor's: the same status, header fields and cookies for the same requests, and
//! no byte where it had none.

use core::time::Duration;
use espprov_simulator::service::with_ids;
use espprov_simulator::{Answer, HttpServer, Presence, Service, Shared};
use espprov_tests::vendor::{self, Exchange};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Answers as the recorded device did, and remembers what it was asked.
struct Recorded {
    answers: std::vec::IntoIter<Option<Vec<u8>>>,
    sessions: u32,
}

impl Service for Recorded {
    fn handle(&mut self, _: &str, buf: &mut [u8], _: usize, _: Duration) -> Answer {
        match self.answers.next().flatten() {
            Some(reply) => Answer::reply(&reply, buf),
            None => Answer::Refused,
        }
    }

    fn resume(&mut self, _: &mut [u8], _: Duration) -> Answer {
        Answer::Refused
    }

    fn new_session(&mut self) {
        self.sessions += 1;
    }

    fn presence(&mut self, _: Duration) -> Presence {
        Presence::On { boot: 1 }
    }

    fn endpoints(&self, visit: &mut dyn FnMut(u16, &str)) {
        let names = [
            "prov-ctrl",
            "prov-scan",
            "prov-session",
            "prov-config",
            "proto-ver",
        ];
        for (id, name) in with_ids(names.into_iter().chain(["custom-data"])) {
            visit(id, name);
        }
    }
}

/// An answer: its status line, its header fields, and its body.
type Answered = (String, Vec<(String, String)>, Vec<u8>);

/// Sends a request as the recorded client did. `None`: the end, without a byte.
async fn ask(stream: &mut TcpStream, exchange: &Exchange, cookie: Option<&str>) -> Option<Answered> {
    let cookie = cookie.map_or_else(String::new, |cookie| format!("Cookie: {cookie}\r\n"));
    let head = format!(
        "POST /{} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\n{cookie}\r\n",
        exchange.endpoint,
        exchange.request.len()
    );
    let request = [head.as_bytes(), &exchange.request].concat();
    stream.write_all(&request).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => {
                assert!(head.is_empty(), "half an answer");
                return None;
            }
        }
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.trim_end().lines();
    let status = lines.next().unwrap().to_owned();
    let fields: Vec<(String, String)> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let len = fields.iter().find(|(name, _)| name == "Content-Length").unwrap();
    let mut body = vec![0; len.1.parse().unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    Some((status, fields, body))
}

/// The fields as recorded, but for the cookie's number.
fn without_number(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    let fields = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    fields
        .map(|(name, value)| match value.split_once('=') {
            Some((key, number)) if name == "Set-Cookie" && number.parse::<u32>().is_ok() => (name, key),
            _ => (name, value),
        })
        .collect()
}

#[tokio::test]
async fn recorded_answers_field_by_field() {
    let (mut answered, mut refused) = (0, 0);
    for vector in vendor::load() {
        if vector.exchange.iter().all(|exchange| exchange.headers.is_empty()) {
            continue;
        }
        let answers: Vec<_> = vector
            .exchange
            .iter()
            .map(|exchange| exchange.response.as_ref().map(|response| response.0.clone()))
            .collect();
        let device = Shared::new(Recorded {
            answers: answers.into_iter(),
            sessions: 0,
        });
        let server = HttpServer::bind("127.0.0.1:0", device.clone()).await.unwrap();
        let address = server.local_addr().unwrap();
        let serving = tokio::spawn(server.run());
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut cookie: Option<String> = None;
        for exchange in &vector.exchange {
            let what = format!("{} {}", vector.name, exchange.endpoint);
            // Where the client sent the cookie it had been given, ours sends the one that it was given.
            let sent = exchange.request_cookie.as_ref().and(cookie.as_deref());
            let got = ask(&mut stream, exchange, sent).await;
            let Some(status) = exchange.status else {
                assert_eq!(got, None, "{what}");
                refused += 1;
                stream = TcpStream::connect(address).await.unwrap();
                continue;
            };
            let (line, fields, body) = got.unwrap_or_else(|| panic!("{what}: no answer"));
            assert!(line.starts_with(&format!("HTTP/1.1 {status} ")), "{what}: {line}");
            assert_eq!(
                without_number(&fields),
                without_number(&exchange.headers),
                "{what}"
            );
            assert_eq!(
                Some(&body),
                exchange.response.as_ref().map(|response| &response.0)
            );
            if let Some((_, value)) = fields.iter().find(|(name, _)| name == "Set-Cookie") {
                cookie = Some(value.clone());
            }
            answered += 1;
        }
        assert_eq!(device.with(|device| device.sessions), 1, "{}", vector.name);
        serving.abort();
    }
    assert!(
        answered > 150 && refused > 1,
        "{answered} answered, {refused} refused"
    );
}
