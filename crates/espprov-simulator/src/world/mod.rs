//! The application on the simulated device: its radios, the networks in the air, its own endpoints.

mod properties;
mod thread;
mod wifi;

use crate::event::SimEvent;
use crate::scenario::{AfterStop, OwnAnswer, OwnEndpoint, Scenario};
use core::time::Duration;
use espprov_device::{
    Application, Consequence, Firmware, HandlerFailed, ScanProgress, ThreadScanParams, WifiConfigRequest,
    WifiScanParams,
};
use espprov_local_ctrl::Protocol;
use espprov_local_ctrl::device::{CONTROL_ID, Refusal, Rules, answer};
use espprov_types::{AccessPoint, StatusCode, ThreadNetwork, ThreadStatus, WifiStatus};
use properties::Table;
use thread::ThreadRadio;
use wifi::WifiRadio;

/// After a success nobody asks for, vendor firmware still waits this long before it stops.
const STOP_UNASKED: Duration = Duration::from_secs(30);

/// From the wrong proof that was one too many until the service is gone.
const STOP_GUESSED: Duration = Duration::from_millis(100);

/// The ids of an application's own endpoints on the network are its choice, outside `ff50` to `ffff`.
const FIRST_OWN: u16 = 0xfe00;

/// Everything behind the endpoints. Its clock is set from outside with [`advance`](Self::advance).
#[derive(Debug)]
pub(crate) struct World {
    scenario: Scenario,
    now: Duration,
    wifi: WifiRadio,
    thread: ThreadRadio,
    stop_at: Option<Duration>,
    endpoints: Vec<OwnEndpoint>,
    /// Its properties, where it is on its network.
    table: Option<Table>,
    pub(crate) events: Vec<(Duration, SimEvent)>,
}

impl World {
    pub(crate) fn new(scenario: Scenario) -> Self {
        Self {
            now: Duration::ZERO,
            wifi: WifiRadio::new(&scenario),
            thread: ThreadRadio::new(&scenario),
            stop_at: None,
            endpoints: OwnEndpoint::all(&scenario.endpoints),
            table: scenario.is_local_ctrl().then(|| Table::new(&scenario)),
            events: Vec::new(),
            scenario,
        }
    }

    pub(crate) const fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    pub(crate) const fn now(&self) -> Duration {
        self.now
    }

    /// Lets the radios do what was due by `now`.
    pub(crate) fn advance(&mut self, now: Duration) {
        self.now = self.now.max(now);
        let connected = [
            self.wifi.advance(self.now, &mut self.events),
            self.thread.advance(self.now, &mut self.events),
        ];
        for at in connected.into_iter().flatten() {
            self.stop_by(at + STOP_UNASKED);
        }
    }

    /// When the service stops by itself, if it does.
    pub(crate) const fn stop_at(&self) -> Option<Duration> {
        self.stop_at
    }

    /// When the scans that are running will be over.
    pub(crate) fn scans_end(&self) -> Option<Duration> {
        self.wifi.scan.ends().max(self.thread.scan.ends())
    }

    /// Power off and on: radios and stored credentials start over.
    pub(crate) fn reboot(&mut self) {
        self.wifi = WifiRadio::new(&self.scenario);
        self.thread = ThreadRadio::new(&self.scenario);
        self.table = self.table.take().map(|_| Table::new(&self.scenario));
        self.stop_at = None;
    }

    /// Whether and when a stopped device comes back.
    pub(crate) fn back_at(&self, stopped_at: Duration) -> Option<Duration> {
        match self.scenario.device.after_stop {
            AfterStop::Restart => Some(stopped_at + self.scenario.device.restart),
            AfterStop::Stop => None,
        }
    }

    fn stop_by(&mut self, at: Duration) {
        if self.scenario.device.auto_stop {
            self.stop_at = Some(self.stop_at.map_or(at, |stop_at| stop_at.min(at)));
        }
    }

    fn tell(&mut self, event: SimEvent) {
        self.events.push((self.now, event));
    }

