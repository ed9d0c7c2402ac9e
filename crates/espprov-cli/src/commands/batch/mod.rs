//! `batch`: many devices from a manifest, each once, with a ledger that survives whatever happens.

mod device;
mod plan;
mod table;

use super::Context;
use crate::args::BatchArgs;
use crate::errors::{self, Class, Failure};
use crate::output::{ErrorFields, Output, Report, Success, clean};
use crate::signals::heard;
use core::cell::RefCell;
use device::Ended;
use espprov_line::ledger::{End, Ledger, LedgerError, State};
use plan::{Job, Options};
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Instant;
use table::Table;
use tokio::task::LocalSet;

pub(super) async fn run(context: &Context, args: &BatchArgs) -> Result<Success, Failure> {
    if context.global.trace.is_some() {
        return Err(
            Failure::usage("usage", "--trace records one device, and this is a batch")
                .with_cause("exchanges of several devices at a time would not be told apart")
                .with_help("leave it out, or record one of the devices with espprov provision"),
        );
    }
    let (jobs, options) = plan::gather(context, args).await?;
    let path = ledger_path(args);
    let ledger = Ledger::open(&path, &station()).map_err(|error| from_ledger(&path, &error))?;
    let total = jobs.len();
    let batch = Rc::new(Batch::new(context, args, jobs, options, ledger, path));
    let local = LocalSet::new();
    for worker in 0..usize::from(args.jobs).min(batch.queue.borrow().len()) {
        let batch = Rc::clone(&batch);
        local.spawn_local(async move { batch.work(worker).await });
    }
    let interrupted = tokio::select! {
        // Polled first, so that a signal is seen before anything happens.
        biased;
        signal = heard() => Some(signal),
        () = local => None,
        () = batch.redraw() => None,
    };
    batch.show_all();
    if let Some(signal) = interrupted {
        // What was under way is an attempt without a result: the next run looks at it first.
        crate::link::let_go().await;
        return Err(errors::interrupted(signal));
    }
    batch.end(total)
}

fn ledger_path(args: &BatchArgs) -> PathBuf {
    args.ledger.clone().unwrap_or_else(|| {
        let mut name = args.manifest.clone().into_os_string();
        name.push(".ledger.jsonl");
        name.into()
    })
}

/// Which computer this is, for people who read ledgers.
fn station() -> String {
    let name = std::env::var("HOSTNAME").or_else(|_| std::env::var("COMPUTERNAME"));
    let name = name
        .ok()
        .or_else(|| std::fs::read_to_string("/etc/hostname").ok());
    let name = name.unwrap_or_default();
    match name.trim() {
        "" => "this-computer".to_owned(),
        name => name.chars().take(64).collect(),
    }
}

fn from_ledger(path: &Path, error: &LedgerError) -> Failure {
    let path = path.display();
    match error {
        LedgerError::Io(error) => Failure::new(
            Class::Unexpected,
            "ledger",
            format!(
                "the ledger {path} cannot be written: {}",
                espprov::explain::io::os_reason(error)
            ),
        )
        .with_cause("without it nobody would know which devices are done, so no other device was begun")
        .with_help("make room on the disk or name another --ledger, then run again: what is done is skipped"),
        LedgerError::InUse => {
            Failure::usage("ledger_in_use", format!("another run has the ledger {path} open"))
                .with_cause("two runs on one ledger would provision the same devices")
                .with_help("wait for the other run to end, or end it")
        }
        _ => Failure::usage("not_a_ledger", format!("{path}: {error}"))
            .with_cause("the file is something else, or was changed by hand")
            .with_help("name another --ledger; the file was left as it was"),
    }
}

/// A run.
struct Batch {
    out: Rc<Output>,
    options: Options,
    queue: RefCell<VecDeque<Job>>,
    ledger: RefCell<Ledger>,
    path: PathBuf,
    table: Table,
    counts: RefCell<Counts>,
    /// The ledger takes no more: no other device is begun.
    stopped: RefCell<Option<Failure>>,
    /// Lines for people, while the table is in their place.
    held: RefCell<Vec<String>>,
    retries: u8,
}

/// What became of the devices.
#[derive(Default)]
struct Counts {
    done: usize,
    /// Done by an earlier run.
    before: usize,
    /// By outcome or code.
    failed: BTreeMap<String, usize>,
}

