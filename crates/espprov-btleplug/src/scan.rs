//! Listening for devices.

use crate::adapter::ASK_LIMIT;
use crate::origin::Handle;
use crate::service::{Run, Service};
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
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;
use tokio::time::{Interval, MissedTickBehavior, interval, sleep, timeout};

/// How often devices are asked about that lack something: BlueZ has no event for a name that arrives later.
const TICK: Duration = Duration::from_millis(400);

/// How often a scan is begun again after one interruption.
const RESUMES: u32 = 4;

type Events = Pin<Box<dyn Stream<Item = CentralEvent> + Send>>;

/// A running scan. Ends when dropped (in the background of the runtime) or by [`stop`](Self::stop).
///
/// Where the system's Bluetooth service goes away, the scan waits for it and begins again; what was heard before is
/// not reported a second time.
pub struct Scan {
    handle: Arc<Handle>,
    /// What the platform is asked to listen for.
    services: ScanFilter,
    /// What listens now.
    adapter: Adapter,
    service: Service,
    run: Run,
    events: Events,
    /// The service ended, or the adapter went off: begin again before anything else.
    interrupted: bool,
    seen: Sightings<PeripheralId>,
    /// Devices with news that have not been asked about yet.
    pending: VecDeque<PeripheralId>,
    /// Devices of the right service that do not match yet.
    incomplete: HashSet<PeripheralId>,
    tick: Interval,
    running: bool,
    /// Passed on when this scan has ended.
    turn: Option<OwnedMutexGuard<()>>,
}

impl Scan {
    pub(crate) async fn start(handle: Arc<Handle>, filter: DeviceFilter) -> Result<Self, BleError> {
        let turn = Arc::clone(&handle.listening).lock_owned();
        let turn = timeout(ASK_LIMIT, turn).await.map_err(|_| BleError::busy())?;
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let service = handle.opened().await?;
        let (run, adapter) = (service.run(), handle.adapter());
        let events = ask(adapter.events()).await?;
        // From here on dropping it stops the scan: a cancelled start may have begun.
        let scan = Self {
            handle,
            services: ScanFilter {
                services: filter.services().to_vec(),
            },
            adapter,
            service,
            run,
            events,
            interrupted: false,
            seen: Sightings::new(filter),
            pending: VecDeque::new(),
            incomplete: HashSet::new(),
            tick,
            running: true,
            turn: Some(turn),
        };
        ask(scan.adapter.start_scan(scan.services.clone())).await?;
        Ok(scan)
    }

    /// The next matching device, or news of one reported before (its name, its signal strength).
    ///
    /// Cancel-safe.
    ///
    /// # Errors
    /// The platform does not answer any more, its service ended and did not come back within 20 s, or the adapter was
    /// switched off and not on again within 10 s.
    pub async fn next(&mut self) -> Result<Discovered, BleError> {
        loop {
            if self.interrupted {
                self.resume().await?;
            }
            // Taken off the list only after it was asked about: a cancelled call loses nothing.
            while let Some(id) = self.pending.front().cloned() {
                let found = self.look(&id).await;
                self.pending.pop_front();
                if let Some(found) = found {
                    return Ok(found);
                }
            }
            tokio::select! {
                () = self.service.over(self.run) => self.interrupted = true,
                event = poll_fn(|cx| self.events.as_mut().poll_next(cx)) => match event {
                    Some(event) => self.note(event),
                    None => self.interrupted = true,
                },
                _ = self.tick.tick() => {
                    self.pending.extend(self.incomplete.iter().cloned());
                }
            }
        }
    }

    /// The system's Bluetooth has gone away for the moment: nothing is heard, and that says nothing of the devices.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        self.interrupted || self.service.run() != self.run
    }

    /// Waits for the service, and begins again. Cancelled, it is done anew.
    async fn resume(&mut self) -> Result<(), BleError> {
        for again in (0..RESUMES).rev() {
            self.handle.recover().await?;
            match self.begin_again().await {
                // It goes on, or a cancelled call began it.
                Ok(()) => break,
                Err(error) if error == BleError::busy() => break,
                // It has gone once more, or has only just come.
                Err(_) if again > 0 => sleep(TICK).await,
                Err(error) => return Err(error),
            }
        }
        self.interrupted = false;
        Ok(())
    }

    async fn begin_again(&mut self) -> Result<(), BleError> {
        self.service = self.handle.opened().await?;
        self.adapter = self.handle.adapter();
        self.run = self.service.run();
        self.events = ask(self.adapter.events()).await?;
        ask(self.adapter.start_scan(self.services.clone())).await
    }

    /// Notes whom there is news of.
    fn note(&mut self, event: CentralEvent) {
        let id = match event {
            CentralEvent::DeviceDiscovered(id)
            | CentralEvent::DeviceUpdated(id)
            | CentralEvent::RssiUpdate { id, .. }
            | CentralEvent::ServicesAdvertisement { id, .. }
            | CentralEvent::ManufacturerDataAdvertisement { id, .. }
            | CentralEvent::ServiceDataAdvertisement { id, .. } => id,
            // Switched off, or a service that is being restarted says goodbye.
            CentralEvent::StateUpdate(CentralState::PoweredOff) => {
                self.interrupted = true;
                return;
            }
            _ => return,
        };
        if !self.pending.contains(&id) {
            self.pending.push_back(id);
        }
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
            let (adapter, turn) = (self.adapter.clone(), self.turn.take());
            runtime.spawn(async move {
                let _ = timeout(ASK_LIMIT, adapter.stop_scan()).await;
                drop(turn);
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