    /// A request on the control endpoint of a device on its network.
    fn control(
        table: &mut Table,
        firmware: Firmware,
        request: &[u8],
        reply: &mut [u8],
    ) -> Result<usize, HandlerFailed> {
        let mut rules = Rules::default();
        rules.counts_without_content = firmware != Firmware::Idf6;
        match answer(table, rules, request, reply) {
            Ok(len) => Ok(len),
            // Longer than there is room: the device knows what that means on its link.
            Err(Refusal::ReplyTooLong { needed }) => Ok(needed.max(reply.len() + 1)),
            Err(_) => Err(HandlerFailed),
        }
    }

    /// The messages of a radio that was not compiled in are known, and answered with this status.
    fn needs_wifi(&self) -> Result<(), StatusCode> {
        if self.scenario.network().has_wifi() {
            Ok(())
        } else {
            Err(StatusCode::InvalidArgument)
        }
    }

    fn needs_thread(&self) -> Result<(), StatusCode> {
        if self.scenario.network().has_thread() {
            Ok(())
        } else {
            Err(StatusCode::InvalidArgument)
        }
    }
}

impl Application for World {
    fn start_wifi_scan(&mut self, _params: WifiScanParams) -> Result<(), StatusCode> {
        self.needs_wifi()?;
        if let Some(count) = self.wifi.start_scan(self.now, &self.scenario) {
            self.tell(SimEvent::WifiScan(count));
        }
        Ok(())
    }

    fn wifi_scan_progress(&mut self) -> Result<ScanProgress, StatusCode> {
        self.needs_wifi()?;
        Ok(self.wifi.scan.progress(self.now))
    }

    fn wifi_scan_result(&mut self, index: u32) -> Option<AccessPoint> {
        self.wifi.scan.result(self.now, index)
    }

    fn start_thread_scan(&mut self, params: ThreadScanParams) -> Result<(), StatusCode> {
        self.needs_thread()?;
        if let Some(count) = self
            .thread
            .start_scan(self.now, params.channel_mask, &self.scenario)
        {
            self.tell(SimEvent::ThreadScan(count));
        }
        Ok(())
    }

    fn thread_scan_progress(&mut self) -> Result<ScanProgress, StatusCode> {
        self.needs_thread()?;
        Ok(self.thread.scan.progress(self.now))
    }

    fn thread_scan_result(&mut self, index: u32) -> Option<ThreadNetwork> {
        self.thread.scan.result(self.now, index)
    }

    fn set_wifi(&mut self, config: &WifiConfigRequest<'_>) -> Result<(), StatusCode> {
        self.needs_wifi()?;
        self.tell(SimEvent::WifiSet(config.ssid.clone()));
        self.wifi.set(config);
        Ok(())
    }

    fn apply_wifi(&mut self) -> Result<(), StatusCode> {
        self.needs_wifi()?;
        let ssid = self.wifi.apply(self.now, &self.scenario)?;
        self.tell(SimEvent::WifiApplied(ssid));
        Ok(())
    }

    fn wifi_status(&mut self) -> Result<WifiStatus, StatusCode> {
        self.needs_wifi()?;
        Ok(self.wifi.status())
    }

    fn reset_wifi(&mut self) -> Result<(), StatusCode> {
        self.needs_wifi()?;
        self.wifi.reset()?;
        self.tell(SimEvent::Reset);
        Ok(())
    }

    fn reprov_wifi(&mut self) -> Result<(), StatusCode> {
        self.needs_wifi()?;
        self.wifi.reprov()?;
        self.tell(SimEvent::Reset);
        Ok(())
    }

    fn set_thread(&mut self, dataset: &[u8]) -> Result<(), StatusCode> {
        self.needs_thread()?;
        self.tell(SimEvent::ThreadSet(dataset.len()));
        self.thread.set(dataset);
        Ok(())
    }

    fn apply_thread(&mut self) -> Result<(), StatusCode> {
        self.needs_thread()?;
        self.thread.apply(self.now, &self.scenario)?;
        self.tell(SimEvent::ThreadApplied);
        Ok(())
    }

    fn thread_status(&mut self) -> Result<ThreadStatus, StatusCode> {
        self.needs_thread()?;
        Ok(self.thread.status())
    }

    fn reset_thread(&mut self) -> Result<(), StatusCode> {
        self.needs_thread()?;
        self.thread.reset()?;
        self.tell(SimEvent::Reset);
        Ok(())
    }