impl Batch {
    fn new(
        context: &Context,
        args: &BatchArgs,
        jobs: Vec<Job>,
        options: Options,
        ledger: Ledger,
        path: PathBuf,
    ) -> Self {
        let mut counts = Counts::default();
        let mut queue = VecDeque::new();
        for mut job in jobs {
            match ledger.state(&job.key) {
                State::New => queue.push_back(job),
                State::Unknown => {
                    job.look_first = true;
                    queue.push_back(job);
                }
                State::Done => counts.before += 1,
                State::Failed(outcome) if args.retry_failed => {
                    job.look_first = outcome == "unconfirmed";
                    queue.push_back(job);
                }
                State::Failed(outcome) => *counts.failed.entry(outcome).or_default() += 1,
            }
        }
        let table = Table::new(&context.out, queue.len());
        Self {
            out: Rc::clone(&context.out),
            options,
            queue: RefCell::new(queue),
            ledger: RefCell::new(ledger),
            path,
            table,
            counts: RefCell::new(counts),
            stopped: RefCell::new(None),
            held: RefCell::new(Vec::new()),
            retries: args.retries,
        }
    }

    /// One device after the other, until there is none left.
    async fn work(&self, worker: usize) {
        loop {
            // Not within the loop's condition: the borrow would live as long as the device takes.
            let job = self.queue.borrow_mut().pop_front();
            let Some(job) = job.filter(|_| self.stopped.borrow().is_none()) else {
                return;
            };
            let begun = Instant::now();
            if let Err(error) = self.ledger.borrow_mut().attempt(&job.key, &job.shown) {
                *self.stopped.borrow_mut() = Some(from_ledger(&self.path, &error));
                return;
            }
            let phase = self.table.begin(worker, &clean(&job.key));
            let ended = device::run(&job, &self.options, self.retries, worker, phase).await;
            let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            let end = match &ended {
                Ok(done) => End::ok(done.outcome, done.ip, ms),
                Err(failure) => End::failed(word(failure), failure.code(), ms),
            };
            let written = self.ledger.borrow_mut().result(&job.key, &job.shown, &end);
            self.table.end(worker, end.ok);
            self.report(&job, &ended, &end);
            if let Err(error) = written {
                *self.stopped.borrow_mut() = Some(from_ledger(&self.path, &error));
                return;
            }
        }
    }

    /// Tells what became of a device.
    fn report(&self, job: &Job, ended: &Result<Ended, Failure>, end: &End) {
        let mut counts = self.counts.borrow_mut();
        if end.ok {
            counts.done += 1;
        } else {
            *counts.failed.entry(end.outcome.clone()).or_default() += 1;
        }
        let failure = ended.as_ref().err();
        self.out.event(&Report::DeviceResult {
            row: job.row,
            key: job.key.clone(),
            target: job.shown.clone(),
            ok: end.ok,
            outcome: end.outcome.clone(),
            ip: end.ip,
            found: ended.as_ref().is_ok_and(|done| done.found),
            error: failure.map(ErrorFields::new),
            ms: end.ms,
        });
        let seconds = end.ms as f64 / 1000.0;
        let key = clean(&job.key);
        let line = match failure {
            None => {
                let ip = end.ip.map_or_else(String::new, |ip| format!(", address {ip}"));
                format!("ok      {key}  {}{ip}  {seconds:.1} s", end.outcome)
            }
            Some(failure) => format!(
                "failed  {key}  {}: {}  {seconds:.1} s",
                failure.code(),
                failure.message()
            ),
        };
        if self.table.is_shown() {
            self.held.borrow_mut().push(line);
        } else {
            self.out.say(&line);
        }
    }

    /// Draws the table again and again; never ends.
    async fn redraw(&self) {
        loop {
            self.table.draw();
            tokio::time::sleep(table::PERIOD).await;
        }
    }

    /// Takes the table away, and says what stood behind it.
    fn show_all(&self) {
        self.table.clear();
        for line in self.held.borrow_mut().drain(..) {
            self.out.say(&line);
        }
    }

    fn end(&self, total: usize) -> Result<Success, Failure> {
        if let Some(stopped) = self.stopped.borrow_mut().take() {
            return Err(stopped);
        }
        let counts = self.counts.borrow();
        let failed: usize = counts.failed.values().sum();
        let before = match counts.before {
            0 => String::new(),
            before => format!(", {before} before"),
        };
        if failed == 0 {
            return Ok(Success {
                summary: format!("{total} devices: {} done{before}", counts.done),
                ..Success::done()
            });
        }
        let reasons: Vec<_> = counts
            .failed
            .iter()
            .map(|(reason, count)| format!("{reason} {count}"))
            .collect();
        Err(Failure::new(
            Class::SomeFailed,
            "devices_failed",
            format!(
                "{failed} of {total} devices are not done ({} done{before})",
                counts.done
            ),
        )
        .with_cause(reasons.join(", "))
        .with_help(format!(
            "see {} for each of them; run again with --retry-failed",
            self.path.display()
        )))
    }
}

/// What a failed device's outcome is called: where that says no more than "failed", by the code of its error.
fn word(failure: &Failure) -> &'static str {
    match failure.outcome() {
        "failed" => failure.code(),
        outcome => outcome,
    }
}
