//! Everything the user sees, but for questions: events and results on stdout, progress and diagnostics on stderr.

pub(crate) mod human;
mod live;
mod report;

pub(crate) use report::{Report, Success};

use crate::args::Global;
use crate::errors::{Exit, Failure};
use core::cell::{Cell, RefCell};
use indicatif::{ProgressBar, ProgressStyle};
use live::LiveTable;
use std::collections::HashSet;
use std::io::{IsTerminal, Write};

/// Where output goes, and in which form. One for the whole run.
pub(crate) struct Output {
    json: bool,
    quiet: bool,
    verbose: u8,
    /// Events go to stderr, because stdout carries something else.
    to_stderr: Cell<bool>,
    /// People follow the events themselves, not only what comes of them.
    narrating: Cell<bool>,
    colour: bool,
    spinner: RefCell<Option<ProgressBar>>,
    /// Codes of the warnings given: once each is enough, but for retries.
    warned: RefCell<HashSet<&'static str>>,
}

impl Output {
    pub(crate) fn new(global: &Global) -> Self {
        Self {
            json: global.json,
            quiet: global.quiet,
            verbose: global.verbose,
            to_stderr: Cell::new(false),
            narrating: Cell::new(false),
            colour: std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
                && std::io::stdout().is_terminal(),
            spinner: RefCell::new(None),
            warned: RefCell::new(HashSet::new()),
        }
    }

    /// Output for a command line that could not be read.
    pub(crate) fn bare(json: bool) -> Self {
        Self::new(&Global {
            json,
            trace: None,
            trace_secrets: false,
            adapter: None,
            service: Vec::new(),
            quiet: false,
            verbose: 0,
        })
    }

    /// From now on stdout carries something else.
    pub(crate) fn divert_to_stderr(&self) {
        self.to_stderr.set(true);
    }

    /// From now on people are told every step, unless they asked for quiet.
    pub(crate) fn narrate(&self) {
        self.narrating.set(!self.quiet);
    }

    /// Somebody sits at a terminal and may be asked.
    pub(crate) fn may_ask(&self) -> bool {
        !self.json && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// A person looks at stdout: the place for things that do not belong into logs.
    pub(crate) fn is_watched(&self) -> bool {
        !self.json && !self.to_stderr.get() && std::io::stdout().is_terminal()
    }

    /// Reports an event.
    pub(crate) fn event(&self, report: &Report) {
        if let Report::Warning { code, message } = report {
            if !self.warned.borrow_mut().insert(code) && *code != "retrying" {
                return;
            }
            if !self.json {
                self.diagnose("warning", message);
                return;
            }
        }
        if self.json {
            // Serialising strings and numbers cannot fail.
            self.print(&serde_json::to_string(report).unwrap_or_default());
        } else if let Some(doing) = human::progress(report)
            && !self.quiet
        {
            self.progress(doing);
        }
        if !self.json && (self.narrating.get() || !human::is_chatter(report)) {
            for line in human::lines(report, self.colour) {
                self.print(&line);
            }
        }
    }

    /// Warns, once per code.
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

    /// A line on stderr for who asked for more.
    pub(crate) fn detail(&self, level: u8, line: &str) {
        if self.verbose >= level {
            self.suspended(|| {
                let _ = writeln!(std::io::stderr().lock(), "{line}");
            });
        }
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
        match end {
            Ok(success) => {
                if !success.summary.is_empty() {
                    self.say(&human::summary(success, self.colour));
                }
                0
            }
            Err(failure) => {
                if !self.json {
                    self.explain(failure);
                }
                failure.exit as u8
            }
        }
    }

    /// An error on stderr: what, why, what next.
    pub(crate) fn explain(&self, failure: &Failure) {
        if failure.exit == Exit::Interrupted {
            self.diagnose("error", &failure.message);
            return;
        }
        self.diagnose(&format!("error[{}]", failure.code), &failure.message);
        self.suspended(|| {
            let mut err = std::io::stderr().lock();
            if !failure.cause.is_empty() {
                let _ = writeln!(err, "  cause: {}", failure.cause);
            }
            if !failure.help.is_empty() {
                let _ = writeln!(err, "  next:  {}", failure.help);
            }
        });
    }

    /// A remark to a person before a question.
    pub(crate) fn remark(&self, text: &str) {
        self.stop_progress();
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    /// Shows what is going on, on a terminal.
    pub(crate) fn progress(&self, doing: &str) {
        if self.json || self.quiet || !std::io::stderr().is_terminal() {
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
            // A reader that went away is no reason to fail: the exit status tells the rest.
            let _ = if self.to_stderr.get() {
                writeln!(std::io::stderr().lock(), "{line}")
            } else {
                let mut out = std::io::stdout().lock();
                writeln!(out, "{line}").and_then(|()| out.flush())
            };
        });
    }

    fn suspended(&self, print: impl FnOnce()) {
        match &*self.spinner.borrow() {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

/// Text from a device, safe to show: no control characters.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .collect()
}
