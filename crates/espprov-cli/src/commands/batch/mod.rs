//! `batch`: many devices from a manifest, each once, with a ledger that survives whatever happens.

mod device;
mod ledger;
mod plan;
#[cfg(feature = "postgres")]
mod shared;
mod table;

use super::Context;
use crate::args::BatchArgs;
use crate::errors::{self, Class, Failure};
use crate::output::{ErrorFields, Output, Report, Success, clean};
use crate::signals::heard;
use core::cell::RefCell;
#[cfg(feature = "postgres")]
use core::time::Duration;
use device::Ended;
use espprov_line::ledger::{End, State};
use ledger::{Book, Hold, Take};
use plan::{Job, Options};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Instant;
use table::Table;
use tokio::task::LocalSet;

/// How long a device that another station has is left alone.
#[cfg(feature = "postgres")]
const ELSEWHERE: Duration = Duration::from_secs(1);

pub(super) async fn run(context: &Context, args: &BatchArgs) -> Result<Success, Failure> {
    if context.global.trace.is_some() {
        return Err(
            Failure::usage("usage", "--trace records one device, and this is a batch")
                .with_cause("exchanges of several devices at a time would not be told apart")
                .with_help("leave it out, or record one of the devices with espprov provision"),
        );
    }
    let (jobs, options) = plan::gather(context, args).await?;
    let total = jobs.len();
    let opening = async {
        let book = Book::open(args).await?;
        let states = book.states(&jobs).await?;
        Ok((book, states))
    };
    let (book, states) = tokio::select! {
        biased;
        signal = heard() => return Err(errors::interrupted(signal)),
        opened = opening => opened?,
    };
    let batch = Rc::new(Batch::new(context, args, jobs, states, options, book));
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
        tokio::join!(crate::link::let_go(), batch.book.let_go());
        return Err(errors::interrupted(signal));
    }
    batch.end(total)
}

/// A run.
struct Batch {
    out: Rc<Output>,
    options: Options,
    /// What is to be done, each not before its time.
    queue: RefCell<VecDeque<(Instant, Job)>>,
    book: Book,
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
    /// Done by an earlier run, or by another station.
    before: usize,
    /// By outcome or code.
    failed: BTreeMap<String, usize>,
}

impl Counts {
    /// A device that is not, or no more, this run's.
    fn ended(&mut self, state: State) {
        match state {
            State::Failed(outcome) => *self.failed.entry(outcome).or_default() += 1,
            _ => self.before += 1,
        }
    }
}

impl Batch {
    fn new(
        context: &Context,
        args: &BatchArgs,
        jobs: Vec<Job>,
        states: Vec<State>,
        options: Options,
        book: Book,
    ) -> Self {
        let mut counts = Counts::default();
        let mut queue = VecDeque::new();
        let now = Instant::now();
        for (mut job, state) in jobs.into_iter().zip(states) {
            #[cfg(feature = "postgres")]
            {
                job.retry_failed = args.retry_failed;
            }
            match state {
                State::New => queue.push_back((now, job)),
                State::Unknown => {
                    job.look_first = true;
                    queue.push_back((now, job));
                }
                State::Failed(outcome) if args.retry_failed => {
                    job.look_first = outcome == "unconfirmed";
                    queue.push_back((now, job));
                }
                ended => counts.ended(ended),
            }
        }
        let table = Table::new(&context.out, queue.len());
        Self {
            out: Rc::clone(&context.out),
            options,
            queue: RefCell::new(queue),
            book,
            table,
            counts: RefCell::new(counts),
            stopped: RefCell::new(None),
            held: RefCell::new(Vec::new()),
            retries: args.retries,
        }
    }

    /// One device after the other, until there is none left.
    async fn work(&self, worker: usize) {
        while let Some(job) = self.next().await {
            let taken = match self.book.take(&job).await {
                Ok(taken) => taken,
                Err(failure) => return self.stop(failure),
            };
            let (hold, look_first) = match taken {
                Take::Yours { hold, look_first } => (hold, look_first),
                #[cfg(feature = "postgres")]
                Take::Ended(state) => {
                    self.table.skip(matches!(state, State::Done));
                    self.counts.borrow_mut().ended(state);
                    continue;
                }
                #[cfg(feature = "postgres")]
                Take::Elsewhere { station } => {
                    self.elsewhere(job, &station);
                    continue;
                }
            };
            if let Err(failure) = self.one(worker, job, hold, look_first).await {
                return self.stop(failure);
            }
        }
    }

