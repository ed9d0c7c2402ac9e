//! Records what goes over a link: one JSON object per line, in a file only its owner may read. Each line is written
//! whole or not at all.
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
//! Without `--trace-secrets`, bytes that travel unencrypted and may hold a secret are left out (`masked`). The file
//! is opened, and what was in it lost, only when the command line has been found good.

use crate::errors::{Class, Failure, file};
use crate::output::{Output, Success};
use crate::signals::unblock;
use core::cell::{Cell, RefCell};
use core::time::Duration;
use espprov::link::{AnyLink, AnyLinkError};
use espprov_transport::{Endpoint, Limits, Reconnect, SessionIntent, Transport, TransportError};
use espprov_types::hex::Hex;
use getrandom::SysRng;
use rand_core::{TryCryptoRng, TryRng};
use serde::Serialize;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The first line.
#[derive(Serialize)]
struct Header<'a> {
    trace: &'static str,
    version: u8,
    program: &'static str,
    unix_time: u64,
    target: &'a str,
    secrets: bool,
}

/// Every other line: one variant per `event`, in the order of the fields.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Record<'a> {
    Exchange {
        ms: u64,
        endpoint: &'a str,
        request_len: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        request: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reply_len: Option<usize>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reply: Option<String>,
        took_ms: u64,
        #[serde(skip_serializing_if = "core::ops::Not::not")]
        masked: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        fault: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    Session {
        ms: u64,
        security: Option<u8>,
    },
    Reconnect {
        ms: u64,
        fresh: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    Close {
        ms: u64,
    },
    Entropy {
        ms: u64,
        hex: String,
    },
}

/// The file, shared by all who have something to record.
pub(crate) struct Recorder {
    path: Option<PathBuf>,
    file: RefCell<Option<File>>,
    /// Why the file is not whole.
    lost: Cell<Option<std::io::ErrorKind>>,
    secrets: bool,
    target: String,
    start: Cell<Instant>,
    /// Application data is enciphered; false until a session says so.
    enciphered: Cell<bool>,
    out: Rc<Output>,
}

impl Recorder {
    /// Will record in `path`, if there is one, what is done with `target`.
    pub(crate) fn new(path: Option<PathBuf>, secrets: bool, target: String, out: Rc<Output>) -> Rc<Self> {
        Rc::new(Self {
            path,
            file: RefCell::new(None),
            lost: Cell::new(None),
            secrets,
            target,
            start: Cell::new(Instant::now()),
            enciphered: Cell::new(false),
            out,
        })
    }

    /// Opens the file, if one was asked for. What was in it is gone.
    pub(crate) async fn open(&self) -> Result<(), Failure> {
        let Some(path) = self.path.clone() else {
            return Ok(());
        };
        // A named pipe waits for its reader.
        let file = unblock(move || create(&path).map_err(|error| file("write the trace", &path, &error)));
        *self.file.borrow_mut() = Some(file.await?);
        self.start.set(Instant::now());
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.write(&Header {
            trace: "espprov",
            version: 1,
            program: env!("CARGO_PKG_VERSION"),
            unix_time: since_1970.as_secs(),
            target: &self.target,
            secrets: self.secrets,
        });
        Ok(())
    }

    /// Something is recorded, or told on the terminal.
    fn is_wanted(&self) -> bool {
        self.path.is_some() || self.out.verbosity() >= 2
    }

    /// A session began.
    pub(crate) fn session(&self, security: Option<u8>) {
        // Schemes 1 and 2 encipher; what else there may be is treated as plaintext.
        self.enciphered.set(matches!(security, Some(1 | 2)));
        self.write(&Record::Session {
            ms: self.ms(),
            security,
        });
    }

    /// A run whose trace is not whole did not do what was asked for, whatever became of the device.
    pub(crate) fn check(&self, end: Result<Success, Failure>) -> Result<Success, Failure> {
        match (end, self.lost.get()) {
            (Ok(success), Some(kind)) => {
                let summary = if success.summary.is_empty() {
                    "the job is done"
                } else {
                    &success.summary
                };
                let message = format!(
                    "{summary}; but the trace took only a part: {}",
                    espprov::explain::io::io_reason(kind)
                );
                Err(Failure::new(Class::Unexpected, "trace_incomplete", message)
                    .with_cause("the disk is full, or what reads the trace has gone")
                    .with_help("make room; for a whole trace, run again")
                    .with_outcome(success.outcome))
            }
            (end, _) => end,
        }
    }

    fn ms(&self) -> u64 {
        millis(self.start.get().elapsed())
    }

    fn write(&self, line: &impl Serialize) {
        let mut file = self.file.borrow_mut();
        let Some(open) = &mut *file else { return };
        // Strings and numbers always serialise.
        let mut bytes = serde_json::to_vec(line).unwrap_or_default();
        bytes.push(b'\n');
        if let Err(error) = open.write_all(&bytes) {
            self.lost.set(Some(error.kind()));
            *file = None;
        }
    }

    /// Whether these bytes may be seen.
    fn may_show(&self, endpoint: Endpoint<'_>, request: &[u8], is_request: bool) -> bool {
        if self.secrets || !endpoint.is_encrypted() || self.enciphered.get() {
            return true;
        }
        // Answers tell the network's name and the device's address; requests longer than an empty message hold
        // credentials.
        let harmless = endpoint == Endpoint::PROV_CONFIG && (!is_request || request.len() <= 4);
        harmless || endpoint == Endpoint::PROV_SCAN || endpoint == Endpoint::PROV_CTRL
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
    link: AnyLink,
    recorder: Rc<Recorder>,
}

impl Traced {
    pub(crate) const fn new(link: AnyLink, recorder: Rc<Recorder>) -> Self {
        Self { link, recorder }
    }
}

impl Transport for Traced {
    type Error = AnyLinkError;

    async fn exchange(
        &mut self,
        endpoint: Endpoint<'_>,
        buf: &mut [u8],
        len: usize,
    ) -> Result<usize, AnyLinkError> {
        let recorder = &self.recorder;
        if !recorder.is_wanted() {
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
        self.recorder.write(&Record::Close {
            ms: self.recorder.ms(),
        });
        self.link.close().await;
    }
}

impl Reconnect for Traced {
    async fn reconnect(&mut self, intent: SessionIntent) -> Result<(), AnyLinkError> {
        self.recorder.enciphered.set(false);
        let result = self.link.reconnect(intent).await;
        self.recorder.write(&Record::Reconnect {
            ms: self.recorder.ms(),
            fresh: intent == SessionIntent::Fresh,
            error: result.as_ref().err().map(ToString::to_string),
        });
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
    end: Option<Result<Vec<u8>, AnyLinkError>>,
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
        self.recorder.write(&Record::Exchange {
            ms: self.recorder.ms(),
            endpoint: &self.endpoint,
            request_len: self.request_len,
            request: self.request.as_deref(),
            reply_len: reply.as_ref().map(|reply| reply.len()),
            reply: reply
                .as_ref()
                .filter(|_| self.reply_shown)
                .map(|reply| Hex(reply).to_string()),
            took_ms: took,
            masked,
            fault: error.as_ref().map(|(fault, _)| *fault),
            error: error.map(|(_, error)| error),
        });
    }
}

fn fault_name(error: &AnyLinkError) -> &'static str {
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
            self.0.write(&Record::Entropy {
                ms: self.0.ms(),
                hex: Hex(bytes).to_string(),
            });
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
