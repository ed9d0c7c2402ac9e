//! Turns the driver's events into output, and keeps what they say about the device as evidence for a diagnosis.

use crate::output::{Output, Report};
use crate::trace::Recorder;
use core::cell::Cell;
use espprov_core::{Event, Observer};
use espprov_types::SecurityScheme;
use std::rc::Rc;

/// What the device was doing when it was last heard of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LastSeen {
    /// It took the configuration and did not say that it is trying.
    Applied,
    /// It said that it is trying, with what it was given in this run.
    Joining,
    /// The same, with what it had before.
    JoiningAnother,
}

/// What was seen on the way, shared with whoever explains the end.
#[derive(Default)]
pub(crate) struct Evidence {
    last_seen: Cell<Option<LastSeen>>,
    /// The link lists its endpoints, and the one that clears failed attempts is not among them.
    pub(crate) no_control: Cell<bool>,
    /// The device's description is one of firmware older than ESP-IDF 5.0.
    pub(crate) before_idf_5: Cell<bool>,
}

impl Evidence {
    pub(crate) const fn last_seen(&self) -> Option<LastSeen> {
        self.last_seen.get()
    }
}

/// Hears the driver.
pub(crate) struct Narrator {
    pub(crate) out: Rc<Output>,
    pub(crate) recorder: Rc<Recorder>,
    pub(crate) evidence: Rc<Evidence>,
    /// What the link lists.
    pub(crate) endpoints: Vec<String>,
    /// Plaintext was allowed.
    pub(crate) plaintext: bool,
    /// Somebody other than the device says which scheme it has.
    pub(crate) named: bool,
}

impl Observer for Narrator {
    fn event(&mut self, event: &Event<'_>) {
        let out = &self.out;
        match event {
            Event::Info(info) => {
                self.evidence.before_idf_5.set(info.security.is_none());
                out.event(&Report::info(info, &self.endpoints));
                if info.scheme() == SecurityScheme::Sec0 && self.plaintext {
                    out.warn(
                        "plaintext",
                        "this device uses no encryption: whoever listens on the link reads the credentials",
                    );
                }
            }
            Event::Session { security, notices } => {
                self.recorder.session(security.number());
                out.event(&Report::session(*security));
                if notices.nonce_reuse {
                    out.warn(
                        "nonce_reuse",
                        "this firmware uses security 2 at patch level 0, which repeats its nonce: who records the session can read it in part; update the firmware",
                    );
                }
                if notices.patch_mismatch {
                    out.warn(
                        "patch_mismatch",
                        "the device claims another patch level of security 2 than it uses",
                    );
                }
                if notices.unauthenticated {
                    out.warn(
                        "unauthenticated",
                        "without a PoP nothing proves that this is the device: anyone near could pose as it",
                    );
                }
                if notices.guessable_pop && !self.named {
                    out.warn(
                        "guessable_pop",
                        "the device chose security 1: if somebody poses as it, they can now find out the PoP by trying; where it can do better, insist with --security 2",
                    );
                }
                if notices.stripped_digest {
                    out.warn(
                        "stripped_digest",
                        "the device's verifier was made with a generator that drops leading zeros; other apps may fail with it (make a new one with espprov credentials)",
                    );
                }
            }
            Event::ConfigSent => {
                self.evidence.last_seen.set(None);
                out.event(&Report::ConfigSent);
            }
            Event::ConfigApplied => {
                self.evidence.last_seen.set(Some(LastSeen::Applied));
                out.event(&Report::ConfigApplied);
            }
            Event::Connecting { attempts_remaining } => {
                let ours = matches!(
                    self.evidence.last_seen(),
                    Some(LastSeen::Applied | LastSeen::Joining)
                );
                self.evidence.last_seen.set(Some(if ours {
                    LastSeen::Joining
                } else {
                    LastSeen::JoiningAnother
                }));
                out.event(&Report::Connecting {
                    attempts_remaining: *attempts_remaining,
                });
            }
            Event::LinkLost { phase } => {
                out.warn(
                    "link_lost",
                    format!("the link broke while {phase}; trying to get it back"),
                );
            }
            Event::AnswerLost {
                phase,
                restarted: true,
            } => out.warn(
                "device_restarted",
                format!("the device restarted while {phase}; trying again"),
            ),
            Event::AnswerLost { phase, .. } => out.warn(
                "answer_spoiled",
                format!("the device printed other text into its answer while {phase}; trying again"),
            ),
            Event::Reconnecting => {
                out.progress("connecting again");
                out.detail(1, "connecting again");
            }
            Event::SessionTaken { .. } => {
                out.progress("another client uses the device");
                out.detail(1, "another client took the session over; trying again");
            }
            Event::Stranger => out.warn(
                "stranger",
                "somebody else answers at the device's address: its answers are not believed",
            ),
            Event::EntriesSkipped { count } => out.warn(
                "entries_skipped",
                format!("{count} entries of the scan could not be read and are left out"),
            ),
            Event::ActiveUnknown => {
                out.warn("active_unknown", "the device did not say which network it is on");
            }
            Event::Scanning { found } => {
                out.progress("the device is scanning");
                out.detail(1, &format!("scanning: {found} networks so far"));
            }
            _ => {}
        }
    }
}