    /// A device that is this run's.
    async fn one(&self, worker: usize, mut job: Job, hold: Hold, look_first: bool) -> Result<(), Failure> {
        job.look_first = look_first;
        let begun = Instant::now();
        let phase = self.table.begin(worker, &clean(&job.key));
        let work = device::run(&job, &self.options, self.retries, worker, phase);
        #[cfg(not(feature = "postgres"))]
        let ended = work.await;
        #[cfg(feature = "postgres")]
        let ended = tokio::select! {
            // The lease first: after a sleep both may be due, and without it the device is not to be touched.
            biased;
            lost = self.book.keep(&hold) => {
                self.table.leave(worker);
                self.lost(&job.key, lost);
                self.later(job);
                return Ok(());
            }
            ended = work => ended,
        };
        let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let end = match &ended {
            Ok(done) => End::ok(done.outcome, done.ip, ms),
            Err(failure) => End::failed(word(failure), failure.code(), ms),
        };
        let written = self.book.finish(&hold, &job, &end).await;
        #[cfg(feature = "postgres")]
        if matches!(written, Ok(false)) {
            self.table.leave(worker);
            self.lost(&job.key, shared::Lost::Taken);
            self.later(job);
            return Ok(());
        }
        let (ended, end) = match &written {
            // The next run looks at it first, and says it then.
            Err(failure) if end.ok => {
                let ended = Err(not_written(&job, &end, failure));
                (ended, End::failed(NOT_WRITTEN, NOT_WRITTEN, ms))
            }
            _ => (ended, end),
        };
        self.table.end(worker, end.ok);
        self.report(&job, &ended, &end);
        written.map(|_| ())
    }

    /// The next device whose time has come; `None` when there is none left, or none may be begun.
    async fn next(&self) -> Option<Job> {
        loop {
            if self.stopped.borrow().is_some() {
                return None;
            }
            let now = Instant::now();
            let soonest = {
                let mut queue = self.queue.borrow_mut();
                if let Some(at) = queue.iter().position(|(ready, _)| *ready <= now) {
                    return queue.remove(at).map(|(_, job)| job);
                }
                queue.iter().map(|(ready, _)| *ready).min()?
            };
            tokio::time::sleep(soonest.saturating_duration_since(now)).await;
        }
    }

    /// Another station has it: perhaps not for ever.
    #[cfg(feature = "postgres")]
    fn later(&self, job: Job) {
        self.queue
            .borrow_mut()
            .push_back((Instant::now() + ELSEWHERE, job));
    }

    /// Tells what this run waits for: not at the first time, when there are other devices to go on with.
    #[cfg(feature = "postgres")]
    fn elsewhere(&self, mut job: Job, station: &str) {
        job.elsewhere = job.elsewhere.saturating_add(1);
        if job.elsewhere == 2 {
            let (key, station) = (clean(&job.key), clean(station));
            self.out.warn(
                "lease_elsewhere",
                format!("{key} is with station {station}, waiting"),
            );
        }
        self.later(job);
    }

    #[cfg(feature = "postgres")]
    fn lost(&self, key: &str, lost: shared::Lost) {
        let key = clean(key);
        self.out.warn("lease_lost", format!("{key} was left: {lost}"));
    }

    fn stop(&self, failure: Failure) {
        // The first one says why.
        self.stopped.borrow_mut().get_or_insert(failure);
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
            if self.book.is_away() {
                let message =
                    "the database is away; devices under way go on, and it is asked again and again";
                self.out.warn("ledger_away", message);
            }
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
            self.book.place()
        )))
    }
}

/// A device that is provisioned, of which the ledger does not know.
const NOT_WRITTEN: &str = "not_written";

/// It is not `ok` before the ledger says so.
fn not_written(job: &Job, end: &End, failure: &Failure) -> Failure {
    let message = format!(
        "{} was provisioned ({}), but that is not written down",
        clean(&job.key),
        end.outcome
    );
    Failure::new(Class::Unexpected, NOT_WRITTEN, message)
        .with_cause(failure.message().to_owned())
        .with_help("mend the ledger, then run again: the device is looked at first, and nothing is sent to it if it is done")
}

/// What a failed device's outcome is called: where that says no more than "failed", by the code of its error.
fn word(failure: &Failure) -> &'static str {
    match failure.outcome() {
        "failed" => failure.code(),
        outcome => outcome,
    }
}
