//! Listening for devices.

use crate::sighting::Sightings;
use crate::{BleError, DeviceFilter, Discovered};
use btleplug::api::{Central as _, Peripheral as _, ScanFilter};
use btleplug::platform::{Adapter, PeripheralId};
use core::time::Duration;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

/// How often the platform's list is looked through. Its events say too little: BlueZ has none for a name that
/// arrives later.
const TICK: Duration = Duration::from_millis(150);

/// Limit of one question to the platform.
const ASK_LIMIT: Duration = Duration::from_secs(5);

/// A running scan. Ends when dropped (in the background of the runtime) or by [`stop`](Self::stop).
#[derive(Debug)]
pub struct Scan {
    adapter: Adapter,
    seen: Sightings<PeripheralId>,
    news: Vec<Discovered>,
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
        // From here on dropping it stops the scan: a cancelled start may have begun.
        let scan = Self {
            adapter,
            seen: Sightings::new(filter),
            news: Vec::new(),
            tick,
            running: true,
        };
        match timeout(ASK_LIMIT, scan.adapter.start_scan(services)).await {
            Ok(Ok(())) => Ok(scan),
            Ok(Err(error)) => Err(match BleError::idle(&error) {
                // Listening has nothing to connect to.
                BleError::ConnectFailed => BleError::Platform(error.to_string().into()),
                error => error,
            }),
            Err(_) => Err(BleError::NoBluetoothService),
        }
    }

    /// The next matching device, or news of one reported before (its name, its signal strength).
    ///
    /// Cancel-safe.
    ///
    /// # Errors
    /// The platform does not answer any more.
    pub async fn next(&mut self) -> Result<Discovered, BleError> {
        loop {
            if let Some(found) = self.news.pop() {
                return Ok(found);
            }
            self.tick.tick().await;
            self.look().await?;
        }
    }

    async fn look(&mut self) -> Result<(), BleError> {
        let peripherals = timeout(ASK_LIMIT, self.adapter.peripherals())
            .await
            .map_err(|_| BleError::NoBluetoothService)?
            .map_err(|e| BleError::idle(&e))?;
        for peripheral in peripherals {
            // One that vanishes between the two questions is simply not there.
            let Ok(Some(properties)) = peripheral.properties().await else {
                continue;
            };
            self.news.extend(self.seen.report(&peripheral.id(), &properties));
        }
        Ok(())
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
