//! Where a peripheral comes from, and how it is got back when the platform has lost it.

use crate::adapter::{self, AdapterInfo};
use crate::service::{Run, Service};
use crate::{BleError, Bluetooth, Discovered};
use btleplug::platform::{Adapter, Manager, Peripheral};
use core::pin::Pin;
use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// How long a service that went away is waited for. A call to it also starts it, where the bus is set up so (most
/// distributions): asking again and again is more than waiting.
const SERVICE_LIMIT: Duration = Duration::from_secs(20);

/// The same for an adapter that is not there, or not on: a service that starts needs a moment for it.
const ADAPTER_LIMIT: Duration = Duration::from_secs(10);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(250);

/// How long a device is listened for that was there a moment ago.
const LISTEN: Duration = Duration::from_secs(10);

pub(crate) type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a link asks of the place its peripheral comes from. A trait for the tests, whose peripherals come from
/// nowhere.
pub(crate) trait Origin<P>: Send + Sync {
    /// The present life of the service.
    fn run(&self) -> Run;

    /// Completes when that life has ended.
    fn over(&self, run: Run) -> Later<'_, ()>;

    /// Waits until a service that went away is back.
    fn recover(&self) -> Later<'_, Result<(), BleError>>;

    /// The peripheral as it is now; if the platform has lost it, it is listened for. With `forget`, whatever the
    /// platform remembers of it is thrown away first, connections included.
    fn fetch(&self, forget: bool) -> Later<'_, Result<P, BleError>>;
}

/// An adapter and the service behind it. Both are replaced when the service has come back as another one.
#[derive(Debug)]
pub(crate) struct Handle {
    now: Mutex<Open>,
    /// One scan at a time.
    pub(crate) listening: Arc<tokio::sync::Mutex<()>>,
    mending: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Open {
    adapter: Adapter,
    /// What it was called, and the service; unknown as long as an adapter that was given has not been used.
    known: Option<(AdapterInfo, Service)>,
}

impl Handle {
    pub(crate) async fn open(choice: Option<&str>) -> Result<Self, BleError> {
        // Before anything is learned from it, so that nothing learned outlives it unnoticed.
        let service = Service::watch(Run::FIRST).await?;
        let (adapter, info) = adapter::choose(&adapter::manager().await?, choice).await?;
        let handle = Self::new(adapter);
        handle.lock().known = Some((info, service));
        Ok(handle)
    }

    pub(crate) fn new(adapter: Adapter) -> Self {
        Self {
            now: Mutex::new(Open { adapter, known: None }),
            listening: Arc::default(),
            mending: tokio::sync::Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn adapter(&self) -> Adapter {
        self.lock().adapter.clone()
    }

    /// Whether a scan is under way.
    pub(crate) fn is_listening(&self) -> bool {
        self.listening.try_lock().is_err()
    }

    /// The service, if it is watched already.
    fn service(&self) -> Option<Service> {
        self.lock().known.as_ref().map(|(_, service)| service.clone())
    }

    /// The service; watched from the first call on.
    pub(crate) async fn opened(&self) -> Result<Service, BleError> {
        if let Some(service) = self.service() {
            return Ok(service);
        }
        let adapter = self.adapter();
        let service = Service::watch(Run::FIRST).await?;
        let info = adapter::describe(&adapter).await;
        let mut now = self.lock();
        let (_, service) = now.known.get_or_insert((info, service));
        Ok(service.clone())
    }

    /// Waits until the service runs and the adapter is on. Then this handle leads to them.
    pub(crate) async fn recover(&self) -> Result<(), BleError> {
        let _one_at_a_time = self.mending.lock().await;
        let mut manager = None;
        let mut waiting = (SERVICE_LIMIT, Instant::now());
        loop {
            let error = match self.reopen(&mut manager).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            let limit = match error {
                BleError::NoBluetoothService | BleError::Platform(_) => SERVICE_LIMIT,
                BleError::NoAdapter | BleError::NoSuchAdapter | BleError::AdapterOff => ADAPTER_LIMIT,
                error => return Err(error),
            };
            // The service is there now, the adapter not yet: that has its own patience.
            if waiting.0 != limit {
                waiting = (limit, Instant::now());
            }
            if waiting.1.elapsed() >= limit {
                return Err(error);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn reopen(&self, manager: &mut Option<Manager>) -> Result<(), BleError> {
        let service = self.opened().await?;
        let (adapter, info) = {
            let now = self.lock();
            (
                now.adapter.clone(),
                now.known.as_ref().map(|(info, _)| info.clone()),
            )
        };
        let service = if service.is_cut_off() {
            *manager = None;
            Service::watch(service.run()).await?
        } else {
            match adapter::check(&adapter).await {
                // Perhaps it has another number now.
                Err(BleError::NoBluetoothService) => service,
                end => return end,
            }
        };
        // Each one keeps a connection to the bus open for good: one for all looks.
        let manager = match manager {
            Some(manager) => manager,
            None => manager.insert(adapter::manager().await?),
        };
        let (adapter, info) = match &info {
            Some(info) => adapter::find_again(manager, info).await?,
            None => adapter::choose(manager, None).await?,
        };
        *self.lock() = Open {
            adapter,
            known: Some((info, service)),
        };
        Ok(())
    }
}

/// A device that was found by an adapter.
pub(crate) struct Known {
    bluetooth: Bluetooth,
    device: Discovered,
}

impl Known {
    pub(crate) const fn new(bluetooth: Bluetooth, device: Discovered) -> Self {
        Self { bluetooth, device }
    }

    fn service(&self) -> Option<Service> {
        self.bluetooth.handle.service()
    }
}

impl Origin<Peripheral> for Known {
    fn run(&self) -> Run {
        self.service().map_or(Run::FIRST, |service| service.run())
    }

    fn over(&self, run: Run) -> Later<'_, ()> {
        Box::pin(async move {
            match self.service() {
                Some(service) => service.over(run).await,
                None => core::future::pending().await,
            }
        })
    }

    fn recover(&self) -> Later<'_, Result<(), BleError>> {
        Box::pin(self.bluetooth.handle.recover())
    }

    fn fetch(&self, forget: bool) -> Later<'_, Result<Peripheral, BleError>> {
        Box::pin(async move {
            if forget && let Some(service) = self.service() {
                service.forget(&self.device.id).await;
            }
            match self.bluetooth.peripheral(&self.device).await {
                Err(BleError::ConnectFailed) => self.bluetooth.hear_again(&self.device, LISTEN).await,
                end => end,
            }
        })
    }
}
