//! An open adapter: where everything begins.

use crate::adapter::{self, ASK_LIMIT, AdapterInfo};
use crate::lease::Ledger;
use crate::origin::{Handle, Known};
use crate::{BleError, BleTransport, ConnectOptions, DeviceFilter, Discovered, Scan};
use btleplug::api::Central as _;
use btleplug::platform::{Adapter, Peripheral};
use core::time::Duration;
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};

/// How long a scan goes on after the first match, to notice a second one. Some firmware advertises once a second.
const SECOND_LOOK: Duration = Duration::from_millis(1500);

/// How often the platform is asked for a device, where another scan than ours listens for it.
const LOOK: Duration = Duration::from_millis(300);

/// An open Bluetooth adapter.
///
/// Clones share it. Connections made through it are let go when they are closed or dropped; that may take a moment, and
/// [`settled`](Self::settled) waits for it.
///
/// The system's Bluetooth service may go away and come back (Linux: `bluetoothd` crashed or was restarted). Scans and
/// connection attempts under way wait for it, up to 20 s more than they were given, and begin again; an exchange ends with
/// [`BleError::ServiceLost`], and the transport's `reconnect` finds the device again.
#[derive(Debug, Clone)]
pub struct Bluetooth {
    pub(crate) handle: Arc<Handle>,
    ledger: Ledger,
}

impl Bluetooth {
    /// All adapters of this computer.
    ///
    /// # Errors
    /// No Bluetooth service, no permission.
    pub async fn adapters() -> Result<Vec<AdapterInfo>, BleError> {
        let all = adapter::list(&adapter::manager().await?).await?;
        Ok(all.into_iter().map(|(_, info)| info).collect())
    }

    /// Opens the adapter whose name begins with `choice` (`hci1`) or whose address it is; without a choice the
    /// first one that is switched on.
    ///
    /// # Errors
    /// [`BleError::NoAdapter`], [`BleError::NoSuchAdapter`], [`BleError::AdapterOff`],
    /// [`BleError::NoPermission`], [`BleError::NoBluetoothService`].
    pub async fn open(choice: Option<&str>) -> Result<Self, BleError> {
        Ok(Self::with(Handle::open(choice).await?))
    }

    /// An adapter that the application has already.
    #[must_use]
    pub fn from_adapter(adapter: Adapter) -> Self {
        Self::with(Handle::new(adapter))
    }

    fn with(handle: Handle) -> Self {
        Self {
            handle: Arc::new(handle),
            ledger: Ledger::new(),
        }
    }

    /// Begins to listen. Dropping the scan ends it. One scan at a time: BlueZ refuses a second one of the same
    /// program, and the end of one would be the end of both. That goes for [`discover`](Self::discover),
    /// [`find`](Self::find) and [`candidates`](Self::candidates) too; connections may be made meanwhile.
    ///
    /// # Errors
    /// The adapter is off or gone, scanning is not permitted, or another scan goes on.
    pub async fn scan(&self, filter: DeviceFilter) -> Result<Scan, BleError> {
        Scan::start(Arc::clone(&self.handle), filter).await
    }

    /// All matching devices heard within `time`, the strongest first.
    ///
    /// # Errors
    /// As [`scan`](Self::scan).
    pub async fn discover(&self, filter: &DeviceFilter, time: Duration) -> Result<Vec<Discovered>, BleError> {
        self.collect(filter, Instant::now() + time, |_| None).await
    }

    /// The one matching device. Listens on for a moment after the first, unless the filter names exactly one.
    ///
    /// # Errors
    /// [`BleError::DeviceNotFound`] after `time`, [`BleError::Ambiguous`], or as [`scan`](Self::scan).
    pub async fn find(&self, filter: &DeviceFilter, time: Duration) -> Result<Discovered, BleError> {
        let mut all = self.candidates(filter, time).await?;
        match all.len() {
            0 => Err(BleError::DeviceNotFound),
            1 => Ok(all.remove(0)),
            count => Err(BleError::Ambiguous { count }),
        }
    }

