//! Everything the user sees, but for questions: events and results on stdout, progress and diagnostics on stderr.

pub(crate) mod human;
#[cfg(any(feature = "ble", feature = "line"))]
mod live;
mod report;
mod style;
mod text;

pub(crate) use espprov::text::{clean, is_harmless, quoted, shown};
#[cfg(feature = "line")]
pub(crate) use report::ErrorFields;
pub(crate) use report::{Report, Success};
pub(crate) use text::{padded, table, width};

use crate::args::Global;
use crate::errors::{Class, Failure, UNEXPECTED, exit_status};
use core::cell::{Cell, RefCell};
use espprov::explain::io::io_reason;
use indicatif::{ProgressBar, ProgressStyle};
#[cfg(any(feature = "ble", feature = "line"))]
pub(crate) use live::LiveTable;
use std::collections::HashSet;
use std::io::{ErrorKind, IsTerminal, Write};
use style::Paint;

/// Warnings that are given as often as they come: each is about a device, or a try, of its own.
const EACH_TIME: [&str; 3] = ["lease_elsewhere", "lease_lost", "retrying"];

/// Where output goes, and in which form. One for the whole run.
pub(crate) struct Output {
    json: bool,
    quiet: bool,
    verbose: u8,
    /// Events go to stderr, because stdout carries something else.
    to_stderr: Cell<bool>,
    /// People follow the events themselves, not only what comes of them.
    narrating: Cell<bool>,
    /// What the device says about itself is what was asked for.
    info_asked: Cell<bool>,
    /// What becomes of standard output.
    stdout: Cell<Stdout>,
    on_stdout: Paint,
    on_stderr: Paint,
    spinner: RefCell<Option<ProgressBar>>,
    /// Codes of the warnings given: once each is enough, but for those of [`EACH_TIME`].
    warned: RefCell<HashSet<&'static str>>,
    /// Steps told to people: once each is enough, however often they are taken again.
    told: RefCell<HashSet<String>>,
}

/// What becomes of standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stdout {
    Open,
    /// Its reader went away, as `head` does: nothing is missed.
    Closed,
    /// It took no more, for this reason.
    Lost(ErrorKind),
}

impl Output {
    pub(crate) fn new(global: &Global) -> Self {
        Self {
            json: global.json,
            quiet: global.quiet,
            verbose: global.verbose,
            to_stderr: Cell::new(false),
            narrating: Cell::new(false),
            info_asked: Cell::new(false),
            stdout: Cell::new(Stdout::Open),
            on_stdout: Paint::stdout(global.color),
            on_stderr: Paint::stderr(global.color),
            spinner: RefCell::new(None),
            warned: RefCell::new(HashSet::new()),
            told: RefCell::new(HashSet::new()),
        }
    }

    /// From now on stdout carries something else.
    pub(crate) fn divert_to_stderr(&self) {
        self.to_stderr.set(true);
    }

    /// From now on people are told every step, unless they asked for quiet.
    pub(crate) fn narrate(&self) {
        self.narrating.set(!self.quiet);
    }

    /// What the device says about itself is what was asked for.
    pub(crate) fn info_is_asked(&self) {
        self.info_asked.set(true);
    }

