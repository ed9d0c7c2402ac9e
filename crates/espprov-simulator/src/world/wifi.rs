//! The Wi-Fi station: scans, and attempts to join that end as the scenario says.

use super::Scan;
use crate::event::SimEvent;
use crate::scenario::{Network, Outcome, Scenario};
use crate::secret::{Secret, matches};
use core::time::Duration;
use espprov_device::{AutoStop, WifiConfigRequest, WifiProvisioning};
use espprov_types::{AccessPoint, Ssid, StatusCode, WifiConnection, WifiFailure, WifiStatus};
use std::collections::VecDeque;

#[derive(Debug)]
struct Credentials {
    ssid: Ssid,
    passphrase: Secret,
}

/// One thing that will happen to an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Connected(WifiConnection),
    /// One more attempt came to nothing.
    Failed {
        /// Why, if the firmware has a name for it.
        why: Option<WifiFailure>,
        /// Attempts that are left; none, and the round has failed.
        remaining: u32,
    },
}

#[derive(Debug)]
pub(super) struct WifiRadio {
    rules: WifiProvisioning<Credentials>,
    steps: VecDeque<(Duration, Step)>,
    pub(super) scan: Scan<AccessPoint>,
    /// Failures each flaky network still has in store, by its place in the scenario.
    failures_left: Vec<u32>,
    /// Attempts of an ordinary round.
    attempts: u32,
    /// A round has used all of them up, in firmware that does not count afresh.
    used_up: bool,
    stay_used: bool,
    /// Attempts are counted, whatever they fail of. Firmware before that gives up on a wrong passphrase and an absent
    /// network alone, and tries for ever where anything else is in the way.
    counts: bool,
    /// What a client is told of a failure. The firmware sets it for a wrong passphrase and an absent network; any other
    /// failure is reported as the last of these, and as a wrong passphrase if there was none.
    last_reason: WifiFailure,
}

