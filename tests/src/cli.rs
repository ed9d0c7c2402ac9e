//! Running the real binary: what it prints, how it ends, and simulated devices for it.

use crate::bin;
use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// No run of a test takes longer.
const LIMIT: Duration = Duration::from_secs(30);

/// The binary, without any of the variables that it looks at.
#[must_use]
pub fn espprov() -> Command {
    let mut command = Command::new(bin());
    for variable in [
        "ESPPROV_POP",
        "ESPPROV_USERNAME",
        "ESPPROV_PASSWORD",
        "ESPPROV_PASSPHRASE",
        "ESPPROV_TARGET",
        "NO_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
    ] {
        command.env_remove(variable);
    }
    command.stdin(Stdio::null());
    command
}

/// How a run ended.
#[derive(Debug)]
pub struct Run {
    /// Exit status.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Wall time.
    pub took: Duration,
}

impl Run {
    /// The lines of standard output, each of which has to be a JSON object with an event; the last one, and no
    /// other, the result.
    ///
    /// # Panics
    /// When they are not.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        let events: Vec<Value> = self
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect();
        let results = events.iter().filter(|event| event["event"] == "result").count();
        assert_eq!(results, 1, "{}", self.stdout);
        assert!(
            events.iter().all(|event| event["event"].is_string()),
            "{}",
            self.stdout
        );
        let last = events.last().expect("there is a result");
        assert_eq!(last["event"], "result", "{}", self.stdout);
        assert_eq!(last["ok"], Value::Bool(self.code == 0), "{}", self.stdout);
        assert_eq!(last.get("error").is_some(), self.code != 0, "{}", self.stdout);
        events
    }

    /// The result line.
    ///
    /// # Panics
    /// As [`events`](Self::events).
    #[must_use]
    pub fn result(&self) -> Value {
        self.events().pop().expect("there is a result")
    }

    /// Names of the events in order.
    ///
    /// # Panics
    /// As [`events`](Self::events).
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let events = self.events();
        events
            .iter()
            .map(|event| event["event"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Codes of the warnings in order.
    ///
    /// # Panics
    /// As [`events`](Self::events).
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let events = self.events();
        events
            .iter()
            .filter(|event| event["event"] == "warning")
            .map(|event| event["code"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Checks exit status and code of an error, and that it says what happened, why, and what to do next.
    ///
    /// # Panics
    /// When it does not.
    pub fn assert_error(&self, exit: i32, code: &str) {
        assert_eq!(self.code, exit, "{self:?}");
        if self.stdout.starts_with('{') {
            let error = &self.result()["error"];
            assert_eq!(error["code"], code, "{self:?}");
            for field in ["message", "cause", "help"] {
                assert!(
                    error[field].as_str().is_some_and(|text| text.len() > 8),
                    "{self:?}"
                );
            }
        } else {
            assert!(self.stderr.contains(&format!("error[{code}]: ")), "{self:?}");
            assert!(self.stderr.contains("\n  cause: "), "{self:?}");
            assert!(self.stderr.contains("\n  next:  "), "{self:?}");
        }
    }
}

/// Runs the binary with these arguments.
///
/// # Panics
/// When it cannot be started, or takes too long.
#[must_use]
pub fn run(args: &[&str]) -> Run {
    finish(espprov().args(args), b"")
}

/// The arguments of a line without quotes.
#[must_use]
pub fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// Runs a prepared command and feeds it `input`.
///
/// # Panics
/// When it cannot be started, or takes too long.
#[must_use]
pub fn finish(command: &mut Command, input: &[u8]) -> Run {
    let started = Instant::now();
    if !input.is_empty() {
        command.stdin(Stdio::piped());
    }
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ends early does not read all of it.
        let _ = stdin.write_all(input);
    }
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let code = wait(&mut child);
    Run {
        code,
        stdout: stdout.join().expect("reading stdout"),
        stderr: stderr.join().expect("reading stderr"),
        took: started.elapsed(),
    }
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn wait(child: &mut Child) -> i32 {
    let until = Instant::now() + LIMIT;
    loop {
        if let Some(status) = child.try_wait().expect("waiting for the binary") {
            return status.code().unwrap_or(-1);
        }
        if Instant::now() > until {
            let _ = child.kill();
            let _ = child.wait();
            panic!("the binary did not end within {LIMIT:?}");
        }
        std::thread::sleep(Duration::from_millis(3));
    }
}

/// A simulated device in a process of its own; it ends when this is dropped.
#[derive(Debug)]
pub struct Simulator {
    child: Child,
    /// Where it is: `http://127.0.0.1:PORT` or `serial:/dev/…`.
    pub url: String,
}

impl Simulator {
    /// `espprov simulate --http 127.0.0.1:0` with further arguments, ready to be talked to.
    ///
    /// # Panics
    /// When it does not get ready.
    #[must_use]
    pub fn start(args: &[&str]) -> Self {
        Self::start_with(args, &[])
    }

    /// The same in an environment with these variables.
    ///
    /// # Panics
    /// When it does not get ready.
    #[must_use]
    pub fn start_with(args: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::listening("http", &["--http", "127.0.0.1:0"], args, variables)
    }

    /// `espprov simulate --pty` with further arguments, ready to be talked to.
    ///
    /// # Panics
    /// When it does not get ready.
    #[must_use]
    pub fn on_pty(args: &[&str]) -> Self {
        Self::listening("serial", &["--pty"], args, &[])
    }

    fn listening(transport: &str, place: &[&str], args: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = espprov()
            .envs(variables.iter().copied())
            .args(["simulate", "--json"])
            .args(place)
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the simulator starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let _ = BufReader::new(stdout).read_line(&mut line);
        let event: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        assert_eq!(event["event"], "listening", "{line}");
        assert_eq!(event["transport"], transport, "{line}");
        let url = event["address"].as_str().expect("an address").to_owned();
        Self { child, url }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Many simulated devices in a process; they end when this is dropped.
#[derive(Debug)]
pub struct Farm {
    child: Child,
    /// The first line of the manifest.
    pub header: String,
    /// Its rows, cell by cell.
    pub rows: Vec<Vec<String>>,
}

impl Farm {
    /// `espprov simulate --count COUNT` on free ports, with further arguments.
    ///
    /// # Panics
    /// When it does not get ready.
    #[must_use]
    pub fn start(count: usize, args: &[&str]) -> Self {
        let mut child = espprov()
            .args(["simulate", "--http", "127.0.0.1:0", "--count", &count.to_string()])
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the simulator starts");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is a pipe"))
            .lines()
            .map(|line| line.expect("text"));
        let header = lines.next().unwrap_or_default();
        let rows = lines
            .take(count)
            .map(|line| line.split(',').map(str::to_owned).collect())
            .collect();
        Self { child, header, rows }
    }
}

impl Drop for Farm {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A directory of one test's own; gone when this is dropped.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes it.
    ///
    /// # Panics
    /// When the system does not allow it.
    #[must_use]
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("espprov-test-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary directory");
        Self(path)
    }

    /// A path inside.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    /// Writes a file inside and returns its path.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::write(Path::new(&path), text).expect("a temporary file");
        path
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
