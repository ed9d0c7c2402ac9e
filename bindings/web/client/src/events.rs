//! What happens meanwhile, kept until JavaScript asks: after each step.

use crate::json::Json;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use core::cell::RefCell;
use espprov_core::{Event, Observer};

/// The events since somebody asked; the engine has one end, the client the other.
#[derive(Clone)]
pub(crate) struct Events(Rc<RefCell<Json>>);

impl Events {
    pub(crate) fn new() -> Self {
        Self(Rc::new(RefCell::new(Json::new())))
    }

    /// Those since the last time, one JSON document after the other with commas between them.
    pub(crate) fn take(&self) -> String {
        self.0.replace(Json::new()).finish()
    }
}

impl Observer for Events {
    fn event(&mut self, event: &Event<'_>) {
        self.0.borrow_mut().object(|json| write(json, event));
    }
}

fn write(json: &mut Json, event: &Event<'_>) {
    let name = match event {
        Event::Info(_) => "info",
        Event::Session { .. } => "session",
        Event::ConfigSent => "config_sent",
        Event::ConfigApplied => "config_applied",
        Event::Connecting { .. } => "connecting",
        Event::LinkLost { .. } => "link_lost",
        Event::AnswerLost { .. } => "answer_lost",
        Event::Reconnecting => "reconnecting",
        Event::SessionTaken { .. } => "session_taken",
        Event::Stranger => "stranger",
        Event::Scanning { .. } => "scanning",
        Event::EntriesSkipped { .. } => "entries_skipped",
        Event::ActiveUnknown => "active_unknown",
        _ => "other",
    };
    json.text("name", name);
    match event {
        Event::Session { security, .. } => {
            json.maybe("security", security.number());
        }
        Event::Connecting { attempts_remaining } => {
            json.maybe("attemptsRemaining", *attempts_remaining);
        }
        Event::Scanning { found: count } | Event::EntriesSkipped { count } => {
            json.plain("count", count);
        }
        Event::LinkLost { phase } | Event::AnswerLost { phase, .. } | Event::SessionTaken { phase } => {
            json.text("phase", &phase.to_string());
        }
        _ => {}
    }
}
