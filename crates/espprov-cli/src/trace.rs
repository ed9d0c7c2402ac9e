//! Records what goes over a link: one JSON object per line, in a file only its owner may read.
//!
//! The first line is a header, `{"trace":"espprov","version":1,…}`; every other line has an `"event"` and `"ms"`,
//! milliseconds since the header:
//!
//! * `exchange{ms, endpoint, request_len, request?, reply_len?, reply?, took_ms, masked?, fault?, error?}`:
//!   `request` and `reply` are hex, as they went over the link (encrypted, where the session is);
//! * `reconnect{ms, fresh, error?}` · `close{ms}` · `session{ms, security}`;
//! * `entropy{ms, hex}`: random bytes drawn for a handshake, only with `--trace-secrets`. With them and the
//!   credentials the handshake can be done again, and so everything after it be decrypted.
//!
//! Without `--trace-secrets`, bytes that travel unencrypted and may hold a secret are left out (`masked`).

use crate::errors::{Failure, file};
use crate::link::{Link, LinkError};
use crate::output::Output;
use core::cell::{Cell, RefCell};
use core::time::Duration;
use espprov_transport::{Endpoint, Limits, Reconnect, SessionIntent, Transport, TransportError};
use espprov_types::hex::Hex;
use getrandom::SysRng;
use rand_core::{TryCryptoRng, TryRng};
use serde_json::{Map, Value, json};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::rc::Rc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The file, shared by all who have something to record.
pub(crate) struct Recorder {
    file: Option<RefCell<File>>,
    secrets: bool,
    start: Instant,
    /// Application data is enciphered; false until a session says so.
    enciphered: Cell<bool>,
    out: Rc<Output>,
}

impl Recorder {
    /// Opens the file, if one was asked for. What was in it is gone.
    pub(crate) fn new(
        path: Option<&Path>,
        secrets: bool,
        target: &str,
        out: Rc<Output>,
    ) -> Result<Rc<Self>, Failure> {
        let file = path
            .map(|path| create(path).map_err(|error| file("write the trace", path, &error)))
            .transpose()?
            .map(RefCell::new);
        let recorder = Self {
            file,
            secrets,
            start: Instant::now(),
            enciphered: Cell::new(false),
            out,
        };
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        recorder.write(&json!({
            "trace": "espprov",
            "version": 1,
            "program": env!("CARGO_PKG_VERSION"),
            "unix_time": since_1970.as_secs(),
            "target": target,
            "secrets": secrets,
        }));
        Ok(Rc::new(recorder))
    }

    /// A session began.
    pub(crate) fn session(&self, security: Option<u8>) {
        // Schemes 1 and 2 encipher; what else there may be is treated as plaintext.
        self.enciphered.set(matches!(security, Some(1 | 2)));
        self.event("session", [("security", json!(security))]);
    }

    fn event<const N: usize>(&self, event: &str, fields: [(&str, Value); N]) {
        if self.file.is_none() {
            return;
        }
        let mut line = Map::new();
        line.insert("event".to_owned(), json!(event));
        line.insert("ms".to_owned(), json!(millis(self.start.elapsed())));
        line.extend(
            fields
                .into_iter()
                .filter(|(_, value)| !value.is_null() || event == "session")
                .map(|(key, value)| (key.to_owned(), value)),
        );
        self.write(&Value::Object(line));
    }

    fn write(&self, line: &Value) {
        if let Some(file) = &self.file
            && let Err(error) = writeln!(file.borrow_mut(), "{line}")
        {
            self.out.warn(
                "trace_incomplete",
                format!("the trace is incomplete: {}", error.kind()),
            );
        }
    }

    /// Whether these bytes may be seen.
    fn may_show(&self, endpoint: Endpoint<'_>, request: &[u8], is_request: bool) -> bool {
        if self.secrets || !endpoint.is_encrypted() || self.enciphered.get() {
            return true;
        }
        match endpoint {
            Endpoint::PROV_SCAN | Endpoint::PROV_CTRL => true,
            // Answers tell the network's name and the device's address; requests longer than an empty message
            // hold credentials.
            Endpoint::PROV_CONFIG => !is_request || request.len() <= 4,
            _ => false,
        }
    }
}

/// A new file that only its owner may read.
fn create(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        options.mode(0o600);
        let file = options.open(path)?;
        // It may have been there before, with other permissions.
        if file.metadata()?.is_file() {
            file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        }
        Ok(file)
    }
    #[cfg(not(unix))]
    options.open(path)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A link that is recorded.
pub(crate) struct Traced {
    link: Link,
    recorder: Rc<Recorder>,
}

impl Traced {
    pub(crate) const fn new(link: Link, recorder: Rc<Recorder>) -> Self {
        Self { link, recorder }
    }
}

impl Transport for Traced {
    type Error = LinkError;

