//! A scripted HTTP server on loopback, and connections that need no socket.
#![allow(dead_code, reason = "every test file uses its own part")]

pub(crate) mod canned;

use core::net::SocketAddr;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use espprov_http::{Connect, HttpError, HttpTarget, HttpTransport};
use espprov_transport::{Endpoint, Transport};
use std::io;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the server does next on a connection. When the script ends, it closes the connection.
#[derive(Clone)]
pub(crate) enum Step {
    /// Reads one request, head and body, and records it.
    Read,
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends these bytes one at a time, each in a segment of its own, this far apart.
    Trickle(Vec<u8>, Duration),
    /// Waits for data and closes without reading it, which resets the connection.
    Reset,
    /// Keeps the connection open until the client closes it.
    Hold,
}

/// A success with this body and these extra header lines (each ending in CR LF).
pub(crate) fn ok(extra: &str, body: &str) -> Step {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n{extra}\r\n",
        body.len()
    );
    Step::Send(format!("{head}{body}").into_bytes())
}

pub(crate) fn send(bytes: &str) -> Step {
    Step::Send(bytes.as_bytes().to_vec())
}

/// An answer with this status line's rest and a short text.
pub(crate) fn status(line: &str) -> Step {
    send(&format!("HTTP/1.1 {line}\r\nContent-Length: 4\r\n\r\ntext"))
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<(usize, String)>>>,
    closed: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Server {
    /// Listens on 127.0.0.1; the n-th connection follows the n-th script, later ones are closed at once.
    pub(crate) async fn start(scripts: impl IntoIterator<Item = Vec<Step>>) -> Self {
        Self::start_on("127.0.0.1:0", scripts).await.unwrap()
    }

    pub(crate) async fn start_on(
        address: &str,
        scripts: impl IntoIterator<Item = Vec<Step>>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let scripts: Vec<_> = scripts.into_iter().collect();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&requests);
        let closed = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&closed);
        let task = tokio::spawn(async move {
            let mut scripts = scripts.into_iter();
            for connection in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let script = scripts.next().unwrap_or_default();
                let (log, count) = (Arc::clone(&log), Arc::clone(&count));
                tokio::spawn(async move {
                    follow(stream, script, connection, log).await;
                    count.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        Ok(Self {
            address,
            requests,
            closed,
            task,
        })
    }

    pub(crate) fn client(&self) -> HttpTransport {
        HttpTransport::new(HttpTarget::from(self.address))
    }

    /// Waits until the server has closed this many connections.
    pub(crate) async fn until_closed(&self, count: usize) {
        while self.closed.load(Ordering::SeqCst) < count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// The requests so far, each with the number of its connection.
    pub(crate) fn requests(&self) -> Vec<(usize, String)> {
        self.requests.lock().unwrap().clone()
    }

    /// Number of the connection and `Cookie` header of each request so far.
    pub(crate) fn cookies(&self) -> Vec<(usize, Option<String>)> {
        let cookie = |text: &str| {
            let line = text.split("\r\n").find_map(|line| line.strip_prefix("Cookie: "));
            line.map(str::to_owned)
        };
        let requests = self.requests();
        requests.iter().map(|(n, text)| (*n, cookie(text))).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn follow(
    mut stream: TcpStream,
    script: Vec<Step>,
    connection: usize,
    log: Arc<Mutex<Vec<(usize, String)>>>,
) {
    stream.set_nodelay(true).unwrap();
    for step in script {
        match step {
            Step::Read => {
                let Some(request) = read_request(&mut stream).await else {
                    return;
                };
                log.lock().unwrap().push((connection, request));
            }
            Step::Send(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Step::Trickle(bytes, gap) => {
                for byte in bytes {
                    if stream.write_all(&[byte]).await.is_err() {
                        return;
                    }
                    tokio::time::sleep(gap).await;
                }
            }
            Step::Reset => stream.readable().await.unwrap(),
            Step::Hold => {
                let mut rest = [0; 64];
                while stream.read(&mut rest).await.is_ok_and(|n| n > 0) {}
            }
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .split("\r\n")
                .find_map(|line| line.strip_prefix("Content-Length: "))
                .expect("a request has a Content-Length header");
            if body.len() >= length.parse().unwrap() {
                return Some(text);
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// One exchange of text, with a buffer of 512 bytes.
pub(crate) async fn say<C: Connect>(
    client: &mut HttpTransport<C>,
    endpoint: &str,
    text: &str,
) -> Result<String, HttpError> {
    let mut buf = [0; 512];
    buf[..text.len()].copy_from_slice(text.as_bytes());
    let endpoint = Endpoint::custom(endpoint).unwrap();
    let len = client.exchange(endpoint, &mut buf, text.len()).await?;
    Ok(String::from_utf8(buf[..len].to_vec()).unwrap())
}
