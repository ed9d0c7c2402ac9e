//! What a device's observer hears, as values.

use espprov::Event as Happened;
use pyo3::prelude::*;
use std::sync::{Mutex, PoisonError};
use tokio::sync::mpsc::UnboundedSender;

/// Something happened during a call. Carries no secrets.
#[pyclass(frozen, eq, get_all, module = "espprov")]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// `info`, `session`, `config_sent`, `config_applied`, `connecting`, `link_lost`, `answer_lost`, `reconnecting`, `session_taken`,
    /// `stranger`, `scanning`, `entries_skipped`, `active_unknown`.
    name: &'static str,
    /// The scheme of a `session`.
    security: Option<u8>,
    /// Attempts that are left, when `connecting`.
    attempts_remaining: Option<u32>,
    /// Networks found so far (`scanning`), or entries that could not be read (`entries_skipped`).
    count: Option<u8>,
    /// The step under way, in words.
    phase: Option<String>,
}

impl Event {
    pub(crate) fn new(happened: &Happened<'_>) -> Self {
        let named = |name| Self {
            name,
            ..Self::default()
        };
        let during = |name, phase: &dyn ToString| Self {
            name,
            phase: Some(phase.to_string()),
            ..Self::default()
        };
        match happened {
            Happened::Info(_) => named("info"),
            Happened::Session { security, .. } => Self {
                security: security.number(),
                ..named("session")
            },
            Happened::ConfigSent => named("config_sent"),
            Happened::ConfigApplied => named("config_applied"),
            Happened::Connecting { attempts_remaining } => Self {
                attempts_remaining: *attempts_remaining,
                ..named("connecting")
            },
            Happened::LinkLost { phase } => during("link_lost", phase),
            Happened::AnswerLost { phase, .. } => during("answer_lost", phase),
            Happened::Reconnecting => named("reconnecting"),
            Happened::SessionTaken { phase } => during("session_taken", phase),
            Happened::Stranger => named("stranger"),
            Happened::Scanning { found } => Self {
                count: Some(*found),
                ..named("scanning")
            },
            Happened::EntriesSkipped { count } => Self {
                count: Some(*count),
                ..named("entries_skipped")
            },
            Happened::ActiveUnknown => named("active_unknown"),
            _ => named("other"),
        }
    }
}

#[pymethods]
impl Event {
    fn __repr__(&self) -> String {
        let mut text = format!("Event({:?}", self.name);
        let mut add = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                text.push_str(&format!(", {name}={value}"));
            }
        };
        add("security", self.security.map(|number| number.to_string()));
        add(
            "attempts_remaining",
            self.attempts_remaining.map(|count| count.to_string()),
        );
        add("count", self.count.map(|count| count.to_string()));
        add("phase", self.phase.as_ref().map(|phase| format!("{phase:?}")));
        text.push(')');
        text
    }
}

/// Who hears the events of a device: the call under way, if it wants to.
#[derive(Default)]
pub(crate) struct Hearer(Mutex<Option<UnboundedSender<Event>>>);

impl Hearer {
    pub(crate) fn set(&self, hearer: Option<UnboundedSender<Event>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = hearer;
    }

    pub(crate) fn tell(&self, happened: &Happened<'_>) {
        if let Some(hearer) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            // Nobody listens where the call was given up.
            let _ = hearer.send(Event::new(happened));
        }
    }
}