    async fn exchange(
        &mut self,
        endpoint: Endpoint<'_>,
        buf: &mut [u8],
        len: usize,
    ) -> Result<usize, LinkError> {
        let recorder = &self.recorder;
        if recorder.file.is_none() && recorder.out.verbosity() < 2 {
            return self.link.exchange(endpoint, buf, len).await;
        }
        // `buf` will be overwritten. The guard writes the line even if this future is dropped.
        let sent = buf.get(..len).unwrap_or_default();
        let shown = recorder.may_show(endpoint, sent, true);
        let mut line = Line {
            recorder,
            endpoint: endpoint.as_str().to_owned(),
            request_len: len,
            request: shown.then(|| Hex(sent).to_string()),
            reply_shown: recorder.may_show(endpoint, sent, false),
            started: Instant::now(),
            end: None,
        };
        let result = self.link.exchange(endpoint, buf, len).await;
        line.end = Some(match &result {
            Ok(n) => Ok(buf.get(..*n).unwrap_or_default().to_vec()),
            Err(error) => Err(error.clone()),
        });
        drop(line);
        result
    }

    fn limits(&self) -> Limits {
        self.link.limits()
    }

    fn delivered(&self) -> bool {
        self.link.delivered()
    }

    fn endpoints(&self, visit: &mut dyn FnMut(&str)) {
        self.link.endpoints(visit);
    }

    async fn close(&mut self) {
        self.recorder.event("close", []);
        self.link.close().await;
    }
}

impl Reconnect for Traced {
    async fn reconnect(&mut self, intent: SessionIntent) -> Result<(), LinkError> {
        self.recorder.enciphered.set(false);
        let result = self.link.reconnect(intent).await;
        self.recorder.event(
            "reconnect",
            [
                ("fresh", json!(intent == SessionIntent::Fresh)),
                ("error", json!(result.as_ref().err().map(ToString::to_string))),
            ],
        );
        result
    }
}

/// One exchange, written when dropped.
struct Line<'r> {
    recorder: &'r Recorder,
    endpoint: String,
    request_len: usize,
    request: Option<String>,
    reply_shown: bool,
    started: Instant,
    end: Option<Result<Vec<u8>, LinkError>>,
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        let (reply, error) = match self.end.take() {
            Some(Ok(reply)) => (Some(zeroize::Zeroizing::new(reply)), None),
            Some(Err(error)) => (None, Some((fault_name(&error), error.to_string()))),
            None => (
                None,
                Some(("abandoned", "no answer within the time limit".to_owned())),
            ),
        };
        let took = millis(self.started.elapsed());
        let masked = self.request.is_none() || (reply.is_some() && !self.reply_shown);
        self.recorder.out.detail(
            2,
            &format!(
                "{}: {} bytes, {} in {took} ms",
                self.endpoint,
                self.request_len,
                match (&reply, &error) {
                    (Some(reply), _) => format!("{} bytes back", reply.len()),
                    (None, Some((_, error))) => error.clone(),
                    (None, None) => String::new(),
                }
            ),
        );
        self.recorder.event(
            "exchange",
            [
                ("endpoint", json!(self.endpoint)),
                ("request_len", json!(self.request_len)),
                ("request", json!(self.request.take())),
                ("reply_len", json!(reply.as_ref().map(|reply| reply.len()))),
                (
                    "reply",
                    json!(
                        reply
                            .as_ref()
                            .filter(|_| self.reply_shown)
                            .map(|reply| Hex(reply).to_string())
                    ),
                ),
                ("took_ms", json!(took)),
                ("masked", json!(masked.then_some(true))),
                ("fault", json!(error.as_ref().map(|(fault, _)| *fault))),
                ("error", json!(error.as_ref().map(|(_, error)| error))),
            ],
        );
    }
}

fn fault_name(error: &LinkError) -> &'static str {
    use espprov_transport::LinkFault as F;
    match error.fault() {
        F::Refused { .. } => "refused",
        F::NoSuchEndpoint => "no_such_endpoint",
        F::Lost { .. } => "lost",
        F::TimedOut { .. } => "timed_out",
        F::NeedsPairing => "needs_pairing",
        F::RequestTooLarge { .. } => "request_too_large",
        F::ReplyTooLarge { .. } => "reply_too_large",
        F::NeedsReconnect => "needs_reconnect",
        _ => "garbled",
    }
}

/// The system's random numbers, recorded where secrets may be.
pub(crate) struct Entropy(pub(crate) Rc<Recorder>);

impl Entropy {
    fn record(&self, bytes: &[u8]) {
        if self.0.secrets {
            self.0.event("entropy", [("hex", json!(Hex(bytes).to_string()))]);
        }
    }
}

impl TryRng for Entropy {
    type Error = getrandom::Error;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let word = SysRng.try_next_u32()?;
        self.record(&word.to_le_bytes());
        Ok(word)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let word = SysRng.try_next_u64()?;
        self.record(&word.to_le_bytes());
        Ok(word)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        SysRng.try_fill_bytes(bytes)?;
        self.record(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Entropy {}
