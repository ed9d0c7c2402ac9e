//! What came of a call, until the next one begins.

use core::mem;
use espprov::Error;
use espprov_core::Outcome;
use espprov_types::{
    AccessPoint, ThreadAttachment, ThreadFailure, ThreadNetwork, ThreadStatus, WifiConnection, WifiFailure,
    WifiStatus,
};
use std::sync::{Arc, Mutex, PoisonError};
use zeroize::Zeroizing;

/// The result of the last call.
#[derive(Default)]
pub(crate) enum Results {
    #[default]
    Nothing,
    /// In the engine.
    Info,
    /// In the engine.
    Session,
    AccessPoints(Vec<AccessPoint>),
    ThreadNetworks(Vec<ThreadNetwork>),
    Wifi(Ended<WifiConnection, WifiFailure>),
    Thread(Ended<ThreadAttachment, ThreadFailure>),
    Answers(Vec<Answer>),
}

/// An answer of the application: it may be a secret of it.
pub(crate) type Answer = Zeroizing<Vec<u8>>;

/// A call's end: its result, and an error where that is no success.
pub(crate) struct Ending {
    pub(crate) results: Results,
    pub(crate) failure: Option<Error>,
}

impl From<Results> for Ending {
    fn from(results: Results) -> Self {
        Self {
            results,
            failure: None,
        }
    }
}

/// Where a device is with its network: what a status tells, or how a provisioning ended.
pub(crate) enum Ended<C, F> {
    Connected(C),
    LikelyConnected,
    Unconfirmed,
    Connecting { attempts_remaining: Option<u32> },
    Idle,
    Failed(F),
}

impl<C, F> From<Outcome<C, F>> for Ended<C, F> {
    fn from(outcome: Outcome<C, F>) -> Self {
        match outcome {
            Outcome::Connected(on) => Self::Connected(on),
            Outcome::Failed(why) => Self::Failed(why),
            Outcome::LikelyConnected => Self::LikelyConnected,
            Outcome::Unconfirmed => Self::Unconfirmed,
        }
    }
}

impl From<WifiStatus> for Ended<WifiConnection, WifiFailure> {
    fn from(status: WifiStatus) -> Self {
        match status {
            WifiStatus::Connected(on) => Self::Connected(on),
            WifiStatus::Connecting { attempts_remaining } => Self::Connecting { attempts_remaining },
            WifiStatus::Failed(why) => Self::Failed(why),
            _ => Self::Idle,
        }
    }
}

impl From<ThreadStatus> for Ended<ThreadAttachment, ThreadFailure> {
    fn from(status: ThreadStatus) -> Self {
        match status {
            ThreadStatus::Attached(on) => Self::Connected(on),
            ThreadStatus::Attaching => Self::Connecting {
                attempts_remaining: None,
            },
            ThreadStatus::Failed(why) => Self::Failed(why),
            _ => Self::Idle,
        }
    }
}

/// Hears each answer. May change threads with the handle.
pub(crate) type Sink = Box<dyn FnMut(&[u8]) + Send>;

/// The answers of the application, as the call's sink hears them.
#[derive(Default)]
pub(crate) struct Answers(Arc<Mutex<Vec<Answer>>>);

impl Answers {
    /// The sink.
    pub(crate) fn sink(&self) -> Sink {
        let heard = Arc::clone(&self.0);
        Box::new(move |answer| {
            heard
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(Zeroizing::new(answer.to_vec()));
        })
    }

    /// What was heard.
    pub(crate) fn take(&self) -> Vec<Answer> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
