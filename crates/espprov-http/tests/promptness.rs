//! A server as devices have it: the head of an answer and its body are written apart, and the second waits until the first has
//! been acknowledged (Nagle's algorithm). What that costs an exchange is the client's to decide.
#![cfg(any(target_os = "linux", target_os = "android"))]

mod common;

use common::say;
use core::net::SocketAddr;
use core::time::Duration;
use espprov_http::{Connect, HttpTarget, HttpTransport};
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Instant;
use tokio::net::TcpStream;

/// Exchanges; the system acknowledges the first of a connection at once by itself.
const EXCHANGES: usize = 20;
const SETTLED: usize = 12;

/// TCP as it comes.
struct Plain;

impl Connect for Plain {
    type Stream = TcpStream;

    async fn connect(&mut self, target: &HttpTarget) -> io::Result<TcpStream> {
        let stream = TcpStream::connect((target.host(), target.port())).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

/// Serves one connection.
fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut piece = [0; 1024];
        while let Ok(len @ 1..) = stream.read(&mut piece) {
            request.extend_from_slice(&piece[..len]);
            // Its body is one byte.
            let Some(head) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
                continue;
            };
            if request.len() < head + 5 {
                continue;
            }
            request.clear();
            let answered = stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n")
                .and_then(|()| stream.write_all(b"x"));
            if answered.is_err() {
                return;
            }
        }
    });
    address
}

/// The quickest of the exchanges, once the connection has settled.
async fn quickest(mut link: HttpTransport<impl Connect>) -> Duration {
    let mut best = Duration::MAX;
    for number in 0..EXCHANGES {
        let start = Instant::now();
        assert_eq!(say(&mut link, "prov-config", "?").await.unwrap(), "x");
        if number >= SETTLED {
            best = best.min(start.elapsed());
        }
    }
    best
}

#[tokio::test]
async fn the_body_of_an_answer_does_not_wait_for_a_delayed_acknowledgement() {
    let target = || -> HttpTarget { format!("http://{}", serve()).parse().unwrap() };
    let plain = quickest(HttpTransport::with_connector(target(), Plain)).await;
    let ours = quickest(HttpTransport::new(target())).await;
    println!("an exchange: {ours:.2?}, and {plain:.2?} without acknowledging at once");
    assert!(
        ours * 4 < plain,
        "{ours:?}, and {plain:?} without acknowledging at once"
    );
}
