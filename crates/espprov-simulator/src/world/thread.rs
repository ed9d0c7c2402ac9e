//! The Thread interface: scans, and datasets that lead to a network or not.

use super::Scan;
use super::wifi::auto_stop;
use crate::event::SimEvent;
use crate::scenario::{Scenario, ThreadNet};
use crate::secret::{Secret, matches};
use core::time::Duration;
use espprov_device::ThreadProvisioning;
use espprov_types::{StatusCode, ThreadAttachment, ThreadFailure, ThreadNetwork, ThreadStatus};

#[derive(Debug)]
pub(super) struct ThreadRadio {
    rules: ThreadProvisioning<Secret>,
    end: Option<(Duration, Result<ThreadAttachment, ThreadFailure>)>,
    pub(super) scan: Scan<ThreadNetwork>,
}

impl ThreadRadio {
    pub(super) fn new(scenario: &Scenario) -> Self {
        Self {
            rules: ThreadProvisioning::new(auto_stop(scenario))
                .with_reset_when_ready(scenario.device.quirks().reset_when_ready),
            end: None,
            scan: Scan(None),
        }
    }

    /// Takes the end of an attempt if it is due. Returns its moment if it was a success.
    pub(super) fn advance(
        &mut self,
        now: Duration,
        events: &mut Vec<(Duration, SimEvent)>,
    ) -> Option<Duration> {
        let (at, end) = self.end.take_if(|(at, _)| *at <= now)?;
        match end {
            Ok(attachment) => {
                events.push((at, SimEvent::ThreadAttached(attachment.name.clone())));
                self.rules.on_connected(attachment);
                Some(at)
            }
            Err(reason) => {
                events.push((at, SimEvent::ThreadFailed(reason)));
                self.rules.on_failed(reason);
                None
            }
        }
    }

    /// Starts a scan and says how many networks it will find; `None` if one is running.
    pub(super) fn start_scan(&mut self, now: Duration, mask: u32, scenario: &Scenario) -> Option<usize> {
        let in_mask = |net: &&ThreadNet| mask == 0 || mask >> net.channel & 1 == 1;
        let heard = scenario.thread_networks.iter().filter(in_mask).map(as_heard);
        self.scan
            .start(now, scenario.delays.thread_scan, heard, |net| net.rssi)
    }

    pub(super) fn set(&mut self, dataset: &[u8]) {
        // Lengths were checked; what did not fit would fail as an empty dataset does.
        self.rules.set(Secret::new(dataset).unwrap_or_default());
    }

    pub(super) fn apply(&mut self, now: Duration, scenario: &Scenario) -> Result<(), StatusCode> {
        let dataset = self.rules.apply()?;
        let end = attach(dataset.expose(), &scenario.thread_networks);
        self.end = Some((now + scenario.delays.thread_attach, end));
        Ok(())
    }

    pub(super) fn status(&self) -> ThreadStatus {
        self.rules.status()
    }

    pub(super) fn reset(&mut self) -> Result<(), StatusCode> {
        self.rules.reset()
    }

    pub(super) fn reprov(&mut self) -> Result<(), StatusCode> {
        self.rules.reprov()
    }
}

/// MeshCoP TLV types of the operational dataset (Thread specification § 8.10.1).
const EXT_PAN_ID: u8 = 2;
const NETWORK_KEY: u8 = 5;

/// A dataset needs the extended PAN id and the network key here; whatever else it holds is not looked at. A
/// wrong key is a network that does not answer.
fn attach(dataset: &[u8], nets: &[ThreadNet]) -> Result<ThreadAttachment, ThreadFailure> {
    let mut ext_pan_id = None;
    let mut key = None;
    let mut rest = dataset;
    while let [kind, len, tail @ ..] = rest {
        let (value, tail) = tail
            .split_at_checked(usize::from(*len))
            .ok_or(ThreadFailure::DatasetInvalid)?;
        match *kind {
            EXT_PAN_ID => ext_pan_id = Some(value),
            NETWORK_KEY => key = Some(value),
            _ => {}
        }
        rest = tail;
    }
    let (Some(ext_pan_id), Some(key), true) = (ext_pan_id, key, rest.is_empty()) else {
        return Err(ThreadFailure::DatasetInvalid);
    };
    if ext_pan_id.len() != 8 || key.len() != 16 {
        return Err(ThreadFailure::DatasetInvalid);
    }
    let net = nets
        .iter()
        .find(|net| net.ext_pan_id == ext_pan_id && matches(&net.network_key, key))
        .ok_or(ThreadFailure::NetworkNotFound)?;
    let mut attached = ThreadAttachment::new(net.name.clone(), net.pan_id, u16::from(net.channel));
    attached.ext_pan_id = Some(net.ext_pan_id);
    Ok(attached)
}

fn as_heard(net: &ThreadNet) -> ThreadNetwork {
    let mut network = ThreadNetwork::new(
        net.name.clone(),
        net.pan_id,
        net.ext_pan_id,
        u16::from(net.channel),
    );
    network.ext_addr = net.ext_addr;
    network.rssi = i32::from(net.rssi);
    network.lqi = u32::from(net.lqi);
    network
}