impl WifiRadio {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let failures = |network: &Network| match network.outcome {
            Outcome::Flaky { failures, .. } => failures,
            _ => 0,
        };
        let quirks = scenario.device.quirks();
        Self {
            rules: WifiProvisioning::new(auto_stop(scenario)).with_reset_when_ready(quirks.reset_when_ready),
            attempts: scenario.device.attempts.max(1),
            used_up: false,
            stay_used: quirks.attempts_stay_used,
            counts: quirks.attempt_failed_status,
            last_reason: WifiFailure::AuthError,
            steps: VecDeque::new(),
            scan: Scan(None),
            failures_left: scenario.networks.iter().map(failures).collect(),
        }
    }

    /// Takes the steps that are due. Returns the moment of a success among them.
    pub(super) fn advance(
        &mut self,
        now: Duration,
        events: &mut Vec<(Duration, SimEvent)>,
    ) -> Option<Duration> {
        let mut connected = None;
        while self.steps.front().is_some_and(|(at, _)| *at <= now)
            && let Some((at, step)) = self.steps.pop_front()
        {
            let event = match step {
                Step::Failed { why, remaining } => {
                    let reason = why.unwrap_or(self.last_reason);
                    self.last_reason = reason;
                    if remaining == 0 {
                        self.rules.on_failed(reason);
                        SimEvent::WifiFailed(reason)
                    } else {
                        self.rules.on_attempt_failed(remaining);
                        SimEvent::AttemptFailed(remaining)
                    }
                }
                Step::Connected(connection) => {
                    connected = Some(at);
                    let ip = connection.ip.unwrap_or(core::net::Ipv4Addr::UNSPECIFIED);
                    let event = SimEvent::WifiConnected(connection.ssid.clone(), ip);
                    self.rules.on_connected(connection);
                    event
                }
            };
            events.push((at, event));
        }
        connected
    }

    /// Starts a scan and says how many networks it will find; `None` if one is running.
    pub(super) fn start_scan(&mut self, now: Duration, scenario: &Scenario) -> Option<usize> {
        let heard = scenario.networks.iter().map(as_heard);
        self.scan
            .start(now, scenario.delays.scan, heard, |network| network.rssi)
    }

    pub(super) fn set(&mut self, config: &WifiConfigRequest<'_>) {
        self.rules.set(Credentials {
            ssid: config.ssid.clone(),
            passphrase: Secret::new(config.passphrase).unwrap_or_default(),
        });
    }

    pub(super) fn apply(&mut self, now: Duration, scenario: &Scenario) -> Result<Ssid, StatusCode> {
        let credentials = self.rules.apply()?;
        self.steps = self.plan(now, &credentials, scenario);
        Ok(credentials.ssid)
    }

    pub(super) fn status(&self) -> WifiStatus {
        self.rules.status()
    }

    pub(super) fn reset(&mut self) -> Result<(), StatusCode> {
        self.rules.reset()
    }

    pub(super) fn reprov(&mut self) -> Result<(), StatusCode> {
        self.rules.reprov()
    }

    /// What will happen to an attempt that starts now.
    fn plan(
        &mut self,
        now: Duration,
        credentials: &Credentials,
        scenario: &Scenario,
    ) -> VecDeque<(Duration, Step)> {
        let delays = &scenario.delays;
        let attempts = self.attempts;
        let mut fails = |each: Duration, why| self.round(now, each, attempts, attempts, Some(why)).0;
        // As firmware does: of several access points of this name, the strongest.
        let named = scenario.networks.iter().enumerate();
        let best = named
            .filter(|(_, network)| network.ssid == credentials.ssid)
            .max_by_key(|(index, network)| (network.rssi, core::cmp::Reverse(*index)));
        let Some((index, network)) = best else {
            return fails(delays.not_found, WifiFailure::NetworkNotFound);
        };
        let is_right = |secret: &Secret| matches(secret, credentials.passphrase.expose());
        let admitted = network.passphrase.as_ref().is_none_or(is_right);
        let connected = |ip| {
            let mut connection = WifiConnection::new(network.ssid.clone());
            connection.ip = Some(ip);
            connection.bssid = Some(network.bssid);
            connection.channel = Some(i32::from(network.channel));
            connection.auth = network.auth;
            Step::Connected(connection)
        };
        match network.outcome {
            Outcome::NotFound => fails(delays.not_found, WifiFailure::NetworkNotFound),
            Outcome::WrongPassphrase => fails(delays.auth_fail, WifiFailure::AuthError),
            _ if !admitted => fails(delays.auth_fail, WifiFailure::AuthError),
            Outcome::Ok { ip, after } => [(now + after.unwrap_or(delays.connect), connected(ip))].into(),
            Outcome::Flaky {
                attempts, ip, after, ..
            } => {
                let each = after.unwrap_or(delays.connect);
                let left = self.failures_left.get(index).copied().unwrap_or(0);
                // The signal is too weak, which is no reason the firmware knows.
                let (mut steps, failed) = if self.counts {
                    self.round(now, each, left, attempts, None)
                } else {
                    (VecDeque::new(), left)
                };
                if let Some(left) = self.failures_left.get_mut(index) {
                    *left -= failed;
                }
                if !matches!(steps.back(), Some((_, Step::Failed { remaining: 0, .. }))) {
                    let at = now.saturating_add(each.saturating_mul(failed.saturating_add(1)));
                    steps.push_back((at, connected(ip)));
                }
                steps
            }
        }
    }
}

impl WifiRadio {
    /// The failures of a round of attempts, `each` after the one before: as many as the network has in store, at most
    /// those that the firmware makes. Returns how many there were, too.
    fn round(
        &mut self,
        now: Duration,
        each: Duration,
        failures: u32,
        attempts: u32,
        why: Option<WifiFailure>,
    ) -> (VecDeque<(Duration, Step)>, u32) {
        let attempts = if self.used_up { 1 } else { attempts };
        let failed = failures.min(attempts);
        let mut at = now;
        let remaining = (attempts - failed..attempts).rev();
        let steps = remaining.map(|remaining| {
            at = at.saturating_add(each);
            (at, Step::Failed { why, remaining })
        });
        let steps = steps.collect();
        self.used_up |= self.stay_used && failed == attempts;
        (steps, failed)
    }
}

pub(super) const fn auto_stop(scenario: &Scenario) -> AutoStop {
    if scenario.device.auto_stop {
        AutoStop::Enabled
    } else {
        AutoStop::Disabled
    }
}

/// A network as a scan shows it.
fn as_heard(network: &Network) -> AccessPoint {
    let ssid = if network.hidden {
        Ssid::default()
    } else {
        network.ssid.clone()
    };
    AccessPoint::new(
        ssid,
        network.bssid,
        u32::from(network.channel),
        i32::from(network.rssi),
        network.auth,
    )
}
