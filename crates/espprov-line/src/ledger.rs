//! The ledger of a batch: which device was tried, and what came of it. A file of JSON lines that survives a power cut at any moment.
//!
//! A device is written down before it is touched and again when its end is known, each time synced to the disk. So an attempt
//! without a result says exactly that: nobody knows. The next run looks at such a device before it does anything to it.
//!
//! ```
//! use espprov_line::ledger::{End, Ledger, State};
//!
//! let folder = std::env::temp_dir().join(format!("ledger-example-{}", std::process::id()));
//! std::fs::create_dir_all(&folder)?;
//! let path = folder.join("devices.ledger.jsonl");
//!
//! let mut ledger = Ledger::open(&path, "station-1")?;
//! ledger.attempt("PROV_1", "ble:PROV_1")?; // synced: now the device may be touched
//! drop(ledger); // the power fails
//!
//! let mut ledger = Ledger::open(&path, "station-1")?;
//! assert_eq!(ledger.state("PROV_1"), State::Unknown);
//! ledger.result("PROV_1", "ble:PROV_1", &End::ok("connected", None, 1200))?;
//! assert_eq!(ledger.state("PROV_1"), State::Done);
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), espprov_line::ledger::LedgerError>(())
//! ```

use core::fmt;
use core::net::Ipv4Addr;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// More than any ledger has.
const MOST: u64 = 256 << 20;

/// What is known of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// Nothing: it was never tried.
    New,
    /// It was tried, and nobody wrote down what came of it.
    Unknown,
    /// It is done.
    Done,
    /// It failed, with this outcome.
    Failed(String),
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct End {
    /// The device is on its network.
    pub ok: bool,
    /// The word for it, as the command's results have it.
    pub outcome: String,
    /// Its address.
    pub ip: Option<Ipv4Addr>,
    /// The code of the error.
    pub error: Option<String>,
    /// How long it took.
    pub ms: u64,
}

impl End {
    /// A device that is done.
    #[must_use]
    pub fn ok(outcome: &str, ip: Option<Ipv4Addr>, ms: u64) -> Self {
        Self {
            ok: true,
            outcome: outcome.to_owned(),
            ip,
            error: None,
            ms,
        }
    }

    /// One that is not, with the error's code.
    #[must_use]
    pub fn failed(outcome: &str, error: &str, ms: u64) -> Self {
        Self {
            ok: false,
            outcome: outcome.to_owned(),
            ip: None,
            error: Some(error.to_owned()),
            ms,
        }
    }
}

/// Why a ledger cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum LedgerError {
    /// The system does not read or write it.
    Io(io::Error),
    /// Another run has it open.
    InUse,
    /// A line of it is none of a ledger.
    NotALedger {
        /// Which.
        line: usize,
    },
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::InUse => f.write_str("another run has this ledger open"),
            Self::NotALedger { line } => write!(f, "line {line} is none of a ledger"),
        }
    }
}

impl core::error::Error for LedgerError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            // Its text is this error's.
            Self::Io(error) => error.source(),
            _ => None,
        }
    }
}

impl From<io::Error> for LedgerError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line<'a> {
    Attempt {
        key: Cow<'a, str>,
        target: Cow<'a, str>,
        station: Cow<'a, str>,
        at: u64,
    },
    DeviceResult {
        key: Cow<'a, str>,
        target: Cow<'a, str>,
        ok: bool,
        outcome: Cow<'a, str>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ip: Option<Ipv4Addr>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<Cow<'a, str>>,
        ms: u64,
        at: u64,
    },
}

/// A ledger in a file, this run's alone as long as it is open.
#[derive(Debug)]
pub struct Ledger {
    file: File,
    /// Bytes of whole lines.
    length: u64,
    station: String,
    states: HashMap<String, State>,
}

