//! What the workers are at, on a terminal.

use crate::output::{LiveTable, Output, table};
use core::cell::{Cell, RefCell};
use core::sync::atomic::{AtomicU8, Ordering};
use core::time::Duration;
use espprov::Event;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// How often the table is drawn.
pub(super) const PERIOD: Duration = Duration::from_millis(200);

/// How far a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Step {
    Opening,
    Looking,
    Asking,
    Session,
    Sent,
    Joining,
    Searching,
    Again,
}

impl Step {
    const ALL: [Self; 8] = [
        Self::Opening,
        Self::Looking,
        Self::Asking,
        Self::Session,
        Self::Sent,
        Self::Joining,
        Self::Searching,
        Self::Again,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Opening => "opening the link",
            Self::Looking => "looking what it has",
            Self::Asking => "beginning a session",
            Self::Session => "in session",
            Self::Sent => "credentials sent",
            Self::Joining => "joining",
            Self::Searching => "out of sight",
            Self::Again => "trying again",
        }
    }
}

/// A device's step, which its observer sets.
#[derive(Debug, Clone)]
pub(super) struct Phase(Arc<AtomicU8>);

impl Phase {
    pub(super) fn set(&self, step: Step) {
        self.0.store(step as u8, Ordering::Relaxed);
    }

    pub(super) fn heard(&self, event: &Event<'_>) {
        self.set(match event {
            Event::Info(_) => Step::Asking,
            Event::Session { .. } => Step::Session,
            Event::ConfigSent => Step::Sent,
            Event::ConfigApplied | Event::Connecting { .. } => Step::Joining,
            Event::LinkLost { .. } | Event::Reconnecting => Step::Searching,
            _ => return,
        });
    }

    fn name(&self) -> &'static str {
        let at = self.0.load(Ordering::Relaxed);
        Step::ALL.get(usize::from(at)).map_or("", |step| step.name())
    }
}

/// The table.
pub(super) struct Table {
    live: RefCell<Option<LiveTable>>,
    began: Instant,
    total: usize,
    ended: Cell<usize>,
    failed: Cell<usize>,
    running: RefCell<BTreeMap<usize, (String, Phase, Instant)>>,
}

impl Table {
    /// For so many devices; shown where a person looks at it.
    pub(super) fn new(out: &Output, total: usize) -> Self {
        Self {
            live: RefCell::new(out.live_table("provisioning")),
            began: Instant::now(),
            total,
            ended: Cell::new(0),
            failed: Cell::new(0),
            running: RefCell::new(BTreeMap::new()),
        }
    }

    pub(super) fn is_shown(&self) -> bool {
        self.live.borrow().is_some()
    }

    /// A worker begins with a device.
    pub(super) fn begin(&self, worker: usize, device: &str) -> Phase {
        let phase = Phase(Arc::new(AtomicU8::new(Step::Opening as u8)));
        let entry = (device.to_owned(), phase.clone(), Instant::now());
        self.running.borrow_mut().insert(worker, entry);
        phase
    }

    /// It is over with it.
    pub(super) fn end(&self, worker: usize, ok: bool) {
        self.running.borrow_mut().remove(&worker);
        self.ended.set(self.ended.get() + 1);
        self.failed.set(self.failed.get() + usize::from(!ok));
    }

    /// Another station has taken what this worker had.
    #[cfg(feature = "postgres")]
    pub(super) fn leave(&self, worker: usize) {
        self.running.borrow_mut().remove(&worker);
    }

    /// A device ended without this run.
    #[cfg(feature = "postgres")]
    pub(super) fn skip(&self, ok: bool) {
        self.ended.set(self.ended.get() + 1);
        self.failed.set(self.failed.get() + usize::from(!ok));
    }

    pub(super) fn draw(&self) {
        if let Some(live) = &*self.live.borrow() {
            live.draw(&self.lines());
        }
    }

    fn lines(&self) -> Vec<String> {
        let mut rows = vec![["DEVICE", "PHASE", "TIME"].map(str::to_owned).to_vec()];
        for (device, phase, since) in self.running.borrow().values() {
            let seconds = since.elapsed().as_secs_f64();
            rows.push(vec![
                device.clone(),
                phase.name().to_owned(),
                format!("{seconds:.0} s"),
            ]);
        }
        let mut lines = table(&rows);
        let ended = self.ended.get();
        let minutes = self.began.elapsed().as_secs_f64() / 60.0;
        let rate = if ended == 0 { 0.0 } else { ended as f64 / minutes };
        lines.push(format!(
            "{ended} of {} ended, {} failed, {rate:.1} a minute",
            self.total,
            self.failed.get()
        ));
        lines
    }

    /// Takes it away.
    pub(super) fn clear(&self) {
        if let Some(live) = self.live.borrow_mut().take() {
            live.clear();
        }
    }
}