    fn reprov_thread(&mut self) -> Result<(), StatusCode> {
        self.needs_thread()?;
        self.thread.reprov()?;
        self.tell(SimEvent::Reset);
        Ok(())
    }

    fn after_connected_status(&mut self) {
        self.stop_by(self.now + self.scenario.device.stop_after);
    }

    fn after_wrong_proof(&mut self, _count: u32, consequence: Consequence) {
        if consequence == Consequence::Stop {
            // Whatever `auto_stop` says: that is about success. The answer still goes out.
            let at = self.now + STOP_GUESSED;
            self.stop_at = Some(self.stop_at.map_or(at, |stop_at| stop_at.min(at)));
        }
    }

    /// On the network the control comes first, as `espprov_local_ctrl` has it.
    fn endpoint(&self, index: usize) -> Option<&str> {
        let index = match (&self.table, index) {
            (Some(_), 0) => return Some(Protocol::ESP_LOCAL_CTRL.control.as_str()),
            (Some(_), index) => index - 1,
            (None, index) => index,
        };
        self.endpoints.get(index).map(|endpoint| endpoint.name.as_str())
    }

    fn endpoint_id(&self, index: usize) -> Option<u16> {
        self.table.as_ref()?;
        let own = u16::try_from(index).ok()?.checked_sub(1);
        Some(own.map_or(CONTROL_ID, |own| FIRST_OWN.saturating_add(own)))
    }

    fn custom(&mut self, endpoint: &str, request: &[u8], reply: &mut [u8]) -> Result<usize, HandlerFailed> {
        if let Some(table) = &mut self.table
            && endpoint == Protocol::ESP_LOCAL_CTRL.control.as_str()
        {
            table.now = self.now;
            let answered = Self::control(table, self.scenario.device.flavour.firmware(), request, reply);
            for name in core::mem::take(&mut table.changed) {
                self.tell(SimEvent::PropertySet(name));
            }
            return answered;
        }
        self.tell(SimEvent::Custom {
            endpoint: endpoint.to_owned(),
            len: request.len(),
        });
        let own = self.endpoints.iter().find(|own| own.name == endpoint);
        let answer = match own.map(|own| &own.answer) {
            Some(OwnAnswer::Bytes(bytes)) => bytes,
            Some(OwnAnswer::Echo) => request,
            Some(OwnAnswer::Refuse) | None => return Err(HandlerFailed),
        };
        let target = reply.get_mut(..answer.len()).ok_or(HandlerFailed)?;
        target.copy_from_slice(answer);
        Ok(answer.len())
    }
}

/// A radio's scan: none yet, running until its end, then a list.
#[derive(Debug)]
struct Scan<T>(Option<Heard<T>>);

#[derive(Debug)]
struct Heard<T> {
    ends: Duration,
    networks: Vec<T>,
}

impl<T: Clone> Scan<T> {
    /// Starts one, unless one is running, and says how many networks it will find: the strongest first.
    fn start(
        &mut self,
        now: Duration,
        takes: Duration,
        heard: impl Iterator<Item = T>,
        rssi: impl Fn(&T) -> i32,
    ) -> Option<usize> {
        if self.ends().is_some_and(|ends| now < ends) {
            return None;
        }
        let mut networks: Vec<_> = heard.collect();
        networks.sort_by_key(|network| core::cmp::Reverse(rssi(network)));
        let count = networks.len();
        let ends = now + takes;
        self.0 = Some(Heard { ends, networks });
        Some(count)
    }

    fn ends(&self) -> Option<Duration> {
        self.0.as_ref().map(|scan| scan.ends)
    }

    /// Before the first, firmware reports a scan as finished and empty.
    fn progress(&self, now: Duration) -> ScanProgress {
        let running = self.ends().is_some_and(|ends| now < ends);
        let count = self.found(now).map_or(0, <[T]>::len);
        ScanProgress::new(!running, u32::try_from(count).unwrap_or(u32::MAX))
    }

    fn result(&self, now: Duration, index: u32) -> Option<T> {
        self.found(now)?.get(usize::try_from(index).ok()?).cloned()
    }

    /// What a scan that is over has found.
    fn found(&self, now: Duration) -> Option<&[T]> {
        let scan = self.0.as_ref().filter(|scan| now >= scan.ends)?;
        Some(&scan.networks)
    }
}

#[cfg(test)]
mod tests;
