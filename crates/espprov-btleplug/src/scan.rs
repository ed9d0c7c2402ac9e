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
use core::task::{Context, Poll};
use core::time::Duration;
use futures_core::Stream;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep, timeout};

/// How often devices are asked about that lack something: BlueZ has no event for a name that arrives later.
const TICK: Duration = Duration::from_millis(400);

/// How often a scan is begun again after one interruption.
const RESUMES: u32 = 4;

/// How long a scan that nobody owns is waited for: Linux ends it after 10.24 s.
const BUSY_LIMIT: Duration = Duration::from_secs(12);

/// How much later than an error the end of the service may become known.
const MOMENT: Duration = Duration::from_millis(200);

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
    /// Since when the service is gone, or the adapter off: begin again before anything else.
    interrupted: Option<Instant>,
    /// How long that has been so, altogether, before.
    deaf: Duration,
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

/// No events.
struct Silence;

impl Stream for Silence {
    type Item = CentralEvent;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<CentralEvent>> {
        Poll::Pending
    }
}

impl Scan {
    pub(crate) async fn start(handle: Arc<Handle>, filter: DeviceFilter) -> Result<Self, BleError> {
        let turn = Arc::clone(&handle.listening).lock_owned();
        let turn = timeout(ASK_LIMIT, turn).await.map_err(|_| BleError::busy())?;
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let service = handle.opened().await?;
        // From here on dropping it stops the scan: a cancelled start may have begun.
        let mut scan = Self {
            run: service.run(),
            adapter: handle.adapter(),
            service,
            handle,
            services: ScanFilter {
                services: filter.services().to_vec(),
            },
            events: Box::pin(Silence),
            interrupted: None,
            deaf: Duration::ZERO,
            seen: Sightings::new(filter),
            pending: VecDeque::new(),
            incomplete: HashSet::new(),
            tick,
            running: true,
            turn: Some(turn),
        };
        let began = scan.begin().await;
        // Has the service ended just now? The bus tells us so on another way than those who asked it something.
        let (service, run) = (scan.service.clone(), scan.run);
        if began.is_err() && timeout(MOMENT, service.over(run)).await.is_ok() {
            // Waiting for it is for `next`, which the caller has a deadline for.
            scan.interrupt();
        } else {
            began?;
        }
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
            if self.interrupted.is_some() {
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
                () = self.service.over(self.run) => self.interrupt(),
                event = poll_fn(|cx| self.events.as_mut().poll_next(cx)) => match event {
                    Some(event) => self.note(event),
                    None => self.interrupt(),
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
        self.interrupted.is_some() || self.service.run() != self.run
    }

    fn interrupt(&mut self) {
        self.interrupted.get_or_insert_with(Instant::now);
    }

    /// How long nobody listened, up to the last time that the service came back.
    pub(crate) const fn deaf(&self) -> Duration {
        self.deaf
    }

    /// Waits for the service, and begins again. Cancelled, it is done anew.
    pub(crate) async fn resume(&mut self) -> Result<(), BleError> {
        self.interrupt();
        for again in (0..RESUMES).rev() {
            self.handle.recover().await?;
            match self.begin().await {
                Ok(()) => break,
                // It has gone once more, or has only just come.
                Err(_) if again > 0 => sleep(TICK).await,
                Err(error) => return Err(error),
            }
        }
        if let Some(since) = self.interrupted.take() {
            self.deaf += since.elapsed();
        }
        Ok(())
    }

    async fn begin(&mut self) -> Result<(), BleError> {
        self.service = self.handle.opened().await?;
        self.adapter = self.handle.adapter();
        self.run = self.service.run();
        self.events = ask(self.adapter.events()).await?;
        let since = Instant::now();
        loop {
            match ask(self.adapter.start_scan(self.services.clone())).await {
                Err(error) if error == BleError::busy() && since.elapsed() < BUSY_LIMIT => {}
                end => return end,
            }
            // A call of ours that was cancelled began it, or the kernel goes on with a scan of a service that died.
            let _ = ask(self.adapter.stop_scan()).await;
            sleep(TICK).await;
        }
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
                self.interrupt();
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