    /// One JSON object per line, and nothing else.
    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Somebody sits at a terminal and may be asked.
    pub(crate) fn may_ask(&self) -> bool {
        !self.json && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// A person looks at stdout: the place for things that do not belong into logs.
    pub(crate) fn is_watched(&self) -> bool {
        !self.json && !self.to_stderr.get() && std::io::stdout().is_terminal()
    }

    /// All output is seen by a person and goes nowhere else.
    pub(crate) fn is_private(&self) -> bool {
        self.is_watched() && std::io::stderr().is_terminal()
    }

    /// Reports an event.
    pub(crate) fn event(&self, report: &Report) {
        if let Report::Warning { code, message } = report {
            if self.quiet || (!self.warned.borrow_mut().insert(code) && !EACH_TIME.contains(code)) {
                return;
            }
            if !self.json {
                self.diagnose(&self.on_stderr.warning("warning"), message);
                return;
            }
        }
        let chatter = report.is_chatter() && !(self.info_asked.get() && report.is_info());
        if self.quiet && chatter {
            return;
        }
        if self.json {
            // Serialising strings and numbers cannot fail.
            self.print(&serde_json::to_string(report).unwrap_or_default());
            return;
        }
        if let Some(doing) = human::progress(report) {
            self.progress(doing);
        }
        if chatter && !self.narrating.get() {
            return;
        }
        for line in human::lines(report, &self.on_stdout) {
            if !chatter || report.may_repeat() || self.told.borrow_mut().insert(line.clone()) {
                self.print(&line);
            }
        }
    }

    /// Warns, once per code but for those of [`EACH_TIME`].
    pub(crate) fn warn(&self, code: &'static str, message: impl Into<String>) {
        self.event(&Report::Warning {
            code,
            message: message.into(),
        });
    }

    /// A line of a result for people; nothing in JSON.
    pub(crate) fn say(&self, line: &str) {
        if !self.json {
            self.print(line);
        }
    }

    /// The same with a label in front.
    pub(crate) fn say_labelled(&self, label: &str, text: &str) {
        self.say(&human::labelled(label, text, &self.on_stdout));
    }

    /// Bytes on stdout as they are.
    pub(crate) fn raw(&self, bytes: &[u8]) {
        self.suspended(|| self.write_stdout(bytes));
    }

    /// A line on stderr for who asked for more.
    pub(crate) fn detail(&self, level: u8, line: &str) {
        if self.verbose >= level {
            self.suspended(|| {
                let _ = writeln!(std::io::stderr().lock(), "{line}");
            });
        }
    }

    /// Standard output takes colours.
    #[cfg(feature = "line")]
    pub(crate) fn paints(&self) -> bool {
        self.on_stdout.paints()
    }

    /// How much was asked for.
    pub(crate) const fn verbosity(&self) -> u8 {
        self.verbose
    }

    /// Ends the run: the result line, or the error in full. Returns the exit status.
    pub(crate) fn finish(&self, end: &Result<Success, Failure>) -> u8 {
        self.stop_progress();
        if self.json {
            self.event(&Report::result(end));
        }
        let status = match end {
            Ok(success) => {
                if !success.summary.is_empty() {
                    self.say(&human::summary(success, &self.on_stdout));
                }
                0
            }
            Err(failure) => {
                if !self.json {
                    self.explain(failure);
                }
                exit_status(failure)
            }
        };
        self.status(status)
    }

    /// The exit status, with regard to what could not be written.
    pub(crate) fn status(&self, status: u8) -> u8 {
        let Stdout::Lost(kind) = self.stdout.get() else {
            return status;
        };
        self.explain(
            &Failure::new(
                Class::Unexpected,
                "output",
                format!("standard output took only a part: {}", io_reason(kind)),
            )
            .with_cause("the disk is full, or what reads the output is broken")
            .with_help("make room, then run again"),
        );
        if status == 0 { UNEXPECTED } else { status }
    }

    /// The exit status after something else failed to write to stdout.
    pub(crate) fn status_after(&self, error: &std::io::Error) -> u8 {
        self.stdout_failed(error.kind());
        self.status(0)
    }

    fn stdout_failed(&self, kind: ErrorKind) {
        self.stdout.set(match kind {
            ErrorKind::BrokenPipe => Stdout::Closed,
            kind => Stdout::Lost(kind),
        });
    }

    /// An error on stderr: what, why, what next.
    pub(crate) fn explain(&self, failure: &Failure) {
        if failure.class() == Class::Interrupted {
            self.diagnose(&self.on_stderr.strong("espprov"), failure.message());
            return;
        }
        let paint = &self.on_stderr;
        self.diagnose(
            &paint.error(&format!("error[{}]", failure.code())),
            failure.message(),
        );
        self.suspended(|| {
            let mut err = std::io::stderr().lock();
            for (label, text) in [("cause:", failure.cause()), ("next: ", failure.help())] {
                if !text.is_empty() {
                    let _ = writeln!(err, "  {} {text}", paint.strong(label));
                }
            }
        });
    }

    /// A remark on stderr to a person: before a question, or about a result that has nothing to show.
    pub(crate) fn remark(&self, text: &str) {
        self.stop_progress();
        if !self.json {
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        }
    }

    /// Shows what is going on, on a terminal.
    pub(crate) fn progress(&self, doing: &str) {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if self.json || self.quiet || dumb || !std::io::stderr().is_terminal() {
            return;
        }
        let mut spinner = self.spinner.borrow_mut();
        let bar = spinner.get_or_insert_with(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}  {elapsed}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(core::time::Duration::from_millis(120));
            bar
        });
        bar.set_message(doing.to_owned());
    }

    /// A table that is drawn over itself, where a person looks at stdout.
    #[cfg(any(feature = "ble", feature = "line"))]
    pub(crate) fn live_table(&self, doing: &str) -> Option<LiveTable> {
        (self.is_watched() && !self.quiet).then(|| LiveTable::new(doing))
    }

    /// Takes the spinner away: before questions and at the end.
    pub(crate) fn stop_progress(&self) {
        if let Some(bar) = self.spinner.borrow_mut().take() {
            bar.finish_and_clear();
        }
    }

    fn diagnose(&self, what: &str, message: &str) {
        self.suspended(|| {
            let _ = writeln!(std::io::stderr().lock(), "{what}: {message}");
        });
    }

    fn print(&self, line: &str) {
        self.suspended(|| {
            if self.to_stderr.get() {
                let _ = writeln!(std::io::stderr().lock(), "{line}");
            } else {
                self.write_stdout(format!("{line}\n").as_bytes());
            }
        });
    }

    fn write_stdout(&self, bytes: &[u8]) {
        if self.stdout.get() != Stdout::Open {
            return;
        }
        let mut out = std::io::stdout().lock();
        if let Err(error) = out.write_all(bytes).and_then(|()| out.flush()) {
            self.stdout_failed(error.kind());
        }
    }

    fn suspended(&self, print: impl FnOnce()) {
        match &*self.spinner.borrow() {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}
