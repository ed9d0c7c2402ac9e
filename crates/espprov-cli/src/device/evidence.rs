//! Explaining a failure by what the device says when asked: its state, and what it hears.

use super::Device;
use crate::errors::{CALLER, Failure, explain};
use crate::narrator::LastSeen;
use core::time::Duration;
use espprov::explain::{Heard, State};
use espprov::link::AnyLinkError;
use espprov_core::request::ControlAction;
use espprov_core::{Phase, ProvisionError, ScanOptions};
use espprov_transport::{Clock, with_deadline};
use espprov_types::{AuthMode, WifiStatus};

/// How long a failed run may take to find out why.
const LOOKING: Duration = Duration::from_secs(8);

type Error = ProvisionError<AnyLinkError>;

impl Device {
    /// Firmware that keeps a failed attempt until it is restarted: it lists no such endpoint, or is older than
    /// ESP-IDF 5.0, which first said `sec_ver`.
    pub(crate) fn cannot_clear(&self) -> bool {
        self.evidence.no_control.get() || self.evidence.before_idf_5.get()
    }

    /// Why the device did not take a Wi-Fi network, or did not say what became of it.
    pub(crate) async fn diagnose_wifi(&mut self, error: &Error, name: &str) -> Failure {
        if let Some(failure) = self.by_deadline(error, name) {
            return failure;
        }
        let failure = self.explain(error);
        if !is_wrong_state(error) {
            return failure;
        }
        match self.wifi_state().await {
            Some(WifiStatus::Connected(on)) => explain::another_network(CALLER, on.ssid.as_bytes()),
            _ => failure,
        }
    }

    /// The same for Thread.
    pub(crate) async fn diagnose_thread(&mut self, error: &Error) -> Failure {
        if let Some(failure) = self.by_deadline(error, "the Thread network") {
            return failure;
        }
        let failure = self.explain(error);
        if !is_wrong_state(error) {
            return failure;
        }
        match self
            .briefly(async |device| device.driver.thread_status().await.ok())
            .await
        {
            Some(espprov_types::ThreadStatus::Attached(on)) => {
                explain::another_network(CALLER, on.name.as_bytes())
            }
            _ => failure,
        }
    }

    /// Why reset or reprov was refused.
    pub(crate) async fn diagnose_control(&mut self, action: ControlAction, error: &Error) -> Failure {
        let failure = self.explain_once(error);
        if !is_wrong_state(error) {
            return failure;
        }
        let thread = matches!(action, ControlAction::ResetThread | ControlAction::ReprovThread);
        let state = if thread {
            let status = self.briefly(async |device| device.driver.thread_status().await.ok());
            status.await.as_ref().map(State::from)
        } else {
            self.wifi_state().await.as_ref().map(State::from)
        };
        explain::control_refused(CALLER, failure, action, state)
    }

    /// A failure to join, with what the device hears of the network. Looks only where nobody did before.
    pub(crate) async fn look_around(
        &mut self,
        failure: Failure,
        ssid: &[u8],
        heard: Option<AuthMode>,
    ) -> Failure {
        let failure = if self.cannot_clear() {
            explain::needs_restart(failure)
        } else {
            failure
        };
        if let Some(auth) = heard {
            return explain::with_hearing(CALLER, failure, ssid, &Heard::As(auth));
        }
        let can_scan = self
            .driver
            .info()
            .await
            .is_ok_and(|info| info.capabilities.wifi_scan);
        if !can_scan {
            return failure;
        }
        self.out.progress("finding out why");
        let scan = async |device: &mut Self| device.driver.scan_wifi(&ScanOptions::default()).await.ok();
        match self.briefly(scan).await {
            Some(networks) => explain::with_hearing(CALLER, failure, ssid, &Heard::of(ssid, &networks)),
            None => failure,
        }
    }

    async fn wifi_state(&mut self) -> Option<WifiStatus> {
        self.briefly(async |device| device.driver.wifi_status().await.ok())
            .await
    }

    /// Time is up: what was the device doing?
    fn by_deadline(&self, error: &Error, name: &str) -> Option<Failure> {
        if !matches!(error, ProvisionError::Deadline { phase: Phase::Status }) {
            return None;
        }
        Some(match self.evidence.last_seen()? {
            LastSeen::Joining => explain::still_joining(CALLER, name, true),
            LastSeen::JoiningAnother => explain::still_joining(CALLER, name, false),
            LastSeen::Applied => explain::not_trying(CALLER, name),
        })
    }

    /// Something that is nice to know: not longer than it is worth, and no failure if it cannot be known.
    async fn briefly<T>(&mut self, look: impl AsyncFnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let clock = self.clock;
        let until = clock.now().saturating_add(LOOKING).min(self.until);
        with_deadline(&clock, until, look(self)).await.ok().flatten()
    }
}

/// The device said that the request does not suit its state.
fn is_wrong_state(error: &Error) -> bool {
    matches!(
        error,
        ProvisionError::Status {
            phase: Phase::Apply | Phase::Control | Phase::Set,
            ..
        }
    )
}
