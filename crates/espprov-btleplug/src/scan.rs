//! Listening for devices.

use crate::sighting::Sightings;
use crate::{BleError, DeviceFilter, Discovered};
use btleplug::api::{Central as _, CentralEvent, CentralState, Peripheral as _, ScanFilter};
use btleplug::platform::{Adapter, PeripheralId};
use core::fmt;
use core::future::poll_fn;
use core::pin::Pin;
use core::time::Duration;
use futures_core::Stream;
use std::collections::{HashSet, VecDeque};
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

/// How often devices are asked about that lack something: BlueZ has no event for a name that arrives later.
const TICK: Duration = Duration::from_millis(400);

/// Limit of one question to the platform.
const ASK_LIMIT: Duration = Duration::from_secs(5);

type Events = Pin<Box<dyn Stream<Item = CentralEvent> + Send>>;

/// A running scan. Ends when dropped (in the background of the runtime) or by [`stop`](Self::stop).
pub struct Scan {
    adapter: Adapter,
    events: Events,
    seen: Sightings<PeripheralId>,
    /// Devices with news that have not been asked about yet.
    pending: VecDeque<PeripheralId>,
    /// Devices of the right service that do not match yet.
    incomplete: HashSet<PeripheralId>,
    tick: Interval,
    running: bool,
}

impl Scan {
    pub(crate) async fn start(adapter: Adapter, filter: DeviceFilter) -> Result<Self, BleError> {
        let services = ScanFilter {
            services: filter.services().to_vec(),
        };
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let events = ask(adapter.events()).await?;
        // From here on dropping it stops the scan: a cancelled start may have begun.
        let scan = Self {
            adapter,
            events,
            seen: Sightings::new(filter),
            pending: VecDeque::new(),
            incomplete: HashSet::new(),
            tick,
            running: true,
        };
        ask(scan.adapter.start_scan(services)).await?;
        Ok(scan)
    }

    /// The next matching device, or news of one reported before (its name, its signal strength).
    ///
    /// Cancel-safe.
    ///
    /// # Errors
    /// The platform does not answer any more, or the adapter was switched off.
    pub async fn next(&mut self) -> Result<Discovered, BleError> {
        loop {
            // Taken off the list only after it was asked about: a cancelled call loses nothing.
            while let Some(id) = self.pending.front().cloned() {
                let found = self.look(&id).await;
                self.pending.pop_front();
                if let Some(found) = found {
                    return Ok(found);
                }
            }
            tokio::select! {
                event = poll_fn(|cx| self.events.as_mut().poll_next(cx)) => match event {
                    Some(event) => self.note(event)?,
                    None => return Err(BleError::NoBluetoothService),
                },
                _ = self.tick.tick() => {
                    self.pending.extend(self.incomplete.iter().cloned());
                }
            }
        }
    }

    /// Notes whom there is news of.
    fn note(&mut self, event: CentralEvent) -> Result<(), BleError> {
        let id = match event {
            CentralEvent::DeviceDiscovered(id)
            | CentralEvent::DeviceUpdated(id)
            | CentralEvent::RssiUpdate { id, .. }
            | CentralEvent::ServicesAdvertisement { id, .. }
            | CentralEvent::ManufacturerDataAdvertisement { id, .. }
            | CentralEvent::ServiceDataAdvertisement { id, .. } => id,
            CentralEvent::StateUpdate(CentralState::PoweredOff) => return Err(BleError::AdapterOff),
            _ => return Ok(()),
        };
        if !self.pending.contains(&id) {
            self.pending.push_back(id);
        }
        Ok(())
    }

    async fn look(&mut self, id: &PeripheralId) -> Option<Discovered> {
        let asked = timeout(ASK_LIMIT, async {
            self.adapter.peripheral(id).await?.properties().await
        });
        // One that vanished in between is simply not there.
        let Ok(Ok(Some(properties))) = asked.await else {
            self.incomplete.remove(id);
            return None;
        };
        let mut found = self.seen.report(id, &properties);
        if let Some(found) = &mut found {
            found.handle = Some(id.clone());
        }
        if self.seen.is_incomplete(id) {
            self.incomplete.insert(id.clone());
        } else {
            self.incomplete.remove(id);
        }
        found
    }

    /// Ends the scan. Connecting is more reliable after it on most platforms.
    pub async fn stop(mut self) {
        self.running = false;
        // A scan that does not end harms nobody but the battery.
        let _ = timeout(ASK_LIMIT, self.adapter.stop_scan()).await;
    }
}

impl Drop for Scan {
    fn drop(&mut self) {
        if self.running
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let adapter = self.adapter.clone();
            runtime.spawn(async move {
                let _ = timeout(ASK_LIMIT, adapter.stop_scan()).await;
            });
        }
    }
}

impl fmt::Debug for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scan")
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}

/// A question to the platform; there is no device yet that could be to blame.
async fn ask<T>(question: impl Future<Output = btleplug::Result<T>>) -> Result<T, BleError> {
    match timeout(ASK_LIMIT, question).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(match BleError::idle(&error) {
            BleError::ConnectFailed => BleError::Platform(error.to_string().into()),
            error => error,
        }),
        Err(_) => Err(BleError::silent()),
    }
}
