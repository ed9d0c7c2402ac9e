//! A device over HTTP whose every answer is made by hand: what firmware of other makers, or none, would say.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What comes back for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// These bytes.
    Bytes(Vec<u8>),
    /// Status 404: no such endpoint.
    NotFound,
    /// The connection is closed without a byte, as stock firmware refuses.
    Close,
}

impl Answer {
    /// Bytes from hex.
    ///
    /// # Panics
    /// When it is no hex.
    #[must_use]
    pub fn hex(text: &str) -> Self {
        Self::Bytes(hex::decode(text).expect("hex"))
    }
}

/// A request: endpoint and body.
pub type Request = (String, Vec<u8>);

/// The device. It serves until the test ends.
#[derive(Debug)]
pub struct HandMade {
    /// Where it is.
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl HandMade {
    /// A device without security that answers by `answer`, and where that says nothing, as stock firmware that is
    /// ready does; scanning and changing its state are not among that.
    ///
    /// # Panics
    /// When there is no port to listen on.
    #[must_use]
    pub fn start(answer: impl Fn(&str, &[u8]) -> Option<Answer> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
                std::thread::spawn(move || {
                    let _ = serve(stream, &seen, |endpoint, body| {
                        answer(endpoint, body).unwrap_or_else(|| stock(endpoint, body))
                    });
                });
            }
        });
        Self { url, requests }
    }

    /// The requests so far: endpoint and body.
    ///
    /// # Panics
    /// When the device has broken.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("the device is whole").clone()
    }
}

/// What a request to `prov-config` asks for.
#[must_use]
pub fn is_status(endpoint: &str, body: &[u8]) -> bool {
    endpoint == "prov-config" && !is_set(endpoint, body) && !is_apply(endpoint, body)
}

/// It hands over credentials.
#[must_use]
pub fn is_set(endpoint: &str, body: &[u8]) -> bool {
    endpoint == "prov-config" && body.starts_with(&[8, 2])
}

/// It applies them.
#[must_use]
pub fn is_apply(endpoint: &str, body: &[u8]) -> bool {
    endpoint == "prov-config" && body.starts_with(&[8, 4])
}

fn stock(endpoint: &str, body: &[u8]) -> Answer {
    match endpoint {
        "proto-ver" => {
            Answer::Bytes(br#"{"prov":{"ver":"v1.1","sec_ver":0,"cap":["no_sec","wifi_scan"]}}"#.to_vec())
        }
        "prov-session" => Answer::hex("52050801aa0100"),
        _ if is_set(endpoint, body) => Answer::hex("08036a00"),
        _ if is_apply(endpoint, body) => Answer::hex("08057a00"),
        // Connecting.
        _ if is_status(endpoint, body) => Answer::hex("08015a021001"),
        _ => Answer::NotFound,
    }
}

fn serve(
    mut stream: TcpStream,
    seen: &Mutex<Vec<Request>>,
    answer: impl Fn(&str, &[u8]) -> Answer,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let path = line.split(' ').nth(1).unwrap_or_default();
        let endpoint = path.trim_start_matches('/').to_owned();
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            let header = header.trim().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or_default();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let reply = answer(&endpoint, &body);
        if let Ok(mut seen) = seen.lock() {
            seen.push((endpoint, body));
        }
        match reply {
            Answer::Close => return Ok(()),
            Answer::NotFound => stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")?,
            Answer::Bytes(bytes) => {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", bytes.len());
                stream.write_all(&[head.as_bytes(), &bytes].concat())?;
            }
        }
    }
}