impl Ledger {
    /// Opens a ledger, or makes one that only its owner can read. A last line that a power cut broke off is taken away.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn open(path: &Path, station: &str) -> Result<Self, LedgerError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let mut file = options.open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(LedgerError::InUse),
            Err(std::fs::TryLockError::Error(error)) => return Err(error.into()),
        }
        let mut bytes = Vec::new();
        (&mut file).take(MOST + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MOST {
            return Err(LedgerError::NotALedger { line: 1 });
        }
        let whole = bytes
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |last| last + 1);
        let states = states(bytes.get(..whole).unwrap_or_default())?;
        // A file that is somebody else's has a last line of its own; a ledger's begins like one.
        let torn = bytes.get(whole..).unwrap_or_default();
        let begin = b"{\"event\":\"";
        if !torn.is_empty() && !torn.iter().zip(begin).all(|(a, b)| a == b) {
            return Err(LedgerError::NotALedger {
                line: bytes.iter().filter(|byte| **byte == b'\n').count() + 1,
            });
        }
        let mut ledger = Self {
            file,
            length: whole as u64,
            station: station.to_owned(),
            states,
        };
        ledger.cut()?;
        // The file's name is on the disk, too.
        #[cfg(unix)]
        if let Some(folder) = path.parent() {
            let folder = if folder.as_os_str().is_empty() {
                Path::new(".")
            } else {
                folder
            };
            File::open(folder)?.sync_all()?;
        }
        Ok(ledger)
    }

    /// What is known of this device.
    #[must_use]
    pub fn state(&self, key: &str) -> State {
        self.states.get(key).cloned().unwrap_or(State::New)
    }

    /// Writes down that the device is about to be touched. It must not be before this has succeeded.
    ///
    /// # Errors
    /// The disk did not take it: nothing of it is in the file.
    pub fn attempt(&mut self, key: &str, target: &str) -> Result<(), LedgerError> {
        let line = Line::Attempt {
            key: key.into(),
            target: target.into(),
            station: Cow::Borrowed(&self.station),
            at: now(),
        };
        let text = serde_json::to_string(&line).map_err(io::Error::from)?;
        self.write(text)?;
        self.states.insert(key.to_owned(), State::Unknown);
        Ok(())
    }

    /// Writes down what came of it.
    ///
    /// # Errors
    /// The disk did not take it: the device is looked at in the next run.
    pub fn result(&mut self, key: &str, target: &str, end: &End) -> Result<(), LedgerError> {
        let line = Line::DeviceResult {
            key: key.into(),
            target: target.into(),
            ok: end.ok,
            outcome: Cow::Borrowed(&end.outcome),
            ip: end.ip,
            error: end.error.as_deref().map(Cow::Borrowed),
            ms: end.ms,
            at: now(),
        };
        let text = serde_json::to_string(&line).map_err(io::Error::from)?;
        self.write(text)?;
        let state = if end.ok {
            State::Done
        } else {
            State::Failed(end.outcome.clone())
        };
        self.states.insert(key.to_owned(), state);
        Ok(())
    }

    /// A line more, on the disk when this returns; or the file as it was.
    fn write(&mut self, mut text: String) -> Result<(), LedgerError> {
        text.push('\n');
        let written = self
            .file
            .write_all(text.as_bytes())
            .and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => {
                self.length += text.len() as u64;
                Ok(())
            }
            Err(error) => {
                // Half a line must not stand in front of the next one.
                let _ = self.cut();
                Err(error.into())
            }
        }
    }

    fn cut(&mut self) -> Result<(), LedgerError> {
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.length))?;
        Ok(())
    }
}

fn states(text: &[u8]) -> Result<HashMap<String, State>, LedgerError> {
    let mut states = HashMap::new();
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        if line.is_empty() {
            continue;
        }
        let line = serde_json::from_slice(line).map_err(|_| LedgerError::NotALedger { line: index + 1 })?;
        match line {
            Line::Attempt { key, .. } => states.insert(key.into_owned(), State::Unknown),
            Line::DeviceResult { key, ok: true, .. } => states.insert(key.into_owned(), State::Done),
            Line::DeviceResult { key, outcome, .. } => {
                states.insert(key.into_owned(), State::Failed(outcome.into_owned()))
            }
        };
    }
    Ok(states)
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::{AtomicU32, Ordering};
    use std::path::PathBuf;

    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            static COUNT: AtomicU32 = AtomicU32::new(0);
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = std::env::temp_dir().join(format!("espprov-ledger-{}-{count}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn file(&self) -> PathBuf {
            self.0.join("l.jsonl")
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_ledger_cut_anywhere_says_no_more_than_was_on_the_disk() {
        let folder = Folder::new();
        let mut ledger = Ledger::open(&folder.file(), "one").unwrap();
        ledger.attempt("a", "sim").unwrap();
        ledger
            .result("a", "sim", &End::ok("connected", Some(Ipv4Addr::LOCALHOST), 5))
            .unwrap();
        ledger.attempt("b", "sim").unwrap();
        ledger
            .result("b", "sim", &End::failed("auth_error", "auth_error", 5))
            .unwrap();
        drop(ledger);
        let whole = std::fs::read(folder.file()).unwrap();
        let ends: Vec<usize> = whole
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'\n')
            .map(|(at, _)| at + 1)
            .collect();
        let state = |lines: usize| match lines {
            0 => (State::New, State::New),
            1 => (State::Unknown, State::New),
            2 => (State::Done, State::New),
            3 => (State::Done, State::Unknown),
            _ => (State::Done, State::Failed("auth_error".into())),
        };
        for cut in 0..=whole.len() {
            std::fs::write(folder.file(), &whole[..cut]).unwrap();
            let mut ledger = Ledger::open(&folder.file(), "one").unwrap();
            let lines = ends.iter().filter(|end| **end <= cut).count();
            assert_eq!((ledger.state("a"), ledger.state("b")), state(lines), "{cut}");
            // And it goes on in a line of its own.
            ledger.attempt("c", "sim").unwrap();
            drop(ledger);
            let text = std::fs::read_to_string(folder.file()).unwrap();
            assert_eq!(text.lines().count(), lines + 1, "{cut}");
            assert!(
                text.lines()
                    .all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok())
            );
        }
    }

    #[test]
    fn one_run_at_a_time_and_only_ledgers() {
        let folder = Folder::new();
        let first = Ledger::open(&folder.file(), "one").unwrap();
        assert!(matches!(
            Ledger::open(&folder.file(), "two"),
            Err(LedgerError::InUse)
        ));
        drop(first);
        assert!(Ledger::open(&folder.file(), "two").is_ok());
        for (text, line) in [
            ("hello\n", 1),
            ("name,target\nA,sim", 1),
            ("{\"event\":\"other\"}\n", 1),
            ("notes", 1),
        ] {
            std::fs::write(folder.file(), text).unwrap();
            let told = Ledger::open(&folder.file(), "one");
            assert!(
                matches!(told, Err(LedgerError::NotALedger { line: told }) if told == line),
                "{text}: {told:?}"
            );
            assert_eq!(
                std::fs::read_to_string(folder.file()).unwrap(),
                text,
                "it is left as it was"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = Folder::new();
        drop(Ledger::open(&folder.file(), "one").unwrap());
        let mode = std::fs::metadata(folder.file()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