    /// As [`find`](Self::find), for a caller that can choose: all matching devices of that moment, the strongest
    /// first; none after `time`.
    ///
    /// # Errors
    /// As [`scan`](Self::scan).
    pub async fn candidates(
        &self,
        filter: &DeviceFilter,
        time: Duration,
    ) -> Result<Vec<Discovered>, BleError> {
        let exact = filter.is_exact();
        let more = if exact { Duration::ZERO } else { SECOND_LOOK };
        self.collect(filter, Instant::now() + time, |_| Some(more)).await
    }

    /// Listens until `deadline`, or for what `after` says from a find on.
    async fn collect(
        &self,
        filter: &DeviceFilter,
        mut deadline: Instant,
        after: impl Fn(&Discovered) -> Option<Duration>,
    ) -> Result<Vec<Discovered>, BleError> {
        let mut scan = self.scan(filter.clone()).await?;
        let mut all: Vec<Discovered> = Vec::new();
        loop {
            // The time in which nobody listened does not count.
            let Ok(found) = timeout_at(deadline + scan.deaf(), scan.next()).await else {
                if scan.is_interrupted() {
                    scan.resume().await?;
                    continue;
                }
                break;
            };
            let found = found?;
            match all.iter_mut().find(|known| known.id == found.id) {
                Some(known) => *known = found,
                None => {
                    if let Some(more) = after(&found) {
                        deadline = deadline.min(Instant::now() + more - scan.deaf());
                    }
                    all.push(found);
                }
            }
        }
        scan.stop().await;
        all.sort_by_key(|device| core::cmp::Reverse(device.rssi));
        Ok(all)
    }

    /// Connects to a device that was found, and lists its endpoints.
    ///
    /// A device that the platform has lost in the meantime is listened for. What the platform remembers wrongly (a
    /// connection stuck half-way, attributes of an older firmware) it is made to forget, where it can be (BlueZ).
    ///
    /// Cancelling lets go of the connection in the background.
    ///
    /// # Errors
    /// [`BleError::ConnectFailed`], [`BleError::ConnectTimedOut`], [`BleError::NotProvisionable`],
    /// [`BleError::DeviceNotFound`] and those of the adapter.
    pub async fn connect(
        &self,
        device: &Discovered,
        mut options: ConnectOptions,
    ) -> Result<BleTransport, BleError> {
        if !options.services.contains(&device.service) {
            options.services.insert(0, device.service);
        }
        // What is waited for below is the end of the service's present life: the watch has to be there.
        self.handle.opened().await?;
        let origin = Arc::new(Known::new(self.clone(), device.clone()));
        BleTransport::connect(origin, self.ledger.clone(), options).await
    }

    /// The device, if the platform has it. An error of a device is one of its absence.
    pub(crate) async fn peripheral(&self, device: &Discovered) -> Result<Peripheral, BleError> {
        // Every device comes out of a scan, which notes it.
        let handle = device.handle.as_ref().ok_or(BleError::ConnectFailed)?;
        tokio::time::timeout(ASK_LIMIT, self.handle.adapter().peripheral(handle))
            .await
            .map_err(|_| BleError::silent())?
            .map_err(|e| BleError::idle(&e))
    }

    /// Listens for a device that was known: the platform has lost it.
    pub(crate) async fn hear_again(
        &self,
        device: &Discovered,
        time: Duration,
    ) -> Result<Peripheral, BleError> {
        let filter = DeviceFilter::new().service(device.service);
        let filter = match device.address {
            Some(address) => filter.address(address),
            None => filter.id(&device.id),
        };
        let deadline = Instant::now() + time;
        // Where some other part of the program listens, what is heard is known to the platform. Its scan must not be
        // ended by ours.
        while self.handle.is_listening() {
            match self.peripheral(device).await {
                Err(BleError::ConnectFailed) if Instant::now() < deadline => {}
                Err(BleError::ConnectFailed) => return Err(BleError::DeviceNotFound),
                end => return end,
            }
            tokio::time::sleep(LOOK).await;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let found = self.find(&filter, left).await?;
        self.peripheral(&found).await
    }

    /// Waits until every connection that was closed, dropped or given up on is really gone. BlueZ takes two
    /// seconds for that.
    pub async fn settled(&self) {
        self.ledger.settled().await;
    }
}
