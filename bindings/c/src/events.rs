//! What happens meanwhile, kept until the caller asks for it.

use crate::types::{EspprovEvent, EspprovEventKind, EspprovPhase};
use espprov_core::{Event, Observer, Phase};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// How many are kept. A caller that does not ask loses the oldest.
const KEPT: usize = 64;

/// The events of one handle; the engine has one end, the handle the other.
#[derive(Clone, Default)]
pub(crate) struct Events(Arc<Mutex<VecDeque<EspprovEvent>>>);

impl Events {
    /// The oldest one.
    pub(crate) fn next(&self) -> Option<EspprovEvent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

impl Observer for Events {
    fn event(&mut self, event: &Event<'_>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(to_c(event));
    }
}

fn to_c(event: &Event<'_>) -> EspprovEvent {
    let mut out = EspprovEvent::new(EspprovEventKind::Other);
    let mut is = |kind: EspprovEventKind| out.kind = kind;
    match event {
        Event::Info(_) => is(EspprovEventKind::Info),
        Event::Session { security, notices } => {
            is(EspprovEventKind::Session);
            out.number = security.number().map_or(-1, i64::from);
            out.nonce_reuse = notices.nonce_reuse;
            out.patch_mismatch = notices.patch_mismatch;
            out.guessable_pop = notices.guessable_pop;
            out.unauthenticated = notices.unauthenticated;
        }
        Event::ConfigSent => is(EspprovEventKind::ConfigSent),
        Event::ConfigApplied => is(EspprovEventKind::ConfigApplied),
        Event::Connecting { attempts_remaining } => {
            is(EspprovEventKind::Connecting);
            out.number = attempts_remaining.map_or(-1, i64::from);
        }
        Event::LinkLost { phase } => {
            is(EspprovEventKind::LinkLost);
            out.phase = phase_to_c(*phase);
        }
        Event::AnswerLost { phase, restarted } => {
            is(EspprovEventKind::AnswerLost);
            out.phase = phase_to_c(*phase);
            out.restarted = *restarted;
        }
        Event::Reconnecting => is(EspprovEventKind::Reconnecting),
        Event::SessionTaken { phase } => {
            is(EspprovEventKind::SessionTaken);
            out.phase = phase_to_c(*phase);
        }
        Event::Stranger => is(EspprovEventKind::Stranger),
        Event::Scanning { found } => {
            is(EspprovEventKind::Scanning);
            out.number = i64::from(*found);
        }
        Event::EntriesSkipped { count } => {
            is(EspprovEventKind::EntriesSkipped);
            out.number = i64::from(*count);
        }
        _ => {}
    }
    out
}

const fn phase_to_c(phase: Phase) -> EspprovPhase {
    match phase {
        Phase::Connect => EspprovPhase::Connect,
        Phase::Info => EspprovPhase::Info,
        Phase::Handshake => EspprovPhase::Handshake,
        Phase::Scan => EspprovPhase::Scan,
        Phase::Set => EspprovPhase::Set,
        Phase::Apply => EspprovPhase::Apply,
        Phase::Status => EspprovPhase::Status,
        Phase::Control => EspprovPhase::Control,
        Phase::Data => EspprovPhase::Data,
        _ => EspprovPhase::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_dropped_when_nobody_asks() {
        let mut events = Events::default();
        for found in 0..=200 {
            events.clone().event(&Event::Scanning { found });
        }
        events.event(&Event::Stranger);
        let mut heard = core::iter::from_fn(|| events.next());
        let first = heard.next().unwrap();
        assert_eq!((first.kind, first.number), (EspprovEventKind::Scanning, 138));
        let rest: Vec<_> = heard.collect();
        assert_eq!(rest.len(), KEPT - 1);
        assert_eq!(rest.last().unwrap().kind, EspprovEventKind::Stranger);
    }
}
